//! `domus host-shutdown`, `ExecStop` of `domus-shutdown.service`: guests end as the Dom0 goes down.
//!
//! Those that say `onHostShutdown = "shutdown"` are shut down. Where xendomains is active, it saves those that are linked in
//! `auto`, after this, and shuts down all others (`XENDOMAINS_AUTO_ONLY`, which Xen ships as true); what it does not save, this
//! does. Guests end in the reverse of the order in which they start.
//!
//! It needs no valid document: what becomes of a guest is what was recorded when it was last applied.

mod foreign;
mod save;

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use guest_spec::{Guest, Lifecycle, OnHostShutdown, OnTimeout};
use reconcile::domains::{self, Domain, State};
use reconcile::ending::{self, Ended, Progress, Target};
use reconcile::keepers::{Keepers, names_of};
use reconcile::program;
use reconcile::restoring::{is_restoring, never_ran};
use reconcile::startup::{Planned, waves};
use reconcile::xl::Xl;
use reconcile::{Programs, budget, files, own};
use serde_json::json;

use crate::cli::{Common, HostShutdownArgs};
use crate::known::Known;
use crate::output::{self, BOLD, DIM, styled};
use crate::verbs;

/// How often xl is asked who runs before this is given up.
const TRIES: u32 = 5;
const AGAIN: Duration = Duration::from_secs(2);
/// How long a guest may be without a domain when the Dom0 goes down, since it reboots by itself: its xl sleeps for two
/// seconds, and waits for Xen's lock.
const REBOOTS: Duration = Duration::from_secs(30);
/// How long a guest may still be built when the Dom0 goes down.
const BUILT: Duration = Duration::from_secs(60);

/// A guest of ours that runs.
struct Mine {
    name: String,
    domain: Domain,
    lifecycle: Lifecycle,
    planned: Planned,
}

/// What became of the guests.
struct Said {
    json: bool,
    done: Vec<(String, String)>,
    failures: Vec<(String, String)>,
}

impl Said {
    fn done(&mut self, guest: &str, what: &str) {
        if !self.json {
            outln!("{}: {what}", styled(BOLD, guest));
        }
        self.done.push((guest.to_owned(), what.to_owned()));
    }

    fn failed(&mut self, guest: &str, why: &str) {
        output::error(&format!("guest {guest}: {why}"));
        self.failures.push((guest.to_owned(), why.to_owned()));
    }
}

