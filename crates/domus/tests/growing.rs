//! A disk that is declared larger grows while nobody has it, and never otherwise.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::{Value, json};
use support::strace::killed_at;
use support::{Dom0, applied, guest, theirs};

const IMAGE: &str = "/vmdisks/web.img";

fn sized(size: &str) -> Value {
    let mut web = guest("web", 1);
    web["disks"][0]["size"] = json!(size);
    web
}

/// A Dom0 with web and its image of 16 MiB; it is running, and is to have more.
fn with_web(size: &str) -> Dom0 {
    let dom0 = Dom0::new();
    dom0.declare(&[guest("web", 1)]);
    applied(&dom0, &["apply"]);
    dom0.declare(&[sized(size)]);
    dom0
}

fn bytes(dom0: &Dom0) -> u64 {
    fs::metadata(dom0.path(IMAGE)).unwrap().len()
}

/// The size of the file system in the image, which is sound.
fn file_system_bytes(dom0: &Dom0) -> u64 {
    let image = dom0.path(IMAGE);
    let check = Command::new("e2fsck")
        .arg("-fn")
        .arg(&image)
        .output()
        .unwrap();
    assert!(
        check.status.success(),
        "{}",
        String::from_utf8_lossy(&check.stdout)
    );
    let told = Command::new("dumpe2fs")
        .arg("-h")
        .arg(&image)
        .output()
        .unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    let number = |name: &str| -> u64 {
        let line = told.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().last().unwrap().parse().unwrap()
    };
    number("Block count:") * number("Block size:")
}

/// The stages of a boot, in which xendomains starts what is linked between images and guests.
fn boot(dom0: &Dom0) -> String {
    dom0.boot("next");
    let stages = ["files", "images", "guests"];
    let ran = stages.map(|stage| applied(dom0, &["apply", "--stage", stage]));
    ran.concat()
}

