//! Which units a switch stops, restarts, starts and leaves alone: the rules of NixOS's switch-to-configuration.

use std::collections::{BTreeMap, BTreeSet};

use super::unit_file::{Difference, UnitFile};
use crate::evaluation::Unit;

/// The units of a generation, on top of those that the system has in every generation.
pub struct Generation<'a> {
    /// Units that packages bring, by name: their texts.
    pub packaged: &'a BTreeMap<&'a str, &'a str>,
    /// What the configuration declares.
    pub declared: &'a BTreeMap<String, Unit>,
}

impl Generation<'_> {
    /// The unit, or for an instance its template, with drop-ins; `None` where this generation has none.
    pub fn unit(&self, name: &str) -> Option<UnitFile> {
        self.exact(name).or_else(|| self.exact(&template(name)?))
    }

    fn exact(&self, name: &str) -> Option<UnitFile> {
        let declared = self.declared.get(name);
        match (self.packaged.get(name), declared) {
            (None, None) => None,
            (Some(packaged), Some(unit)) if unit.drop_in => {
                Some(UnitFile::read([*packaged, unit.text.as_str()]))
            }
            (_, Some(unit)) => Some(UnitFile::read([unit.text.as_str()])),
            (Some(packaged), None) => Some(UnitFile::read([*packaged])),
        }
    }
}

/// `domus-guest@web.service` is an instance of `domus-guest@.service`.
fn template(name: &str) -> Option<String> {
    let (prefix, rest) = name.split_once('@')?;
    let (_, suffix) = rest.rsplit_once('.')?;
    Some(format!("{prefix}@.{suffix}"))
}

/// What a switch does with units. Targets that are active are started anyway, which starts what they newly want.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Stopped before the activation.
    pub stop: BTreeSet<String>,
    /// Changed, and left as they are.
    pub skip: BTreeSet<String>,
    /// Reloaded after it.
    pub reload: BTreeSet<String>,
    /// Restarted after it.
    pub restart: BTreeSet<String>,
    /// Started at the end: those that were stopped to be changed.
    pub start: BTreeSet<String>,
}

impl Plan {
    /// The plan for units that are `active` now.
    pub fn new<'a>(
        active: impl IntoIterator<Item = &'a str>,
        old: &Generation<'_>,
        new: &Generation<'_>,
    ) -> Self {
        let mut plan = Self::default();
        for name in active {
            let Some(before) = old.unit(name) else {
                continue;
            };
            match new.unit(name) {
                None => {
                    if before.flag("Unit", "X-StopOnRemoval", true) {
                        plan.stop.insert(name.to_owned());
                    }
                }
                Some(after) => match before.difference(&after) {
                    Difference::None => {}
                    Difference::Reload => {
                        plan.reload.insert(name.to_owned());
                    }
                    Difference::Restart => plan.changed(name, &after, false),
                },
            }
        }
        plan
    }

    /// Takes a unit that changed; `by_activation` where the activation asked for it, which then never stops first.
    pub fn changed(&mut self, name: &str, after: &UnitFile, by_activation: bool) {
        let name = name.to_owned();
        if after.flag("Service", "X-ReloadIfChanged", false) {
            self.reload.insert(name);
        } else if !after.flag("Service", "X-RestartIfChanged", true)
            || after.flag("Unit", "RefuseManualStop", false)
            || after.flag("Unit", "X-OnlyManualStart", false)
        {
            self.skip.insert(name);
        } else if by_activation
            || !name.ends_with(".service")
            || !after.flag("Service", "X-StopIfChanged", true)
        {
            self.restart.insert(name);
        } else {
            self.stop.insert(name.clone());
            self.start.insert(name);
        }
    }

    /// What dry-activate says of the units before the activation, in NixOS's words.
    pub fn would_before(&self) -> String {
        sentence("would stop the following units", &self.stop)
            + &sentence("would NOT stop the following changed units", &self.skip)
    }

    /// What dry-activate says of the units after the activation, in NixOS's words.
    pub fn would_after(&self) -> String {
        sentence("would reload the following units", &self.reload)
            + &sentence("would restart the following units", &self.restart)
            + &sentence("would start the following units", &self.start)
    }
}

