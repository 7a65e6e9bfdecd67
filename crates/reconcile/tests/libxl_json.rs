//! What the real xl printed, read back: for every file of the corpus (`xl create -n`) and for guests of each type that
//! were there (`xl list -l`). The scenario xl-reads-the-corpus does the same with what its own xl prints.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use reconcile::libxl_json;
use serde_json::{Value as Json, json};
use xl_cfg::{Config, Value};

const MINOR: u32 = 17;
const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../xl-cfg/tests/corpus");
const TYPES: [&str; 3] = ["pv", "pvh", "hvm"];

fn json(path: &str) -> Json {
    let text = fs::read_to_string(Path::new(FIXTURES).join(path)).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn config(path: &str) -> Config {
    Config::parse(&fs::read(path).unwrap()).unwrap()
}

/// Each file of the corpus that Xen 4.17 takes, and its JSON.
fn corpus() -> BTreeMap<String, (Config, Json)> {
    let of_type = |guest: &'static str| {
        let Json::Object(files) = json(&format!("create-n/xl-4.17-{guest}.json")) else {
            panic!("{guest} is no object");
        };
        files.into_iter().map(move |(name, json)| {
            let path = format!("{guest}/{name}");
            (path.clone(), (config(&format!("{CORPUS}/{path}")), json))
        })
    };
    TYPES.into_iter().flat_map(of_type).collect()
}

/// Guests that were made from files, and what `xl list -l` said of them.
fn running() -> BTreeMap<String, (Config, Json)> {
    let Json::Array(domains) = json("running/xl-4.17-list-l.json") else {
        panic!("no list");
    };
    let guests = domains.into_iter().filter(|domain| domain["domid"] != 0);
    guests
        .map(|mut domain| {
            let guest = domain["config"]["c_info"]["type"].as_str().unwrap();
            let config = config(&format!("{FIXTURES}/running/{guest}.cfg"));
            (guest.to_owned(), (config, domain["config"].take()))
        })
        .collect()
}

/// `key: one became other`, one a line.
fn differences(written: &Config, read: &Config) -> Vec<String> {
    let show = |value: Option<Value>| value.map_or("-".to_owned(), |value| value.to_string());
    libxl_json::differences(written, read, MINOR)
        .into_iter()
        .map(|difference| {
            let (one, other) = (show(difference.one), show(difference.other));
            format!("{}: {one} became {other}", difference.key)
        })
        .collect()
}

#[test]
fn every_file_means_the_same_when_it_is_read_back() {
    // What xl itself loses: numbers of USB devices without a type, and a policy from memory that nobody has set.
    let lost = BTreeMap::from([
        ("pv/usb-sticks.cfg", vec!["/usbdevs/1"]),
        ("hvm/usb-controllers.cfg", vec!["/usbdevs/0"]),
        (
            "hvm/primary-graphics.cfg",
            vec!["/b_info/type.hvm/rdm/policy", "/pcidevs/0/rdm_policy"],
        ),
    ]);
    for (path, (written, json)) in corpus() {
        let read = libxl_json::config(&json);
        let unread = lost.get(path.as_str()).cloned().unwrap_or_default();
        assert_eq!(read.unread, unread, "{path}");
        assert_eq!(differences(&written, &read.config), [""; 0], "{path}");
        // It can be written, and read again.
        let text = read.config.to_text().unwrap();
        assert_eq!(Config::parse(&text).unwrap(), read.config, "{path}");
    }
}

#[test]
fn every_file_that_xl_takes_is_there() {
    let read: BTreeSet<String> = corpus().into_keys().collect();
    for guest in TYPES {
        for entry in fs::read_dir(format!("{CORPUS}/{guest}")).unwrap() {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            let newer = text.lines().next().unwrap().contains(", refused before.");
            let name = path.file_name().unwrap().to_str().unwrap();
            let there = read.contains(&format!("{guest}/{name}"));
            assert_eq!(
                there, !newer,
                "{guest}/{name}: run the scenario and take its JSON over"
            );
        }
    }
}

