//! One spelling for what is the same.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use xl_cfg::{Grammar, Unit};

#[test]
fn two_spellings_of_one_thing() {
    for (grammar, left, right) in [
        (
            Grammar::Disk,
            "/a,,xvda,w",
            "format=raw, vdev=xvda, access=rw, discard, trusted, target=/a",
        ),
        (Grammar::Disk, "/a,raw,xvda,r,no-discard", "phy:/a,xvda,r"),
        (
            Grammar::Disk,
            ",hdc:cdrom,r",
            "vdev=hdc,devtype=cdrom,format=empty",
        ),
        (
            Grammar::Vif,
            "mac=00:16:3E:01:02:03,rate=8Mb/s,trusted",
            "rate=1MB/s@50ms, mac=0-16-3e-1-2-3",
        ),
        (Grammar::Pci, "3:0.0@8", "bdf=0000:03:00.0,vslot=0x8"),
        (Grammar::UsbCtrl, "type=PV,ports=08", "ports=8,type=pv"),
        (
            Grammar::UsbDev,
            "hostbus=1,hostaddr=0x10",
            "type=hostdev,hostaddr=16,hostbus=1",
        ),
        (Grammar::Vfb, "vnc=1,keymap=de", "keymap=de, vnc=2"),
        (
            Grammar::P9,
            "tag=a,path=/b,security_model=none",
            "type=qemu,path = /b, tag=a ,security_model=none",
        ),
        (
            Grammar::Channel,
            "name=a,connection=pty",
            "connection = pty, name = a",
        ),
        (
            Grammar::Vtpm,
            "backend=a,uuid=0123abcd-0123-4567-89ab-0123456789ab",
            "uuid=0123ABCD-0123-4567-89AB-0123456789AB,backend=a",
        ),
        (Grammar::Vdispl, "connectors=a:1x1", "connectors=;a:01x1;"),
        (
            Grammar::Vkb,
            "backend-type=qemu,feature-abs-pointer=0",
            "backend-type=QEMU",
        ),
        (
            Grammar::Virtio,
            "type=virtio,device22,transport=mmio",
            "transport=MMIO,type=virtio,device22",
        ),
        (Grammar::Pvcalls, "backend=a", " backend=a,"),
        (
            Grammar::Rdm,
            "strategy=host,policy=strict",
            "policy=Strict,strategy=host",
        ),
        (Grammar::Cpus, "0,1,2,^1", "2,0"),
        (Grammar::Cpuid, "host,tm=0,sse3=1", "host,sse3=1,tm1=0"),
        (Grammar::Smbios, "OEM=a", "oem=a"),
        (Grammar::Viridian, "1", "0x1"),
        (Grammar::IoPorts, "2F8-2F8", "2f8"),
        (Grammar::IoMem, "0xFD000,1", "fd000,1"),
        (Grammar::XenstoreQuota, "nodes=0x10", "nodes=16"),
        (Grammar::LlcColors, "3-3", "3"),
        (Grammar::ArmSci, "type=NONE", "type=none,"),
    ] {
        assert_ne!(left, right);
        assert_eq!(
            grammar.canonical(left).unwrap(),
            grammar.canonical(right).unwrap(),
            "{grammar:?}"
        );
    }
}

#[test]
fn two_spellings_of_one_list() {
    for (grammar, left, right) in [
        (
            Grammar::Vsnd,
            &["card,short-name=a", "pcm"][..],
            &["CARD,short-name=a", "PCM"][..],
        ),
        (
            Grammar::Vnuma,
            &["size=1", "pnode=0", "vcpus=0,1", "vdistances=10"],
            &["pnode=0", "size=1", "vcpus=0-1", "vdistances=10"],
        ),
        (Grammar::Cpus, &["0,1", "all,^1,1"], &["0-1", "all"]),
        (
            Grammar::Cpuid,
            &["1:eax=00000000000000000000000000000000"],
            &["0x1:eax=00000000000000000000000000000000"],
        ),
        (
            Grammar::Smbios,
            &["oem=b", "bios_vendor=x", "oem=a"],
            &["bios_vendor=x", "oem=b", "oem=a"],
        ),
        (
            Grammar::Viridian,
            &["freq", "base"],
            &["BASE", "!freq", "freq"],
        ),
        (Grammar::Disk, &["/a,,xvda"], &["vdev=xvda,target=/a"]),
    ] {
        assert_eq!(
            grammar.canonical_list(left).unwrap(),
            grammar.canonical_list(right).unwrap(),
            "{grammar:?}"
        );
    }
}

