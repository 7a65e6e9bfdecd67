//! A guest that has no domain at this moment is not off: its xl makes it anew. Nothing is done under it.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::fs;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};
use support::process::wait_until;
use support::{Dom0, going_down, guest};

const IMAGE: &str = "/vmdisks/web.img";

/// The main process of web's unit.
struct Unit(Child);

impl Drop for Unit {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn sized(size: &str) -> Value {
    let mut web = guest("web", 1);
    web["autostart"] = json!(false);
    web["disks"][0]["size"] = json!(size);
    web
}

fn domid(dom0: &Dom0) -> Option<u32> {
    let list = dom0.xl(&["list", "-v"]);
    let line = list.lines().find(|line| line.starts_with("web "))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// A Dom0 with web, which runs in its unit as this declares it.
fn running(web: &Value) -> (Dom0, Unit) {
    let dom0 = Dom0::new();
    dom0.declare(std::slice::from_ref(web));
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let unit = begin(&dom0);
    wait_until("web does not start", || domid(&dom0).is_some());
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    (dom0, unit)
}

fn begin(dom0: &Dom0) -> Unit {
    let run = dom0.domus(&["run", "web"]).stderr(Stdio::null()).spawn();
    Unit(run.unwrap())
}

/// Somebody has Xen's lock: no xl makes a domain meanwhile.
fn hold(dom0: &Dom0) {
    dom0.write("/xl/lock-is-held", "");
}

fn release(dom0: &Dom0) {
    fs::remove_file(dom0.path("/xl/lock-is-held")).unwrap();
}

/// web reboots by itself, and has no domain until its xl has the lock.
fn reboot(dom0: &Dom0) {
    hold(dom0);
    dom0.xl(&["reboot", "1"]);
    assert_eq!(domid(dom0), None);
}

fn bytes(dom0: &Dom0) -> u64 {
    fs::metadata(dom0.path(IMAGE)).unwrap().len()
}

const SMALL: u64 = 16 << 20;
const LARGE: u64 = 32 << 20;

#[test]
fn nothing_grows_while_a_guest_reboots_by_itself() {
    let (dom0, _unit) = running(&sized("16MiB"));
    dom0.declare(&[sized("32MiB")]);
    reboot(&dom0);
    let ran = dom0.run(&["apply"]);
    assert_eq!(bytes(&dom0), SMALL, "{}", ran.stdout);
    let told = ran.stdout.split("process ").next().unwrap().to_owned();
    insta::assert_snapshot!(told, @"web: pending: disks.root (/vmdisks/web.img) grows from 16MiB to 32MiB when it is known that nobody uses it: its xl (");
    release(&dom0);
    wait_until("it comes back", || domid(&dom0) == Some(2));
    // It is off at last, and what waited is done.
    assert_eq!(dom0.run(&["stop", "web"]).status, 0);
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!((bytes(&dom0), domid(&dom0)), (LARGE, None));
}

#[test]
fn nothing_grows_while_a_unit_is_on_its_way_to_a_domain() {
    let dom0 = Dom0::new();
    dom0.declare(&[sized("16MiB")]);
    assert_eq!(dom0.run(&["apply"]).status, 0);
    // xl waits for its lock: it has looked at the disk, and there is no domain yet.
    hold(&dom0);
    let unit = begin(&dom0);
    wait_until("the unit does not begin", || {
        dom0.has("/run/domus/web.started")
    });
    dom0.declare(&[sized("32MiB")]);
    let ran = dom0.run(&["apply"]);
    assert_eq!(bytes(&dom0), SMALL, "{}{}", ran.stdout, ran.stderr);
    release(&dom0);
    wait_until("it starts", || domid(&dom0).is_some());
    drop(unit);
}

#[test]
fn a_guest_that_was_asked_to_end_and_comes_back_has_not_ended() {
    let mut web = sized("16MiB");
    web["onPoweroff"] = json!("restart");
    web["lifecycle"] = json!({ "onChange": "restart" });
    let (dom0, _unit) = running(&web);
    web["disks"][0]["size"] = json!("32MiB");
    dom0.declare(&[web]);
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 1, "{}", ran.stdout);
    insta::assert_snapshot!(ran.stderr, @r#"
    error: guest web: it shut down, and its xl started it again as domain 2: it rebooted at that moment, or its onPoweroff is "restart". `domus stop web` asks it again, `xl destroy 2` ends it like a power cut
    error: not as declared: web
    "#);
    assert_eq!((bytes(&dom0), domid(&dom0)), (SMALL, Some(2)));
}

#[test]
fn a_guest_that_reboots_by_itself_is_stopped_all_the_same() {
    let (dom0, mut unit) = running(&sized("16MiB"));
    dom0.xl(&["reboot", "1"]);
    let ran = dom0.run(&["stop", "web"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (0, "web: stopped\n"));
    assert_eq!(unit.0.wait().unwrap().code(), Some(0));
    assert_eq!(domid(&dom0), None);
}

#[test]
fn a_guest_that_reboots_as_the_host_goes_down_is_not_overlooked() {
    let mut web = sized("16MiB");
    web["lifecycle"] = json!({ "onHostShutdown": "shutdown" });
    let (dom0, mut unit) = running(&web);
    going_down::systemd(&dom0, "stopping", "inactive");
    // Its xl takes its domain apart, and then there is none.
    dom0.write("/xl/states", "web ---sr-\n");
    let mut host = going_down::command(&dom0, &["host-shutdown"]);
    let host = host.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    sleep(Duration::from_secs(1));
    dom0.xl(&["reboot", "1"]);
    assert_eq!(domid(&dom0), None);
    fs::remove_file(dom0.path("/xl/states")).unwrap();
    let ran = dom0.ran(host.unwrap().wait_with_output().unwrap());
    assert_eq!(
        (ran.status, ran.stdout.as_str()),
        (0, "web: shut down\n"),
        "{}",
        ran.stderr
    );
    assert_eq!(unit.0.wait().unwrap().code(), Some(0));
    assert_eq!(domid(&dom0), None);
}

#[test]
fn a_guest_that_is_removed_while_it_reboots_is_not_forgotten() {
    let mut web = sized("16MiB");
    web["disks"] = json!([]);
    let (dom0, _unit) = running(&web);
    dom0.declare(&[]);
    reboot(&dom0);
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 1, "{}", ran.stdout);
    assert!(
        ran.stderr
            .contains("Run `domus apply` again, which ends it"),
        "{}",
        ran.stderr
    );
    release(&dom0);
    wait_until("it comes back", || domid(&dom0) == Some(2));
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!(domid(&dom0), None);
    assert!(!dom0.has("/var/lib/domus/guests/web.json"));
}

#[test]
fn an_image_is_not_deleted_under_a_guest_that_reboots() {
    let mut web = sized("16MiB");
    web["lifecycle"] = json!({ "onRemove": "keep" });
    let (dom0, _unit) = running(&web);
    dom0.declare(&[]);
    assert_eq!(dom0.run(&["apply"]).status, 0);
    reboot(&dom0);
    let ran = dom0.run(&["image", "delete", "--yes", IMAGE]);
    assert_eq!(ran.status, 1, "{}", ran.stdout);
    assert!(
        ran.stderr.contains("is in use by guest web: "),
        "{}",
        ran.stderr
    );
    assert_eq!(bytes(&dom0), SMALL);
}

#[test]
fn a_unit_starts_no_guest_that_another_xl_is_about_to_start() {
    let (dom0, unit) = running(&sized("16MiB"));
    // The unit is gone, and its xl is not: as that of xendomains.
    drop(unit);
    reboot(&dom0);
    let ran = dom0.run(&["run", "web"]);
    assert_eq!(ran.status, 1, "{}", ran.stdout);
    assert!(
        ran.stderr.contains("is about to start it"),
        "{}",
        ran.stderr
    );
    release(&dom0);
    wait_until("it comes back", || domid(&dom0) == Some(2));
    dom0.xl(&["destroy", "2"]);
}
