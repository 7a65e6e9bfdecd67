//! Each rule about processors, clocks and devices of the host, with a guest that breaks it; and what
//! is for guests of every type.

use serde_json::{Value, json};

use super::cases::{guest, problems, told};

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
        ("pv", json!({ "cpu": { "nestedHvm": true } })),
        (
            "pv",
            json!({ "time": { "timerMode": "one_missed_tick_pending" } }),
        ),
        ("pvh", json!({ "time": { "hpet": true, "vptAlign": true } })),
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
                json!({ "assignableName": "nic1" }),
                json!({ "assignableName": "nic1" }),
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
            json!({ "pci": { "powerManagement": true, "rdm": { "memBoundaryMib": 1024 } } }),
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
    let named = json!({ "pci": { "devices": [{ "name": "nic", "assignableName": "nic1" }] } });
    let usb = json!({ "usb": { "devices": [{ "name": "key", "hostbus": 1, "hostaddr": 3 }] } });
    let user = json!({ "deviceModel": { "restrict": true, "user": "qemu" } });
    let told = [&pci, &named, &usb, &user].map(|fields| two(fields.clone(), true).join("\n"));
    insta::assert_snapshot!(told.join("\n"));
    for fields in [pci, named, usb] {
        assert_eq!(two(fields, false), Vec::<String>::new());
    }
}

/// A module for guests of every type may say that none has these.
#[test]
fn what_is_false_is_for_every_type() {
    let fields = json!({
        "cpu": { "nestedHvm": false },
        "time": { "hpet": false, "vptAlign": false },
        "viridian": false,
        "pci": { "powerManagement": false, "gfxPassthru": false, "e820Host": false },
        "usb": { "emulate": false },
        "graphics": { "spice": { "enable": false } },
        "firmware": { "acpi": false },
        "pvShim": { "enable": false },
        "deviceModel": { "stubdomain": { "enable": false } },
    });
    for kind in ["pv", "pvh", "hvm"] {
        assert_eq!(problems(&[guest(kind, &fields)]), Vec::<String>::new());
    }
    let device = json!([{ "name": "nic", "bdf": "03:00.0", "powerManagement": false }]);
    let mut with_device = json!({ "pci": { "devices": device } });
    assert_eq!(problems(&[guest("pv", &with_device)]), Vec::<String>::new());
    with_device["pci"]["e820Host"] = false.into();
    assert_eq!(
        problems(&[guest("hvm", &with_device)]),
        Vec::<String>::new()
    );
}
