//! A saved guest is restored; and killed at any moment, its save file is whole or it runs, never both.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::saved::SAVE;
use support::strace::{has_strace, killed_at};
use support::{Dom0, HAND, guest};

/// A Dom0 in its second boot, in which web is saved.
fn saved() -> Dom0 {
    let dom0 = Dom0::new();
    dom0.declare(&[guest("web", 1)]);
    assert_eq!(dom0.run(&["apply"]).status, 0);
    dom0.xl(&["save", "1", dom0.path(SAVE).to_str().unwrap()]);
    dom0.boot("second");
    dom0
}

/// The domains that the fake xl has.
fn domains(dom0: &Dom0) -> Vec<Value> {
    if !dom0.has("/xl/domains.json") {
        return Vec::new();
    }
    let state: Value = serde_json::from_str(&dom0.read("/xl/domains.json")).unwrap();
    state["domains"].as_array().unwrap().clone()
}

/// A save file beside a guest that ever ran would destroy its file systems one day; neither of them is all lost.
fn is_safe(dom0: &Dom0, when: &str) {
    let domains = domains(dom0);
    let ran = domains.iter().any(|domain| domain["ran"] == json!(true));
    assert!(
        !(ran && dom0.has(SAVE)),
        "{when}: it ran, and its save file is there"
    );
    assert!(dom0.has(SAVE) || !domains.is_empty(), "{when}: it is lost");
    if dom0.has(SAVE) {
        let save = reconcile::save_file::read(&dom0.path(SAVE)).unwrap();
        assert!(save.is_whole(), "{when}: the save file is cut");
    }
}

/// It runs, once, and nothing is left of the restore.
fn is_restored(dom0: &Dom0, when: &str) {
    let domains = domains(dom0);
    assert_eq!(domains.len(), 1, "{when}");
    assert_eq!(domains[0]["name"], "web", "{when}");
    assert_eq!(
        (&domains[0]["paused"], &domains[0]["ran"]),
        (&json!(false), &json!(true)),
        "{when}"
    );
    assert!(!dom0.has(SAVE), "{when}: its save file is there");
    assert!(
        !dom0.has("/run/domus/web.restoring"),
        "{when}: the mark is there"
    );
}

