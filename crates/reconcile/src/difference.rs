//! What a running guest has, against what is declared.
//!
//! What `xl list -l` shows is compared with that; what it does not show is compared with the
//! configuration that the guest was started with.

use std::collections::BTreeSet;

use guest_spec::Guest;
use xl_cfg::{Config, Value, meaning};

use crate::domains::Domain;
use crate::secret::hide;

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
/// `declared` is the text of its configuration, and `started` of the one that it was started with, where that
/// is known; both sealed.
#[must_use]
pub fn differences(
    guest: &Guest,
    domain: &Domain,
    declared: &str,
    started: Option<&str>,
) -> Vec<Difference> {
    let Ok(declared) = Config::parse(declared) else {
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
            if let Some(running) = observed(key, guest, domain) {
                let effective = effective(key, guest)
                    .or_else(|| wanted.map(ToString::to_string))
                    .unwrap_or_default();
                if running != effective {
                    return Some(Difference {
                        key: key.to_owned(),
                        running,
                        declared: effective,
                    });
                }
                // Of devices only what they are is seen; the rest of their strings is compared below.
                if !matches!(key, "disk" | "vif") {
                    return None;
                }
            }
            let running = started.as_ref()?.get(key);
            (!same(key, running, wanted)).then(|| {
                let (running, declared) = hide(
                    &running.map(ToString::to_string).unwrap_or_default(),
                    &wanted.map(ToString::to_string).unwrap_or_default(),
                );
                Difference {
                    key: key.to_owned(),
                    running,
                    declared,
                }
            })
        })
        .collect()
}

