//! What a user can get wrong, and what a host can: one clear message, the exit status, nothing changed.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::{Value, json};
use support::process::same_environment;
use support::{Dom0, Ran, guest, theirs};

fn with(change: impl FnOnce(&mut Value)) -> Value {
    let mut web = guest("web", 1);
    change(&mut web);
    web
}

/// Applies a document that must be refused as a whole.
fn refused(dom0: &Dom0) -> String {
    let before = dom0.files("/");
    let checked = dom0.run(&["check"]);
    let applied = dom0.run(&["apply"]);
    assert_eq!(
        (checked.status, applied.status),
        (2, 2),
        "{}",
        applied.stderr
    );
    assert_eq!(
        dom0.files("/"),
        before,
        "a refused document changed something"
    );
    assert_eq!(applied.stdout, "");
    checked.stderr
}

#[test]
fn documents_that_are_refused_whole() {
    let cases: Vec<(&str, Vec<Value>)> = vec![
        (
            "no disks and no kernel",
            vec![with(|web| {
                web["disks"] = json!([]);
                web["boot"] = json!({ "bootloader": "direct" });
            })],
        ),
        (
            "4 gigs",
            vec![with(|web| web["disks"][0]["size"] = json!("4 gigs"))],
        ),
        (
            "negative memory",
            vec![with(|web| web["memoryMib"] = json!(-256))],
        ),
        ("zero memory", vec![with(|web| web["memoryMib"] = json!(0))]),
        (
            "comma",
            vec![with(|web| web["boot"]["kernel"] = json!("/boot/a,b"))],
        ),
        (
            "quote",
            vec![with(|web| web["disks"][0]["path"] = json!("/vmdisks/a'b"))],
        ),
        (
            "newline",
            vec![with(|web| web["disks"][0]["path"] = json!("/vmdisks/a\nb"))],
        ),
        (
            "dots",
            vec![with(|web| {
                web["disks"][0]["path"] = json!("/vmdisks/../etc/passwd");
            })],
        ),
        (
            "slash in a name",
            vec![with(|web| web["name"] = json!("we/b"))],
        ),
        (
            "unknown field",
            vec![with(|web| web["colour"] = json!("red"))],
        ),
        ("duplicate guest", vec![guest("web", 1), guest("web", 1)]),
    ];
    let mut shown = String::new();
    for (name, guests) in cases {
        let dom0 = Dom0::new();
        dom0.declare(&guests);
        write!(shown, "## {name}\n{}", refused(&dom0)).unwrap();
    }
    let dom0 = Dom0::new();
    dom0.declare(&[guest("web", 1)]);
    let whole = dom0.read("/etc/domus/guests.json");
    for (name, text) in [
        ("cut in half", whole[..whole.len() / 2].to_owned()),
        ("version 2", whole.replace("\"version\":1", "\"version\":2")),
    ] {
        dom0.write("/etc/domus/guests.json", &text);
        write!(shown, "## {name}\n{}", refused(&dom0)).unwrap();
    }
    fs::remove_file(dom0.path("/etc/domus/guests.json")).unwrap();
    write!(shown, "## no document\n{}", refused(&dom0)).unwrap();
    insta::assert_snapshot!(shown);
}

/// Applies web with something in its way, beside mail, which must come up all the same.
fn web_fails(dom0: &Dom0, web: Value) -> String {
    dom0.declare(&[guest("mail", 2), web]);
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 1, "{}{}", ran.stdout, ran.stderr);
    assert!(
        dom0.xl(&["list", "-v"]).contains("mail "),
        "mail did not start: {}",
        ran.stderr
    );
    assert!(!dom0.xl(&["list", "-v"]).contains("web "), "web started");
    assert!(
        ran.stderr.ends_with("error: not as declared: web\n"),
        "{}",
        ran.stderr
    );
    // The same again says the same: nothing was half done.
    assert_eq!(dom0.run(&["apply"]).stderr, ran.stderr);
    ran.stderr
}

