//! The disc in the drive of an HVM guest that runs.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use serde_json::{Value, json};
use support::{Dom0, applied, guest};

/// web with a drive, and this in it.
fn web(disc: Option<&str>) -> Value {
    let mut web = guest("web", 1);
    web["type"] = json!("hvm");
    let mut drive =
        json!({ "name": "cd", "vdev": "hdc", "format": "raw", "cdrom": true, "readOnly": true });
    if let Some(disc) = disc {
        drive["path"] = json!(format!("/srv/{disc}.iso"));
    }
    web["disks"].as_array_mut().unwrap().push(drive);
    web
}

/// A Dom0 in which web runs with that in its drive, and another disc is there.
fn running(disc: Option<&str>) -> Dom0 {
    let dom0 = Dom0::new();
    for disc in ["one", "two"] {
        dom0.write(&format!("/srv/{disc}.iso"), "a disc");
    }
    dom0.declare(&[web(disc)]);
    applied(&dom0, &["apply"]);
    dom0
}

/// What is in the drive, as xl says it.
fn disc(dom0: &Dom0) -> Value {
    let domains: Value = serde_json::from_str(&dom0.xl(&["list", "-l"])).unwrap();
    let mut disks = domains[0]["config"]["disks"].as_array().unwrap().iter();
    let drive = disks.find(|disk| disk["vdev"] == "hdc").unwrap();
    drive["pdev_path"].clone()
}

#[test]
fn discs_are_put_in_changed_and_taken_out_while_it_runs() {
    let dom0 = running(None);
    for (next, path, says) in [
        (
            Some("one"),
            "/srv/one.iso",
            "insert /srv/one.iso into drive hdc",
        ),
        (
            Some("two"),
            "/srv/two.iso",
            "insert /srv/two.iso into drive hdc",
        ),
        (None, "", "eject the disc of drive hdc"),
    ] {
        dom0.declare(&[web(next)]);
        let said = applied(&dom0, &["apply"]);
        assert!(said.contains(says), "{said}");
        assert_eq!(disc(&dom0), path);
        assert_eq!(dom0.run(&["plan"]).stdout, "nothing to do\n");
    }
}

#[test]
fn a_disc_that_the_guest_uses_is_left_to_it() {
    let dom0 = running(Some("one"));
    dom0.write("/xl/locked", "web\n");
    for next in [Some("two"), None] {
        dom0.declare(&[web(next)]);
        let ran = dom0.run(&["apply"]);
        assert_eq!(ran.status, 1, "{next:?}: {}{}", ran.stdout, ran.stderr);
        let why = "the guest keeps drive hdc shut, because it uses the disc that is in it. Unmount or eject it in the guest, or shut the guest down, then run `domus apply`";
        assert!(ran.stderr.contains(why), "{}", ran.stderr);
        assert_eq!(disc(&dom0), "/srv/one.iso");
    }
    std::fs::remove_file(dom0.path("/xl/locked")).unwrap();
    applied(&dom0, &["apply"]);
    assert_eq!(disc(&dom0), "");
}
