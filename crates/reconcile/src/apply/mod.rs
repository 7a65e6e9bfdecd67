//! Carrying a plan out: first what changes, guest after guest, then what ends, then what starts.
//!
//! Before each change to a file the record says that it is coming, so that after a kill at any point
//! the next apply knows its own work.

mod images;
mod rename;
mod run;
mod start;
mod steps;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use disk_image::{ImageError, Tools};
use guest_spec::{Document, Guest};

use self::run::{Kept, Run, hold_back, keep_roots};
use crate::domains::DomainsError;
use crate::ending::{self, EndError, Ended, Progress, Target};
use crate::files::{self, Existing, FileError};
use crate::keepers;
use crate::layout::Layout;
use crate::observe::Observed;
use crate::plan::{Ending, Phase, Plan, Step};
use crate::program::{ProgramError, Programs};
use crate::record::{RecordError, Records};
use crate::restoring::RestoreError;
use crate::roots::Roots;
use crate::saves::SetAsideError;
use crate::units::StillActive;
use crate::{Stages, bridges};

/// How guests are started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Starter {
    /// By `domus-guest@NAME.service`, so that the guest's processes have a unit of their own.
    Unit,
    /// By xl, where systemd does not run: in tests, and in a `--root` other than the system's.
    Xl,
}

/// What a plan is carried out with.
#[derive(Clone, Debug)]
pub struct Executor<'a> {
    /// What is declared.
    pub document: &'a Document,
    /// Where things are.
    pub layout: &'a Layout,
    /// The programs to call.
    pub programs: &'a Programs,
    /// The programs that make images.
    pub tools: &'a Tools,
    /// How guests are started.
    pub starter: Starter,
}

/// What happened.
#[derive(Debug)]
pub enum Event<'a> {
    /// A step of a guest is about to be carried out.
    Begin(&'a str, &'a Step),
    /// A step of a guest is done.
    Done(&'a str, &'a Step),
    /// A step of a bridge is done.
    BridgeDone(&'a str, &'a bridges::BridgeStep),
    /// Guests are on their way to their end.
    Ending(Progress<'a>),
    /// What is waited for, in words: for a while, guests were not ready that others come after.
    StillWaiting(&'a str),
    /// What is waited for from now on, in words; nothing once it is not.
    Awaits(Option<&'a str>),
    /// A guest is not as it should be, and the work goes on: others do not wait for it any longer.
    Warning(&'a str, &'a str),
}

/// What could not be done.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// The guest; nothing where it is about a bridge, or about all.
    pub guest: Option<String>,
    /// Why.
    pub message: String,
}

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
enum StepError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Program(#[from] ProgramError),
    #[error(transparent)]
    Domains(#[from] DomainsError),
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error("option disks.{disk}: {source}")]
    Image { disk: String, source: ImageError },
    /// The image is as it was, and the guest may have it.
    #[error("option disks.{disk}: {source}")]
    NotGrown { disk: String, source: ImageError },
    #[error("{} is grown when the guest is off, and it is not: {why}. Run `domus apply` again", path.display())]
    NotOff {
        path: PathBuf,
        why: String,
        /// Its domain is being taken apart, and keeps nobody from starting it anew.
        is_dying: bool,
    },
    #[error("it ended while it was to be changed; run `domus apply` again")]
    Ended,
    #[error(
        "the guest keeps drive {vdev} shut, because it uses the disc that is in it. Unmount or eject it in the guest, or shut the guest down, then run `domus apply` ({source})"
    )]
    DriveLocked { vdev: String, source: ProgramError },
    #[error(
        "it was to be started or ended, and was not, because of the order of its steps; run `domus apply` again"
    )]
    OutOfTurn,
    #[error(transparent)]
    Unit(#[from] StillActive),
    #[error(transparent)]
    Ending(#[from] EndError),
    #[error(transparent)]
    SetAside(#[from] SetAsideError),
    #[error("it is not started: guest {0} has its disks, and did not end")]
    HeldBack(String),
    #[error(
        "it is not started: it needs {need_mib} MiB, and {free_mib} are free. Lower the option memory, here or of other guests, or shut a guest down"
    )]
    NoRoom { need_mib: u64, free_mib: u64 },
    #[error("it is not restored: {0}")]
    Restore(#[from] RestoreError),
    #[error(
        "it did not start: {cause}. `journalctl -u domus-guest@{guest}` and /var/log/xen say more"
    )]
    Start { guest: String, cause: String },
}