#[test]
fn an_image_grows_with_its_file_system_while_its_guest_is_off() {
    let dom0 = with_web("32MiB");
    dom0.xl(&["shutdown", "-F", "1"]);
    insta::assert_snapshot!("plan", dom0.run(&["plan"]).stdout);
    insta::assert_snapshot!("plan_json", dom0.run(&["plan", "--json"]).stdout);
    insta::assert_snapshot!("apply", applied(&dom0, &["apply"]));
    assert_eq!(
        (bytes(&dom0), file_system_bytes(&dom0)),
        (32 << 20, 32 << 20)
    );
    insta::assert_snapshot!(dom0.run(&["plan"]).stdout, @r"
    web
      is stopped, and stays so; `domus start web` starts it
    nothing to do
    ");
}

#[test]
fn what_the_guest_keeps_in_it_is_the_guests_to_grow() {
    let dom0 = with_web("32MiB");
    dom0.xl(&["shutdown", "-F", "1"]);
    dom0.image(IMAGE, "partitions");
    insta::assert_snapshot!("partitions", applied(&dom0, &["apply"]));
    assert_eq!(bytes(&dom0), 32 << 20);
    assert!(
        fs::read(dom0.path(IMAGE))
            .unwrap()
            .starts_with(b"partitions")
    );
}

#[test]
fn a_running_guests_disk_grows_at_the_next_boot() {
    let dom0 = with_web("32MiB");
    insta::assert_snapshot!("running", dom0.activate("switch").stdout);
    applied(&dom0, &["apply", "--stage", "guests"]);
    let status = applied(&dom0, &["status"]);
    assert!(
        status.contains("pending: disks.root (/vmdisks/web.img) grows from 16MiB to 32MiB"),
        "{status}"
    );
    assert_eq!(bytes(&dom0), 16 << 20);
    let said = boot(&dom0);
    assert!(said.contains("web: grow /vmdisks/web.img"), "{said}");
    assert_eq!(
        (bytes(&dom0), file_system_bytes(&dom0)),
        (32 << 20, 32 << 20)
    );
    assert!(dom0.xl(&["list", "-v"]).contains("web "));
    assert_eq!(dom0.run(&["plan"]).stdout, "nothing to do\n");
}

#[test]
fn a_guest_that_is_restarted_for_a_change_is_restarted_for_this_one() {
    let dom0 = with_web("32MiB");
    let mut web = sized("32MiB");
    web["lifecycle"] = json!({ "onChange": "restart" });
    dom0.declare(&[web]);
    insta::assert_snapshot!("restart", applied(&dom0, &["apply"]));
    assert_eq!(
        (bytes(&dom0), file_system_bytes(&dom0)),
        (32 << 20, 32 << 20)
    );
    assert!(dom0.xl(&["list", "-v"]).contains("web "));
    assert_eq!(dom0.run(&["plan"]).stdout, "nothing to do\n");
}

#[test]
fn a_saved_guests_disk_is_left() {
    let dom0 = with_web("32MiB");
    let file = dom0.path("/var/lib/xen/save/web");
    dom0.xl(&["save", "1", file.to_str().unwrap()]);
    let image = fs::read(dom0.path(IMAGE)).unwrap();
    insta::assert_snapshot!("saved", applied(&dom0, &["apply"]));
    dom0.boot("second");
    applied(&dom0, &["apply", "--stage", "images"]);
    assert!(fs::read(dom0.path(IMAGE)).unwrap() == image);
    // Restored and shut down, it grows.
    dom0.xl(&["restore", file.to_str().unwrap()]);
    fs::remove_file(file).unwrap();
    applied(&dom0, &["apply"]);
    assert!(fs::read(dom0.path(IMAGE)).unwrap() == image);
    dom0.xl(&["shutdown", "-F", "1"]);
    applied(&dom0, &["apply"]);
    assert_eq!(bytes(&dom0), 32 << 20);
}

#[test]
fn a_disk_that_a_foreign_domain_has_is_left() {
    let dom0 = with_web("32MiB");
    dom0.xl(&["shutdown", "-F", "1"]);
    fs::create_dir_all(dom0.path("/srv")).unwrap();
    fs::hard_link(dom0.path(IMAGE), dom0.path("/srv/theirs.img")).unwrap();
    let disk = "disk = [ \"/srv/theirs.img,raw,xvda,ro\" ]\n";
    dom0.create(&(theirs("theirs") + disk));
    for stage in [&["apply"][..], &["apply", "--stage", "images"]] {
        let ran = dom0.run(stage);
        assert!(
            ran.stdout
                .contains("grows from 16MiB to 32MiB when domain theirs (2) no longer has it"),
            "{}",
            ran.stdout
        );
        assert_eq!(bytes(&dom0), 16 << 20);
    }
}

#[test]
fn unknown_is_not_free() {
    let mut dom0 = with_web("32MiB");
    dom0.xl(&["shutdown", "-F", "1"]);
    dom0.fault(Some("fail"));
    let ran = dom0.run(&["apply", "--stage", "images"]);
    assert_eq!(ran.status, 1);
    assert!(
        ran.stderr.contains("xenstored is not running"),
        "{}",
        ran.stderr
    );
    assert_eq!(bytes(&dom0), 16 << 20);
    dom0.fault(None);
    // Without Xen no domain can have it.
    dom0.write("/proc/xen/capabilities", "");
    applied(&dom0, &["apply", "--stage", "images"]);
    assert_eq!(bytes(&dom0), 32 << 20);
}

#[test]
fn a_smaller_size_is_a_warning_and_the_guest_runs() {
    let dom0 = with_web("32MiB");
    boot(&dom0);
    assert_eq!(bytes(&dom0), 32 << 20);
    // A rollback over the growth.
    dom0.declare(&[guest("web", 1)]);
    dom0.boot("rolled back");
    insta::assert_snapshot!("smaller", applied(&dom0, &["apply"]));
    assert_eq!(bytes(&dom0), 32 << 20);
    assert!(dom0.xl(&["list", "-v"]).contains("web "));
}

/// Runs domus with a resize2fs that does this.
fn with_resize2fs(dom0: &Dom0, args: &[&str], script: &str) -> (Option<i32>, String) {
    let folder = dom0.path("/xl/bin");
    fs::create_dir_all(&folder).unwrap();
    let program = folder.join("resize2fs");
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    for path in [&program, &folder, &dom0.path("/xl"), &dom0.path("/")] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let output = dom0.domus(args).env("PATH", path).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

#[test]
fn a_disk_that_cannot_grow_keeps_its_guest_from_nothing() {
    let dom0 = with_web("32MiB");
    dom0.boot("second");
    let (status, said) = with_resize2fs(&dom0, &["apply"], "echo no luck >&2; exit 1");
    assert_eq!(status, Some(1), "{said}");
    assert!(
        said.contains("resize2fs could not grow its file system") && said.contains("no luck"),
        "{said}"
    );
    assert!(said.contains("not as declared: web"), "{said}");
    assert_eq!(
        (bytes(&dom0), file_system_bytes(&dom0)),
        (16 << 20, 16 << 20)
    );
    assert!(dom0.xl(&["list", "-v"]).contains("web "), "{said}");
}

/// A Dom0 on which growing web's disk was killed in the middle, in a boot in which web has not run.
fn half_grown() -> Dom0 {
    for nth in 1..20 {
        let dom0 = with_web("32MiB");
        dom0.boot("second");
        let domus = dom0.domus(&["apply", "--stage", "images"]);
        assert!(killed_at(&domus, "fsync", nth), "it was never half-grown");
        if dom0.has("/vmdisks/.web.img.domus-grow") {
            return dom0;
        }
    }
    unreachable!("no kill left it half-grown");
}

#[test]
fn a_guest_whose_disk_is_half_grown_is_not_started_before_it_is_whole() {
    let dom0 = half_grown();
    assert!(dom0.has("/etc/xen/auto/web"));
    // xendomains would start it, if images were not prepared.
    applied(&dom0, &["apply", "--stage", "files"]);
    assert!(!dom0.has("/etc/xen/auto/web"));
    let run = dom0.run(&["run", "web"]);
    assert_eq!(run.status, 1);
    insta::assert_snapshot!("run", run.stderr);
    let ran = dom0.run(&["apply", "--stage", "guests"]);
    assert_eq!(ran.status, 1);
    assert!(!dom0.xl(&["list", "-v"]).contains("web "));
    insta::assert_snapshot!("finish", applied(&dom0, &["apply", "--stage", "images"]));
    assert!(dom0.has("/etc/xen/auto/web"));
    assert_eq!(
        (bytes(&dom0), file_system_bytes(&dom0)),
        (32 << 20, 32 << 20)
    );
    applied(&dom0, &["apply", "--stage", "guests"]);
    assert!(dom0.xl(&["list", "-v"]).contains("web "));
    assert_eq!(dom0.run(&["plan"]).stdout, "nothing to do\n");
}

#[test]
fn what_was_begun_is_undone_where_no_size_is_declared_any_more() {
    let dom0 = half_grown();
    let mut web = guest("web", 1);
    web["disks"][0]["size"] = json!(null);
    dom0.declare(&[web]);
    insta::assert_snapshot!("undo", applied(&dom0, &["apply"]));
    assert_eq!(
        (bytes(&dom0), file_system_bytes(&dom0)),
        (16 << 20, 16 << 20)
    );
    assert!(dom0.xl(&["list", "-v"]).contains("web "));
    assert_eq!(dom0.run(&["plan"]).stdout, "nothing to do\n");
}

#[test]
fn a_guest_that_runs_on_a_half_grown_disk_is_told_of() {
    let dom0 = half_grown();
    dom0.xl(&["create", dom0.path("/etc/xen/web.cfg").to_str().unwrap()]);
    let before = fs::read(dom0.path(IMAGE)).unwrap();
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 1);
    insta::assert_snapshot!("runs_on_it", ran.stderr);
    assert!(fs::read(dom0.path(IMAGE)).unwrap() == before);
    assert!(dom0.xl(&["list", "-v"]).contains("web "), "it is not ended");
}
