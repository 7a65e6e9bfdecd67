//! A test double of xl: it keeps domains in a file and speaks xl's own words.
//!
//! What it prints for `list -v` and `list -l` has the shape of Xen 4.17's; the scenarios on real Xen hold
//! `domus` to the real one. `FAKE_XL_STATE` names the folder with its state. `FAKE_XL_FAULT` makes it
//! fail: `hang`, `junk`, `fail`, or `fail:VERB` for one verb, or one with these arguments; `kill-before:VERB` and `kill-after:VERB` kill whoever called
//! it, before or after one verb does its work.

#[path = "fake-xl/change.rs"]
mod change;
#[path = "fake-xl/create.rs"]
mod create;
#[path = "fake-xl/devices.rs"]
mod devices;
#[path = "fake-xl/list.rs"]
mod list;
#[path = "fake-xl/monitor.rs"]
mod monitor;
#[path = "fake-xl/pins.rs"]
mod pins;
#[path = "fake-xl/save_file.rs"]
mod save_file;
#[path = "fake-xl/saved.rs"]
mod saved;

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fs, process, thread};

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use xl_cfg::Config;

use change::changed;
use create::{add, create};
use devices::FakeDisk;
use list::{list, list_long};

#[derive(Serialize, Deserialize, Default)]
struct State {
    next_domid: u32,
    domains: Vec<Domain>,
}

#[derive(Serialize, Deserialize, Clone)]
struct Domain {
    domid: u32,
    name: String,
    uuid: String,
    guest_type: String,
    memory_mib: i64,
    max_mib: i64,
    vcpus: i64,
    max_vcpus: i64,
    kernel: Option<String>,
    ramdisk: Option<String>,
    cmdline: Option<String>,
    disks: Vec<FakeDisk>,
    nics: Vec<serde_json::Value>,
    weight: i64,
    cap: i64,
    /// `on_poweroff` and its like, where they are not libxl's default.
    events: serde_json::Map<String, serde_json::Value>,
    vfbs: Vec<serde_json::Value>,
    /// `type.hvm`
    hvm: serde_json::Value,
    bootloader: Option<String>,
    /// Where each vCPU may run now, and would rather.
    #[serde(default)]
    affinity: Vec<[Vec<u32>; 2]>,
    /// What a reboot by itself takes.
    text: String,
    #[serde(default)]
    paused: bool,
    /// The xl in the foreground that watches over it.
    #[serde(default)]
    monitor: Option<u32>,
    /// Whether it ever ran since it was created or restored.
    #[serde(default)]
    ran: bool,
}

fn die(message: &str) -> ! {
    eprintln!("{message}");
    process::exit(1)
}

fn state_file() -> PathBuf {
    let Some(folder) = env::var_os("FAKE_XL_STATE") else {
        die("FAKE_XL_STATE is not set")
    };
    PathBuf::from(folder).join("domains.json")
}

fn load() -> State {
    match fs::read_to_string(state_file()) {
        Ok(text) => serde_json::from_str(&text).unwrap_or_else(|error| die(&error.to_string())),
        Err(_) => State {
            next_domid: 1,
            domains: Vec::new(),
        },
    }
}

/// Changes the domains, one xl at a time: others wait until this one has written what it made of them.
fn update<T>(change: impl FnOnce(&mut State) -> T) -> T {
    let lock = fs::File::create(state_file().with_extension("lock"));
    let lock = lock.unwrap_or_else(|error| die(&error.to_string()));
    if let Err(error) = flock(&lock, FlockOperation::LockExclusive) {
        die(&error.to_string());
    }
    let mut state = load();
    let given = change(&mut state);
    save(&state);
    drop(lock);
    given
}

/// Ends a domain, with what libxl keeps of it.
fn end(domid: &str) {
    update(|state| {
        let own = |domain: &mut Domain| domain.domid.to_string() == domid;
        for domain in state.domains.extract_if(.., own) {
            let _ = fs::remove_file(stored(&domain));
            let _ = fs::remove_file(kept(&domain, "libxl-json"));
        }
    });
}

/// Keeps a domain's configuration as libxl does, when it is made, or a device attached: what is detached later stays in it until
/// another comes in its place (`device_add_domain_config`).
fn keep(domain: &Domain) {
    if env::var_os("FAKE_XL_ROOT").is_some() {
        let file = kept(domain, "libxl-json");
        let before = fs::read_to_string(&file).unwrap_or_default();
        let before: Value = serde_json::from_str(before.trim_end_matches('\0')).unwrap_or_default();
        let mut config = list::libxl_json(domain);
        for disk in before["disks"].as_array().into_iter().flatten() {
            let is_there = domain.disks.iter().any(|known| disk["vdev"] == *known.vdev);
            if let (false, Some(disks)) = (is_there, config["disks"].as_array_mut()) {
                disks.push(disk.clone());
            }
        }
        let new = kept(domain, "new.libxl-json");
        // With the end of the string, as libxl writes it.
        write_kept(&new, &format!("{config}\0"));
        if let Err(error) = fs::rename(new, file) {
            die(&error.to_string());
        }
    }
}

