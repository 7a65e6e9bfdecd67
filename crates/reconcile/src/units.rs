//! What systemd says of a guest's unit.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::program::{self, ProgramError, Programs};

/// What is asked of a unit; `systemctl show` prints each as `NAME=VALUE`.
const PROPERTIES: &str =
    "ActiveState,SubState,Result,ExecMainStatus,StatusText,Job,StateChangeTimestamp";

const POLL: Duration = Duration::from_millis(200);
/// Longer than systemd lets a start take that it has begun (`TimeoutStartSec` of `domus-guest@`).
const BEGUN: Duration = Duration::from_secs(11 * 60);

/// A guest's unit.
#[derive(Clone, Debug)]
pub struct Unit<'a> {
    name: String,
    programs: &'a Programs,
}

/// A unit does not end although its guest is gone.
#[derive(Debug, thiserror::Error)]
#[error(
    "{0} is still active although this guest does not run; `systemctl status {0}` says what it does. Where another guest was called so when it was started, it is that one's unit until that one ends; else `systemctl stop {0}` ends it"
)]
pub struct StillActive(String);

/// How a unit stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UnitState {
    /// `domus-guest@NAME.service`.
    pub name: String,
    /// `active`, `inactive`, `activating`, `deactivating` or `failed`.
    pub active_state: String,
    /// `running`, `dead`, `stop-sigterm` and the like.
    pub sub_state: String,
    /// `success`, or why it failed: `exit-code`, `timeout`, `signal`, `protocol`.
    pub result: String,
    /// The exit status of `domus run`.
    pub exit_status: Option<i32>,
    /// What `domus run` says that it does.
    pub status_text: Option<String>,
    /// Whether systemd is about to start or stop it.
    pub has_job: bool,
    /// Since when, as systemd writes it.
    pub since: Option<String>,
}

impl UnitState {
    /// Whether a guest's processes may be in it.
    fn is_up(&self) -> bool {
        !matches!(self.active_state.as_str(), "" | "inactive" | "failed")
    }

    /// From what `systemctl show` prints.
    fn parse(text: &str) -> Self {
        let fields: BTreeMap<&str, &str> = text
            .lines()
            .filter_map(|line| line.split_once('='))
            .collect();
        let field = |name: &str| {
            let value = fields.get(name).copied().unwrap_or_default();
            (!value.is_empty()).then(|| value.to_owned())
        };
        Self {
            name: String::new(),
            active_state: field("ActiveState").unwrap_or_default(),
            sub_state: field("SubState").unwrap_or_default(),
            result: field("Result").unwrap_or_default(),
            exit_status: field("ExecMainStatus").and_then(|status| status.parse().ok()),
            status_text: field("StatusText"),
            has_job: field("Job").is_some_and(|job| job != "0"),
            since: field("StateChangeTimestamp").filter(|since| since != "n/a"),
        }
    }
}

