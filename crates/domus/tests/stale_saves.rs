//! A guest's memory is never lost without being told to; a restore that failed, and what is no save, are said.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::fs;

use serde_json::{Value, json};
use support::saved::{SAVE, UUID, boot, old, put, runs, saved};
use support::{Dom0, guest, save_file};

const DISCARDED: &str = "/var/lib/xen/save/.web.discarded-1700000000";

/// A guest that xendomains starts, with this lifecycle.
fn web(lifecycle: &Value) -> Value {
    let mut web = guest("web", 1);
    web["lifecycle"] = lifecycle.clone();
    web
}

#[test]
fn a_whole_save_beside_its_suspended_domain_is_left() {
    let dom0 = Dom0::new();
    dom0.declare(&[guest("web", 1)]);
    assert_eq!(dom0.run(&["apply"]).status, 0);
    let config = json!({ "c_info": { "uuid": UUID } }).to_string();
    put(&dom0, &save_file::whole(&config, b"x"));
    dom0.write("/xl/states", "web ---ss-\n");
    let ran = dom0.run(&["apply"]);
    assert!(
        ran.stdout
            .contains("its save file /var/lib/xen/save/web looks whole"),
        "{}",
        ran.stdout
    );
    assert!(dom0.has(SAVE));
    // Beside one that runs it is a danger.
    fs::remove_file(dom0.path("/xl/states")).unwrap();
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
    dom0.declare_for("xendomains", std::slice::from_ref(&web));
    assert_eq!(dom0.run(&["apply", "--stage", "images"]).status, 0);
    dom0
}

#[test]
fn a_restore_that_failed_is_said() {
    let dom0 = not_restored();
    for args in [&["apply", "--stage", "guests"][..], &["plan"], &["status"]] {
        let ran = dom0.run(args);
        assert_eq!(ran.status, 1, "{args:?}");
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(said.contains("it is down: it was saved, and xendomains did not restore it in this boot (`journalctl -b -u xendomains` says why). `domus start web` restores it"), "{said}");
        assert!(!said.contains("is saved;"), "said twice: {said}");
    }
    // In the last lines of a switch.
    let switch = dom0.activate("switch");
    assert!(switch.stderr.contains("xendomains did not restore it"));
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
fn what_xendomains_said_is_the_cause() {
    let dom0 = not_restored();
    let script = "#!/bin/sh
[ \"$*\" = '-b -u xendomains.service -o cat --no-pager' ] && cat <<'END'
Restoring Xen domains: web
An error occurred while restoring domain web:
libxl: error: libxl_disk.c:128:libxl__device_disk_setdefault: no such disk
!
Starting auto Xen domains: web(skip)
END
";
    dom0.write("/bin/journalctl", script);
    let run = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(dom0.path("/bin/journalctl"), run).unwrap();
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", dom0.path("/bin").display());
    for args in [&["apply", "--stage", "guests"][..], &["plan"], &["status"]] {
        let ran = dom0.ran(dom0.domus(args).env("PATH", &path).output().unwrap());
        assert_eq!(ran.status, 1, "{args:?}");
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(said.contains("xendomains did not restore it in this boot (when it was last tried: libxl: error: libxl_disk.c:128:libxl__device_disk_setdefault: no such disk). `domus start web` restores it"), "{said}");
    }
}

#[test]
fn a_guest_saved_by_hand_did_not_fail() {
    let dom0 = Dom0::new();
    let web = guest("web", 1);
    dom0.declare_for("xendomains", std::slice::from_ref(&web));
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
    dom0.write("/xl/host-memory", &(pebibyte_mib << 2).to_string());
    dom0.declare(std::slice::from_ref(&big));
    assert_eq!(dom0.run(&["apply"]).status, 0);
    let ran = dom0.run(&["plan"]);
    assert_eq!(ran.status, 0);
    assert!(ran.stderr.contains("the guests that are saved when the Dom0 shuts down take 1090519072 MiB, and the file system of /var/lib/xen/save has"), "{}", ran.stderr);
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
        dom0.declare_for("xendomains", &[guest("web", 1)]);
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
