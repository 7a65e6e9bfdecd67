//! Passwords: in the one file that xl reads, and nowhere else.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::fmt::Write as _;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{Dom0, Ran, guest, holding, mode};

/// A PVH guest whose screen has a password.
fn web() -> Value {
    let mut web = guest("web", 1);
    web["graphics"] = json!({ "vnc": { "enable": true, "passwordFile": "/run/keys/web" } });
    web
}

/// An HVM guest whose SPICE and VNC have passwords.
fn windows() -> Value {
    let mut windows = guest("windows", 3);
    windows["type"] = json!("hvm");
    windows["boot"] = json!({ "bootloader": "firmware" });
    windows["graphics"] = json!({
        "vnc": { "passwordFile": "/run/keys/windows-vnc" },
        "spice": { "enable": true, "port": 6000, "passwordFile": "/run/keys/windows-spice" }
    });
    windows
}

/// A Dom0 with the passwords' files, and three guests declared.
fn declared() -> Dom0 {
    let dom0 = Dom0::new();
    dom0.write("/run/keys/web", "hunter2\n");
    dom0.write("/run/keys/windows-vnc", "s3cr,t\\\"");
    dom0.write("/run/keys/windows-spice", "correct horse\n");
    dom0.declare(&[web(), guest("mail", 2), windows()]);
    dom0
}

/// Runs domus, and checks that it tells no password.
fn run(dom0: &Dom0, args: &[&str]) -> Ran {
    let ran = dom0.run(args);
    for secret in ["hunter", "s3cr", "correct horse"] {
        assert!(!ran.stdout.contains(secret), "{args:?}: {}", ran.stdout);
        assert!(!ran.stderr.contains(secret), "{args:?}: {}", ran.stderr);
    }
    // Nor what a password could be found from.
    for text in [&ran.stdout, &ran.stderr] {
        assert!(!text.contains("<password "), "{args:?}: {text}");
    }
    ran
}

fn applied(dom0: &Dom0) -> String {
    let ran = run(dom0, &["apply"]);
    assert_eq!(ran.status, 0, "{}{}", ran.stdout, ran.stderr);
    ran.stdout
}

#[test]
fn a_password_is_in_one_file_that_only_root_reads() {
    let dom0 = declared();
    for args in [
        &["check"][..],
        &["plan"],
        &["plan", "--json"],
        &["render"],
        &["status"],
    ] {
        assert_eq!(run(&dom0, args).status, 0, "{args:?}");
    }
    applied(&dom0);
    for (secret, guest) in [
        ("hunter2", "web"),
        ("s3cr,t", "windows"),
        ("correct horse", "windows"),
    ] {
        let files: Vec<String> = holding(&dom0, secret)
            .into_iter()
            .filter(|file| !file.starts_with("/run/keys/"))
            .collect();
        assert_eq!(files, [format!("/etc/xen/{guest}.cfg")], "{secret}");
    }
    assert_eq!(mode(&dom0, "/etc/xen/web.cfg"), 0o600);
    assert_eq!(mode(&dom0, "/etc/xen/windows.cfg"), 0o600);
    assert_eq!(mode(&dom0, "/etc/xen/mail.cfg"), 0o644);
    assert!(
        dom0.read("/etc/xen/web.cfg")
            .contains("vfb = [ \"vnc=1,vncpasswd=hunter2\" ]\n")
    );
    assert!(
        dom0.read("/etc/xen/windows.cfg")
            .contains("vncpasswd = \"s3cr,t\\\\\\\"\"\n")
    );
    insta::assert_snapshot!("render", run(&dom0, &["render", "windows"]).stdout);
    // The same again does nothing, and says nothing of passwords.
    let files = dom0.files("/");
    let plan: Value = serde_json::from_str(&run(&dom0, &["plan", "--json"]).stdout).unwrap();
    for guest in plan["guests"].as_array().unwrap() {
        assert_eq!(
            (&guest["steps"], &guest["notes"]),
            (&json!([]), &json!([])),
            "{guest}"
        );
    }
    applied(&dom0);
    assert_eq!(dom0.files("/"), files);
    for args in [
        &["render", "--json"][..],
        &["status"],
        &["status", "--json"],
    ] {
        assert_eq!(run(&dom0, args).status, 0);
    }
}

