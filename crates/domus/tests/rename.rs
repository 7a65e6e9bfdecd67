//! A guest that is called otherwise is the same guest.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::fs;

use serde_json::{Value, json};
use support::process::Following;
use support::renamed::{declare_shop, shop, web, web_is_gone, with_web};
use support::{Dom0, applied, guest, theirs};

#[test]
fn a_guest_is_renamed_while_it_runs() {
    let dom0 = with_web();
    let image = fs::metadata(dom0.path("/vmdisks/web.img"))
        .unwrap()
        .modified()
        .unwrap();
    declare_shop(&dom0);
    insta::assert_snapshot!("plan", dom0.run(&["plan"]).stdout);
    insta::assert_snapshot!("plan_json", dom0.run(&["plan", "--json"]).stdout);
    insta::assert_snapshot!("apply", applied(&dom0, &["apply"]));
    assert_eq!(dom0.run(&["plan"]).stdout, "nothing to do\n");
    web_is_gone(&dom0);
    let domains = dom0.xl(&["list", "-v"]);
    assert!(
        domains.contains("shop ") && domains.contains("    1   256"),
        "{domains}"
    );
    assert_eq!(
        dom0.files("/nix/var/nix/gcroots"),
        [(
            "/nix/var/nix/gcroots/domus/shop/aaa-linux".into(),
            "-> /nix/store/aaa-linux".into()
        )]
    );
    let after = fs::metadata(dom0.path("/vmdisks/web.img"))
        .unwrap()
        .modified()
        .unwrap();
    assert_eq!(image, after);
    assert!(!dom0.has("/vmdisks/shop.img"));
}

#[test]
fn the_stages_of_a_switch_come_to_the_same_as_one_apply() {
    let (one, stages) = (with_web(), with_web());
    declare_shop(&one);
    declare_shop(&stages);
    applied(&one, &["apply"]);
    let activation = stages.activate("switch");
    assert_eq!(activation.status, 0, "{}", activation.stderr);
    insta::assert_snapshot!("activation", activation.stdout);
    // Its domain, and its unit, have the old name still, and it is stopped by either.
    assert!(stages.xl(&["list", "-v"]).contains("web "));
    for stage in ["images", "guests"] {
        applied(&stages, &["apply", "--stage", stage]);
    }
    web_is_gone(&stages);
    assert_eq!(one.files("/etc"), stages.files("/etc"));
    assert_eq!(one.files("/var"), stages.files("/var"));
}

#[test]
fn a_renamed_guest_is_stopped_by_either_name() {
    for name in ["web", "shop"] {
        let dom0 = with_web();
        declare_shop(&dom0);
        applied(&dom0, &["apply"]);
        // As the unit does that was started as domus-guest@web.
        let ran = dom0.run(&["stop", name]);
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        assert!(!dom0.xl(&["list", "-v"]).contains("shop "), "{name}");
    }
    let dom0 = with_web();
    declare_shop(&dom0);
    applied(&dom0, &["apply"]);
    let ran = dom0.run(&["run", "web"]);
    assert_eq!(ran.status, 1);
    assert!(
        ran.stderr.contains("guest web is called shop now"),
        "{}",
        ran.stderr
    );
}

const CONSOLE: &str = "/var/log/xen/console";

#[test]
fn what_a_renamed_guest_writes_is_found_under_the_name_that_it_still_has_there() {
    let dom0 = with_web();
    let old = format!("{CONSOLE}/guest-web.log");
    let new = format!("{CONSOLE}/guest-shop.log");
    dom0.write(&old, "one\n");
    declare_shop(&dom0);
    applied(&dom0, &["apply"]);
    for name in ["shop", "web"] {
        assert_eq!(applied(&dom0, &["logs", name]), "one\n");
    }
    let mut log = Following::begin(&mut dom0.domus(&["logs", "shop", "--follow"]));
    assert_eq!(log.line(), "one");
    dom0.write(&old, "one\ntwo\n");
    assert_eq!(log.line(), "two");
    // xenconsoled opens its files anew after a rotation, by the names that domains have then.
    fs::rename(dom0.path(&old), dom0.path(&format!("{old}.1"))).unwrap();
    dom0.write(&new, "three\n");
    assert_eq!(log.line(), "three");
    log.end();
    for (lines, expected) in [("all", "one\ntwo\nthree\n"), ("2", "two\nthree\n")] {
        assert_eq!(applied(&dom0, &["logs", "shop", "-n", lines]), expected);
    }
    // It was its own until another guest has the name.
    applied(&dom0, &["stop", "shop"]);
    applied(&dom0, &["apply"]);
    let mut shop = shop();
    assert_eq!(
        applied(&dom0, &["logs", "shop", "-n", "all"]),
        "one\ntwo\nthree\n"
    );
    shop["lifecycle"] = json!({});
    let mut web = guest("web", 2);
    web["disks"][0]["path"] = json!("/vmdisks/other.img");
    dom0.declare(&[shop, web]);
    applied(&dom0, &["apply"]);
    assert_eq!(applied(&dom0, &["logs", "shop", "-n", "all"]), "three\n");
    assert_eq!(applied(&dom0, &["logs", "web", "-n", "all"]), "one\ntwo\n");
}

