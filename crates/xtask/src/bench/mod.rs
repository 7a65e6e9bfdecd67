//! `cargo xtask bench`: how long, and how much memory.
//!
//! Machines are noisy, so each figure is the best of several runs, and peers that do comparable work stand beside it in
//! the same run. Nothing here fails by being slow; what does not do its work fails.

mod boot;
mod change;
mod dom0;
mod guests;
mod libvirt;
mod measure;
mod shell;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};

use self::dom0::Dom0;
use self::libvirt::Peer;
use self::measure::{Cost, best, best_of_each};
use self::shell::Script;
use crate::vm::world;
use crate::{fuzz, setup};

/// The arguments of `cargo xtask bench`.
#[derive(clap::Args)]
pub struct Args {
    /// What is measured
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Part::ALL)]
    parts: Vec<Part>,
    /// How many rounds the guests' start has; in each every manager starts them once
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..))]
    rounds: u8,
    /// How often each is run, unless that takes longer than 20 s; the best counts
    #[arg(long, default_value_t = 7)]
    runs: u32,
    /// The numbers of guests
    #[arg(long, value_delimiter = ',', default_values_t = [100, 1_000, 10_000])]
    guests: Vec<usize>,
    /// Leave the folders that stand for the Dom0, and say where they are: to profile
    #[arg(long)]
    keep: bool,
}

/// A part of what is measured.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// Reading and writing configurations, beside Xen's own parser
    Parsers,
    /// Applies with nothing to do, or with one change, and their peers
    Apply,
    /// From Dom0 up to all guests running, beside xendomains, on Xen in QEMU: a quarter of an hour
    Boot,
}

impl Part {
    const ALL: [Self; 3] = [Self::Parsers, Self::Apply, Self::Boot];
}

/// More guests than these are not given to peers that would take longer than everything else together.
const MOST_FOR_SLOW_PEERS: usize = 1_000;

/// What is hoped for.
const GOAL: Goal = Goal {
    guests: 1_000,
    time: Duration::from_millis(60),
    times: 50.0,
};

const SCRIPTS: [Script; 3] = [shell::LOOP, shell::ONE_JQ, shell::NO_LOOP];

struct Goal {
    guests: usize,
    time: Duration,
    times: f64,
}

/// Runs `cargo xtask bench`.
///
/// # Errors
/// When something cannot be built, or does not do what is measured.
pub fn run(args: &Args) -> Result<()> {
    for part in Part::ALL {
        if !args.parts.contains(&part) {
            continue;
        }
        match part {
            Part::Parsers => parsers(args.runs)?,
            Part::Apply => applies(args)?,
            Part::Boot => boot::compare(args.rounds.into())?,
        }
    }
    Ok(())
}

/// What Domus does with many guests, on Dom0s in folders.
fn applies(args: &Args) -> Result<()> {
    let missing = setup::ensure(setup::BENCH).err();
    let domus = world::build_domus()?;
    if missing.is_none() {
        // What a peer sees does not depend on how many guests there are.
        let few = Dom0::with_guests(3, &domus)?;
        for script in SCRIPTS {
            script.prove(&few)?;
        }
        Peer::new(&few)?.prove()?;
    }
    for &count in &args.guests {
        let table = Table::begin(count);
        let dom0 = Dom0::with_guests(count, &domus)?;
        switching(args.runs, &dom0, &domus, &table, missing.as_ref())?;
        for verb in ["render", "check"] {
            let cost = best(args.runs, &dom0.domus(&domus, &[verb]))?;
            table.line(&format!("domus {verb}"), cost);
        }
        if args.keep {
            anstream::println!("{}", dom0.keep().display());
        }
    }
    anstream::println!();
    Ok(())
}

/// An apply with nothing to do, its peers, and an apply with one guest changed.
fn switching(
    runs: u32,
    dom0: &Dom0,
    domus: &Path,
    table: &Table,
    missing: Option<&anyhow::Error>,
) -> Result<()> {
    let apply = dom0.domus(domus, &["apply"]);
    let before = dom0.modified()?;
    let (succeeded, said) = apply.output()?;
    ensure!(
        succeeded && said.is_empty(),
        "domus apply has something to do, or to say: {said}"
    );
    ensure!(
        dom0.modified()? == before,
        "an apply with nothing to do wrote a file"
    );
    let [idle, changed] = change::one_guest(runs, dom0, domus)?;
    table.line("domus apply, nothing to do", idle);
    table.line("domus apply, the memory of one guest changed", changed);
    let more = (changed.time.as_secs_f64() - idle.time.as_secs_f64()) * 1e3;
    anstream::println!("  that guest's part: {more:.1} ms");
    let mut peers = Vec::new();
    match missing {
        Some(why) => anstream::println!("  no peers were measured: {why:#}"),
        None => peers = beside(runs, dom0, table, idle)?,
    }
    if dom0.count == GOAL.guests {
        GOAL.judge(idle, &peers);
    }
    Ok(())
}

