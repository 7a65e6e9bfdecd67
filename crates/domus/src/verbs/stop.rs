//! `domus stop`: shuts guests down gracefully, all at once, and waits for each as long as it may take.

use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use guest_spec::OnTimeout;
use reconcile::domains::{self, Domain, State};
use reconcile::{Programs, program};
use serde::Serialize;

use crate::cli::{Common, StopArgs};
use crate::known::{Found, Known, Named, say_failure};
use crate::output::{self, BOLD, DIM, GREEN, YELLOW, styled};
use crate::verbs::restore::destroy;

/// How often xl is asked whether the guests are gone. xl takes Xen's lock, so not too often.
const POLL: Duration = Duration::from_millis(500);
/// How long xl may take to begin to take a crashed domain apart.
const TAKEN_APART: Duration = Duration::from_secs(5);
/// How often it is said whom the stop waits for.
const SAY: Duration = Duration::from_secs(10);

/// What became of a guest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It shut down.
    Stopped,
    /// It did not shut down in time, and was ended, as its `onTimeout` says.
    Destroyed,
    /// It did not run.
    NotRunning,
    /// It is not stopped, or Domus cannot tell.
    Failed,
}

impl Outcome {
    const fn as_str(&self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Destroyed => "did not shut down, and was ended as by a power cut",
            Self::NotRunning => "was not running",
            Self::Failed => "not stopped",
        }
    }
}

/// A guest's result.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// The guest.
    pub guest: String,
    /// What became of it.
    pub result: Outcome,
    /// Why it is not stopped.
    pub error: Option<String>,
}

pub fn run(common: &Common, args: &StopArgs) -> anyhow::Result<ExitCode> {
    if args.main_pid.as_ref().is_some_and(Vec::is_empty) {
        // The unit's main process is gone, so the guest is: nobody asked for a shutdown.
        return Ok(ExitCode::SUCCESS);
    }
    let lines = stop_all(common, &args.names, common.json)?;
    if common.json {
        anstream::println!("{}", serde_json::json!({ "guests": lines }));
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
        output::error(&format!("not stopped: {}", names.join(", ")));
    }
    ExitCode::FAILURE
}

/// Asks all guests to shut down, then waits for all; one that is not there is stopped already.
///
/// It needs no valid document: what was started must be stoppable whatever is declared now.
pub fn stop_all(common: &Common, names: &[String], quiet: bool) -> anyhow::Result<Vec<Line>> {
    let known = Known::load(common)?;
    let mut stops: Vec<Stop> = Vec::new();
    for name in names {
        if stops.iter().all(|stop| stop.name != *name) {
            stops.push(Stop::new(name, &known));
        }
    }
    let programs = &known.programs;
    let listed = domains::list_briefly(programs);
    for stop in &mut stops {
        match &listed {
            Ok(domains) => stop.ask(domains, programs),
            Err(error) => stop.end(Outcome::Failed, Some(error.to_string())),
        }
        stop.say(quiet);
    }
    let mut said = Instant::now();
    while stops.iter().any(Stop::is_waiting) {
        thread::sleep(POLL);
        let listed = domains::list_briefly(programs);
        for stop in stops.iter_mut().filter(|stop| stop.is_waiting()) {
            stop.look(listed.as_deref().ok(), programs);
            stop.say(quiet);
        }
        if said.elapsed() >= SAY && io::stderr().is_terminal() {
            said = Instant::now();
            say_waiting(&stops);
        }
    }
    let lines = stops.into_iter().map(|stop| Line {
        guest: stop.name,
        result: stop.result.unwrap_or(Outcome::Failed),
        error: stop.error,
    });
    Ok(lines.collect())
}

/// Whom the stop waits for, and how much longer.
fn say_waiting(stops: &[Stop]) {
    let waiting = stops.iter().filter(|stop| stop.is_waiting());
    let names: Vec<String> = waiting
        .map(|stop| {
            let left = stop.deadline.saturating_duration_since(Instant::now());
            format!("{} ({} s left)", stop.name, left.as_secs())
        })
        .collect();
    if !names.is_empty() {
        let text = format!("waiting for {} to shut down …", names.join(", "));
        anstream::eprintln!("{}", styled(DIM, text));
    }
}

/// A guest that is to be stopped.
struct Stop {
    name: String,
    named: Option<Named>,
    domid: u32,
    deadline: Instant,
    result: Option<Outcome>,
    error: Option<String>,
    said: bool,
}

impl Stop {
    fn new(name: &str, known: &Known) -> Self {
        let (named, error) = match known.named(name) {
            Ok(named) => (Some(named), None),
            Err(error) => (None, Some(format!("{error:#}"))),
        };
        Self {
            name: name.to_owned(),
            result: error.is_some().then_some(Outcome::Failed),
            named,
            domid: 0,
            deadline: Instant::now(),
            error,
            said: false,
        }
    }

    const fn is_waiting(&self) -> bool {
        self.result.is_none()
    }

    fn end(&mut self, result: Outcome, error: Option<String>) {
        if self.is_waiting() {
            self.result = Some(result);
            self.error = error;
        }
    }

