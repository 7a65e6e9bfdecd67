//! What changes a domain that runs.

use super::devices::{disc, disk, must_be_there, nic};
use super::{change, die, keep, load, pins};

/// What changes a domain that runs; false for another verb.
pub fn changed(words: &[&str]) -> bool {
    match words {
        ["mem-set", domid, memory] => {
            let mib = memory.strip_suffix('m').and_then(|mib| mib.parse().ok());
            change(domid, |domain| match mib {
                Some(mib) if mib <= domain.max_mib => domain.memory_mib = mib,
                _ => die("memory_dynamic_max must be less than or equal to memory_static_max"),
            });
        }
        ["vcpu-set", "-i", domid, count] => change(domid, |domain| match count.parse() {
            Ok(count) if count <= domain.max_vcpus => domain.vcpus = count,
            _ => die("libxl: error: libxl_sched.c: max vcpus"),
        }),
        ["sched-credit2", "-d", domid, options @ ..] => change(domid, |domain| {
            for option in options.chunks(2) {
                match option {
                    ["-w", weight] => domain.weight = weight.parse().unwrap_or(0),
                    ["-c", cap] => domain.cap = cap.parse().unwrap_or(0),
                    _ => die(&format!("fake xl: cannot {options:?}")),
                }
            }
        }),
        ["vcpu-pin", domid, vcpu, hard, soft] => {
            change(domid, |domain| pins::pin(domain, vcpu, [hard, soft]));
        }
        ["block-attach", domid, spec] => {
            let disk = disk(spec);
            must_be_there(&disk);
            change(domid, |domain| {
                if domain.disks.iter().any(|known| known.vdev == disk.vdev) {
                    die("libxl: error: libxl_device.c: device already exists in xenstore");
                }
                domain.disks.push(disk);
                keep(domain);
            });
        }
        ["block-detach", domid, vdev] => change(domid, |domain| {
            let count = domain.disks.len();
            domain.disks.retain(|disk| disk.vdev != *vdev);
            if domain.disks.len() == count {
                die(&format!("Error: Device {vdev} not connected."));
            }
        }),
        ["cd-insert", domid, vdev, path] => disc(domid, vdev, path),
        ["cd-eject", domid, vdev] => disc(domid, vdev, ""),
        ["network-attach", domid, settings @ ..] => {
            let vif = settings.join(",");
            change(domid, |domain| {
                let devids = domain.nics.iter().filter_map(|nic| nic["devid"].as_u64());
                let devid = devids.max().map_or(0, |last| last + 1);
                domain.nics.push(nic(&vif, devid, "pv"));
            });
        }
        ["rename", domid, name] => {
            if load().domains.iter().any(|domain| domain.name == *name) {
                die(&format!("Domain with name \"{name}\" already exists."));
            }
            change(domid, |domain| (*name).clone_into(&mut domain.name));
        }
        ["network-detach", domid, mac] => change(domid, |domain| {
            let count = domain.nics.len();
            domain.nics.retain(|nic| nic["mac"] != **mac);
            if domain.nics.len() == count {
                die(&format!("Unknown device {mac}."));
            }
        }),
        _ => return false,
    }
    true
}
