//! `domus start`: starts declared guests, and restores those that are saved.

use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use guest_spec::Guest;
use reconcile::domains::{self, Domain};
use reconcile::files::read_text;
use reconcile::plan::{Plan, Step};
use reconcile::restoring::{RESTORE_LIMIT, finish, unmark};
use reconcile::units::Unit;
use reconcile::{Record, Running, Starter};
use serde::Serialize;

use crate::cli::{Common, GuestsArgs};
use crate::context::{Context, Now};
use crate::known::say_failure;
use crate::output::{self, BOLD, DIM, GREEN, styled};
use crate::verbs::begin::{Begin, LOOK, fits, judge};

/// How long a start may last before it is said what it waits for, and between two times that it is said.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a unit may still be active after its guest is gone: it asks xl every two seconds.
const UNIT_ENDS: Duration = Duration::from_secs(30);
/// What became of a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It was created.
    Started,
    /// It came back from its save file.
    Restored,
    /// It ran already.
    RanAlready,
    /// It does not run.
    Failed,
}

impl Outcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Restored => "restored from its save file",
            Self::RanAlready => "runs already",
            Self::Failed => "not started",
        }
    }
}

/// A guest's result.
#[derive(Debug, Serialize)]
pub struct Line {
    /// The guest.
    pub guest: String,
    /// What became of it.
    pub result: Outcome,
    /// Its domain.
    pub domid: Option<u32>,
    /// Why it does not run.
    pub error: Option<String>,
}

pub fn run(common: &Common, args: &GuestsArgs) -> anyhow::Result<ExitCode> {
    let context = Context::load(common)?;
    let lines = start_all(&context, &args.names, common.json)?;
    if common.json {
        outln!("{}", serde_json::json!({ "guests": lines }));
    }
    Ok(say_failures(&lines))
}

/// The failures, and on the last line the names of all that failed.
pub fn say_failures(lines: &[Line]) -> ExitCode {
    let failed = || lines.iter().filter(|line| line.result == Outcome::Failed);
    for line in failed() {
        let why = line.error.as_deref().unwrap_or_default();
        say_failure(&line.guest, why);
    }
    let names: Vec<&str> = failed().map(|line| line.guest.as_str()).collect();
    if names.is_empty() {
        return ExitCode::SUCCESS;
    }
    if lines.len() > 1 {
        output::error(&format!("not started: {}", names.join(", ")));
    }
    ExitCode::FAILURE
}

/// Starts guests in their order, under the lock: two that would share a disk are not started at once. `domus run` in a
/// guest's unit takes no lock, so that it does not wait for this.
pub fn start_all(context: &Context, names: &[String], quiet: bool) -> anyhow::Result<Vec<Line>> {
    let lock = context.lock(&format!("domus start {}", names.join(" ")))?;
    let start = |name: &String| {
        lock.doing(&format!("it starts {name}"));
        let result = context.guest(name).and_then(|guest| start(guest, context));
        let line = match result {
            Ok((result, domid)) => Line {
                guest: name.clone(),
                result,
                domid: Some(domid),
                error: None,
            },
            Err(error) => Line {
                guest: name.clone(),
                result: Outcome::Failed,
                domid: None,
                error: Some(crate::in_full(&error)),
            },
        };
        if let (false, Some(domid)) = (quiet, line.domid) {
            let domain = styled(DIM, format_args!("(domain {domid})"));
            let word = styled(GREEN, line.result.as_str());
            outln!("{}: {word} {domain}", styled(BOLD, name));
        }
        line
    };
    Ok(names.iter().map(start).collect())
}

fn start(guest: &Guest, context: &Context) -> anyhow::Result<(Outcome, u32)> {
    let now = context.now(LOOK)?;
    let begin = judge(guest, &now, context)?;
    fits(guest, &begin, &now, context)?;
    let unit = match context.executor().starter {
        Starter::Unit => Some(Unit::of_guest(&guest.name, &context.programs)),
        Starter::Xl => None,
    };
    let mut started_with = None;
    let result = match begin {
        Begin::Runs(domain) => {
            // Of a restore that was killed at its very end.
            unmark(&context.layout, &guest.name);
            return Ok((Outcome::RanAlready, domain.domid));
        }
        Begin::Create => {
            if let Some(unit) = &unit {
                unit.wait_until_over(UNIT_ENDS)?;
            }
            return create(guest, now, unit.as_ref(), context);
        }
        Begin::Restore(restore) => {
            started_with.clone_from(&restore.started_with);
            match &unit {
                Some(unit) => {
                    unit.wait_until_over(UNIT_ENDS)?;
                    in_unit(unit, &guest.name, context)?;
                }
                None => {
                    saying(&restore.name, None, || restore.by_xl(&context.programs))?;
                }
            }
            Outcome::Restored
        }
        Begin::Finish(domain) => {
            match &unit {
                Some(unit) => {
                    unit.wait_until_over(UNIT_ENDS)?;
                    in_unit(unit, &guest.name, context)?;
                }
                None => finish(&guest.name, &domain, &context.layout, &context.programs)?,
            }
            Outcome::Restored
        }
    };
    let domain = runs_now(guest, &now, context)?;
    remember(&guest.name, now, &domain, started_with, context)?;
    store_for_reboot(guest, context);
    Ok((result, domain.domid))
}

