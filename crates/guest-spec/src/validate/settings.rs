//! Free-form keys: what no option says, judged by the table of xl's keys.

use std::collections::BTreeSet;

use xl_cfg::check::{self, Options, Severity};

use super::report::Report;
use crate::Setting;
use crate::lower::{lowered_in_parts, owner_of_key};

/// What is wrong in the settings, beside all that the options write; and what only looks wrong.
pub(super) fn check(report: &mut Report) {
    let guest = report.guest;
    let model = &guest.device_model;
    for (option, arguments) in [
        ("deviceModel.args", &model.args),
        ("deviceModel.argsPv", &model.args_pv),
        ("deviceModel.argsHvm", &model.args_hvm),
    ] {
        if arguments.iter().any(|text| argument_holds_secret(text)) {
            report.add(option, "an argument holds a password, which everybody could read in the Nix store; remove it, and set graphics.vnc.passwordFile or graphics.spice.passwordFile");
        }
    }
    if guest.settings.is_empty() {
        return;
    }
    let (written, config) = lowered_in_parts(guest);
    let mut judged = BTreeSet::new();
    for key in guest.settings.keys() {
        let place = format!("settings.{key}");
        if xl_cfg::Key::new(key).is_err() {
            report.add(place, "this is no key of xl.cfg: those are lower case letters, digits, dots and underscores, and begin with a letter");
        } else if holds_secret(key, &guest.settings[key]) {
            report.add(place, "it holds a password, which everybody could read in the Nix store; write the password into a file outside the store, set graphics.vnc.passwordFile or graphics.spice.passwordFile to that, and remove it here");
        } else if let Some(option) = owner_of_key(guest, key, |key| written.contains(key)) {
            report.add(
                place,
                format!(
                    "the option {option} writes this key too; set it there, and remove it here"
                ),
            );
        } else {
            judged.insert(key.as_str());
        }
    }
    let Ok(config) = config else {
        return;
    };
    let in_settings = |key: &str| guest.settings.contains_key(key);
    for finding in check::config_of(&config, &in_settings, Options::default()) {
        let Some(key) = finding.key else { continue };
        if !in_settings(&key) {
            continue;
        }
        let place = format!("settings.{key}");
        match finding.severity {
            Severity::Error if judged.contains(key.as_str()) => report.add(place, finding.message),
            Severity::Error => {}
            Severity::Warning => report.warn(place, finding.message),
        }
    }
}

/// VNC's and SPICE's passwords, as keys of their own or inside a `vfb`.
fn holds_secret(key: &str, setting: &Setting) -> bool {
    let secret = |name: &str| matches!(name.trim(), "vncpasswd" | "spicepasswd");
    match setting {
        Setting::String(text) => {
            (key.starts_with("device_model_args") && argument_holds_secret(text))
                || (secret(key) && !text.is_empty())
                || text.split(',').any(|part| {
                    part.split_once('=')
                        .is_some_and(|(name, value)| secret(name) && !value.is_empty())
                })
        }
        Setting::List(items) => items.iter().any(|item| holds_secret(key, item)),
        Setting::Boolean(_) | Setting::Integer(_) => secret(key),
    }
}

/// Whether an argument for QEMU holds a password, by QEMU's own options for them.
#[must_use]
pub fn argument_holds_secret(argument: &str) -> bool {
    argument.contains("password=") || (argument.contains("secret,") && argument.contains("data="))
}
