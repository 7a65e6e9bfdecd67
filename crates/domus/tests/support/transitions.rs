//! Transitions from one generation to the next, for tests that disturb them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::{Value, json};

use super::renamed::{declare_shop, with_web};
use super::{Dom0, guest};

/// What is disturbed, and what holds then.
pub struct Transition {
    /// What it is called in what a test counts.
    pub name: &'static str,
    /// Makes the Dom0 on which it is about to happen.
    pub before: fn() -> Dom0,
    /// How domus is called, which makes it happen.
    pub args: &'static [&'static str],
    /// Whether the same again may find that there is nothing left to do, and say that with its exit status.
    pub may_refuse: bool,
    /// What must hold in the end, beside the files and domains.
    pub check: fn(&Dom0),
}

impl Transition {
    const fn apply(name: &'static str, before: fn() -> Dom0) -> Self {
        Self {
            name,
            before,
            args: &["apply"],
            may_refuse: false,
            check: |_| {},
        }
    }
}

pub const FROM_NOTHING: Transition = Transition::apply("empty to three guests", empty);
pub const CHANGE: Transition = Transition::apply("change", change);
pub const REMOVAL: Transition = Transition::apply("removal", removal);
pub const RENAMING: Transition = Transition::apply("rename", rename);
pub const RENAMING_OF_A_SAVED_ONE: Transition =
    Transition::apply("rename of a saved guest", rename_saved);
pub const GROWTH: Transition = Transition {
    check: grown,
    ..Transition::apply("grow", grow)
};
pub const ADOPTION: Transition = Transition {
    args: &["adopt", "web"],
    ..Transition::apply("adoption", by_hand)
};
pub const DELETION: Transition = Transition {
    args: &[
        "image",
        "delete",
        "--yes",
        "/vmdisks/web.img",
        "/vmdisks/more.img",
    ],
    // One that is deleted and forgotten is no image any more, and then the same command deletes nothing.
    may_refuse: true,
    ..Transition::apply("deletion", orphaned)
};

/// A Dom0 with nothing, about to be told of three guests.
fn empty() -> Dom0 {
    let dom0 = Dom0::new();
    dom0.declare(&[guest("web", 1), guest("mail", 2), guest("shop", 3)]);
    dom0
}

/// A Dom0 with web, mail and shop.
fn three_guests() -> Dom0 {
    let dom0 = empty();
    assert_eq!(dom0.run(&["apply"]).status, 0);
    dom0
}

/// About to be told of the next generation: web has more memory and another disk now, and another kernel command line at
/// its next boot, its screen has a password; mail is restarted.
fn change() -> Dom0 {
    let dom0 = three_guests();
    let mut web = guest("web", 1);
    web["memoryMib"] = json!(384);
    web["boot"]["cmdline"] = json!("console=hvc0 quiet");
    web["graphics"] = json!({ "vnc": { "enable": true, "passwordFile": "/run/keys/web" } });
    let data = json!({ "name": "data", "path": "/vmdisks/data.img", "size": "1MiB", "format": "raw", "vdev": "xvdb" });
    web["disks"].as_array_mut().unwrap().push(data);
    dom0.write("/run/keys/web", "hunter2");
    let closed = fs::Permissions::from_mode(0o600);
    fs::set_permissions(dom0.path("/run/keys/web"), closed).unwrap();
    let mut mail = guest("mail", 2);
    mail["vcpus"] = json!(2);
    mail["lifecycle"] = json!({ "onChange": "restart" });
    dom0.declare(&[web, mail, guest("shop", 3)]);
    dom0
}

/// About to be told of a generation without mail, which shuts down and leaves its disk, and without shop, which is
/// destroyed; store has shop's disk.
fn removal() -> Dom0 {
    let dom0 = Dom0::new();
    let mut shop = guest("shop", 3);
    shop["lifecycle"] = json!({ "onRemove": "destroy" });
    dom0.declare(&[guest("web", 1), guest("mail", 2), shop]);
    assert_eq!(dom0.run(&["apply"]).status, 0);
    let mut store = guest("store", 4);
    store["disks"][0]["path"] = json!("/vmdisks/shop.img");
    dom0.declare(&[guest("web", 1), store]);
    dom0
}