#[test]
fn a_changed_password_is_a_changed_configuration() {
    let dom0 = declared();
    applied(&dom0);
    dom0.write("/run/keys/web", "hunter3\n");
    insta::assert_snapshot!("changed_plan", run(&dom0, &["plan"]).stdout);
    insta::assert_snapshot!("changed_apply", applied(&dom0));
    assert!(dom0.read("/etc/xen/web.cfg").contains("vncpasswd=hunter3"));
    assert_eq!(mode(&dom0, "/etc/xen/web.cfg"), 0o600);
    assert_eq!(holding(&dom0, "hunter2"), [""; 0]);
    // In the stages of a switch too: the password is read with the files only.
    fs::remove_dir_all(dom0.path("/run/keys")).unwrap();
    let guests = run(&dom0, &["apply", "--stage", "guests"]);
    assert_eq!(guests.status, 0, "{}", guests.stderr);
    assert!(
        guests.stdout.contains("web: pending: vfb"),
        "{}",
        guests.stdout
    );
    // Started again, it has the new one.
    dom0.write("/run/keys/web", "hunter3");
    dom0.write("/run/keys/windows-vnc", "s3cr,t\\\"");
    dom0.write("/run/keys/windows-spice", "correct horse\n");
    dom0.xl(&["destroy", "1"]);
    dom0.boot("second");
    assert!(!applied(&dom0).contains("pending"));
}

#[test]
fn a_password_that_is_taken_away_leaves_nothing() {
    let dom0 = declared();
    applied(&dom0);
    let mut web = web();
    web["graphics"]["vnc"]["passwordFile"] = Value::Null;
    dom0.declare(&[web]);
    insta::assert_snapshot!("removed_plan", run(&dom0, &["plan"]).stdout);
    applied(&dom0);
    assert_eq!(holding(&dom0, "hunter2"), ["/run/keys/web"]);
    assert_eq!(holding(&dom0, "correct horse"), ["/run/keys/windows-spice"]);
    assert_eq!(mode(&dom0, "/etc/xen/web.cfg"), 0o644);
}

#[test]
fn a_file_that_others_could_read_is_closed() {
    let dom0 = declared();
    applied(&dom0);
    let open = Permissions::from_mode(0o644);
    fs::set_permissions(dom0.path("/etc/xen/web.cfg"), open).unwrap();
    let said = applied(&dom0);
    assert!(
        said.contains("web: rewrite /etc/xen/web.cfg, done"),
        "{said}"
    );
    assert_eq!(mode(&dom0, "/etc/xen/web.cfg"), 0o600);
    assert_eq!(applied(&dom0), "");
}