#[test]
fn what_is_not_the_same() {
    for (left, right) in [
        ("/a,,xvda", "/a,,xvda,untrusted"),
        ("/a,,xvda", "/a,,xvda,no-discard"),
        ("/a,,xvda", "/a,,xvda,r"),
        ("/a,,xvda", "/a,,xvda,backend=b"),
    ] {
        assert_ne!(
            Grammar::Disk.canonical(left).unwrap(),
            Grammar::Disk.canonical(right).unwrap()
        );
    }
}

#[test]
fn of_another_shape() {
    let text = |grammar: Grammar| grammar.canonical("a").unwrap_err().to_string();
    let list = |grammar: Grammar| grammar.canonical_list(&["a"]).unwrap_err().to_string();
    let lists = |grammar: Grammar| grammar.canonical_lists(&[&["a"]]).unwrap_err().to_string();
    insta::assert_snapshot!(text(Grammar::Vnuma), @"vnuma `a`: each item must be a list of strings, between [ and ]");
    insta::assert_snapshot!(list(Grammar::Rdm), @"`rdm`: it must be one string, not a list");
    insta::assert_snapshot!(lists(Grammar::Disk), @"`disk`: it has no lists within its list; write a string for each item");
    insta::assert_snapshot!(lists(Grammar::ArmSci), @"`arm_sci`: it must be one string, not a list");
    let node = ["pnode=0", "size=1", "vcpus=0", "vdistances=10,20"];
    insta::assert_snapshot!(Grammar::Vnuma.canonical_lists(&[&node]).unwrap_err(), @"vdistances `2`: there are 1 nodes, and each needs its distance to every one of them");
    assert_eq!(
        Grammar::Vsnd
            .canonical_lists(&[&["CARD"], &["card"]])
            .unwrap(),
        [["CARD"], ["CARD"]]
    );
}

#[test]
fn each_is_there_once() {
    let mut keys: Vec<&str> = Grammar::ALL.iter().map(|grammar| grammar.key()).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), Grammar::ALL.len());
}

/// Long input must take no longer than its length allows: these would run for minutes if it did.
#[test]
fn long_input() {
    let mut bad = Vec::new();
    for piece in [
        "a",
        "a,",
        ",",
        " ",
        "a=",
        "=",
        "a:",
        "0-4294967295,",
        "^",
        "2,",
        "nodes:1,^2,",
        "xxx",
        "\u{e9}",
        "10p/",
        "/a,",
    ] {
        let long = piece.repeat(2_000_000 / piece.len());
        bad.push(long);
    }
    bad.push(format!("target=/{}", "a,".repeat(1_000_000)));
    bad.push(format!("cpus=0{}", ",2".repeat(500_000)));
    for text in &bad {
        for grammar in Grammar::ALL {
            let start = std::time::Instant::now();
            let _ = grammar.canonical(text);
            let _ = grammar.canonical_list(&[text]);
            let took = start.elapsed();
            assert!(
                took.as_secs() < 20,
                "{grammar:?} took {took:?} for {:?}…",
                &text[..4]
            );
        }
    }
}

proptest! {
    #[test]
    fn canonical_is_stable(
        grammar in prop::sample::select(Grammar::ALL.to_vec()),
        texts in prop::collection::vec(prop_oneof![any::<String>(), "[a-z0-9=,:;/^!@ .-]{0,16}"], 0..4),
    ) {
        let items: Vec<&str> = texts.iter().map(String::as_str).collect();
        if let Ok(list) = grammar.canonical_list(&items) {
            let items: Vec<&str> = list.iter().map(String::as_str).collect();
            prop_assert_eq!(grammar.canonical_list(&items).unwrap(), list.clone());
        }
        for item in items {
            if let Ok(text) = grammar.canonical(item) {
                prop_assert_eq!(grammar.canonical(&text).unwrap(), text.clone());
                prop_assert_ne!(grammar.unit(), Unit::ItemList);
            }
        }
    }
}
