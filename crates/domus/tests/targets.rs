//! Disks that are no files of the Dom0: what a script or a driver domain knows, and drives without a disc.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use serde_json::{Value, json};
use support::{Dom0, applied, guest, theirs};

const LUN: &str = "iqn.2001-05.org.example:lun0,portal=192.0.2.9";

/// A guest that boots from its disks, which have these fields.
fn guest_on(name: &str, number: u32, disks: &[Value]) -> Value {
    let mut guest = guest(name, number);
    guest["boot"] = json!({ "bootloader": "pygrub" });
    guest["disks"] = disks
        .iter()
        .zip(["xvda", "xvdb"])
        .map(|(fields, vdev)| {
            let mut disk = json!({ "name": vdev, "vdev": vdev, "format": "raw" });
            for (name, field) in fields.as_object().unwrap() {
                disk[name] = field.clone();
            }
            disk
        })
        .collect();
    // It keeps its disks when it is no longer declared.
    guest["lifecycle"] = json!({ "onRemove": "keep" });
    guest
}

fn iscsi() -> Value {
    json!({ "path": LUN, "script": "block-iscsi" })
}

/// Applies, and expects that `shop` is neither started nor left to xendomains, because of `why`.
fn shop_is_refused(dom0: &Dom0, why: &str) {
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 1, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains(why), "{}", ran.stderr);
    assert!(!dom0.runs("shop"), "shop started");
    assert!(!dom0.has("/etc/xen/auto/shop"), "xendomains would start it");
    let ran = dom0.run(&["run", "shop"]);
    assert!(ran.stderr.contains(why), "{}", ran.stderr);
}

#[test]
fn they_are_neither_made_nor_looked_for_nor_held_back_as_empty() {
    for disk in [
        iscsi(),
        json!({ "path": "/srv/lun0", "script": "block-x", "mountPoint": "/srv" }),
        json!({ "path": "rbd:pool/image:id=admin", "backendType": "qdisk", "backend": "storage" }),
        json!({ "path": "/dev/vg1/web", "backend": "storage" }),
    ] {
        let dom0 = Dom0::new();
        dom0.declare(&[guest_on("web", 1, &[disk])]);
        applied(&dom0, &["apply"]);
        assert!(dom0.runs("web") && dom0.has("/etc/xen/auto/web"));
        for folder in ["/vmdisks", "/srv", "/dev", "/pool"] {
            assert!(!dom0.has(folder), "{folder} was made");
        }
        let plan = dom0.run(&["plan", "--json"]);
        let plan: Value = serde_json::from_str(&plan.stdout).unwrap();
        assert_eq!(plan["guests"][0]["steps"], json!([]));
        assert_eq!(plan["guests"][0]["notes"], json!([]));
        let ran = dom0.run(&["status"]);
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        assert!(ran.stdout.contains("running"), "{}", ran.stdout);
        // It stays so at the next boot, where files are written before xl can be asked.
        dom0.boot("second");
        for stage in ["files", "images", "guests"] {
            let ran = dom0.run(&["apply", "--stage", stage]);
            assert_eq!(ran.status, 0, "{stage}: {}", ran.stderr);
        }
        assert!(dom0.runs("web"));
    }
}

#[test]
fn one_is_not_given_to_two_guests() {
    let dom0 = Dom0::new();
    dom0.declare(&[guest_on("web", 1, &[iscsi()])]);
    applied(&dom0, &["apply"]);
    dom0.declare(&[guest_on("shop", 2, &[iscsi()])]);
    let why = format!("option disks.xvda.path: {LUN} is in use by domain web (1)");
    shop_is_refused(&dom0, &why);
    dom0.xl(&["shutdown", "-F", "1"]);
    applied(&dom0, &["apply"]);
    assert!(dom0.runs("shop"));
}

#[test]
fn a_foreign_domain_has_its_own() {
    let dom0 = Dom0::new();
    let disk = format!("disk = [ \"script=block-iscsi,vdev=xvda,target={LUN}\" ]\n");
    dom0.create(&(theirs("theirs") + &disk));
    // However the path to the script is spelled.
    let disk = json!({ "path": LUN, "script": "/etc/xen/scripts/block-iscsi" });
    dom0.declare(&[guest_on("shop", 2, &[disk])]);
    shop_is_refused(&dom0, "is in use by domain theirs (1)");
}

#[test]
fn a_saved_guest_has_its_own() {
    // Saved before an apply saw it run, and after; and after what it is declared with had changed.
    for (seen, redeclared) in [(false, false), (true, false), (true, true)] {
        let dom0 = Dom0::new();
        dom0.declare(&[guest_on("web", 1, &[iscsi()])]);
        applied(&dom0, &["apply"]);
        if redeclared {
            let other = json!({ "path": "iqn.2001-05.org.example:other", "script": "block-iscsi" });
            dom0.declare(&[guest_on("web", 1, &[other])]);
        }
        if seen {
            applied(&dom0, &["apply"]);
        }
        let file = dom0.path("/var/lib/xen/save/web");
        dom0.xl(&["save", "1", file.to_str().unwrap()]);
        dom0.boot("second");
        dom0.declare(&[guest_on("shop", 2, &[iscsi()])]);
        shop_is_refused(&dom0, "is in use by the saved guest web");
        // At boot xl is not asked, and the link that xendomains follows must not appear either.
        assert_eq!(dom0.run(&["apply", "--stage", "files"]).status, 1);
        assert!(!dom0.has("/etc/xen/auto/shop"));
    }
}

