//! A guest that was made by hand becomes Domus's, where it is as it is declared, and is not touched.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::{Value, json};
use support::{Dom0, Ran, guest};

/// What a person wrote for the guest that is declared as web, in a person's way.
const BY_HAND: &str = r#"# my web server
type   = 'pvh'
name   = 'web'
uuid   = '6d7e3a0c-3b0f-4a55-9d0e-000000000001'
memory = 256
maxmem = 512
kernel = "/boot/bzImage"
ramdisk = "/boot/initrd"
cmdline = 'console=hvc0'
on_poweroff = "destroy"
disk = [ 'format=raw, vdev=xvda, access=rw, target=/vmdisks/web.img' ]
vif  = [ 'bridge=xenbr0,mac=00:16:3e:00:00:01' ]
"#;

/// A Dom0 on which web was made by hand and is declared.
fn by_hand(text: &str) -> Dom0 {
    let dom0 = Dom0::new();
    dom0.image("/vmdisks/web.img", "a system");
    dom0.write("/etc/xen/web.cfg", text);
    dom0.xl(&["create", dom0.path("/etc/xen/web.cfg").to_str().unwrap()]);
    dom0.declare(&[guest("web", 1)]);
    dom0
}

fn adopted(dom0: &Dom0) -> Ran {
    let ran = dom0.run(&["adopt", "web"]);
    assert_eq!(ran.status, 0, "{}{}", ran.stdout, ran.stderr);
    ran
}

fn domains(dom0: &Dom0) -> Value {
    serde_json::from_str(&dom0.read("/xl/domains.json")).unwrap()
}

/// Refused, with all files and domains as they were.
fn refused(dom0: &Dom0) -> Ran {
    let before = (dom0.files("/"), domains(dom0));
    let ran = dom0.run(&["adopt", "web"]);
    assert_eq!(ran.status, 1, "{}{}", ran.stdout, ran.stderr);
    assert_eq!((dom0.files("/"), domains(dom0)), before);
    ran
}

#[test]
fn a_running_guest_is_taken_over_and_not_touched() {
    let dom0 = by_hand(BY_HAND);
    insta::assert_snapshot!("before", dom0.run(&["plan"]).stdout);
    let before = domains(&dom0);
    insta::assert_snapshot!("adopt", adopted(&dom0).stdout);
    assert_eq!(domains(&dom0), before);
    assert_eq!(dom0.run(&["plan"]).stdout, "nothing to do\n");
    let files = dom0.files("/");
    assert_eq!(dom0.run(&["apply"]).status, 0);
    assert_eq!(domains(&dom0), before);
    assert_eq!(
        dom0.files("/etc"),
        files
            .into_iter()
            .filter(|(path, _)| path.starts_with("/etc"))
            .collect::<Vec<_>>()
    );
    // Again, it is Domus's already; and it is like any other of them.
    insta::assert_snapshot!("again", adopted(&dom0).stdout);
    let mut web = guest("web", 1);
    web["memoryMib"] = json!(384);
    dom0.declare(&[web]);
    assert!(
        dom0.run(&["apply"])
            .stdout
            .contains("set memory from 256 MiB to 384")
    );
}

#[test]
fn what_xendomains_starts_becomes_a_link_of_domus() {
    let auto = "/etc/xen/auto/web";
    for kind in ["link", "absolute link", "copy"] {
        let dom0 = by_hand(BY_HAND);
        fs::create_dir_all(dom0.path("/etc/xen/auto")).unwrap();
        match kind {
            "link" => symlink("../web.cfg", dom0.path(auto)).unwrap(),
            "absolute link" => symlink("/etc/xen/web.cfg", dom0.path(auto)).unwrap(),
            _ => dom0.write(auto, &BY_HAND.replace("# my", "# a copy of my")),
        }
        adopted(&dom0);
        assert_eq!(
            fs::read_link(dom0.path(auto)).unwrap().to_str(),
            Some("../web.cfg"),
            "{kind}"
        );
        assert_eq!(dom0.run(&["plan"]).stdout, "nothing to do\n", "{kind}");
        // Removed, it leaves nothing there.
        dom0.declare(&[]);
        assert_eq!(dom0.run(&["apply"]).status, 0);
        assert_eq!(dom0.files("/etc/xen"), []);
    }
}

#[test]
fn a_guest_that_does_not_run_is_taken_over() {
    // Without a UUID and a hardware address, which xl makes up at each start.
    let text: String = BY_HAND
        .replace(",mac=00:16:3e:00:00:01", "")
        .lines()
        .filter(|line| !line.starts_with("uuid"))
        .flat_map(|line| [line, "\n"])
        .collect();
    let dom0 = by_hand(&text);
    dom0.xl(&["shutdown", "-F", "1"]);
    adopted(&dom0);
    assert!(dom0.read("/etc/xen/web.cfg").contains("00:16:3e:00:00:01"));
    assert!(
        !dom0.xl(&["list", "-v"]).contains("web "),
        "it is not started by that"
    );
}

