//! Transitions from one generation to the next, for tests that disturb them.

#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, reason = "a test's own support")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::support::{Dom0, guest};

/// A Dom0 with nothing, about to be told of three guests.
pub fn empty() -> Dom0 {
    let dom0 = Dom0::new();
    dom0.declare(&[guest("web", 1), guest("mail", 2), guest("shop", 3)]);
    dom0
}

/// A Dom0 with web, mail and shop.
pub fn three_guests() -> Dom0 {
    let dom0 = empty();
    assert_eq!(dom0.run(&["apply"]).status, 0);
    dom0
}

/// About to be told of the next generation: web has more memory and another disk now, and another kernel command line at
/// its next boot, its screen has a password; mail is restarted.
pub fn change() -> Dom0 {
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
pub fn removal() -> Dom0 {
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

/// Applies under strace, with this injected into domus and all that it calls; nothing where there is no strace.
pub fn apply_with(dom0: &Dom0, call: &str, injected: &str) -> Output {
    let domus = dom0.domus(&["apply"]);
    let mut strace = Command::new("strace");
    strace.args([
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        &format!("trace={call}"),
    ]);
    strace.args(["-e", &format!("inject={call}:{injected}")]);
    strace.arg(domus.get_program()).args(domus.get_args());
    for (name, value) in domus.get_envs() {
        match value {
            Some(value) => strace.env(name, value),
            None => strace.env_remove(name),
        };
    }
    strace.output().unwrap()
}

/// Whether there is a strace; without it, these tests are skipped, and say so.
pub fn has_strace() -> bool {
    let there = Command::new("strace")
        .args(["-qq", "-o", "/dev/null", "true"])
        .status()
        .is_ok();
    if !there {
        println!("skipped: there is no strace");
    }
    there
}
