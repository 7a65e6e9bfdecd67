//! Each rule about processors, devices, screens and firmware, with a guest that breaks it.

use serde_json::{Value, json};

use super::tests::{GUEST, document};
use crate::Document;

/// A guest of a type, with these fields in place of its own.
pub(super) fn guest(kind: &str, fields: &Value) -> Value {
    let mut guest: Value = serde_json::from_str(GUEST).unwrap();
    guest["type"] = kind.into();
    guest["maxMemoryMib"] = Value::Null;
    if kind == "hvm" {
        guest["boot"] = json!({ "bootloader": "firmware" });
    }
    for (name, field) in fields.as_object().unwrap() {
        guest[name] = field.clone();
    }
    guest
}

pub(super) fn problems(guests: &[Value]) -> Vec<String> {
    let guests: Vec<String> = guests.iter().map(ToString::to_string).collect();
    let document = Document::parse(&document(&guests.join(", "))).unwrap();
    document
        .problems()
        .iter()
        .map(ToString::to_string)
        .collect()
}

/// What each guest is told.
pub(super) fn told(cases: &[(&str, Value)]) -> String {
    let shown: Vec<String> = cases
        .iter()
        .map(|(kind, fields)| {
            let found = problems(&[guest(kind, fields)]);
            assert!(!found.is_empty(), "no problem found in {kind} {fields}");
            found.join("\n")
        })
        .collect();
    shown.join("\n")
}

#[test]
fn processors_and_clocks() {
    let numa = |nodes: Value| ("pvh", json!({ "vnuma": nodes }));
    let node =
        |memory: u32, vcpus: &str| json!({ "pnode": 0, "memoryMib": memory, "vcpus": vcpus });
    let said = told(&[
        ("pv", json!({ "cpu": { "cpus": ["0", "1", "2"] } })),
        ("pv", json!({ "cpu": { "cpusSoft": "3-1" } })),
        ("pv", json!({ "cpu": { "weight": 0 } })),
        ("pv", json!({ "cpu": { "weight": 65536 } })),
        ("pv", json!({ "cpu": { "cap": 201 } })),
        ("pv", json!({ "cpu": { "cpuid": "tm=0" } })),
        ("pv", json!({ "cpu": { "cpuid": ["1:ecx=x"] } })),
        ("pv", json!({ "cpu": { "nestedHvm": false } })),
        (
            "pv",
            json!({ "time": { "timerMode": "one_missed_tick_pending" } }),
        ),
        (
            "pvh",
            json!({ "time": { "hpet": true, "vptAlign": false } }),
        ),
        ("pvh", json!({ "viridian": true })),
        ("hvm", json!({ "viridian": ["frequent"] })),
        ("hvm", json!({ "viridian": ["freq"] })),
        ("hvm", json!({ "viridian": ["all", "!base"] })),
        ("pv", json!({ "vnuma": [node(512, "0-1")] })),
        numa(json!([node(256, "0-1")])),
        (
            "pvh",
            json!({ "maxMemoryMib": 1024, "vnuma": [node(1024, "0-1")] }),
        ),
        numa(json!([node(512, "0")])),
        numa(json!([node(512, "0-2")])),
        numa(json!([node(512, "0-4294967295")])),
        numa(json!([node(512, "1-0")])),
        numa(json!([node(256, "0-1"), node(256, "1")])),
        numa(json!([{ "pnode": 0, "memoryMib": 512, "vcpus": "0-1", "distances": [10, 20] }])),
        numa(json!([
            { "pnode": 0, "memoryMib": 256, "vcpus": "0", "distances": [20, 10] },
            { "pnode": 0, "memoryMib": 256, "vcpus": "1", "distances": [20, 10] }
        ])),
    ]);
    insta::assert_snapshot!(said);
}

