//! The guests of the bench, a third each PV, PVH and HVM: as Domus gets them, and as xl shows them.

use anyhow::{Context as _, Result};
use guest_spec::{Guest, GuestType, OneOrMany};
use serde_json::{Value, json};

/// What the real xl 4.17 printed of a PV guest that boots by pygrub.
const INSTALLED: &str = include_str!("../../../reconcile/src/fixtures/xl-4.17-list-l.json");
/// What it printed of a PVH and an HVM guest with most of what such guests have.
const RUNNING: &str = include_str!("../../../reconcile/tests/fixtures/running/xl-4.17-list-l.json");

/// The declaration of a guest, as guests.json has it.
pub fn declared(number: usize) -> Value {
    let name = format!("guest{number}");
    let mac = |nic: usize| {
        let at = 2 * number + nic;
        format!(
            "00:16:3e:{:02x}:{:02x}:{:02x}",
            at >> 16 & 127,
            at >> 8 & 255,
            at & 255
        )
    };
    let disk = |label: &str, vdev: &str, size: &str| {
        json!({ "name": label, "path": format!("/vmdisks/{name}-{label}.img"), "size": size, "format": "raw", "vdev": vdev,
                "filesystem": { "type": "ext4", "label": format!("NIX{}", label.to_uppercase()) } })
    };
    let mut guest = json!({
        "name": name, "uuid": format!("6d7e3a0c-3b0f-4a55-9d0e-{number:012}"), "vcpus": 2,
        "networks": [ { "name": "lan", "bridge": "xenbr0", "mac": mac(0) } ],
        "autostart": true, "onPoweroff": "destroy", "onReboot": "restart", "onCrash": "destroy",
    });
    let own = match number % 3 {
        0 => json!({
            "type": "pv", "memoryMib": 256, "maxMemoryMib": 512, "boot": { "bootloader": "pygrub" },
            "disks": [ disk("boot", "xvda", "256MiB"), disk("root", "xvdb", "4GiB") ],
            "cpu": { "weight": 256 },
        }),
        1 => json!({
            "type": "pvh", "memoryMib": 256, "maxMemoryMib": 256,
            "boot": { "bootloader": "direct", "kernel": "/nix/store/ivgwa4v6qzkfi0qrhrlknk5dn7k3b7rp-linux/bzImage",
                      "initrd": "/nix/store/lx4pd8wl8191g1c6zsqr1cdvx37bj09j-initrd/initrd",
                      "cmdline": format!("init=/nix/store/{number:032}-nixos-system-{name}/init console=hvc0") },
            "disks": [ disk("root", "xvda", "4GiB") ],
            "cpu": { "cpusSoft": [ "0", "0" ] }, "time": { "tscMode": "native", "timerMode": "no_missed_ticks_pending" },
            "onSoftReset": "preserve", "settings": { "max_grant_frames": 32 },
        }),
        _ => json!({
            "type": "hvm", "memoryMib": 512, "maxMemoryMib": 512, "boot": { "bootloader": "firmware" },
            "disks": [ disk("root", "hda", "4GiB"),
                       { "name": "cd", "format": "raw", "vdev": "hdc", "cdrom": true, "readOnly": true } ],
            "networks": [ { "name": "lan", "bridge": "xenbr0", "mac": mac(0), "model": "e1000" },
                          { "name": "storage", "bridge": "xenbr0", "mac": mac(1), "type": "vif" } ],
            "cpu": { "nestedHvm": false }, "time": { "localtime": true, "hpet": false }, "viridian": [ "defaults", "!apic_assist" ],
            "firmware": { "bootOrder": [ "cdrom", "disk" ], "smbiosTables": "/root/told-hvm.cfg" }, "usb": { "emulate": true, "emulatedDevices": [ "tablet" ] },
            "graphics": { "vga": "stdvga", "videoRamMib": 16, "keymap": "de", "vnc": { "enable": true, "listen": "127.0.0.1" } },
            "settings": { "acpi_s3": false, "serial": "pty", "ms_vm_genid": "generate" },
        }),
    };
    if let (Some(guest), Value::Object(own)) = (guest.as_object_mut(), own) {
        guest.extend(own);
    }
    guest
}

/// The same as Domus reads it.
///
/// # Errors
/// guests.json does not take it.
pub fn guest(number: usize) -> Result<Guest> {
    serde_json::from_value(declared(number)).with_context(|| format!("guest{number}"))
}

