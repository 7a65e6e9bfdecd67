//! A guest that is called otherwise is the same guest.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};
use support::{Dom0, guest};

/// web, as it is declared once it is called shop: the module derives its UUID and its MAC from the first name.
fn shop() -> Value {
    let mut shop = guest("web", 1);
    shop["name"] = json!("shop");
    shop["lifecycle"] = json!({ "previousNames": [ "web" ] });
    shop
}

fn applied(dom0: &Dom0, args: &[&str]) -> String {
    let ran = dom0.run(args);
    assert_eq!(ran.status, 0, "{args:?}: {}{}", ran.stdout, ran.stderr);
    ran.stdout
}

/// A Dom0 on which web runs.
fn with_web() -> Dom0 {
    let dom0 = Dom0::new();
    fs::create_dir_all(dom0.path("/nix/var/nix/gcroots")).unwrap();
    let mut web = guest("web", 1);
    web["boot"]["kernel"] = json!("/nix/store/aaa-linux/bzImage");
    dom0.declare(&[web]);
    applied(&dom0, &["apply"]);
    dom0
}

fn declare_shop(dom0: &Dom0) {
    let mut shop = shop();
    shop["boot"]["kernel"] = json!("/nix/store/aaa-linux/bzImage");
    dom0.declare(&[shop]);
}

/// Nothing is left of the old name but in what is remembered of it.
fn web_is_gone(dom0: &Dom0) {
    let files = dom0.files("/");
    let left: Vec<&String> = files
        .iter()
        .map(|(path, _)| path)
        .filter(|path| path.contains("/web") && !path.starts_with("/vmdisks"))
        .collect();
    assert_eq!(left, [""; 0]);
    assert!(!dom0.xl(&["list", "-v"]).contains("web "));
}

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
    let activation = stages
        .domus(&["apply", "--stage", "files"])
        .env("NIXOS_ACTION", "switch")
        .output()
        .unwrap();
    let activation = stages.ran(activation);
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

#[test]
fn a_save_file_that_only_mentions_a_guest_is_not_its_own() {
    // shop was web, and its domain, which still is, ended; somebody else's domain web was saved since.
    let dom0 = with_web();
    declare_shop(&dom0);
    applied(&dom0, &["apply", "--stage", "files"]);
    dom0.xl(&["destroy", "1"]);
    dom0.write(
        "/etc/theirs.cfg",
        "name = \"web\"\nuuid = \"11111111-2222-3333-4444-555555555555\"\nmemory = 64\ncmdline = \"peer=6d7e3a0c-3b0f-4a55-9d0e-000000000001\"\n",
    );
    dom0.xl(&["create", dom0.path("/etc/theirs.cfg").to_str().unwrap()]);
    let file = dom0.path("/var/lib/xen/save/web");
    dom0.xl(&["save", "2", file.to_str().unwrap()]);
    dom0.boot("second");
    applied(&dom0, &["apply"]);
    assert!(dom0.has("/var/lib/xen/save/web"));
    assert!(dom0.xl(&["list", "-v"]).contains("shop "));
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
    let mut domus = dom0
        .domus(&["logs", "shop", "--follow"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(domus.stdout.take().unwrap()).lines();
    let mut next = || lines.next().unwrap().unwrap();
    assert_eq!(next(), "one");
    dom0.write(&old, "one\ntwo\n");
    assert_eq!(next(), "two");
    // xenconsoled opens its files anew after a rotation, by the names that domains have then.
    fs::rename(dom0.path(&old), dom0.path(&format!("{old}.1"))).unwrap();
    dom0.write(&new, "three\n");
    assert_eq!(next(), "three");
    domus.kill().unwrap();
    domus.wait().unwrap();
    for (lines, expected) in [("all", "one\ntwo\nthree\n"), ("2", "two\nthree\n")] {
        assert_eq!(applied(&dom0, &["logs", "shop", "-n", lines]), expected);
    }
    // It was its own until another guest has the name.
    applied(&dom0, &["stop", "shop"]);
    applied(&dom0, &["apply"]);
    let mut shop = shop();
    shop["boot"]["kernel"] = json!("/nix/store/aaa-linux/bzImage");
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
    let mut shop = shop();
    shop["boot"]["kernel"] = json!("/nix/store/aaa-linux/bzImage");
    let document =
        json!({ "version": 1, "autostartManager": "domus", "bridges": [], "guests": [shop] });
    dom0.write("/etc/domus/guests.json", &document.to_string());
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

#[test]
fn a_rollback_takes_the_old_name_back() {
    let dom0 = with_web();
    let before = (
        dom0.files("/etc/xen"),
        dom0.read("/var/lib/domus/guests/web.json"),
    );
    declare_shop(&dom0);
    applied(&dom0, &["apply"]);
    let mut web = guest("web", 1);
    web["boot"]["kernel"] = json!("/nix/store/aaa-linux/bzImage");
    dom0.declare(&[web]);
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
    dom0.write(
        "/tmp/theirs.cfg",
        "name = \"shop\"\nuuid = \"11111111-2222-3333-4444-555555555555\"\nmemory = 64\n",
    );
    dom0.xl(&["create", dom0.path("/tmp/theirs.cfg").to_str().unwrap()]);
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

/// Under the old name there is a save file of another domain, which is no memory of this guest.
#[test]
fn a_strangers_save_file_does_not_come_along() {
    let dom0 = with_web();
    let theirs =
        "name = \"theirs\"\nuuid = \"11111111-2222-3333-4444-555555555555\"\nmemory = 64\n";
    dom0.write("/tmp/theirs.cfg", theirs);
    dom0.xl(&["create", dom0.path("/tmp/theirs.cfg").to_str().unwrap()]);
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
    let save = dom0.path("/var/lib/xen/save/web");
    dom0.xl(&["save", "1", save.to_str().unwrap()]);
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