#[test]
fn differences_are_shown_and_nothing_is_changed() {
    let text = BY_HAND
        .replace("memory = 256", "memory = 300")
        .replace("console=hvc0", "console=hvc0 debug")
        .replace("xenbr0", "xenbr1")
        .replace("access=rw", "access=ro");
    let dom0 = by_hand(&text);
    let ran = refused(&dom0);
    insta::assert_snapshot!("differences", format!("{}\n{}", ran.stdout, ran.stderr));
    let ran = dom0.run(&["adopt", "web", "--json"]);
    assert_eq!(ran.status, 1);
    let said: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(said["adopted"], false);
    assert_eq!(said["differences"][0]["place"], "/etc/xen/web.cfg");
    assert_eq!(said["differences"][0]["key"], "cmdline");
}

#[test]
fn a_copy_for_xendomains_that_means_something_else_is_a_difference() {
    let dom0 = by_hand(BY_HAND);
    dom0.write(
        "/etc/xen/auto/web",
        &BY_HAND.replace("memory = 256", "memory = 400"),
    );
    let ran = refused(&dom0);
    assert!(
        ran.stdout
            .starts_with("/etc/xen/auto/web\n  memory\n    - 400\n    + 256\n"),
        "{}",
        ran.stdout
    );
}

#[test]
fn an_identity_is_never_changed() {
    let dom0 = by_hand(&BY_HAND.replace("000000000001", "999999999999"));
    let ran = refused(&dom0);
    insta::assert_snapshot!("identity", format!("{}\n{}", ran.stdout, ran.stderr));
    let mut web = guest("web", 1);
    web["uuid"] = json!("6d7e3a0c-3b0f-4a55-9d0e-999999999999");
    dom0.declare(&[web]);
    adopted(&dom0);
    assert_eq!(dom0.run(&["plan"]).stdout, "nothing to do\n");
}

#[test]
fn another_entry_for_xendomains_is_said() {
    let dom0 = by_hand(BY_HAND);
    fs::create_dir_all(dom0.path("/etc/xen/auto")).unwrap();
    symlink("../web.cfg", dom0.path("/etc/xen/auto/web.cfg")).unwrap();
    let ran = refused(&dom0);
    assert!(
        ran.stderr.contains("/etc/xen/auto/web.cfg starts this guest with the Dom0 too; remove it, or name it /etc/xen/auto/web"),
        "{}",
        ran.stderr
    );
    fs::rename(
        dom0.path("/etc/xen/auto/web.cfg"),
        dom0.path("/etc/xen/auto/web"),
    )
    .unwrap();
    adopted(&dom0);
}

