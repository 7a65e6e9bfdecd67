//! What a running guest has, against what is declared, key by key.
//!
//! What `xl list -l` shows is compared with that, by what it means to xl; what it does not show is compared with the
//! configuration that the guest was started with; and of what nobody can tell, it is said that nobody can.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use xl_cfg::disk::Disk;
use xl_cfg::keys::{self, Change};
use xl_cfg::meaning::{self, Meaning};
use xl_cfg::vif::Vif;
use xl_cfg::{Config, Value};

use crate::libxl_json;
use crate::secret::hide;

/// Keys whose values hold passwords, which libxl's JSON has and nobody compares; that of the start has digests.
const WITH_PASSWORDS: [&str; 3] = ["vncpasswd", "spicepasswd", "vfb"];

/// Where a running guest is not as declared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// The keys that differ, but for `disk` and `vif`, in the order of their names.
    pub keys: Vec<Difference>,
    /// The disks that differ, by vdev.
    pub disks: Vec<Device>,
    /// The network interfaces that differ, by hardware address.
    pub vifs: Vec<Device>,
    /// The declared keys of which nobody can tell what the guest has.
    pub unknown: Vec<String>,
}

impl Compared {
    /// Whether the guest is, as far as anybody can tell, as declared.
    #[must_use]
    pub const fn is_same(&self) -> bool {
        self.keys.is_empty()
            && self.disks.is_empty()
            && self.vifs.is_empty()
            && self.unknown.is_empty()
    }
}

/// A key of xl.cfg that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The key of xl.cfg.
    pub key: String,
    /// What the running guest has; empty for nothing.
    pub running: String,
    /// What is declared; empty for nothing.
    pub declared: String,
}

/// A disk or network interface that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// What the guest knows it by: its vdev, or its hardware address.
    pub id: String,
    /// What the running guest has, as xl.cfg writes it; nothing where it has none of this name.
    pub running: Option<String>,
    /// What is declared.
    pub declared: Option<String>,
}

/// Compares a guest that runs with its declaration.
///
/// `declared` is its xl configuration, `started` the one that it was started with, where that is known; both sealed.
/// `json` is what `xl list -l` has under `config`, if it has anything. `minor` is the minor version (4.N) of the Xen
/// that runs it.
#[must_use]
pub fn compare(declared: &str, json: Option<&str>, started: Option<&str>, minor: u32) -> Compared {
    let Ok(declared) = Config::parse(declared) else {
        return Compared::default();
    };
    let started = started.and_then(|text| Config::parse(text).ok());
    let json = json.and_then(|text| serde_json::from_str(text).ok());
    let mut found = Compared::default();
    let running = json.as_ref().map(|json| libxl_json::config(json).config);
    let shown = |config: &Config| {
        let compared = running
            .as_ref()
            .map(|running| libxl_json::compare(config, running, minor));
        compared.unwrap_or_default()
    };
    let mut now = shown(&declared);
    let idle = json.as_ref().map(of_other_schedulers).unwrap_or_default();
    now.differences
        .retain(|difference| !idle.contains(&difference.key.as_str()));
    for difference in &now.differences {
        let (has, wants) = (difference.other.as_ref(), difference.one.as_ref());
        note(&mut found, &difference.key, has, wants);
    }
    match &started {
        Some(started) if running.is_some() => {
            let mut untold = shown(started).untold;
            untold.extend(now.untold);
            remembered(&mut found, &declared, started, |key| untold.contains(key));
        }
        Some(started) => remembered(&mut found, &declared, started, |_| true),
        None if running.is_some() => {
            let untold = now.untold.into_iter();
            found.unknown = untold.filter(|key| has_effect(key)).collect();
        }
        None => found.unknown = declared.iter().map(|(key, _)| key.to_string()).collect(),
    }
    found.keys.sort_by(|one, other| one.key.cmp(&other.key));
    found
}

/// The keys of schedulers that the guest is not under: libxl keeps nothing of them, and nothing comes of them
/// (`libxl_sched.c`, `libxl_domain_sched_params_get`).
fn of_other_schedulers(json: &Json) -> &'static [&'static str] {
    let scheduler = json.pointer("/b_info/sched_params/sched");
    match scheduler.and_then(Json::as_str) {
        Some("credit" | "credit2") => &["period", "budget", "extratime"],
        Some("rtds") => &["cpu_weight", "cap"],
        Some("null" | "arinc653" | "sedf") => {
            &["cpu_weight", "cap", "period", "budget", "extratime"]
        }
        _ => &[],
    }
}

