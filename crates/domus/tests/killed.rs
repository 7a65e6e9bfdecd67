//! Killed at any point, the next apply gets to the same end.
//!
//! strace kills an apply, and whatever program it calls, at every call that changes a file or a name in turn. Then
//! domus is applied again, and everything is as after an apply that nobody disturbed.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use support::transitions::{apply_with, change, empty, has_strace, removal, state};
use support::{Dom0, exposed};

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
            let killed = apply_with(&dom0, call, &format!("signal=KILL:when={nth}"));
            if killed.status.success() {
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
    if !has_strace() {
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
