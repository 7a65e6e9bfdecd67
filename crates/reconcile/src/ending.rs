//! Ending guests: all are asked to shut down, then all are waited for, each with its own patience.

use std::thread;
use std::time::{Duration, Instant};

use guest_spec::{Lifecycle, OnTimeout};
use serde::Serialize;
use uuid::Uuid;

use crate::domains::{self, Domain, State};
use crate::keepers::{Keeper, Keepers};
use crate::layout::Layout;
use crate::program::Programs;
use crate::xl::{Xl, either_way};

/// How often xl is asked who is left. xl takes Xen's lock, so not too often.
const POLL: Duration = Duration::from_millis(500);
/// How long xl may take to begin to take a crashed domain apart.
const TAKEN_APART: Duration = Duration::from_secs(5);
/// How long a domain that is destroyed may take to be gone.
const DESTROYED: Duration = Duration::from_secs(60);
/// How long its xl may take to start a guest again: it sleeps for two seconds, and waits for Xen's lock.
const STARTED_AGAIN: Duration = Duration::from_secs(60);
/// How often it is said who is waited for.
const SAY: Duration = Duration::from_secs(10);

/// A guest that is to end.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its name, for messages.
    pub name: String,
    /// The names that it has, or may have had when its domain was made ([`crate::keepers::names`]).
    pub names: Vec<String>,
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
/// An xl that does not answer once is no sign that a guest is gone, nor that it is not. Nor is that a guest has no domain
/// one that it is off, as long as the xl is there that may make it anew: see [`keepers`](crate::keepers).
pub fn end(
    targets: &[Target],
    layout: &Layout,
    programs: &Programs,
    tell: &mut dyn FnMut(Progress),
) -> Vec<Result<Ended, EndError>> {
    let mut endings: Vec<Ending> = targets.iter().map(Ending::new).collect();
    let listed = domains::list_briefly(programs);
    let keepers = look_at_keepers(&endings, listed.as_deref().unwrap_or_default(), layout);
    for ending in &mut endings {
        match &listed {
            Ok(domains) => ending.begin(domains, &keepers, programs, tell),
            Err(error) => ending.result = Some(Err(EndError(error.to_string()))),
        }
        ending.tell(tell);
    }
    let mut said = Instant::now();
    while endings.iter().any(|ending| ending.result.is_none()) {
        thread::sleep(POLL);
        let listed = domains::list_briefly(programs).ok();
        // After the domains: an xl that is gone now makes none.
        let seen = listed.map(|listed| {
            let keepers = look_at_keepers(&endings, &listed, layout);
            (listed, keepers)
        });
        for ending in &mut endings {
            let seen = seen.as_ref();
            let seen = seen.map(|(listed, keepers)| (listed.as_slice(), keepers));
            ending.look(seen, programs, tell);
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

/// Who keeps the guests, where that is asked for: one of them is not there.
fn look_at_keepers(endings: &[Ending], domains: &[Domain], layout: &Layout) -> Keepers {
    let is_away = |ending: &Ending| {
        let domain = ending.find(domains);
        ending.result.is_none() && domain.is_none_or(|domain| domain.state == State::Dying)
    };
    if endings.iter().any(is_away) {
        Keepers::look(layout)
    } else {
        Keepers::default()
    }
}

/// A guest on its way to its end.
struct Ending<'a> {
    target: &'a Target,
    /// The domain that was seen last; nothing as long as none was there.
    domid: Option<u32>,
    /// Whether it was told to end. One that reboots by itself at this moment, or is about to be taken apart, is not.
    is_asked: bool,
    deadline: Instant,
    /// How its domain ended, while it is not sure that it does not come back.
    ended: Option<Ended>,
    result: Option<Result<Ended, EndError>>,
    told: bool,
}

impl<'a> Ending<'a> {
    fn new(target: &'a Target) -> Self {
        Self {
            target,
            domid: None,
            is_asked: false,
            deadline: Instant::now(),
            ended: None,
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

    /// Asks the guest to shut down, where it has a domain.
    fn begin(
        &mut self,
        domains: &[Domain],
        keepers: &Keepers,
        programs: &Programs,
        tell: &mut dyn FnMut(Progress),
    ) {
        self.deadline = Instant::now() + self.target.lifecycle.shutdown_timeout();
        match self.find(domains) {
            Some(domain) => self.ask(domain, programs, tell),
            // It reboots by itself, or starts: it is asked when it is there.
            None if self.keeper(keepers).is_some() => {}
            None => self.result = Some(Ok(Ended::NotRunning)),
        }
    }

    fn keeper<'k>(&self, keepers: &'k Keepers) -> Option<&'k Keeper> {
        keepers.xl_of(&self.target.names, &self.target.uuids)
    }

    /// Asks the domain to shut down.
    fn ask(&mut self, domain: &Domain, programs: &Programs, tell: &mut dyn FnMut(Progress)) {
        let limit = self.target.lifecycle.shutdown_timeout();
        self.domid = Some(domain.domid);
        self.ended = None;
        self.deadline = Instant::now() + limit;
        if self.target.at_once {
            return self.destroy(domain.domid, programs);
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
                domid: domain.domid,
            }),
            State::Running => {}
        }
        self.is_asked = true;
        if let Err(error) = Xl(programs).shut_down(domain.domid) {
            // It may have ended by itself meanwhile.
            let listed = domains::list_briefly(programs);
            let gone = listed.is_ok_and(|domains| self.find(&domains).is_none());
            if !gone {
                let why = format!("it is left running: {error}");
                self.result = Some(Err(EndError(why)));
            }
        }
    }

    /// Ends the domain as by a power cut; whether it comes back is to be seen.
    fn destroy(&mut self, domid: u32, programs: &Programs) {
        self.is_asked = true;
        match destroy(domid, programs) {
            Ok(ended) => {
                self.ended = Some(ended);
                self.deadline = Instant::now() + STARTED_AGAIN;
            }
            Err(why) => self.result = Some(Err(why)),
        }
    }

    /// Looks whether the guest is gone; nothing is seen where xl does not answer.
    fn look(
        &mut self,
        seen: Option<(&[Domain], &Keepers)>,
        programs: &Programs,
        tell: &mut dyn FnMut(Progress),
    ) {
        if self.result.is_some() {
            return;
        }
        let late = Instant::now() >= self.deadline;
        let Some((domains, keepers)) = seen else {
            if late {
                let why = "xl does not answer, so that Domus cannot tell whether it shut down; `xl list` tells when it answers again";
                self.result = Some(Err(EndError(why.to_owned())));
            }
            return;
        };
        let keeper = self.keeper(keepers);
        let Some(domain) = self.find(domains) else {
            return self.away(keeper, late);
        };
        let is_dying = domain.state == State::Dying;
        let is_another = self.domid != Some(domain.domid) && !is_dying;
        // While it is built, it is paused, and hears nothing.
        let hears = domain.state != State::Paused || late;
        if is_another && self.is_asked {
            self.result = Some(Err(EndError(format!(
                "it shut down, and its xl started it again as domain {0}: its onPoweroff is \"restart\", or it rebooted at that moment. `domus stop {1}` asks it again, `xl destroy {0}` ends it like a power cut",
                domain.domid, self.target.name
            ))));
        } else if is_another && hears {
            self.ask(domain, programs, tell);
        } else if is_dying && keeper.is_none() && self.ended.is_some() {
            // What is left of it is dead, and its xl is done with it.
            self.result = self.ended.map(Ok);
        } else if late {
            self.out_of_time(domain, programs);
        }
    }

    /// There is no domain: it is off, unless its xl is there.
    fn away(&mut self, keeper: Option<&Keeper>, late: bool) {
        let ended = self.ended.unwrap_or(match self.domid {
            Some(_) => Ended::Stopped,
            None => Ended::NotRunning,
        });
        let Some(keeper) = keeper else {
            self.result = Some(Ok(ended));
            return;
        };
        if self.ended.is_none() {
            self.ended = Some(ended);
            self.deadline = self.deadline.max(Instant::now() + STARTED_AGAIN);
        } else if late {
            self.result = Some(Err(EndError(format!(
                "it shut down, but {keeper}. `domus stop {}` asks it again",
                self.target.name
            ))));
        }
    }

    /// The guest had its time.
    fn out_of_time(&mut self, domain: &Domain, programs: &Programs) {
        let (name, domid) = (&self.target.name, domain.domid);
        let limit = self.target.lifecycle.shutdown_timeout_seconds;
        // A domain that has shut down may be one that is being saved: its memory is not to be lost.
        let may_end = !matches!(
            domain.state,
            State::Shutdown | State::Suspended | State::Dying
        );
        if self.target.lifecycle.on_timeout == OnTimeout::Destroy && may_end {
            return self.destroy(domid, programs);
        }
        self.result = Some(Err(EndError(match domain.state {
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
        })));
    }
}

