//! A guest that is called otherwise, and the save files of either name.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::fs;

use support::renamed::{declare_shop, shop, web_is_gone, with_web};
use support::{Dom0, applied, theirs};

/// Saves the domain of this name where xendomains does.
fn save(dom0: &Dom0, name: &str) {
    let file = dom0.path("/var/lib/xen/save").join(name);
    dom0.xl(&["save", "1", file.to_str().unwrap()]);
}

/// Restores as xendomains does at boot: every save file, which then goes; and it starts nothing whose name is that of one.
fn xendomains(dom0: &Dom0) {
    let mut saved = Vec::new();
    for entry in fs::read_dir(dom0.path("/var/lib/xen/save")).unwrap() {
        let path = entry.unwrap().path();
        dom0.xl(&["restore", path.to_str().unwrap()]);
        saved.push(path.file_name().unwrap().to_str().unwrap().to_owned());
        fs::remove_file(path).unwrap();
    }
    for entry in fs::read_dir(dom0.path("/etc/xen/auto")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(
            saved.contains(&name),
            "{name} would be created anew: {saved:?}"
        );
    }
}

#[test]
fn a_save_file_that_only_mentions_a_guest_is_not_its_own() {
    // shop was web, and its domain, which still is, ended; somebody else's domain web was saved since.
    let dom0 = with_web();
    declare_shop(&dom0);
    applied(&dom0, &["apply", "--stage", "files"]);
    dom0.xl(&["destroy", "1"]);
    let mention = "cmdline = \"peer=6d7e3a0c-3b0f-4a55-9d0e-000000000001\"\n";
    dom0.create(&(theirs("web") + mention));
    let file = dom0.path("/var/lib/xen/save/web");
    dom0.xl(&["save", "2", file.to_str().unwrap()]);
    dom0.boot("second");
    applied(&dom0, &["apply"]);
    assert!(dom0.has("/var/lib/xen/save/web"));
    assert!(dom0.xl(&["list", "-v"]).contains("shop "));
}

#[test]
fn a_guest_that_is_saved_is_renamed_with_its_save_file() {
    let dom0 = with_web();
    save(&dom0, "web");
    declare_shop(&dom0);
    dom0.boot("second");
    let said = applied(&dom0, &["apply", "--stage", "files"]);
    assert!(said.contains("rename from web"), "{said}");
    applied(&dom0, &["apply", "--stage", "images"]);
    assert!(dom0.has("/var/lib/xen/save/shop") && !dom0.has("/var/lib/xen/save/web"));
    xendomains(&dom0);
    assert!(dom0.xl(&["list", "-v"]).contains("web "), "as it was saved");
    let said = applied(&dom0, &["apply", "--stage", "guests"]);
    assert!(said.contains("rename the domain web"), "{said}");
    web_is_gone(&dom0);
    assert_eq!(dom0.run(&["plan"]).stdout, "nothing to do\n");
}

#[test]
fn where_domus_restores_it_is_renamed_before_it_runs() {
    let dom0 = with_web();
    save(&dom0, "web");
    dom0.declare_for("domus", &[shop()]);
    dom0.boot("second");
    for stage in ["files", "images", "guests"] {
        applied(&dom0, &["apply", "--stage", stage]);
    }
    assert!(dom0.xl(&["list", "-v"]).contains("shop "));
    assert!(!dom0.has("/var/lib/xen/save/shop"));
    web_is_gone(&dom0);
    assert_eq!(dom0.run(&["plan"]).stdout, "nothing to do\n");
}

#[test]
fn a_guest_that_is_saved_before_its_domain_is_renamed_is_known() {
    let dom0 = with_web();
    declare_shop(&dom0);
    applied(&dom0, &["apply", "--stage", "files"]);
    // The host goes down before domus-guests came to it: its domain is web, and so is its save file.
    save(&dom0, "web");
    dom0.boot("second");
    let said = applied(&dom0, &["apply", "--stage", "files"]);
    insta::assert_snapshot!("saved_late", said);
    applied(&dom0, &["apply", "--stage", "images"]);
    xendomains(&dom0);
    applied(&dom0, &["apply", "--stage", "guests"]);
    web_is_gone(&dom0);
    assert_eq!(dom0.run(&["plan"]).stdout, "nothing to do\n");
}

#[test]
fn a_save_file_of_the_old_name_that_is_not_the_guests_is_left() {
    let dom0 = with_web();
    declare_shop(&dom0);
    applied(&dom0, &["apply", "--stage", "files"]);
    dom0.xl(&["shutdown", "-F", "1"]);
    dom0.write("/var/lib/xen/save/web", "of somebody else");
    dom0.boot("second");
    applied(&dom0, &["apply", "--stage", "files"]);
    assert_eq!(dom0.read("/var/lib/xen/save/web"), "of somebody else");
    applied(&dom0, &["apply"]);
    assert!(dom0.xl(&["list", "-v"]).contains("shop "));
}

/// Under the old name there is a save file of another domain, which is no memory of this guest.
#[test]
fn a_strangers_save_file_does_not_come_along() {
    let dom0 = with_web();
    dom0.create(&theirs("theirs"));
    let file = dom0.path("/var/lib/xen/save/web");
    dom0.xl(&["save", "2", file.to_str().unwrap()]);
    declare_shop(&dom0);
    applied(&dom0, &["apply", "--stage", "files"]);
    assert!(dom0.has("/var/lib/xen/save/web") && !dom0.has("/var/lib/xen/save/shop"));
    dom0.run(&["apply"]);
    assert!(dom0.has("/var/lib/xen/save/web") && !dom0.has("/var/lib/xen/save/shop"));
    assert!(dom0.xl(&["list", "-v"]).contains("shop "));
}

#[test]
fn a_restored_guest_is_remembered_by_its_own_name_whatever_its_domain_is_called() {
    let mut dom0 = with_web();
    save(&dom0, "web");
    dom0.boot("second");
    declare_shop(&dom0);
    applied(&dom0, &["apply", "--stage", "files"]);
    dom0.fault(Some("fail:rename"));
    applied(&dom0, &["start", "shop"]);
    assert!(dom0.xl(&["list", "-v"]).contains("web "));
    assert!(!dom0.has("/var/lib/domus/guests/web.json"));
    let record = dom0.read("/var/lib/domus/guests/shop.json");
    assert!(record.contains("\"domid\": 1"), "{record}");
    dom0.fault(None);
    applied(&dom0, &["apply"]);
    web_is_gone(&dom0);
}
