//! `domus run` and `domus stop`, as `domus-guest@NAME.service` calls them.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::fs::File;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use serde_json::{Value, json};
use support::process::said;
use support::{Dom0, HAND, guest};

/// A Dom0 with web's files, not started.
fn prepared() -> Dom0 {
    let dom0 = Dom0::new();
    let mut web = guest("web", 1);
    web["autostart"] = json!(false);
    dom0.declare(&[web]);
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    dom0
}

/// Runs the unit's main process, and gives it with what it told systemd within ten seconds.
fn run(dom0: &Dom0) -> (Child, Option<String>) {
    let path = dom0.path("/notify");
    let _ = std::fs::remove_file(&path);
    let socket = UnixDatagram::bind(&path).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let child = dom0
        .domus(&["run", "web"])
        .env("NOTIFY_SOCKET", &path)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut buffer = [0; 200];
    let told = socket
        .recv(&mut buffer)
        .ok()
        .map(|length| String::from_utf8_lossy(&buffer[..length]).into_owned());
    (child, told)
}

fn ended_within(child: &mut Child, limit: Duration) -> Option<i32> {
    let deadline = Instant::now() + limit;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    None
}

#[test]
fn it_tells_when_the_guest_runs_and_ends_with_it() {
    let dom0 = prepared();
    let (mut child, told) = run(&dom0);
    assert!(told.unwrap().starts_with("READY=1"));
    assert!(dom0.xl(&["list", "-v"]).contains("web "));
    assert_eq!(dom0.read("/run/domus/web.domid"), "1");
    assert_eq!(
        ended_within(&mut child, Duration::from_millis(1500)),
        None,
        "it ended before the guest"
    );
    assert_eq!(dom0.run(&["stop", "web"]).status, 0);
    assert!(!dom0.xl(&["list", "-v"]).contains("web "));
    assert_eq!(ended_within(&mut child, Duration::from_secs(10)), Some(0));
    assert!(!dom0.has("/run/domus/web.started") && !dom0.has("/run/domus/web.domid"));
}

#[test]
fn a_guest_that_runs_already_is_not_taken_over() {
    let dom0 = prepared();
    dom0.xl(&["create", dom0.path("/etc/xen/web.cfg").to_str().unwrap()]);
    let ran = dom0.run(&["run", "web"]);
    assert_eq!(ran.status, 1);
    assert!(
        ran.stderr.contains("guest web runs already (domain 1)"),
        "{}",
        ran.stderr
    );
    assert!(dom0.xl(&["list", "-v"]).contains("web "));
}

#[test]
fn what_xl_said_reaches_whoever_asked() {
    let mut dom0 = prepared();
    dom0.fault(Some("fail:create"));
    let (mut child, _) = run(&dom0);
    assert_eq!(ended_within(&mut child, Duration::from_secs(10)), Some(1));
    let said = said(&mut child);
    assert!(
        said.contains("libxl: error: libxl_domain.c:42: fault wanted"),
        "{said}"
    );
    assert!(dom0.read("/run/domus/web.failure").contains("fault wanted"));
}

#[test]
fn xl_that_ends_before_its_guest_ends_neither_unit_nor_guest() {
    let dom0 = prepared();
    dom0.write("/xl/monitor-ends", "");
    let (mut child, told) = run(&dom0);
    assert!(told.is_some());
    // As at the suspension of a guest that is being saved: xl's watch is over, the domain is there.
    assert_eq!(ended_within(&mut child, Duration::from_secs(3)), None);
    assert!(dom0.xl(&["list", "-v"]).contains("web "));
    dom0.xl(&["destroy", "1"]);
    assert_eq!(ended_within(&mut child, Duration::from_secs(10)), Some(0));
}

#[test]
fn exec_stop_without_a_main_process_shuts_nothing_down() {
    let dom0 = prepared();
    dom0.xl(&["create", dom0.path("/etc/xen/web.cfg").to_str().unwrap()]);
    assert_eq!(dom0.run(&["stop", "web", "--main-pid"]).status, 0);
    assert!(dom0.xl(&["list", "-v"]).contains("web "));
    let pid = std::process::id().to_string();
    assert_eq!(dom0.run(&["stop", "web", "--main-pid", &pid]).status, 0);
    assert!(!dom0.xl(&["list", "-v"]).contains("web "));
}

