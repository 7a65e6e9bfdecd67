//! Ending guests: all are asked to shut down, then all are waited for, each with its own patience.

use std::thread;
use std::time::{Duration, Instant};

use guest_spec::{Lifecycle, OnTimeout};
use serde::Serialize;
use uuid::Uuid;

use crate::domains::{self, Domain, State};
use crate::program::Programs;
use crate::xl::{Xl, either_way};

/// How often xl is asked who is left. xl takes Xen's lock, so not too often.
const POLL: Duration = Duration::from_millis(500);
/// How long xl may take to begin to take a crashed domain apart.
const TAKEN_APART: Duration = Duration::from_secs(5);
/// How long a domain that is destroyed may take to be gone.
const DESTROYED: Duration = Duration::from_secs(60);
/// How often it is said who is waited for.
const SAY: Duration = Duration::from_secs(10);

/// A guest that is to end.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its name, for messages.
    pub name: String,
    /// The UUIDs that its domain may have.
    pub uuids: Vec<Uuid>,
    /// How long it may take, and what is done then.
    pub lifecycle: Lifecycle,
    /// Whether it is not asked, but ended as by a power cut.
    pub at_once: bool,
}

/// How a guest ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// It was not running.
    NotRunning,
    /// It shut down.
    Stopped,
    /// It did not shut down in time, and was ended as by a power cut, as its `onTimeout` says; or that was asked for.
    Destroyed,
}

/// Why a guest has not ended: what it does, and what a person may do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EndError(String);

/// What is told while guests end.
#[derive(Debug)]
pub enum Progress<'a> {
    /// A guest cannot hear that it is to shut down: it is paused.
    Paused {
        /// The guest.
        name: &'a str,
        /// Its domain.
        domid: u32,
    },
    /// A guest has ended, or has not.
    Done {
        /// The guest.
        name: &'a str,
        /// How, or why not.
        result: &'a Result<Ended, EndError>,
    },
    /// These are still waited for, each with the seconds that it has left.
    Waiting(&'a [(&'a str, u64)]),
}

/// Ends these guests and says of each, in their order, how, or why not.
///
/// An xl that does not answer once is no sign that a guest is gone, nor that it is not.
pub fn end(
    targets: &[Target],
    programs: &Programs,
    tell: &mut dyn FnMut(Progress),
) -> Vec<Result<Ended, EndError>> {
    let mut endings: Vec<Ending> = targets.iter().map(Ending::new).collect();
    let listed = domains::list_briefly(programs);
    for ending in &mut endings {
        match &listed {
            Ok(domains) => ending.ask(domains, programs, tell),
            Err(error) => ending.result = Some(Err(EndError(error.to_string()))),
        }
        ending.tell(tell);
    }
    let mut said = Instant::now();
    while endings.iter().any(|ending| ending.result.is_none()) {
        thread::sleep(POLL);
        let listed = domains::list_briefly(programs).ok();
        for ending in &mut endings {
            ending.look(listed.as_deref(), programs);
            ending.tell(tell);
        }
        if said.elapsed() >= SAY {
            said = Instant::now();
            let waiting = endings.iter().filter(|ending| ending.result.is_none());
            let left: Vec<(&str, u64)> = waiting.map(Ending::left).collect();
            if !left.is_empty() {
                tell(Progress::Waiting(&left));
            }
        }
    }
    endings
        .into_iter()
        .filter_map(|ending| ending.result)
        .collect()
}

/// A guest on its way to its end.
struct Ending<'a> {
    target: &'a Target,
    /// The domain that was asked.
    domid: u32,
    deadline: Instant,
    result: Option<Result<Ended, EndError>>,
    told: bool,
}

impl<'a> Ending<'a> {
    fn new(target: &'a Target) -> Self {
        Self {
            target,
            domid: 0,
            deadline: Instant::now(),
            result: None,
            told: false,
        }
    }

    fn tell(&mut self, tell: &mut dyn FnMut(Progress)) {
        if let (Some(result), false) = (&self.result, self.told) {
            self.told = true;
            let name = &self.target.name;
            tell(Progress::Done { name, result });
        }
    }

    fn left(&self) -> (&'a str, u64) {
        let left = self.deadline.saturating_duration_since(Instant::now());
        (&self.target.name, left.as_secs())
    }

