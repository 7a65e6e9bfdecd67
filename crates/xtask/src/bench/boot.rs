//! From a Dom0 that is up to all of its small guests running: Domus's manager beside xendomains, on one Dom0.
//!
//! Each round is a boot as far as the guests are concerned: none runs, nothing is left of the one before in /run, the
//! boot has an id of its own, and then the manager's unit is started.
//!
//! The Dom0 is emulated: what it has to do takes many times longer, and xendomains' sleep does not. On a real machine Domus
//! is further ahead. So that it is not all about the emulated processor, the guests' kernel is unpacked beforehand (xz takes it
//! half a minute for each guest), and the guests say no more than NixOS lets its kernels say (`loglevel=4`), and have nothing
//! to do once a shell waits.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde_json::Value;

use crate::evaluation::Evaluation;
use crate::setup;
use crate::switch::Action;
use crate::vm::progress::Step;
use crate::vm::qemu::Machine;
use crate::vm::world::{self, Configuration, World};
use crate::vm::{image, micro};

const WATCH: &str = include_str!("watch.py");
/// Where it lies in the Dom0.
const WATCH_PATH: &str = "/run/domus-bench/watch.py";

const UNPACK: &str = include_str!("unpack.py");
/// The guests' kernel in the Dom0, unpacked.
const KERNEL: &str = "/var/lib/domus-bench/vmlinux";

/// How many guests start.
const GUESTS: u32 = 12;
/// How long they may take, in seconds: with xendomains' sleep a minute is nothing but that.
const LIMIT_SECONDS: u64 = 420;

/// Who starts the guests.
struct Manager {
    what: &'static str,
    unit: &'static str,
    /// What is declared of it.
    options: &'static str,
    /// xendomains' settings, as `domains.extraConfig` puts them behind those that Xen ships.
    settings: &'static str,
}

const MANAGERS: [Manager; 3] = [
    Manager {
        what: "Domus",
        unit: "domus-guests.service",
        options: "autostartManager = \"domus\";",
        settings: "",
    },
    Manager {
        what: "xendomains",
        unit: "xendomains.service",
        options: "",
        settings: "",
    },
    Manager {
        what: "xendomains, XENDOMAINS_CREATE_USLEEP=0",
        unit: "xendomains.service",
        options: "",
        settings: "XENDOMAINS_CREATE_USLEEP=0",
    },
];

/// Seconds from the start of the unit, by guest: until it ran, and until its shell had said that it is there.
#[derive(Deserialize)]
struct Watched {
    runs: BTreeMap<String, f64>,
    speaks: BTreeMap<String, f64>,
}

/// What one manager took in one round, in seconds: until all guests ran, and until all had written a line.
#[derive(Clone, Copy)]
struct Times {
    runs: f64,
    speaks: f64,
}

/// Runs the comparison, every manager once in each round, and prints it.
///
/// # Errors
/// The Dom0 cannot be had, or a manager does not bring up all guests.
pub fn compare(rounds: usize) -> Result<()> {
    setup::ensure(&[setup::VM, setup::EVAL].concat())?;
    let generations = MANAGERS
        .iter()
        .map(declared)
        .collect::<Result<Vec<Evaluation>>>()?;
    let guests = names_and_uuids(&generations[0])?;
    let domus = world::build_domus()?;
    let mut world = World::new(&image::ensure(false)?, &domus, Machine::FAST)?;
    world.dom0.push(WATCH_PATH, WATCH.as_bytes(), "644")?;
    world
        .dom0
        .push("/run/domus-bench/unpack.py", UNPACK.as_bytes(), "644")?;
    let unpack = format!(
        "mkdir -p \"$(dirname {KERNEL})\"; python3 /run/domus-bench/unpack.py {} {KERNEL}",
        micro::KERNEL
    );
    let step = Step::begin("unpacking the kernel, making the guests' files and disks");
    done(&mut world, &unpack)?;
    world.switch(&generations[0], Action::Boot)?.ok()?;
    done(&mut world, PREPARE)?;
    step.done();
    let mut times: [Vec<Times>; MANAGERS.len()] = Default::default();
    for round in 0..rounds {
        // Each is first, second and third as often as the others.
        for place in 0..MANAGERS.len() {
            let at = (round + place) % MANAGERS.len();
            let manager = &MANAGERS[at];
            let step = Step::begin(format!("round {} of {rounds}, {}", round + 1, manager.what));
            let took = one_boot(&mut world, manager, &generations[at], &guests)
                .with_context(|| format!("{}, round {}", manager.what, round + 1))?;
            step.done();
            let Times { runs, speaks } = took;
            anstream::eprintln!(
                "  all ran after {runs:.1} s, all shells had spoken after {speaks:.1} s"
            );
            times[at].push(took);
        }
    }
    print(&times);
    Ok(())
}