/// Whole or not at all: xenstored does not forget what it has because an xl is killed.
fn save(state: &State) {
    let text = serde_json::to_string(state).unwrap_or_default();
    let temporary = state_file().with_extension(format!("{}.new", process::id()));
    let written = fs::write(&temporary, text).and_then(|()| fs::rename(&temporary, state_file()));
    if let Err(error) = written {
        die(&error.to_string());
    }
}

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let verb = words.first().copied().unwrap_or_default();
    monitor::show(&words);
    match env::var("FAKE_XL_FAULT").as_deref() {
        Ok("hang") => thread::sleep(Duration::from_secs(3600)),
        Ok("junk") => return println!("Segmentation fault"),
        Ok("fail") => die("xenstored is not running"),
        Ok(fault)
            if fault
                .strip_prefix("fail:")
                .is_some_and(|at| at == verb || at == words.join(" ")) =>
        {
            die("libxl: error: libxl_domain.c:42: fault wanted")
        }
        _ => {}
    }
    if is_to_kill("kill-before:", verb) {
        return saved::kill_caller();
    }
    if !changed(&words) && !saved::carried_out(&words) {
        carry_out(&words);
    }
    if is_to_kill("kill-after:", verb) {
        saved::kill_caller();
    }
}

/// Whether the caller is to be killed at this verb.
fn is_to_kill(when: &str, verb: &str) -> bool {
    env::var("FAKE_XL_FAULT").is_ok_and(|fault| fault.strip_prefix(when) == Some(verb))
}

/// What makes and ends domains, and lists them.
fn carry_out(words: &[&str]) {
    match words {
        ["list", "-v"] => list(&load()),
        ["list", "-l"] => list_long(&load()),
        ["vcpu-list", domids @ ..] => pins::list(domids),
        ["create", "-F", path] => {
            monitor::wait_for_lock();
            let domid = create(&read(path));
            monitor::stay(domid);
        }
        ["create", path] => {
            create(&read(path));
        }
        ["config-update", domid, path] => {
            let text = fs::read_to_string(path).unwrap_or_else(|error| die(&error.to_string()));
            if let Err(error) = Config::parse(&text) {
                die(&error.to_string());
            }
            change(domid, |domain| {
                write_kept(&stored(domain), &text);
            });
        }
        // The guest reboots by itself: xl makes it anew, as it was made or as was stored for it.
        ["reboot", domid] => {
            let (watched, text) = update(|state| {
                let own = |domain: &Domain| domain.domid.to_string() == *domid;
                let Some(at) = state.domains.iter().position(own) else {
                    die("no such domain")
                };
                let old = state.domains.remove(at);
                let text = fs::read_to_string(stored(&old));
                let _ = fs::remove_file(stored(&old));
                let _ = fs::remove_file(kept(&old, "libxl-json"));
                let text = text.unwrap_or_else(|_| old.text.clone());
                (monitor::restarts(&old, &text), text)
            });
            if !watched {
                create(&text);
            }
        }
        ["shutdown", "-F", domid] if is_deaf(domid) => {}
        ["shutdown", "-F", domid] => {
            let state = load();
            let domain = state
                .domains
                .iter()
                .find(|one| one.domid.to_string() == *domid);
            let again = domain
                .filter(|one| one.events.get("on_poweroff") == Some(&serde_json::json!("restart")));
            if let Some(domain) = again {
                let text = fs::read_to_string(stored(domain));
                monitor::restarts(domain, &text.unwrap_or_else(|_| domain.text.clone()));
            }
            end(domid);
        }
        ["destroy", domid] => end(domid),
        _ => die(&format!("fake xl: cannot {words:?}")),
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| die(&format!("{path}: {error}")))
}

/// Where `config-update` puts a configuration.
fn stored(domain: &Domain) -> PathBuf {
    kept(domain, "xl")
}

/// As libxl: nobody else may read it (`libxl__userdata_store`).
fn write_kept(path: &Path, text: &str) {
    let written = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    if let Err(error) = written {
        die(&error.to_string());
    }
}

/// Where libxl keeps something of a domain.
fn kept(domain: &Domain, what: &str) -> PathBuf {
    let root = env::var("FAKE_XL_ROOT").unwrap_or_default();
    let folder = PathBuf::from(root).join("var/lib/xen");
    let _ = fs::create_dir_all(&folder);
    folder.join(format!(
        "userdata-d.{}.{}.{what}",
        domain.domid, domain.uuid
    ))
}

/// Whether a guest does not hear that it is to shut down: it is named in the file `deaf`.
fn is_deaf(domid: &str) -> bool {
    let mut domains = load().domains.into_iter();
    domains.any(|domain| domain.domid.to_string() == domid && is_named("deaf", &domain.name))
}

/// Whether a file beside the state names a guest: `deaf`, or `locked`, whose drives keep their discs.
fn is_named(file: &str, guest: &str) -> bool {
    let names = fs::read_to_string(state_file().with_file_name(file)).unwrap_or_default();
    names.lines().any(|name| name == guest)
}

fn change(domid: &str, change: impl FnOnce(&mut Domain)) {
    update(|state| {
        let own = |domain: &&mut Domain| domain.domid.to_string() == domid;
        let Some(domain) = state.domains.iter_mut().find(own) else {
            die(&format!("{domid} is an invalid domain identifier (rc=-6)"));
        };
        change(domain);
    });
}