#[test]
fn what_was_started_can_be_stopped_whatever_is_declared_now() {
    let dom0 = Dom0::new();
    dom0.declare(&[guest("web", 1)]);
    assert_eq!(dom0.run(&["apply"]).status, 0);
    dom0.write("/etc/domus/guests.json", "{ cut");
    let ran = dom0.run(&["stop", "web"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(!dom0.xl(&["list", "-v"]).contains("web "));
}

#[test]
fn what_is_pending_is_true_after_the_units_next_start() {
    let dom0 = prepared();
    let (mut child, _) = run(&dom0);
    let mut web = guest("web", 1);
    web["autostart"] = json!(false);
    web["onCrash"] = json!("restart");
    dom0.declare(&[web]);
    let ran = dom0.run(&["apply"]);
    assert!(
        ran.stdout.contains("pending: on_crash destroy → restart"),
        "{}",
        ran.stdout
    );
    assert_eq!(dom0.run(&["stop", "web"]).status, 0);
    assert_eq!(ended_within(&mut child, Duration::from_secs(10)), Some(0));
    let (mut child, _) = run(&dom0);
    let ran = dom0.run(&["plan"]);
    assert_eq!(ran.stdout, "nothing to do\n");
    dom0.xl(&["destroy", "2"]);
    assert_eq!(ended_within(&mut child, Duration::from_secs(10)), Some(0));
}

#[test]
fn what_a_unit_writes_at_this_moment_is_left_by_an_apply() {
    let dom0 = prepared();
    // Units hold no lock.
    let theirs = [
        "/run/domus/.web.started.1a2b.domus-tmp",
        "/run/domus/.web.restoring.1a2b.domus-tmp",
    ];
    let ours = "/run/domus/.compared.json.1a2b.domus-tmp";
    for file in theirs.iter().chain([&ours]) {
        dom0.write(file, "");
    }
    assert_eq!(dom0.run(&["apply"]).status, 0);
    assert!(theirs.iter().all(|file| dom0.has(file)));
    assert!(!dom0.has(ours));
}

/// Has the lock, as whoever starts a unit has it, until it is dropped.
fn locked(dom0: &Dom0) -> File {
    let lock = File::create(dom0.path("/var/lib/domus/lock")).unwrap();
    flock(&lock, FlockOperation::NonBlockingLockExclusive).unwrap();
    lock
}

/// Runs the unit's main process, which starts the guest and ends with it.
fn starts(dom0: &Dom0) {
    let (mut child, told) = run(dom0);
    let Some(told) = told else {
        child.kill().unwrap();
        panic!("{}", said(&mut child));
    };
    assert!(told.starts_with("READY=1"), "{told}");
    let domid = dom0.read("/run/domus/web.domid");
    dom0.xl(&["destroy", &domid]);
    assert_eq!(ended_within(&mut child, Duration::from_secs(10)), Some(0));
}

/// Runs the unit's main process, which does not start the guest, and gives why.
fn refused(dom0: &Dom0) -> String {
    let mut command = dom0.domus(&["run", "web"]);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let ended = ended_within(&mut child, Duration::from_secs(10));
    child.kill().unwrap();
    let said = said(&mut child);
    assert_eq!(ended, Some(1), "{said}");
    said
}

/// What libxl keeps of the first domain of [`HAND`].
const KEPT: &str = "/var/lib/xen/userdata-d.1.6d7e3a0c-3b0f-4a55-9d0e-2b8f6f3c0099.libxl-json";

#[test]
fn a_start_that_was_looked_at_does_not_ask_for_all_devices_again() {
    let mut dom0 = prepared();
    dom0.create(HAND);
    assert!(dom0.read(KEPT).ends_with('\0'));
    dom0.fault(Some("fail:list -l"));
    assert!(refused(&dom0).contains("fault wanted"));
    let _lock = locked(&dom0);
    starts(&dom0);
    // One that is being built has no file yet.
    std::fs::remove_file(dom0.path(KEPT)).unwrap();
    starts(&dom0);
}

#[test]
fn a_disk_that_somebody_has_by_then_is_seen_and_one_that_was_given_back_is_free() {
    let mut dom0 = prepared();
    dom0.create(HAND);
    let attach = |vdev: &str, image: &str| {
        let disk = format!("format=raw,vdev={vdev},access=rw,target=/vmdisks/{image}.img");
        dom0.xl(&["block-attach", "1", &disk]);
    };
    attach("xvdb", "web");
    let _lock = locked(&dom0);
    let why = refused(&dom0);
    assert!(
        why.contains("/vmdisks/web.img is in use by domain hand (1)"),
        "{why}"
    );
    // In what libxl keeps it is still, also when another was attached.
    dom0.image("/vmdisks/other.img", "");
    dom0.xl(&["block-detach", "1", "xvdb"]);
    attach("xvdc", "other");
    dom0.fault(Some("fail:list -l"));
    assert!(refused(&dom0).contains("fault wanted"));
    dom0.fault(None);
    starts(&dom0);
}

#[test]
fn what_libxl_keeps_and_nobody_can_read_is_asked_for() {
    let mut dom0 = prepared();
    dom0.create(HAND);
    dom0.write(KEPT, "{ \"disks\": [");
    let _lock = locked(&dom0);
    dom0.fault(Some("fail:list -l"));
    assert!(refused(&dom0).contains("fault wanted"));
    dom0.fault(None);
    starts(&dom0);
}

#[test]
fn what_seems_to_keep_a_guest_down_does_not_give_its_disk_to_another() {
    let dom0 = Dom0::new();
    // Both have one disk, by two names; and first seems to lack another, which hand has no longer.
    let mut first = guest("first", 2);
    first["disks"][0]["path"] = json!("/vmdisks/link.img");
    let mut lacking = first["disks"][0].clone();
    lacking["name"] = json!("lacking");
    lacking["path"] = json!("/vmdisks/lacking.img");
    lacking["vdev"] = json!("xvdb");
    first["disks"].as_array_mut().unwrap().push(lacking);
    let web = guest("web", 1);
    dom0.image("/vmdisks/web.img", "a system");
    dom0.image("/vmdisks/lacking.img", "data");
    symlink("web.img", dom0.path("/vmdisks/link.img")).unwrap();
    dom0.create(HAND);
    dom0.xl(&[
        "block-attach",
        "1",
        "format=raw,vdev=xvdb,access=rw,target=/vmdisks/lacking.img",
    ]);
    dom0.xl(&["block-detach", "1", "xvdb"]);
    dom0.declare(&[first, web]);
    for stage in ["files", "images"] {
        dom0.run(&["apply", "--stage", stage]);
    }
    is_refused_as_before(&dom0);
}

/// Whoever has the lock changes nothing in that web is refused a disk that guest first is to have.
fn is_refused_as_before(dom0: &Dom0) {
    let before = refused(dom0);
    assert!(before.contains("in use by guest first"), "{before}");
    let _lock = locked(dom0);
    assert_eq!(refused(dom0), before);
}

#[test]
fn a_disk_that_is_about_to_be_attached_is_not_given_to_another() {
    let dom0 = Dom0::new();
    let mut first = guest("first", 2);
    dom0.declare(std::slice::from_ref(&first));
    assert_eq!(dom0.run(&["apply"]).status, 0);
    // What it was started with is not known any more; what libxl tells of it shows that it has no such disk.
    let record = "/var/lib/domus/guests/first.json";
    let mut known: Value = serde_json::from_str(&dom0.read(record)).unwrap();
    known["running"]["config"] = Value::Null;
    dom0.write(record, &known.to_string());
    dom0.image("/vmdisks/web.img", "a system");
    symlink("web.img", dom0.path("/vmdisks/link.img")).unwrap();
    let mut added = first["disks"][0].clone();
    added["name"] = json!("added");
    added["path"] = json!("/vmdisks/link.img");
    added["vdev"] = json!("xvdb");
    first["disks"].as_array_mut().unwrap().push(added);
    dom0.declare(&[first, guest("web", 1)]);
    dom0.run(&["apply", "--stage", "files"]);
    is_refused_as_before(&dom0);
}
