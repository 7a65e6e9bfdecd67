//! What is wrong with a document that can be read.
//!
//! The NixOS module asserts the same at evaluation, in the words of its options; this is what holds
//! for a `guests.json` from anywhere. Each rule is a function; [`Document::problems`] calls them all.

mod bridges;
mod cpu;
mod device_model;
mod disks;
mod firmware;
mod graphics;
mod guest;
mod lifecycle;
mod networks;
mod pci;
mod report;
mod served;
mod settings;
mod shares;
mod startup;
mod text;
mod together;
mod usb;
mod vnuma;

use std::fmt;

pub use self::settings::argument_holds_secret;
pub use self::text::{disk_path_problem, path_problem};
use crate::Document;

/// Something wrong with the document: the place, the problem, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// The guest, where it is about one.
    pub guest: Option<String>,
    /// The option below the guest, such as `disks.root.path`; for no guest, the top-level field.
    pub option: String,
    /// What is wrong, and what to do.
    pub message: String,
}

/// What a document is like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// What is wrong; nothing may be done by a document with any.
    pub problems: Vec<Problem>,
    /// What looks wrong, and does no harm.
    pub warnings: Vec<Problem>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.guest {
            Some(guest) => write!(f, "guest {guest}, option {}: {}", self.option, self.message),
            None => write!(f, "option {}: {}", self.option, self.message),
        }
    }
}

impl Document {
    /// Everything that is wrong, in the order of the document; empty for a good one.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        self.judge().problems
    }

    /// Everything that is wrong, and what looks wrong and does no harm, in the order of the document.
    #[must_use]
    pub fn judge(&self) -> Judgement {
        let mut problems = Vec::new();
        let mut warnings = Vec::new();
        if let Some(why) = path_problem(&self.config_dir) {
            problems.push(Problem {
                guest: None,
                option: "configDir".into(),
                message: why,
            });
        }
        problems.append(&mut bridges::problems(&self.bridges));
        for guest in &self.guests {
            let mut of_guest = guest::judge(guest);
            problems.append(&mut of_guest.problems);
            warnings.append(&mut of_guest.warnings);
        }
        let guests = together::names(&self.guests, &mut problems);
        together::shared_disks(&guests, &mut problems);
        together::macs_and_uuids(&guests, &mut problems);
        together::vifnames(&guests, &mut problems);
        together::pci_devices(&guests, &mut problems);
        together::usb_devices_and_users(&guests, &mut problems);
        startup::together(&guests, &mut problems);
        lifecycle::names(&guests, &mut problems);
        startup::manager(&guests, self.autostart_manager, &mut warnings);
        Judgement { problems, warnings }
    }
}

#[cfg(test)]
mod cases;
#[cfg(test)]
mod devices_tests;
#[cfg(test)]
mod hardware_tests;
#[cfg(test)]
mod lifecycle_tests;
#[cfg(test)]
mod machine_tests;
#[cfg(test)]
pub(crate) mod tests;
