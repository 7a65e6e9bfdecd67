//! Ending guests: all are asked to shut down, then all are waited for, each with its own patience.

mod guest;

use std::thread;
use std::time::{Duration, Instant};

use guest_spec::Lifecycle;
use serde::Serialize;
use uuid::Uuid;

use crate::domains::{self, Domain, State};
use crate::keepers::Keepers;
use crate::layout::Layout;
use crate::program::Programs;
use crate::xl::Xl;
use guest::Ending;

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
