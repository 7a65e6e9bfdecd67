//! What becomes of guests when their declaration, or their host, changes; and the names that they had.

use std::collections::{HashMap, HashSet};

use super::Problem;
use super::report::Report;
use crate::document::{OnHostShutdown, Setting};
use crate::{Guest, name_problem};

/// The rules about one guest.
pub(super) fn check(report: &mut Report) {
    if report.guest.lifecycle.shutdown_timeout_seconds == 0 {
        report.add(
            "shutdownTimeout",
            "0 seconds is no time at all; choose at least 1",
        );
    }
    previous_names(report);
    saved(report);
}

fn previous_names(report: &mut Report) {
    let guest = report.guest;
    let mut seen = HashSet::new();
    for name in &guest.lifecycle.previous_names {
        if !seen.insert(name) {
            report.add(
                "previousNames",
                format!("{name:?} is there twice; remove one"),
            );
        } else if *name == guest.name {
            report.add(
                "previousNames",
                format!("{name:?} is the guest's own name; remove it"),
            );
        } else if let Some(why) = name_problem(name) {
            report.add(
                "previousNames",
                format!("{name:?} {why}, so no guest was called that; correct or remove it"),
            );
        }
    }
}

/// Guests that cannot be saved.
///
/// libxl refuses one with virtual NUMA (`libxl_dom_save.c`, `libxl__domain_save`). It does save one with a PCI device, whose
/// state is in no save file and which is the host's again after a boot, and one with `nomigrate`, which was promised a time
/// stamp counter that never jumps (`libxl_cpuid.c`).
fn saved(report: &mut Report) {
    let guest = report.guest;
    if guest.lifecycle.on_host_shutdown != OnHostShutdown::Save {
        return;
    }
    let is_on = |setting: &Setting| match setting {
        Setting::Boolean(on) => *on,
        Setting::Integer(number) => *number != 0,
        Setting::String(text) => text != "0",
        Setting::List(_) => true,
    };
    let reasons: Vec<&str> = [
        ("pci.devices", !guest.pci.devices.is_empty()),
        ("settings.pci", guest.settings.contains_key("pci")),
        ("vnuma", !guest.vnuma.is_empty()),
        ("settings.vnuma", guest.settings.contains_key("vnuma")),
        (
            "settings.nomigrate",
            guest.settings.get("nomigrate").is_some_and(is_on),
        ),
    ]
    .into_iter()
    .filter_map(|(option, is_set)| is_set.then_some(option))
    .collect();
    if !reasons.is_empty() {
        report.add(
            "onHostShutdown",
            format!(
                "it is \"save\" (the default), and a guest with {} cannot be saved and restored; set it to \"shutdown\"",
                reasons.join(" and ")
            ),
        );
    }
}

fn problem(guest: &Guest, option: &str, message: String) -> Problem {
    Problem {
        guest: Some(guest.name.clone()),
        option: option.to_owned(),
        message,
    }
}

/// Names that more than one guest has or had.
pub(super) fn names(guests: &[&Guest], problems: &mut Vec<Problem>) {
    let declared: HashSet<&str> = guests.iter().map(|guest| guest.name.as_str()).collect();
    let mut claimed: HashMap<&str, &str> = HashMap::new();
    for guest in guests {
        for name in &guest.lifecycle.previous_names {
            if *name == guest.name {
                continue;
            }
            if declared.contains(name.as_str()) {
                problems.push(problem(
                    guest,
                    "previousNames",
                    format!(
                        "a guest is declared by the name {name}; remove it, or rename that guest"
                    ),
                ));
            }
            match claimed.insert(name, &guest.name) {
                Some(other) if other != guest.name => problems.push(problem(
                    guest,
                    "previousNames",
                    format!(
                        "{name} is among those of guest {other} too, and what was called so can be one of them only; remove it from all but one"
                    ),
                )),
                _ => {}
            }
        }
    }
}
