//! Generation after generation on one Dom0, each asserted whole, each applied twice.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use serde_json::json;
use support::{Dom0, guest};

/// Applies, checks that a second apply does nothing, and gives what the first said.
fn apply_twice(dom0: &Dom0) -> String {
    let first = dom0.run(&["apply"]);
    assert_eq!(first.status, 0, "{}{}", first.stdout, first.stderr);
    let files = dom0.files("/");
    let plan = dom0.run(&["plan", "--json"]);
    let plan: serde_json::Value = serde_json::from_str(&plan.stdout).unwrap();
    for guest in plan["guests"].as_array().unwrap() {
        assert_eq!(guest["steps"], json!([]), "{guest}");
    }
    assert_eq!(dom0.run(&["apply"]).status, 0);
    assert_eq!(dom0.files("/"), files);
    first.stdout
}

#[test]
fn from_nothing_to_three_guests_and_back() {
    let dom0 = Dom0::new();
    let (web, mail) = (guest("web", 1), guest("mail", 2));
    dom0.declare(&[web.clone(), mail.clone()]);
    insta::assert_snapshot!("gen1_apply", apply_twice(&dom0));
    insta::assert_debug_snapshot!("gen1_files", dom0.files("/etc/xen"));
    assert_eq!(dom0.xl(&["list", "-v"]).lines().count(), 4);

    // More memory for web, while it runs; mail no longer starts by itself, and runs on.
    let web = changed(&web, |web| web["memoryMib"] = json!(384));
    let mail = changed(&mail, |mail| mail["autostart"] = json!(false));
    dom0.declare(&[web.clone(), mail.clone()]);
    insta::assert_snapshot!("gen2_plan", dom0.run(&["plan"]).stdout);
    insta::assert_snapshot!("gen2_apply", apply_twice(&dom0));
    assert!(
        dom0.xl(&["list", "-v"]).contains("  384 "),
        "memory was set"
    );
    assert!(!dom0.has("/etc/xen/auto/mail"));

    // Another vCPU waits for the next boot; mail is gone from the declaration and is shut down, its disk stays.
    let web = changed(&web, |web| web["vcpus"] = json!(2));
    dom0.declare(&[web]);
    insta::assert_snapshot!("gen3_apply", apply_twice(&dom0));
    insta::assert_debug_snapshot!("gen3_files", dom0.files("/etc/xen"));
    insta::assert_snapshot!("gen3_status", dom0.run(&["status"]).stdout);
    assert!(dom0.has("/vmdisks/mail.img"));
    assert_eq!(dom0.xl(&["list", "-v"]).lines().count(), 3);
}

fn changed(
    guest: &serde_json::Value,
    change: impl FnOnce(&mut serde_json::Value),
) -> serde_json::Value {
    let mut guest = guest.clone();
    change(&mut guest);
    guest
}

#[test]
fn a_guest_stopped_by_hand_stays_stopped_until_the_next_boot() {
    let dom0 = Dom0::new();
    dom0.declare(&[guest("web", 1)]);
    apply_twice(&dom0);
    dom0.xl(&["destroy", "1"]);
    dom0.declare(&[guest("web", 1), guest("mail", 2)]);
    let said = apply_twice(&dom0);
    assert!(said.contains("web: is stopped, and stays so"), "{said}");
    assert!(!dom0.xl(&["list", "-v"]).contains("web "));
    dom0.boot("second");
    apply_twice(&dom0);
    assert!(dom0.xl(&["list", "-v"]).contains("web "));
}

#[test]
fn a_change_made_by_hand_is_shown_and_left() {
    let dom0 = Dom0::new();
    dom0.declare(&[guest("web", 1)]);
    apply_twice(&dom0);
    dom0.xl(&["mem-set", "1", "300m"]);
    let said = apply_twice(&dom0);
    assert!(
        said.contains("web: changed by hand and left: memory is 300, declared is 256"),
        "{said}"
    );
    assert!(dom0.xl(&["list", "-v"]).contains("  300 "));
}

#[test]
fn more_memory_than_the_running_domain_can_have_waits() {
    let dom0 = Dom0::new();
    dom0.declare(&[guest("web", 1)]);
    apply_twice(&dom0);
    let more = changed(&guest("web", 1), |web| {
        web["memoryMib"] = json!(1024);
        web["maxMemoryMib"] = json!(1024);
    });
    dom0.declare(&[more]);
    let said = apply_twice(&dom0);
    assert!(said.contains("web: pending: maxmem 512 → 1024"), "{said}");
    assert!(said.contains("web: pending: memory 256 → 1024"), "{said}");
    assert!(dom0.xl(&["list", "-v"]).contains("  256 "));
}