#[test]
fn guests_that_run_mean_what_their_files_mean() {
    let guests = running();
    assert_eq!(guests.keys().collect::<Vec<_>>(), ["hvm", "pv", "pvh"]);
    let mut texts = String::new();
    for (guest, (written, json)) in guests {
        let read = libxl_json::config(&json);
        assert_eq!(read.unread, [""; 0], "{guest}");
        assert_eq!(differences(&written, &read.config), [""; 0], "{guest}");
        texts.push_str(&read.config.to_text().unwrap());
        texts.push('\n');
    }
    insta::assert_snapshot!(texts);
}

#[test]
fn the_dom0_is_not_quite_to_be_said() {
    let dom0 = &json("running/xl-4.17-list-l.json")[0]["config"];
    let read = libxl_json::config(dom0);
    // Its memory is no whole number of MiB.
    assert_eq!(read.unread, ["/b_info/target_memkb"]);
    assert_eq!(read.config.get("memory"), Some(&Value::Integer(1499)));
    assert_eq!(read.config.get("maxmem"), Some(&Value::Integer(1500)));
}

/// The places of everything that is no list and no object.
fn leaves(json: &Json, pointer: &str, found: &mut Vec<String>) {
    match json {
        Json::Object(fields) => {
            for (name, value) in fields {
                leaves(value, &format!("{pointer}/{name}"), found);
            }
        }
        Json::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                leaves(value, &format!("{pointer}/{index}"), found);
            }
        }
        _ => found.push(pointer.to_owned()),
    }
}

/// The same kind of value, but another one.
fn another(json: &Json) -> Json {
    match json {
        Json::String(text) if text == "True" => json!("False"),
        Json::String(text) if text == "False" => json!("True"),
        Json::String(text) => json!(format!("{text}0")),
        Json::Number(number) => json!(number.as_u64().unwrap() + 1024),
        Json::Bool(flag) => json!(!flag),
        other => other.clone(),
    }
}

#[test]
fn nothing_changes_without_a_trace() {
    // What says nothing of the guest: its own host's scheduler, one that is gone, and an ID that is new each time.
    let silent = |pointer: &str| {
        [
            "/b_info/sched_params/sched",
            "/b_info/sched_params/slice",
            "/b_info/sched_params/latency",
        ]
        .contains(&pointer)
            || pointer.starts_with("/b_info/type.hvm/ms_vm_genid/")
            // The number of a controller or keyboard is its place in xl's list.
            || (pointer.ends_with("/devid")
                && (pointer.starts_with("/vkbs/") || pointer.starts_with("/usbctrls/")))
    };
    let mut changed = 0;
    for (path, (_, json)) in corpus().into_iter().chain(running()) {
        let before = libxl_json::config(&json);
        let mut found = Vec::new();
        leaves(&json, "", &mut found);
        for pointer in found {
            let mut json = json.clone();
            let place = json.pointer_mut(&pointer).unwrap();
            *place = another(place);
            let told = |place: &String| pointer.starts_with(place.as_str());
            if place.is_null() || silent(&pointer) || before.unread.iter().any(told) {
                continue;
            }
            assert_ne!(libxl_json::config(&json), before, "{path} {pointer}");
            changed += 1;
        }
    }
    assert!(changed > 2000, "{changed}");
}

#[test]
fn what_is_missing_is_noticed() {
    // All that is not compared in the whole corpus: names of features, processors that only the host can count, and a
    // firmware's path.
    let untold = [
        ("pv/clock-and-cpu.cfg", "cpuid"),
        ("pv/numa-node.cfg", "cpus"),
        ("pv/numa-node.cfg", "cpus_soft"),
        ("pv/pinned.cfg", "cpus"),
        ("pv/pvgrub-firmware.cfg", "kernel"),
    ];
    for (path, (written, json)) in corpus() {
        let read = libxl_json::config(&json).config;
        for (key, _) in &read {
            let mut less = read.clone();
            less.remove(key.as_str());
            // What holds anyway, and an identity that the file leaves to chance.
            let says_nothing = differences(&read, &less).is_empty()
                || (key.as_str() == "uuid" && written.get("uuid").is_none());
            let says_nothing = says_nothing || untold.contains(&(path.as_str(), key.as_str()));
            let unnoticed = differences(&written, &less).is_empty();
            assert_eq!(unnoticed, says_nothing, "{path} {key}");
        }
    }
}

