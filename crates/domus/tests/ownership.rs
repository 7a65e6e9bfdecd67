//! What is not ours, and what another has: never touched, never shared, never started over.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::fs;

use serde_json::{Value, json};
use support::{Dom0, applied, guest, theirs};

fn with(mut guest: Value, change: impl FnOnce(&mut Value)) -> Value {
    change(&mut guest);
    guest
}

/// Applies, and expects that `shop` is neither started nor left to xendomains, because of `why`.
fn shop_is_refused(dom0: &Dom0, why: &str) {
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 1, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains(why), "{}", ran.stderr);
    assert!(!dom0.xl(&["list", "-v"]).contains("shop "), "shop started");
    assert!(!dom0.has("/etc/xen/auto/shop"), "xendomains would start it");
}

/// A guest on web's disk.
fn shop() -> Value {
    with(guest("shop", 2), |shop| {
        shop["disks"][0]["path"] = json!("/vmdisks/web.img");
    })
}

#[test]
fn a_guest_takes_over_the_disk_of_one_that_is_removed() {
    let dom0 = Dom0::new();
    dom0.declare(&[guest("web", 1)]);
    applied(&dom0, &["apply"]);
    dom0.declare(&[shop()]);
    applied(&dom0, &["apply"]);
    let domains = dom0.xl(&["list", "-v"]);
    assert!(
        domains.contains("shop ") && !domains.contains("web "),
        "{domains}"
    );
    assert!(dom0.has("/etc/xen/auto/shop"));
}

#[test]
fn a_guest_does_not_start_while_one_that_does_not_end_has_its_disk() {
    let dom0 = Dom0::new();
    let web = with(guest("web", 1), |web| {
        web["lifecycle"] = json!({ "shutdownTimeoutSeconds": 1 });
    });
    dom0.declare(&[web]);
    applied(&dom0, &["apply"]);
    dom0.write("/xl/deaf", "web\n");
    dom0.declare(&[shop()]);
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 1);
    insta::assert_snapshot!(ran.stderr);
    assert!(!dom0.xl(&["list", "-v"]).contains("shop "));
    assert!(!dom0.has("/etc/xen/auto/shop"), "xendomains would start it");
    std::fs::remove_file(dom0.path("/xl/deaf")).unwrap();
    applied(&dom0, &["apply"]);
    assert!(dom0.xl(&["list", "-v"]).contains("shop "));
}

#[test]
fn a_guest_that_keeps_its_disk_when_it_is_removed_is_waited_for() {
    let dom0 = Dom0::new();
    dom0.declare(&[with(guest("web", 1), |web| {
        web["lifecycle"] = json!({ "onRemove": "keep" });
    })]);
    applied(&dom0, &["apply"]);
    dom0.declare(&[shop()]);
    shop_is_refused(
        &dom0,
        "guest shop: option disks.root.path: /vmdisks/web.img is in use by domain web (1)",
    );
    dom0.xl(&["shutdown", "-F", "1"]);
    applied(&dom0, &["apply"]);
    assert!(dom0.xl(&["list", "-v"]).contains("shop "));
}

#[test]
fn a_saved_guest_has_its_disks() {
    let dom0 = Dom0::new();
    dom0.declare(&[guest("web", 1)]);
    applied(&dom0, &["apply"]);
    dom0.xl(&[
        "save",
        "1",
        dom0.path("/var/lib/xen/save/web").to_str().unwrap(),
    ]);
    dom0.boot("second");
    dom0.declare(&[shop()]);
    shop_is_refused(&dom0, "is in use by the saved guest web");
    // At boot xl is not asked, and the link that xendomains follows must not appear either.
    assert_eq!(dom0.run(&["apply", "--stage", "files"]).status, 1);
    assert!(!dom0.has("/etc/xen/auto/shop"));
}

#[test]
fn links_and_foreign_domains_hide_nothing() {
    let dom0 = Dom0::new();
    dom0.write("/vmdisks/web.img", "a system");
    std::os::unix::fs::symlink("web.img", dom0.path("/vmdisks/shop.img")).unwrap();
    dom0.declare(&[guest("web", 1), guest("shop", 2)]);
    shop_is_refused(&dom0, "is in use by guest web");

    let dom0 = Dom0::new();
    dom0.write("/vmdisks/shop.img", "a system");
    dom0.create(&(theirs("theirs") + "disk = [ \"/vmdisks/shop.img,raw,xvda,rw\" ]\n"));
    dom0.declare(&[guest("shop", 2)]);
    shop_is_refused(&dom0, "is in use by domain theirs (1)");
}

#[test]
fn an_image_that_another_guest_had_is_not_made_anew() {
    let dom0 = Dom0::new();
    dom0.declare(&[guest("web", 1)]);
    applied(&dom0, &["apply"]);
    dom0.xl(&["shutdown", "-F", "1"]);
    dom0.declare(&[]);
    applied(&dom0, &["apply"]);
    // Its mount is gone.
    fs::remove_file(dom0.path("/vmdisks/web.img")).unwrap();
    dom0.declare(&[shop()]);
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 1);
    assert!(
        ran.stderr
            .contains("was there at the last apply and is gone"),
        "{}",
        ran.stderr
    );
    assert!(!dom0.has("/vmdisks/web.img"));
}