#[test]
fn a_saved_guest_is_restored() {
    let dom0 = saved();
    let ran = dom0.run(&["start", "web"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    insta::assert_snapshot!(ran.stdout, @"web: restored from its save file (domain 1)");
    is_restored(&dom0, "after a start");
    assert_eq!(dom0.run(&["plan"]).stdout, "nothing to do\n");
}

#[test]
fn a_restored_guest_is_what_it_was_when_it_was_saved() {
    let dom0 = saved();
    let mut web = guest("web", 1);
    web["onCrash"] = json!("restart");
    dom0.declare(&[web]);
    assert_eq!(dom0.run(&["apply"]).status, 0);
    assert_eq!(dom0.run(&["start", "web"]).status, 0);
    // What is declared is stored for its own reboot again, and waits for it.
    let plan = dom0.run(&["plan"]).stdout;
    assert!(!plan.contains("store"), "{plan}");
    let status = dom0.run(&["status"]).stdout;
    assert!(
        status.contains("web: pending: on_crash destroy → restart, at the guest's next boot"),
        "{status}"
    );
}

#[test]
fn the_unit_restores_and_stays() {
    let dom0 = saved();
    dom0.write("/xl/restore-is-slow", "");
    let mut unit = dom0
        .domus(&["run", "web"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let began = Instant::now();
    // Until xl says that all of its memory is there, its save file stays, although its domain is there.
    while domains(&dom0).is_empty() {
        assert!(began.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_secs(1));
    assert!(dom0.has(SAVE));
    is_safe(&dom0, "while it is restored");
    while dom0.has("/run/domus/web.restoring") {
        assert!(began.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(50));
    }
    is_restored(&dom0, "by its unit");
    assert!(
        unit.try_wait().unwrap().is_none(),
        "the unit ended before its guest"
    );
    assert!(dom0.has("/run/domus/web.started"));
    assert_eq!(dom0.run(&["stop", "web"]).status, 0);
    assert!(unit.wait().unwrap().success());
}

#[test]
fn a_restore_that_fails_leaves_the_save_file() {
    let mut dom0 = saved();
    dom0.fault(Some("fail:restore"));
    for verb in ["start", "run"] {
        let ran = dom0.run(&[verb, "web"]);
        assert_eq!(ran.status, 1);
        assert!(
            ran.stderr
                .contains("libxl: error: libxl_domain.c:42: fault wanted"),
            "{}",
            ran.stderr
        );
        assert!(ran.stderr.contains("The guest is down, and its save file is left: /var/lib/xen/save/web. `domus start web` tries again"), "{}", ran.stderr);
        is_safe(&dom0, verb);
        assert!(!dom0.has("/run/domus/web.restoring"));
    }
    assert!(dom0.read("/run/domus/web.failure").contains("fault wanted"));
    dom0.fault(None);
    assert_eq!(dom0.run(&["start", "web"]).status, 0);
    is_restored(&dom0, "after a failure");
}

#[test]
fn a_save_file_of_another_domain_is_left() {
    let dom0 = saved();
    let mut other = fs::read(dom0.path(SAVE)).unwrap();
    let (own, others) = (b"9d0e-000000000001", b"9d0e-000000000099");
    while let Some(at) = other.windows(own.len()).position(|part| part == own) {
        other[at..at + own.len()].copy_from_slice(others);
    }
    fs::write(dom0.path(SAVE), &other).unwrap();
    for verb in ["start", "run"] {
        let ran = dom0.run(&[verb, "web"]);
        assert_eq!(ran.status, 1);
        assert!(
            ran.stderr.contains(
                "the save file is of another domain (UUID 6d7e3a0c-3b0f-4a55-9d0e-000000000099)"
            ),
            "{}",
            ran.stderr
        );
        assert!(domains(&dom0).is_empty());
        assert_eq!(fs::read(dom0.path(SAVE)).unwrap(), other);
    }
}

#[test]
fn a_guest_saved_with_a_disk_that_another_has_stays_saved() {
    let dom0 = saved();
    dom0.create(&format!(
        "{HAND}disk = [ 'vdev=xvda,target=/vmdisks/web.img' ]\n"
    ));
    let ran = dom0.run(&["start", "web"]);
    assert_eq!(ran.status, 1);
    insta::assert_snapshot!(ran.stderr, @"error: guest web: its disk /vmdisks/web.img is in use by domain hand (1), and two systems on one file system destroy it; the guest stays saved. Shut the other down first");
    assert!(dom0.has(SAVE));
}

#[test]
fn a_guest_paused_by_hand_beside_its_save_file_is_not_ended() {
    let dom0 = saved();
    // Restored by hand, which leaves the save file; it ran, and is paused now.
    dom0.xl(&["restore", "-p", dom0.path(SAVE).to_str().unwrap()]);
    dom0.xl(&["unpause", "1"]);
    let status = dom0.run(&["status"]);
    assert_eq!(status.status, 1);
    assert!(status.stderr.contains("it runs, and there is a save file of it, /var/lib/xen/save/web: restored at a later boot, that would destroy its file systems"), "{}", status.stderr);
    dom0.xl(&["pause", "1"]);
    let ran = dom0.run(&["start", "web"]);
    assert_eq!(ran.status, 1);
    assert!(
        ran.stderr.contains("it is paused (domain 1)"),
        "{}",
        ran.stderr
    );
    assert_eq!(domains(&dom0).len(), 1);
}

#[test]
fn a_guest_that_ran_since_its_restore_was_interrupted_is_not_ended() {
    for fault in ["kill-after:restore", "kill-before:unpause"] {
        let mut dom0 = saved();
        dom0.fault(Some(fault));
        let _ = dom0.domus(&["start", "web"]).output().unwrap();
        dom0.fault(None);
        assert!(dom0.has("/run/domus/web.restoring"), "{fault}");
        dom0.xl(&["unpause", "1"]);
        dom0.xl(&["pause", "1"]);
        let ran = dom0.run(&["start", "web"]);
        assert_eq!(ran.status, 1);
        assert!(
            ran.stderr.contains("it is paused (domain 1)"),
            "{}",
            ran.stderr
        );
        assert_eq!(domains(&dom0)[0]["domid"], 1, "{fault}");
    }
}

/// Killed before and after each thing that xl is asked, by the verb and in the unit.
#[test]
fn killed_at_any_call_of_xl_nothing_is_lost() {
    let faults = [
        "kill-before:restore",
        "kill-after:restore",
        "kill-before:unpause",
        "kill-after:unpause",
    ];
    for verb in ["start", "run"] {
        for fault in faults {
            let mut dom0 = saved();
            dom0.fault(Some(fault));
            let when = format!("{verb}, {fault}");
            let mut domus = dom0.domus(&[verb, "web"]);
            let status = domus
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .unwrap();
            assert!(!status.success(), "{when}: it was not killed");
            is_safe(&dom0, &when);
            dom0.fault(None);
            // The orphaned xl, if there is one, gets to its end.
            std::thread::sleep(Duration::from_millis(300));
            is_safe(&dom0, &when);
            let ran = dom0.run(&["start", "web"]);
            assert_eq!(ran.status, 0, "{when}: {}", ran.stderr);
            is_safe(&dom0, &when);
            let again = dom0.run(&["start", "web"]);
            assert!(
                again.stdout.contains("runs already"),
                "{when}: {}",
                again.stdout
            );
            is_restored(&dom0, &when);
        }
    }
}

/// Killed at every call of domus that changes a name or syncs, in turn.
#[test]
fn killed_at_any_system_call_nothing_is_lost() {
    if !has_strace() {
        return;
    }
    let mut kills = 0;
    for call in [
        "rename",
        "renameat2",
        "link",
        "linkat",
        "unlink",
        "unlinkat",
        "mkdir",
        "fsync",
        "fchmod",
    ] {
        for nth in 1.. {
            let dom0 = saved();
            if !killed_at(&dom0.domus(&["start", "web"]), call, nth) {
                is_restored(&dom0, "undisturbed");
                break;
            }
            kills += 1;
            let when = format!("killed at {call} {nth}");
            is_safe(&dom0, &when);
            let ran = dom0.run(&["start", "web"]);
            assert_eq!(ran.status, 0, "{when}: {}", ran.stderr);
            is_safe(&dom0, &when);
            // Whatever was left, the next restore begins anew.
            let domid = domains(&dom0)[0]["domid"].to_string();
            dom0.xl(&["save", &domid, dom0.path(SAVE).to_str().unwrap()]);
            assert_eq!(dom0.run(&["start", "web"]).status, 0, "{when}");
            is_restored(&dom0, &when);
            assert_eq!(dom0.run(&["plan"]).stdout, "nothing to do\n", "{when}");
        }
    }
    println!("{kills} kills");
    assert!(kills > 8, "only {kills} kills");
}