/// Compares keys with what the guest was started with.
fn remembered(
    found: &mut Compared,
    declared: &Config,
    started: &Config,
    is_untold: impl Fn(&str) -> bool,
) {
    let differences = Meaning::of(declared).differences(&Meaning::of(started));
    for difference in differences {
        if is_untold(&difference.key) {
            note(
                found,
                &difference.key,
                difference.other.as_ref(),
                difference.one.as_ref(),
            );
        }
    }
    for key in WITH_PASSWORDS {
        let (wanted, running) = (declared.get(key), started.get(key));
        let known = found.keys.iter().any(|difference| difference.key == key);
        let same = match (wanted, running) {
            (Some(wanted), Some(running)) => meaning::same(key, wanted, running),
            _ => wanted == running,
        };
        if !same && !known {
            note(found, key, running, wanted);
        }
    }
}

fn note(found: &mut Compared, key: &str, running: Option<&Value>, declared: Option<&Value>) {
    match key {
        "disk" => {
            let (running, declared) = (specs(running, vdev), specs(declared, vdev));
            found.disks.extend(devices(running, declared, |one, _| one));
            // The same disks in another order: only a boot loader in the Dom0 cares which is the first.
            if found.disks.is_empty() {
                add(found, key, "in another order", "as declared");
            }
        }
        "vif" => {
            let (running, declared) = (specs(running, mac), specs(declared, mac));
            found
                .vifs
                .extend(devices(running, declared, without_number));
        }
        _ if has_effect(key) => {
            let text = |value: Option<&Value>| value.map(ToString::to_string).unwrap_or_default();
            add(found, key, &text(running), &text(declared));
        }
        _ => {}
    }
}

fn add(found: &mut Compared, key: &str, running: &str, declared: &str) {
    let (running, declared) = hide(running, declared);
    found.keys.push(Difference {
        key: key.to_owned(),
        running,
        declared,
    });
}

/// Whether a new value of the key has any effect.
fn has_effect(key: &str) -> bool {
    !keys::get(key).is_some_and(|info| matches!(info.change, Change::Nothing(_)))
}

/// The device strings of a list, by what the guest knows each by.
pub(crate) fn specs(
    list: Option<&Value>,
    id: fn(&str) -> Option<String>,
) -> BTreeMap<String, String> {
    let items = list.and_then(Value::as_list).unwrap_or_default().iter();
    items
        .filter_map(Value::as_text)
        .map(|text| {
            (
                id(&text).unwrap_or_else(|| text.to_string()),
                text.into_owned(),
            )
        })
        .collect()
}

/// The vdev of a disk's string.
pub(crate) fn vdev(spec: &str) -> Option<String> {
    Some(Disk::parse(spec).ok()?.vdev)
}

/// The hardware address of an interface's string, in lower case.
pub(crate) fn mac(spec: &str) -> Option<String> {
    Some(Vif::parse(spec).ok()?.mac?.to_string().to_lowercase())
}

/// A running interface without its number, where the declaration leaves that to xl: what was taken away and attached
/// again has the next one that was free.
fn without_number(running: String, declared: &str) -> String {
    let parsed = (Vif::parse(&running), Vif::parse(declared));
    match parsed {
        (Ok(vif), Ok(wanted)) if wanted.devid.is_none() && vif.devid.is_some() => {
            let vif = Vif { devid: None, ..vif };
            vif.to_spec().unwrap_or(running)
        }
        _ => running,
    }
}

fn devices(
    mut running: BTreeMap<String, String>,
    declared: BTreeMap<String, String>,
    as_declared: fn(String, &str) -> String,
) -> Vec<Device> {
    let mut found = Vec::new();
    for (id, wanted) in declared {
        let has = running.remove(&id).map(|has| as_declared(has, &wanted));
        if has.as_ref() != Some(&wanted) {
            found.push(Device {
                id,
                running: has,
                declared: Some(wanted),
            });
        }
    }
    found.extend(running.into_iter().map(|(id, has)| Device {
        id,
        running: Some(has),
        declared: None,
    }));
    found.sort_by(|one, other| one.id.cmp(&other.id));
    found
}

#[cfg(test)]
mod tests;
