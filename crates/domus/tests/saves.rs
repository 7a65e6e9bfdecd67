//! What is in xendomains' save folder is judged by what it is: a guest's memory is never lost without being told to, and
//! what is none never keeps a guest down in silence.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::fs::{self, File};
use std::process::Command;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Value, json};
use support::{Dom0, guest, save_file};

const SAVE: &str = "/var/lib/xen/save/web";
/// When it was written: in 2023, before each of these boots.
const WRITTEN: u64 = 1_700_000_000;
const ASIDE: &str = "/var/lib/xen/save/.web.partial-1700000000";
const DISCARDED: &str = "/var/lib/xen/save/.web.discarded-1700000000";
const UUID: &str = "6d7e3a0c-3b0f-4a55-9d0e-000000000001";

/// A guest that xendomains starts, with this lifecycle.
fn web(lifecycle: &Value) -> Value {
    let mut web = guest("web", 1);
    web["lifecycle"] = lifecycle.clone();
    web
}

/// A Dom0 in its second boot, in which web is saved.
fn saved(web: &Value) -> Dom0 {
    let dom0 = Dom0::new();
    dom0.declare(std::slice::from_ref(web));
    assert_eq!(dom0.run(&["apply"]).status, 0);
    dom0.xl(&["save", "1", dom0.path(SAVE).to_str().unwrap()]);
    boot(&dom0);
    old(&dom0);
    dom0
}

fn boot(dom0: &Dom0) {
    dom0.boot("second");
    dom0.write("/proc/stat", "cpu 1 2 3\nbtime 1700000100\nprocesses 1\n");
}

/// The save file was written in the boot before.
fn old(dom0: &Dom0) {
    let file = File::options().append(true).open(dom0.path(SAVE)).unwrap();
    let when = UNIX_EPOCH + Duration::from_secs(WRITTEN);
    file.set_modified(when).unwrap();
}

/// The save file becomes these bytes.
fn put(dom0: &Dom0, bytes: &[u8]) {
    fs::create_dir_all(dom0.path(SAVE).parent().unwrap()).unwrap();
    fs::write(dom0.path(SAVE), bytes).unwrap();
    old(dom0);
}

/// A Dom0 in its second boot, with a save of web that found no more space.
fn partial() -> Dom0 {
    let dom0 = saved(&guest("web", 1));
    let bytes = fs::read(dom0.path(SAVE)).unwrap();
    put(&dom0, &bytes[..bytes.len() - 4000]);
    dom0
}

fn runs(dom0: &Dom0) -> bool {
    dom0.xl(&["list", "-v"]).contains("web ")
}

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
                dom0.write("/xl/suspended", "web\n");
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

#[test]
fn a_whole_save_beside_its_suspended_domain_is_left() {
    let dom0 = Dom0::new();
    dom0.declare(&[guest("web", 1)]);
    assert_eq!(dom0.run(&["apply"]).status, 0);
    let config = json!({ "c_info": { "uuid": UUID } }).to_string();
    put(&dom0, &save_file::whole(&config, b"x"));
    dom0.write("/xl/suspended", "web\n");
    let ran = dom0.run(&["apply"]);
    assert!(
        ran.stdout
            .contains("its save file /var/lib/xen/save/web looks whole"),
        "{}",
        ran.stdout
    );
    assert!(dom0.has(SAVE));
    // Beside one that runs it is a danger.
    fs::remove_file(dom0.path("/xl/suspended")).unwrap();
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 1);
    assert!(
        ran.stderr
            .contains("it runs, and there is a save file of it"),
        "{}",
        ran.stderr
    );
    assert!(dom0.has(SAVE) && runs(&dom0));
}

/// A Dom0 whose domus-prepare saw the save, and whose xendomains could not restore it.
fn not_restored() -> Dom0 {
    let mut web = guest("web", 1);
    web["autostart"] = json!(true);
    let dom0 = saved(&web);
    declare_for_xendomains(&dom0, &web);
    assert_eq!(dom0.run(&["apply", "--stage", "images"]).status, 0);
    dom0
}

fn declare_for_xendomains(dom0: &Dom0, web: &Value) {
    let document =
        json!({ "version": 1, "autostartManager": "xendomains", "bridges": [], "guests": [web] });
    dom0.write("/etc/domus/guests.json", &document.to_string());
}

