//! A guest that is no longer declared, in whatever state it is.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use serde_json::{Value, json};
use support::{Dom0, guest};

/// A Dom0 on which web runs, with this of its life, and is no longer declared.
fn removed(lifecycle: Value) -> Dom0 {
    let dom0 = Dom0::new();
    let mut web = guest("web", 1);
    web["lifecycle"] = lifecycle;
    dom0.declare(&[web]);
    assert_eq!(dom0.run(&["apply"]).status, 0);
    dom0.declare(&[]);
    dom0
}

#[test]
fn a_saved_guest_stays_saved() {
    for (manager, name) in [("xendomains", "saved_xendomains"), ("domus", "saved_domus")] {
        let dom0 = removed(json!({}));
        dom0.declare_for(manager, &[]);
        let file = dom0.path("/var/lib/xen/save/web");
        dom0.xl(&["save", "1", file.to_str().unwrap()]);
        let memory = std::fs::read(dom0.path("/var/lib/xen/save/web")).unwrap();
        dom0.boot("second");
        let ran = dom0.run(&["apply"]);
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        insta::assert_snapshot!(name, ran.stdout);
        assert_eq!(dom0.run(&["apply"]).status, 0);
        assert_eq!(
            std::fs::read(dom0.path("/var/lib/xen/save/web")).unwrap(),
            memory
        );
        assert!(dom0.has("/vmdisks/web.img"));
        assert!(!dom0.has("/etc/xen/web.cfg") && !dom0.has("/etc/xen/auto/web"));
        assert!(!dom0.xl(&["list", "-v"]).contains("web "));
        // xendomains, or a person, restores it: then it ends as it was declared to.
        dom0.xl(&["restore", file.to_str().unwrap()]);
        std::fs::remove_file(&file).unwrap();
        assert_eq!(dom0.run(&["apply"]).status, 0);
        assert!(!dom0.xl(&["list", "-v"]).contains("web "));
    }
}

#[test]
fn a_guest_that_cannot_hear_is_neither_waited_for_nor_destroyed() {
    for (state, name) in [("--p---", "paused"), ("---sc-", "crashed")] {
        let dom0 = removed(json!({}));
        dom0.write("/xl/states", &format!("web {state}\n"));
        for _ in 0..2 {
            let ran = dom0.run(&["apply"]);
            assert_eq!(ran.status, 1);
            insta::assert_snapshot!(name, ran.stderr);
            assert!(dom0.xl(&["list", "-v"]).contains("web "));
        }
        // Its files are gone, so that nothing starts it again, and the record knows it.
        assert!(!dom0.has("/etc/xen/auto/web") && dom0.has("/var/lib/domus/guests/web.json"));
        dom0.write("/xl/states", "");
        assert_eq!(dom0.run(&["apply"]).status, 0);
        assert!(!dom0.xl(&["list", "-v"]).contains("web "));
    }
}

#[test]
fn its_disks_are_not_given_away_while_it_is_there() {
    let dom0 = removed(json!({}));
    dom0.write("/xl/states", "web --p---\n");
    let mut shop = guest("shop", 2);
    shop["disks"][0]["path"] = json!("/vmdisks/web.img");
    dom0.declare(&[shop]);
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 1);
    assert!(
        ran.stderr.contains(
            "guest shop: option disks.root.path: /vmdisks/web.img is in use by domain web (1)"
        ),
        "{}",
        ran.stderr
    );
    assert!(!dom0.xl(&["list", "-v"]).contains("shop "));
}

#[test]
fn one_that_does_not_shut_down_is_named_and_asked_again() {
    let dom0 = removed(json!({ "shutdownTimeoutSeconds": 1 }));
    dom0.write("/xl/deaf", "web\n");
    for _ in 0..2 {
        let ran = dom0.run(&["apply"]);
        assert_eq!(ran.status, 1);
        assert!(
            ran.stderr
                .contains("guest web: it did not shut down within 1 s"),
            "{}",
            ran.stderr
        );
        assert!(
            ran.stderr.ends_with("not as declared: web\n"),
            "{}",
            ran.stderr
        );
        assert!(dom0.xl(&["list", "-v"]).contains("web "));
    }
    std::fs::remove_file(dom0.path("/xl/deaf")).unwrap();
    assert_eq!(dom0.run(&["apply"]).status, 0);
    assert!(!dom0.xl(&["list", "-v"]).contains("web "));
}

#[test]
fn what_is_to_be_destroyed_in_time_is() {
    for lifecycle in [
        json!({ "shutdownTimeoutSeconds": 1, "onTimeout": "destroy" }),
        json!({ "onRemove": "destroy" }),
    ] {
        let dom0 = removed(lifecycle);
        dom0.write("/xl/deaf", "web\n");
        let ran = dom0.run(&["apply"]);
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        assert!(!dom0.xl(&["list", "-v"]).contains("web "));
        assert!(dom0.has("/vmdisks/web.img"));
    }
}