/// Runs a script of which every line must succeed, and that may take long.
fn done(world: &mut World, script: &str) -> Result<()> {
    let script = format!("set -e\n{script}");
    let output = world.dom0.run_for(&script, Duration::from_secs(600))?;
    ensure!(
        output.status == 0,
        "in the Dom0, status {}: {}{}",
        output.status,
        output.error_text(),
        output.text()
    );
    Ok(())
}

/// The Dom0 of the template, with other guests, a disk and a NIC each, and who starts them.
fn declared(manager: &Manager) -> Result<Evaluation> {
    let mut guests = String::new();
    for number in 1..=GUESTS {
        let _ = write!(
            guests,
            "
      small{number:02} = {{
        memory = 96;
        bootloader = \"direct\";
        kernel = \"{kernel}\";
        initrd = \"{initrd}\";
        cmdline = \"console=hvc0 loglevel=4 rdinit=/bin/busybox -- sh -i\";
        disks.data = {{ path = \"/vmdisks/small{number:02}.img\"; size = \"64MiB\"; filesystem.label = \"data\"; }};
        networks.lan = {{ }};
        autostart = true;
      }};",
            kernel = KERNEL,
            initrd = micro::INITRD,
        );
    }
    let module = format!(
        "{{ lib, ... }}:
{{
  virtualisation.xen = {{
    {options}
    guests = lib.mkForce {{{guests}
    }};
  }};
}}
",
        options = manager.options,
    );
    let configuration = Configuration::from_template()?;
    configuration.add_module("bench.nix", &module)?;
    configuration.evaluate_offline()
}

/// The guests that are to run, each as `NAME=UUID`.
fn names_and_uuids(generation: &Evaluation) -> Result<Vec<String>> {
    let document: Value = serde_json::from_str(&generation.guests_json)?;
    let guests = document["guests"]
        .as_array()
        .context("guests.json has no guests")?;
    let pair = |guest: &Value| {
        Some(format!(
            "{}={}",
            guest["name"].as_str()?,
            guest["uuid"].as_str()?
        ))
    };
    let pairs: Vec<String> = guests.iter().filter_map(pair).collect();
    ensure!(
        pairs.len() == GUESTS as usize,
        "{GUESTS} guests are declared, and guests.json has {}",
        pairs.len()
    );
    Ok(pairs)
}

/// What a boot does before it starts guests; then one is started and ended, so that the first manager does not read for
/// the others what all of them need.
const PREPARE: &str = "
    domus apply --stage files
    systemctl daemon-reload
    systemctl start domus-bridges domus-prepare domus-shutdown
    xl create -q /etc/xen/small01.cfg
    xl destroy small01
";

/// Ends all guests, and makes the Dom0 what it is after a boot: no manager has run, nothing is left in /run, and Domus
/// sees another boot, in which no guest was stopped by hand.
const AS_AFTER_A_BOOT: &str = "
    for domid in $(xl list | awk 'NR > 2 { print $2 }'); do xl destroy \"$domid\"; done
    over() {
        test \"$(xl list | wc -l)\" = 2 &&
            test -z \"$(systemctl list-units --plain --no-legend --state=active,activating,deactivating 'domus-guest@*')\"
    }
    for i in $(seq 120); do over && break; sleep 1; done
    over || { echo 'guests do not end:'; xl list; systemctl list-units --no-pager 'domus-guest@*'; exit 1; }
    systemctl stop xendomains domus-guests
    rm -f /var/lock/subsys/xendomains /var/lock/xendomains
    rm -rf /run/domus/*
    boot=/proc/sys/kernel/random/boot_id
    cat /proc/sys/kernel/random/uuid >/run/domus-bench/boot_id
    grep -q \" $boot \" /proc/self/mountinfo || mount --bind /run/domus-bench/boot_id $boot
";

/// One boot of a generation: what its manager takes.
fn one_boot(
    world: &mut World,
    manager: &Manager,
    generation: &Evaluation,
    guests: &[String],
) -> Result<Times> {
    done(world, AS_AFTER_A_BOOT)?;
    world.switch(generation, Action::Boot)?.ok()?;
    let settings = format!(
        ". /usr/lib/domus-dom0/xendomains.defaults\n\n{}\n",
        manager.settings
    );
    world
        .dom0
        .push("/etc/default/xendomains", settings.as_bytes(), "644")?;
    // As a boot's activation does it: what xendomains starts is there where it is the manager. What all this and the guests' end
    // left to do is done before the time runs.
    done(
        world,
        "domus apply --stage files; systemctl reset-failed; systemctl daemon-reload; sync; sleep 3",
    )?;
    let unit = manager.unit;
    let watch = format!(
        "python3 {WATCH_PATH} {unit} {LIMIT_SECONDS} {}",
        guests.join(" ")
    );
    let patience = Duration::from_secs(LIMIT_SECONDS + 60);
    let output = world.dom0.run_for(&watch, patience)?;
    ensure!(
        output.status == 0,
        "the guests cannot be watched: {}",
        output.error_text()
    );
    let watched: Watched = serde_json::from_str(&output.text())
        .with_context(|| format!("not what watch.py says: {}", output.text()))?;
    let list = world.dom0.ok("xl list")?;
    let all = guests.len();
    if watched.runs.len() < all || watched.speaks.len() < all || !all_run(&list, guests) {
        let journal = world
            .dom0
            .run(&format!("journalctl --no-pager -n 60 -u {unit}"))?;
        anyhow::bail!(
            "of {all} guests only {} ran and {} spoke, although {unit} had time enough:\n{list}{}",
            watched.runs.len(),
            watched.speaks.len(),
            journal.text()
        );
    }
    let longest = |seconds: &BTreeMap<String, f64>| seconds.values().copied().fold(0.0, f64::max);
    Ok(Times {
        runs: longest(&watched.runs),
        speaks: longest(&watched.speaks),
    })
}

/// Whether `xl list` shows each guest, and none that is paused, has crashed or ends.
fn all_run(list: &str, guests: &[String]) -> bool {
    guests.iter().all(|guest| {
        let name = guest.split('=').next().unwrap_or_default();
        let line = list
            .lines()
            .find(|line| line.split_whitespace().next() == Some(name));
        let state = line.and_then(|line| line.split_whitespace().nth(4));
        state.is_some_and(|state| !state.contains(['p', 's', 'c', 'd']))
    })
}

fn print(times: &[Vec<Times>]) {
    let head = format!("from Dom0 up to all of {GUESTS} guests running, in QEMU");
    anstream::println!(
        "{head:<56} {:>9} {:>20} {:>14}",
        "median",
        "least to most",
        "shells speak"
    );
    let median_of = |at: usize, which: fn(&Times) -> f64| {
        let mut all: Vec<f64> = times[at].iter().map(which).collect();
        all.sort_by(f64::total_cmp);
        (median(&all), all)
    };
    let (domus, _) = median_of(0, |times| times.runs);
    let (domus_speaks, _) = median_of(0, |times| times.speaks);
    let mut ratios = Vec::new();
    for (at, manager) in MANAGERS.iter().enumerate() {
        let (runs, all) = median_of(at, |times| times.runs);
        let (speaks, _) = median_of(at, |times| times.speaks);
        let (least, most) = (all.first().unwrap_or(&runs), all.last().unwrap_or(&runs));
        let range = format!("{least:.1} to {most:.1} s");
        let line = format!(
            "{:<56} {runs:>7.1} s {range:>20} {speaks:>12.1} s",
            manager.what
        );
        if at == 0 {
            anstream::println!("{line}");
            continue;
        }
        let (times, times_speaks) = (runs / domus, speaks / domus_speaks);
        anstream::println!("{line} {times:>8.2} times Domus, {times_speaks:.2} until they speak");
        ratios.push(times);
    }
    let verdict = |held: bool| if held { "held" } else { "missed" };
    let [as_it_comes, without_sleep] = ratios[..] else {
        return;
    };
    anstream::println!(
        "  goal, 2 times faster than xendomains: {}",
        verdict(as_it_comes >= 2.0)
    );
    anstream::println!(
        "  goal, faster than xendomains without its sleep: {}",
        verdict(without_sleep > 1.0)
    );
}

/// Of numbers in their order.
fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    match (sorted.len() % 2, sorted.get(middle)) {
        (1, Some(one)) => *one,
        (0, Some(upper)) => f64::midpoint(sorted[middle - 1], *upper),
        _ => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_runs_is_read_from_the_list() {
        let list = "Name ID Mem VCPUs State Time(s)\nDomain-0 0 1500 2 r----- 1.0\nsmall01 1 96 1 -b---- 0.1\nsmall02 2 96 1 --p--- 0.0\n";
        let guest = |name: &str| format!("{name}=6d7e3a0c-3b0f-4a55-9d0e-2b8f6f3c0001");
        assert!(all_run(list, &[guest("small01")]));
        assert!(!all_run(list, &[guest("small01"), guest("small02")]));
        assert!(!all_run(list, &[guest("small0")]));
    }

    #[test]
    fn the_median_is_in_the_middle() {
        let close = |one: f64, other: f64| (one - other).abs() < 1e-9;
        assert!(close(median(&[1.0, 2.0, 9.0]), 2.0));
        assert!(close(median(&[1.0, 2.0, 4.0, 9.0]), 3.0));
        assert!(median(&[]).is_nan());
    }
}