/// Shuts guests down, and saves those that nobody else saves.
pub fn run(common: &Common, args: &HostShutdownArgs) -> anyhow::Result<ExitCode> {
    let known = Known::load(common)?;
    if !args.now && !is_going_down(&known.programs)? {
        return Ok(ExitCode::SUCCESS);
    }
    let mut said = Said {
        json: common.json,
        done: Vec::new(),
        failures: Vec::new(),
    };
    let domains = settled(&known)?;
    let (mine, own) = mine(&known, &domains, &mut said);
    let here = !is_xendomains_active(&known.programs)?;
    let planned: Vec<Planned> = mine.iter().map(|guest| guest.planned.clone()).collect();
    for wave in waves(&planned).into_iter().rev() {
        let wave: Vec<&Mine> = wave.into_iter().map(|at| &mine[at]).collect();
        end_wave(&wave, here, &known, &mut said);
    }
    if here && !args.now {
        foreign::shut_down(&domains, &own, &known, &mut said);
    }
    if common.json {
        let lines = |lines: &[(String, String)], key: &str| -> Vec<_> {
            let lines = lines.iter();
            lines
                .map(|(guest, text)| json!({ "guest": guest, key: text }))
                .collect()
        };
        let (done, failures) = (lines(&said.done, "result"), lines(&said.failures, "error"));
        outln!("{}", json!({ "done": done, "failures": failures }));
    }
    Ok(if said.failures.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Whether systemd takes the system down. A unit is also stopped by a person, and by a switch that forgets it.
fn is_going_down(programs: &Programs) -> anyhow::Result<bool> {
    let state = ask(programs, &["is-system-running"])
        .context("nothing is done: whether the system goes down is not known")?;
    if state != "stopping" {
        outln!(
            "the system is not going down (systemd says that it is {state}), and no guest is touched; `domus host-shutdown --now` ends them all the same"
        );
    }
    Ok(state == "stopping")
}

/// Whether xendomains saves the guests when it stops, which is after this.
fn is_xendomains_active(programs: &Programs) -> anyhow::Result<bool> {
    let state = ask(programs, &["is-active", "xendomains.service"])
        .context("nothing is done: whether xendomains saves the guests is not known")?;
    Ok(state == "active")
}

fn ask(programs: &Programs, args: &[&str]) -> anyhow::Result<String> {
    let answer = program::ask(&programs.systemctl, args, programs.answer_limit)?;
    let answer = answer.trim();
    if answer.is_empty() {
        let words = args.join(" ");
        anyhow::bail!("`systemctl {words}` says nothing");
    }
    Ok(answer.to_owned())
}

/// All guests of ours: those that are declared, with their declaration, and those that are remembered.
fn ours(known: &Known) -> BTreeMap<&str, Option<&Guest>> {
    let remembered = known.records.iter().map(|(name, _)| (name, None));
    let declared = known.document.iter().flat_map(|document| &document.guests);
    let declared = declared.map(|guest| (guest.name.as_str(), Some(guest)));
    remembered.chain(declared).collect()
}

/// All domains, once none of our guests is between two: a guest that reboots by itself has shut down, and then has none for some
/// seconds. It would be overlooked, start again, and end as by a power cut.
fn settled(known: &Known) -> anyhow::Result<Vec<Domain>> {
    let deadline = Instant::now() + REBOOTS;
    loop {
        let domains = domains(&known.programs)?;
        // After the domains: an xl that is gone now makes none.
        let keepers = Keepers::look(&known.layout);
        let is_between = |name: &str, guest: Option<&Guest>| {
            let uuids = own::uuids(known.records.get(name), guest, &known.layout);
            let is_there =
                |state| matches!(state, State::Running | State::Paused | State::Suspended);
            let lives = |one: &Domain| uuids.contains(&one.uuid) && is_there(one.state);
            let names = || names_of(name, &known.records);
            !domains.iter().any(lives) && keepers.xl_of(&names(), &uuids).is_some()
        };
        let between: Vec<&str> = ours(known)
            .into_iter()
            .filter(|(name, guest)| is_between(name, *guest))
            .map(|(name, _)| name)
            .collect();
        if between.is_empty() {
            return Ok(domains);
        }
        if Instant::now() >= deadline {
            for name in between {
                output::warning(&format!(
                    "guest {name}: it has no domain that runs, and its xl is about to start it; it is not waited for any longer"
                ));
            }
            return Ok(domains);
        }
        thread::sleep(AGAIN / 4);
    }
}

/// The guests of ours that run; and the numbers of all domains that are ours.
fn mine(known: &Known, domains: &[Domain], said: &mut Said) -> (Vec<Mine>, BTreeSet<u32>) {
    let mut seen = BTreeSet::new();
    let mut all = BTreeSet::new();
    let mut mine = Vec::new();
    for (name, guest) in ours(known) {
        let record = match known.records.get(name) {
            Some(Ok(record)) => Some(record),
            Some(Err(error)) if guest.is_none() => {
                said.failed(name, &format!("{error}. Should it run, it is left"));
                continue;
            }
            Some(Err(_)) | None => None,
        };
        let uuids = own::uuids(known.records.get(name), guest, &known.layout);
        let own = domains.iter().filter(|domain| uuids.contains(&domain.uuid));
        all.extend(own.clone().map(|domain| domain.domid));
        let runs = |state| matches!(state, State::Running | State::Paused);
        let lives = |domain: &&Domain| runs(domain.state);
        if let Some(domain) = own.clone().find(|domain| domain.state == State::Suspended) {
            said.failed(name, &format!("it is suspended (domain {}), and is left: it is being saved, or the xl that saved it was ended", domain.domid));
        }
        let lifecycle = record
            .map(|record| &record.lifecycle)
            .or(guest.map(|guest| &guest.lifecycle));
        let (Some(domain), Some(lifecycle)) = (own.clone().find(lives), lifecycle) else {
            continue;
        };
        // A guest that was renamed has two records for a while.
        if !seen.insert(domain.domid) {
            continue;
        }
        mine.push(Mine {
            name: name.to_owned(),
            domain: domain.clone(),
            lifecycle: lifecycle.clone(),
            planned: planned(name, guest),
        });
    }
    (mine, all)
}

/// One that is no longer declared has the order of those that say nothing.
fn planned(name: &str, guest: Option<&Guest>) -> Planned {
    guest.map_or_else(
        || Planned {
            name: name.to_owned(),
            order: 0,
            after: Vec::new(),
            delay: Duration::ZERO,
            need_mib: 0,
        },
        budget::planned,
    )
}

/// All domains; xl may fail to answer while the system stops.
fn domains(programs: &Programs) -> anyhow::Result<Vec<Domain>> {
    let mut tries = 1;
    loop {
        match domains::list_briefly(programs) {
            Ok(domains) => return Ok(domains),
            Err(error) if tries >= TRIES => {
                return Err(error)
                    .context("no guest is shut down or saved: which run is not known");
            }
            Err(_) => thread::sleep(AGAIN),
        }
        tries += 1;
    }
}

/// Whether xendomains saves a guest when it stops: it asks each entry of `auto` for its domain's name, and saves no other.
fn xendomains_saves(guest: &Mine, known: &Known) -> bool {
    let linked = files::is_there(&known.layout.auto(&guest.name)).unwrap_or(false);
    linked && guest.domain.name == guest.name
}

/// Ends guests of which none comes after another: those that are shut down all at once, then, where that is done `here` or
/// nobody else does it, the others are saved one by one.
fn end_wave(wave: &[&Mine], here: bool, known: &Known, said: &mut Said) {
    let programs = &known.programs;
    let mut shut_down = Vec::new();
    let mut saved = Vec::new();
    for guest in wave {
        let is_saved = guest.lifecycle.on_host_shutdown == OnHostShutdown::Save;
        if is_saved && !here && xendomains_saves(guest, known) {
            continue;
        }
        match let_run(guest, known, said) {
            Ok(true) if is_saved => saved.push(*guest),
            Ok(true) => shut_down.push(*guest),
            Ok(false) => {}
            Err(why) => said.failed(&guest.name, &why),
        }
    }
    self::shut_down(&shut_down, known, said);
    for guest in saved {
        match save::save(&guest.name, &guest.domain, &known.layout, programs) {
            Ok(file) => said.done(&guest.name, &format!("saved in {}", file.display())),
            Err(why) => {
                output::warning(&format!(
                    "guest {}: it cannot be saved, and is shut down instead: {why}",
                    guest.name
                ));
                self::shut_down(&[guest], known, said);
            }
        }
    }
}

/// Waits until xl has built a domain and lets it run; false where it does not. Unpaused before, it would run half-built.
fn is_built(domain: &Domain, programs: &Programs) -> bool {
    let deadline = Instant::now() + BUILT;
    let runs = |known: &Domain| known.domid == domain.domid && known.state == State::Running;
    let gone = |domains: &[Domain]| domains.iter().all(|known| known.domid != domain.domid);
    loop {
        match domains::list_briefly(programs) {
            Ok(domains) if domains.iter().any(runs) => return true,
            Ok(domains) if gone(&domains) => return false,
            _ if Instant::now() >= deadline => return false,
            _ => thread::sleep(AGAIN / 4),
        }
    }
}

/// A paused guest hears nothing, neither that it is to shut down nor that it is to be saved: it runs on first. Says whether
/// there is anything to do for it.
fn let_run(guest: &Mine, known: &Known, said: &mut Said) -> Result<bool, String> {
    let (name, domain, programs) = (&guest.name, &guest.domain, &known.programs);
    let mut paused = domain.state == State::Paused;
    if paused && never_ran(domain, programs).unwrap_or(false) {
        // Whoever restores it, or is killed while he does, leaves the file until all of it is in memory.
        let save = known.layout.save_dir().join(name);
        if files::is_there(&save).map_err(|error| error.to_string())? {
            let text = "was being restored; its save file is whole, and is left";
            said.done(name, text);
            return Ok(false);
        }
        if !is_restoring(&known.layout, name) {
            if !is_built(domain, programs) {
                said.done(name, "was still being built, and never ran; it is left");
                return Ok(false);
            }
            paused = false;
        }
    }
    save::put_old_aside(name, domain.uuid, &known.layout)?;
    if paused {
        output::warning(&format!("guest {name} is paused, and runs on to be ended"));
        Xl(programs)
            .unpause(domain.domid)
            .map_err(|error| format!("it is paused, and could not be let run: {error}"))?;
    }
    Ok(true)
}

/// Shuts guests down, each with its own time. What does not shut down in time and is to be kept runs on: xendomains saves it,
/// or systemd stops its unit, which asks it once more.
fn shut_down(guests: &[&Mine], known: &Known, said: &mut Said) {
    if guests.is_empty() {
        return;
    }
    let targets: Vec<Target> = guests
        .iter()
        .map(|guest| Target {
            name: guest.name.clone(),
            names: names_of(&guest.name, &known.records),
            uuids: vec![guest.domain.uuid],
            lifecycle: guest.lifecycle.clone(),
            at_once: false,
        })
        .collect();
    let json = said.json;
    let results = ending::end(&targets, &known.layout, &known.programs, &mut |progress| {
        if let (Progress::Waiting(left), false) = (progress, json) {
            outln!("{}", styled(DIM, verbs::stop::waiting(left)));
        }
    });
    for (guest, result) in guests.iter().zip(results) {
        let seconds = guest.lifecycle.shutdown_timeout_seconds;
        match result {
            Ok(Ended::NotRunning | Ended::Stopped) => said.done(&guest.name, "shut down"),
            Ok(Ended::Destroyed) => said.done(
                &guest.name,
                &format!("ended as by a power cut: it did not shut down within {seconds} s, and its onTimeout is \"destroy\""),
            ),
            Err(why) if guest.lifecycle.on_timeout == OnTimeout::Keep => said.failed(
                &guest.name,
                &format!("{why}. It is left to xendomains where that is active, and to its unit, which asks it once more; what still runs when the Dom0 is down ends as by a power cut"),
            ),
            Err(why) => said.failed(&guest.name, &why.to_string()),
        }
    }
}
