//! xl in the foreground, which watches over its domain and makes it anew.

use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use std::{env, fs, process, thread};

use super::{Domain, create, die, load, state_file};

/// How long xl sleeps before it makes a domain anew (`xl_vmcontrol.c`, `create_domain`).
const SLEEPS: Duration = Duration::from_secs(2);

/// Has the process seen as the real one is: as `xl` of the tree's /proc. That ends with the process.
pub fn show(words: &[&str]) {
    let foreground = matches!(words, ["create", "-F", ..] | ["restore", "-p", "-F", ..]);
    if !foreground || env::args().next().as_deref() == Some("xl") {
        return;
    }
    let (Some(root), Ok(program)) = (env::var_os("FAKE_XL_ROOT"), env::current_exe()) else {
        die("FAKE_XL_ROOT is not set")
    };
    let pid = process::id().to_string();
    let shown = PathBuf::from(root).join("proc").join(&pid);
    let _ = fs::remove_file(&shown);
    if let Err(error) = symlink(PathBuf::from("/proc").join(pid), &shown) {
        die(&format!("{}: {error}", shown.display()));
    }
    // The same process, by xl's name.
    let error = Command::new(program).arg0("xl").args(words).exec();
    die(&error.to_string())
}

/// As xl, which waits for Xen's lock before it makes a domain: as long as there is a file `lock-is-held`.
pub fn wait_for_lock() {
    while state_file().with_file_name("lock-is-held").exists() {
        thread::sleep(Duration::from_millis(20));
    }
}

/// The process that watches over the domain that it makes.
pub fn own() -> Option<u32> {
    (env::args().next().as_deref() == Some("xl")).then(process::id)
}

/// Where it stands what a domain is made anew of.
fn again(domid: u32) -> PathBuf {
    state_file().with_file_name(format!("again-{domid}"))
}

/// Leaves it to the xl that watches over a domain to make it anew; false where none does.
pub fn restarts(domain: &Domain, text: &str) -> bool {
    let monitor = domain.monitor.map(|pid| format!("/proc/{pid}"));
    if !monitor.is_some_and(|process| fs::exists(process).unwrap_or(false)) {
        return false;
    }
    if let Err(error) = fs::write(again(domain.domid), text) {
        die(&error.to_string());
    }
    true
}

/// Says what xl does once a domain is complete, and runs unless it is to stay paused.
fn say(name: &str, domid: u32) {
    eprintln!(
        "Waiting for domain {name} (domid {domid}) to die [pid {}]",
        process::id()
    );
}

/// Watches over a domain until it ends for good.
pub fn stay(mut domid: u32) {
    let domains = load().domains;
    let Some(domain) = domains.iter().find(|domain| domain.domid == domid) else {
        return;
    };
    say(&domain.name, domid);
    // As at the suspension of a guest: xl's watch is over, the domain is there.
    if state_file().with_file_name("monitor-ends").exists() {
        return;
    }
    loop {
        while load().domains.iter().any(|domain| domain.domid == domid) {
            thread::sleep(Duration::from_millis(50));
        }
        let Ok(text) = fs::read_to_string(again(domid)) else {
            return;
        };
        let _ = fs::remove_file(again(domid));
        thread::sleep(SLEEPS);
        wait_for_lock();
        domid = create(&text);
    }
}
