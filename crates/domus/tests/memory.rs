//! What there is no memory for is said before anything is started, and the rest is started.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use serde_json::{Value, json};
use support::{Dom0, all, guest};

/// A Dom0 of 1500 MiB on a host with so much for guests.
fn dom0(for_guests_mib: u32) -> Dom0 {
    let dom0 = Dom0::new();
    host(&dom0, for_guests_mib);
    dom0
}

fn host(dom0: &Dom0, for_guests_mib: u32) {
    dom0.write("/xl/host-memory", &(1500 + for_guests_mib).to_string());
}

fn sized(name: &str, number: u32, memory_mib: u32, order: u32) -> Value {
    let mut guest = guest(name, number);
    guest["memoryMib"] = json!(memory_mib);
    guest["maxMemoryMib"] = json!(memory_mib);
    guest["startup"] = json!({ "order": order });
    guest
}

#[test]
fn in_the_order_of_starting_those_that_do_not_fit_are_refused() {
    let dom0 = dom0(1000);
    dom0.declare(&[
        sized("a-last", 1, 512, 30),
        sized("b-first", 2, 512, 10),
        sized("c-small", 3, 300, 40),
    ]);
    let ran = dom0.run(&["plan", "--stage", "guests"]);
    assert_eq!(ran.status, 1);
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 1);
    insta::assert_snapshot!("refused", all(&ran));
    assert!(dom0.runs("b-first") && dom0.runs("c-small") && !dom0.runs("a-last"));
    // As the plan says, before and after.
    insta::assert_snapshot!("refused_plan", dom0.run(&["plan"]).stdout);
    host(&dom0, 2000);
    assert_eq!(dom0.run(&["apply"]).status, 0);
    assert!(dom0.runs("a-last"));
}

#[test]
fn what_guests_that_end_give_back_is_counted() {
    let dom0 = dom0(600);
    dom0.declare(&[sized("old", 1, 512, 0)]);
    assert_eq!(dom0.run(&["apply"]).status, 0);
    dom0.declare(&[sized("new", 2, 512, 0)]);
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 0, "{}", all(&ran));
    assert!(dom0.runs("new"));
    // What does not end gives nothing back, and what was counted on it is not started.
    dom0.write("/xl/deaf", "new\n");
    let mut third = sized("third", 3, 512, 0);
    third["lifecycle"] = json!({ "onTimeout": "keep" });
    let mut new = sized("new", 2, 512, 0);
    new["lifecycle"] = json!({ "shutdownTimeoutSeconds": 1 });
    dom0.declare(&[new]);
    assert_eq!(dom0.run(&["apply"]).status, 0);
    dom0.declare(&[third]);
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 1);
    insta::assert_snapshot!("did_not_end", ran.stderr);
    assert!(dom0.runs("new") && !dom0.runs("third"));
}

#[test]
fn a_guest_is_not_shut_down_for_a_restart_that_it_would_not_survive() {
    let dom0 = dom0(600);
    dom0.declare(&[sized("web", 1, 512, 0)]);
    assert_eq!(dom0.run(&["apply"]).status, 0);
    let mut web = sized("web", 1, 1024, 0);
    web["lifecycle"] = json!({ "onChange": "restart" });
    dom0.declare(&[web]);
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 1);
    insta::assert_snapshot!("restart", all(&ran));
    assert!(dom0.runs("web"));
    // The same memory is there again when it has ended.
    let mut web = sized("web", 1, 512, 0);
    web["lifecycle"] = json!({ "onChange": "restart" });
    web["vcpus"] = json!(2);
    dom0.declare(&[web]);
    host(&dom0, 516);
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 0, "{}", all(&ran));
    assert!(
        dom0.xl(&["list", "-v"]).contains(" 2   512     2 "),
        "{}",
        dom0.xl(&["list", "-v"])
    );
}

#[test]
fn a_guest_does_not_grow_beyond_what_is_free() {
    let dom0 = dom0(600);
    let grown = |memory_mib: u32| {
        let mut web = guest("web", 1);
        web["memoryMib"] = json!(memory_mib);
        web["maxMemoryMib"] = json!(2048);
        web
    };
    dom0.declare(&[grown(256)]);
    assert_eq!(dom0.run(&["apply"]).status, 0);
    dom0.declare(&[grown(1024)]);
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 1);
    insta::assert_snapshot!("grown", all(&ran));
    dom0.declare(&[grown(512)]);
    assert_eq!(dom0.run(&["apply"]).status, 0);
    assert_eq!(dom0.run(&["plan"]).stdout, "nothing to do\n");
}