    /// Its domain. One that is being taken apart may have its successor beside it.
    fn find<'d>(&self, domains: &'d [Domain]) -> Option<&'d Domain> {
        let own = || {
            domains
                .iter()
                .filter(|domain| self.target.uuids.contains(&domain.uuid))
        };
        let lives = |domain: &&Domain| domain.state != State::Dying;
        own().find(lives).or_else(|| own().next())
    }

    /// Asks the domain to shut down.
    fn ask(&mut self, domains: &[Domain], programs: &Programs, tell: &mut dyn FnMut(Progress)) {
        let Some(domain) = self.find(domains) else {
            self.result = Some(Ok(Ended::NotRunning));
            return;
        };
        let limit = self.target.lifecycle.shutdown_timeout();
        self.domid = domain.domid;
        self.deadline = Instant::now() + limit;
        if self.target.at_once {
            self.result = Some(destroy(domain.domid, programs));
            return;
        }
        match domain.state {
            // It will do nothing any more; its xl may be about to take it apart.
            State::Crashed => {
                self.deadline = Instant::now() + limit.min(TAKEN_APART);
                return;
            }
            State::Shutdown | State::Suspended | State::Dying => return,
            State::Paused => tell(Progress::Paused {
                name: &self.target.name,
                domid: self.domid,
            }),
            State::Running => {}
        }
        if let Err(error) = Xl(programs).shut_down(self.domid) {
            // It may have ended by itself meanwhile.
            let listed = domains::list_briefly(programs);
            let gone = listed.is_ok_and(|domains| self.find(&domains).is_none());
            self.result = Some(if gone {
                Ok(Ended::Stopped)
            } else {
                Err(EndError(format!("it is left running: {error}")))
            });
        }
    }

    /// Looks whether the guest is gone.
    fn look(&mut self, domains: Option<&[Domain]>, programs: &Programs) {
        if self.result.is_some() {
            return;
        }
        let domain = domains.map(|domains| self.find(domains));
        self.result = match domain {
            Some(None) => Some(Ok(Ended::Stopped)),
            Some(Some(domain)) if domain.domid != self.domid && domain.state != State::Dying => {
                Some(Err(EndError(format!(
                    "it shut down, and was started again as domain {}: its onPoweroff is \"restart\", or it rebooted at that moment. `domus stop {}` asks it again",
                    domain.domid, self.target.name
                ))))
            }
            domain if Instant::now() >= self.deadline => {
                Some(self.out_of_time(domain.flatten(), programs))
            }
            _ => None,
        };
    }

    /// The guest had its time.
    fn out_of_time(&self, domain: Option<&Domain>, programs: &Programs) -> Result<Ended, EndError> {
        let Some(domain) = domain else {
            let why = "xl does not answer, so that Domus cannot tell whether it shut down; `xl list` tells when it answers again";
            return Err(EndError(why.to_owned()));
        };
        let (name, domid) = (&self.target.name, self.domid);
        let limit = self.target.lifecycle.shutdown_timeout_seconds;
        // A domain that has shut down may be one that is being saved: its memory is not to be lost.
        let may_end = !matches!(
            domain.state,
            State::Shutdown | State::Suspended | State::Dying
        );
        if self.target.lifecycle.on_timeout == OnTimeout::Destroy && may_end {
            return destroy(domid, programs);
        }
        Err(EndError(match domain.state {
            State::Crashed => format!(
                "it has crashed, and its domain {domid} is kept to be looked at; `xl destroy {domid}` ends it"
            ),
            State::Shutdown => format!(
                "it has shut down, and its domain {domid} is still there after {limit} s; `xl destroy {domid}` ends it"
            ),
            State::Suspended => format!(
                "it is suspended: somebody saves it, or the xl that did was killed, and then its memory is the only copy. If nobody saves it, {}",
                either_way(domid)
            ),
            State::Dying => format!(
                "its domain {domid} ended, and is not taken apart after {limit} s; `xl list` and /var/log/xen say more"
            ),
            State::Paused => format!(
                "it is paused, so that it did not shut down within {limit} s; `xl unpause {domid}` lets it run on"
            ),
            State::Running => format!(
                "it did not shut down within {limit} s (option shutdownTimeout), and is left running (option onTimeout); `domus console {name}` shows what it waits for, `xl destroy {domid}` ends it like a power cut"
            ),
        }))
    }
}

/// Ends a domain as by a power cut, and waits until it is gone.
///
/// # Errors
/// When xl cannot, or it is not gone after a minute.
pub fn destroy(domid: u32, programs: &Programs) -> Result<Ended, EndError> {
    let asked = Xl(programs).destroy(domid);
    let there = |domain: &Domain| domain.domid == domid && domain.state != State::Dying;
    let deadline = Instant::now() + DESTROYED;
    loop {
        match domains::list_briefly(programs) {
            Ok(domains) if !domains.iter().any(there) => return Ok(Ended::Destroyed),
            _ if asked.is_err() || Instant::now() >= deadline => break,
            _ => thread::sleep(POLL),
        }
    }
    match asked {
        Err(error) => Err(EndError(format!(
            "domain {domid} could not be ended: {error}"
        ))),
        Ok(()) => Err(EndError(format!(
            "domain {domid} was destroyed, and is not gone; `xl list` and /var/log/xen say more"
        ))),
    }
}