#[test]
fn a_rollback_takes_the_old_name_back() {
    let dom0 = with_web();
    let before = (
        dom0.files("/etc/xen"),
        dom0.read("/var/lib/domus/guests/web.json"),
    );
    declare_shop(&dom0);
    applied(&dom0, &["apply"]);
    dom0.declare(&[web()]);
    applied(&dom0, &["apply"]);
    assert_eq!(dom0.run(&["plan"]).stdout, "nothing to do\n");
    assert_eq!(dom0.files("/etc/xen"), before.0);
    assert!(dom0.xl(&["list", "-v"]).contains("web "));
    // Its unit is domus-guest@web, or, where it was started in between, domus-guest@shop.
    assert_eq!(dom0.run(&["stop", "shop"]).status, 0);
    assert!(!dom0.xl(&["list", "-v"]).contains("web "));
    applied(&dom0, &["apply"]);
    let record: Value = serde_json::from_str(&dom0.read("/var/lib/domus/guests/web.json")).unwrap();
    assert_eq!(record["formerNames"], json!(null));
}

#[test]
fn a_guest_that_had_both_names_is_not_guessed_at() {
    let dom0 = Dom0::new();
    dom0.declare(&[guest("web", 1), guest("shop", 2)]);
    applied(&dom0, &["apply"]);
    let before = (dom0.files("/"), dom0.xl(&["list", "-v"]));
    let mut both = guest("shop", 2);
    both["lifecycle"] = json!({ "previousNames": [ "web" ] });
    dom0.declare(&[both]);
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 1);
    insta::assert_snapshot!("both", ran.stderr);
    let files = dom0
        .files("/")
        .into_iter()
        .filter(|(path, _)| path != "/etc/domus/guests.json");
    let known = before
        .0
        .into_iter()
        .filter(|(path, _)| path != "/etc/domus/guests.json");
    assert!(files.eq(known));
    assert_eq!(
        dom0.xl(&["list", "-v"]),
        before.1,
        "web is not removed either"
    );
}

#[test]
fn what_is_in_the_way_of_a_renamed_guest_is_left() {
    for path in [
        "/etc/xen/shop.cfg",
        "/etc/xen/auto/shop",
        "/var/lib/xen/save/shop",
    ] {
        let dom0 = with_web();
        dom0.write(path, "somebody's");
        declare_shop(&dom0);
        let before = dom0.files("/");
        let ran = dom0.run(&["apply"]);
        assert_eq!(ran.status, 1);
        assert!(
            ran.stderr.contains(&format!(
                "it was called web, and cannot be renamed, because {path} is there already"
            )),
            "{}",
            ran.stderr
        );
        assert_eq!(dom0.files("/"), before);
        assert!(dom0.xl(&["list", "-v"]).contains("web "));
        fs::remove_file(dom0.path(path)).unwrap();
        applied(&dom0, &["apply"]);
        web_is_gone(&dom0);
    }
}

#[test]
fn a_domain_that_has_the_new_name_is_left() {
    let dom0 = with_web();
    dom0.create(&theirs("shop"));
    declare_shop(&dom0);
    let before = dom0.files("/");
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 1);
    assert!(
        ran.stderr.contains("that is not Domus's own (number 2"),
        "{}",
        ran.stderr
    );
    assert_eq!(dom0.files("/"), before);
    dom0.xl(&["shutdown", "-F", "2"]);
    applied(&dom0, &["apply"]);
    web_is_gone(&dom0);
}
