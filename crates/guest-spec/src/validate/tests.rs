//! Each rule, with a document that breaks it and nothing else.

use super::together::sub_words;
use crate::{Document, matches_as_word};
use proptest::prelude::*;

/// A guest that has nothing wrong with it.
pub const GUEST: &str = r#"{
  "name": "web", "type": "pv", "uuid": "6d7e3a0c-3b0f-4a55-9d0e-2b8f6f3c0001",
  "memoryMib": 512, "maxMemoryMib": 1024, "vcpus": 2,
  "boot": { "bootloader": "pygrub" },
  "disks": [ { "name": "root", "path": "/vmdisks/web.img", "size": "4GiB", "format": "raw",
               "vdev": "xvda", "filesystem": { "type": "ext4", "label": "nixos" } } ],
  "networks": [ { "name": "lan", "bridge": "xenbr0", "mac": "00:16:3e:00:00:01" } ],
  "autostart": true, "onPoweroff": "destroy", "onReboot": "restart", "onCrash": "destroy",
  "settings": { "cpu_weight": 512 }
}"#;

/// A document of these guests.
pub fn document(guests: &str) -> String {
    format!(r#"{{ "version": 1, "bridges": [ {{ "name": "xenbr0" }} ], "guests": [ {guests} ] }}"#)
}

fn problems(text: &str) -> Vec<String> {
    Document::parse(text)
        .unwrap()
        .problems()
        .iter()
        .map(ToString::to_string)
        .collect()
}

fn changed(from: &str, to: &str) -> String {
    assert!(GUEST.contains(from), "{from}");
    document(&GUEST.replacen(from, to, 1))
}

fn two(change: impl Fn(&str) -> String) -> String {
    let second = GUEST
        .replace("\"web\"", "\"mail\"")
        .replace("web.img", "mail.img")
        .replace("00:16:3e:00:00:01", "00:16:3e:00:00:02")
        .replace("3c0001", "3c0002");
    document(&format!("{GUEST}, {}", change(&second)))
}

/// The guest with these disks in place of its own.
fn disks(json: &str) -> String {
    let mut guest: serde_json::Value = serde_json::from_str(GUEST).unwrap();
    guest["disks"] = serde_json::from_str(json).unwrap();
    document(&guest.to_string())
}

#[test]
fn a_good_document_has_none() {
    assert_eq!(problems(&document(GUEST)), Vec::<String>::new());
    assert_eq!(problems(&two(str::to_owned)), Vec::<String>::new());
}

#[test]
fn each_rule_names_guest_option_and_remedy() {
    let path = "/vmdisks/web.img";
    let root = r#"{ "name": "root", "path": "/vmdisks/web.img", "format": "raw", "vdev": "xvda" }"#;
    let disk = |json: &str| disks(&format!("[ {root}, {json} ]"));
    let cases = [
        changed("\"web\"", "\"42\""),
        changed("\"web\"", "\"we/b\""),
        changed("1024", "256"),
        changed("\"vcpus\": 2", "\"vcpus\": 0"),
        changed("\"vcpus\": 2", "\"vcpus\": 2, \"maxVcpus\": 1"),
        changed("\"pygrub\"", "\"firmware\""),
        changed("\"pv\"", "\"hvm\""),
        changed("\"pygrub\"", "\"direct\""),
        changed("\"pygrub\"", "\"pvgrub\""),
        changed("\"pygrub\"", "\"pygrub\", \"initrd\": \"/boot/initrd\""),
        changed("\"pygrub\"", "\"direct\", \"kernel\": \"boot/bzImage\""),
        changed(
            "\"pygrub\"",
            "\"direct\", \"kernel\": \"/k\", \"cmdline\": \"a\\nb\"",
        ),
        changed("\"pygrub\"", "\"direct\", \"kernel\": \"/boot/a,b\""),
        changed(path, "/vmdisks/a\\\"b.img"),
        changed(path, "/vmdisks/a\\nb.img"),
        changed(path, "/vmdisks/../etc/shadow"),
        changed(path, "web.img"),
        changed(path, "/vmdisks/"),
        changed(path, "/vmdisks//web.img"),
        changed(path, "/vmdisks/./web.img"),
        changed("\"xvda\"", "\"nvme0\""),
        changed("\"nixos\"", "\"a-label-of-seventeen\""),
        disk(r#"{ "name": "data", "path": "/vmdisks/data.img", "format": "raw", "vdev": "xvda" }"#),
        disk(r#"{ "name": "data", "path": "/vmdisks/web.img", "format": "raw", "vdev": "xvdb" }"#),
        changed("\"xenbr0\"", "\"a-bridge-too-long\""),
        changed("\"xenbr0\",", "\"xenbr0\", \"ip\": \"10.0.0.2,10.0.0.3\","),
        changed("\"cpu_weight\": 512", "\"CPU\": 1"),
        changed("\"cpu_weight\": 512", "\"memory\": 1"),
        changed("\"cpu_weight\": 512", "\"maxmem\": 1"),
        changed("\"cpu_weight\": 512", "\"vncpasswd\": \"hunter2\""),
        changed(
            "\"cpu_weight\": 512",
            "\"vfb\": [\"vnc=1,vncpasswd=hunter2\"]",
        ),
        document(&format!("{GUEST}, {GUEST}")),
        two(|mail| mail.replace("\"mail\"", "\"web-01\"")),
        two(|mail| mail.replace("mail.img", "web.img")),
        two(|mail| mail.replace(":02", ":01")),
        two(|mail| mail.replace("3c0002", "3c0001")),
        disks("[]"),
    ];
    let shown: Vec<String> = cases
        .iter()
        .map(|text| {
            let found = problems(text);
            assert!(!found.is_empty(), "no problem found in {text}");
            found.join("\n")
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

/// A document without guests, of these bridges.
fn bridges(json: &str) -> String {
    format!(r#"{{ "version": 1, "bridges": [ {json} ], "guests": [] }}"#)
}

#[test]
fn each_rule_about_bridges_names_the_bridge_and_the_remedy() {
    let address = |text: &str| bridges(&format!(r#"{{ "name": "br0", "address": "{text}" }}"#));
    let uplink = |text: &str| bridges(&format!(r#"{{ "name": "br0", "uplink": "{text}" }}"#));
    let cases = [
        bridges(r#"{ "name": "a-bridge-too-long" }"#),
        bridges(r#"{ "name": "br0" }, { "name": "br0" }"#),
        address("10.10.0.1"),
        address("10.10.0.256/24"),
        address("10.10.0.1/33"),
        address("10.10.0.1/+8"),
        address("10.10.0.1/08"),
        address("fd00::1::2/64"),
        address("fd00::1/129"),
        address("the-host/24"),
        uplink("an-uplink-too-long"),
        uplink("en p3"),
        uplink("br0"),
        bridges(r#"{ "name": "br0", "uplink": "br1" }, { "name": "br1" }"#),
        bridges(r#"{ "name": "br0", "uplink": "enp3s0" }, { "name": "br1", "uplink": "enp3s0" }"#),
    ];
    let shown: Vec<String> = cases
        .iter()
        .map(|text| {
            let found = problems(text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            found.join("\n")
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn good_bridges_have_no_problem() {
    for address in [
        "10.10.0.1/24",
        "0.0.0.0/0",
        "fd00::1/64",
        "fd00:1:2:3:4:5:6:7/128",
        "::1/128",
    ] {
        let text = bridges(&format!(
            r#"{{ "name": "br0", "address": "{address}", "uplink": "enp4s0.7-x" }}, {{ "name": "br1", "uplink": "eth1" }}"#
        ));
        assert_eq!(problems(&text), Vec::<String>::new());
    }
}

#[test]
fn two_guests_may_share_a_disk_that_both_only_read() {
    let text = two(|mail| mail.replace("mail.img", "web.img")).replace(
        "\"format\": \"raw\"",
        "\"format\": \"raw\", \"readOnly\": true",
    );
    assert_eq!(problems(&text), Vec::<String>::new());
}

proptest! {
    #[test]
    fn sub_words_are_what_grep_finds(longer in "[a-c_.-]{1,8}", shorter in "[a-c_.-]{1,4}") {
        let listed = sub_words(&longer).any(|part| part == shorter);
        prop_assert_eq!(listed, shorter.len() < longer.len() && matches_as_word(&shorter, &longer));
    }
}
