//! Starting, stopping and restarting guests by hand, their consoles, and how they are.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::time::Instant;

use serde_json::{Value, json};
use support::{Dom0, HAND, all, guest};

/// web and mail, which start by hand only; their files are written.
fn dom0() -> Dom0 {
    let dom0 = Dom0::new();
    declare(&dom0, |_| {});
    dom0
}

fn declare(dom0: &Dom0, change: impl Fn(&mut Value)) {
    let guests = [("mail", 2), ("web", 1)].map(|(name, number)| {
        let mut guest = guest(name, number);
        guest["autostart"] = json!(false);
        change(&mut guest);
        guest
    });
    dom0.declare(&guests);
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
}

#[test]
fn guests_start_and_stop_by_hand() {
    let dom0 = dom0();
    let ran = dom0.run(&["start", "web", "mail"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    insta::assert_snapshot!(all(&ran), @r"
    web: started (domain 1)
    mail: started (domain 2)
    ");
    // What is remembered is as after any start, and nothing is left to do.
    assert_eq!(dom0.run(&["plan"]).stdout, "nothing to do\n");
    let ran = dom0.run(&["start", "web"]);
    assert_eq!(ran.status, 0);
    insta::assert_snapshot!(all(&ran), @"web: runs already (domain 1)");
    let ran = dom0.run(&["stop", "web", "mail", "web"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    insta::assert_snapshot!(all(&ran), @r"
    web: stopped
    mail: stopped
    ");
    let ran = dom0.run(&["stop", "--json", "web"]);
    assert_eq!(ran.status, 0);
    insta::assert_snapshot!(all(&ran), @r#"{"guests":[{"error":null,"guest":"web","result":"not-running"}]}"#);
    let ran = dom0.run(&["start", "--json", "web"]);
    insta::assert_snapshot!(all(&ran), @r#"{"guests":[{"domid":3,"error":null,"guest":"web","result":"started"}]}"#);
}

#[test]
fn one_guests_failure_stops_no_other() {
    let dom0 = dom0();
    let ran = dom0.run(&["start", "nobody", "web"]);
    assert_eq!(ran.status, 1);
    assert!(dom0.runs("web"));
    insta::assert_snapshot!(all(&ran), @r"
    web: started (domain 1)
    error: no guest nobody is declared; there are: mail, web
    error: not started: nobody
    ");
    let ran = dom0.run(&["stop", "nobody", "web"]);
    assert_eq!(ran.status, 1);
    assert!(!dom0.runs("web"));
    insta::assert_snapshot!(all(&ran), @r"
    web: stopped
    error: no guest nobody is declared; there are: mail, web
    error: not stopped: nobody
    ");
}

#[test]
fn a_disk_that_another_has_starts_nobody() {
    let dom0 = dom0();
    dom0.create(&format!(
        "{HAND}disk = [ 'vdev=xvda,target=/vmdisks/web.img' ]\n"
    ));
    // The fake looks below its root, Domus below its own.
    let ran = dom0.run(&["start", "web"]);
    assert_eq!(ran.status, 1);
    assert!(!dom0.runs("web"));
    insta::assert_snapshot!(all(&ran), @"error: guest web: option disks.root.path: /vmdisks/web.img is in use by domain hand (1), and two systems on one file system destroy it; the guest is not started. Shut the other down, or give this guest a disk of its own");
}

#[test]
fn a_foreign_domain_is_nobodys_guest() {
    let dom0 = dom0();
    dom0.create(&HAND.replace("hand", "web"));
    let mut said = String::new();
    for verb in ["start", "stop", "restart", "console"] {
        let ran = dom0.run(&[verb, "web"]);
        assert_eq!(ran.status, 1, "{verb}");
        said.push_str(&all(&ran));
    }
    insta::assert_snapshot!(said);
    assert!(dom0.runs("web"));
    let status = dom0.run(&["status", "--json", "web"]);
    assert!(
        status.stdout.contains(r#""state":"foreign""#),
        "{}",
        status.stdout
    );
}

#[test]
fn a_configuration_that_is_not_as_declared_is_not_started() {
    let dom0 = dom0();
    let config = dom0.read("/etc/xen/web.cfg");
    let start = |expected: &str| {
        for verb in ["start", "run"] {
            let ran = dom0.run(&[verb, "web"]);
            assert_eq!(ran.status, 1);
            assert!(ran.stderr.contains(expected), "{verb}: {}", ran.stderr);
            assert!(!dom0.runs("web"));
        }
    };
    dom0.write("/etc/xen/web.cfg", "name = 'web'\nmemory = 1\n");
    start(
        "/etc/xen/web.cfg is not Domus's, or was changed by hand, and is not started. Move it away, then run `domus apply`",
    );
    std::fs::remove_file(dom0.path("/etc/xen/web.cfg")).unwrap();
    start("it has no xl configuration yet; run `domus apply`");
    dom0.write("/etc/xen/web.cfg", &config);
    let mut more = guest("web", 1);
    more["vcpus"] = json!(2);
    more["autostart"] = json!(false);
    dom0.declare(&[more]);
    start("/etc/xen/web.cfg is not yet as declared; run `domus apply`, which writes it");
}

#[test]
fn a_guest_that_is_paused_or_was_never_made_is_said() {
    let dom0 = dom0();
    assert_eq!(dom0.run(&["start", "web"]).status, 0);
    dom0.xl(&["pause", "1"]);
    let ran = dom0.run(&["start", "web"]);
    assert_eq!(ran.status, 1);
    insta::assert_snapshot!(all(&ran), @"error: guest web: it is paused (domain 1), or xl still builds it; `xl unpause 1` lets it run on");
    // Paused by hand, it may have run: it is neither ended nor let run.
    assert!(dom0.xl(&["list", "-v"]).contains("--p---"));
}

#[test]
fn xl_that_fails_is_told_in_its_own_words() {
    let mut dom0 = dom0();
    dom0.fault(Some("fail:create"));
    let ran = dom0.run(&["start", "web"]);
    assert_eq!(ran.status, 1);
    assert!(
        ran.stderr
            .contains("libxl: error: libxl_domain.c:42: fault wanted"),
        "{}",
        ran.stderr
    );
    dom0.fault(Some("fail:list"));
    for verb in ["start", "stop", "console"] {
        let ran = dom0.run(&[verb, "web"]);
        assert_eq!(ran.status, 1, "{verb}");
        assert!(
            ran.stderr.contains("fault wanted"),
            "{verb}: {}",
            ran.stderr
        );
    }
}

#[test]
fn a_guest_that_does_not_shut_down_has_its_own_time() {
    let dom0 = dom0();
    assert_eq!(dom0.run(&["start", "web", "mail"]).status, 0);
    dom0.write("/xl/deaf", "web\n");
    declare(&dom0, |guest| {
        guest["lifecycle"] = json!({ "shutdownTimeoutSeconds": 1 });
    });
    let began = Instant::now();
    let ran = dom0.run(&["stop", "web", "mail"]);
    assert!(began.elapsed().as_secs() < 20);
    assert_eq!(ran.status, 1);
    insta::assert_snapshot!(all(&ran), @r"
    mail: stopped
    error: guest web: it did not shut down within 1 s (option shutdownTimeout), and is left running (option onTimeout); `domus console web` shows what it waits for, `xl destroy 1` ends it like a power cut
    error: not stopped: web
    ");
    assert!(dom0.runs("web"));
    // One that does not stop is not started.
    let ran = dom0.run(&["restart", "--json", "web"]);
    assert_eq!(ran.status, 1);
    assert!(
        ran.stdout.contains(r#""start":null,"stop":"failed""#),
        "{}",
        ran.stdout
    );
    // As its own policy says.
    declare(&dom0, |guest| {
        guest["lifecycle"] = json!({ "shutdownTimeoutSeconds": 1, "onTimeout": "destroy" });
    });
    let ran = dom0.run(&["stop", "web"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    insta::assert_snapshot!(all(&ran), @"web: did not shut down, and was ended as by a power cut");
    assert!(!dom0.runs("web"));
}

#[test]
fn a_restart_is_a_stop_and_a_start() {
    let dom0 = dom0();
    assert_eq!(dom0.run(&["start", "web"]).status, 0);
    let ran = dom0.run(&["restart", "web", "mail"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    insta::assert_snapshot!(all(&ran), @r"
    mail: was not running
    web: stopped
    web: started (domain 2)
    mail: started (domain 3)
    ");
    // What is misspelt stops nothing.
    let ran = dom0.run(&["restart", "web", "nobody"]);
    assert_eq!(ran.status, 1);
    assert!(dom0.xl(&["list", "-v"]).contains("    2   256"));
}

#[test]
fn a_console_is_that_of_the_guests_own_domain() {
    let dom0 = dom0();
    let ran = dom0.run(&["console", "web"]);
    assert_eq!(ran.status, 1);
    insta::assert_snapshot!(all(&ran), @"error: guest web does not run; `domus start web` starts it, and `domus logs web` shows what it wrote last");
    assert_eq!(dom0.run(&["start", "web"]).status, 0);
    assert_eq!(dom0.run(&["console", "web"]).stdout, "fake console of 1\n");
    assert_eq!(
        dom0.run(&["console", "-t", "serial", "web"]).stdout,
        "fake console of -t serial 1\n"
    );
    let ran = dom0.run(&["console", "--json", "web"]);
    insta::assert_snapshot!(all(&ran), @r#"{"command":["xl","console","1"],"domid":1,"guest":"web"}"#);
    assert_eq!(dom0.run(&["console", "nobody"]).status, 1);
}

#[test]
fn status_tells_all() {
    let dom0 = dom0();
    assert_eq!(dom0.run(&["start", "web"]).status, 0);
    insta::assert_snapshot!("status", dom0.run(&["status"]).stdout);
    insta::assert_snapshot!(
        "status_disks",
        sizes_left_out(&dom0.run(&["status", "--disks"]).stdout)
    );
    insta::assert_snapshot!(
        "status_of_one",
        sizes_left_out(&dom0.run(&["status", "web"]).stdout)
    );
    // A stopped one, with its last words, and why it did not start.
    dom0.write(
        "/var/log/xen/console/guest-mail.log",
        "booting\r\n\x1b[31mpanic: no root\x1b[0m\r\n",
    );
    dom0.write("/run/domus/mail.failure", "xl create ended: no memory");
    let ran = dom0.run(&["status", "mail"]);
    insta::assert_snapshot!("status_of_a_stopped_one", sizes_left_out(&all(&ran)));
    let ran = dom0.run(&["status"]);
    assert!(
        ran.stderr.contains(
            "guest mail did not start when it was last tried: xl create ended: no memory."
        ),
        "{}",
        ran.stderr
    );
    let ran = dom0.run(&["status", "nobody"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (1, ""));
    let ran = dom0.run(&["status", "--json", "web"]);
    let status: Value = serde_json::from_str(&ran.stdout).unwrap();
    let web = &status["guests"][0];
    assert_eq!(web["uptimeSeconds"], 93_784);
    assert_eq!(web["disks"][0]["virtualBytes"], 16 << 20);
    assert_eq!(web["networks"][0]["mac"], "00:16:3e:00:00:01");
    assert_eq!(status["guests"].as_array().unwrap().len(), 1);
}

/// A sparse image takes what its file system needs, which differs from one version of mke2fs to the next.
fn sizes_left_out(text: &str) -> String {
    let mut text = text.to_owned();
    for unit in [" KiB", " MiB"] {
        let parts: Vec<&str> = text.split(unit).collect();
        let parts = parts
            .iter()
            .map(|part| part.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.'));
        text = parts.collect::<Vec<_>>().join(unit);
    }
    text
}
