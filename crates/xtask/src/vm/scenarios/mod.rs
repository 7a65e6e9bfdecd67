//! The scenarios on real Xen, each a file, and their list.

mod adopted;
mod boots;
mod changes_live;
mod discs_change;
mod first_switch;
mod foreign_file_left;
mod grown;
mod guests_survive_restart;
mod house;
mod imports_mean_the_same;
mod kept;
mod kept_from_gc;
mod life_by_hand;
mod managers;
mod memory_live;
mod missing_bridge;
mod next_boot;
mod plan_is_empty;
mod power_cut;
mod reboot_restores;
mod removed_and_back;
mod renamed;
mod running_imported;
mod saves;
mod stage;
mod xl_reads_the_corpus;

use std::collections::VecDeque;
use std::num::NonZero;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use anyhow::{Result, bail};

use super::image;
use super::progress;
use super::qemu;
use crate::setup;
use stage::Stage;

/// One scenario.
pub struct Scenario {
    /// What `cargo xtask vm run` calls it.
    pub name: &'static str,
    /// What it shows, in one line.
    pub about: &'static str,
    /// Runs it, on a Dom0 of its own or on the one that scenarios share.
    run: fn(&mut Stage) -> Result<()>,
}

/// All scenarios, in the order in which they run; where there is room for two Dom0s, the second begins at the end. The longest
/// stand near the ends, and what leaves no Dom0 for others in the middle.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "boots",
        about: "one grub.cfg boots by pygrub and by GRUB's Xen image; PVH boots a kernel from the Dom0",
        run: boots::run,
    },
    Scenario {
        name: "xl-reads-the-corpus",
        about: "xl takes every configuration of the corpus, asks for the keys of the table and no others, and what it prints is read back",
        run: xl_reads_the_corpus::run,
    },
    Scenario {
        name: "imports-mean-the-same",
        about: "what is imported, declared and rendered again is the same domain to xl; it takes every template",
        run: imports_mean_the_same::run,
    },
    Scenario {
        name: "plan-is-empty",
        about: "each guest of the corpus is started by the real xl, and nothing of it differs from its declaration",
        run: plan_is_empty::run,
    },
    Scenario {
        name: "changes-live",
        about: "memory, vCPUs, disks, NICs and scheduling change while the guest runs, as it sees itself; what was changed by hand is left",
        run: changes_live::run,
    },
    Scenario {
        name: "first-switch",
        about: "a switch makes images, bridge and files, starts what can start, and applying again does nothing",
        run: first_switch::run,
    },
    Scenario {
        name: "running-imported",
        about: "what `domus import --running` says of guests that run declares the same guests",
        run: running_imported::run,
    },
    Scenario {
        name: "guests-survive-restart",
        about: "every unit of Domus restarts while guests write: same domains, same processes, nothing lost",
        run: guests_survive_restart::run,
    },
    Scenario {
        name: "memory-live",
        about: "memory within maxMemory is changed while the guest runs; dry-activate only says so",
        run: memory_live::run,
    },
    Scenario {
        name: "life-by-hand",
        about: "guests are stopped, started, saved and restored by hand; a restore that was killed loses nothing",
        run: life_by_hand::run,
    },
    Scenario {
        name: "discs-change",
        about: "the disc in an HVM guest's drive changes, goes and comes while it runs, as it sees itself; saved, it comes back with it",
        run: discs_change::run,
    },
    Scenario {
        name: "next-boot",
        about: "what waits for the next boot is shown, and is there after the guest's own reboot, a restore in between; only onChange = \"restart\" restarts",
        run: next_boot::run,
    },
    Scenario {
        name: "power-cut",
        about: "the power goes in the middle of a switch: all guests are as declared, and their file systems whole",
        run: power_cut::run,
    },
    Scenario {
        name: "removed-and-back",
        about: "a guest that is declared no longer is shut down, its disk stays, and a rollback brings it back",
        run: removed_and_back::run,
    },
    Scenario {
        name: "grown",
        about: "a disk that is declared larger grows while nobody has it, with its file system and what is on it",
        run: grown::run,
    },
    Scenario {
        name: "renamed",
        about: "a guest that is called otherwise runs on, and stays the same through its own reboot",
        run: renamed::run,
    },
    Scenario {
        name: "adopted",
        about: "a guest that was made by hand is left until `domus adopt`, which shows what differs, and never touches it",
        run: adopted::run,
    },
    Scenario {
        name: "kept-from-gc",
        about: "saved, with garbage collected, a guest is restored and reboots itself with the kernel that it had",
        run: kept_from_gc::run,
    },
    Scenario {
        name: "foreign-file-left",
        about: "files and domains of others are reported and left, and the declared guests run on",
        run: foreign_file_left::run,
    },
    Scenario {
        name: "reboot-restores",
        about: "the Dom0 reboots: all guests come back by themselves, restored, as they were",
        run: reboot_restores::run,
    },
    Scenario {
        name: "managers",
        about: "xendomains and Domus's own manager take over from each other; guests start as the others get ready, and end in reverse",
        run: managers::run,
    },
    Scenario {
        name: "saves",
        about: "save files over a reboot: stale, discarded, cut, or not to be restored; all of it is said, and no guest stays down in silence",
        run: saves::run,
    },
    Scenario {
        name: "missing-bridge",
        about: "without their bridge saved guests are not restored, and never started anew; with it they come back",
        run: missing_bridge::run,
    },
];

