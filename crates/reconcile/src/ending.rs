//! Shutting guests down: all are asked, then all are waited for, each with its own patience.

use std::thread;
use std::time::{Duration, Instant};

use guest_spec::{Lifecycle, OnTimeout};
use uuid::Uuid;

use crate::domains::{self, Domain, State};
use crate::program::Programs;
use crate::xl::Xl;

/// How often xl is asked who is left. xl takes Xen's lock, so not too often.
const POLL: Duration = Duration::from_millis(500);
/// How long a domain that is destroyed may take to be gone.
const DESTROYED: Duration = Duration::from_secs(60);

/// A guest that is to end.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its name, for messages.
    pub name: String,
    /// Its domain.
    pub uuid: Uuid,
    /// How long it may take, in whole seconds, and what is done then.
    pub lifecycle: Lifecycle,
    /// Whether it is not asked, but ended as by a power cut.
    pub at_once: bool,
}

/// How a guest ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was not running.
    WasGone,
    /// It shut down.
    ShutDown,
    /// It did not shut down in time, and was ended as by a power cut, as it is declared; or that was asked for.
    Destroyed,
}

/// Ends these guests and says of each, in their order, how, or why not. `waiting` is told, now and then, who is left.
pub fn end(
    targets: &[Target],
    programs: &Programs,
    waiting: &mut dyn FnMut(&[&str]),
) -> Vec<Result<Ended, String>> {
    let xl = Xl(programs);
    let mut results: Vec<Option<Result<Ended, String>>> = vec![None; targets.len()];
    let domains = match domains::list_briefly(programs) {
        Ok(domains) => domains,
        Err(error) => return vec![Err(error.to_string()); targets.len()],
    };
    for (target, result) in targets.iter().zip(&mut results) {
        *result = match find(&domains, target.uuid) {
            None => Some(Ok(Ended::WasGone)),
            Some(domain) if target.at_once => Some(destroy(xl, target, domain.domid)),
            // It is on its way, or nobody in it can hear.
            Some(domain) if domain.state == State::Shutdown => None,
            Some(domain) => match xl.shut_down(domain.domid) {
                Ok(()) => None,
                // It may have ended by itself meanwhile; then it is not there at the next look.
                Err(error) => Some(refused(programs, target, &error.to_string())),
            },
        };
    }
    let start = Instant::now();
    let mut said = start;
    while results.iter().any(Option::is_none) {
        thread::sleep(POLL);
        // An xl that does not answer once is no sign that a guest is gone, nor that it is not.
        let domains = domains::list_briefly(programs).ok();
        for (target, result) in targets.iter().zip(&mut results) {
            if result.is_some() {
                continue;
            }
            let domain = match &domains {
                Some(domains) => find(domains, target.uuid),
                None => None,
            };
            *result = match domain {
                None if domains.is_some() => Some(Ok(Ended::ShutDown)),
                domain if start.elapsed() >= target.lifecycle.shutdown_timeout() => {
                    Some(out_of_time(xl, target, domain))
                }
                _ => None,
            };
        }
        let left: Vec<&str> = targets
            .iter()
            .zip(&results)
            .filter(|(_, result)| result.is_none())
            .map(|(target, _)| target.name.as_str())
            .collect();
        if !left.is_empty() && said.elapsed() >= Duration::from_secs(10) {
            said = Instant::now();
            waiting(&left);
        }
    }
    results.into_iter().flatten().collect()
}

fn find(domains: &[Domain], uuid: Uuid) -> Option<&Domain> {
    domains.iter().find(|domain| domain.uuid == uuid)
}

/// xl would not ask the guest: nothing to wait for, unless it is gone by now.
fn refused(programs: &Programs, target: &Target, why: &str) -> Result<Ended, String> {
    match domains::list_briefly(programs) {
        Ok(domains) if find(&domains, target.uuid).is_none() => Ok(Ended::ShutDown),
        _ => Err(format!(
            "it could not be asked to shut down, and runs on: {why}"
        )),
    }
}

fn out_of_time(xl: Xl, target: &Target, domain: Option<&Domain>) -> Result<Ended, String> {
    let seconds = target.lifecycle.shutdown_timeout_seconds;
    match (target.lifecycle.on_timeout, domain) {
        (OnTimeout::Destroy, Some(domain)) => destroy(xl, target, domain.domid),
        (OnTimeout::Destroy, None) => Err(format!(
            "it did not shut down within {seconds} s, and xl does not say whether it still runs"
        )),
        (OnTimeout::Keep, _) => Err(format!(
            "it did not shut down within {seconds} s, and runs on (option onTimeout is \"keep\"); `xl console {0}` shows what it waits for, `xl destroy {0}` ends it like a power cut",
            target.name
        )),
    }
}

fn destroy(xl: Xl, target: &Target, domid: u32) -> Result<Ended, String> {
    xl.destroy(domid).map_err(|error| error.to_string())?;
    let start = Instant::now();
    while start.elapsed() < DESTROYED {
        let domains = domains::list_briefly(xl.0).map_err(|error| error.to_string())?;
        if find(&domains, target.uuid).is_none() {
            return Ok(Ended::Destroyed);
        }
        thread::sleep(POLL);
    }
    Err("it was destroyed, and is not gone; the device model or a disk's backend holds it: `xl list` and the journal say more".to_owned())
}