/// A Dom0 on which web, which runs, is called shop from now on.
fn rename() -> Dom0 {
    renamed(false)
}

/// The same of a web that is saved.
fn rename_saved() -> Dom0 {
    renamed(true)
}

fn renamed(saved: bool) -> Dom0 {
    let dom0 = with_web();
    if saved {
        let file = dom0.path("/var/lib/xen/save/web");
        dom0.xl(&["save", "1", file.to_str().unwrap()]);
    }
    declare_shop(&dom0);
    dom0
}

/// A Dom0 with web, which is off and whose disk is to grow.
fn grow() -> Dom0 {
    let dom0 = Dom0::new();
    let mut web = guest("web", 1);
    web["disks"][0]["size"] = json!("4MiB");
    // Where only resize2fs is killed, the guest would start with the disk as it was.
    web["autostart"] = json!(false);
    dom0.declare(std::slice::from_ref(&web));
    assert_eq!(dom0.run(&["apply"]).status, 0);
    web["disks"][0]["size"] = json!("8MiB");
    dom0.declare(&[web]);
    dom0.boot("second");
    dom0.write("/xl/domains.json", "{\"next_domid\":1,\"domains\":[]}");
    dom0
}

/// Its file system is sound.
fn grown(dom0: &Dom0) {
    let image = dom0.path("/vmdisks/web.img");
    let checked = Command::new("e2fsck").arg("-fn").arg(image).output();
    assert!(checked.unwrap().status.success());
}

/// A Dom0 with web, which a person made and xendomains starts from a copy.
fn by_hand() -> Dom0 {
    let dom0 = Dom0::new();
    dom0.image("/vmdisks/web.img", "a system");
    dom0.declare(&[guest("web", 1)]);
    let text = dom0.run(&["render", "web"]).stdout + "# mine\n";
    dom0.write("/etc/xen/web.cfg", &text);
    dom0.write("/etc/xen/auto/web", &text);
    dom0.xl(&["create", dom0.path("/etc/xen/web.cfg").to_str().unwrap()]);
    dom0
}

/// A Dom0 on which web was removed, and its two disks were left.
fn orphaned() -> Dom0 {
    let dom0 = Dom0::new();
    let mut web = guest("web", 1);
    let more = json!({ "name": "more", "path": "/vmdisks/more.img", "size": "4MiB", "format": "raw", "vdev": "xvdb" });
    web["disks"].as_array_mut().unwrap().push(more);
    dom0.declare(&[web]);
    assert_eq!(dom0.run(&["apply"]).status, 0);
    dom0.declare(&[]);
    assert_eq!(dom0.run(&["apply"]).status, 0);
    dom0
}

/// All files and domains but what differs from run to run: UUIDs in file systems, seen here by size only.
pub fn state(dom0: &Dom0) -> (Vec<(String, String)>, Value) {
    let files = dom0
        .files("/")
        .into_iter()
        .filter(|(path, _)| !path.starts_with("/xl/"));
    (
        files.collect(),
        serde_json::from_str(&dom0.read("/xl/domains.json")).unwrap(),
    )
}

/// The same without the numbers of domains, which depend on the order in which guests came up.
pub fn state_without_numbers(dom0: &Dom0) -> (Vec<(String, String)>, Vec<Value>) {
    let (files, mut domains) = state(dom0);
    let files = files.into_iter().map(|(path, content)| {
        let path = match path.split_once("userdata-d.") {
            Some((folder, rest)) => {
                let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
                format!("{folder}userdata-d.N{rest}")
            }
            None => path,
        };
        let lines = content
            .lines()
            .filter(|line| !line.trim_start().starts_with("\"domid\": "));
        (path, lines.collect::<Vec<_>>().join("\n"))
    });
    let mut domains: Vec<Value> = domains["domains"]
        .as_array_mut()
        .unwrap()
        .drain(..)
        .collect();
    for domain in &mut domains {
        domain["domid"] = Value::Null;
    }
    domains.sort_by_key(|domain| domain["name"].as_str().map(str::to_owned));
    let mut files: Vec<_> = files.collect();
    files.sort();
    (files, domains)
}
