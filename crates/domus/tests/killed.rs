//! Killed at any point, the next apply gets to the same end.
//!
//! strace kills an apply, and whatever program it calls, at every call that changes a file or a name in turn. Then
//! domus is applied again, and everything is as after an apply that nobody disturbed.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::{Value, json};
use support::{Dom0, exposed, guest};

/// The calls that change a file, a name or a mode, or make data durable.
const CALLS: [&str; 17] = [
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "symlink",
    "symlinkat",
    "unlink",
    "unlinkat",
    "mkdir",
    "fsync",
    "ftruncate",
    "fallocate",
    "fchmod",
    "write",
    "pwrite64",
    "copy_file_range",
];

/// Writes are many, and much alike: after the first of a name, only each of these is killed.
const EACH: usize = 9;
const FIRST: usize = 12;

/// A Dom0 with nothing, about to be told of three guests.
fn empty() -> Dom0 {
    let dom0 = Dom0::new();
    dom0.declare(&[guest("web", 1), guest("mail", 2), guest("shop", 3)]);
    dom0
}

/// A Dom0 with web, mail and shop.
fn three_guests() -> Dom0 {
    let dom0 = empty();
    assert_eq!(dom0.run(&["apply"]).status, 0);
    dom0
}

/// About to be told of the next generation: web has more memory and another disk now, and another kernel command line at
/// its next boot, its screen has a password; mail is restarted.
fn change() -> Dom0 {
    let dom0 = three_guests();
    let mut web = guest("web", 1);
    web["memoryMib"] = json!(384);
    web["boot"]["cmdline"] = json!("console=hvc0 quiet");
    web["graphics"] = json!({ "vnc": { "enable": true, "passwordFile": "/run/keys/web" } });
    let data = json!({ "name": "data", "path": "/vmdisks/data.img", "size": "1MiB", "format": "raw", "vdev": "xvdb" });
    web["disks"].as_array_mut().unwrap().push(data);
    dom0.write("/run/keys/web", "hunter2");
    let closed = fs::Permissions::from_mode(0o600);
    fs::set_permissions(dom0.path("/run/keys/web"), closed).unwrap();
    let mut mail = guest("mail", 2);
    mail["vcpus"] = json!(2);
    mail["lifecycle"] = json!({ "onChange": "restart" });
    dom0.declare(&[web, mail, guest("shop", 3)]);
    dom0
}

/// About to be told of a generation without mail, which shuts down and leaves its disk, and without shop, which is
/// destroyed; store has shop's disk.
fn removal() -> Dom0 {
    let dom0 = Dom0::new();
    let mut shop = guest("shop", 3);
    shop["lifecycle"] = json!({ "onRemove": "destroy" });
    dom0.declare(&[guest("web", 1), guest("mail", 2), shop]);
    assert_eq!(dom0.run(&["apply"]).status, 0);
    let mut store = guest("store", 4);
    store["disks"][0]["path"] = json!("/vmdisks/shop.img");
    dom0.declare(&[guest("web", 1), store]);
    dom0
}

/// All files and domains but what differs from run to run: UUIDs in file systems, seen here by size only.
fn state(dom0: &Dom0) -> (Vec<(String, String)>, Value) {
    let files = dom0
        .files("/")
        .into_iter()
        .filter(|(path, _)| !path.starts_with("/xl/"));
    (
        files.collect(),
        serde_json::from_str(&dom0.read("/xl/domains.json")).unwrap(),
    )
}

/// Runs an apply that is killed at its `nth` call of this name; says whether it was.
fn apply_killed_at(dom0: &Dom0, call: &str, nth: usize) -> bool {
    let domus = dom0.domus(&["apply"]);
    let mut strace = Command::new("strace");
    strace.args([
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        &format!("trace={call}"),
        "-e",
    ]);
    strace.arg(format!("inject={call}:signal=KILL:when={nth}"));
    strace.arg(domus.get_program()).args(domus.get_args());
    for (name, value) in domus.get_envs() {
        match value {
            Some(value) => strace.env(name, value),
            None => strace.env_remove(name),
        };
    }
    !strace.output().unwrap().status.success()
}

/// Kills at each call in turn, and gives how often.
fn kill_everywhere(before: fn() -> Dom0) -> usize {
    let undisturbed = before();
    assert_eq!(undisturbed.run(&["apply"]).status, 0);
    let expected = state(&undisturbed);
    let mut kills = 0;
    // strace counts each call of each process by itself, so that domus and mke2fs are both killed at their nth.
    for call in CALLS {
        let mut nth = 0;
        loop {
            nth += if nth < FIRST { 1 } else { EACH };
            let dom0 = before();
            if !apply_killed_at(&dom0, call, nth) {
                break;
            }
            kills += 1;
            assert_eq!(
                exposed(&dom0, "hunter2"),
                [""; 0],
                "after a kill at {call} {nth}"
            );
            let again = dom0.run(&["apply"]);
            assert_eq!(
                again.status, 0,
                "after a kill at {call} {nth}: {}{}",
                again.stdout, again.stderr
            );
            let found = state(&dom0);
            for (found, expected) in found.0.iter().zip(&expected.0) {
                assert_eq!(found, expected, "after a kill at {call} {nth}");
            }
            assert_eq!(found, expected, "after a kill at {call} {nth}");
        }
    }
    kills
}

/// Kills this transition everywhere; `least` is how often that must at least be possible.
fn transition(name: &str, before: fn() -> Dom0, least: usize) {
    if Command::new("strace")
        .args(["-qq", "-o", "/dev/null", "true"])
        .status()
        .is_err()
    {
        println!("skipped: there is no strace");
        return;
    }
    let kills = kill_everywhere(before);
    println!("{name}: {kills} kills, no difference");
    assert!(kills >= least, "{name}: only {kills} kills");
}

#[test]
fn from_nothing_to_three_guests() {
    transition("empty to three guests", empty, 80);
}

#[test]
fn a_change() {
    transition("change", change, 60);
}

#[test]
fn a_removal() {
    transition("removal", removal, 40);
}
