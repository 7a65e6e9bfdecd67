//! From a guest to its xl.cfg.
//!
//! This is where an option of a guest gets its key; a new option is one more line in [`lower()`] and one
//! in [`owner_of_key`].

use xl_cfg::disk::{Access, Disk as DiskSpec, Format};
use xl_cfg::vif::Vif;
use xl_cfg::{Config, Key, SpecError, Value, WriteError};

use crate::{Bootloader, Disk, DiskFormat, Guest, Network, Setting};

/// Why a guest cannot be written as xl.cfg. [`crate::Document::problems`] finds these beforehand,
/// so that it is met only by a document that was not checked.
#[derive(Debug, thiserror::Error)]
pub enum LowerError {
    /// A device has a value that xl's syntax cannot carry.
    #[error("guest {guest}, option {option}: {source}")]
    Device {
        /// The guest's name.
        guest: String,
        /// Which disk or network.
        option: String,
        /// What cannot be carried.
        source: SpecError,
    },
    /// A key of `settings` is none.
    #[error("guest {guest}, option settings.{key}: {source}")]
    Key {
        /// The guest's name.
        guest: String,
        /// The key.
        key: String,
        /// Why it is none.
        source: xl_cfg::KeyError,
    },
    /// A value cannot be written.
    #[error("guest {guest}: {source}")]
    Write {
        /// The guest's name.
        guest: String,
        /// Which key, and why.
        source: WriteError,
    },
}

/// The option that writes this key of xl.cfg for this guest, if one does.
#[must_use]
pub fn owner_of_key(guest: &Guest, key: &str) -> Option<&'static str> {
    let boot = &guest.boot;
    let option = match key {
        "name" => "name",
        "type" | "builder" => "type",
        "uuid" => "uuid",
        "memory" => "memory",
        "maxmem" => "maxMemory",
        "vcpus" => "vcpus",
        "maxvcpus" => "maxVcpus",
        "bootloader" | "firmware" if boot.bootloader != Bootloader::Firmware => "bootloader",
        "kernel" if boot.bootloader != Bootloader::Firmware => "kernel",
        "ramdisk" if boot.initrd.is_some() => "initrd",
        "cmdline" | "root" | "extra" if boot.cmdline.is_some() => "cmdline",
        "disk" => "disks",
        "vif" => "networks",
        "on_poweroff" => "onPoweroff",
        "on_reboot" => "onReboot",
        "on_crash" => "onCrash",
        _ => return None,
    };
    Some(option)
}

/// The guest's configuration: the typed options in a fixed order, then `settings` by name.
///
/// # Errors
/// When xl's syntax cannot carry a value; not for a guest without [`crate::Problem`]s.
pub fn lower(guest: &Guest) -> Result<Config, LowerError> {
    let mut config = Config::new();
    let mut set = |name: &str, value: Value| -> Result<(), LowerError> {
        let key = Key::new(name).map_err(|source| LowerError::Key {
            guest: guest.name.clone(),
            key: name.to_owned(),
            source,
        })?;
        config.set(key, value);
        Ok(())
    };
    set("name", guest.name.as_str().into())?;
    set("type", guest.guest_type.as_str().into())?;
    set("uuid", guest.uuid.to_string().into())?;
    set("memory", i64::from(guest.memory_mib.get()).into())?;
    if let Some(max) = guest.max_memory_mib {
        set("maxmem", i64::from(max.get()).into())?;
    }
    set("vcpus", i64::from(guest.vcpus).into())?;
    if let Some(max) = guest.max_vcpus {
        set("maxvcpus", i64::from(max).into())?;
    }
    if guest.boot.bootloader == Bootloader::Pygrub {
        set("bootloader", "pygrub".into())?;
    }
    let boot = [
        ("kernel", &guest.boot.kernel),
        ("ramdisk", &guest.boot.initrd),
        ("cmdline", &guest.boot.cmdline),
    ];
    for (key, value) in boot {
        if let Some(value) = value {
            set(key, value.as_str().into())?;
        }
    }
    if !guest.disks.is_empty() {
        let specs = guest
            .disks_in_boot_order()
            .into_iter()
            .map(|disk| disk_spec(guest, disk));
        set("disk", Value::List(specs.collect::<Result<_, _>>()?))?;
    }
    if !guest.networks.is_empty() {
        let specs = guest
            .networks
            .iter()
            .map(|network| vif_spec(guest, network));
        set("vif", Value::List(specs.collect::<Result<_, _>>()?))?;
    }
    set("on_poweroff", guest.on_poweroff.as_str().into())?;
    set("on_reboot", guest.on_reboot.as_str().into())?;
    set("on_crash", guest.on_crash.as_str().into())?;
    for (key, setting) in &guest.settings {
        set(key, value_of(setting))?;
    }
    Ok(config)
}

/// The text of the guest's xl configuration, as it stands in `/etc/xen/<name>.cfg`.
///
/// # Errors
/// As [`lower()`].
pub fn render(guest: &Guest) -> Result<String, LowerError> {
    let text = lower(guest)?
        .to_text()
        .map_err(|source| LowerError::Write {
            guest: guest.name.clone(),
            source,
        })?;
    Ok(format!(
        "# Written by Domus from virtualisation.xen.guests.{}; a change made here is not kept.\n{text}",
        guest.name
    ))
}