#[test]
fn pci_devices() {
    let one = |device: Value| json!({ "pci": { "devices": [device] } });
    let two = |a: Value, b: Value| {
        let (mut a, mut b) = (a, b);
        a["name"] = "a".into();
        b["name"] = "b".into();
        json!({ "pci": { "devices": [a, b] } })
    };
    let said = told(&[
        ("pv", one(json!({ "name": "nic" }))),
        (
            "pv",
            one(json!({ "name": "nic", "bdf": "03:00.0", "assignableName": "nic" })),
        ),
        ("pv", one(json!({ "name": "nic", "assignableName": "a,b" }))),
        ("pv", one(json!({ "name": "nic", "bdf": "03:00" }))),
        (
            "pv",
            one(json!({ "name": "nic", "bdf": "03:00.0", "vslot": 32 })),
        ),
        (
            "pv",
            one(
                json!({ "name": "nic", "bdf": "03:00.0", "powerManagement": true, "rdmPolicy": "strict" }),
            ),
        ),
        ("pvh", one(json!({ "name": "nic", "bdf": "03:00.0" }))),
        ("pvh", json!({ "pci": { "passthrough": "enabled" } })),
        (
            "pv",
            two(
                json!({ "bdf": "03:00.0" }),
                json!({ "bdf": "0000:03:00.*" }),
            ),
        ),
        (
            "pv",
            two(
                json!({ "bdf": "03:00.0", "vslot": 8 }),
                json!({ "bdf": "04:00.0", "vslot": 8 }),
            ),
        ),
        (
            "pv",
            json!({ "pci": { "devices": [{ "name": "a", "bdf": "03:00.0" }, { "name": "a", "bdf": "04:00.0" }] } }),
        ),
        (
            "pv",
            json!({ "pci": { "powerManagement": false, "rdm": { "memBoundaryMib": 1024 } } }),
        ),
        ("hvm", json!({ "pci": { "rdm": { "strategy": "host" } } })),
        ("hvm", json!({ "pci": { "rdm": { "policy": "strict" } } })),
        (
            "pv",
            json!({ "pci": { "passthrough": "disabled", "devices": [{ "name": "a", "bdf": "03:00.0" }] } }),
        ),
        ("pv", json!({ "pci": { "passthrough": "share_pt" } })),
        (
            "hvm",
            json!({ "maxMemoryMib": 1024, "pci": { "passthrough": "enabled" } }),
        ),
        ("hvm", json!({ "pci": { "gfxPassthru": true } })),
        ("pv", json!({ "pci": { "gfxPassthru": "igd" } })),
        ("hvm", json!({ "pci": { "e820Host": true } })),
        (
            "pv",
            json!({ "pci": { "e820Host": false, "devices": [{ "name": "a", "bdf": "03:00.0" }] } }),
        ),
    ]);
    insta::assert_snapshot!(said);
}

#[test]
fn usb() {
    let controller = |kind: &str, version: u8, ports: u8| json!({ "usb": { "controllers": [{ "name": "c", "type": kind, "version": version, "ports": ports }] } });
    let device = |device: Value| {
        let mut device = device;
        device["name"] = "d".into();
        device["hostbus"] = 1.into();
        json!({ "usb": { "controllers": [{ "name": "c" }], "devices": [device] } })
    };
    let said = told(&[
        (
            "pv",
            json!({ "usb": { "emulate": true, "version": 2, "emulatedDevices": ["tablet"] } }),
        ),
        ("hvm", json!({ "usb": { "emulate": true, "version": 2 } })),
        ("hvm", json!({ "usb": { "version": 4 } })),
        (
            "hvm",
            json!({ "usb": { "emulate": false, "emulatedDevices": ["tablet"] } }),
        ),
        ("hvm", json!({ "usb": { "emulatedDevices": ["a\nb"] } })),
        ("pv", controller("devicemodel", 2, 6)),
        ("pv", controller("qusb", 3, 8)),
        ("pv", controller("pv", 2, 32)),
        ("pv", controller("pv", 0, 0)),
        ("hvm", controller("auto", 1, 3)),
        ("hvm", controller("devicemodel", 2, 8)),
        ("hvm", controller("devicemodel", 3, 16)),
        (
            "pv",
            json!({ "usb": { "controllers": [{ "name": "c" }, { "name": "c" }] } }),
        ),
        ("pv", device(json!({ "hostaddr": 1, "port": 1 }))),
        (
            "pv",
            device(json!({ "hostaddr": 1, "controller": "front" })),
        ),
        (
            "pv",
            device(json!({ "hostaddr": 1, "controller": "c", "port": 9 })),
        ),
        (
            "hvm",
            device(json!({ "hostaddr": 1, "controller": "c", "port": 7 })),
        ),
        ("pv", device(json!({ "hostaddr": 128 }))),
        (
            "pv",
            json!({ "usb": { "controllers": [{ "name": "c" }], "devices": [
            { "name": "a", "hostbus": 1, "hostaddr": 1, "controller": "c", "port": 1 },
            { "name": "b", "hostbus": 1, "hostaddr": 1, "controller": "c", "port": 1 } ] } }),
        ),
    ]);
    insta::assert_snapshot!(said);
}