#[test]
fn another_uuid_is_the_same_guest_until_it_is_started_again() {
    let dom0 = Dom0::new();
    dom0.declare(&[guest("web", 1)]);
    applied(&dom0, &["apply"]);
    let reseeded = with(guest("web", 1), |web| {
        web["uuid"] = json!("6d7e3a0c-3b0f-4a55-9d0e-999999999999");
    });
    dom0.declare(&[reseeded]);
    // In the stages of a switch: files first, then guests.
    assert_eq!(dom0.run(&["apply", "--stage", "files"]).status, 0);
    let ran = dom0.run(&["apply", "--stage", "guests"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("pending: uuid"), "{}", ran.stdout);
    assert!(dom0.xl(&["list", "-v"]).contains("000000000001"));
    // It can be stopped, and then is what is declared.
    assert_eq!(dom0.run(&["stop", "web"]).status, 0);
    assert!(!dom0.xl(&["list", "-v"]).contains("web "));
    dom0.boot("second");
    applied(&dom0, &["apply"]);
    assert!(dom0.xl(&["list", "-v"]).contains("999999999999"));
}

#[test]
fn a_link_of_the_users_own_is_left_when_a_guest_goes() {
    let dom0 = Dom0::new();
    dom0.write("/etc/xen/web.cfg", "name = \"web\"\n");
    fs::create_dir_all(dom0.path("/etc/xen/auto")).unwrap();
    std::os::unix::fs::symlink("../web.cfg", dom0.path("/etc/xen/auto/web")).unwrap();
    dom0.declare(&[guest("web", 1)]);
    assert_eq!(dom0.run(&["apply"]).status, 1);
    dom0.declare(&[]);
    applied(&dom0, &["apply"]);
    assert!(dom0.has("/etc/xen/auto/web") && dom0.has("/etc/xen/web.cfg"));
}

#[test]
fn a_guest_that_was_removed_and_comes_back_is_started() {
    let dom0 = Dom0::new();
    dom0.declare(&[guest("web", 1)]);
    applied(&dom0, &["apply"]);
    dom0.declare(&[]);
    applied(&dom0, &["apply"]);
    dom0.xl(&["shutdown", "-F", "1"]);
    applied(&dom0, &["apply"]);
    dom0.declare(&[guest("web", 1)]);
    applied(&dom0, &["apply"]);
    assert!(dom0.xl(&["list", "-v"]).contains("web "));
}

#[test]
fn a_guest_without_disks_is_forgotten_when_it_is_gone() {
    let dom0 = Dom0::new();
    let web = with(guest("web", 1), |web| {
        web["disks"] = json!([]);
        web["lifecycle"] = json!({ "onRemove": "keep" });
    });
    dom0.declare(&[web]);
    applied(&dom0, &["apply"]);
    dom0.declare(&[]);
    assert_eq!(dom0.run(&["apply", "--stage", "files"]).status, 0);
    assert_eq!(dom0.run(&["apply", "--stage", "guests"]).status, 0);
    assert!(dom0.has("/var/lib/domus/guests/web.json"), "it still runs");
    dom0.xl(&["shutdown", "-F", "1"]);
    assert_eq!(dom0.run(&["apply", "--stage", "guests"]).status, 0);
    assert!(!dom0.has("/var/lib/domus/guests/web.json"));
}

#[test]
fn bridges_of_another_root_are_not_made_on_this_system() {
    let dom0 = Dom0::new();
    let document = json!({ "version": 1, "bridges": [ { "name": "domustest0" } ], "guests": [] });
    dom0.write("/etc/domus/guests.json", &document.to_string());
    let ran = dom0.run(&["apply", "--stage", "bridges"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(!std::path::Path::new("/sys/class/net/domustest0").exists());
}

#[test]
fn a_link_is_taken_back_when_another_has_the_disk() {
    let dom0 = Dom0::new();
    fs::create_dir_all(dom0.path("/srv")).unwrap();
    std::os::unix::fs::symlink(dom0.path("/srv"), dom0.path("/data")).unwrap();
    let on = |name: &str, number: u32, path: &str| {
        with(guest(name, number), |guest| {
            guest["boot"] = json!({ "bootloader": "direct", "kernel": "/k" });
            guest["disks"] =
                json!([{ "name": "root", "path": path, "format": "raw", "vdev": "xvda" }]);
        })
    };
    dom0.declare(&[on("a", 1, "/data/x.img"), on("b", 2, "/srv/x.img")]);
    // What holds the disk is not mounted yet, so nobody knows that it is one.
    dom0.run(&["apply", "--stage", "files"]);
    assert!(dom0.has("/etc/xen/auto/a") && dom0.has("/etc/xen/auto/b"));
    dom0.write("/srv/x.img", "a system");
    let ran = dom0.run(&["apply", "--stage", "images"]);
    assert_eq!(ran.status, 1, "{}{}", ran.stdout, ran.stderr);
    assert!(
        ran.stderr.contains("guest b: option disks.root.path"),
        "{}",
        ran.stderr
    );
    assert!(dom0.has("/etc/xen/auto/a") && !dom0.has("/etc/xen/auto/b"));
}