#[test]
fn what_a_running_guest_is_to_have_next_is_remembered_beside_its_xl() {
    let dom0 = Dom0::new();
    dom0.declare(&[guest_on("web", 1, &[iscsi()])]);
    applied(&dom0, &["apply"]);
    // The xl that watches over it, as the real one stays.
    dom0.write("/proc/41/cmdline", "xl\0create\0/etc/xen/web.cfg\0");
    let next = json!({ "path": "iqn.2001-05.org.example:next", "script": "block-iscsi" });
    // Who has which disk is asked, since another guest starts.
    dom0.declare(&[
        guest_on("web", 1, &[next]),
        guest_on(
            "mail",
            2,
            &[json!({ "path": "rbd:pool/mail", "backend": "storage" })],
        ),
    ]);
    applied(&dom0, &["apply"]);
    let record = dom0.read("/var/lib/domus/guests/web.json");
    let record: Value = serde_json::from_str(&record).unwrap();
    assert_eq!(
        record["targets"],
        json!([{ "text": LUN }, { "text": "iqn.2001-05.org.example:next" }])
    );
}

#[test]
fn one_path_is_another_disk_in_another_domain() {
    let dom0 = Dom0::new();
    dom0.write("/dev/vg0/web", "a system");
    let here = json!({ "path": "/dev/vg0/web" });
    let served = |by: &str| json!({ "path": "/dev/vg0/web", "backend": by });
    dom0.declare(&[
        guest_on("web", 1, &[here]),
        guest_on("mail", 2, &[served("storage")]),
    ]);
    applied(&dom0, &["apply"]);
    assert!(dom0.runs("web") && dom0.runs("mail"));
    dom0.declare(&[guest_on("shop", 3, &[served("storage")])]);
    shop_is_refused(&dom0, "is in use by domain mail (2)");
    // The Dom0 under its own name, and a domain under its number.
    dom0.declare(&[guest_on("shop", 3, &[served("Domain-0")])]);
    shop_is_refused(&dom0, "is in use by domain web (1)");
    dom0.create(&theirs("storage"));
    dom0.declare(&[guest_on("shop", 3, &[served("3")])]);
    shop_is_refused(&dom0, "is in use by domain mail (2)");
}

#[test]
fn a_script_that_is_told_a_file_has_that_file() {
    let dom0 = Dom0::new();
    dom0.write("/vmdisks/web.img", "a system");
    std::os::unix::fs::symlink("web.img", dom0.path("/vmdisks/link.img")).unwrap();
    dom0.declare(&[guest_on("web", 1, &[json!({ "path": "/vmdisks/web.img" })])]);
    applied(&dom0, &["apply"]);
    let disk = json!({ "path": "/vmdisks/link.img", "script": "block-x" });
    dom0.declare(&[guest_on("shop", 2, &[disk])]);
    shop_is_refused(&dom0, "is in use by domain web (1)");
}

#[test]
fn a_drive_without_a_disc_has_nothing_to_share() {
    let dom0 = Dom0::new();
    let with_drive = |name: &str, number: u32| {
        dom0.write(&format!("/vmdisks/{name}.img"), "a system");
        let drive = json!({ "cdrom": true, "path": null });
        let disk = json!({ "path": format!("/vmdisks/{name}.img") });
        guest_on(name, number, &[disk, drive])
    };
    dom0.declare(&[with_drive("web", 1), with_drive("shop", 2)]);
    applied(&dom0, &["apply"]);
    assert!(dom0.runs("web") && dom0.runs("shop"));
    let said = applied(&dom0, &["apply"]);
    assert!(!said.contains("pending"), "{said}");
}

#[test]
fn what_is_only_read_is_shared_with_those_that_run() {
    let dom0 = Dom0::new();
    dom0.write("/srv/tools.img", "tools");
    let on = |name: &str, number: u32| {
        dom0.write(&format!("/vmdisks/{name}.img"), "a system");
        let disk = json!({ "path": format!("/vmdisks/{name}.img") });
        guest_on(
            name,
            number,
            &[disk, json!({ "path": "/srv/tools.img", "readOnly": true })],
        )
    };
    dom0.declare(&[on("web", 1)]);
    applied(&dom0, &["apply"]);
    dom0.declare(&[on("web", 1), on("shop", 2)]);
    applied(&dom0, &["apply"]);
    assert!(dom0.runs("shop"));
}

#[test]
fn an_image_that_domus_cannot_make_is_asked_for() {
    let dom0 = Dom0::new();
    let disk = json!({ "path": "/vmdisks/old.vhd", "format": "vhd" });
    dom0.declare(&[guest_on("web", 1, &[disk])]);
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 1);
    assert!(
        ran.stderr
            .contains("/vmdisks/old.vhd is not there, and Domus makes no vhd images"),
        "{}",
        ran.stderr
    );
    // One that is there may hold anything, and is not looked into.
    dom0.write("/vmdisks/old.vhd", "a system");
    applied(&dom0, &["apply"]);
    assert!(dom0.runs("web"));
}

/// Guests whose disks are files are remembered as they always were.
#[test]
fn a_record_says_nothing_of_them_where_there_are_none() {
    let dom0 = Dom0::new();
    dom0.declare(&[guest("web", 1), guest_on("lun", 2, &[iscsi()])]);
    applied(&dom0, &["apply"]);
    applied(&dom0, &["apply"]);
    assert!(
        !dom0
            .read("/var/lib/domus/guests/web.json")
            .contains("targets")
    );
    let record: Value = serde_json::from_str(&dom0.read("/var/lib/domus/guests/lun.json")).unwrap();
    assert_eq!(record["targets"], json!([{ "text": LUN }]));
    assert_eq!(record["images"], json!([]));
}