/// The peers, each with how many times longer it takes.
fn beside(runs: u32, dom0: &Dom0, table: &Table, idle: Cost) -> Result<Vec<(&'static str, f64)>> {
    let mut peers = Vec::new();
    let mut peer = |what: &'static str, cost: Cost| {
        let times = cost.time.as_secs_f64() / idle.time.as_secs_f64();
        table.beside(what, cost, times);
        peers.push((what, times));
    };
    let slow = dom0.count > MOST_FOR_SLOW_PEERS;
    for script in SCRIPTS {
        if slow && script.what == shell::LOOP.what {
            table.not_run(
                script.what,
                "each jq reads the whole list: the square of the guests",
            );
            continue;
        }
        peer(script.what, best(runs, &script.line(dom0))?);
    }
    let libvirt = Peer::new(dom0)?;
    let what = "virsh define, a virsh for each domain";
    if slow {
        table.not_run(what, "as many times longer as there are more guests");
    } else {
        peer(what, best(runs, &libvirt.one_each())?);
    }
    let (define, start) = (libvirt.in_one(), libvirt.start());
    let [all, start] = best_of_each(runs, [&define, &start], || Ok(()))?;
    peer("virsh define, all in one virsh", all);
    let time = all.time.saturating_sub(start.time);
    let processors = all.processors.saturating_sub(start.processors);
    let define = Cost {
        time,
        processors,
        ..all
    };
    peer("  without its start, and the node's", define);
    Ok(peers)
}

impl Goal {
    fn judge(&self, idle: Cost, peers: &[(&'static str, f64)]) {
        let held = |held: bool| if held { "held" } else { "missed" };
        let limit = self.time.as_millis();
        anstream::println!("  goal, under {limit} ms: {}", held(idle.time < self.time));
        for (what, times) in peers {
            let verdict = held(*times >= self.times);
            anstream::println!(
                "  goal, {:.0} times faster than {}: {verdict}",
                self.times,
                what.trim()
            );
        }
    }
}

/// Reading and writing configurations, beside Xen's own parser.
fn parsers(runs: u32) -> Result<()> {
    setup::ensure(setup::PEER)?;
    let status = Command::new(fuzz::peer()?)
        .args(["bench", "--runs", &runs.to_string()])
        .status()?;
    ensure!(status.success(), "xen-peer bench failed");
    anstream::println!();
    Ok(())
}

/// The lines for one number of guests.
struct Table {
    count: usize,
}

impl Table {
    fn begin(count: usize) -> Self {
        let head = format!("{count} guests run, a third each PV, PVH, HVM");
        anstream::println!(
            "{head:<46} {:>11} {:>11} {:>10} {:>12}",
            "time",
            "processors",
            "memory",
            "a guest"
        );
        Self { count }
    }

    fn line(&self, what: &str, cost: Cost) {
        anstream::println!("{}", self.text(what, cost));
    }

    fn beside(&self, what: &str, cost: Cost, times: f64) {
        let text = self.text(&format!("  {what}"), cost);
        anstream::println!("{text} {times:>8.1} times domus apply");
    }

    fn not_run(&self, what: &str, why: &str) {
        anstream::println!("  {what:<44} not run at {}: {why}", self.count);
    }

    fn text(&self, what: &str, cost: Cost) -> String {
        let seconds = cost.time.as_secs_f64();
        let each = seconds * 1e6 / f64::from(u32::try_from(self.count).unwrap_or(u32::MAX));
        let mebibytes = f64::from(u32::try_from(cost.peak_kib).unwrap_or(u32::MAX)) / 1024.0;
        format!(
            "{what:<46} {:>8.1} ms {:>8.1} ms {mebibytes:>6.1} MiB {each:>9.1} µs",
            seconds * 1e3,
            cost.processors.as_secs_f64() * 1e3
        )
    }
}