/// What the running domain has for a key, where libxl shows it.
fn observed(key: &str, guest: &Guest, domain: &Domain) -> Option<String> {
    let config = domain.config.as_ref()?;
    let build = &config.b_info;
    let mib = |kib: u64| (kib / 1024).to_string();
    match key {
        "memory" => build.target_memkb.map(mib),
        "maxmem" => build.max_memkb.map(mib),
        "maxvcpus" => build.max_vcpus.map(|count| count.to_string()),
        "vcpus" => build
            .avail_vcpus
            .as_ref()
            .map(|vcpus| vcpus.len().to_string()),
        "kernel" => build.kernel.clone(),
        "ramdisk" => build.ramdisk.clone(),
        "cmdline" => build.cmdline.clone(),
        "disk" => {
            let disks = config
                .disks
                .iter()
                .map(|disk| Some(format!("{}={}", disk.vdev.as_ref()?, disk.target())));
            disks.collect::<Option<BTreeSet<_>>>().map(joined)
        }
        "vif" => {
            // Without a bridge in the declaration libxl shows one all the same: its default.
            let bridged = |mac: &str| {
                let network = guest
                    .networks
                    .iter()
                    .find(|network| network.mac.to_string() == mac);
                network.is_none_or(|network| network.bridge.is_some())
            };
            let nics = config.nics.iter().map(|nic| {
                let mac = nic.mac.as_ref()?.to_lowercase();
                let bridge = nic
                    .bridge
                    .as_deref()
                    .filter(|_| bridged(&mac))
                    .unwrap_or_default();
                Some(format!("{mac}@{bridge}"))
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
                .map(|disk| {
                    let target = disk.path.as_deref().unwrap_or_default();
                    format!("{}={target}", disk.vdev)
                })
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

/// Whether two values mean the same, so that another spelling is no change.
fn same(key: &str, left: Option<&Value>, right: Option<&Value>) -> bool {
    match (left, right) {
        (Some(left), Some(right)) => meaning::same(key, left, right),
        _ => left == right,
    }
}

fn joined(items: BTreeSet<String>) -> String {
    items.into_iter().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domains::{BuildInfo, DiskConfig, DomainConfig, NicConfig, State};
    use guest_spec::Secrets;

    fn guest(change: impl FnOnce(&mut serde_json::Value)) -> Guest {
        let mut guest = serde_json::json!({
            "name": "web", "type": "pv", "uuid": "6d7e3a0c-3b0f-4a55-9d0e-2b8f6f3c0001",
            "memoryMib": 256, "maxMemoryMib": 512, "vcpus": 2,
            "boot": { "bootloader": "pygrub" },
            "disks": [ { "name": "root", "path": "/vmdisks/web.img", "format": "raw", "vdev": "xvda" } ],
            "networks": [ { "name": "lan", "bridge": "xenbr0", "mac": "00:16:3e:00:00:01" } ],
            "onPoweroff": "destroy", "onReboot": "restart", "onCrash": "destroy"
        });
        change(&mut guest);
        serde_json::from_value(guest).unwrap()
    }

    /// What libxl shows of the guest as it is declared above.
    fn domain() -> Domain {
        let text = |text: &str| Some(text.to_owned());
        Domain {
            domid: 1,
            name: "web".into(),
            uuid: guest(|_| {}).uuid,
            memory_mib: 256,
            // Its kernel has not brought the second one up yet.
            vcpus: 1,
            state: State::Running,
            config: Some(DomainConfig {
                b_info: BuildInfo {
                    max_memkb: Some(512 * 1024),
                    target_memkb: Some(256 * 1024),
                    max_vcpus: Some(2),
                    avail_vcpus: Some(vec![0, 1]),
                    ..BuildInfo::default()
                },
                disks: vec![DiskConfig {
                    pdev_path: text("/vmdisks/web.img"),
                    vdev: text("xvda"),
                    readwrite: Some(1),
                    ..DiskConfig::default()
                }],
                nics: vec![NicConfig {
                    mac: text("00:16:3E:00:00:01"),
                    bridge: text("xenbr0"),
                }],
                ..DomainConfig::default()
            }),
        }
    }

    fn keys(guest: &Guest, started: Option<&str>) -> Vec<String> {
        let declared = guest_spec::render(guest, &Secrets::hidden()).unwrap();
        differences(guest, &domain(), &declared, started)
            .into_iter()
            .map(|difference| difference.key)
            .collect()
    }

    #[test]
    fn a_guest_as_it_was_started_differs_in_nothing() {
        let guest = guest(|_| {});
        let text = guest_spec::render(&guest, &Secrets::hidden()).unwrap();
        assert_eq!(keys(&guest, Some(&text)), [""; 0]);
        assert_eq!(keys(&guest, None), [""; 0]);
        let other_spelling = text.replace(
            "format=raw,vdev=xvda,access=rw,target=/vmdisks/web.img",
            "/vmdisks/web.img,raw,xvda,rw",
        );
        assert_ne!(other_spelling, text);
        assert_eq!(keys(&guest, Some(&other_spelling)), [""; 0]);
    }

    #[test]
    fn what_libxl_fills_in_is_no_difference() {
        let routed = guest(|guest| guest["networks"][0]["bridge"] = serde_json::Value::Null);
        let text = guest_spec::render(&routed, &Secrets::hidden()).unwrap();
        assert_eq!(keys(&routed, Some(&text)), [""; 0]);
    }

    /// Whatever libxl shows where there is no disc: nothing, an empty path, or a file of its own.
    #[test]
    fn a_drive_without_a_disc_is_one() {
        let guest = guest(|guest| {
            let drive =
                serde_json::json!({ "name": "cd", "format": "raw", "vdev": "xvdb", "cdrom": true });
            guest["disks"].as_array_mut().unwrap().push(drive);
        });
        let declared = guest_spec::render(&guest, &Secrets::hidden()).unwrap();
        let with_drive = |path: Option<&str>, format: &str| {
            let mut domain = domain();
            domain.config.as_mut().unwrap().disks.push(DiskConfig {
                pdev_path: path.map(str::to_owned),
                vdev: Some("xvdb".into()),
                format: Some(format.into()),
                ..DiskConfig::default()
            });
            differences(&guest, &domain, &declared, Some(&declared))
        };
        for path in [None, Some(""), Some("/run/xen/empty-cdrom.1")] {
            assert_eq!(with_drive(path, "empty"), [], "{path:?}");
        }
        let inserted = with_drive(Some("/srv/a.iso"), "raw");
        assert_eq!(inserted[0].running, "xvda=/vmdisks/web.img xvdb=/srv/a.iso");
        assert_eq!(inserted[0].declared, "xvda=/vmdisks/web.img xvdb=");
    }

    #[test]
    fn every_change_of_a_device_is_seen() {
        let started = guest_spec::render(&guest(|_| {}), &Secrets::hidden()).unwrap();
        for (field, value) in [
            ("readOnly", serde_json::json!(true)),
            ("format", "qcow2".into()),
            ("path", "/x".into()),
            ("script", "block-x".into()),
            ("backend", "storage".into()),
            ("trusted", false.into()),
        ] {
            let changed = guest(|guest| guest["disks"][0][field] = value);
            assert_eq!(keys(&changed, Some(&started)), ["disk"], "{field}");
        }
        for (field, value) in [
            ("script", "vif-route"),
            ("ip", "10.0.0.2"),
            ("bridge", "br1"),
            ("rate", "1MB/s"),
            ("backend", "netvm"),
        ] {
            let changed = guest(|guest| guest["networks"][0][field] = value.into());
            assert_eq!(keys(&changed, Some(&started)), ["vif"], "{field}");
        }
    }

    #[test]
    fn what_was_taken_away_is_seen() {
        let started = guest_spec::render(
            &guest(|guest| {
                guest["settings"] = serde_json::json!({ "cpu_weight": 512 });
            }),
            &Secrets::hidden(),
        )
        .unwrap();
        let less = guest(|guest| guest["maxMemoryMib"] = serde_json::Value::Null);
        assert_eq!(keys(&less, Some(&started)), ["cpu_weight", "maxmem"]);
        // What is not known is not compared.
        assert_eq!(keys(&less, None), ["maxmem"]);
    }
}
