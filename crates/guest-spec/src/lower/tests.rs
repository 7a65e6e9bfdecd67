//! What each option becomes.

use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::Document;
use crate::validate::tests::{GUEST, document};

fn rendered(guest: &str) -> String {
    let document = Document::parse(&document(guest)).unwrap();
    assert_eq!(document.problems(), []);
    render(&document.guests[0], &Secrets::hidden()).unwrap()
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

/// libxl takes what is written there for a driver domain.
#[test]
fn the_dom0_is_no_backend_of_a_disk() {
    let line = |backend: &str| {
        let disk = json!({ "name": "a", "path": "/a", "format": "raw", "vdev": "xvda", "backend": backend });
        super::devices::disk_spec(&serde_json::from_value(disk).unwrap()).unwrap()
    };
    for dom0 in ["0", "Domain-0"] {
        assert!(!line(dom0).contains("backend"), "{}", line(dom0));
    }
    assert!(line("storage").contains("backend=storage"));
}

#[test]
fn settings_of_every_kind() {
    let settings = r#"{ "rtc_timeoffset": -3600, "nestedhvm": true, "cpus": "0-3,^1",
        "usbdevice": ["tablet", "mouse"], "vsnd": [["CARD, short-name=Main", "PCM, name=A", "STREAM, unique-id=a, type=p"]], "serial": "a\"b\\c" }"#;
    insta::assert_snapshot!(rendered(
        &GUEST.replace(r#"{ "cpu_weight": 512 }"#, settings)
    ));
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
    insta::assert_snapshot!(render(guest, &Secrets::hidden()).unwrap());
}

/// The disk with the swap is xvda1, and it is not the one that boots.
#[test]
fn an_order_that_is_said_is_kept() {
    let disk = |name: &str, vdev: &str, order: &str| {
        format!(
            r#"{{ "name": "{name}", "path": "/{name}", "format": "raw", "vdev": "{vdev}"{order} }}"#
        )
    };
    let order = |disks: &[String]| {
        let mut guest: Guest = serde_json::from_str(GUEST).unwrap();
        guest.disks = serde_json::from_str(&format!("[{}]", disks.join(","))).unwrap();
        let disks = guest.disks_in_boot_order();
        let names: Vec<_> = disks.iter().map(|disk| disk.name.clone()).collect();
        names.join(" ")
    };
    let (swap, root) = (disk("swap", "xvda1", ""), disk("root", "xvda2", ""));
    assert_eq!(order(&[swap.clone(), root]), "swap root");
    let swap_later = disk("swap", "xvda1", ", \"order\": 1");
    let root_first = disk("root", "xvda2", ", \"order\": 0");
    let data = disk("data", "xvdc", "");
    let cd = disk("cd", "xvdb", ", \"order\": 0, \"cdrom\": true");
    assert_eq!(
        order(&[cd, data, swap_later, root_first.clone()]),
        "root cd swap data"
    );
    // What says nothing stands where its vdev is.
    assert_eq!(order(&[swap, root_first]), "swap root");
}

/// Guests that set every option, one of each type.
pub(crate) fn every_option() -> Vec<Guest> {
    let guests = include_str!("every-option.json");
    serde_json::from_str(guests).unwrap()
}

#[test]
fn every_option_has_its_key() {
    let mut texts = Vec::new();
    for guest in every_option() {
        let mut document = Document::parse(&document(GUEST)).unwrap();
        document.guests = vec![guest];
        assert_eq!(document.problems(), []);
        texts.push(render(&document.guests[0], &Secrets::hidden()).unwrap());
    }
    insta::assert_snapshot!(texts.join("\n"));
}

/// A key that an option writes and the list does not have could be contradicted in `settings`; one that it
/// has and no option writes could not be set at all.
#[test]
fn the_list_of_keys_is_what_options_write() {
    let other_spellings = ["builder", "extra", "firmware", "root", "stdvga"];
    let written: BTreeSet<String> = every_option()
        .iter()
        .flat_map(|guest| lowered_in_parts(guest).0)
        .collect();
    let all: BTreeSet<String> = written
        .into_iter()
        .chain(other_spellings.map(str::to_owned))
        .collect();
    let listed: BTreeSet<String> = OWNED_KEYS
        .iter()
        .map(|(key, _)| (*key).to_owned())
        .collect();
    assert_eq!(all, listed);
}

/// The option that the list names is one of the module's: its path is a field of the document.
#[test]
fn the_list_of_keys_names_options() {
    let document: Vec<serde_json::Value> =
        serde_json::from_str(include_str!("every-option.json")).unwrap();
    for (key, option) in OWNED_KEYS {
        let in_boot = ["bootloader", "kernel", "initrd", "cmdline"].contains(option);
        let path = if in_boot {
            format!("boot.{option}")
        } else {
            (*option).to_owned()
        };
        let pointer = format!("/{}", path.replace('.', "/"));
        let found = document.iter().any(|guest| {
            let field = |pointer: &str| guest.pointer(pointer).is_some();
            field(&pointer) || field(&format!("{pointer}Mib"))
        });
        assert!(found, "{key}: {option}");
    }
}

#[test]
fn settings_contradict_only_what_is_set() {
    let mut guest = every_option().remove(0);
    let owner = |guest: &Guest, key: &str| {
        let (written, _) = lowered_in_parts(guest);
        owner_of_key(guest, key, |key| written.contains(key))
    };
    assert_eq!(owner(&guest, "cpus"), Some("cpu.cpus"));
    guest.cpu.cpus = None;
    assert_eq!(owner(&guest, "cpus"), None);
    assert_eq!(owner(&guest, "maxmem"), Some("maxMemory"));
    assert_eq!(owner(&guest, "firmware"), Some("bootloader"));
    guest.boot.bootloader = crate::Bootloader::Firmware;
    assert_eq!(owner(&guest, "firmware"), Some("firmware.bios"));
    assert_eq!(owner(&guest, "oos"), None);
}

#[test]
fn passwords_are_written_where_they_are_known() {
    use crate::Password;
    for guest in every_option() {
        let mut secrets = Secrets::hidden();
        for (of, file) in guest.password_files() {
            secrets.set(of, Password::known(format!("secret of {}", of.key())));
            let hidden = render(&guest, &Secrets::hidden()).unwrap();
            assert!(hidden.contains(&crate::placeholder(file)), "{hidden}");
        }
        let known = render(&guest, &secrets).unwrap();
        assert_eq!(
            known.matches("secret of").count(),
            guest.password_files().count(),
            "{known}"
        );
        assert!(!known.contains("<from"), "{known}");
    }
}
