//! Guests start: by their order, when those before them are ready, side by side.
//!
//! What changes a record or is said happens in one thread; the others wait for systemd, for xl, and for guests to be ready.

mod threads;
mod up;

use std::collections::{BTreeMap, HashMap};
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use guest_spec::{AutostartManager, Guest};
use xl_cfg::Config;

use super::steps::sealed_config;
use super::{Event, Executor, Run, Starter, StepError};
use crate::budget;
use crate::domains::State;
use crate::files::{self, Existing, FileError};
use crate::observe::Observed;
use crate::plan::{Phase, Plan, Step, live};
use crate::ready::{Outcome, Watch};
use crate::record::Running;
use crate::startup::{Decision, Late, Planned, Progress, Schedule, Why};
use crate::units::ActiveUnits;
use threads::{Threads, Told};

/// How many units are started at a time, at most. Where xl shrinks the Dom0 for its guests it builds one domain after the
/// other, under its lock (`autoballoon` in `create_domain`, `xl_vmcontrol.c`); what is before and after that goes on beside it.
const AT_ONCE: usize = 4;
/// When it is first said what is waited for, and how often after that.
const QUIET: Duration = Duration::from_secs(10);
const SAY_AGAIN: Duration = Duration::from_secs(30);

impl<'a> Executor<'a> {
    /// Leaves word, before the first start, that in this boot Domus starts the guests.
    pub(super) fn tell_manager(&self) -> Result<(), FileError> {
        let path = self.layout.manages();
        if self.document.autostart_manager != AutostartManager::Domus
            || files::read_text(&path)?.is_some()
        {
            return Ok(());
        }
        let text = b"In this boot Domus starts the guests, and xendomains does not.\n";
        files::write(&path, text, 0o644, Existing::Replace)
    }