/// `what: a, b` on a line of its own; nothing where there is no unit.
pub fn sentence(what: &str, units: &BTreeSet<String>) -> String {
    if units.is_empty() {
        return String::new();
    }
    let names: Vec<&str> = units.iter().map(String::as_str).collect();
    format!("{what}: {}\n", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(list: &[(&str, bool, &str)]) -> BTreeMap<String, Unit> {
        list.iter()
            .map(|(name, drop_in, text)| {
                let unit = Unit {
                    text: (*text).to_owned(),
                    drop_in: *drop_in,
                    wanted_by: vec![],
                    required_by: vec![],
                };
                ((*name).to_owned(), unit)
            })
            .collect()
    }

    fn plan(active: &[&str], old: &[(&str, bool, &str)], new: &[(&str, bool, &str)]) -> Plan {
        let packaged = BTreeMap::from([("xendomains.service", "[Service]\nExecStart=-x start\n")]);
        let (old, new) = (units(old), units(new));
        Plan::new(
            active.iter().copied(),
            &Generation {
                packaged: &packaged,
                declared: &old,
            },
            &Generation {
                packaged: &packaged,
                declared: &new,
            },
        )
    }

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_changed_service_stops_and_starts_unless_it_says_otherwise() {
        let old = [
            ("a.service", false, "[Service]\nExecStart=1\n"),
            ("b.service", false, "[Service]\nExecStart=1\n"),
        ];
        let new = [
            ("a.service", false, "[Service]\nExecStart=2\n"),
            (
                "b.service",
                false,
                "[Service]\nExecStart=2\nX-StopIfChanged=false\n",
            ),
        ];
        let plan = plan(&["a.service", "b.service"], &old, &new);
        assert_eq!(
            (plan.stop, plan.start, plan.restart),
            (
                set(&["a.service"]),
                set(&["a.service"]),
                set(&["b.service"])
            )
        );
    }

    #[test]
    fn an_instance_follows_its_template_and_its_flags() {
        let old = [(
            "domus-guest@.service",
            false,
            "[Service]\nExecStart=1\n[Unit]\nX-StopOnRemoval=false\n",
        )];
        let new = [(
            "domus-guest@.service",
            false,
            "[Service]\nExecStart=2\nX-RestartIfChanged=false\n[Unit]\nX-StopOnRemoval=false\n",
        )];
        let changed = plan(&["domus-guest@web.service"], &old, &new);
        assert_eq!(
            changed,
            Plan {
                skip: set(&["domus-guest@web.service"]),
                ..Plan::default()
            }
        );
        assert_eq!(
            plan(&["domus-guest@web.service"], &old, &[]),
            Plan::default(),
            "removed, and not stopped"
        );
    }

    #[test]
    fn a_drop_in_that_comes_or_goes_changes_the_packaged_unit() {
        let drop_in = [(
            "xendomains.service",
            true,
            "[Service]\nX-RestartIfChanged=false\nTimeoutStopSec=infinity\n",
        )];
        assert_eq!(
            plan(&["xendomains.service"], &[], &drop_in).skip,
            set(&["xendomains.service"])
        );
        assert_eq!(
            plan(&["xendomains.service"], &drop_in, &[]).stop,
            set(&["xendomains.service"])
        );
        assert_eq!(
            plan(&["xendomains.service"], &drop_in, &drop_in),
            Plan::default()
        );
    }

    #[test]
    fn what_goes_is_stopped_and_what_did_not_run_is_not() {
        let old = [
            ("a.service", false, "[Service]\nExecStart=1\n"),
            ("b.service", false, "[Service]\nExecStart=1\n"),
        ];
        assert_eq!(
            plan(&["a.service", "foreign.service"], &old, &[]).stop,
            set(&["a.service"])
        );
    }

    #[test]
    fn the_words_are_nixos_own() {
        let plan = Plan {
            restart: set(&["domus-guests.service"]),
            skip: set(&["xendomains.service"]),
            ..Plan::default()
        };
        assert_eq!(
            plan.would_before(),
            "would NOT stop the following changed units: xendomains.service\n"
        );
        assert_eq!(
            plan.would_after(),
            "would restart the following units: domus-guests.service\n"
        );
    }
}
