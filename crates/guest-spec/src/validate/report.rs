//! The problems found so far in one guest.

use super::{Judgement, Problem};
use crate::{Guest, GuestType};

/// What was found so far in one guest.
pub(super) struct Report<'a> {
    pub(super) guest: &'a Guest,
    pub(super) judgement: Judgement,
}

impl<'a> Report<'a> {
    pub(super) const fn new(guest: &'a Guest) -> Self {
        Self {
            guest,
            judgement: Judgement {
                problems: Vec::new(),
                warnings: Vec::new(),
            },
        }
    }

    pub(super) fn add(&mut self, option: impl Into<String>, message: impl Into<String>) {
        let problem = self.problem(option.into(), message.into());
        self.judgement.problems.push(problem);
    }

    /// Adds what looks wrong, and does no harm.
    pub(super) fn warn(&mut self, option: impl Into<String>, message: impl Into<String>) {
        let problem = self.problem(option.into(), message.into());
        self.judgement.warnings.push(problem);
    }

    fn problem(&self, option: String, message: String) -> Problem {
        Problem {
            guest: Some(self.guest.name.clone()),
            option,
            message,
        }
    }

    /// Reports options that ask for something that the guest's type has no use for. `false` asks for
    /// nothing: a module for all guests may set it.
    pub(super) fn only_for(&mut self, types: &[GuestType], options: &[(&str, bool)]) {
        let kind = self.guest.guest_type;
        if types.contains(&kind) {
            return;
        }
        let names: Vec<&str> = types.iter().map(|kind| kind.as_str()).collect();
        for (option, is_asked) in options {
            if *is_asked {
                let message = format!(
                    "it is for {} guests only, and this one is {}; remove it, or set type = {:?}",
                    names.join(" and "),
                    kind.as_str(),
                    names[names.len() - 1],
                );
                self.add(*option, message);
            }
        }
    }

    /// Reports options that are set while the one that they belong to is not on.
    pub(super) fn needs(&mut self, on: bool, switch: &str, options: &[(&str, bool)]) {
        for (option, is_set) in options {
            if *is_set && !on {
                let message =
                    format!("it has no effect without {switch}; set {switch} = true, or remove it");
                self.add(*option, message);
            }
        }
    }

    /// Reports names that stand twice in a list of devices.
    pub(super) fn names<'n>(&mut self, option: &str, names: impl Iterator<Item = &'n str>) {
        let mut seen = std::collections::HashSet::new();
        for name in names {
            if !seen.insert(name) {
                self.add(
                    format!("{option}.{name}"),
                    "there are two of this name; rename one",
                );
            }
        }
    }
}
