//! `domus image`: what is listed, and what is deleted only when nobody can need it.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use support::process::same_environment;
use support::{Dom0, applied, guest, theirs};

const WEB: &str = "/vmdisks/web.img";

/// A Dom0 on which web was removed and mail runs.
fn with_orphan() -> Dom0 {
    let dom0 = Dom0::new();
    dom0.declare(&[guest("web", 1), guest("mail", 2)]);
    applied(&dom0, &["apply"]);
    dom0.declare(&[guest("mail", 2)]);
    applied(&dom0, &["apply"]);
    assert!(!dom0.xl(&["list", "-v"]).contains("web "));
    dom0
}

/// Asks to delete web's image, is refused because of `why`, and nothing is gone.
fn is_refused(dom0: &Dom0, why: &str) {
    let records = dom0.files("/var/lib/domus");
    let ran = dom0.run(&["image", "delete", "--yes", WEB]);
    assert_eq!(ran.status, 1, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains(why), "{}", ran.stderr);
    assert!(ran.stderr.contains("nothing was deleted"), "{}", ran.stderr);
    assert!(dom0.has(WEB));
    assert_eq!(dom0.files("/var/lib/domus"), records);
}

#[test]
fn all_images_are_listed() {
    let dom0 = with_orphan();
    insta::assert_snapshot!("list", takes_hidden(&dom0.run(&["image", "list"]).stdout));
    dom0.create(&(theirs("theirs") + "disk = [ \"/vmdisks/web.img,raw,xvda,ro\" ]\n"));
    fs::remove_file(dom0.path("/vmdisks/mail.img")).unwrap();
    insta::assert_snapshot!(
        "list_later",
        takes_hidden(&dom0.run(&["image", "list"]).stdout)
    );
    let ran = dom0.run(&["image", "list", "--json"]);
    let list: Value = serde_json::from_str(&ran.stdout).unwrap();
    let web = &list["images"][1];
    assert_eq!(web["path"], WEB);
    assert_eq!(web["orphaned"], true);
    assert_eq!(web["owner"], "web");
    assert_eq!(web["virtualBytes"], 16 << 20);
    assert!(web["realBytes"].as_u64().unwrap() < 16 << 20);
    assert_eq!(web["usedBy"], json!(["domain theirs (3)"]));
    assert_eq!(list["images"][0]["problem"], "it is not there");
}

/// How much an image takes depends on the file system that it is on.
fn takes_hidden(table: &str) -> String {
    let lines = table
        .lines()
        .map(|line| match line.find(" KiB").or(line.find(" B ")) {
            Some(end) => {
                let start = line[..end].rfind(' ').unwrap() + 1;
                line[..start].to_owned() + "…" + &line[end..]
            }
            None => line.to_owned(),
        });
    let text = lines.collect::<Vec<_>>().join("\n");
    let words = text.lines().map(|line| {
        let cells: Vec<&str> = line.split("  ").map(str::trim).collect();
        cells
            .into_iter()
            .filter(|cell| !cell.is_empty())
            .collect::<Vec<_>>()
            .join(" | ")
    });
    words.collect::<Vec<_>>().join("\n")
}