impl<'a> Unit<'a> {
    /// `domus-guest@NAME.service`.
    #[must_use]
    pub fn of_guest(guest: &str, programs: &'a Programs) -> Self {
        Self {
            name: format!("domus-guest@{guest}.service"),
            programs,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it stands; nothing where systemd does not say.
    #[must_use]
    pub fn state(&self) -> Option<UnitState> {
        let args = ["show", "--property", PROPERTIES, "--", &self.name];
        let said = program::run(&self.programs.systemctl, &args, self.programs.answer_limit);
        let mut state = UnitState::parse(&said.ok()?);
        state.name.clone_from(&self.name);
        Some(state)
    }

    /// The state of a guest's unit, of those that it may have: a guest that was renamed keeps the one that it was started
    /// by, until it ends. The first is its own.
    #[must_use]
    pub fn state_of(names: &[&str], programs: &Programs) -> Option<UnitState> {
        let of = |name: &&str| Unit::of_guest(name, programs).state();
        let mut others = names.iter().skip(1);
        let own = of(names.first()?);
        if own.as_ref().is_some_and(UnitState::is_up) {
            return own;
        }
        let up = others.find_map(|name| of(name).filter(UnitState::is_up));
        up.or(own)
    }

    /// What a start of it waits for, in words.
    #[must_use]
    pub fn waits_for(&self) -> Option<String> {
        let state = self.state()?;
        if let Some(text) = state.status_text {
            return Some(text);
        }
        match state.active_state.as_str() {
            "inactive" | "failed" if state.has_job => Some(
                "systemd starts what comes before it: mounts and bridges (`systemctl list-jobs`)"
                    .to_owned(),
            ),
            "deactivating" => Some("its unit still stops".to_owned()),
            _ => None,
        }
    }

    /// Starts the unit, and waits for it. A start that systemd has not begun by `limit`, since it waits for what comes first,
    /// is withdrawn: it would be carried out when nobody expects it. One that it has begun ends when systemd says so.
    ///
    /// # Errors
    /// When the unit is not active then.
    pub fn start(&self, limit: Duration) -> Result<(), ProgramError> {
        let systemctl = &self.programs.systemctl;
        let Err(error) = program::run(systemctl, &["start", &self.name], limit) else {
            return Ok(());
        };
        if !matches!(error, ProgramError::Timeout { .. }) {
            return Err(error);
        }
        let deadline = Instant::now() + BEGUN;
        while let Some(state) = self.state() {
            match state.active_state.as_str() {
                "active" => return Ok(()),
                "activating" if Instant::now() < deadline => thread::sleep(POLL),
                "activating" => break,
                _ if state.has_job => {
                    let stop = ["stop", &self.name];
                    let _ = program::run(systemctl, &stop, self.programs.answer_limit);
                    break;
                }
                _ => break,
            }
        }
        Err(error)
    }

    /// Waits while the unit is active although its guest is gone: it asks xl now and then only, and a start of an active
    /// unit does nothing.
    ///
    /// # Errors
    /// When it is still active after `limit`.
    pub fn wait_until_over(&self, limit: Duration) -> Result<(), StillActive> {
        let deadline = Instant::now() + limit;
        while self
            .state()
            .is_some_and(|state| state.active_state == "active")
        {
            if Instant::now() >= deadline {
                return Err(StillActive(self.name.clone()));
            }
            thread::sleep(POLL);
        }
        Ok(())
    }
}

/// The guests' units that are active at a moment: nothing where systemd did not say.
#[derive(Clone, Debug)]
pub struct ActiveUnits(Option<BTreeSet<String>>);

impl Default for ActiveUnits {
    /// None is.
    fn default() -> Self {
        Self(Some(BTreeSet::new()))
    }
}

impl ActiveUnits {
    /// Asks for the units of all guests at once: at a boot none is active, and each asked for itself is a process more for
    /// each guest.
    #[must_use]
    pub fn ask(programs: &Programs) -> Self {
        let args = [
            "list-units",
            "--plain",
            "--no-legend",
            "--full",
            "--state=active",
            "domus-guest@*",
        ];
        let said = program::run(&programs.systemctl, &args, programs.answer_limit);
        let first = |line: &str| line.split_whitespace().next().map(str::to_owned);
        let all = |text: String| text.lines().filter_map(first).collect();
        Self(said.ok().map(all))
    }

    /// Whether a unit was active, or may have been.
    #[must_use]
    pub fn may_have(&self, unit: &Unit) -> bool {
        self.0.as_ref().is_none_or(|all| all.contains(unit.name()))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    use tempfile::TempDir;

    use super::*;

    /// A systemctl of this script; files beside it are `$0.NAME`.
    fn systemctl(script: &str) -> (TempDir, PathBuf, Programs) {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("systemctl");
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let programs = Programs {
            systemctl: program.clone().into(),
            ..Programs::default()
        };
        (folder, program, programs)
    }

    #[test]
    fn what_systemctl_prints_is_read() {
        let text = "Result=exit-code\nExecMainStatus=1\nStatusText=\nActiveState=failed\nSubState=failed\nStateChangeTimestamp=Sun 2026-11-22 02:00:00 UTC\nJob=0\n";
        let state = UnitState::parse(text);
        assert_eq!(
            (
                state.active_state.as_str(),
                state.result.as_str(),
                state.exit_status
            ),
            ("failed", "exit-code", Some(1))
        );
        assert_eq!(state.since.as_deref(), Some("Sun 2026-11-22 02:00:00 UTC"));
        assert!(!state.has_job && state.status_text.is_none());
        assert_eq!(UnitState::parse("junk"), UnitState::default());
    }

    #[test]
    fn a_renamed_guest_has_the_unit_that_it_was_started_by() {
        let script =
            "for unit; do :; done\necho ActiveState=$(cat $0.$unit 2>/dev/null || echo inactive)";
        let (_folder, systemctl, programs) = systemctl(script);
        let is = |guest: &str, state: &str| {
            let file = format!("{}.domus-guest@{guest}.service", systemctl.display());
            fs::write(file, state).unwrap();
        };
        let unit = || Unit::state_of(&["shop", "web"], &programs).unwrap().name;
        assert_eq!(unit(), "domus-guest@shop.service");
        is("web", "active");
        assert_eq!(unit(), "domus-guest@web.service");
        is("shop", "activating");
        assert_eq!(unit(), "domus-guest@shop.service");
        is("shop", "failed");
        assert_eq!(unit(), "domus-guest@web.service");
        is("web", "failed");
        assert_eq!(unit(), "domus-guest@shop.service");
        assert_eq!(
            Unit::state_of(&["nobody"], &programs).unwrap().active_state,
            "inactive"
        );
    }

    #[test]
    fn those_that_are_active_are_asked_for_at_once() {
        let line = "domus-guest@web.service loaded active running web, a Xen guest";
        let (_folder, _, programs) = systemctl(&format!("echo '{line}'"));
        let active = ActiveUnits::ask(&programs);
        let may_have =
            |active: &ActiveUnits, name| active.may_have(&Unit::of_guest(name, &programs));
        assert!(may_have(&active, "web") && !may_have(&active, "shop"));
        assert!(!may_have(&ActiveUnits::default(), "web"));
        let (_folder, _, failing) = systemctl("exit 1");
        assert!(may_have(&ActiveUnits::ask(&failing), "shop"));
    }

    #[test]
    fn a_start_that_takes_too_long_is_waited_for_or_withdrawn() {
        let started = |states: &str| {
            // It says how the unit stands line by line, the last for ever.
            let script = "case $1 in start) exec sleep 60 ;; stop) : > $0.stopped ;; show) head -n 1 $0.states | tr , '\\n'; [ $(wc -l < $0.states) = 1 ] || sed -i 1d $0.states ;; esac";
            let (folder, systemctl, programs) = systemctl(script);
            fs::write(format!("{}.states", systemctl.display()), states).unwrap();
            let unit = Unit::of_guest("web", &programs);
            let is_started = unit.start(Duration::from_millis(100)).is_ok();
            (is_started, folder.path().join("systemctl.stopped").exists())
        };
        let begun = "ActiveState=activating,Job=7\nActiveState=activating,Job=7\n";
        assert_eq!(
            started(&format!("{begun}ActiveState=active,Job=0\n")),
            (true, false)
        );
        assert_eq!(
            started(&format!("{begun}ActiveState=failed,Job=0\n")),
            (false, false)
        );
        assert_eq!(started("ActiveState=inactive,Job=7\n"), (false, true));
    }
}