#[test]
fn a_restore_that_failed_is_said() {
    let dom0 = not_restored();
    for args in [&["apply", "--stage", "guests"][..], &["plan"], &["status"]] {
        let ran = dom0.run(args);
        assert_eq!(ran.status, 1, "{args:?}");
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(said.contains("it is down: it was saved, and xendomains did not restore it in this boot (`journalctl -b -u xendomains` says why). `domus start web` restores it"), "{said}");
    }
    // In the last lines of a switch.
    let switch = dom0
        .domus(&["apply", "--stage", "files"])
        .env("NIXOS_ACTION", "switch")
        .output()
        .unwrap();
    assert!(
        dom0.ran(switch)
            .stderr
            .contains("xendomains did not restore it")
    );
    dom0.write("/run/domus/web.failure", "xl restore ended: no bridge\n");
    let said = dom0.run(&["plan"]).stdout;
    assert!(
        said.contains("(when it was last tried: xl restore ended: no bridge)"),
        "{said}"
    );
    assert!(dom0.has(SAVE) && !runs(&dom0));
    // It does not stand in the way of its remedy.
    let ran = dom0.run(&["start", "web"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("restored from its save file"));
    let plan = dom0.run(&["plan"]);
    assert_eq!((plan.status, plan.stdout.as_str()), (0, "nothing to do\n"));
}

#[test]
fn a_guest_saved_by_hand_did_not_fail() {
    let dom0 = Dom0::new();
    let web = guest("web", 1);
    declare_for_xendomains(&dom0, &web);
    assert_eq!(dom0.run(&["apply"]).status, 0);
    dom0.xl(&["save", "1", dom0.path(SAVE).to_str().unwrap()]);
    assert_eq!(dom0.run(&["apply", "--stage", "images"]).status, 0);
    let ran = dom0.run(&["apply", "--stage", "guests"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("web: is saved"), "{}", ran.stdout);
}

/// web, declared otherwise than it was saved.
fn changed(policy: &str) -> Value {
    let mut web = web(&json!({ "onStaleSave": policy }));
    web["boot"]["cmdline"] = json!("console=hvc0 quiet");
    web
}

#[test]
fn a_stale_save_is_restored_unless_it_is_to_be_discarded() {
    let dom0 = saved(&guest("web", 1));
    dom0.declare(&[changed("restore")]);
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("web: was saved before its declaration changed, and is restored as it was; what changed waits for its next boot: cmdline"), "{}", ran.stdout);
    assert!(dom0.has(SAVE) && !runs(&dom0));
    // Told to, at boot, before xendomains.
    dom0.declare(&[changed("discard")]);
    assert_eq!(dom0.run(&["apply", "--stage", "files"]).status, 0);
    assert!(dom0.has(DISCARDED) && !dom0.has(SAVE));
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(runs(&dom0));
    assert!(
        ran.stdout.contains(
            "was saved before its declaration changed, and the save file was moved aside"
        ),
        "{}",
        ran.stdout
    );
}

#[test]
fn discarding_is_planned_and_said() {
    let dom0 = saved(&guest("web", 1));
    dom0.declare(&[changed("discard")]);
    insta::assert_snapshot!("discard_plan", dom0.run(&["plan"]).stdout);
    assert_eq!(dom0.run(&["apply"]).status, 0);
    assert!(dom0.has(DISCARDED) && runs(&dom0));
}

#[test]
fn what_is_as_declared_or_was_changed_by_hand_is_not_stale() {
    let discard = web(&json!({ "onStaleSave": "discard" }));
    let dom0 = saved(&discard);
    assert_eq!(dom0.run(&["apply"]).status, 0);
    assert!(dom0.has(SAVE) && !runs(&dom0));
    // Ballooned by hand, then saved.
    let dom0 = Dom0::new();
    dom0.declare(std::slice::from_ref(&discard));
    assert_eq!(dom0.run(&["apply"]).status, 0);
    dom0.xl(&["mem-set", "1", "300m"]);
    dom0.xl(&["save", "1", dom0.path(SAVE).to_str().unwrap()]);
    boot(&dom0);
    old(&dom0);
    assert_eq!(dom0.run(&["apply"]).status, 0);
    assert!(dom0.has(SAVE) && !runs(&dom0));
}

#[test]
fn a_guest_saved_by_hand_in_this_boot_is_not_discarded() {
    let dom0 = Dom0::new();
    dom0.declare(&[guest("web", 1)]);
    assert_eq!(dom0.run(&["apply"]).status, 0);
    dom0.xl(&["save", "1", dom0.path(SAVE).to_str().unwrap()]);
    dom0.declare(&[changed("discard")]);
    let ran = dom0.run(&["apply"]);
    assert!(
        ran.stdout
            .contains("when it starts with the Dom0, its save file is moved aside"),
        "{}",
        ran.stdout
    );
    assert!(dom0.has(SAVE));
}

#[test]
fn the_disks_of_a_foreign_save_are_in_use() {
    let dom0 = Dom0::new();
    let config = json!({
        "c_info": { "uuid": "6d7e3a0c-3b0f-4a55-9d0e-000000000077" },
        "disks": [ { "pdev_path": "/vmdisks/web.img", "vdev": "xvda", "format": "raw", "readwrite": 1 } ]
    });
    dom0.write("/var/lib/xen/save/other", "");
    let bytes = save_file::whole(&config.to_string(), b"x");
    fs::write(dom0.path("/var/lib/xen/save/other"), bytes).unwrap();
    dom0.write("/vmdisks/web.img", "its file systems");
    dom0.declare(&[guest("web", 1)]);
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 1);
    assert!(
        ran.stderr
            .contains("/vmdisks/web.img is in use by the saved guest other"),
        "{}",
        ran.stderr
    );
    assert!(!runs(&dom0));
}

