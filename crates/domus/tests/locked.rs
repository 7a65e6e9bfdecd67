//! Another domus, while one has the lock and waits.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use support::process::until;
use support::{Dom0, guest};

const LOG: &str = "/var/log/xen/console/guest-db.log";

fn begin(dom0: &Dom0, args: &[&str]) -> Child {
    let mut command = dom0.domus(args);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// An apply that has started db, and starts web once db says that it is ready; other is started by hand.
fn waiting() -> (Dom0, Child) {
    let dom0 = Dom0::new();
    let mut db = guest("db", 1);
    db["startup"] = json!({ "ready": { "console": "login:", "timeoutSeconds": 300 } });
    let mut web = guest("web", 2);
    web["startup"] = json!({ "after": ["db"] });
    let mut other = guest("other", 3);
    other["autostart"] = json!(false);
    dom0.declare(&[db, web, other]);
    assert_eq!(dom0.run(&["apply", "--stage", "files"]).status, 0);
    assert_eq!(dom0.run(&["apply", "--stage", "images"]).status, 0);
    let apply = begin(&dom0, &["apply"]);
    until(|| dom0.read("/var/lib/domus/lock").contains("is ready"));
    (dom0, apply)
}

#[test]
fn whoever_only_looks_or_stops_a_guest_does_not_wait() {
    let (dom0, mut apply) = waiting();
    let began = Instant::now();
    for args in [
        &["status"][..],
        &["status", "db"],
        &["plan"],
        &["image", "list"],
        &["stop", "other"],
        &["stop", "db"],
    ] {
        let ran = dom0.run(args);
        assert_eq!(ran.status, 0, "{args:?}: {}", ran.stderr);
        assert!(!ran.stderr.contains("waiting"), "{args:?}: {}", ran.stderr);
    }
    assert!(began.elapsed() < Duration::from_secs(20));
    assert!(apply.try_wait().unwrap().is_none());
    dom0.write(LOG, "db login: ");
    assert_eq!(dom0.ran(apply.wait_with_output().unwrap()).status, 0);
    assert!(dom0.runs("web") && !dom0.runs("db"));
}

#[test]
fn whoever_changes_something_is_told_at_once_what_is_waited_for() {
    let (dom0, mut apply) = waiting();
    let holder = apply.id().to_string();
    let mut start = begin(&dom0, &["start", "other"]);
    let mut stderr = BufReader::new(start.stderr.take().unwrap());
    let mut said = String::new();
    stderr.read_line(&mut said).unwrap();
    insta::assert_snapshot!(said.replace(&holder, "PID"), @"warning: waiting for `domus apply` (process PID) to end; it waits until db is ready (console /login:/)");
    // A second apply is told by which stage, too, and both wait for their turn.
    let mut second = begin(&dom0, &["apply", "--stage", "files"]);
    assert!(apply.try_wait().unwrap().is_none());
    assert!(start.try_wait().unwrap().is_none());
    assert!(!dom0.runs("other"));
    dom0.write(LOG, "db login: ");
    assert_eq!(dom0.ran(apply.wait_with_output().unwrap()).status, 0);
    assert_eq!(dom0.ran(start.wait_with_output().unwrap()).status, 0);
    assert_eq!(second.wait().unwrap().code(), Some(0));
    assert!(dom0.runs("web") && dom0.runs("other"));
    assert_eq!(dom0.run(&["plan"]).stdout, "nothing to do\n");
}

#[test]
fn whoever_waits_goes_on_when_the_other_is_killed() {
    let (dom0, mut apply) = waiting();
    let start = begin(&dom0, &["start", "other"]);
    thread::sleep(Duration::from_millis(300));
    apply.kill().unwrap();
    apply.wait().unwrap();
    let ran = dom0.ran(start.wait_with_output().unwrap());
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(dom0.runs("other") && !dom0.runs("web"));
    // What the killed one left is done by the next.
    dom0.write(LOG, "db login: ");
    assert_eq!(dom0.run(&["apply"]).status, 0);
    assert!(dom0.runs("web"));
    assert_eq!(dom0.run(&["plan"]).stdout, "nothing to do\n");
}