/// Ends a domain as by a power cut, and waits until it is gone.
///
/// xl takes the backends of its disks down before the domain itself. So of a domain that is dying nobody has the disks any
/// more where xl says that it succeeded, and nobody knows where it says that it failed: then the domain must be gone.
///
/// # Errors
/// When xl cannot, or it is not gone after a minute.
pub fn destroy(domid: u32, programs: &Programs) -> Result<Ended, EndError> {
    let asked = Xl(programs).destroy(domid);
    let own = |domain: &&Domain| domain.domid == domid;
    // One that xl failed to end may end all the same: its own xl takes it apart.
    let limit = asked.as_ref().map_or(TAKEN_APART, |()| DESTROYED);
    let deadline = Instant::now() + limit;
    loop {
        let listed = domains::list_briefly(programs);
        let domain = listed.as_ref().map(|domains| domains.iter().find(own));
        let is_dying = |domain: &Domain| domain.state == State::Dying;
        match domain {
            Ok(None) => return Ok(Ended::Destroyed),
            Ok(Some(domain)) if asked.is_ok() && is_dying(domain) => return Ok(Ended::Destroyed),
            Ok(Some(domain)) if asked.is_err() && !is_dying(domain) => break,
            _ if Instant::now() >= deadline => break,
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

#[cfg(test)]
mod tests;