/// The columns' names of `xl vcpu-list`.
pub const AFFINITY: &str =
    "Name                                ID  VCPU   CPU State   Time(s) Affinity (Hard / Soft)";

/// What `xl vcpu-list` says of a guest whose vCPUs are to run on some processors; nothing of another.
pub fn affinity_lines(guest: &Guest, number: usize) -> String {
    let Some(OneOrMany::Many(soft)) = &guest.cpu.cpus_soft else {
        return String::new();
    };
    let lines = soft.iter().enumerate().map(|(vcpu, soft)| {
        let (name, domid) = (&guest.name, number + 1);
        format!(
            "{name:<33} {domid:>4} {vcpu:>5} {vcpu:>4}   -b- {:>9.1}  all / {soft}\n",
            12.5
        )
    });
    lines.collect()
}

/// What `xl info` says of the host, as far as Domus reads it.
pub const INFO: &str = "\
host                   : dom0
nr_cpus                : 2
max_cpu_id             : 1
total_memory           : 4194304
free_memory            : 65536
outstanding_claims     : 0
";

/// The columns' names of `xl list -v`.
pub const HEADER: &str = "Name                                        ID   Mem VCPUs\tState\tTime(s)   UUID                            Reason-Code\tSecurity Label";

/// What `xl list -v` says of a guest.
pub fn short_line(number: usize, guest: &Guest) -> String {
    format!(
        "{:<40} {:5} {:5} {:5}     -b----  {:8.1} {}        -                -\n",
        guest.name,
        number + 1,
        guest.memory_mib.get(),
        guest.vcpus,
        1.0,
        guest.uuid
    )
}

/// What a shell script takes out of `xl list -l` to compare: name, memory and its maximum in KiB, vCPUs, disks, vifs.
pub fn facts(guest: &Guest) -> String {
    let disks = guest.disks.iter().map(|disk| {
        let path = disk.path.as_deref().unwrap_or_default();
        format!("{}={path}", disk.vdev)
    });
    let vifs = guest.networks.iter().map(|network| {
        let bridge = network.bridge.as_deref().unwrap_or_default();
        format!("{}@{bridge}", network.mac)
    });
    format!(
        "{}\t{}\t{}\t{}\t{}\t{}\n",
        guest.name,
        u64::from(guest.memory_mib.get()) * 1024,
        u64::from(guest.max_memory().get()) * 1024,
        guest.vcpus,
        disks.collect::<Vec<_>>().join(","),
        vifs.collect::<Vec<_>>().join(",")
    )
}

/// What `xl list -l` says of running guests: the real one's words of a guest of each type, with other values.
pub struct Shapes {
    pv: Value,
    pvh: Value,
    hvm: Value,
}

impl Shapes {
    /// Reads what the real xl printed.
    ///
    /// # Errors
    /// A guest of a type is not in it.
    pub fn read() -> Result<Self> {
        let (installed, running): (Value, Value) = (
            serde_json::from_str(INSTALLED)?,
            serde_json::from_str(RUNNING)?,
        );
        let of = |list: &Value, name: &str| {
            let mut entries = list.as_array().into_iter().flatten();
            let found = entries.find(|entry| entry["config"]["c_info"]["name"] == name);
            found
                .cloned()
                .with_context(|| format!("xl showed no {name}"))
        };
        Ok(Self {
            pv: of(&installed, "pygrub-guest")?,
            pvh: of(&running, "told-pvh")?,
            hvm: of(&running, "told-hvm")?,
        })
    }

    /// What it says of a guest that runs as it is declared, laid out as libxl's yajl does.
    ///
    /// # Errors
    /// The guest has another number of disks or vifs than the one that xl showed.
    pub fn long_entry(&self, number: usize, guest: &Guest) -> Result<String> {
        let mut entry = match guest.guest_type {
            GuestType::Pv => self.pv.clone(),
            GuestType::Pvh => self.pvh.clone(),
            GuestType::Hvm => self.hvm.clone(),
        };
        entry["domid"] = json!(number + 1);
        let config = &mut entry["config"];
        config["c_info"]["name"] = json!(guest.name);
        config["c_info"]["uuid"] = json!(guest.uuid);
        let build = &mut config["b_info"];
        build["max_vcpus"] = json!(guest.vcpus);
        build["avail_vcpus"] = json!((0..guest.vcpus).collect::<Vec<_>>());
        build["target_memkb"] = json!(u64::from(guest.memory_mib.get()) * 1024);
        build["max_memkb"] = json!(u64::from(guest.max_memory().get()) * 1024);
        for (name, value) in [
            ("kernel", &guest.boot.kernel),
            ("ramdisk", &guest.boot.initrd),
            ("cmdline", &guest.boot.cmdline),
        ] {
            if let Some(value) = value {
                build[name] = json!(value);
            }
        }
        for (at, disk) in guest.disks.iter().enumerate() {
            let shown = config.pointer_mut(&format!("/disks/{at}"));
            let shown = shown.context("xl showed fewer disks")?;
            shown["pdev_path"] = json!(disk.path.as_deref().unwrap_or_default());
            shown["vdev"] = json!(disk.vdev);
        }
        for (at, network) in guest.networks.iter().enumerate() {
            let shown = config.pointer_mut(&format!("/nics/{at}"));
            let shown = shown.context("xl showed fewer vifs")?;
            shown["mac"] = json!(network.mac.to_string());
            shown["bridge"] = json!(network.bridge);
        }
        laid_out(&entry)
    }
}

