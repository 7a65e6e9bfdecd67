//! Save files that cannot be restored are moved aside, and never keep a guest down in silence.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::fs;
use std::process::Stdio;

use serde_json::json;
use support::process::{said, until};
use support::saved::{SAVE, UUID, boot, partial, put, runs, saved};
use support::strace::{has_strace, killed_at};
use support::{Dom0, guest, save_file, theirs};

const ASIDE: &str = "/var/lib/xen/save/.web.partial-1700000000";

#[test]
fn the_synthetic_files_are_what_they_should_be() {
    let dom0 = saved(&guest("web", 1));
    let file = reconcile::save_file::read(&dom0.path(SAVE)).unwrap();
    assert!(file.is_whole(), "{file:?}");
    assert!(save_file::memory(&fs::read(dom0.path(SAVE)).unwrap()).is_some());
}

#[test]
fn a_partial_save_is_moved_aside_and_its_guest_starts() {
    let dom0 = partial();
    let bytes = fs::read(dom0.path(SAVE)).unwrap();
    let plan = dom0.run(&["plan"]);
    insta::assert_snapshot!("partial_plan", plan.stdout);
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!(fs::read(dom0.path(ASIDE)).unwrap(), bytes);
    assert!(!dom0.has(SAVE) && runs(&dom0));
    // It is said as long as it lies there.
    for verb in ["status", "plan"] {
        let said = dom0.run(&[verb]);
        assert_eq!(said.status, 0);
        let said = said.stdout.replace("\n    ", " ").replace("\n  ", " ");
        assert!(said.contains("could not be restored once: its save file was partial, and what was in its memory is lost. The file is"), "{said}");
        assert!(said.contains("delete it if nobody needs it"), "{said}");
    }
    fs::remove_file(dom0.path(ASIDE)).unwrap();
    assert_eq!(dom0.run(&["plan"]).stdout, "nothing to do\n");
}