/// A restored guest has lost what was stored with it for its own reboot: it is stored again, as it is declared now.
fn store_for_reboot(guest: &Guest, context: &Context) {
    let stored = context.now(LOOK).map(|now| {
        let (plan, now) = only(guest, now, |step| matches!(step, Step::StoreConfig { .. }));
        let executor = context.executor();
        executor.apply(&plan, now.records, &now.observed, LOOK, &mut |_| {})
    });
    let why = match stored {
        Ok(failures) => failures.first().map(|failure| failure.message.clone()),
        Err(error) => Some(crate::in_full(&error)),
    };
    if let Some(why) = why {
        output::warning(&format!(
            "guest {}: it runs; what is declared could not be stored for its own reboot: {why}. `domus apply` tries again",
            guest.name
        ));
    }
}

/// The plan of one guest, with these of its steps only.
fn only(guest: &Guest, mut now: Now, step: impl Fn(&Step) -> bool) -> (Plan, Now) {
    let mut plan = Plan::default();
    let mut guests = now.plan.guests.iter();
    if let Some(at) = guests.position(|own| own.name == guest.name) {
        let mut own = now.plan.guests.swap_remove(at);
        own.steps.retain(step);
        own.problems.clear();
        plan.guests.push(own);
    }
    (plan, now)
}

/// As a plan's step: the executor knows what to remember of a start.
fn create(
    guest: &Guest,
    now: Now,
    unit: Option<&Unit>,
    context: &Context,
) -> anyhow::Result<(Outcome, u32)> {
    let aside = |step: &Step| matches!(step, Step::SetAsideSave { .. });
    let (mut plan, now) = only(guest, now, aside);
    for own in &mut plan.guests {
        own.steps.push(Step::Start);
    }
    let uuid = guest.uuid;
    let failures = saying(&guest.name, unit, || {
        context
            .executor()
            .apply(&plan, now.records, &now.observed, LOOK, &mut |_| {})
    });
    if let Some(failure) = failures.first() {
        bail!("{}", failure.message);
    }
    let domains = domains::list_briefly(&context.programs)?;
    let domain = domains.iter().find(|domain| domain.uuid == uuid);
    let domain = domain.with_context(|| ended(&guest.name))?;
    Ok((Outcome::Started, domain.domid))
}

fn ended(name: &str) -> String {
    format!("it started, and is gone again; `domus logs {name}` shows what it wrote")
}

/// Starts the guest's unit, in which `domus run` restores it.
fn in_unit(unit: &Unit, name: &str, context: &Context) -> anyhow::Result<()> {
    let asked = saying(name, Some(unit), || unit.start(RESTORE_LIMIT));
    let Err(error) = asked else { return Ok(()) };
    let said = read_text(&context.layout.failure(name)).ok().flatten();
    let cause = said.unwrap_or_else(|| error.to_string());
    bail!(
        "{}. `journalctl -u {}` says more",
        cause.trim().trim_end_matches('.'),
        unit.name()
    );
}

/// The guest's own domain, which is to be there now.
fn runs_now(guest: &Guest, now: &Now, context: &Context) -> anyhow::Result<Domain> {
    let record = now.records.get(&guest.name);
    let remembered = record.and_then(|record| Some(record.as_ref().ok()?.uuid));
    let own = |domain: &Domain| domain.uuid == guest.uuid || Some(domain.uuid) == remembered;
    let domains = domains::list_briefly(&context.programs)?;
    domains
        .into_iter()
        .find(own)
        .with_context(|| ended(&guest.name))
}

/// Remembers a guest that was restored: it runs, with what it was started with before it was saved. Its domain may have the
/// name that the guest had before.
fn remember(
    name: &str,
    mut now: Now,
    domain: &Domain,
    started_with: Option<String>,
    context: &Context,
) -> anyhow::Result<()> {
    let record = now.records.remove(name).transpose()?;
    let mut record = record.unwrap_or_else(|| Record::new(name, domain.uuid));
    let before = record
        .running
        .as_ref()
        .and_then(|running| running.config.clone());
    record.uuid = domain.uuid;
    record.running = Some(Running::new(
        now.observed.boot_id,
        Some(domain.domid),
        started_with.or(before),
    ));
    Ok(record.save(&context.layout)?)
}

/// Does something that may last, and says on a terminal what is waited for.
fn saying<T: Send>(name: &str, unit: Option<&Unit>, work: impl FnOnce() -> T + Send) -> T {
    if !io::stderr().is_terminal() {
        return work();
    }
    let (done, is_done) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            let began = Instant::now();
            while is_done.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
                let what = unit.and_then(Unit::waits_for);
                let what = what.unwrap_or_else(|| "waiting for xl".to_owned());
                let seconds = began.elapsed().as_secs();
                errln!(
                    "{}",
                    styled(DIM, format_args!("{name}: {what} … ({seconds} s)"))
                );
            }
        });
        let result = work();
        drop(done);
        result
    })
}