#[test]
fn what_xl_takes_from_the_dom0_is_counted_and_said() {
    let dom0 = dom0(100);
    dom0.write("/etc/xen/xl.conf", "autoballoon = \"on\"\n");
    dom0.declare(&[sized("web", 1, 1024, 0), sized("wide", 2, 1024, 10)]);
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 1);
    insta::assert_snapshot!("balloon", all(&ran));
    assert!(dom0.runs("web") && !dom0.runs("wide"));
}

#[test]
fn by_hand_nothing_is_started_that_there_is_no_memory_for() {
    let mut dom0 = dom0(600);
    let by_hand = |mut guest: Value| {
        guest["autostart"] = json!(false);
        guest
    };
    let declare = |web_mib: u32| {
        dom0.declare(&[
            by_hand(sized("db", 1, 384, 0)),
            by_hand(sized("web", 2, web_mib, 0)),
        ]);
        assert_eq!(dom0.run(&["apply"]).status, 0);
    };
    declare(384);
    let ran = dom0.run(&["start", "db", "web"]);
    assert_eq!(ran.status, 1);
    insta::assert_snapshot!("start", all(&ran));
    assert!(dom0.runs("db") && !dom0.runs("web"));
    // So does its unit, which a person may start; and neither has called xl.
    let ran = dom0.run(&["run", "web"]);
    assert_eq!(ran.status, 1);
    insta::assert_snapshot!("run", all(&ran));
    assert_eq!(dom0.run(&["start", "db"]).status, 0);
    // A guest is not stopped that could not be started again.
    dom0.declare(&[by_hand(sized("db", 1, 1024, 0))]);
    assert_eq!(dom0.run(&["apply"]).status, 0);
    let ran = dom0.run(&["restart", "db"]);
    assert_eq!(ran.status, 1);
    insta::assert_snapshot!("restart_by_hand", all(&ran));
    assert!(dom0.runs("db"));
    dom0.declare(&[by_hand(sized("db", 1, 590, 0))]);
    assert_eq!(dom0.run(&["apply"]).status, 0);
    let ran = dom0.run(&["restart", "db"]);
    assert_eq!(ran.status, 0, "{}", all(&ran));
    // Who does not know how much is free asks xl.
    assert_eq!(dom0.run(&["stop", "db"]).status, 0);
    dom0.fault(Some("fail:info"));
    let ran = dom0.run(&["start", "db"]);
    assert_eq!(ran.status, 0);
    insta::assert_snapshot!("start_unknown", all(&ran));
}

#[test]
fn a_saved_guest_stays_saved_where_there_is_no_memory_for_it() {
    let dom0 = dom0(600);
    let mut web = sized("web", 1, 512, 0);
    web["autostart"] = json!(false);
    let other = sized("other", 2, 512, 0);
    dom0.declare(&[web.clone()]);
    assert_eq!(dom0.run(&["apply"]).status, 0);
    assert_eq!(dom0.run(&["start", "web"]).status, 0);
    let save = dom0.path("/var/lib/xen/save/web");
    dom0.xl(&["save", "1", save.to_str().unwrap()]);
    dom0.declare(&[web, other]);
    assert_eq!(dom0.run(&["apply"]).status, 0);
    let ran = dom0.run(&["start", "web"]);
    assert_eq!(ran.status, 1);
    insta::assert_snapshot!("start_saved", all(&ran));
    assert!(dom0.has("/var/lib/xen/save/web") && !dom0.runs("web"));
    host(&dom0, 1200);
    assert_eq!(dom0.run(&["start", "web"]).status, 0);
    assert!(!dom0.has("/var/lib/xen/save/web") && dom0.runs("web"));
}

#[test]
fn xl_that_does_not_say_how_much_is_free_keeps_nobody_down() {
    let mut dom0 = dom0(100);
    dom0.declare(&[guest("web", 1)]);
    dom0.fault(Some("fail:info"));
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 0);
    insta::assert_snapshot!("unknown", ran.stderr);
    assert!(dom0.runs("web"));
    // With nothing to start nobody asks.
    let ran = dom0.run(&["apply"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
}
