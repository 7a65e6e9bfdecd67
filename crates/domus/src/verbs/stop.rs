//! `domus stop`: shuts guests down gracefully, all at once, and waits for each as long as it may take.

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use reconcile::domains::{self, Domain};
use reconcile::ending::{self, Ended, Progress, Target};
use reconcile::keepers::names_of;
use serde::Serialize;

use crate::cli::{Common, StopArgs};
use crate::known::{Found, Known, say_failure};
use crate::output::{self, BOLD, DIM, GREEN, YELLOW, styled};

/// What became of a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Outcome {
    /// It does not run.
    Ended(Ended),
    /// It is not stopped, or Domus cannot tell.
    Failed(Failed),
}

/// The one word for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Failed {
    /// It is not stopped, or Domus cannot tell.
    Failed,
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

impl Line {
    /// What became of a guest, or why it is not stopped.
    pub fn new(guest: &str, result: Result<Ended, String>) -> Self {
        let (result, error) = match result {
            Ok(ended) => (Outcome::Ended(ended), None),
            Err(why) => (Outcome::Failed(Failed::Failed), Some(why)),
        };
        Self {
            guest: guest.to_owned(),
            result,
            error,
        }
    }

    /// Whether the guest does not run any more.
    pub const fn is_stopped(&self) -> bool {
        matches!(self.result, Outcome::Ended(_))
    }
}

pub fn run(common: &Common, args: &StopArgs) -> anyhow::Result<ExitCode> {
    if args.main_pid.as_ref().is_some_and(Vec::is_empty) {
        // The unit's main process is gone, so the guest is: nobody asked for a shutdown.
        return Ok(ExitCode::SUCCESS);
    }
    let lines = stop_all(common, &args.names, common.json)?;
    if common.json {
        outln!("{}", serde_json::json!({ "guests": lines }));
    }
    Ok(say_failures(&lines))
}

/// The failures, and on the last line the names of all that failed.
pub fn say_failures(lines: &[Line]) -> ExitCode {
    let failed = || lines.iter().filter(|line| !line.is_stopped());
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
    let mut wanted: Vec<&String> = Vec::new();
    for name in names {
        if !wanted.contains(&name) {
            wanted.push(name);
        }
    }
    let listed = domains::list_briefly(&known.programs);
    let listed = listed.map_err(|error| error.to_string());
    let targets: Vec<Result<Target, String>> = wanted
        .iter()
        .map(|name| target(name, &known, listed.as_deref().map_err(Clone::clone)))
        .collect();
    let asked: Vec<Target> = targets.iter().flatten().cloned().collect();
    let ended = ending::end(&asked, &known.layout, &known.programs, &mut |progress| {
        if !quiet {
            say(&progress);
        }
    });
    let mut ended = ended
        .into_iter()
        .map(|ended| ended.map_err(|error| error.to_string()));
    let lines = wanted.iter().zip(targets).map(|(name, target)| {
        let result = match target {
            Ok(_) => ended.next().unwrap_or(Ok(Ended::NotRunning)),
            Err(why) => Err(why),
        };
        Line::new(name, result)
    });
    Ok(lines.collect())
}

/// The guest of a name; a domain of this name that is somebody else's is left.
fn target(name: &str, known: &Known, domains: Result<&[Domain], String>) -> Result<Target, String> {
    let named = known.named(name).map_err(|error| format!("{error:#}"))?;
    if let Found::Foreign(other) = named.find(domains?) {
        return Err(format!(
            "the domain {name} ({}) is not Domus's own, and is left; `xl shutdown {0}` ends it",
            other.domid
        ));
    }
    Ok(Target {
        name: name.to_owned(),
        names: names_of(name, &known.records),
        uuids: named.uuids,
        lifecycle: named.lifecycle,
        at_once: false,
    })
}

fn say(progress: &Progress) {
    match progress {
        Progress::Paused { name, domid } => output::warning(&format!(
            "guest {name}: it is paused, and shuts down only when it runs again; `xl unpause {domid}` lets it"
        )),
        Progress::Done {
            name,
            result: Ok(ended),
        } => {
            let (style, word) = match ended {
                Ended::Stopped => (GREEN, "stopped"),
                Ended::NotRunning => (DIM, "was not running"),
                Ended::Destroyed => (YELLOW, "did not shut down, and was ended as by a power cut"),
            };
            outln!("{}: {}", styled(BOLD, name), styled(style, word));
        }
        Progress::Done { .. } => {}
        Progress::Waiting(left) => {
            if io::stderr().is_terminal() {
                errln!("{}", styled(DIM, waiting(left)));
            }
        }
    }
}

/// Whom a stop waits for, and how much longer.
pub fn waiting(left: &[(&str, u64)]) -> String {
    let names: Vec<String> = left
        .iter()
        .map(|(name, seconds)| format!("{name} ({seconds} s left)"))
        .collect();
    format!("waiting for {} to shut down …", names.join(", "))
}
