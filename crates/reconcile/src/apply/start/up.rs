//! Bringing one guest up: by its unit, or by xl.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::time::Duration;

use guest_spec::Guest;
use uuid::Uuid;

use crate::apply::{Executor, Starter, StepError};
use crate::domains::{self, State};
use crate::files;
use crate::plan::Step;
use crate::program;
use crate::units::Unit;
use crate::xl::Xl;

/// How long the unit of a guest that is restored may take: the memory of a large guest is read from a slow disk. The unit
/// itself gives up before.
const RESTORE_LIMIT: Duration = Duration::from_secs(6 * 3600);

/// How long a unit may stay active after its guest is gone: it asks xl now and then only.
const STILL_ACTIVE: Duration = Duration::from_secs(30);

/// The guests' units that are active before any guest starts, where systemd says.
pub(super) struct ActiveUnits(Option<BTreeSet<String>>);

impl ActiveUnits {
    fn may_have(&self, unit: &Unit) -> bool {
        self.0.as_ref().is_none_or(|all| all.contains(unit.name()))
    }
}

impl Executor<'_> {
    /// Asks for the units of all guests at once: at a boot none is active, and each asked for itself is a process more for
    /// each guest.
    pub(super) fn active_units(&self) -> ActiveUnits {
        if self.starter == Starter::Xl {
            return ActiveUnits(Some(BTreeSet::new()));
        }
        let args = [
            "list-units",
            "--plain",
            "--no-legend",
            "--full",
            "--state=active",
            "domus-guest@*",
        ];
        let said = program::run(&self.programs.systemctl, &args, self.programs.answer_limit);
        let first = |line: &str| line.split_whitespace().next().map(str::to_owned);
        ActiveUnits(
            said.ok()
                .map(|text| text.lines().filter_map(first).collect()),
        )
    }

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
            (Starter::Unit, _) => self.start_unit(name, step, active)?,
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

    fn start_unit(&self, name: &str, step: &Step, active: &ActiveUnits) -> Result<(), StepError> {
        let unit = Unit::of_guest(name, self.programs);
        // Of a guest that was just shut down it may still be active, and a start of it would do nothing.
        if active.may_have(&unit) {
            unit.wait_until_over(STILL_ACTIVE)?;
        }
        let args = ["start", unit.name()];
        let limit = match step {
            Step::Restore => RESTORE_LIMIT,
            _ => self.programs.start_limit,
        };
        let Err(error) = program::run(&self.programs.systemctl, &args, limit) else {
            return Ok(());
        };
        let said = files::read_text(&self.layout.failure(name)).ok().flatten();
        Err(not_started(
            name,
            &said.unwrap_or_else(|| error.to_string()),
        ))
    }

    /// Without systemd. The guest does not run before its save file is gone, and that does not go before all of it is in
    /// memory: a save file that outlives its guest would destroy its file systems at some later boot.
    fn restore(&self, name: &str, uuid: Uuid) -> Result<u32, StepError> {
        let file = self.layout.save_dir().join(name);
        let error = |cause: String| StepError::Restore {
            cause,
            file: file.display().to_string(),
        };
        let xl = Xl(self.programs);
        xl.restore_paused(&file)
            .map_err(|cause| error(cause.to_string()))?;
        let domains = domains::list_briefly(self.programs)?;
        let restored = domains
            .iter()
            .find(|domain| domain.uuid == uuid && domain.state == State::Paused);
        let Some(domain) = restored else {
            return Err(error(
                "xl restored another domain than this guest; `xl list` shows it, paused".to_owned(),
            ));
        };
        files::remove(&file)?;
        if domain.name != name {
            // It was renamed while it was saved. What fails here, the next apply does.
            let _ = xl.rename(domain.domid, name);
        }
        xl.unpause(domain.domid)?;
        Ok(domain.domid)
    }
}

fn not_started(guest: &str, cause: &str) -> StepError {
    StepError::Start {
        guest: guest.to_owned(),
        cause: cause.trim().to_owned(),
    }
}
