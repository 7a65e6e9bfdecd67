//! A call that fails at any point is told in words, and the next apply gets to the same end.
//!
//! strace lets each call of an apply, and of whatever program it calls, fail in turn, as on a full disk, on one that is
//! mounted read-only, or on one that breaks. Then domus is applied again, undisturbed.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use support::strace::{count_calls, has_strace, injected};
use support::transitions::{
    ADOPTION, CHANGE, DELETION, FROM_NOTHING, GROWTH, REMOVAL, RENAMING, RENAMING_OF_A_SAVED_ONE,
    Transition, state_without_numbers as state,
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
fn fail_everywhere(transition: &Transition) -> usize {
    let Transition { before, args, .. } = transition;
    let undisturbed = before();
    let calls = FAULTS.map(|(call, _)| call);
    // What is made more often once something failed is not many more.
    let most = count_calls(&undisturbed, args, &calls);
    let expected = state(&undisturbed);
    let mut faults = 0;
    for (call, error) in FAULTS {
        let Some(most) = most.get(call) else { continue };
        let each = (1..FIRST).chain((FIRST..).step_by(EACH));
        for nth in each.take_while(|nth| *nth <= most + 1) {
            let dom0 = before();
            let fault = format!("error={error}:when={nth}");
            let ran = dom0.ran(injected(&dom0.domus(args), call, &fault));
            let at = format!("after {call} {nth} failed with {error}");
            if ran.status == 0 && state(&dom0) == expected {
                // Nobody noticed: there was no such call, or what failed does not matter.
                continue;
            }
            faults += 1;
            let said = format!("{}{}", ran.stdout, ran.stderr);
            assert!(!said.contains("panicked"), "{at}: {said}");
            // Where the words themselves could not be written, there is no more than the status.
            let unsaid = call == "write" && ran.stderr.is_empty();
            if ran.status != 0 && !unsaid {
                assert!(said.contains("error: "), "{at}, no word of it: {said}");
            }
            let again = dom0.run(args);
            assert!(
                again.status == 0 || transition.may_refuse,
                "{at}: {}{}",
                again.stdout,
                again.stderr
            );
            let found = state(&dom0);
            for (found, expected) in found.0.iter().zip(&expected.0) {
                assert_eq!(found, expected, "{at}: {}", &said[..said.len().min(SHOWN)]);
            }
            assert_eq!(found, expected, "{at}");
            (transition.check)(&dom0);
        }
    }
    faults
}

/// Lets this transition fail everywhere; `least` is how often that must at least be possible.
fn failed(transition: &Transition, least: usize) {
    if !has_strace() {
        return;
    }
    let name = transition.name;
    let faults = fail_everywhere(transition);
    println!("counted: {name}: {faults} faults, told, and no difference after them");
    assert!(faults >= least, "{name}: only {faults} faults");
}

#[test]
fn from_nothing_to_three_guests() {
    failed(&FROM_NOTHING, 40);
}

#[test]
fn a_change() {
    failed(&CHANGE, 40);
}

#[test]
fn a_removal() {
    failed(&REMOVAL, 20);
}

#[test]
fn a_renaming() {
    failed(&RENAMING, 20);
}

#[test]
fn a_renaming_of_a_guest_that_is_saved() {
    failed(&RENAMING_OF_A_SAVED_ONE, 20);
}

#[test]
fn a_growth() {
    failed(&GROWTH, 10);
}

#[test]
fn an_adoption() {
    failed(&ADOPTION, 10);
}

#[test]
fn a_deletion_of_images() {
    failed(&DELETION, 8);
}
