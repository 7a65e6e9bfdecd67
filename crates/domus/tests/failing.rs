//! A call that fails at any point is told in words, and the next apply gets to the same end.
//!
//! strace lets each call of an apply, and of whatever program it calls, fail in turn, as on a full disk, on one that is
//! mounted read-only, or on one that breaks. Then domus is applied again, undisturbed.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use support::Dom0;
use support::transitions::{
    apply_with, change, empty, has_strace, removal, state_without_numbers as state,
};

/// The calls that change a file or a name, each with how it fails.
const FAULTS: [(&str, &str); 15] = [
    ("renameat", "ENOSPC"),
    ("renameat", "EACCES"),
    ("renameat2", "EROFS"),
    ("rename", "EIO"),
    ("link", "EROFS"),
    ("linkat", "ENOSPC"),
    ("symlink", "ENOSPC"),
    ("symlink", "EACCES"),
    ("unlink", "EROFS"),
    ("unlink", "EIO"),
    ("mkdir", "ENOSPC"),
    ("fsync", "EIO"),
    ("ftruncate", "ENOSPC"),
    ("fchmod", "EROFS"),
    ("write", "ENOSPC"),
];

/// Writes are many, and much alike: after the first of a name, only each of these fails.
const EACH: usize = 7;
const FIRST: usize = 10;

/// How much of what an apply says is shown when something is wrong with it.
const SHOWN: usize = 2_000;

/// Lets each call fail in turn, and gives how often.
fn fail_everywhere(before: fn() -> Dom0) -> usize {
    let undisturbed = before();
    assert_eq!(undisturbed.run(&["apply"]).status, 0);
    let expected = state(&undisturbed);
    let mut faults = 0;
    for (call, error) in FAULTS {
        let mut nth = 0;
        loop {
            nth += if nth < FIRST { 1 } else { EACH };
            let dom0 = before();
            let ran = apply_with(&dom0, call, &format!("error={error}:when={nth}"));
            let ran = dom0.ran(ran);
            let at = format!("after {call} {nth} failed with {error}");
            if ran.status == 0 && state(&dom0) == expected {
                // Nobody noticed: there was no such call, or what failed does not matter.
                if nth >= FIRST {
                    break;
                }
                continue;
            }
            faults += 1;
            let said = format!("{}{}", ran.stdout, ran.stderr);
            assert!(!said.contains("panicked"), "{at}: {said}");
            if ran.status != 0 {
                assert!(said.contains("error: "), "{at}, no word of it: {said}");
            }
            let again = dom0.run(&["apply"]);
            assert_eq!(again.status, 0, "{at}: {}{}", again.stdout, again.stderr);
            let found = state(&dom0);
            for (found, expected) in found.0.iter().zip(&expected.0) {
                assert_eq!(found, expected, "{at}: {}", &said[..said.len().min(SHOWN)]);
            }
            assert_eq!(found, expected, "{at}");
        }
    }
    faults
}

fn transition(name: &str, before: fn() -> Dom0, least: usize) {
    if !has_strace() {
        return;
    }
    let faults = fail_everywhere(before);
    println!("{name}: {faults} faults, told, and no difference after them");
    assert!(faults >= least, "{name}: only {faults} faults");
}

#[test]
fn from_nothing_to_three_guests() {
    transition("empty to three guests", empty, 40);
}

#[test]
fn a_change() {
    transition("change", change, 40);
}

#[test]
fn a_removal() {
    transition("removal", removal, 20);
}