#[test]
fn one_guest_fails_and_the_other_comes_up() {
    let mut shown = String::new();
    let mut show = |name: &str, said: &str| write!(shown, "## {name}\n{said}").unwrap();

    let dom0 = Dom0::new();
    fs::create_dir_all(dom0.path("/vmdisks/web.img")).unwrap();
    show("the disk is a folder", &web_fails(&dom0, guest("web", 1)));

    let dom0 = Dom0::new();
    let device = with(|web| web["disks"][0]["path"] = json!("/dev/vg/web"));
    show("no such device", &web_fails(&dom0, device));
    assert!(!dom0.has("/dev"));

    let dom0 = Dom0::new();
    let no_size = with(|web| web["disks"][0]["size"] = Value::Null);
    show("no size", &web_fails(&dom0, no_size));

    let dom0 = Dom0::new();
    let mounted = with(|web| web["disks"][0]["mountPoint"] = json!("/vmdisks"));
    show("not mounted", &web_fails(&dom0, mounted));
    assert!(!dom0.has("/vmdisks/web.img"));

    let dom0 = Dom0::new();
    dom0.write("/etc/xen/web.cfg", "name = \"web\"\n");
    show(
        "a foreign configuration",
        &web_fails(&dom0, guest("web", 1)),
    );
    assert_eq!(dom0.read("/etc/xen/web.cfg"), "name = \"web\"\n");

    let dom0 = Dom0::new();
    dom0.write("/etc/xen/auto/web", "name = \"web\"\n");
    show("a foreign file in auto", &web_fails(&dom0, guest("web", 1)));
    assert_eq!(dom0.read("/etc/xen/auto/web"), "name = \"web\"\n");

    let dom0 = Dom0::new();
    dom0.declare(&[guest("mail", 2)]);
    assert_eq!(dom0.run(&["apply"]).status, 0);
    dom0.write("/var/lib/domus/guests/web.json", "{ \"version\": 1, ");
    show("a damaged record", &web_fails(&dom0, guest("web", 1)));

    let dom0 = Dom0::new();
    dom0.write("/vmdisks", "a file in the way");
    let elsewhere = with(|web| web["disks"][0]["path"] = json!("/vmdisks/web.img"));
    let mail = {
        let mut mail = guest("mail", 2);
        mail["disks"][0]["path"] = json!("/disks/mail.img");
        mail
    };
    dom0.declare(&[mail, elsewhere]);
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 1);
    show("a file where a folder must be", &ran.stderr);
    assert_eq!(dom0.read("/vmdisks"), "a file in the way");

    insta::assert_snapshot!(shown);
}

#[test]
fn an_image_that_was_there_and_is_gone() {
    let dom0 = Dom0::new();
    dom0.declare(&[guest("web", 1)]);
    assert_eq!(dom0.run(&["apply"]).status, 0);
    dom0.xl(&["destroy", "1"]);
    fs::remove_file(dom0.path("/vmdisks/web.img")).unwrap();
    dom0.boot("second");
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 1);
    insta::assert_snapshot!(ran.stderr);
    assert!(!dom0.has("/vmdisks/web.img"));
    // Said on purpose, a new one is made.
    let forgot = dom0.run(&["image", "forget", "/vmdisks/web.img"]);
    assert_eq!(forgot.status, 0, "{}", forgot.stderr);
    assert_eq!(dom0.run(&["apply"]).status, 0);
    assert!(dom0.has("/vmdisks/web.img"));
}

#[test]
fn an_image_that_is_there_is_never_touched() {
    let dom0 = Dom0::new();
    dom0.image("/vmdisks/web.img", "somebody's data");
    let before = dom0.read("/vmdisks/web.img");
    dom0.declare(&[guest("web", 1)]);
    assert_eq!(dom0.run(&["apply"]).status, 0);
    assert!(dom0.read("/vmdisks/web.img") == before);
}

#[test]
fn a_configuration_changed_by_hand_is_left() {
    let dom0 = Dom0::new();
    dom0.declare(&[guest("web", 1)]);
    assert_eq!(dom0.run(&["apply"]).status, 0);
    let by_hand = dom0.read("/etc/xen/web.cfg") + "cpus = \"0\"\n";
    dom0.write("/etc/xen/web.cfg", &by_hand);
    dom0.declare(&[with(|web| web["vcpus"] = json!(2))]);
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 1);
    insta::assert_snapshot!(ran.stderr);
    assert_eq!(dom0.read("/etc/xen/web.cfg"), by_hand);
    // And a removal leaves it too.
    dom0.declare(&[]);
    assert_eq!(dom0.run(&["apply"]).status, 0);
    assert_eq!(dom0.read("/etc/xen/web.cfg"), by_hand);
}

#[test]
fn a_domain_of_the_same_name_that_is_not_ours() {
    let dom0 = Dom0::new();
    dom0.create(&theirs("web"));
    dom0.declare(&[guest("web", 1)]);
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 1);
    insta::assert_snapshot!(ran.stderr);
    assert!(dom0.xl(&["list", "-v"]).contains("11111111-2222"));
}

