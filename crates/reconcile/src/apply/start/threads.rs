//! The threads of the starts.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::Sender;
use std::thread::Scope;
use std::time::Instant;

use guest_spec::Guest;
use uuid::Uuid;

use crate::apply::{Executor, StepError};
use crate::plan::Step;
use crate::ready::{Outcome, Watch};
use crate::units::ActiveUnits;

/// What the other threads tell.
pub(super) enum Told {
    /// A start is over; the number of the domain that runs.
    Built(usize, Result<Option<u32>, StepError>),
    /// A guest, started here or not, is ready, or is not waited for.
    Ready(String, Outcome),
}

/// A guest that is waited for.
pub(super) struct Awaited {
    pub(super) since: Instant,
    what: String,
}

/// The threads of the starts, and what they are waiting for.
pub(super) struct Threads<'scope, 'env> {
    pub(super) executor: &'scope Executor<'scope>,
    pub(super) active: &'scope ActiveUnits,
    pub(super) scope: &'scope Scope<'scope, 'env>,
    pub(super) tell: Sender<Told>,
    pub(super) stop: &'scope AtomicBool,
    pub(super) awaited: BTreeMap<String, Awaited>,
}

impl<'scope> Threads<'scope, '_> {
    pub(super) fn start(&self, at: usize, guest: &'scope Guest, step: &'scope Step, uuid: Uuid) {
        let (executor, active, tell) = (self.executor, self.active, self.tell.clone());
        self.scope.spawn(move || {
            // Nobody listens any more when the schedule is given up.
            let built = executor.bring_up(guest, step, uuid, active);
            let _ = tell.send(Told::Built(at, built));
        });
    }

    pub(super) fn watch(&mut self, name: &str, mut watch: Watch) {
        let what = watch.missing().unwrap_or_default();
        let awaited = Awaited {
            since: Instant::now(),
            what,
        };
        self.awaited.insert(name.to_owned(), awaited);
        let (executor, tell, stop) = (self.executor, self.tell.clone(), self.stop);
        let name = name.to_owned();
        self.scope.spawn(move || {
            let outcome = watch.wait(executor.programs, stop);
            let _ = tell.send(Told::Ready(name, outcome));
        });
    }

    /// What is waited for, in words that stay the same while it is.
    pub(super) fn awaits(&self) -> Option<String> {
        let all = self.awaited.iter();
        let all: Vec<String> = all
            .map(|(name, awaited)| format!("{name} is ready ({})", awaited.what))
            .collect();
        (!all.is_empty()).then(|| format!("it waits until {}", all.join("; until ")))
    }

    /// What is waited for, in words.
    pub(super) fn waiting(&self) -> Option<String> {
        let all: Vec<String> = self
            .awaited
            .iter()
            .map(|(name, awaited)| {
                let seconds = awaited.since.elapsed().as_secs();
                format!("{name} is ready ({}), {seconds} s", awaited.what)
            })
            .collect();
        (!all.is_empty()).then(|| format!("waiting until {}", all.join("; until ")))
    }
}
