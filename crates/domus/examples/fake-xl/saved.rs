//! What saves, restores and pauses domains; and killing whoever called.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, thread};

use super::list::libxl_json;
use super::{Domain, State, add, change, die, end, load, save_file, state_file, update};

/// Carries a verb out; false for another one.
pub fn carried_out(words: &[&str]) -> bool {
    match words {
        ["save", domid, file] => {
            let mut bytes = Vec::new();
            change(domid, |domain| {
                let state = serde_json::to_vec(domain).unwrap_or_default();
                bytes = save_file::whole(&libxl_json(domain).to_string(), &state);
            });
            if let Some(folder) = PathBuf::from(file).parent()
                && let Err(error) = private(folder).and_then(|()| fs::write(file, bytes))
            {
                die(&error.to_string());
            }
            end(domid);
        }
        ["save", "-p", domid, file] => save_paused(domid, file),
        ["info"] => info(&load()),
        ["restore", "-p", "-F", file] => {
            let domid = restore(file);
            if !super::is_to_kill("kill-after:", "restore") {
                super::monitor::stay(domid);
            }
        }
        // As xendomains does.
        ["restore", file] => {
            let domid = restore(file).to_string();
            change(&domid, |domain| {
                domain.paused = false;
                domain.ran = true;
            });
        }
        ["restore", "-p", file] => {
            restore(file);
        }
        ["pause", domid] => change(domid, |domain| domain.paused = true),
        ["unpause", domid] => change(domid, |domain| {
            domain.paused = false;
            domain.ran = true;
        }),
        ["uptime"] => uptime(&load()),
        ["console", rest @ ..] => println!("fake console of {}", rest.join(" ")),
        _ => return false,
    }
    true
}

/// As xl, which leaves a domain that it saved there, paused. The file `save-fails` names guests whose save fails half-way; as
/// with xl they run on; the file `save-late` those whose xl fails when all is written.
fn save_paused(domid: &str, file: &str) {
    let mut is_late = false;
    change(domid, |domain| {
        let state = serde_json::to_vec(domain).unwrap_or_default();
        let text = save_file::whole(&libxl_json(domain).to_string(), &state);
        let fails = fs::read_to_string(state_file().with_file_name("save-fails"));
        let fails = fails.is_ok_and(|names| names.lines().any(|name| name == domain.name));
        let part = if fails { text.len() / 2 } else { text.len() };
        if let Err(error) = fs::write(file, &text[..part]) {
            die(&format!(
                "Failed to open temp file {file} for writing: {error}"
            ));
        }
        if fails {
            die(
                "libxl: error: libxl_stream_write.c:350: xc error\nFailed to save domain, resuming domain",
            );
        }
        domain.paused = true;
        let late = fs::read_to_string(state_file().with_file_name("save-late"));
        is_late = late.is_ok_and(|names| names.lines().any(|name| name == domain.name));
    });
    if is_late {
        die("libxl: error: it was saved, and this xl was ended");
    }
}

/// Of the host's memory, which the file `host-memory` has in MiB, the domains leave this.
fn info(state: &State) {
    let total = fs::read_to_string(state_file().with_file_name("host-memory"));
    let total: i64 = total
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(16 << 20);
    let used: i64 = state.domains.iter().map(|domain| domain.memory_mib).sum();
    println!("host                   : dom0");
    println!("nr_cpus                : {}", super::pins::HOST);
    println!("max_cpu_id             : {}", super::pins::HOST - 1);
    println!("total_memory           : {total}");
    println!("free_memory            : {}", total - 1500 - used);
    println!("outstanding_claims     : 0");
    println!("xen_commandline        : placeholder dom0_mem=1500M");
}

/// The save folder, as the module makes it.
fn private(folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}

/// Kills whoever called.
pub fn kill_caller() {
    if let Some(caller) = rustix::process::getppid() {
        let _ = rustix::process::kill_process(caller, rustix::process::Signal::KILL);
    }
}

/// Every domain runs since a day, two hours, three minutes and four seconds.
fn uptime(state: &State) {
    println!("{:<33} {:>4} Uptime", "Name", "ID");
    println!("{:<33} {:>4} 2 days,  0:00:00", "Domain-0", 0);
    for domain in &state.domains {
        println!("{:<33} {:4} 1 day,  2:03:04", domain.name, domain.domid);
    }
}

/// Brings a saved domain back, paused. As with xl, it is there before all of its memory is: three seconds before, where
/// there is a file `restore-is-slow`.
fn restore(file: &str) -> u32 {
    let bytes =
        fs::read(file).unwrap_or_else(|error| die(&format!("Can't open restore file: {error}")));
    eprintln!("Loading new save file {file} (new xl fmt info 0x3/0x0/2000)");
    let state = save_file::memory(&bytes).unwrap_or(&bytes);
    let Ok(mut domain) = serde_json::from_slice::<Domain>(state) else {
        die("File has wrong magic number - corrupt or for a different tool?")
    };
    domain.paused = true;
    domain.monitor = super::monitor::own();
    domain.ran = false;
    let domid = update(|state| add(state, domain));
    if state_file().with_file_name("restore-is-slow").exists() {
        thread::sleep(Duration::from_secs(3));
    }
    domid
}
