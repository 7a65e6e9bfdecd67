//! What a running guest has, against what is declared.
//!
//! What `xl list -l` shows is compared with that; what it does not show is compared with the
//! configuration that the guest was started with.

use std::collections::BTreeSet;

use guest_spec::Guest;
use xl_cfg::{Config, Value};

use crate::domains::Domain;

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

/// The keys in which a running guest differs from its declaration, in the order of the configuration.
///
/// `started` is the text of the configuration that it was started with, where that is known.
#[must_use]
pub fn differences(guest: &Guest, domain: &Domain, started: Option<&str>) -> Vec<Difference> {
    let Ok(declared) = guest_spec::lower(guest) else {
        return Vec::new();
    };
    let started = started.and_then(|text| Config::parse(text).ok());
    let mut keys: Vec<&str> = declared.iter().map(|(key, _)| key.as_str()).collect();
    keys.extend(
        ["maxmem", "disk", "vif"]
            .into_iter()
            .filter(|key| declared.get(key).is_none()),
    );
    if let Some(started) = &started {
        keys.extend(
            started
                .iter()
                .map(|(key, _)| key.as_str())
                .filter(|key| declared.get(key).is_none()),
        );
        keys.sort_unstable();
        keys.dedup();
    }
    keys.into_iter()
        .filter_map(|key| {
            let wanted = declared.get(key);
            if let Some(running) = observed(key, domain) {
                let wanted = effective(key, guest)
                    .or_else(|| wanted.map(show))
                    .unwrap_or_default();
                return (running != wanted).then(|| Difference {
                    key: key.to_owned(),
                    running,
                    declared: wanted,
                });
            }
            let running = started.as_ref()?.get(key);
            (running != wanted).then(|| Difference {
                key: key.to_owned(),
                running: running.map(show).unwrap_or_default(),
                declared: wanted.map(show).unwrap_or_default(),
            })
        })
        .collect()
}

/// What the running domain has for a key, where libxl shows it.
fn observed(key: &str, domain: &Domain) -> Option<String> {
    let config = domain.config.as_ref()?;
    let build = &config.b_info;
    let mib = |kib: u64| (kib / 1024).to_string();
    match key {
        "memory" => build.target_memkb.map(mib),
        "maxmem" => build.max_memkb.map(mib),
        "maxvcpus" => build.max_vcpus.map(|count| count.to_string()),
        "vcpus" => Some(domain.vcpus.to_string()),
        "kernel" => build.kernel.clone(),
        "ramdisk" => build.ramdisk.clone(),
        "cmdline" => build.cmdline.clone(),
        "disk" => {
            let disks = config.disks.iter().map(|disk| {
                Some(format!(
                    "{}={}",
                    disk.vdev.as_ref()?,
                    disk.pdev_path.as_ref()?
                ))
            });
            disks.collect::<Option<BTreeSet<_>>>().map(joined)
        }
        "vif" => {
            let nics = config.nics.iter().map(|nic| {
                Some(format!(
                    "{}@{}",
                    nic.mac.as_ref()?.to_lowercase(),
                    nic.bridge.as_deref().unwrap_or_default()
                ))
            });
            nics.collect::<Option<BTreeSet<_>>>().map(joined)
        }
        _ => None,
    }
}

/// What is declared for a key, in the form in which [`observed`] gives it.
fn effective(key: &str, guest: &Guest) -> Option<String> {
    match key {
        "memory" => Some(guest.memory_mib.get().to_string()),
        "maxmem" => Some(guest.max_memory().get().to_string()),
        "disk" => Some(joined(
            guest
                .disks
                .iter()
                .map(|disk| format!("{}={}", disk.vdev, disk.path))
                .collect(),
        )),
        "vif" => Some(joined(
            guest
                .networks
                .iter()
                .map(|network| {
                    format!(
                        "{}@{}",
                        network.mac,
                        network.bridge.as_deref().unwrap_or_default()
                    )
                })
                .collect(),
        )),
        _ => None,
    }
}

fn joined(items: BTreeSet<String>) -> String {
    items.into_iter().collect::<Vec<_>>().join(" ")
}

/// A value on one line, as a person reads it.
fn show(value: &Value) -> String {
    match value {
        Value::Integer(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::List(items) => format!(
            "[ {} ]",
            items.iter().map(show).collect::<Vec<_>>().join(", ")
        ),
    }
}