#[test]
fn what_a_unit_remembers_of_its_guest_has_no_password() {
    let dom0 = declared();
    let files = run(&dom0, &["apply", "--stage", "files"]);
    assert_eq!(files.status, 0, "{}", files.stderr);
    assert_eq!(run(&dom0, &["apply", "--stage", "images"]).status, 0);
    let mut unit = dom0
        .domus(&["run", "web"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    while !dom0.xl(&["list", "-v"]).contains("web ") && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(
        dom0.read("/run/domus/web.started")
            .contains("vncpasswd=<password ")
    );
    dom0.write("/run/keys/web", "hunter3");
    let said = applied(&dom0);
    assert!(
        said.contains("web: pending: vfb [ vnc=1,vncpasswd=<password> ] → [ vnc=1,vncpasswd=<another password> ]"),
        "{said}"
    );
    assert_eq!(holding(&dom0, "hunter2"), [""; 0]);
    // libxl keeps what the guest's own reboot takes, for root alone.
    let stored = holding(&dom0, "hunter3");
    assert_eq!(stored[..2], ["/etc/xen/web.cfg", "/run/keys/web"]);
    assert!(
        stored[2].starts_with("/var/lib/xen/userdata-d.1."),
        "{stored:?}"
    );
    assert_eq!((stored.len(), mode(&dom0, &stored[2])), (3, 0o600));
    assert_eq!(dom0.run(&["stop", "web"]).status, 0);
    unit.wait().unwrap();
}

#[test]
fn a_password_that_cannot_be_had_is_its_guests_error() {
    let mut shown = String::new();
    let mut fails = |name: &str, dom0: &Dom0| {
        let ran = run(dom0, &["apply"]);
        assert_eq!(ran.status, 1, "{name}: {}{}", ran.stdout, ran.stderr);
        assert!(!dom0.has("/etc/xen/web.cfg") && !dom0.has("/etc/xen/auto/web"));
        let running = dom0.xl(&["list", "-v"]);
        assert!(
            running.contains("mail ") && running.contains("windows "),
            "{name}: {running}"
        );
        assert!(!running.contains("web "), "{name}: {running}");
        assert_eq!(run(dom0, &["apply"]).stderr, ran.stderr, "{name}");
        write!(shown, "## {name}\n{}", ran.stderr).unwrap();
    };
    let missing = declared();
    fs::remove_file(missing.path("/run/keys/web")).unwrap();
    fails("missing", &missing);
    for (name, bytes) in [
        ("empty", &b""[..]),
        ("only a line break", b"\n"),
        ("two lines", b"hunter2\nhunter3\n"),
        ("Windows' line break", b"hunter2\r\n"),
        ("a comma", b"hunter,2"),
        ("not text", b"hunter2\xff"),
        ("too large", &[b'a'; 5000]),
    ] {
        let dom0 = declared();
        fs::write(dom0.path("/run/keys/web"), bytes).unwrap();
        fails(name, &dom0);
    }
    let folder = declared();
    fs::remove_file(folder.path("/run/keys/web")).unwrap();
    fs::create_dir(folder.path("/run/keys/web")).unwrap();
    fails("a folder", &folder);
    insta::assert_snapshot!("errors", shown);
}

#[test]
fn without_its_password_a_guest_keeps_what_it_has() {
    let dom0 = declared();
    std::fs::create_dir_all(dom0.path("/nix/var/nix/gcroots")).unwrap();
    let with_kernel = |kernel: &str| {
        let mut web = web();
        web["boot"]["kernel"] = json!(format!("/nix/store/{kernel}/bzImage"));
        web
    };
    dom0.declare(&[with_kernel("aaa-linux"), guest("mail", 2)]);
    applied(&dom0);
    let config = dom0.read("/etc/xen/web.cfg");
    fs::remove_file(dom0.path("/run/keys/web")).unwrap();
    dom0.xl(&["destroy", "1"]);
    dom0.boot("second");
    dom0.declare(&[with_kernel("bbb-linux"), guest("mail", 2)]);
    let ran = run(&dom0, &["apply", "--stage", "files"]);
    assert_eq!(ran.status, 1, "{}", ran.stdout);
    assert_eq!(dom0.read("/etc/xen/web.cfg"), config);
    assert!(
        dom0.has("/etc/xen/auto/web"),
        "xendomains starts it as it was"
    );
    // What it would be started with is kept from the garbage collector.
    let roots = dom0.files("/nix/var/nix/gcroots");
    assert!(
        roots
            .iter()
            .any(|(_, target)| target.ends_with("aaa-linux")),
        "{roots:?}"
    );
}

#[test]
fn a_password_that_vnc_cuts_is_told() {
    let dom0 = declared();
    dom0.write("/run/keys/web", "hunter2hunter2");
    let ran = run(&dom0, &["apply"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    insta::assert_snapshot!("cut", ran.stdout.lines().last().unwrap());
}