/// Four spaces for each depth, of which a list's item has one, and two line breaks in what is empty.
fn laid_out(entry: &Value) -> Result<String> {
    let mut text = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    let mut writer = serde_json::Serializer::with_formatter(&mut text, formatter);
    serde::Serialize::serialize(entry, &mut writer)?;
    let mut all = String::with_capacity(text.len() * 3 / 2);
    for line in String::from_utf8(text)?.lines() {
        let indent = &line[..line.len() - line.trim_start().len()];
        all.push_str("\n    ");
        match line.split_once("{}") {
            Some((before, after)) if matches!(after, "" | ",") => {
                all.extend([before, "{\n\n    ", indent, "}", after]);
            }
            _ => all.push_str(line),
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `serde_json` sorts the fields of an object, and libxl does not; all else is the same.
    #[test]
    fn entries_are_laid_out_as_the_real_xl_does() {
        let lines = |text: &str| {
            let lines = text
                .lines()
                .map(|line| line.trim_end_matches(',').to_owned());
            let mut lines: Vec<String> = lines.collect();
            lines.sort_unstable();
            lines
        };
        let all: Value = serde_json::from_str(INSTALLED).unwrap();
        let ours: Vec<String> = all
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| laid_out(entry).unwrap())
            .collect();
        assert_eq!(
            lines(&format!("[{}\n]", ours.join(","))),
            lines(INSTALLED.trim_end())
        );
    }

    #[test]
    fn guests_are_shown_with_every_place_of_the_real_xl() {
        fn places(json: &Value, at: &str, found: &mut Vec<String>) {
            let Value::Object(fields) = json else {
                return found.push(at.to_owned());
            };
            for (name, value) in fields {
                places(value, &format!("{at}/{name}"), found);
            }
        }
        let shapes = Shapes::read().unwrap();
        for (number, real) in [&shapes.pv, &shapes.pvh, &shapes.hvm]
            .into_iter()
            .enumerate()
        {
            let shown = shapes.long_entry(number, &guest(number).unwrap()).unwrap();
            let shown: Value = serde_json::from_str(&shown).unwrap();
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            places(&shown, "", &mut ours);
            places(real, "", &mut theirs);
            assert_eq!(ours, theirs);
            assert_eq!(
                shown["config"]["disks"].as_array().unwrap().len(),
                real["config"]["disks"].as_array().unwrap().len()
            );
        }
    }

    /// By all that libxl shows, not only by what an apply compares today.
    #[test]
    fn guests_run_as_they_are_declared() {
        let shapes = Shapes::read().unwrap();
        for number in 0..6 {
            let guest = guest(number).unwrap();
            let shown: Value =
                serde_json::from_str(&shapes.long_entry(number, &guest).unwrap()).unwrap();
            let read = reconcile::libxl_json::config(&shown["config"]);
            assert_eq!(read.unread, [""; 0]);
            let declared = guest_spec::lower(&guest, &guest_spec::Secrets::hidden()).unwrap();
            let differences = reconcile::libxl_json::differences(&declared, &read.config, 17);
            assert!(differences.is_empty(), "{differences:?}");
        }
    }

    #[test]
    fn guests_are_declared_without_problems() {
        let guests: Vec<Value> = (0..6).map(declared).collect();
        let text = json!({ "version": 1, "guests": guests }).to_string();
        let problems = guest_spec::Document::parse(&text).unwrap().problems();
        assert!(problems.is_empty(), "{problems:?}");
    }
}