fn disk_spec(guest: &Guest, disk: &Disk) -> Result<Value, LowerError> {
    let spec = DiskSpec {
        format: match disk.format {
            DiskFormat::Raw => Format::Raw,
            DiskFormat::Qcow2 => Format::Qcow2,
        },
        access: if disk.is_writable() {
            Access::ReadWrite
        } else {
            Access::ReadOnly
        },
        cdrom: disk.cdrom,
        ..DiskSpec::new(&disk.path, &disk.vdev)
    };
    let text = spec.to_spec().map_err(|source| LowerError::Device {
        guest: guest.name.clone(),
        option: format!("disks.{}", disk.name),
        source,
    })?;
    Ok(text.into())
}

fn vif_spec(guest: &Guest, network: &Network) -> Result<Value, LowerError> {
    let spec = || {
        Vif {
            mac: Some(network.mac.to_string().parse()?),
            bridge: network.bridge.clone(),
            ip: network.ip.clone(),
            script: network.script.clone(),
            ..Vif::default()
        }
        .to_spec()
    };
    let text = spec().map_err(|source| LowerError::Device {
        guest: guest.name.clone(),
        option: format!("networks.{}", network.name),
        source,
    })?;
    Ok(text.into())
}

fn value_of(setting: &Setting) -> Value {
    match setting {
        Setting::Boolean(value) => Value::Integer(i64::from(*value)),
        Setting::Integer(value) => Value::Integer(*value),
        Setting::String(value) => value.as_str().into(),
        Setting::List(values) => Value::List(values.iter().map(value_of).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Document;
    use crate::validate::tests::{GUEST, document};

    fn rendered(guest: &str) -> String {
        let document = Document::parse(&document(guest)).unwrap();
        assert_eq!(document.problems(), []);
        render(&document.guests[0]).unwrap()
    }

    #[test]
    fn pygrub() {
        insta::assert_snapshot!(rendered(GUEST));
    }

    #[test]
    fn pvgrub_direct_and_firmware() {
        let boots = [
            r#""pvgrub", "kernel": "/nix/store/x-grub/grub-x86_64-xen.bin""#,
            r#""direct", "kernel": "/k/bzImage", "initrd": "/k/initrd", "cmdline": "console=hvc0 root=/dev/xvda""#,
        ];
        let mut texts: Vec<_> = boots
            .iter()
            .map(|boot| rendered(&GUEST.replace("\"pygrub\"", boot)))
            .collect();
        texts.push(rendered(
            &GUEST
                .replace("\"pygrub\"", "\"firmware\"")
                .replace("\"pv\"", "\"hvm\""),
        ));
        insta::assert_snapshot!(texts.join("\n"));
    }

    #[test]
    fn settings_of_every_kind() {
        let settings = r#"{ "rtc_timeoffset": -3600, "nestedhvm": true, "cpus": "0-3,^1",
            "usbdevice": ["tablet", "mouse"], "vnuma": [["pnode=0", "size=512"]], "serial": "a\"b\\c" }"#;
        insta::assert_snapshot!(rendered(
            &GUEST.replace(r#"{ "cpu_weight": 512 }"#, settings)
        ));
    }

    #[test]
    fn every_key_written_has_an_owner() {
        let guest = GUEST
            .replace(
                "\"pygrub\"",
                r#""direct", "kernel": "/k", "initrd": "/i", "cmdline": "c""#,
            )
            .replace("\"vcpus\": 2", "\"vcpus\": 2, \"maxVcpus\": 4");
        for text in [guest, GUEST.to_owned()] {
            let document = Document::parse(&document(&text)).unwrap();
            let guest = &document.guests[0];
            for (key, _) in lower(guest).unwrap().iter() {
                let set_by_user = guest.settings.contains_key(key.as_str());
                assert_ne!(
                    owner_of_key(guest, key.as_str()).is_some(),
                    set_by_user,
                    "{key}"
                );
            }
        }
    }

    #[test]
    fn the_first_disk_is_the_one_that_boots() {
        let disks = r#"[ { "name": "cd", "path": "/a.iso", "format": "raw", "vdev": "hdc", "cdrom": true },
            { "name": "z", "path": "/z", "format": "qcow2", "vdev": "xvdb", "readOnly": true },
            { "name": "y", "path": "/y", "format": "raw", "vdev": "xvda" } ]"#;
        let start = GUEST.find("\"disks\"").unwrap();
        let end = GUEST.find("\"networks\"").unwrap();
        let text = format!("{}\"disks\": {disks}, {}", &GUEST[..start], &GUEST[end..]);
        let document = Document::parse(&document(&text)).unwrap();
        let guest = &document.guests[0];
        assert_eq!(guest.boot_disk().unwrap().name, "y");
        insta::assert_snapshot!(render(guest).unwrap());
    }
}
