//! `domus host-shutdown`, as `domus-shutdown.service` calls it.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use support::going_down::{command, dom0, domains, domid, saves, shut_down, shut_down_on, systemd};
use support::strace::{has_strace, killed_at};
use support::{Dom0, all, mode};

#[test]
fn guests_end_in_the_reverse_of_their_order() {
    let dom0 = dom0("inactive");
    let ran = shut_down(&dom0);
    assert_eq!(ran.status, 0, "{}", all(&ran));
    insta::assert_snapshot!(all(&ran), @r"
    web: saved in /var/lib/xen/save/web
    mail: shut down
    db: saved in /var/lib/xen/save/db
    hand: shut down, though it is not Domus's: xendomains is not active
    ");
    assert_eq!(domains(&dom0), [""; 0]);
    assert_eq!(saves(&dom0), ["db", "web"]);
    assert_eq!(mode(&dom0, "/var/lib/xen/save"), 0o700);
    assert_eq!(mode(&dom0, "/var/lib/xen/save/web"), 0o600);
    // Again there is nothing left to do.
    assert_eq!(all(&shut_down(&dom0)), "");
    // At the next boot all is as it was.
    dom0.boot("second");
    let ran = dom0.run(&["apply", "--stage", "guests"]);
    assert_eq!(ran.status, 0, "{}", all(&ran));
    assert_eq!(domains(&dom0), ["db", "mail", "web"]);
    assert_eq!(saves(&dom0), [""; 0]);
    assert_eq!(dom0.run(&["plan"]).stdout, "nothing to do\n");
}

/// By `XENDOMAINS_AUTO_ONLY`, which Xen ships as true, xendomains saves those that are linked in `auto`.
#[test]
fn where_xendomains_is_active_it_saves_those_that_it_starts() {
    let dom0 = dom0("active");
    let auto = dom0.path("/etc/xen/auto");
    fs::create_dir_all(&auto).unwrap();
    std::os::unix::fs::symlink("../db.cfg", auto.join("db")).unwrap();
    let ran = shut_down(&dom0);
    assert_eq!(ran.status, 0);
    insta::assert_snapshot!(all(&ran), @r"
    web: saved in /var/lib/xen/save/web
    mail: shut down
    ");
    assert_eq!(domains(&dom0), ["db", "hand"]);
    assert_eq!(saves(&dom0), ["web"]);
}

/// xendomains finds a domain by the name that its configuration in `auto` gives it.
#[test]
fn one_whose_domain_has_another_name_is_saved() {
    let dom0 = dom0("active");
    let auto = dom0.path("/etc/xen/auto");
    fs::create_dir_all(&auto).unwrap();
    for name in ["db", "web"] {
        std::os::unix::fs::symlink(format!("../{name}.cfg"), auto.join(name)).unwrap();
    }
    dom0.xl(&["rename", &domid(&dom0, "web"), "www"]);
    assert_eq!(shut_down(&dom0).status, 0);
    assert_eq!(saves(&dom0), ["web"]);
}

#[test]
fn a_foreign_domain_that_does_not_shut_down_is_said() {
    let dom0 = dom0("inactive");
    dom0.xl(&["pause", &domid(&dom0, "hand")]);
    let ran = shut_down(&dom0);
    assert_eq!(ran.status, 0);
    assert!(
        ran.stderr.contains("domain hand") && ran.stderr.contains("is not Domus's and is paused"),
        "{}",
        ran.stderr
    );
    assert_eq!(domains(&dom0), ["hand"]);
}

#[test]
fn what_xendomains_would_see_to_is_said_where_domus_starts_the_guests() {
    let dom0 = dom0("inactive");
    fs::create_dir_all(dom0.path("/etc/xen/auto")).unwrap();
    fs::create_dir_all(dom0.path("/var/lib/xen/save")).unwrap();
    dom0.write("/etc/xen/auto/theirs", "name = 'theirs'\n");
    let file = dom0.path("/var/lib/xen/save/hand");
    dom0.xl(&["save", &domid(&dom0, "hand"), file.to_str().unwrap()]);
    let said = all(&dom0.run(&["plan"]));
    for what in [
        "/var/lib/xen/save/hand is a save file that is not Domus's",
        "/etc/xen/auto/theirs is not Domus's",
    ] {
        assert!(said.contains(what), "{said}");
    }
}

#[test]
fn while_the_system_runs_nothing_is_done() {
    let dom0 = dom0("inactive");
    systemd(&dom0, "running", "inactive");
    let ran = shut_down(&dom0);
    assert_eq!(ran.status, 0);
    insta::assert_snapshot!("runs", all(&ran));
    assert_eq!(domains(&dom0).len(), 4);
    systemd(&dom0, "", "inactive");
    let ran = shut_down(&dom0);
    assert_eq!(ran.status, 1);
    insta::assert_snapshot!("unknown", all(&ran));
    assert_eq!(domains(&dom0).len(), 4);
    let ran = dom0.ran(
        command(&dom0, &["host-shutdown", "--now", "--json"])
            .output()
            .unwrap(),
    );
    assert_eq!(ran.status, 0);
    insta::assert_snapshot!("by_hand", ran.stdout);
}

#[test]
fn it_needs_no_document() {
    let dom0 = dom0("inactive");
    dom0.write("/etc/domus/guests.json", "{ cut");
    let ran = shut_down(&dom0);
    assert_eq!(ran.status, 0, "{}", all(&ran));
    assert_eq!(domains(&dom0), [""; 0]);
    assert_eq!(saves(&dom0), ["db", "web"]);
}

#[test]
fn a_guest_that_cannot_be_saved_is_shut_down() {
    let dom0 = dom0("inactive");
    dom0.write("/xl/save-fails", "web\n");
    let ran = shut_down(&dom0);
    assert_eq!(ran.status, 0);
    insta::assert_snapshot!("save_fails", all(&ran));
    assert_eq!(domains(&dom0), [""; 0]);
    assert_eq!(saves(&dom0), ["db"], "no part of a save is left");
}

#[test]
fn one_that_does_not_shut_down_is_left_and_said() {
    let dom0 = dom0("inactive");
    dom0.write("/xl/deaf", "mail\n");
    let ran = shut_down(&dom0);
    assert_eq!(ran.status, 1);
    insta::assert_snapshot!("deaf", all(&ran));
    assert_eq!(domains(&dom0), ["mail"]);
    assert_eq!(saves(&dom0), ["db", "web"]);
}

#[test]
fn a_full_folder() {
    let dom0 = dom0("inactive");
    let Some(ran) = shut_down_on(&dom0, "mount -t tmpfs -o size=64M none \"$0\"") else {
        return;
    };
    assert_eq!(ran.status, 0, "{}", all(&ran));
    insta::assert_snapshot!("full", all(&ran));
    assert_eq!(domains(&dom0), [""; 0]);
}

/// Killed at every call that changes a name or makes data durable, and run again, it ends all guests, and no save file beside
/// one that ran on is ever restored.
#[test]
fn killed_anywhere_a_save_is_whole_or_not_there() {
    if !has_strace() {
        return;
    }
    let mut kills = 0;
    for call in [
        "rename",
        "renameat",
        "renameat2",
        "unlink",
        "fsync",
        "fchmodat",
        "chmod",
        "mkdir",
    ] {
        for nth in 1.. {
            let dom0 = dom0("inactive");
            if !killed_at(&command(&dom0, &["host-shutdown"]), call, nth) {
                break;
            }
            kills += 1;
            let place = format!("killed at {call} {nth}");
            for name in ["web", "db"] {
                let file = format!("/var/lib/xen/save/{name}");
                if dom0.has(&file) {
                    let domain = saved_domain(&dom0, &file, &place);
                    assert_eq!(domain["name"], *name, "{place}");
                    // Whole, and its domain is gone, or will not run on.
                    let list = dom0.xl(&["list", "-v"]);
                    let line = list
                        .lines()
                        .find(|line| line.starts_with(&format!("{name} ")));
                    assert!(
                        line.is_none_or(|line| line.contains("--p---")),
                        "{place}: {list}"
                    );
                }
            }
            let again = shut_down(&dom0);
            assert_eq!(again.status, 0, "{place}: {}", all(&again));
            assert_eq!(domains(&dom0), [""; 0], "{place}");
            // One whose xl was killed in its save was shut down in place of it; what is saved is whole.
            let left = saves(&dom0);
            for name in left.iter().filter(|name| !name.starts_with('.')) {
                let file = format!("/var/lib/xen/save/{name}");
                let domain = saved_domain(&dom0, &file, &place);
                assert_eq!(domain["name"], **name, "{place}");
            }
            dom0.boot("second");
            let ran = dom0.run(&["apply", "--stage", "guests"]);
            assert_eq!(ran.status, 0, "{place}: {}", all(&ran));
            assert_eq!(domains(&dom0), ["db", "mail", "web"], "{place}");
        }
    }
    println!("{kills} kills");
    assert!(kills > 10, "only {kills} kills");
}

/// The domain in a save file, which is whole.
fn saved_domain(dom0: &Dom0, file: &str, place: &str) -> Value {
    let path = dom0.path(file);
    let save = reconcile::save_file::read(&path).unwrap();
    assert!(save.is_whole(), "{place}: {save:?}");
    let bytes = std::fs::read(&path).unwrap();
    let state = support::save_file::memory(&bytes).unwrap();
    serde_json::from_slice(state).unwrap()
}

#[test]
fn a_domain_that_is_being_built_is_not_let_run_before_it_is_whole() {
    let dom0 = dom0("inactive");
    let save = dom0.path("/root/db");
    let save = save.to_str().unwrap();
    dom0.xl(&["save", "1", save]);
    // As one that xl builds: paused, its vCPUs never had time, and there is no save file.
    dom0.xl(&["restore", "-p", save]);
    let child = command(&dom0, &["host-shutdown"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    thread::sleep(Duration::from_secs(3));
    let list = dom0.xl(&["list", "-v"]);
    let line = list.lines().find(|line| line.starts_with("db "));
    assert!(line.is_some_and(|line| line.contains("--p---")), "{list}");
    // It is built, and runs: it is saved.
    dom0.xl(&["unpause", "5"]);
    let ran = dom0.ran(child.wait_with_output().unwrap());
    assert_eq!(ran.status, 0, "{}", all(&ran));
    assert_eq!(saves(&dom0), ["db", "web"]);
}