#[test]
fn at_boot_it_is_moved_before_xendomains_looks() {
    let dom0 = partial();
    let ran = dom0.run(&["apply", "--stage", "images"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(dom0.has(ASIDE) && !dom0.has(SAVE));
    // Nothing was restored, so nothing failed.
    assert_eq!(dom0.run(&["apply", "--stage", "guests"]).status, 0);
    assert!(runs(&dom0));
}

#[test]
fn where_xl_is_not_asked_a_file_of_this_boot_is_left() {
    for stat in ["btime 1699999999\n", "cpu 1 2 3\n"] {
        let dom0 = partial();
        dom0.write("/proc/stat", stat);
        for stage in ["files", "images"] {
            assert_eq!(dom0.run(&["apply", "--stage", stage]).status, 0);
            assert!(dom0.has(SAVE), "{stat}");
        }
    }
}

#[test]
fn empty_and_damaged_ones_are_moved_too() {
    for damage in ["empty", "damaged"] {
        let dom0 = partial();
        let mut bytes = Vec::new();
        if damage == "damaged" {
            bytes = save_file::whole(&json!({ "c_info": { "uuid": UUID } }).to_string(), b"x");
            bytes.extend(b"something more");
        }
        put(&dom0, &bytes);
        let ran = dom0.run(&["apply"]);
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        assert!(ran.stdout.contains(damage), "{}", ran.stdout);
        assert!(
            dom0.has(ASIDE) && !dom0.has(SAVE) && runs(&dom0),
            "{damage}"
        );
    }
}

#[test]
fn what_was_moved_before_is_kept() {
    let dom0 = partial();
    dom0.write(ASIDE, "of another day");
    assert_eq!(dom0.run(&["apply"]).status, 0);
    assert_eq!(dom0.read(ASIDE), "of another day");
    assert!(dom0.has(&format!("{ASIDE}-2")));
}

#[test]
fn beside_a_domain_nothing_is_moved() {
    for state in ["running", "paused", "suspended"] {
        let dom0 = Dom0::new();
        dom0.declare(&[guest("web", 1)]);
        assert_eq!(dom0.run(&["apply"]).status, 0);
        put(&dom0, b"");
        match state {
            "paused" => dom0.xl(&["pause", "1"]),
            "suspended" => {
                dom0.write("/xl/states", "web ---ss-\n");
                String::new()
            }
            _ => String::new(),
        };
        let ran = dom0.run(&["apply"]);
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        assert!(dom0.has(SAVE) && !dom0.has(ASIDE), "{state}");
        insta::assert_snapshot!(format!("beside_{state}"), ran.stdout);
    }
}

/// Killed at every call that changes a name or syncs, the next apply gets to the same end, and the file is never lost.
#[test]
fn killed_while_it_moves_a_file_aside() {
    if !has_strace() {
        return;
    }
    let undisturbed = partial();
    assert_eq!(undisturbed.run(&["apply"]).status, 0);
    let expected = undisturbed.files("/var/lib");
    let mut kills = 0;
    for call in [
        "rename",
        "renameat",
        "renameat2",
        "link",
        "linkat",
        "unlink",
        "unlinkat",
        "fsync",
        "fchmod",
    ] {
        for nth in 1.. {
            let dom0 = partial();
            if !killed_at(&dom0.domus(&["apply"]), call, nth) {
                break;
            }
            kills += 1;
            let when = format!("killed at {call} {nth}");
            assert!(dom0.has(SAVE) != dom0.has(ASIDE), "{when}");
            let again = dom0.run(&["apply"]);
            assert_eq!(again.status, 0, "{when}: {}", again.stderr);
            assert!(runs(&dom0), "{when}");
            assert_eq!(dom0.files("/var/lib"), expected, "{when}");
        }
    }
    println!("{kills} kills");
    assert!(kills >= 6, "only {kills} kills");
}

/// As systemd runs it for a person who starts the unit: no apply was there before.
#[test]
fn the_unit_by_itself_moves_a_partial_save_aside() {
    let dom0 = partial();
    let bytes = fs::read(dom0.path(SAVE)).unwrap();
    let mut domus = dom0.domus(&["run", "web"]);
    let mut child = domus.stderr(Stdio::piped()).spawn().unwrap();
    until(|| runs(&dom0));
    assert!(!dom0.has(SAVE));
    assert_eq!(fs::read(dom0.path(ASIDE)).unwrap(), bytes);
    child.kill().unwrap();
    let said = said(&mut child);
    child.wait().unwrap();
    dom0.xl(&["destroy", "1"]);
    let root = dom0.path("x");
    let root = root.parent().unwrap().to_str().unwrap();
    // xl's own words are not ours.
    let ours: Vec<&str> = said
        .lines()
        .filter(|line| !line.starts_with("Waiting for domain"))
        .collect();
    insta::assert_snapshot!("partial_run", ours.join("\n").replace(root, ""));
}

/// Where Domus restores guests, it restores nobody else's.
#[test]
fn what_is_not_the_guests_own_save_is_never_restored() {
    let other = |dom0: &Dom0| {
        dom0.create(&theirs("web"));
        dom0.xl(&["save", "1", dom0.path(SAVE).to_str().unwrap()]);
    };
    let junk = |dom0: &Dom0| put(dom0, b"notes of mine");
    for (what, put) in [("other", &other as &dyn Fn(&Dom0)), ("junk", &junk)] {
        let dom0 = Dom0::new();
        dom0.declare_for("domus", &[guest("web", 1)]);
        put(&dom0);
        boot(&dom0);
        let bytes = fs::read(dom0.path(SAVE)).unwrap();
        for args in [&["apply"][..], &["start", "web"], &["run", "web"]] {
            let ran = dom0.run(args);
            assert_eq!(ran.status, 1, "{what} {args:?}: {}", ran.stdout);
            assert!(!runs(&dom0), "{what} {args:?}");
            assert_eq!(fs::read(dom0.path(SAVE)).unwrap(), bytes);
            insta::assert_snapshot!(format!("not_its_own_{what}_{}", args[0]), ran.stderr);
        }
        fs::remove_file(dom0.path(SAVE)).unwrap();
        assert_eq!(dom0.run(&["apply"]).status, 0);
        assert!(runs(&dom0));
    }
}

#[test]
fn a_partial_save_of_another_is_not_moved_and_keeps_nobody_down() {
    let foreign = json!({ "c_info": { "uuid": "6d7e3a0c-3b0f-4a55-9d0e-000000000077" } });
    let other = save_file::whole(&foreign.to_string(), b"x");
    let dom0 = Dom0::new();
    dom0.declare(&[guest("web", 1)]);
    put(&dom0, &other[..other.len() - 100]);
    fs::copy(dom0.path(SAVE), dom0.path("/var/lib/xen/save/nobody")).unwrap();
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(
        ran.stdout.contains("it is the save file of another domain"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stderr
            .contains("/var/lib/xen/save/nobody is of no declared guest and cannot be restored"),
        "{}",
        ran.stderr
    );
    assert!(dom0.has(SAVE) && dom0.has("/var/lib/xen/save/nobody") && runs(&dom0));
}
