//! The table of keys against what Xen's parser asks for, and against itself.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;

use xl_cfg::keys::{self, Arch, Change, GuestType, Matching, Shape};
use xl_cfg::{Grammar, Key, Value};

/// The names of a fixture, in its order.
fn names(fixture: &'static str) -> Vec<&'static str> {
    fixture
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect()
}

/// What the table says a Xen reads.
fn table(minor: u32) -> Vec<&'static str> {
    keys::all()
        .iter()
        .filter(|info| info.read_by(minor))
        .map(|info| info.name)
        .collect()
}

#[test]
fn holds_what_xen_4_23_asks_for() {
    let asked = names(include_str!("fixtures/keys-xen-4.23.txt"));
    assert_eq!(asked.len(), 172);
    assert_eq!(table(23), asked);
}

#[test]
fn holds_what_xen_4_17_asks_for() {
    let asked = names(include_str!("fixtures/keys-xen-4.17.txt"));
    assert_eq!(asked.len(), 158);
    assert_eq!(table(17), asked);
}

#[test]
fn says_since_when_and_until_when_a_key_is_read() {
    const OLDEST: u32 = 2;
    const NEWEST: u32 = 23;
    let known: Vec<String> = keys::all()
        .iter()
        .map(|info| {
            let since = info.since.unwrap_or(OLDEST);
            let until = info.until.unwrap_or(NEWEST);
            format!("{} {since} {until}", info.name)
        })
        .collect();
    assert_eq!(known, names(include_str!("fixtures/keys-xen-versions.txt")));
}

#[test]
fn is_sorted_and_each_key_is_there_once() {
    assert!(keys::all().is_sorted_by(|a, b| a.name < b.name));
    let in_groups: usize = keys::groups().iter().map(|group| group.keys.len()).sum();
    assert_eq!(keys::all().len(), in_groups);
    for info in keys::all() {
        Key::new(info.name).unwrap();
        assert!(std::ptr::eq(keys::get(info.name).unwrap(), *info));
    }
    assert!(keys::get("").is_none());
    assert!(keys::get("memroy").is_none());
    assert!(keys::get("zzz").is_none());
}

#[test]
fn every_grammar_is_that_of_a_key() {
    let used: Vec<Grammar> = keys::all()
        .iter()
        .flat_map(|info| info.shape.grammars())
        .collect();
    for grammar in GRAMMARS {
        assert!(used.contains(grammar), "no key has the grammar {grammar:?}");
    }
}

/// Every grammar; the match below does not compile when one is missing there, and says to add it here.
const GRAMMARS: &[Grammar] = &[
    Grammar::Disk,
    Grammar::Vif,
    Grammar::Pci,
    Grammar::UsbCtrl,
    Grammar::UsbDev,
    Grammar::Vfb,
    Grammar::P9,
    Grammar::Channel,
    Grammar::Vtpm,
    Grammar::Vdispl,
    Grammar::Vsnd,
    Grammar::Vkb,
    Grammar::Virtio,
    Grammar::Pvcalls,
    Grammar::Rdm,
    Grammar::Vnuma,
    Grammar::Cpus,
    Grammar::Cpuid,
    Grammar::Smbios,
    Grammar::Viridian,
    Grammar::IoPorts,
    Grammar::IoMem,
    Grammar::XenstoreQuota,
    Grammar::LlcColors,
    Grammar::ArmSci,
];

#[test]
fn the_list_of_grammars_is_whole() {
    let place = |grammar: Grammar| match grammar {
        Grammar::Disk
        | Grammar::Vif
        | Grammar::Pci
        | Grammar::UsbCtrl
        | Grammar::UsbDev
        | Grammar::Vfb
        | Grammar::P9
        | Grammar::Channel
        | Grammar::Vtpm
        | Grammar::Vdispl
        | Grammar::Vsnd
        | Grammar::Vkb
        | Grammar::Virtio
        | Grammar::Pvcalls
        | Grammar::Rdm
        | Grammar::Vnuma
        | Grammar::Cpus
        | Grammar::Cpuid
        | Grammar::Smbios
        | Grammar::Viridian
        | Grammar::IoPorts
        | Grammar::IoMem
        | Grammar::XenstoreQuota
        | Grammar::LlcColors
        | Grammar::ArmSci => 1,
    };
    assert_eq!(
        GRAMMARS.iter().map(|grammar| place(*grammar)).sum::<u32>(),
        25
    );
    let once: BTreeSet<String> = GRAMMARS.iter().map(|one| format!("{one:?}")).collect();
    assert_eq!(once.len(), 25);
}