impl Executor<'_> {
    /// Carries a plan out and gives what failed: the plan's own problems first.
    pub fn apply(
        &self,
        plan: &Plan,
        mut records: Records,
        observed: &Observed,
        stages: Stages,
        report: &mut dyn FnMut(Event),
    ) -> Vec<Failure> {
        let mut failures: Vec<Failure> = plan
            .problems
            .iter()
            .map(|message| Failure {
                guest: None,
                message: message.clone(),
            })
            .collect();
        let mut fail = |guest: Option<&str>, message: String| {
            failures.push(Failure {
                guest: guest.map(str::to_owned),
                message,
            });
        };
        for error in self.remove_temporaries(stages) {
            fail(None, error);
        }
        for bridge in &plan.bridges {
            if let Some(why) = &bridge.problem {
                fail(None, format!("bridge {}: {why}", bridge.name));
            }
            for step in &bridge.steps {
                if let Err(error) = bridges::carry_out(step, self.programs) {
                    fail(None, format!("bridge {}: {error}", bridge.name));
                    break;
                }
                report(Event::BridgeDone(&bridge.name, step));
            }
        }
        let declared: HashMap<&str, &Guest> = self
            .document
            .guests
            .iter()
            .map(|guest| (guest.name.as_str(), guest))
            .collect();
        let mut runs = Vec::new();
        for guest in &plan.guests {
            for problem in &guest.problems {
                fail(Some(&guest.name), problem.clone());
            }
            let record = match records.remove(&guest.name) {
                _ if guest.held => continue,
                Some(Err(_)) => continue, // said by the plan
                Some(Ok(record)) => Some(record),
                None => match guest
                    .renamed_from
                    .first()
                    .and_then(|from| records.get(from))
                {
                    Some(Ok(record)) => Some(record.renamed(&guest.name)),
                    _ => None,
                },
            };
            let declared = declared.get(guest.name.as_str()).copied();
            runs.extend(Run::begin(guest, declared, record, observed, stages));
        }
        let roots = match Roots::load(self.layout) {
            Ok(roots) => roots,
            Err(error) => {
                fail(None, error.to_string());
                Roots::unread(self.layout)
            }
        };
        for run in runs.iter_mut().filter(|run| run.needs_roots()) {
            // Killed after its start, a guest's store paths are not to be collected before the next apply.
            if let Err(error) = keep_roots(run.plan, &run.kept.now, observed, &roots) {
                run.result = Err(error.into());
            }
        }
        self.phase(Phase::Change, &mut runs, observed, report);
        self.end(&mut runs, report);
        hold_back(&mut runs);
        // What was waiting for the guest's end: its disk grows.
        self.phase(Phase::Change, &mut runs, observed, report);
        if stages.guests && observed.knows_domains() {
            if let Err(error) = self.tell_manager() {
                fail(None, error.to_string());
            }
            self.start_all(&mut runs, plan, observed, report);
        }
        self.phase(Phase::Start, &mut runs, observed, report);
        for run in &mut runs {
            if let Err(error) = self.finish(run, observed, &roots) {
                fail(Some(&run.plan.name), error.to_string());
            }
        }
        if stages.guests {
            self.remember_compared(plan, observed);
        }
        failures
    }

    /// Carries out the next steps of each guest, as far as they are of this phase.
    fn phase(
        &self,
        phase: Phase,
        runs: &mut [Run],
        observed: &Observed,
        report: &mut dyn FnMut(Event),
    ) {
        for run in runs {
            while let Some(step) = run.next(phase) {
                report(Event::Begin(&run.plan.name, step));
                let result = self.step(step, run.declared, &mut run.kept, observed);
                run.done(step, result, report);
            }
        }
    }

    /// Ends all guests that are to end, at once.
    fn end(&self, runs: &mut [Run], report: &mut dyn FnMut(Event)) {
        for run in runs.iter_mut() {
            if let Some(
                step @ Step::ShutDown {
                    why: Ending::Restart,
                    ..
                },
            ) = run.next(Phase::End)
            {
                // Killed between its end and its start, the next apply starts it.
                run.kept.now.restarting = true;
                if let Err(error) = run.kept.save(self.layout) {
                    run.done(step, Err(error.into()), report);
                }
            }
        }
        let mut ending: Vec<&mut Run> = runs
            .iter_mut()
            .filter(|run| run.next(Phase::End).is_some())
            .collect();
        if ending.is_empty() {
            return;
        }
        let targets: Vec<Target> = ending
            .iter()
            .map(|run| Target {
                name: run.plan.name.clone(),
                names: keepers::names(&run.plan.name, Some(&run.kept.now)),
                uuids: vec![run.kept.now.uuid],
                lifecycle: run.kept.now.lifecycle.clone(),
                at_once: matches!(run.next(Phase::End), Some(Step::Destroy { .. })),
            })
            .collect();
        for run in &ending {
            if let Some(step) = run.next(Phase::End) {
                report(Event::Begin(&run.plan.name, step));
            }
        }
        let results = ending::end(&targets, self.layout, self.programs, &mut |progress| {
            report(Event::Ending(progress));
        });
        for (run, result) in ending.iter_mut().zip(results) {
            let Some(step) = run.next(Phase::End) else {
                continue;
            };
            let result = match result {
                Ok(Ended::NotRunning | Ended::Stopped | Ended::Destroyed) => {
                    run.kept.now.running = None;
                    run.kept.save(self.layout).map_err(StepError::from)
                }
                Err(why) => {
                    run.kept.now.restarting = false;
                    Err(StepError::Ending(why))
                }
            };
            run.done(step, result, report);
        }
    }

    /// A cache, without which everything is compared again: where it cannot be written, nothing is lost.
    fn remember_compared(&self, plan: &Plan, observed: &Observed) {
        let compared: BTreeMap<String, String> = plan
            .guests
            .iter()
            .filter_map(|guest| Some((guest.name.clone(), guest.compared.clone()?)))
            .collect();
        if compared != observed.compared {
            let text = serde_json::to_vec(&compared).unwrap_or_default();
            let _ = files::write(&self.layout.compared(), &text, 0o600, Existing::Replace);
        }
    }

    /// Writes what is remembered of a guest, and roots what it may be created from.
    fn finish(&self, run: &mut Run, observed: &Observed, roots: &Roots) -> Result<(), StepError> {
        let result = std::mem::replace(&mut run.result, Ok(()));
        if run.plan.steps.contains(&Step::Forget) && result.is_ok() {
            return Ok(roots.keep(&run.plan.name, &[])?);
        }
        let result = result.and(std::mem::replace(&mut run.not_grown, Ok(())));
        let saved = run.kept.save(self.layout).map_err(StepError::from);
        let rooted = keep_roots(run.plan, &run.kept.now, observed, roots).map_err(StepError::from);
        result.and(saved).and(rooted)
    }

    /// Removes what a killed apply left half-written.
    fn remove_temporaries(&self, stages: Stages) -> Vec<String> {
        let mut errors = Vec::new();
        if stages.files {
            let folders = [
                self.layout.config_dir(),
                self.layout.auto_dir(),
                self.layout.records_dir(),
            ];
            let results = folders
                .iter()
                .map(|folder| files::remove_temporaries(folder));
            errors.extend(
                results
                    .filter_map(Result::err)
                    .map(|error| error.to_string()),
            );
        }
        if stages.guests {
            // Beside it are files that units are writing at this moment, without the lock.
            let result = files::remove_temporaries_of(&self.layout.compared());
            errors.extend(result.err().map(|error| error.to_string()));
        }
        if stages.images {
            // A folder that cannot be read is said of the disk in it.
            for folder in self.layout.image_dirs(&self.document.guests) {
                let _ = disk_image::remove_leftovers(&folder);
            }
        }
        errors
    }
}
