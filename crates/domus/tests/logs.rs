//! `domus logs`: what a guest wrote to its console.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use support::process::Following;
use support::{Dom0, guest};

const LOG: &str = "/var/log/xen/console/guest-web.log";

fn dom0() -> Dom0 {
    let dom0 = Dom0::new();
    dom0.declare(&[guest("web", 1)]);
    dom0
}

fn compress(dom0: &Dom0, path: &str, text: &str) {
    let file = File::create(dom0.path(path)).unwrap();
    let mut gz = GzEncoder::new(file, Compression::default());
    gz.write_all(text.as_bytes()).unwrap();
    gz.finish().unwrap();
}

/// Three files, the line "five" cut by a rotation.
fn rotated() -> Dom0 {
    let dom0 = dom0();
    dom0.write(LOG, "ve\r\nsix\n");
    dom0.write(&format!("{LOG}.1"), "three\nfour\nfi");
    compress(&dom0, &format!("{LOG}.2.gz"), "one\ntwo\n");
    // Of others.
    dom0.write("/var/log/xen/console/guest-web.log.old", "no\n");
    dom0.write("/var/log/xen/console/guest-web2.log", "no\n");
    dom0
}

#[test]
fn rotated_files_are_one_log() {
    let dom0 = rotated();
    let all = "one\ntwo\nthree\nfour\nfive\nsix\n";
    for lines in ["100", "all", "6"] {
        assert_eq!(
            dom0.run(&["logs", "web", "--lines", lines]).stdout,
            all,
            "{lines}"
        );
    }
    for (lines, expected) in [
        ("0", ""),
        ("1", "six\n"),
        ("2", "five\nsix\n"),
        ("3", "four\nfive\nsix\n"),
        ("5", "two\nthree\nfour\nfive\nsix\n"),
    ] {
        let ran = dom0.run(&["logs", "web", "-n", lines]);
        assert_eq!(
            (ran.status, ran.stdout.as_str()),
            (0, expected),
            "{lines}: {}",
            ran.stderr
        );
    }
    let raw = dom0.run(&["logs", "web", "--raw", "-n", "2"]).stdout;
    assert_eq!(raw, "five\r\nsix\n");
    let json = dom0.run(&["logs", "web", "--json", "-n", "2"]).stdout;
    let lines: Vec<Value> = json
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["line"], "five");
    assert_eq!((lines.len(), &lines[1]["guest"]), (2, &"web".into()));
    assert_eq!(dom0.run(&["logs", "web", "-n", "many"]).status, 2);
}

#[test]
fn what_a_guest_wrote_moves_no_terminal() {
    let dom0 = dom0();
    dom0.write(
        LOG,
        "\x1b]0;owned\x07\x1b[2Jlogin: \x1b[5n\r\n10%\r100%\r\nno end",
    );
    let ran = dom0.run(&["logs", "web"]);
    assert_eq!(ran.stdout, "login:\n100%\nno end\n");
    let raw = dom0.run(&["logs", "web", "--raw"]).stdout;
    assert_eq!(raw, dom0.read(LOG));
}

#[test]
fn where_there_is_none_it_says_why() {
    let dom0 = dom0();
    let ran = dom0.run(&["logs", "web"]);
    assert_eq!(ran.status, 1);
    insta::assert_snapshot!(ran.stderr, @"error: nothing is kept of guest web's console: there is no guest-web.log in /var/log/xen/console. Either it did not run yet (`domus start web`), or virtualisation.xen.domus.consoleLogs.enable is false");
    assert_eq!(dom0.run(&["apply"]).status, 0);
    let ran = dom0.run(&["logs", "web"]);
    insta::assert_snapshot!(ran.stderr, @"error: nothing is kept of guest web's console, although it runs: there is no guest-web.log in /var/log/xen/console. Either virtualisation.xen.domus.consoleLogs.enable is false, or the guest has run since before it was enabled: then its log begins at its next start. `domus console web` shows its console");
    dom0.write(LOG, "");
    let ran = dom0.run(&["logs", "web"]);
    insta::assert_snapshot!(ran.stderr, @"error: guest web wrote nothing to its console");
    let ran = dom0.run(&["logs", "nobody"]);
    assert_eq!(ran.status, 1);
    insta::assert_snapshot!(ran.stderr, @"error: no guest nobody is declared; there are: web");
    assert_eq!(dom0.run(&["logs", "../web"]).status, 1);
    // Of a guest that is gone, what there is is shown.
    dom0.write("/var/log/xen/console/guest-old.log", "bye\n");
    assert_eq!(dom0.run(&["logs", "old"]).stdout, "bye\n");
}

#[test]
fn what_cannot_be_read_hides_nothing_else() {
    let dom0 = rotated();
    dom0.write(&format!("{LOG}.2.gz"), "no gzip");
    let ran = dom0.run(&["logs", "web", "-n", "all"]);
    assert_eq!(
        (ran.status, ran.stdout.as_str()),
        (0, "three\nfour\nfive\nsix\n")
    );
    assert!(ran.stderr.contains("guest-web.log.2.gz"), "{}", ran.stderr);
}

#[test]
fn following_survives_a_rotation() {
    let dom0 = dom0();
    dom0.write(LOG, "one\ntwo\npar");
    let mut log = Following::begin(&mut dom0.domus(&["logs", "web", "--follow", "-n", "1"]));
    let pause = || std::thread::sleep(Duration::from_millis(700));
    let mut old = OpenOptions::new()
        .append(true)
        .open(dom0.path(LOG))
        .unwrap();
    assert_eq!(log.line(), "two");
    writeln!(old, "tial").unwrap();
    assert_eq!(log.line(), "partial");
    // Renamed; xenconsoled writes on until it is told.
    fs::rename(dom0.path(LOG), dom0.path(&format!("{LOG}.1"))).unwrap();
    writeln!(old, "late").unwrap();
    assert_eq!(log.line(), "late");
    dom0.write(LOG, "new\n");
    assert_eq!(log.line(), "new");
    // Copied and cut.
    dom0.write(LOG, "");
    pause();
    dom0.write(LOG, "cut\n");
    assert_eq!(log.line(), "cut");
    log.end();
}

#[test]
fn a_reader_that_has_had_enough_is_no_error() {
    let dom0 = dom0();
    dom0.write(LOG, &"0123456789\n".repeat(100_000));
    let mut domus = dom0
        .domus(&["logs", "web", "-n", "all"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(domus.stdout.take());
    let output = domus.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
