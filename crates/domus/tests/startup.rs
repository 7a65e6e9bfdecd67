//! Domus starts the guests: in order, when those before them are ready, and from their save files.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::process::until;
use support::{Dom0, all, guest, mode};

/// A guest with a `startup`.
fn ordered(name: &str, number: u32, startup: Value) -> Value {
    let mut guest = guest(name, number);
    guest["startup"] = startup;
    guest
}

/// db is ready when it says so, web comes after it, and dns before all.
fn three(timeout: u32) -> [Value; 3] {
    [
        ordered(
            "db",
            1,
            json!({ "order": 10, "ready": { "console": "login:", "timeoutSeconds": timeout } }),
        ),
        ordered("dns", 2, json!({})),
        ordered(
            "web",
            3,
            json!({ "order": 10, "after": ["db"], "delaySeconds": 1 }),
        ),
    ]
}

const LOG: &str = "/var/log/xen/console/guest-db.log";

#[test]
fn a_guest_starts_when_the_one_before_it_is_ready() {
    let dom0 = Dom0::new();
    dom0.declare_for("domus", &three(60));
    // Of the last boot.
    dom0.write(LOG, "db login: \n");
    let child = dom0
        .domus(&["apply"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    until(|| dom0.runs("db"));
    thread::sleep(Duration::from_millis(1500));
    assert!(!dom0.runs("web"), "db is not ready");
    let before = dom0.read(LOG);
    let ready = Instant::now();
    dom0.write(LOG, &format!("{before}db \u{1b}[1mlogin\u{1b}[0m: "));
    let ran = dom0.ran(child.wait_with_output().unwrap());
    assert!(ready.elapsed() >= Duration::from_secs(1), "the delay");
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let starts = ran.stdout.lines().filter(|line| line.contains("start"));
    let starts: Vec<&str> = starts.collect();
    insta::assert_snapshot!(starts.join("\n"), @r"
    dns: start …
    dns: start, done
    db: start …
    db: start, done
    web: start …
    web: start, done
    ");
    assert_eq!(mode(&dom0, "/run/domus/manages"), 0o644);
    assert!(!dom0.has("/etc/xen/auto/web"));
    assert_eq!(dom0.run(&["plan"]).stdout, "nothing to do\n");
}

#[test]
fn one_that_does_not_get_ready_or_does_not_start_holds_up_nobody_for_ever() {
    let mut dom0 = Dom0::new();
    dom0.declare_for("domus", &three(1));
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 0, "{}", all(&ran));
    insta::assert_snapshot!(ran.stderr, @r"
    warning: guest db was not ready within 1 s (console /login:/); guests that come after it are started all the same
    warning: guest web is started although db, which it comes after, was not ready in time
    ");
    assert!(dom0.runs("web"));

    // Nobody waits for a guest that nobody comes after.
    dom0.boot("second");
    dom0.declare_for("domus", &three(60)[..2]);
    let start = Instant::now();
    assert_eq!(dom0.run(&["apply"]).status, 0);
    assert!(start.elapsed() < Duration::from_secs(20));

    dom0.boot("third");
    dom0.declare_for("domus", &three(60));
    fs::rename(dom0.path("/vmdisks/db.img"), dom0.path("/vmdisks/away.img")).unwrap();
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 1);
    insta::assert_snapshot!("without_db", all(&ran));
    assert!(dom0.runs("web") && !dom0.runs("db"));

    dom0.boot("fourth");
    fs::rename(dom0.path("/vmdisks/away.img"), dom0.path("/vmdisks/db.img")).unwrap();
    dom0.fault(Some("fail:create"));
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 1);
    insta::assert_snapshot!("none_starts", all(&ran));
}

#[test]
fn a_guest_that_runs_is_asked_whether_it_is_ready() {
    let dom0 = Dom0::new();
    let script = "#!/bin/sh\nexec cat \"$FAKE_XL_STATE/store$1\"\n";
    dom0.write("/bin/xenstore-read", script);
    let run = fs::Permissions::from_mode(0o755);
    fs::set_permissions(dom0.path("/bin/xenstore-read"), run).unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut db = ordered(
        "db",
        1,
        json!({ "ready": { "xenstore": "data/ready", "port": port, "timeoutSeconds": 60 } }),
    );
    db["networks"][0]["ip"] = json!("127.0.0.1");
    dom0.declare_for("domus", std::slice::from_ref(&db));
    assert_eq!(dom0.run(&["apply"]).status, 0);
    dom0.declare_for(
        "domus",
        &[db, ordered("web", 2, json!({ "after": ["db"] }))],
    );
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", dom0.path("/bin").display());
    let child = dom0
        .domus(&["apply"])
        .env("PATH", path)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    thread::sleep(Duration::from_secs(2));
    assert!(!dom0.runs("web"));
    dom0.write("/xl/store/local/domain/1/data/ready", "1");
    let ran = dom0.ran(child.wait_with_output().unwrap());
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    assert!(dom0.runs("web"));
}

#[test]
fn without_its_program_xenstore_is_not_just_empty() {
    let dom0 = Dom0::new();
    let ready = json!({ "ready": { "xenstore": "data/ready", "timeoutSeconds": 1 } });
    let web = ordered("web", 2, json!({ "after": ["db"] }));
    dom0.declare_for("domus", &[ordered("db", 1, ready), web]);
    dom0.write("/bin/xenstore-read", "#!/nonexistent/sh\n");
    let run = fs::Permissions::from_mode(0o755);
    fs::set_permissions(dom0.path("/bin/xenstore-read"), run).unwrap();
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", dom0.path("/bin").display());
    let ran = dom0.domus(&["apply"]).env("PATH", path).output().unwrap();
    let ran = dom0.ran(ran);
    assert_eq!(ran.status, 0, "{}", all(&ran));
    let why = "(xenstore data/ready, cannot run xenstore-read: No such file or directory";
    assert!(ran.stderr.contains(why), "{}", ran.stderr);
    assert!(dom0.runs("web"));
}

/// Xen saves no guest's folder in xenstore with it: what a guest wrote there when it came up is gone once it is restored.
#[test]
fn a_restored_guest_is_not_asked_for_what_xenstore_lost() {
    let dom0 = Dom0::new();
    let ready = json!({ "ready": { "xenstore": "data/ready", "timeoutSeconds": 60 } });
    let db = ordered("db", 1, ready);
    let after = |name: &str, number| ordered(name, number, json!({ "after": ["db"] }));
    dom0.declare_for("domus", std::slice::from_ref(&db));
    assert_eq!(dom0.run(&["apply"]).status, 0);
    let file = dom0.path("/var/lib/xen/save/db");
    dom0.xl(&["save", "1", file.to_str().unwrap()]);
    dom0.boot("second");
    let start = Instant::now();
    dom0.declare_for("domus", &[db.clone(), after("web", 2)]);
    let ran = dom0.run(&["apply"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    assert!(dom0.runs("db") && dom0.runs("web"));
    // Nor later in this boot.
    dom0.declare_for("domus", &[db, after("web", 2), after("mail", 3)]);
    let ran = dom0.run(&["apply"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    assert!(dom0.runs("mail"));
    assert!(start.elapsed() < Duration::from_secs(30));
}

#[test]
fn it_is_said_what_is_waited_for() {
    let dom0 = Dom0::new();
    dom0.declare_for("domus", &three(12));
    let ran = dom0.run(&["apply"]);
    assert!(
        ran.stdout
            .contains("waiting until db is ready (console /login:/), "),
        "{}",
        ran.stdout
    );
}

/// web and mail run, and are saved as the Dom0 goes down; then it boots.
fn saved() -> Dom0 {
    let dom0 = Dom0::new();
    let mut mail = guest("mail", 2);
    dom0.declare_for("domus", &[guest("web", 1), mail.clone()]);
    assert_eq!(dom0.run(&["apply"]).status, 0);
    // A guest is restored whether it starts with the Dom0 or not: it ran.
    mail["autostart"] = json!(false);
    dom0.declare_for("domus", &[guest("web", 1), mail]);
    assert_eq!(dom0.run(&["apply"]).status, 0);
    for (domid, name) in [("1", "web"), ("2", "mail")] {
        let file = dom0.path(&format!("/var/lib/xen/save/{name}"));
        dom0.xl(&["save", domid, file.to_str().unwrap()]);
    }
    dom0.boot("second");
    dom0
}

#[test]
fn saved_guests_are_restored() {
    let dom0 = saved();
    insta::assert_snapshot!(dom0.run(&["plan"]).stdout, @r"
    web
      restore from its save file
    mail
      restore from its save file
    ");
    // As at boot; web has more memory by now, and gets it once it is there.
    let mut web = guest("web", 1);
    web["memoryMib"] = json!(384);
    let mut mail = guest("mail", 2);
    mail["autostart"] = json!(false);
    dom0.declare_for("domus", &[web, mail]);
    assert_eq!(dom0.run(&["apply", "--stage", "files"]).status, 0);
    let ran = dom0.run(&["apply", "--stage", "guests"]);
    assert_eq!(ran.status, 0, "{}", all(&ran));
    insta::assert_snapshot!(all(&ran), @r"
    web: restore from its save file …
    web: restore from its save file, done
    mail: restore from its save file …
    mail: restore from its save file, done
    web: set memory from 256 MiB to 384 MiB, while it runs, done
    ");
    assert!(dom0.runs("web") && dom0.runs("mail"));
    assert!(!dom0.xl(&["list", "-v"]).contains("--p---"));
    assert!(!dom0.has("/var/lib/xen/save/web"));
    assert_eq!(dom0.run(&["plan"]).stdout, "nothing to do\n");
}

#[test]
fn a_restore_that_fails_leaves_the_save_file_and_the_guest_down() {
    let mut dom0 = saved();
    dom0.fault(Some("fail:restore"));
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 1);
    insta::assert_snapshot!("restore_fails", all(&ran));
    assert!(dom0.has("/var/lib/xen/save/web") && !dom0.runs("web"));
    dom0.fault(None);
    assert_eq!(dom0.run(&["apply"]).status, 0);
    assert!(dom0.runs("web"));
}

#[test]
fn what_a_killed_restore_left_is_restored() {
    let dom0 = saved();
    let file = dom0.path("/var/lib/xen/save/web");
    dom0.xl(&["restore", "-p", file.to_str().unwrap()]);
    let ran = dom0.run(&["plan"]);
    assert!(
        ran.stdout
            .starts_with("web\n  restore from its save file\n"),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_restore_by_an_apply_that_is_killed_is_finished_by_the_next() {
    for fault in [
        "kill-after:restore",
        "kill-before:unpause",
        "kill-after:unpause",
    ] {
        let mut dom0 = saved();
        dom0.fault(Some(fault));
        let killed = dom0.domus(&["apply"]).output().unwrap();
        assert!(!killed.status.success(), "{fault}: it was not killed");
        assert!(dom0.has("/run/domus/web.restoring"), "{fault}");
        dom0.fault(None);
        let ran = dom0.run(&["apply"]);
        assert_eq!(ran.status, 0, "{fault}: {}", all(&ran));
        let list = dom0.xl(&["list", "-v"]);
        let runs = list.lines().skip(2).filter(|line| line.contains("-b----"));
        assert_eq!(runs.count(), 2, "{fault}: {list}");
        assert!(!dom0.has("/var/lib/xen/save/web"), "{fault}");
        assert_eq!(dom0.run(&["plan"]).stdout, "nothing to do\n", "{fault}");
    }
}

#[test]
fn one_that_was_saved_by_hand_stays_so() {
    let dom0 = Dom0::new();
    dom0.declare_for("domus", &[guest("web", 1)]);
    assert_eq!(dom0.run(&["apply"]).status, 0);
    let file = dom0.path("/var/lib/xen/save/web");
    dom0.xl(&["save", "1", file.to_str().unwrap()]);
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 0);
    assert!(
        ran.stdout
            .contains("web: is saved; `domus start web` restores it"),
        "{}",
        ran.stdout
    );
    assert!(!dom0.runs("web"));
}

#[test]
fn a_switch_of_the_manager_touches_no_guest_that_runs() {
    let dom0 = Dom0::new();
    let guests = three(60);
    let domids = || -> Vec<String> {
        let list = dom0.xl(&["list", "-v"]);
        let words = list.lines().skip(2).map(|line| line.split_whitespace());
        words
            .map(|mut words| format!("{} {}", words.next().unwrap(), words.next().unwrap()))
            .collect()
    };
    dom0.declare_for("xendomains", &guests[1..2]);
    assert_eq!(dom0.run(&["apply"]).status, 0);
    assert!(!dom0.has("/run/domus/manages"));
    assert!(dom0.has("/etc/xen/auto/dns"));
    let before = domids();
    for (manager, linked) in [("domus", false), ("xendomains", true), ("domus", false)] {
        dom0.declare_for(manager, &guests[1..2]);
        let ran = dom0.run(&["apply"]);
        assert_eq!(ran.status, 0, "{}", all(&ran));
        assert_eq!(domids(), before, "{manager}");
        assert_eq!(dom0.has("/etc/xen/auto/dns"), linked, "{manager}");
        assert!(dom0.has("/run/domus/manages"), "it stays for this boot");
        assert_eq!(dom0.run(&["plan"]).stdout, "nothing to do\n");
    }
}