#[test]
fn screens() {
    let graphics = |fields: Value| json!({ "graphics": fields });
    let spice = |fields: Value| {
        let mut fields = fields;
        fields["enable"] = true.into();
        ("hvm", json!({ "graphics": { "spice": fields } }))
    };
    let said = told(&[
        (
            "pv",
            graphics(json!({ "vga": "stdvga", "videoRamMib": 16 })),
        ),
        (
            "pvh",
            graphics(json!({ "spice": { "enable": true, "port": 1, "disableTicketing": true } })),
        ),
        ("hvm", graphics(json!({ "videoRamMib": 4 }))),
        ("hvm", graphics(json!({ "vga": "qxl", "videoRamMib": 64 }))),
        ("pv", graphics(json!({ "keymap": "de" }))),
        ("hvm", graphics(json!({ "keymap": "d,e" }))),
        (
            "pv",
            graphics(json!({ "vnc": { "passwordFile": "/run/keys/vnc" } })),
        ),
        (
            "hvm",
            graphics(
                json!({ "vnc": { "enable": false, "listen": "0.0.0.0", "display": 1, "unused": true } }),
            ),
        ),
        ("hvm", graphics(json!({ "vnc": { "listen": "0.0.0.0:1" } }))),
        ("hvm", graphics(json!({ "vnc": { "display": 59636 } }))),
        ("hvm", graphics(json!({ "vnc": { "passwordFile": "vnc" } }))),
        (
            "hvm",
            graphics(json!({ "vnc": { "passwordFile": "/nix/store/x-vnc" } })),
        ),
        (
            "hvm",
            graphics(json!({ "sdl": { "opengl": true, "display": ":0", "xauthority": "/x" } })),
        ),
        (
            "hvm",
            graphics(json!({ "sdl": { "enable": true, "display": ":0,1" } })),
        ),
        ("hvm", graphics(json!({ "spice": { "port": 6000 } }))),
        spice(json!({ "disableTicketing": true })),
        spice(json!({ "disableTicketing": true, "port": 6000, "tlsPort": 6000 })),
        spice(json!({ "port": 6000 })),
        spice(json!({ "port": 6000, "disableTicketing": true, "passwordFile": "/run/keys/spice" })),
        spice(json!({ "port": 6000, "disableTicketing": true, "host": "::1,x" })),
        spice(json!({ "port": 6000, "disableTicketing": true, "clipboardSharing": true })),
        spice(json!({ "port": 6000, "disableTicketing": true, "usbRedirection": 5 })),
        (
            "hvm",
            json!({ "usb": { "emulate": true }, "graphics": { "spice": {
            "enable": true, "port": 6000, "disableTicketing": true, "usbRedirection": 1 } } }),
        ),
    ]);
    insta::assert_snapshot!(said);
}

#[test]
fn folders_streams_and_the_rest() {
    let share = |fields: Value| {
        let mut fields = fields;
        fields["name"] = "www".into();
        json!({ "shares": [fields] })
    };
    let channel = |name: &str, connection: &str, path: Option<&str>| json!({ "name": name, "connection": connection, "path": path });
    let said = told(&[
        ("pv", share(json!({ "path": "srv" }))),
        ("pv", share(json!({ "path": "/srv/a=b" }))),
        ("pv", share(json!({ "path": "/srv", "backend": "a,b" }))),
        (
            "pv",
            share(
                json!({ "path": "/srv", "maxFiles": 1, "maxOpenFiles": 1, "maxSpaceMib": 1, "autoDelete": true }),
            ),
        ),
        (
            "pv",
            json!({ "shares": [{ "name": "a b", "path": "/srv" }] }),
        ),
        (
            "pv",
            json!({ "shares": [{ "name": "a", "path": "/srv" }, { "name": "a", "path": "/srv" }] }),
        ),
        ("pv", json!({ "channels": [channel("a", "socket", None)] })),
        (
            "pv",
            json!({ "channels": [channel("a", "pty", Some("/run/a"))] }),
        ),
        (
            "pv",
            json!({ "channels": [channel("a", "pty", None), channel("a", "pty", None)] }),
        ),
        ("pv", json!({ "channels": [channel("a\"b", "pty", None)] })),
        (
            "pv",
            json!({ "vtpm": { "uuid": "6d7e3a0c-3b0f-4a55-9d0e-2b8f6f3c0001" } }),
        ),
        (
            "pv",
            json!({ "vkb": [{ "name": "a,b", "backendType": "qemu" }] }),
        ),
    ]);
    insta::assert_snapshot!(said);
}

