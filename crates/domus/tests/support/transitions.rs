//! Transitions from one generation to the next, for tests that disturb them.

#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, reason = "a test's own support")]

use std::collections::HashMap;
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

/// A Dom0 on which web, which runs, is called shop from now on.
pub fn rename() -> Dom0 {
    renamed(false)
}

/// The same of a web that is saved.
pub fn rename_saved() -> Dom0 {
    renamed(true)
}

fn renamed(saved: bool) -> Dom0 {
    let dom0 = Dom0::new();
    fs::create_dir_all(dom0.path("/nix/var/nix/gcroots")).unwrap();
    let mut web = guest("web", 1);
    web["boot"]["kernel"] = json!("/nix/store/aaa-linux/bzImage");
    dom0.declare(std::slice::from_ref(&web));
    assert_eq!(dom0.run(&["apply"]).status, 0);
    if saved {
        let file = dom0.path("/var/lib/xen/save/web");
        dom0.xl(&["save", "1", file.to_str().unwrap()]);
    }
    web["name"] = json!("shop");
    web["lifecycle"] = json!({ "previousNames": [ "web" ] });
    dom0.declare(&[web]);
    dom0
}

/// A Dom0 with web, which is off and whose disk is to grow.
pub fn grow() -> Dom0 {
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
pub fn grown(dom0: &Dom0) {
    let image = dom0.path("/vmdisks/web.img");
    let checked = Command::new("e2fsck").arg("-fn").arg(image).output();
    assert!(checked.unwrap().status.success());
}

/// A Dom0 with web, which a person made and xendomains starts from a copy.
pub fn by_hand() -> Dom0 {
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
pub fn orphaned() -> Dom0 {
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

/// Runs domus under strace, with this injected into it and all that it calls.
pub fn run_with(dom0: &Dom0, args: &[&str], call: &str, injected: &str) -> Output {
    let domus = dom0.domus(args);
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

/// How often each of these calls is made by one thread of domus, or of what it calls, when it is run so.
pub fn count_calls(dom0: &Dom0, args: &[&str], calls: &[&str]) -> HashMap<String, usize> {
    let log = dom0.path("/xl/calls");
    let domus = dom0.domus(args);
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-o", log.to_str().unwrap()]);
    strace.args(["-e", &format!("trace={}", calls.join(","))]);
    strace.arg(domus.get_program()).args(domus.get_args());
    for (name, value) in domus.get_envs() {
        match value {
            Some(value) => strace.env(name, value),
            None => strace.env_remove(name),
        };
    }
    assert!(strace.output().unwrap().status.success());
    let mut by_thread: HashMap<(String, String), usize> = HashMap::new();
    for line in String::from_utf8_lossy(&fs::read(log).unwrap()).lines() {
        let Some((thread, rest)) = line.split_once(' ') else {
            continue;
        };
        if let Some((call, _)) = rest.trim_start().split_once('(') {
            let key = (thread.to_owned(), call.to_owned());
            *by_thread.entry(key).or_default() += 1;
        }
    }
    let mut most = HashMap::new();
    for ((_, call), count) in by_thread {
        let known: &mut usize = most.entry(call).or_default();
        *known = count.max(*known);
    }
    most
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