/// Everything that a libxl of another time might print at a place.
fn oddities() -> [Json; 14] {
    [
        Json::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(u64::MAX),
        json!(""),
        json!("swordfish,\n\0=;:"),
        json!([]),
        json!({}),
        json!([[]]),
        json!([null, {}, "x", -1]),
        json!({"": {"~/": [0]}}),
        json!([18_446_744_073_709_551_615_u64, 0, 0]),
    ]
}

/// Every place, lists and objects too.
fn places(json: &Json, pointer: &str, found: &mut Vec<String>) {
    found.push(pointer.to_owned());
    match json {
        Json::Object(fields) => {
            for (name, value) in fields {
                places(value, &format!("{pointer}/{name}"), found);
            }
        }
        Json::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                places(value, &format!("{pointer}/{index}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn another_shape_is_told_and_never_a_panic() {
    for (path, (_, json)) in corpus().into_iter().chain(running()) {
        let mut found = Vec::new();
        places(&json, "", &mut found);
        for (index, pointer) in found.into_iter().enumerate() {
            // Three for each place, and another three for the next.
            for oddity in oddities().into_iter().cycle().skip(3 * index % 14).take(3) {
                let mut json = json.clone();
                *json.pointer_mut(&pointer).unwrap() = oddity;
                let read = libxl_json::config(&json);
                let text = read.config.to_text();
                assert!(text.is_ok(), "{path} {pointer}: {text:?}");
                for place in &read.unread {
                    assert!(json.pointer(place).is_some(), "{path} {pointer}: {place}");
                }
            }
        }
    }
}

#[test]
fn guests_of_an_installed_host() {
    let text = include_str!("../src/fixtures/xl-4.17-list-l.json");
    let domains: Vec<Json> = serde_json::from_str(text).unwrap();
    let mut texts = String::new();
    for domain in &domains[1..] {
        let read = libxl_json::config(&domain["config"]);
        assert_eq!(read.unread, [""; 0]);
        texts.push_str(&read.config.to_text().unwrap());
        texts.push('\n');
    }
    insta::assert_snapshot!(texts);
}

#[test]
fn what_a_file_says_and_xl_keeps_otherwise_is_the_same() {
    let same = |written: &str, read: &str| {
        let parse = |text: &str| Config::parse(text).unwrap();
        differences(&parse(written), &parse(read))
    };
    assert_eq!(
        same(
            "pci = [ '03:00.0', '03:00.1,permissive=0' ]\npci_permissive = 1\ne820_host = 0\n",
            "pci = [ 'bdf=0000:03:00.0,permissive=1', 'bdf=0000:03:00.1' ]\n"
        ),
        [""; 0]
    );
    assert_eq!(
        same(
            "vnc = 1\nvncunused = 0\n",
            "vfb = [ 'vnc=1,vncunused=0' ]\n"
        ),
        [""; 0]
    );
    assert_eq!(
        same(
            "type = 'hvm'\nfirmware = 'u'\ntsc_mode = 2\nbootloader_restrict = 1\n",
            "type = 'hvm'\nbios = 'ovmf'\ntsc_mode = 'native'\n"
        ),
        [""; 0]
    );
    assert_eq!(
        same(
            "vcpus = 2\ncpus = [ '0', '0' ]\n",
            "vcpus = 2\ncpus = '0'\n"
        ),
        ["cpus: [ 0, 0 ] became 0"]
    );
    assert_eq!(
        same("cpu_weight = 512\npool = 'a'\n", "cpu_weight = 256\n"),
        ["cpu_weight: 512 became -", "pool: a became -"]
    );
}
