//! Each rule about screens, firmware, device models, folders and streams, with a guest that breaks it.

use serde_json::{Value, json};

use super::cases::{guest, problems, told};

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
        (
            "hvm",
            json!({ "deviceModel": { "version": "qemu-xen-traditional" }, "graphics": { "vga": "qxl" } }),
        ),
        (
            "hvm",
            json!({ "deviceModel": { "version": "qemu-xen-traditional" }, "graphics": { "vga": "stdvga", "videoRamMib": 4 } }),
        ),
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
            json!({ "deviceModel": { "stubdomain": { "enable": true } }, "graphics": { "spice": {
            "enable": true, "port": 6000, "disableTicketing": true } } }),
        ),
        (
            "hvm",
            json!({ "usb": { "emulate": true }, "graphics": { "spice": {
            "enable": true, "port": 6000, "disableTicketing": true, "usbRedirection": 1 } } }),
        ),
    ]);
    insta::assert_snapshot!(said);
}

/// libxl asks for less memory where the device model is the old one.
#[test]
fn the_old_device_model_has_smaller_cards() {
    for graphics in [
        json!({ "vga": "stdvga", "videoRamMib": 8 }),
        json!({ "vga": "cirrus", "videoRamMib": 4 }),
    ] {
        let of = |version: &str| {
            let fields = json!({ "deviceModel": { "version": version }, "graphics": graphics });
            problems(&[guest("hvm", &fields)]).len()
        };
        assert_eq!((of("qemu-xen-traditional"), of("qemu-xen")), (0, 1));
    }
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
