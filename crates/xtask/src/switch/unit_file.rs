//! systemd unit files as NixOS's switch-to-configuration reads and compares them.

use std::collections::BTreeMap;

/// A unit's sections, each with its keys, each with its values in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnitFile {
    sections: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

/// What a difference between two generations of a unit asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// Nothing that matters.
    None,
    /// A reload: only reload triggers changed, or a mount's options.
    Reload,
    /// A restart, as far as the unit's own flags allow one.
    Restart,
}

/// Keys of `[Unit]` whose change alone changes nothing.
const IGNORED: &[&str] = &[
    "X-Reload-Triggers",
    "Description",
    "Documentation",
    "OnFailure",
    "OnSuccess",
    "OnFailureJobMode",
    "IgnoreOnIsolate",
    "StopWhenUnneeded",
    "RefuseManualStart",
    "RefuseManualStop",
    "AllowIsolate",
    "CollectMode",
    "SourcePath",
];

impl UnitFile {
    /// Reads `texts`, the unit's own and then its drop-ins: a later value is added to the key's, an empty one empties it.
    pub fn read<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut unit = Self::default();
        for text in texts {
            let mut section = String::new();
            for line in text.lines().map(str::trim) {
                if line.is_empty() || line.starts_with(['#', ';']) {
                    continue;
                }
                if let Some(name) = line
                    .strip_prefix('[')
                    .and_then(|rest| rest.strip_suffix(']'))
                {
                    name.clone_into(&mut section);
                    unit.sections.entry(section.clone()).or_default();
                } else if let Some((key, value)) = line.split_once('=') {
                    let keys = unit.sections.entry(section.clone()).or_default();
                    let values = keys.entry(key.trim().to_owned()).or_default();
                    if value.trim().is_empty() {
                        values.clear();
                    } else {
                        values.push(value.trim().to_owned());
                    }
                }
            }
        }
        // How a unit is enabled is not what it is.
        unit.sections.remove("Install");
        unit
    }

    /// The last value of a key as systemd reads a boolean.
    pub fn flag(&self, section: &str, key: &str, default: bool) -> bool {
        let value = self
            .sections
            .get(section)
            .and_then(|keys| keys.get(key))
            .and_then(|values| values.last());
        value.map_or(default, |value| {
            matches!(value.as_str(), "1" | "yes" | "true" | "on")
        })
    }

    /// What the change from `self` to `new` asks for.
    pub fn difference(&self, new: &Self) -> Difference {
        let mut difference = Difference::None;
        let empty = BTreeMap::new();
        let names = self.sections.keys().chain(new.sections.keys());
        for section in names {
            let before = self.sections.get(section).unwrap_or(&empty);
            let after = new.sections.get(section).unwrap_or(&empty);
            for key in before.keys().chain(after.keys()) {
                if before.get(key) == after.get(key) {
                    continue;
                }
                if section == "Unit" && key == "X-Reload-Triggers" && after.contains_key(key)
                    || section == "Mount" && key == "Options"
                {
                    difference = Difference::Reload;
                } else if !(section == "Unit" && IGNORED.contains(&key.as_str())) {
                    return Difference::Restart;
                }
            }
        }
        difference
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(text: &str) -> UnitFile {
        UnitFile::read([text])
    }

    #[test]
    fn a_drop_in_adds_and_empties() {
        let unit = UnitFile::read([
            "[Service]\nExecStart=a\nEnvironment=A=1\n",
            "[Service]\nExecStart=\nExecStart=b\nEnvironment=B=2\n",
        ]);
        let service = &unit.sections["Service"];
        assert_eq!(service["ExecStart"], ["b"]);
        assert_eq!(service["Environment"], ["A=1", "B=2"]);
    }

    #[test]
    fn descriptions_do_not_count_and_commands_do() {
        let old = unit("[Unit]\nDescription=a\n[Service]\nExecStart=x\n");
        assert_eq!(
            old.difference(&unit("[Unit]\nDescription=b\n[Service]\nExecStart=x\n")),
            Difference::None
        );
        assert_eq!(
            old.difference(&unit("[Unit]\nDescription=a\n[Service]\nExecStart=y\n")),
            Difference::Restart
        );
        assert_eq!(
            old.difference(&unit(
                "[Unit]\nDescription=a\nX-Reload-Triggers=z\n[Service]\nExecStart=x\n"
            )),
            Difference::Reload
        );
        assert_eq!(
            old.difference(&unit(
                "[Service]\nExecStart=x\n[Install]\nWantedBy=multi-user.target\n"
            )),
            Difference::None
        );
    }

    #[test]
    fn flags_have_their_defaults() {
        let unit = unit("[Service]\nX-RestartIfChanged=false\n[Unit]\nX-StopOnRemoval=yes\n");
        assert!(!unit.flag("Service", "X-RestartIfChanged", true));
        assert!(unit.flag("Unit", "X-StopOnRemoval", false));
        assert!(unit.flag("Service", "X-StopIfChanged", true));
    }
}