#[test]
fn entries_are_whole() {
    for info in keys::all() {
        let name = info.name;
        for sentence in [info.about, info.note] {
            assert!(!sentence.contains('\n'), "{name}: {sentence}");
            assert!(
                sentence.is_empty() || sentence.ends_with('.'),
                "{name}: {sentence}"
            );
        }
        assert!(!info.about.is_empty(), "{name} says nothing");
        for guest in GuestType::ALL {
            assert!(
                !(info.types.contains(guest) && info.refused.contains(guest)),
                "{name} has an effect on {guest:?} and is refused for it"
            );
        }
        for pointer in info.observed.iter().filter_map(|seen| seen.pointer()) {
            assert!(pointer.starts_with('/'), "{name}: {pointer}");
        }
        if let (Some(since), Some(until)) = (info.since, info.until) {
            assert!(since <= until, "{name}");
        }
        // What never has an effect is for no guest, and seen nowhere.
        if matches!(info.change, Change::Nothing(_)) {
            assert_eq!(info.types.iter().count(), 0, "{name}");
            assert!(info.observed.is_empty(), "{name}");
        } else {
            assert_ne!(info.types.iter().count(), 0, "{name}");
        }
        // On Arm a guest is PVH, whatever it asks for.
        if info.arch == Arch::Arm {
            assert!(info.types.contains(GuestType::Pvh), "{name}");
        }
        if let Some(old) = info.deprecated {
            let instead = old.instead.split('=').next().unwrap();
            assert!(
                old.instead.starts_with("xl ") || keys::get(instead).is_some(),
                "{name}: {instead} is no key"
            );
        }
    }
}

#[test]
fn values_fit_as_xl_reads_them() {
    let fits = |key: &str, value: Value| keys::get(key).unwrap().shape.fits(&value);
    assert!(fits("memory", Value::from("256")));
    assert!(!fits("memory", Value::from("4G")));
    assert!(fits("type", Value::from("pv")));
    assert!(fits("type", Value::from("p")), "xl takes a beginning");
    assert!(!fits("type", Value::from("PV")));
    assert!(fits("on_crash", Value::from("coredump-restart")));
    assert!(!fits("on_crash", Value::from("coredump")));
    assert!(fits("bios", Value::from("OVMF")));
    assert!(fits("gfx_passthru", Value::from(1_i64)));
    assert!(fits("gfx_passthru", Value::from("igd")));
    assert!(!fits("gfx_passthru", Value::from("amd")));
    assert!(fits("boot", Value::from("dcn")));
    assert!(!fits("boot", Value::from("dx")));
    assert!(fits("cpus", Value::from(vec!["0", "1-3"])));
    assert!(fits("cpus", Value::from("all,^0")));
    assert!(!fits("disk", Value::from("/dev/vg/a,raw,xvda,rw")));
    assert!(fits(
        "uuid",
        Value::from("5bc08ec6-aa60-8910-86c3-f57a64dfdb4C")
    ));
    assert!(!fits(
        "uuid",
        Value::from("5bc08ec6aa60891086c3f57a64dfdb4c")
    ));
}

#[test]
fn words_come_and_go_with_versions() {
    let words = |key: &str, minor| match keys::get(key).unwrap().shape {
        Shape::Words(words) => words.of(minor).collect::<Vec<_>>(),
        ref other => panic!("{key} is {other:?}"),
    };
    assert_eq!(words("tee", Some(17)), ["none", "optee"]);
    assert_eq!(words("tee", None), ["none", "optee", "ffa"]);
    let model = "device_model_version";
    assert_eq!(words(model, Some(17)), ["qemu-xen", "qemu-xen-traditional"]);
    assert_eq!(words(model, Some(21)), ["qemu-xen"]);
    assert_eq!(words(model, None), ["qemu-xen"]);
    let Shape::Words(kinds) = keys::get("type").unwrap().shape else {
        panic!("type has words");
    };
    assert_eq!(kinds.matching, Matching::Prefix);
}

#[test]
fn passwords_are_secret() {
    let secret: Vec<&str> = keys::all()
        .iter()
        .filter(|info| info.secret)
        .map(|info| info.name)
        .collect();
    assert_eq!(secret, ["spicepasswd", "vncpasswd"]);
}

/// The page in docs/ is the one of the table. To write it again: `DOMUS_WRITE=1 cargo test -p xl-cfg --test keys`.
#[test]
fn docs_have_the_reference_page() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/xl-cfg-keys.md");
    let now = keys::reference_page();
    if std::env::var_os("DOMUS_WRITE").is_some() {
        std::fs::write(path, &now).unwrap();
    }
    assert!(
        std::fs::read_to_string(path).unwrap() == now,
        "docs/xl-cfg-keys.md is old"
    );
}