#[test]
fn a_guest_saved_under_another_name_is_saved() {
    let dom0 = saved(&guest("web", 1));
    fs::rename(dom0.path(SAVE), dom0.path("/var/lib/xen/save/by-hand")).unwrap();
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(!runs(&dom0));
    let ran = dom0.run(&["start", "web"]);
    assert!(
        ran.stderr.contains("xl restore /var/lib/xen/save/by-hand"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_folder_that_is_open_or_too_small_is_said() {
    let dom0 = Dom0::new();
    let mut big = guest("web", 1);
    let pebibyte_mib = 1_u64 << 30;
    (big["memoryMib"], big["maxMemoryMib"]) = (json!(pebibyte_mib), json!(pebibyte_mib));
    dom0.declare(std::slice::from_ref(&big));
    assert_eq!(dom0.run(&["apply"]).status, 0);
    let ran = dom0.run(&["plan"]);
    assert_eq!(ran.status, 0);
    assert!(ran.stderr.contains("the guests that are saved when the Dom0 shuts down have 1073741824 MiB of memory, and the file system of /var/lib/xen/save has"), "{}", ran.stderr);
    big["lifecycle"] = json!({ "onHostShutdown": "shutdown" });
    dom0.declare(&[big]);
    assert_eq!(dom0.run(&["plan"]).stderr, "");

    let dom0 = saved(&guest("web", 1));
    let mode = |mode| {
        let folder = dom0.path("/var/lib/xen/save");
        fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    };
    mode(0o755);
    let ran = dom0.run(&["status"]);
    assert!(ran.stderr.contains("has mode 0755"), "{}", ran.stderr);
    mode(0o700);
    assert_eq!(dom0.run(&["status"]).stderr, "");
}

/// Killed at every call that changes a name or syncs, the next apply gets to the same end, and the file is never lost.
#[test]
fn killed_while_it_moves_a_file_aside() {
    let strace = Command::new("strace")
        .args(["-qq", "-o", "/dev/null", "true"])
        .status();
    if strace.is_err() {
        println!("skipped: there is no strace");
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
            strace.envs(
                domus
                    .get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            );
            strace
                .env_remove("NIXOS_ACTION")
                .env_remove("JOURNAL_STREAM");
            if strace.output().unwrap().status.success() {
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

#[test]
fn what_is_no_save_keeps_a_guest_down_and_is_said() {
    let foreign = json!({ "c_info": { "uuid": "6d7e3a0c-3b0f-4a55-9d0e-000000000077" } });
    let other = save_file::whole(&foreign.to_string(), b"x");
    for (bytes, what) in [
        (
            &b"notes of somebody"[..],
            "it is a file that xl did not write",
        ),
        (&other[..], "it is the save file of another domain"),
    ] {
        let dom0 = Dom0::new();
        declare_for_xendomains(&dom0, &guest("web", 1));
        assert_eq!(dom0.run(&["apply"]).status, 0);
        boot(&dom0);
        put(&dom0, bytes);
        assert_eq!(dom0.run(&["apply", "--stage", "images"]).status, 0);
        let ran = dom0.run(&["apply", "--stage", "guests"]);
        assert!(ran.stdout.contains(what), "{}", ran.stdout);
        assert_eq!(fs::read(dom0.path(SAVE)).unwrap(), bytes);
        assert!(!runs(&dom0), "{what}");
        assert_eq!(ran.status, 1, "{what}");
        assert!(
            ran.stderr
                .contains("is not its save file, is left, and keeps xendomains from starting it"),
            "{}",
            ran.stderr
        );
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