#[test]
fn xl_that_fails_lies_or_is_missing() {
    let mut shown = String::new();
    for fault in ["fail", "junk", "fail:create"] {
        let mut dom0 = Dom0::new();
        dom0.fault(Some(fault));
        dom0.declare(&[guest("web", 1)]);
        let ran = dom0.run(&["apply"]);
        assert_eq!(ran.status, 1, "{fault}");
        assert!(dom0.has("/etc/xen/web.cfg"), "files need no xl");
        write!(shown, "## {fault}\n{}", ran.stderr).unwrap();
    }
    let dom0 = Dom0::new();
    dom0.declare(&[guest("web", 1)]);
    let output = Command::new(env!("CARGO_BIN_EXE_domus"))
        .args(["apply", "--xl", "/nonexistent/xl", "--root"])
        .arg(dom0.path("/"))
        .output()
        .unwrap();
    let ran = dom0.ran(output);
    assert_eq!(ran.status, 1);
    write!(shown, "## missing\n{}", ran.stderr).unwrap();
    insta::assert_snapshot!(shown);
}

#[test]
fn xl_that_hangs_is_ended() {
    let mut dom0 = Dom0::new();
    dom0.fault(Some("hang"));
    dom0.declare(&[guest("web", 1)]);
    let output = dom0
        .domus(&["apply"])
        .env("DOMUS_XL_TIMEOUT", "1")
        .output()
        .unwrap();
    let ran = dom0.ran(output);
    assert_eq!(ran.status, 1);
    insta::assert_snapshot!(ran.stderr);
}

/// Runs domus as a user who may not read everything: root may.
fn as_nobody(dom0: &Dom0, args: &[&str]) -> Ran {
    let domus = dom0.domus(args);
    // Where the tests are built may be closed to others.
    let program = dom0.path("/domus");
    fs::copy(domus.get_program(), &program).unwrap();
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(program)
        .args(domus.get_args());
    same_environment(&mut command, &domus);
    dom0.ran(command.output().unwrap())
}

#[test]
fn a_folder_that_may_not_be_read_is_an_error_not_an_absence() {
    let dom0 = Dom0::new();
    dom0.declare(&[guest("web", 1)]);
    fs::create_dir_all(dom0.path("/vmdisks")).unwrap();
    let root = is_root();
    // Root may read everything; then somebody else looks, to whom all but this folder is open.
    open_to_all(&dom0);
    let mode = if root { 0o700 } else { 0o000 };
    fs::set_permissions(dom0.path("/vmdisks"), fs::Permissions::from_mode(mode)).unwrap();
    let ran = if root {
        as_nobody(&dom0, &["plan"])
    } else {
        dom0.run(&["plan"])
    };
    fs::set_permissions(dom0.path("/vmdisks"), fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(ran.status, 1, "{}{}", ran.stdout, ran.stderr);
    assert!(!ran.stdout.contains("make image"), "{}", ran.stdout);
    insta::assert_snapshot!(ran.stdout);
}

fn is_root() -> bool {
    fs::metadata("/proc/self")
        .is_ok_and(|metadata| std::os::unix::fs::MetadataExt::uid(&metadata) == 0)
}

/// The test's folder is made for its user alone; here somebody else looks at it.
fn open_to_all(dom0: &Dom0) {
    fs::set_permissions(dom0.path("/"), fs::Permissions::from_mode(0o777)).unwrap();
}

#[test]
fn a_full_file_system() {
    let dom0 = Dom0::new();
    fs::create_dir_all(dom0.path("/vmdisks")).unwrap();
    dom0.declare(&[guest("web", 1)]);
    let domus = dom0.domus(&["apply"]);
    let words: Vec<_> = std::iter::once(domus.get_program())
        .chain(domus.get_args())
        .collect();
    let script = r#"mount -t tmpfs -o size=16k none "$1" && shift && "$@"; status=$?; ls -A "$0" >&3; exit $status"#;
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "--map-root-user", "sh", "-c"])
        .arg(script.replace(">&3", "").as_str());
    command
        .arg(dom0.path("/vmdisks"))
        .arg(dom0.path("/vmdisks"))
        .args(words);
    command
        .env("FAKE_XL_STATE", dom0.path("/xl"))
        .env("FAKE_XL_ROOT", dom0.path("/"));
    let ran = dom0.ran(command.output().unwrap());
    assert_eq!(ran.status, 1, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(
        ran.stdout, "",
        "no image was made, and no temporary is left"
    );
    insta::assert_snapshot!(ran.stderr);
}
