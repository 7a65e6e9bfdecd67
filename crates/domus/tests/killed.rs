//! Killed at any point, the next apply gets to the same end.
//!
//! strace kills an apply, and whatever program it calls, at every call that changes a file or a name in turn. Then
//! domus is applied again, and everything is as after an apply that nobody disturbed.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use support::exposed;
use support::strace::{has_strace, killed_at};
use support::transitions::{
    ADOPTION, CHANGE, DELETION, FROM_NOTHING, GROWTH, REMOVAL, RENAMING, RENAMING_OF_A_SAVED_ONE,
    Transition, state,
};

/// The calls that change a file, a name or a mode, or make data durable.
const CALLS: [&str; 22] = [
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
    "mkdirat",
    "rmdir",
    "fsync",
    "fdatasync",
    "ftruncate",
    "fallocate",
    "chmod",
    "fchmod",
    "fchmodat",
    "write",
    "pwrite64",
    "copy_file_range",
];

/// Writes are many, and much alike: after the first of a name, only each of these is killed, unless `DOMUS_LONG` is set, as
/// `cargo xtask test --long` does.
const EACH: usize = 9;
const FIRST: usize = 12;

/// Kills at each call in turn, and gives how often.
fn kill_everywhere(transition: &Transition) -> usize {
    let Transition { before, args, .. } = transition;
    let undisturbed = before();
    assert_eq!(undisturbed.run(args).status, 0);
    let expected = state(&undisturbed);
    let each = if std::env::var_os("DOMUS_LONG").is_some() {
        1
    } else {
        EACH
    };
    let mut kills = 0;
    // strace counts each call of each process by itself, so that domus and mke2fs are both killed at their nth.
    for call in CALLS {
        let mut nth = 0;
        loop {
            nth += if nth < FIRST { 1 } else { each };
            let dom0 = before();
            if !killed_at(&dom0.domus(args), call, nth) {
                break;
            }
            kills += 1;
            assert_eq!(
                exposed(&dom0, "hunter2"),
                [""; 0],
                "after a kill at {call} {nth}"
            );
            let again = dom0.run(args);
            assert!(
                again.status == 0 || transition.may_refuse,
                "after a kill at {call} {nth}: {}{}",
                again.stdout,
                again.stderr
            );
            let found = state(&dom0);
            for (found, expected) in found.0.iter().zip(&expected.0) {
                assert_eq!(found, expected, "after a kill at {call} {nth}");
            }
            assert_eq!(found, expected, "after a kill at {call} {nth}");
            (transition.check)(&dom0);
        }
    }
    kills
}

/// Kills this transition everywhere; `least` is how often that must at least be possible.
fn killed(transition: &Transition, least: usize) {
    if !has_strace() {
        return;
    }
    let name = transition.name;
    let kills = kill_everywhere(transition);
    println!("counted: {name}: {kills} kills, no difference");
    assert!(kills >= least, "{name}: only {kills} kills");
}

#[test]
fn from_nothing_to_three_guests() {
    killed(&FROM_NOTHING, 80);
}

#[test]
fn a_change() {
    // Folders that are there are not made again.
    killed(&CHANGE, 50);
}

#[test]
fn a_removal() {
    killed(&REMOVAL, 40);
}

#[test]
fn a_renaming() {
    killed(&RENAMING, 40);
}

#[test]
fn a_renaming_of_a_guest_that_is_saved() {
    killed(&RENAMING_OF_A_SAVED_ONE, 30);
}

#[test]
fn a_growth() {
    killed(&GROWTH, 30);
}

#[test]
fn an_adoption() {
    killed(&ADOPTION, 30);
}

#[test]
fn a_deletion_of_images() {
    killed(&DELETION, 15);
}