#[test]
fn a_saved_guest_is_never_created_fresh() {
    let dom0 = Dom0::new();
    dom0.declare(&[guest("web", 1)]);
    dom0.image("/vmdisks/web.img", "its file systems");
    dom0.write("/var/lib/xen/save/web", "its memory");
    let said = apply_twice(&dom0);
    assert!(
        said.contains("it is a file that xl did not write"),
        "{said}"
    );
    assert!(!dom0.xl(&["list", "-v"]).contains("web "));
    // Asked to start it, Domus restores it; what cannot be restored is left.
    for verb in ["run", "start"] {
        let ran = dom0.run(&[verb, "web"]);
        assert_eq!(ran.status, 1);
        assert!(ran.stderr.contains("wrong magic number"), "{}", ran.stderr);
        assert!(!dom0.xl(&["list", "-v"]).contains("web "));
    }
    assert_eq!(dom0.read("/var/lib/xen/save/web"), "its memory");
}

#[test]
fn a_guest_that_runs_before_domus_knows_it_is_left() {
    let dom0 = Dom0::new();
    dom0.declare(&[guest("web", 1)]);
    dom0.image("/vmdisks/web.img", "a system");
    dom0.write(
        "/tmp/web.cfg",
        &dom0
            .run(&["render", "web"])
            .stdout
            .replace("vcpus = 1", "vcpus = 2"),
    );
    dom0.xl(&["create", dom0.path("/tmp/web.cfg").to_str().unwrap()]);
    let before = dom0.read("/xl/domains.json");
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 1);
    assert!(ran.stderr.contains("`domus adopt web`"), "{}", ran.stderr);
    assert_eq!(dom0.read("/xl/domains.json"), before);
    assert!(!dom0.has("/etc/xen/web.cfg") && !dom0.has("/var/lib/domus/guests/web.json"));
}

#[test]
fn what_a_guest_has_that_was_saved_and_restored_by_hand_is_rooted() {
    let dom0 = Dom0::new();
    std::fs::create_dir_all(dom0.path("/nix/var/nix/gcroots")).unwrap();
    for kernel in ["aaa-linux-6.1", "bbb-linux-6.6"] {
        let mut web = guest("web", 1);
        web["boot"]["kernel"] = json!(format!("/nix/store/{kernel}/bzImage"));
        dom0.declare(&[web]);
        apply_twice(&dom0);
    }
    // What was stored for its next boot is lost by that: it has, and reboots with, what it was started with.
    let save = dom0.path("/var/lib/xen/save/web");
    let save = save.to_str().unwrap();
    dom0.xl(&["save", "1", save]);
    dom0.xl(&["restore", save]);
    std::fs::remove_file(save).unwrap();
    apply_twice(&dom0);
    let roots = dom0.files("/nix/var/nix/gcroots");
    assert_eq!(roots.len(), 2, "{roots:?}");
    assert!(
        dom0.run(&["status"]).stdout.contains("pending"),
        "the new kernel waits still"
    );
}

#[test]
fn what_a_guest_was_started_with_is_rooted_until_it_is_gone() {
    let dom0 = Dom0::new();
    std::fs::create_dir_all(dom0.path("/nix/var/nix/gcroots")).unwrap();
    let with_kernel = |kernel: &str| {
        changed(&guest("web", 1), |web| {
            web["boot"]["kernel"] = json!(format!("/nix/store/{kernel}/bzImage"));
            web["lifecycle"] = json!({ "onRemove": "keep" });
        })
    };
    let roots = || {
        let links = dom0.files("/nix/var/nix/gcroots");
        links
            .into_iter()
            .map(|(_, target)| target.replace("-> /nix/store/", ""))
            .collect::<Vec<_>>()
    };
    dom0.declare(&[with_kernel("aaa-linux-6.1")]);
    apply_twice(&dom0);
    assert_eq!(roots(), ["aaa-linux-6.1"]);
    // The new kernel waits for the next start; the guest's own reboot needs the old one.
    dom0.declare(&[with_kernel("bbb-linux-6.6")]);
    apply_twice(&dom0);
    assert_eq!(roots(), ["aaa-linux-6.1", "bbb-linux-6.6"]);
    // Saved, at the next boot, when only files are written: both stay.
    dom0.xl(&[
        "save",
        "1",
        dom0.path("/var/lib/xen/save/web").to_str().unwrap(),
    ]);
    dom0.boot("second");
    assert_eq!(dom0.run(&["apply", "--stage", "files"]).status, 0);
    assert_eq!(roots(), ["aaa-linux-6.1", "bbb-linux-6.6"]);
    // The save file is given up, and the guest starts anew.
    std::fs::remove_file(dom0.path("/var/lib/xen/save/web")).unwrap();
    apply_twice(&dom0);
    assert_eq!(roots(), ["bbb-linux-6.6"]);
    // No longer declared, it still runs; then it is gone.
    dom0.declare(&[]);
    apply_twice(&dom0);
    assert_eq!(roots(), ["bbb-linux-6.6"]);
    dom0.xl(&["shutdown", "-F", "2"]);
    dom0.xl(&["shutdown", "-F", "1"]);
    apply_twice(&dom0);
    assert_eq!(roots(), [""; 0]);
}

