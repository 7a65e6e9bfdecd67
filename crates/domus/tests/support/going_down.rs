//! A Dom0 that goes down.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::json;

use super::process::same_environment;
use super::{Dom0, HAND, Ran, guest};

/// web after db, and mail, which is shut down; and a foreign domain. systemd says that it stops, and that xendomains is this.
pub fn dom0(xendomains: &str) -> Dom0 {
    let dom0 = Dom0::new();
    systemd(&dom0, "stopping", xendomains);
    let mut web = guest("web", 1);
    web["startup"] = json!({ "order": 10, "after": ["db"] });
    let db = guest("db", 2);
    let mut mail = guest("mail", 3);
    mail["startup"] = json!({ "order": 5 });
    mail["lifecycle"] = json!({ "onHostShutdown": "shutdown", "shutdownTimeoutSeconds": 1 });
    dom0.declare_for("domus", &[web, db, mail]);
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    dom0.create(HAND);
    dom0
}

pub fn systemd(dom0: &Dom0, system: &str, xendomains: &str) {
    let script = format!(
        "#!/bin/sh\ncase $1 in is-system-running) echo {system} ;; is-active) echo {xendomains} ;; esac\nexit 3\n"
    );
    dom0.write("/bin/systemctl", &script);
    let run = fs::Permissions::from_mode(0o755);
    fs::set_permissions(dom0.path("/bin/systemctl"), run).unwrap();
}

pub fn command(dom0: &Dom0, args: &[&str]) -> Command {
    let path = std::env::var("PATH").unwrap();
    let mut command = dom0.domus(args);
    command.env("PATH", format!("{}:{path}", dom0.path("/bin").display()));
    command
}

pub fn shut_down(dom0: &Dom0) -> Ran {
    dom0.ran(command(dom0, &["host-shutdown"]).output().unwrap())
}

pub fn domains(dom0: &Dom0) -> Vec<String> {
    let list = dom0.xl(&["list", "-v"]);
    let names = list
        .lines()
        .skip(2)
        .filter_map(|line| line.split_whitespace().next());
    names.map(str::to_owned).collect()
}

pub fn saves(dom0: &Dom0) -> Vec<String> {
    let files = dom0.files("/var/lib/xen/save").into_iter();
    files
        .map(|(path, _)| path.replace("/var/lib/xen/save/", ""))
        .collect()
}

pub fn domid(dom0: &Dom0, name: &str) -> String {
    let list = dom0.xl(&["list", "-v"]);
    let mut lines = list.lines();
    let line = lines.find(|line| line.split_whitespace().next() == Some(name));
    line.unwrap().split_whitespace().nth(1).unwrap().to_owned()
}

/// Shuts down where a command has mounted something on the save folder, which it gets as `$0`; nothing where that cannot be.
pub fn shut_down_on(dom0: &Dom0, mount: &str) -> Option<Ran> {
    let unshare = Command::new("unshare").args(["-m", "true"]).status();
    if unshare.map_or(true, |status| !status.success()) {
        println!("skipped: file systems cannot be mounted here");
        return None;
    }
    let folder = dom0.path("/var/lib/xen/save");
    fs::create_dir_all(&folder).unwrap();
    let domus = command(dom0, &["host-shutdown"]);
    let mut mounted = Command::new("unshare");
    mounted.args(["-m", "sh", "-c", &format!("{mount} && exec \"$@\"")]);
    mounted.arg(&folder);
    mounted.arg(domus.get_program()).args(domus.get_args());
    same_environment(&mut mounted, &domus);
    Some(dom0.ran(mounted.output().unwrap()))
}
