//! Each rule about starting, changing and ending, with guests that break it.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::cases::{guest, problems, told};
use super::tests::document;
use crate::Document;

#[test]
fn what_one_guest_says() {
    let startup = |fields: Value| ("pv", json!({ "startup": fields }));
    let lifecycle = |fields: Value| ("pv", json!({ "lifecycle": fields }));
    let said = told(&[
        (
            "pv",
            json!({ "autostart": false, "startup": { "order": 1, "ready": { "port": 80 } } }),
        ),
        startup(json!({ "ready": { "console": "login: [" } })),
        startup(json!({ "ready": { "console": "*" } })),
        startup(json!({ "ready": { "console": "" } })),
        startup(json!({ "ready": { "console": "a\nb" } })),
        startup(json!({ "ready": { "console": "(a{1000}){1000}" } })),
        startup(json!({ "ready": { "xenstore": "data/is ready" } })),
        startup(json!({ "ready": { "xenstore": "data//ready" } })),
        startup(json!({ "ready": { "xenstore": "data/" } })),
        startup(json!({ "ready": { "xenstore": "/" } })),
        startup(json!({ "ready": { "xenstore": "" } })),
        startup(json!({ "ready": { "xenstore": "data/../ready" } })),
        startup(json!({ "ready": { "port": 0 } })),
        startup(json!({ "ready": { "timeoutSeconds": 0 } })),
        (
            "pv",
            json!({ "networks": [], "startup": { "ready": { "port": 80 } } }),
        ),
        lifecycle(json!({ "shutdownTimeoutSeconds": 0 })),
        lifecycle(json!({ "previousNames": ["web"] })),
        lifecycle(json!({ "previousNames": ["www", "www"] })),
        lifecycle(json!({ "previousNames": ["42", "w w"] })),
        (
            "pv",
            json!({ "lifecycle": {}, "pci": { "devices": [{ "name": "nic", "bdf": "03:00.0" }] } }),
        ),
        (
            "pvh",
            json!({ "lifecycle": {}, "vnuma": [{ "pnode": 0, "memoryMib": 512, "vcpus": "0-1" }], "settings": { "nomigrate": 1 } }),
        ),
        (
            "pv",
            json!({ "lifecycle": {}, "settings": { "nomigrate": true } }),
        ),
    ]);
    insta::assert_snapshot!(said);
}

#[test]
fn guests_that_are_shut_down_need_not_be_saved() {
    let fields = json!({
        "pci": { "devices": [{ "name": "nic", "bdf": "03:00.0" }] },
        "settings": { "nomigrate": 1 },
        "lifecycle": { "onHostShutdown": "shutdown" },
    });
    assert_eq!(problems(&[guest("pv", &fields)]), Vec::<String>::new());
    let off = json!({ "lifecycle": {}, "settings": { "nomigrate": 0 } });
    assert_eq!(problems(&[guest("pv", &off)]), Vec::<String>::new());
}

/// A guest without disks and interfaces, which could be others' too.
fn named(name: &str, number: usize, fields: &Value) -> Value {
    let mut own = json!({
        "name": name,
        "uuid": format!("6d7e3a0c-3b0f-4a55-9d0e-2b8f6f3c{number:04}"),
        "boot": { "bootloader": "direct", "kernel": "/boot/bzImage" },
        "disks": [],
        "networks": [],
        "settings": {},
    });
    for (field, value) in fields.as_object().unwrap() {
        own[field] = value.clone();
    }
    guest("pv", &own)
}

fn after(others: &[&str]) -> Value {
    json!({ "startup": { "after": others } })
}

#[test]
fn what_guests_say_of_each_other() {
    let cases: [&[(&str, Value)]; 11] = [
        &[("web", after(&["db"]))],
        &[("web", after(&["web"]))],
        &[("web", after(&["db", "db"])), ("db", json!({}))],
        &[
            ("web", after(&["db"])),
            ("db", json!({ "autostart": false })),
        ],
        &[
            ("web", json!({ "startup": { "order": 1, "after": ["db"] } })),
            ("db", json!({ "startup": { "order": 2 } })),
        ],
        &[("web", after(&["db"])), ("db", after(&["web"]))],
        &[
            ("web", after(&["mail"])),
            ("mail", after(&["ldap"])),
            ("ldap", after(&["db"])),
            ("db", after(&["mail"])),
        ],
        // Two circles in one group, and one beside it.
        &[
            ("a", after(&["b", "c"])),
            ("b", after(&["a"])),
            ("c", after(&["a"])),
            ("x", after(&["y"])),
            ("y", after(&["x"])),
        ],
        &[
            ("web", json!({ "lifecycle": { "previousNames": ["db"] } })),
            ("db", json!({})),
        ],
        &[
            ("web", json!({ "lifecycle": { "previousNames": ["www"] } })),
            ("shop", json!({ "lifecycle": { "previousNames": ["www"] } })),
        ],
        &[
            (
                "web",
                json!({ "autostart": false, "startup": { "after": ["db"] } }),
            ),
            ("db", json!({})),
        ],
    ];
    let shown: Vec<String> = cases
        .iter()
        .map(|case| {
            let guests: Vec<Value> = case
                .iter()
                .enumerate()
                .map(|(number, (name, fields))| named(name, number, fields))
                .collect();
            let found = problems(&guests);
            assert!(!found.is_empty(), "no problem found in {case:?}");
            found.join("\n")
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn order_is_for_domus_and_said_to_be() {
    let guests = [
        named(
            "web",
            1,
            &json!({ "startup": { "order": 5, "after": ["db"] } }),
        ),
        named("db", 2, &json!({ "startup": { "delaySeconds": 3 } })),
        // It does not wait for anything.
        named(
            "idle",
            3,
            &json!({ "startup": { "ready": { "timeoutSeconds": 5 } } }),
        ),
    ];
    let guests: Vec<String> = guests.iter().map(ToString::to_string).collect();
    let text = document(&guests.join(", "));
    let judged = Document::parse(&text).unwrap().judge();
    assert_eq!(judged.problems, vec![]);
    let warnings: Vec<String> = judged.warnings.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(warnings.join("\n"));
    let managed = text.replacen(
        "\"version\"",
        "\"autostartManager\": \"domus\", \"version\"",
        1,
    );
    assert_eq!(Document::parse(&managed).unwrap().judge().warnings, vec![]);
}

proptest! {
    /// Who waits only for guests with smaller numbers is in no circle; one step back to a guest that waits for it closes one.
    #[test]
    fn circles_are_found_and_nothing_else(
        edges in proptest::collection::vec((0..12_usize, 0..12_usize), 0..40),
        closing in any::<bool>(),
    ) {
        let mut waits: Vec<Vec<String>> = vec![Vec::new(); 12];
        for (a, b) in edges {
            let (low, high) = (a.min(b), a.max(b));
            let other = format!("g{low}x");
            if low != high && !waits[high].contains(&other) {
                waits[high].push(other);
            }
        }
        let closed = closing && waits[11].first().cloned().is_some_and(|other| {
            let number: usize = other[1..other.len() - 1].parse().unwrap();
            waits[number].push("g11x".into());
            true
        });
        let guests: Vec<Value> = waits
            .iter()
            .enumerate()
            .map(|(n, others)| named(&format!("g{n}x"), n, &json!({ "startup": { "after": others } })))
            .collect();
        let found = problems(&guests);
        prop_assert_eq!(!found.is_empty(), closed, "{:?}", found);
        prop_assert!(found.iter().all(|text| text.contains("waits for the next")), "{:?}", found);
    }
}