#[test]
fn dry_activate_says_it_all_and_changes_nothing() {
    let dom0 = Dom0::new();
    dom0.declare(&[guest("web", 1)]);
    let before = dom0.files("/");
    let dry = dom0.activate("dry-activate");
    assert_eq!(dry.status, 0);
    insta::assert_snapshot!("dry_activate", dry.stdout);
    assert_eq!(dom0.files("/"), before);
}

#[test]
fn the_stages_of_a_switch_come_to_the_same_as_one_apply() {
    let (one, stages) = (Dom0::new(), Dom0::new());
    one.declare(&[guest("web", 1)]);
    stages.declare(&[guest("web", 1)]);
    apply_twice(&one);
    let activation = stages.activate("switch");
    insta::assert_snapshot!("activation", activation.stdout);
    for stage in ["bridges", "images", "guests"] {
        assert_eq!(
            stages.run(&["apply", "--stage", stage]).status,
            0,
            "{stage}"
        );
    }
    assert_eq!(one.files("/etc"), stages.files("/etc"));
    assert_eq!(one.files("/var"), stages.files("/var"));
}

#[test]
fn at_boot_files_are_written_and_xl_is_never_called() {
    let mut dom0 = Dom0::new();
    dom0.fault(Some("fail"));
    dom0.declare(&[guest("web", 1)]);
    for stage in ["files", "bridges", "images"] {
        let ran = dom0.run(&["apply", "--stage", stage]);
        assert_eq!(ran.status, 0, "{stage}: {}", ran.stderr);
    }
    assert!(dom0.has("/etc/xen/auto/web") && dom0.has("/vmdisks/web.img"));
}

#[test]
fn not_under_xen_it_prepares_says_so_and_succeeds() {
    let dom0 = Dom0::new();
    dom0.write("/proc/xen/capabilities", "");
    dom0.declare(&[guest("web", 1)]);
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("not booted under Xen"),
        "{}",
        ran.stderr
    );
    assert!(dom0.has("/etc/xen/web.cfg") && dom0.has("/vmdisks/web.img"));
}

#[test]
fn a_guest_with_an_empty_disk_waits_for_its_system() {
    let dom0 = Dom0::new();
    let pygrub = changed(&guest("web", 1), |web| {
        web["type"] = json!("pv");
        web["boot"] = json!({ "bootloader": "pygrub" });
    });
    dom0.declare(&[pygrub]);
    let said = apply_twice(&dom0);
    assert!(
        said.contains("web: is not started: disks.root (/vmdisks/web.img) is still empty"),
        "{said}"
    );
    assert!(!dom0.xl(&["list", "-v"]).contains("web "));
    assert!(!dom0.has("/etc/xen/auto/web"), "xendomains would start it");
    // A system is installed.
    let image = dom0.path("/vmdisks/web.img");
    let installed = std::process::Command::new("debugfs")
        .args(["-w", "-R", "mkdir boot"])
        .arg(&image)
        .output()
        .unwrap();
    assert!(installed.status.success());
    // Started again, the unit does all of it; then nothing is left to do.
    let ran = dom0.run(&["apply", "--stage", "guests"]);
    assert!(ran.stdout.contains("web: start, done"), "{}", ran.stdout);
    assert!(dom0.has("/etc/xen/auto/web"));
    assert_eq!(dom0.run(&["plan"]).stdout, "nothing to do\n");
}

#[test]
fn where_roots_cannot_be_read_nothing_is_started_without_them() {
    let dom0 = Dom0::new();
    dom0.write("/nix/var/nix/gcroots/domus", "no folder");
    let mut web = guest("web", 1);
    web["boot"]["kernel"] = json!("/nix/store/abc-linux/bzImage");
    dom0.declare(&[web]);
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 1);
    assert!(ran.stderr.contains("gcroots/domus"), "{}", ran.stderr);
    assert!(!dom0.xl(&["list", "-v"]).contains("web "));
    std::fs::remove_file(dom0.path("/nix/var/nix/gcroots/domus")).unwrap();
    apply_twice(&dom0);
    assert!(dom0.xl(&["list", "-v"]).contains("web "));
}
