//! One guest on its way to its end.

use std::time::{Duration, Instant};

use guest_spec::OnTimeout;

use super::{EndError, Ended, Progress, TAKEN_APART, Target, destroy};
use crate::domains::{self, Domain, State};
use crate::keepers::{Keeper, Keepers};
use crate::program::Programs;
use crate::xl::{Xl, either_way};

/// How long its xl may take to start a guest again: it sleeps for two seconds, and waits for Xen's lock.
const STARTED_AGAIN: Duration = Duration::from_secs(60);

/// A guest on its way to its end.
pub(super) struct Ending<'a> {
    target: &'a Target,
    /// The domain that was seen last; nothing as long as none was there.
    domid: Option<u32>,
    /// Whether it was told to end. One that reboots by itself at this moment, or is about to be taken apart, is not.
    is_asked: bool,
    deadline: Instant,
    /// How its domain ended, while it is not sure that it does not come back.
    ended: Option<Ended>,
    pub(super) result: Option<Result<Ended, EndError>>,
    told: bool,
}

impl<'a> Ending<'a> {
    pub(super) fn new(target: &'a Target) -> Self {
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

    pub(super) fn tell(&mut self, tell: &mut dyn FnMut(Progress)) {
        if let (Some(result), false) = (&self.result, self.told) {
            self.told = true;
            let name = &self.target.name;
            tell(Progress::Done { name, result });
        }
    }

    pub(super) fn left(&self) -> (&'a str, u64) {
        let left = self.deadline.saturating_duration_since(Instant::now());
        (&self.target.name, left.as_secs())
    }

    /// Its domain. One that is being taken apart may have its successor beside it.
    pub(super) fn find<'d>(&self, domains: &'d [Domain]) -> Option<&'d Domain> {
        let own = || {
            domains
                .iter()
                .filter(|domain| self.target.uuids.contains(&domain.uuid))
        };
        let lives = |domain: &&Domain| domain.state != State::Dying;
        own().find(lives).or_else(|| own().next())
    }

    /// Asks the guest to shut down, where it has a domain.
    pub(super) fn begin(
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
    pub(super) fn look(
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
                "it shut down, and its xl started it again as domain {0}: it rebooted at that moment, or its onPoweroff is \"restart\". `domus stop {1}` asks it again, `xl destroy {0}` ends it like a power cut",
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