#[test]
fn what_is_not_there_or_not_known_is_not_adopted() {
    let mut dom0 = Dom0::new();
    dom0.declare(&[guest("web", 1)]);
    let ran = refused_without_domains(&dom0);
    insta::assert_snapshot!(ran.stderr, @r"
    error: guest web: there is nothing to adopt: no domain web runs, and there is no /etc/xen/web.cfg; `domus apply` makes the guest
    error: guest web is not adopted, and nothing was changed
    ");
    let ran = dom0.run(&["adopt", "nobody"]);
    assert_eq!(ran.status, 1);
    assert!(
        ran.stderr.contains("no guest nobody is declared"),
        "{}",
        ran.stderr
    );
    dom0.write("/etc/xen/web.cfg", "name = [\n");
    let ran = refused_without_domains(&dom0);
    assert!(
        ran.stderr
            .contains("/etc/xen/web.cfg cannot be read as an xl configuration"),
        "{}",
        ran.stderr
    );
    dom0.write("/etc/xen/web.cfg", BY_HAND);
    dom0.write("/var/lib/xen/save/web", "of another");
    let ran = refused_without_domains(&dom0);
    assert!(
        ran.stderr
            .contains("is a save file of this name with another UUID"),
        "{}",
        ran.stderr
    );
    fs::remove_file(dom0.path("/var/lib/xen/save/web")).unwrap();
    dom0.fault(Some("fail"));
    let ran = refused_without_domains(&dom0);
    assert!(
        ran.stderr.contains("xenstored is not running"),
        "{}",
        ran.stderr
    );
    dom0.fault(None);
    dom0.write("/var/lib/domus/guests/web.json", "{");
    let ran = refused_without_domains(&dom0);
    assert!(ran.stderr.contains("web.json is damaged"), "{}", ran.stderr);
}

fn refused_without_domains(dom0: &Dom0) -> Ran {
    let before = dom0.files("/");
    let ran = dom0.run(&["adopt", "web"]);
    assert_eq!(ran.status, 1, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(dom0.files("/"), before);
    ran
}

#[test]
fn a_password_is_compared_and_not_shown() {
    let text =
        BY_HAND.replace("type   = 'pvh'", "type = 'pv'") + "vfb = [ 'vnc=1, vncpasswd=hunter2' ]\n";
    let dom0 = by_hand(&text);
    let mut web = guest("web", 1);
    web["type"] = json!("pv");
    web["graphics"] = json!({ "vnc": { "enable": true, "passwordFile": "/run/keys/web" } });
    dom0.declare(&[web]);
    dom0.write("/run/keys/web", "swordfish");
    let ran = refused(&dom0);
    assert!(
        !ran.stdout.contains("hunter2") && !ran.stdout.contains("swordfish"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("vfb"), "{}{}", ran.stdout, ran.stderr);
    dom0.write("/run/keys/web", "hunter2");
    adopted(&dom0);
    assert_eq!(
        support::exposed(&dom0, "hunter2").len(),
        1,
        "the key itself, which this test wrote"
    );
    assert_eq!(dom0.run(&["plan"]).stdout, "nothing to do\n");
}

/// A switch, in its stages.
fn switched(dom0: &Dom0) -> String {
    let files = dom0.activate("switch");
    let guests = dom0.run(&["apply", "--stage", "guests"]);
    assert_eq!((files.status, guests.status), (1, 1), "{}", guests.stderr);
    format!("{}{}{}", files.stderr, guests.stdout, guests.stderr)
}

#[test]
fn a_domain_of_the_declared_uuid_is_not_taken_over_by_a_switch() {
    for path in ["/etc/xen/web.cfg", "/root/web.cfg"] {
        let dom0 = by_hand(BY_HAND);
        dom0.xl(&["destroy", "1"]);
        fs::rename(dom0.path("/etc/xen/web.cfg"), dom0.path("/root.cfg")).unwrap();
        dom0.write(path, BY_HAND);
        dom0.xl(&["create", dom0.path(path).to_str().unwrap()]);
        let mut web = guest("web", 1);
        web["memoryMib"] = json!(384);
        web["networks"] = json!([]);
        web["lifecycle"] = json!({ "onChange": "restart" });
        web["boot"]["cmdline"] = json!("console=hvc0 quiet");
        dom0.declare(&[web]);
        let before = (dom0.files("/etc"), domains(&dom0));
        for _ in 0..2 {
            let said = switched(&dom0);
            assert!(
                said.contains(
                    "a domain of its UUID runs (number 2) that Domus neither started nor adopted"
                ) && said.contains("run `domus adopt web`"),
                "{said}"
            );
            assert_eq!((dom0.files("/etc"), domains(&dom0)), before);
        }
        let ran = dom0.run(&["start", "web"]);
        assert!(
            ran.status == 1 && ran.stderr.contains("domus adopt web"),
            "{}",
            ran.stderr
        );
        assert_eq!(dom0.run(&["stop", "web"]).status, 1);
        // Nor does a rollback end it.
        dom0.declare(&[]);
        assert_eq!(dom0.run(&["apply"]).status, 0);
        assert_eq!(domains(&dom0), before.1);
        // It is adopted after such switches as before them.
        dom0.declare(&[guest("web", 1)]);
        adopted(&dom0);
        assert_eq!(dom0.run(&["plan"]).stdout, "nothing to do\n");
    }
}

#[test]
fn a_record_that_says_nothing_makes_no_domain_ones_own() {
    let dom0 = by_hand(BY_HAND);
    dom0.xl(&["destroy", "1"]);
    // The file is in the way, and the guest is remembered.
    assert_eq!(dom0.run(&["apply"]).status, 1);
    assert!(dom0.has("/var/lib/domus/guests/web.json"));
    dom0.xl(&["create", dom0.path("/etc/xen/web.cfg").to_str().unwrap()]);
    let before = domains(&dom0);
    let mut web = guest("web", 1);
    web["memoryMib"] = json!(384);
    dom0.declare(&[web]);
    switched(&dom0);
    dom0.declare(&[]);
    dom0.run(&["apply"]);
    assert_eq!(domains(&dom0), before);
}

#[test]
fn a_guest_whose_record_was_lost_is_known_by_its_file() {
    let dom0 = Dom0::new();
    dom0.declare(&[guest("web", 1)]);
    assert_eq!(dom0.run(&["apply"]).status, 0);
    fs::remove_file(dom0.path("/var/lib/domus/guests/web.json")).unwrap();
    assert_eq!(dom0.run(&["apply"]).status, 0);
    assert_eq!(dom0.run(&["plan"]).stdout, "nothing to do\n");
    assert_eq!(dom0.run(&["stop", "web"]).status, 0);
}