    /// Says the result, once.
    fn say(&mut self, quiet: bool) {
        let Some(result) = &self.result else { return };
        if self.said || quiet || *result == Outcome::Failed {
            return;
        }
        self.said = true;
        let style = match result {
            Outcome::Stopped => GREEN,
            Outcome::NotRunning => DIM,
            _ => YELLOW,
        };
        let word = styled(style, result.as_str());
        anstream::println!("{}: {word}", styled(BOLD, &self.name));
    }

    /// Asks the guest's own domain to shut down.
    fn ask(&mut self, domains: &[Domain], programs: &Programs) {
        let Some(named) = &self.named else { return };
        let domain = match named.find(domains) {
            Found::Own(domain) => domain.clone(),
            Found::Foreign(other) => {
                let why = format!(
                    "the domain {} ({}) is not Domus's own, and is left; `xl shutdown {1}` ends it",
                    self.name, other.domid
                );
                return self.end(Outcome::Failed, Some(why));
            }
            Found::Nothing => return self.end(Outcome::NotRunning, None),
        };
        let limit = named.lifecycle.shutdown_timeout();
        self.domid = domain.domid;
        self.deadline = Instant::now() + limit;
        match domain.state {
            // It will do nothing any more; its xl may be about to take it apart.
            State::Crashed => {
                self.deadline = Instant::now() + limit.min(TAKEN_APART);
                return;
            }
            State::Shutdown | State::Dying => return,
            State::Paused => output::warning(&format!(
                "guest {}: it is paused, and shuts down only when it runs again; `xl unpause {}` lets it",
                self.name, self.domid
            )),
            State::Running => {}
        }
        // -F: a guest without PV drivers gets the ACPI power button.
        let args = ["shutdown", "-F", &self.domid.to_string()];
        if let Err(error) = program::run(&programs.xl, &args, programs.answer_limit) {
            let listed = domains::list_briefly(programs);
            let gone = listed.is_ok_and(|domains| !self.is_there(&domains));
            if gone {
                self.end(Outcome::Stopped, None);
            } else {
                self.end(
                    Outcome::Failed,
                    Some(format!("it is left running: {error}")),
                );
            }
        }
    }

    fn is_there(&self, domains: &[Domain]) -> bool {
        let named = self.named.as_ref();
        named.is_some_and(|named| matches!(named.find(domains), Found::Own(_)))
    }

    /// Looks whether the guest is gone. An xl that does not answer once is no sign that it is, nor that it is not.
    fn look(&mut self, domains: Option<&[Domain]>, programs: &Programs) {
        let Some(named) = &self.named else { return };
        let domain = match domains.map(|domains| named.find(domains)) {
            None => None,
            Some(Found::Own(domain)) => Some(domain.clone()),
            Some(Found::Foreign(_) | Found::Nothing) => {
                return self.end(Outcome::Stopped, None);
            }
        };
        if let Some(domain) = &domain
            && domain.domid != self.domid
            && domain.state != State::Dying
        {
            let why = format!(
                "it shut down, and was started again as domain {}: its onPoweroff is \"restart\", or it rebooted at that moment. `domus stop {}` asks it again",
                domain.domid, self.name
            );
            return self.end(Outcome::Failed, Some(why));
        }
        if Instant::now() >= self.deadline {
            self.time_is_up(domain.as_ref(), programs);
        }
    }

    /// The guest had its time.
    fn time_is_up(&mut self, domain: Option<&Domain>, programs: &Programs) {
        let Some(named) = &self.named else { return };
        let (name, domid) = (&self.name, self.domid);
        let Some(domain) = domain else {
            let why = "xl does not answer, so that Domus cannot tell whether it shut down; `xl list` tells when it answers again";
            return self.end(Outcome::Failed, Some(why.to_owned()));
        };
        // A domain that has shut down may be one that is being saved: its memory is not to be lost.
        let may_end = !matches!(domain.state, State::Shutdown | State::Dying);
        if named.lifecycle.on_timeout == OnTimeout::Destroy && may_end {
            return match destroy(domid, programs) {
                Ok(()) => self.end(Outcome::Destroyed, None),
                Err(error) => self.end(Outcome::Failed, Some(format!("{error:#}"))),
            };
        }
        let limit = named.lifecycle.shutdown_timeout_seconds;
        let why = match domain.state {
            State::Crashed => format!(
                "it has crashed, and its domain {domid} is kept to be looked at; `xl destroy {domid}` ends it"
            ),
            State::Shutdown => format!(
                "it has shut down, or is being saved, and its domain {domid} is still there after {limit} s; if nobody saves it, `xl destroy {domid}` ends it"
            ),
            State::Dying => format!(
                "its domain {domid} ended, and is not taken apart after {limit} s; `xl list` and /var/log/xen say more"
            ),
            State::Paused => format!(
                "it is paused, so that it did not shut down within {limit} s; `xl unpause {domid}` lets it run on"
            ),
            State::Running => format!(
                "it did not shut down within {limit} s (`shutdownTimeout`), and is left running; `domus console {name}` shows what it waits for, `xl destroy {domid}` ends it like a power cut"
            ),
        };
        self.end(Outcome::Failed, Some(why));
    }
}