#[test]
fn firmware_and_device_models() {
    let firmware = |fields: Value| json!({ "firmware": fields });
    let model = |fields: Value| json!({ "deviceModel": fields });
    let oem = vec!["x"; 100];
    let said = told(&[
        (
            "pv",
            firmware(
                json!({ "bios": "ovmf", "hdType": "ahci", "bootOrder": ["disk"], "acpi": true, "smbios": { "oem": "x" } }),
            ),
        ),
        ("hvm", firmware(json!({ "bios": "rombios" }))),
        (
            "hvm",
            json!({ "firmware": { "bios": "rombios" }, "deviceModel": { "version": "qemu-xen" } }),
        ),
        ("hvm", firmware(json!({ "biosPath": "/srv/OVMF.fd" }))),
        (
            "hvm",
            firmware(json!({ "bios": "ovmf", "biosPath": "OVMF.fd" })),
        ),
        (
            "hvm",
            firmware(json!({ "bootOrder": ["disk", "cdrom", "disk"] })),
        ),
        ("hvm", firmware(json!({ "smbios": { "vendor": "x" } }))),
        ("hvm", firmware(json!({ "smbios": { "bios_vendor": "" } }))),
        ("hvm", firmware(json!({ "oemStrings": oem }))),
        (
            "hvm",
            json!({ "boot": { "bootloader": "firmware", "initrd": "/boot/initrd" } }),
        ),
        ("pv", json!({ "pvShim": { "enable": true } })),
        ("pvh", json!({ "pvShim": { "extra": "x" } })),
        (
            "pvh",
            json!({ "pvShim": { "enable": true, "cmdline": "a\nb" } }),
        ),
        ("hvm", model(json!({ "user": "qemu-web" }))),
        ("hvm", model(json!({ "restrict": true, "user": "a b" }))),
        (
            "hvm",
            model(
                json!({ "stubdomain": { "kernel": "/k", "ramdisk": "/r", "cmdline": "c", "memoryMib": 1 } }),
            ),
        ),
        (
            "pv",
            model(json!({ "stubdomain": { "enable": true }, "argsHvm": ["-S"] })),
        ),
        ("hvm", model(json!({ "argsPv": ["-S"], "args": [""] }))),
        ("hvm", model(json!({ "override": "qemu" }))),
    ]);
    insta::assert_snapshot!(said);
}

#[test]
fn guests_beside_each_other() {
    let two = |fields: Value, autostart: bool| {
        let web = guest("hvm", &fields);
        let mut mail = guest("hvm", &fields);
        mail["name"] = "mail".into();
        mail["uuid"] = "6d7e3a0c-3b0f-4a55-9d0e-2b8f6f3c0002".into();
        mail["autostart"] = autostart.into();
        mail["disks"][0]["path"] = "/vmdisks/mail.img".into();
        mail["networks"] = json!([]);
        problems(&[web, mail])
    };
    let pci = json!({ "pci": { "devices": [{ "name": "nic", "bdf": "03:00.0" }] } });
    let usb = json!({ "usb": { "devices": [{ "name": "key", "hostbus": 1, "hostaddr": 3 }] } });
    let user = json!({ "deviceModel": { "restrict": true, "user": "qemu" } });
    let told = [&pci, &usb, &user].map(|fields| two(fields.clone(), true).join("\n"));
    insta::assert_snapshot!(told.join("\n"));
    for fields in [pci, usb] {
        assert_eq!(two(fields, false), Vec::<String>::new());
    }
}
