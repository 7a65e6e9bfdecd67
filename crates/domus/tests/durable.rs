//! What a power cut must not take back: folders on the way to a record, and what xendomains took out of the save folder.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::fs;

use support::strace::{has_strace, traced};
use support::{Dom0, guest};

/// The paths that an apply syncs, in their order; nothing where there is no strace.
fn synced(dom0: &Dom0, args: &[&str]) -> Option<Vec<String>> {
    if !has_strace() {
        return None;
    }
    let log = dom0.path("/strace.log");
    let options = ["-y", "-e", "trace=fsync", "-o", log.to_str().unwrap()];
    let mut strace = traced(&options, &dom0.domus(args));
    let ran = dom0.ran(strace.output().unwrap());
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let root = dom0.path("/").display().to_string();
    let root = root.trim_end_matches('/').to_owned();
    let text = fs::read_to_string(log).unwrap();
    let paths = text.lines().filter_map(|line| {
        let (_, path) = line.split_once('<')?;
        let (path, _) = path.split_once('>')?;
        Some(path.replace(&root, ""))
    });
    Some(paths.collect())
}

#[test]
fn each_folder_on_the_way_to_a_record_is_on_disk_before_the_record() {
    let dom0 = Dom0::new();
    dom0.declare(&[guest("web", 1)]);
    dom0.write("/var/kept", "");
    let Some(synced) = synced(&dom0, &["apply", "--stage", "files"]) else {
        return;
    };
    let at = |path: &str| synced.iter().position(|one| one == path);
    let (var, lib, domus) = (at("/var"), at("/var/lib"), at("/var/lib/domus"));
    assert!(var.is_some() && var < lib && lib < domus, "{synced:?}");
    assert!(domus < at("/var/lib/domus/guests"), "{synced:?}");
}

#[test]
fn what_xendomains_took_out_of_the_save_folder_stays_out() {
    let dom0 = Dom0::new();
    dom0.declare(&[guest("web", 1)]);
    assert_eq!(dom0.run(&["apply"]).status, 0);
    fs::create_dir_all(dom0.path("/var/lib/xen/save")).unwrap();
    if let Some(synced) = synced(&dom0, &["apply", "--stage", "guests"]) {
        assert_eq!(
            synced.first().map(String::as_str),
            Some("/var/lib/xen/save"),
            "{synced:?}"
        );
    }
}