/// How a scenario ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// All that it asserts holds.
    Passed,
    /// What did not hold.
    Failed(String),
}

impl Outcome {
    /// Whether it failed.
    pub fn failed(&self) -> bool {
        matches!(self, Self::Failed(_))
    }
}

/// One scenario's result.
#[derive(Debug, Clone, PartialEq)]
pub struct ScenarioResult {
    /// Its name.
    pub name: &'static str,
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// Runs all scenarios, installing and building first what they need.
///
/// # Errors
/// The Dom0's image cannot be had; a scenario that fails is a result, no error.
#[allow(dead_code, reason = "cargo xtask test calls it")]
pub fn run_all(long: bool) -> Result<Vec<ScenarioResult>> {
    run(&[], long)
}

/// Runs the scenarios with these names, all where there is none, and prints PASS or FAIL for each. `long` is for those that
/// try something at random: more often.
///
/// # Errors
/// A name is unknown, or the Dom0's image cannot be had.
pub fn run(names: &[String], long: bool) -> Result<Vec<ScenarioResult>> {
    if let Some(unknown) = names
        .iter()
        .find(|name| ALL.iter().all(|scenario| scenario.name != **name))
    {
        let known: Vec<&str> = ALL.iter().map(|scenario| scenario.name).collect();
        bail!(
            "there is no scenario {unknown}; there are: {}",
            known.join(", ")
        );
    }
    setup::ensure(&[setup::VM, setup::EVAL].concat())?;
    let image = image::ensure(false)?;
    let wanted =
        |scenario: &&Scenario| names.is_empty() || names.iter().any(|name| name == scenario.name);
    let wanted: VecDeque<&Scenario> = ALL.iter().filter(wanted).collect();
    let lanes = lanes().min(wanted.len());
    let left = Mutex::new(wanted);
    let results = Mutex::new(Vec::new());
    let lane = |number: usize| {
        if lanes > 1 {
            progress::lane(number);
        }
        let mut stage = Stage::new(image.clone(), long);
        while let Some(scenario) = next(&left, number) {
            let result = scenario.play(&mut stage);
            lock(&results).push(result);
        }
    };
    thread::scope(|scope| {
        for number in 0..lanes {
            scope.spawn(move || lane(number));
        }
    });
    Ok(results.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// How many Dom0s run side by side: each takes a processor and, with what it caches, 5 GiB.
fn lanes() -> usize {
    const GIB: u64 = 1 << 30;
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let info = rustix::system::sysinfo();
    let bytes = u64::from(info.mem_unit) * info.totalram;
    if processors > 1 && bytes >= 12 * GIB {
        2
    } else {
        1
    }
}

/// What a lane plays next. One begins at the list's beginning and one at its end, so that each goes on with the Dom0 that it
/// has where that can be.
fn next<'a>(left: &Mutex<VecDeque<&'a Scenario>>, lane: usize) -> Option<&'a Scenario> {
    let mut left = lock(left);
    if lane == 0 {
        left.pop_front()
    } else {
        left.pop_back()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Scenario {
    /// Runs it, and has it leave the Dom0 as it was for the others.
    fn once(&self, stage: &mut Stage) -> Result<()> {
        (self.run)(stage)?;
        stage.tidy()
    }

    fn play(&self, stage: &mut Stage) -> ScenarioResult {
        anstream::println!(
            "scenario {}{}: {}",
            self.name,
            progress::label(),
            self.about
        );
        let since = Instant::now();
        stage.forget_emulation_faults();
        let mut result = self.once(stage);
        if let Err(error) = &result {
            // A scenario that failed may have left anything behind: the next begins with a Dom0 of its own.
            stage.clear();
            // QEMU's emulation of SVM sometimes loses a PVH guest as it boots ("Triple fault" on Xen's console).
            // That is no fault of what is tested, so once more; a second failure counts, whatever caused it.
            if qemu::emulation_faults() {
                anstream::println!(
                    "  the emulated processor lost a guest (triple fault); once more. What failed: {error:#}"
                );
                result = self.once(stage);
            }
        }
        let seconds = since.elapsed().as_secs_f64();
        let outcome = match result {
            Ok(()) => {
                anstream::println!("PASS {} ({seconds:.0} s)", self.name);
                Outcome::Passed
            }
            Err(error) => {
                let why = format!("{error:#}");
                anstream::println!("FAIL {} ({seconds:.0} s)\n{why}", self.name);
                stage.clear();
                Outcome::Failed(why)
            }
        };
        ScenarioResult {
            name: self.name,
            outcome,
            seconds,
        }
    }
}