#[test]
fn an_orphaned_image_is_deleted_and_forgotten() {
    let dom0 = with_orphan();
    let ran = dom0.run(&["image", "delete", "--yes", WEB, WEB]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    insta::assert_snapshot!(ran.stdout, @"deleted /vmdisks/web.img, once a disk of web");
    assert!(!dom0.has(WEB));
    // Nothing is left to remember.
    applied(&dom0, &["apply"]);
    assert!(!dom0.has("/var/lib/domus/guests/web.json"));
    // And a guest of that name gets a new one.
    dom0.declare(&[guest("web", 1), guest("mail", 2)]);
    applied(&dom0, &["apply"]);
    assert!(dom0.has(WEB));
}

#[test]
fn nobody_to_ask_is_no_yes() {
    let dom0 = with_orphan();
    let ran = dom0.run(&["image", "delete", WEB]);
    assert_eq!(ran.status, 1);
    insta::assert_snapshot!(ran.stderr, @"error: nobody is here to be asked, and nothing was deleted; --yes deletes without asking");
    assert!(dom0.has(WEB));
}

/// Runs the deletion at a terminal, and types this.
fn at_a_terminal(dom0: &Dom0, typed: &str) -> Option<String> {
    let domus = dom0.domus(&["image", "delete", WEB]);
    let words = std::iter::once(domus.get_program()).chain(domus.get_args());
    let words: Vec<&str> = words.map(|word| word.to_str().unwrap()).collect();
    let mut script = Command::new("script");
    script.args(["-qec", &words.join(" "), "/dev/null"]);
    same_environment(&mut script, &domus);
    let started = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut started) = started else {
        println!("skipped: there is no script");
        return None;
    };
    started
        .stdin
        .take()
        .unwrap()
        .write_all(typed.as_bytes())
        .unwrap();
    let output = started.wait_with_output().unwrap();
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_person_is_asked_and_told_what_goes() {
    let dom0 = with_orphan();
    for answer in ["n\n", "\n", "what?\n"] {
        let Some(said) = at_a_terminal(&dom0, answer) else {
            return;
        };
        assert!(said.contains("/vmdisks/web.img"), "{said}");
        assert!(said.contains(": 16 MiB, of which "), "{said}");
        assert!(said.contains("last a disk of web, last written "), "{said}");
        assert!(said.contains("for good? [y/N]"), "{said}");
        assert!(dom0.has(WEB), "{said}");
    }
    let said = at_a_terminal(&dom0, "y\n").unwrap();
    assert!(said.contains("deleted /vmdisks/web.img"), "{said}");
    assert!(!dom0.has(WEB));
}

#[test]
fn what_is_declared_or_not_ours_is_not_deleted() {
    let dom0 = with_orphan();
    dom0.write("/vmdisks/theirs.img", "somebody's");
    for (path, why) in [
        (
            "/vmdisks/mail.img",
            "/vmdisks/mail.img is a disk of guest mail, which is declared",
        ),
        (
            "/vmdisks/theirs.img",
            "/vmdisks/theirs.img is no image that Domus knows as its own",
        ),
        (
            "/vmdisks/../vmdisks/web.img",
            "is no image that Domus knows as its own",
        ),
    ] {
        // With one that may go: none goes.
        let ran = dom0.run(&["image", "delete", "--yes", WEB, path]);
        assert_eq!(ran.status, 1);
        assert!(ran.stderr.contains(why), "{}", ran.stderr);
        assert!(dom0.has(path) && dom0.has(WEB));
    }
    // Declared by another way to the same file.
    std::os::unix::fs::symlink("vmdisks", dom0.path("/images")).unwrap();
    let mut shop = guest("shop", 3);
    shop["disks"][0]["path"] = json!("/images/web.img");
    dom0.declare(&[guest("mail", 2), shop]);
    is_refused(&dom0, "is a disk of guest shop, which is declared");
}

#[test]
fn what_somebody_has_is_not_deleted() {
    // Its guest, which was removed and runs on.
    let dom0 = Dom0::new();
    let mut web = guest("web", 1);
    web["lifecycle"] = json!({ "onRemove": "keep" });
    dom0.declare(&[web]);
    applied(&dom0, &["apply"]);
    dom0.declare(&[]);
    applied(&dom0, &["apply"]);
    is_refused(&dom0, "/vmdisks/web.img is in use by domain web (1)");
    // The same guest, saved.
    let file = dom0.path("/var/lib/xen/save/web");
    dom0.xl(&["save", "1", file.to_str().unwrap()]);
    is_refused(&dom0, "/vmdisks/web.img is in use by the saved guest web");
    // A guest that nobody knows, saved.
    fs::rename(&file, file.with_file_name("theirs")).unwrap();
    is_refused(
        &dom0,
        "/vmdisks/web.img is in use by the saved guest theirs",
    );
    fs::remove_file(file.with_file_name("theirs")).unwrap();
    // A foreign domain, by a link of its own.
    fs::hard_link(dom0.path(WEB), dom0.path("/vmdisks/link.img")).unwrap();
    dom0.create(&(theirs("theirs") + "disk = [ \"/vmdisks/link.img,raw,xvda,ro\" ]\n"));
    is_refused(&dom0, "/vmdisks/web.img is in use by domain theirs (2)");
}

#[test]
fn of_save_files_those_that_need_it_keep_it() {
    let save = |dom0: &Dom0, name: &str| {
        let file = dom0.path("/var/lib/xen/save").join(name);
        dom0.xl(&["save", "1", file.to_str().unwrap()]);
        file
    };
    // web was saved, put aside and removed: its memory may be wanted again, and its disk with it.
    let dom0 = Dom0::new();
    dom0.declare(&[guest("web", 1)]);
    applied(&dom0, &["apply"]);
    let file = save(&dom0, ".web.discarded-17");
    dom0.declare(&[]);
    applied(&dom0, &["apply"]);
    is_refused(
        &dom0,
        "/vmdisks/web.img is in use by the save file that was moved aside, .web.discarded-17",
    );
    // Of what breaks off nobody is restored.
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, &bytes[..bytes.len() - 4000]).unwrap();
    // Nor of what xl did not write, nor of another guest's.
    dom0.write("/var/lib/xen/save/.keep", "");
    dom0.write("/var/lib/xen/save/.notes.swp", "b0VIM");
    dom0.create(&theirs("theirs"));
    let theirs = dom0.path("/var/lib/xen/save/.theirs");
    dom0.xl(&["save", "2", theirs.to_str().unwrap()]);
    // What does not say whose it is, may be anybody's.
    let odd = dom0.path("/var/lib/xen/save/.odd");
    std::os::unix::fs::symlink("/mnt/elsewhere", &odd).unwrap();
    is_refused(
        &dom0,
        "it cannot be known which disks /var/lib/xen/save/.odd needs",
    );
    fs::rename(&odd, odd.with_file_name("odd")).unwrap();
    is_refused(
        &dom0,
        "it cannot be known which disks /var/lib/xen/save/odd needs",
    );
    fs::remove_file(odd.with_file_name("odd")).unwrap();
    let ran = dom0.run(&["image", "delete", "--yes", WEB]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(!dom0.has(WEB));
}

#[test]
fn unknown_is_not_free() {
    let mut dom0 = with_orphan();
    dom0.fault(Some("fail"));
    is_refused(&dom0, "it cannot be known whether a domain has it");
    dom0.fault(None);
    dom0.write("/var/lib/domus/guests/old.json", "{");
    is_refused(&dom0, "/var/lib/domus/guests/old.json is damaged");
}

#[test]
fn a_loop_device_has_it() {
    let dom0 = with_orphan();
    let attached = Command::new("losetup")
        .args(["--find", "--show"])
        .arg(dom0.path(WEB))
        .output();
    let Some(device) = attached.ok().filter(|output| output.status.success()) else {
        println!("skipped: there are no loop devices");
        return;
    };
    let device = String::from_utf8(device.stdout).unwrap();
    let ran = dom0.run(&["image", "delete", "--yes", WEB]);
    let there = dom0.has(WEB);
    Command::new("losetup")
        .args(["--detach", device.trim()])
        .output()
        .unwrap();
    assert_eq!(ran.status, 1);
    assert!(ran.stderr.contains("the loop device"), "{}", ran.stderr);
    assert!(there);
}

#[test]
fn a_guest_that_a_newer_generation_removed_comes_back_with_its_disks() {
    let dom0 = Dom0::new();
    dom0.declare(&[guest("web", 1), guest("mail", 2)]);
    applied(&dom0, &["apply"]);
    let before = (dom0.files("/etc"), dom0.files("/vmdisks"));
    let inode = || {
        use std::os::unix::fs::MetadataExt;
        fs::metadata(dom0.path(WEB)).unwrap().ino()
    };
    let was = inode();
    dom0.declare(&[guest("mail", 2)]);
    applied(&dom0, &["apply"]);
    dom0.declare(&[guest("web", 1), guest("mail", 2)]);
    applied(&dom0, &["apply"]);
    assert_eq!((dom0.files("/etc"), dom0.files("/vmdisks")), before);
    assert_eq!(inode(), was);
    assert!(dom0.xl(&["list", "-v"]).contains("web "));
    assert_eq!(dom0.run(&["plan"]).stdout, "nothing to do\n");
}

#[test]
fn a_disc_in_a_drive_is_no_disk_of_the_guest() {
    const DISC: &str = "/srv/install.iso";
    let dom0 = Dom0::new();
    dom0.write(DISC, "an installer");
    let mut web = guest("web", 1);
    let drive =
        json!({ "name": "cd", "vdev": "xvdd", "format": "raw", "cdrom": true, "path": DISC });
    web["disks"].as_array_mut().unwrap().push(drive);
    dom0.declare(&[web]);
    applied(&dom0, &["apply"]);
    dom0.xl(&["destroy", "1"]);
    fs::rename(dom0.path(DISC), dom0.path("/srv/away")).unwrap();
    let ran = dom0.run(&["start", "web"]);
    let why = "is not there; bring the disc's image back";
    assert!(ran.stderr.contains(why), "{}", ran.stderr);
    fs::rename(dom0.path("/srv/away"), dom0.path(DISC)).unwrap();
    dom0.declare(&[]);
    let said = applied(&dom0, &["apply"]);
    assert!(said.contains("its disks stay: /vmdisks/web.img;"), "{said}");
    let ran = dom0.run(&["image", "delete", "--yes", DISC]);
    assert!(
        ran.stderr.contains("is no image that Domus knows"),
        "{}",
        ran.stderr
    );
    assert!(dom0.has(DISC));
}

#[test]
fn an_image_of_which_nobody_can_tell_is_not_forgotten() {
    let dom0 = Dom0::new();
    dom0.declare(&[guest("web", 1)]);
    assert_eq!(dom0.run(&["apply"]).status, 0);
    dom0.declare(&[]);
    dom0.run(&["apply"]);
    // Its folder cannot be looked into.
    std::fs::rename(dom0.path("/vmdisks"), dom0.path("/elsewhere")).unwrap();
    dom0.write("/vmdisks", "");
    let ran = dom0.run(&["image", "forget", "/vmdisks/web.img"]);
    assert_eq!(ran.status, 1, "{}", ran.stdout);
    assert!(
        ran.stderr.contains("cannot read /vmdisks/web.img"),
        "{}",
        ran.stderr
    );
    assert!(
        dom0.read("/var/lib/domus/guests/web.json")
            .contains("/vmdisks/web.img")
    );
}
