//! Bringing one guest up: by its unit, or by xl.

use std::ffi::OsStr;
use std::time::Duration;

use guest_spec::Guest;
use uuid::Uuid;

use crate::apply::{Executor, Starter, StepError};
use crate::domains::{self, Domain, State};
use crate::files;
use crate::plan::Step;
use crate::program;
use crate::restoring::{self, Interrupted, RESTORE_LIMIT, Restore};
use crate::units::{ActiveUnits, Unit};
use crate::xl::Xl;

/// How long a unit may stay active after its guest is gone: it asks xl now and then only.
const STILL_ACTIVE: Duration = Duration::from_secs(30);

impl Executor<'_> {
    /// Starts or restores one guest, and gives the number of its domain.
    pub(super) fn bring_up(
        &self,
        guest: &Guest,
        step: &Step,
        uuid: Uuid,
        active: &ActiveUnits,
    ) -> Result<Option<u32>, StepError> {
        let name = guest.name.as_str();
        match (self.starter, step) {
            (Starter::Unit, _) => {
                self.start_unit(name, step, active)?;
                if let (Step::Start, Some(domid)) = (step, self.started_domid(name)) {
                    return Ok(Some(domid));
                }
            }
            (Starter::Xl, Step::Restore) => return self.restore(name, uuid).map(Some),
            (Starter::Xl, _) => {
                let config = self.layout.config(name);
                let args = [OsStr::new("create"), config.as_os_str()];
                let created = program::run(&self.programs.xl, &args, self.programs.start_limit);
                created.map_err(|error| not_started(name, &error.to_string()))?;
            }
        }
        let uuid = if *step == Step::Restore {
            uuid
        } else {
            guest.uuid
        };
        Ok(Xl(self.programs).live_domid(uuid)?)
    }

    /// The number of the domain that xl made in a guest's unit, where that left word of it.
    fn started_domid(&self, name: &str) -> Option<u32> {
        let word = files::read_text(&self.layout.started_domid(name));
        word.ok().flatten()?.parse().ok()
    }

    fn start_unit(&self, name: &str, step: &Step, active: &ActiveUnits) -> Result<(), StepError> {
        let unit = Unit::of_guest(name, self.programs);
        // Of a guest that was just shut down it may still be active, and a start of it would do nothing.
        if active.may_have(&unit) {
            unit.wait_until_over(STILL_ACTIVE)?;
        }
        let limit = match step {
            Step::Restore => RESTORE_LIMIT,
            _ => self.programs.start_limit,
        };
        let Err(error) = unit.start(limit) else {
            return Ok(());
        };
        let said = files::read_text(&self.layout.failure(name)).ok().flatten();
        Err(not_started(
            name,
            &said.unwrap_or_else(|| error.to_string()),
        ))
    }

    /// Without systemd.
    fn restore(&self, name: &str, uuid: Uuid) -> Result<u32, StepError> {
        let programs = self.programs;
        let file = self.layout.save_dir().join(name);
        let domains = domains::list_briefly(programs)?;
        let paused = |domain: &&Domain| domain.uuid == uuid && domain.state == State::Paused;
        let mut again = None;
        if let Some(domain) = domains.iter().find(paused) {
            let saved = files::is_there(&file)?;
            match restoring::interrupted(name, domain, saved, self.layout, programs)? {
                Some(Interrupted::Finish) => {
                    restoring::finish(name, domain, self.layout, programs)?;
                    return Ok(domain.domid);
                }
                Some(Interrupted::Again) => again = Some(domain.domid),
                None => {}
            }
        }
        let restore = Restore {
            name: name.to_owned(),
            file,
            uuids: vec![uuid],
            layout: self.layout.clone(),
            again,
            started_with: None,
        };
        Ok(restore.by_xl(programs)?.domid)
    }
}

fn not_started(guest: &str, cause: &str) -> StepError {
    StepError::Start {
        guest: guest.to_owned(),
        cause: cause.trim().to_owned(),
    }
}