    /// Starts, or restores, every guest whose next step is that.
    pub(super) fn start_all(
        &self,
        runs: &mut [Run<'a>],
        plan: &Plan,
        observed: &Observed,
        report: &mut dyn FnMut(Event),
    ) {
        let starts = |run: &Run| run.next(Phase::Start).is_some_and(is_start);
        if !runs.iter().any(starts) {
            return;
        }
        let others = others(runs, observed);
        let here = Some(&observed.boot_id);
        let restored = |run: &&Run| run.kept.now.restored_in_boot.as_ref() == here;
        let restored: Vec<String> = runs
            .iter()
            .filter(restored)
            .map(|run| run.plan.name.clone())
            .collect();
        let ended = |run: &&Run| run.result.is_err();
        let failed: Vec<String> = runs
            .iter()
            .filter(ended)
            .map(|run| run.plan.name.clone())
            .collect();
        let mut starting: Vec<(&mut Run<'a>, &'a Guest, &'a Step)> = runs
            .iter_mut()
            .filter_map(|run| {
                let step = run.next(Phase::Start)?;
                let guest = run.declared.filter(|_| is_start(step))?;
                Some((run, guest, step))
            })
            .collect();
        let guests: Vec<Planned> = starting
            .iter()
            .map(|(_, guest, _)| budget::planned(guest))
            .collect();
        // What did not end gave nothing back.
        let free_mib = plan.memory.as_ref().map(|budget| {
            let missing = failed.iter().filter_map(|name| budget.gives_mib.get(name));
            budget.free_mib.saturating_sub(missing.sum())
        });
        let at_once = match self.starter {
            Starter::Unit => at_once(),
            Starter::Xl => 1,
        };
        let (watches, others) = self.watch_others(&guests, others, &restored, observed);
        let mut schedule = Schedule::new(guests, others, free_mib, at_once);
        let stop = AtomicBool::new(false);
        let active = match self.starter {
            Starter::Unit => ActiveUnits::ask(self.programs),
            Starter::Xl => ActiveUnits::default(),
        };
        thread::scope(|scope| {
            let (tell, told) = mpsc::channel();
            let mut threads = Threads {
                executor: self,
                active: &active,
                scope,
                tell,
                stop: &stop,
                awaited: BTreeMap::new(),
            };
            for (name, watch) in watches {
                threads.watch(&name, watch);
            }
            self.start_by(
                &mut schedule,
                &mut starting,
                &mut threads,
                &told,
                observed,
                report,
            );
            stop.store(true, Ordering::Relaxed);
        });
    }

    /// Does what the schedule decides, until every guest has begun and is built.
    fn start_by<'scope>(
        &'scope self,
        schedule: &mut Schedule,
        starting: &mut [(&mut Run<'a>, &'a Guest, &'a Step)],
        threads: &mut Threads<'scope, '_>,
        told: &Receiver<Told>,
        observed: &Observed,
        report: &mut dyn FnMut(Event),
    ) where
        'a: 'scope,
    {
        let began = Instant::now();
        let mut said = began + QUIET;
        let mut watches: HashMap<usize, Watch> = HashMap::new();
        let mut awaits = None;
        while !schedule.is_done() {
            let now = began.elapsed();
            for decision in schedule.decide(now) {
                match decision {
                    Decision::Begin { guest: at, late } => {
                        let (run, guest, step) = &mut starting[at];
                        for late in &late {
                            report(Event::Warning(&run.plan.name, &without(late)));
                        }
                        report(Event::Begin(&run.plan.name, step));
                        let watch = match step {
                            Step::Restore => Watch::restored(guest, run.kept.now.uuid),
                            _ => Watch::before_start(guest, self.layout),
                        };
                        watches.extend(watch.map(|watch| (at, watch)));
                        let uuid = run.kept.now.uuid;
                        threads.start(at, guest, step, uuid);
                    }
                    Decision::NoRoom {
                        guest: at,
                        need_mib,
                        free_mib,
                    } => {
                        let (run, _, step) = &mut starting[at];
                        run.done(step, Err(StepError::NoRoom { need_mib, free_mib }), report);
                    }
                }
            }
            if schedule.is_done() {
                return;
            }
            if threads.awaits() != awaits {
                awaits = threads.awaits();
                report(Event::Awaits(awaits.as_deref()));
            }
            let turn = schedule.next_turn(now).map(|turn| began + turn);
            let until = turn.map_or(said, |turn| turn.min(said));
            match told.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(Told::Built(at, result)) => {
                    let (run, guest, step) = &mut starting[at];
                    let built =
                        result.and_then(|domid| self.remember(run, guest, step, domid, observed));
                    let is_built = built.is_ok();
                    run.done(step, built, report);
                    match watches.remove(&at) {
                        _ if !is_built => schedule.failed(at),
                        None => schedule.settle(&guest.name, true),
                        Some(watch) => {
                            schedule.started(at);
                            // Nobody asks whether the last ones are ready.
                            if schedule.is_awaited(&guest.name) {
                                threads.watch(&guest.name, watch);
                            }
                        }
                    }
                }
                Ok(Told::Ready(name, outcome)) => {
                    let awaited = threads.awaited.remove(&name);
                    let is_ready = outcome == Outcome::Ready;
                    if let (Outcome::Late(missing), Some(awaited)) = (outcome, awaited) {
                        let text = format!(
                            "was not ready within {} s ({missing}); guests that come after it are started all the same",
                            awaited.since.elapsed().as_secs()
                        );
                        report(Event::Warning(&name, &text));
                    }
                    schedule.settle(&name, is_ready);
                }
                Err(RecvTimeoutError::Timeout) => {}
                // All threads have ended without a word, which they do not.
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if Instant::now() >= said {
                said = Instant::now() + SAY_AGAIN;
                if let Some(text) = threads.waiting() {
                    report(Event::StillWaiting(&text));
                }
            }
        }
    }

    /// Of those that run already and that others come after, those that may not be ready yet.
    fn watch_others(
        &self,
        guests: &[Planned],
        mut others: BTreeMap<String, Progress>,
        restored: &[String],
        observed: &Observed,
    ) -> (Vec<(String, Watch)>, BTreeMap<String, Progress>) {
        let mut watches = Vec::new();
        for (name, progress) in &mut others {
            let awaited = guests.iter().any(|guest| guest.after.contains(name));
            if !awaited || *progress != Progress::Ready {
                continue;
            }
            let guest = self
                .document
                .guests
                .iter()
                .find(|guest| guest.name == *name);
            let domain = observed
                .domains
                .all()
                .iter()
                .find(|domain| domain.name == *name);
            let watch = if restored.contains(name) {
                Watch::restored
            } else {
                Watch::running
            };
            if let (Some(guest), Some(domain)) = (guest, domain)
                && let Some(watch) = watch(guest, domain.uuid)
            {
                *progress = Progress::Started;
                watches.push((name.clone(), watch));
            }
        }
        (watches, others)
    }

    /// Remembers with what the guest was started, before anything else happens.
    fn remember(
        &self,
        run: &mut Run,
        guest: &Guest,
        step: &Step,
        domid: Option<u32>,
        observed: &Observed,
    ) -> Result<(), StepError> {
        let boot_id = observed.boot_id.clone();
        let now = &mut run.kept.now;
        if *step == Step::Restore {
            // It is what it was when it was saved; what was stored for its own reboot is not in its save file.
            let config = now.running.take().and_then(|running| running.config);
            now.restored_in_boot = Some(boot_id.clone());
            now.running = Some(Running::new(boot_id, domid, config));
        } else {
            let config = sealed_config(self.layout, &guest.name)?;
            if let Some(config) = config.as_deref().and_then(|text| Config::parse(text).ok()) {
                now.live = live::applied(&config);
            }
            now.uuid = guest.uuid;
            now.restored_in_boot = None;
            now.restarting = false;
            now.running = Some(Running::new(boot_id, domid, config));
        }
        Ok(run.kept.save(self.layout)?)
    }
}

/// As many as this Dom0 has processors, and one that waits for systemd or xl meanwhile. More would not be sooner: to build a
/// domain is work for a processor. They would be later, for libxl ends a hotplug script after 40 s, and the scripts of all
/// disks wait for each other (`claim_lock` in `block`).
fn at_once() -> usize {
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    processors.saturating_add(1).min(AT_ONCE)
}

/// The guests that are not started here and that others may come after: those that failed, and those that run.
fn others(runs: &[Run], observed: &Observed) -> BTreeMap<String, Progress> {
    let starts = |run: &&Run| run.next(Phase::Start).is_some_and(is_start);
    let runs = runs.iter().filter(|run| !starts(run));
    let others = runs.filter_map(|run| {
        let domain = observed.domains.of(run.kept.now.uuid);
        let lives =
            domain.is_some_and(|domain| matches!(domain.state, State::Running | State::Paused));
        let progress = match (&run.result, lives) {
            (Err(_), false) => Progress::Failed,
            (_, true) => Progress::Ready,
            (Ok(()), false) => return None,
        };
        Some((run.plan.name.clone(), progress))
    });
    others.collect()
}

/// That a guest does not wait any longer for one that it comes after.
fn without(late: &Late) -> String {
    let name = &late.name;
    match late.why {
        Why::Absent => format!(
            "is started without {name}, which it comes after: {name} does not run, and is not started now"
        ),
        Why::Failed => {
            format!("is started without {name}, which it comes after and which did not start")
        }
        Why::NotReady => {
            format!("is started although {name}, which it comes after, was not ready in time")
        }
        Why::Circle => format!(
            "is started although {name}, which it comes after, is not: each waits for the other"
        ),
    }
}

const fn is_start(step: &Step) -> bool {
    matches!(step, Step::Start | Step::Restore)
}
