//! Who may bring a guest's domain back that is not there at this moment.
//!
//! That `xl list` has no domain of a guest does not say that the guest is off. The xl that made a domain stays, and makes
//! it anew where the guest reboots, or where its `on_poweroff`, `on_crash` or `on_watchdog` says so: it takes the domain
//! apart, sleeps for two seconds, waits for Xen's lock where it makes room in the Dom0, and creates it (`xl_vmcontrol.c`,
//! `handle_domain_death` and `create_domain`). And one that is to start a guest looks at its disks, and waits for the same
//! lock, before there is a domain. So the one rule is: a guest is off where it has no domain **and** no keeper, and these
//! are its keepers:
//!
//! - every xl that creates, restores or receives its domain, or did and watches it, whoever started it (by `/proc`);
//! - its unit's `domus run`, from before it looks whether the guest may start until the guest is gone (by a lock).
//!
//! Whoever works on the disks of a guest that is off takes that lock for himself meanwhile ([`HeldOff`]), so that no unit
//! starts the guest; against an xl that a person starts by hand at that moment there is no lock.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use uuid::Uuid;
use xl_cfg::Config;

use crate::files::{FileError, open_lock};
use crate::layout::Layout;
use crate::record::{Record, Records};

/// How long a unit may still be there after its guest is gone: it asks xl now and then only.
const UNIT_ENDS: Duration = Duration::from_secs(30);
/// How often a lock is tried again.
const POLL: Duration = Duration::from_millis(100);
/// How the names of locks end.
const LOCK: &str = ".keeper";
/// No configuration is larger; a save file is.
const LARGEST_CONFIG: u64 = 1 << 20;

/// One that may bring a guest's domain back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keeper {
    /// An xl.
    Xl {
        /// Its process.
        pid: u32,
        /// What its domain is called, or was when it was made; nothing where nobody can tell.
        name: Option<String>,
        /// The UUID, where its configuration says it.
        uuid: Option<Uuid>,
    },
    /// The `domus run` of the unit of this name.
    Unit(String),
    /// Whether there is a unit's cannot be known; why.
    Unknown(String),
}

impl std::fmt::Display for Keeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Xl {
                pid, name: None, ..
            } => write!(
                f,
                "xl (process {pid}) makes or watches a domain, and nobody can tell whether it is this guest's; `ps -fp {pid}` shows it"
            ),
            Self::Xl { pid, .. } => write!(
                f,
                "its xl (process {pid}) is there, and is about to start it: it reboots, its onPoweroff or onCrash is \"restart\", or somebody starts it"
            ),
            Self::Unit(name) => {
                write!(f, "domus-guest@{name}.service is there, and may start it")
            }
            Self::Unknown(why) => write!(f, "whether its unit may start it is not known: {why}"),
        }
    }
}

/// All keepers of this host.
#[derive(Clone, Debug, Default)]
pub struct Keepers {
    xls: Vec<Keeper>,
    units: Vec<Keeper>,
}

impl Keepers {
    /// Looks at all of them.
    #[must_use]
    pub fn look(layout: &Layout) -> Self {
        Self {
            xls: xls(layout),
            units: units(layout),
        }
    }

    /// A guest's keeper, or one that may be; `names` are those that the guest has, or may have had when its domain was made.
    #[must_use]
    pub fn of(&self, names: &[String], uuids: &[Uuid]) -> Option<&Keeper> {
        let unit = |keeper: &&Keeper| match keeper {
            Keeper::Unit(name) => names.contains(name),
            _ => true,
        };
        self.any_xl_of(names, uuids)
            .or_else(|| self.units.iter().find(unit))
    }

    /// The xl that is surely a guest's own.
    #[must_use]
    pub fn xl_of(&self, names: &[String], uuids: &[Uuid]) -> Option<&Keeper> {
        self.xls.iter().find(|keeper| match keeper {
            Keeper::Xl { name, uuid, .. } => {
                name.as_ref().is_some_and(|name| names.contains(name))
                    || uuid.is_some_and(|uuid| uuids.contains(&uuid))
            }
            _ => false,
        })
    }

    fn any_xl_of(&self, names: &[String], uuids: &[Uuid]) -> Option<&Keeper> {
        let nobodys = |keeper: &&Keeper| matches!(keeper, Keeper::Xl { name: None, .. });
        self.xl_of(names, uuids)
            .or_else(|| self.xls.iter().find(nobodys))
    }
}

/// The names that a guest has, or may have had when its domain was made.
#[must_use]
pub fn names(name: &str, record: Option<&Record>) -> Vec<String> {
    let mut names = vec![name.to_owned()];
    if let Some(record) = record {
        names.push(record.name.clone());
        names.extend(record.former_names.iter().cloned());
        names.extend(record.domain_name.clone());
    }
    names.sort_unstable();
    names.dedup();
    names
}

/// The same of the guest that is called so, or was.
#[must_use]
pub fn names_of(name: &str, records: &Records) -> Vec<String> {
    names(name, records.called(name))
}

fn xls(layout: &Layout) -> Vec<Keeper> {
    let proc = layout.below("/proc");
    // A /proc that is not there is that of a tree in which nothing runs.
    let processes = fs::read_dir(&proc).into_iter().flatten().flatten();
    processes
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|pid: u32| xl(pid, &proc.join(pid.to_string()), layout))
        .collect()
}

/// The xl of a process, if it is one that makes a domain, or made one and watches it.
fn xl(pid: u32, process: &Path, layout: &Layout) -> Option<Keeper> {
    let bytes = fs::read(process.join("cmdline")).ok()?;
    let mut words = bytes
        .split(|byte| *byte == 0)
        .map(|word| String::from_utf8_lossy(word).into_owned());
    let program = PathBuf::from(words.next()?);
    // Nixpkgs wraps programs so.
    let program = program.file_name()?.to_str()?.trim_start_matches('.');
    if program.trim_end_matches("-wrapped") != "xl" {
        return None;
    }
    let mut words = words.skip_while(|word| word.starts_with('-'));
    let verb = words.next().filter(|verb| !verb.is_empty())?;
    // xl takes the beginning of a verb for it (`xl_cmdtable.c`, `cmdtable_lookup`).
    let makes = ["create", "restore", "migrate-receive"];
    if !makes.iter().any(|known| known.starts_with(&verb)) {
        return None;
    }
    // In the background it has a log with the name that the domain had when it was made (`xl_utils.c`, `do_daemonize`).
    let log = ["fd/1", "fd/2"].iter().find_map(|fd| {
        let target = fs::read_link(process.join(fd)).ok()?;
        log_of(target.file_name()?.to_str()?)
    });
    let said = match log {
        Some(name) => Some((name, None)),
        None => words.find_map(|word| named_in(&word, process, layout)),
    };
    let (name, uuid) = said.unzip();
    let uuid = uuid.flatten();
    Some(Keeper::Xl { pid, name, uuid })
}

/// The domain's name from `xl-NAME.log`, which is another file by now where logs were put aside.
fn log_of(file: &str) -> Option<String> {
    let name = file.strip_prefix("xl-")?;
    let name = &name[..name.rfind(".log")?];
    // That of a guest that comes from another host, until it is all here.
    let name = name.strip_suffix("--incoming").unwrap_or(name);
    Some(name.to_owned())
}

/// The guest that an argument of xl is about: by what the file says, or by what it is called, where that says it as well.
fn named_in(word: &str, process: &Path, layout: &Layout) -> Option<(String, Option<Uuid>)> {
    let word = word.strip_prefix("--defconfig=").unwrap_or(word);
    if word.starts_with('-') || word.is_empty() {
        return None;
    }
    let said = |text: &str| {
        let config = Config::parse(text).ok()?;
        let text_of = |key: &str| Some(config.get(key)?.as_text()?.to_string());
        let uuid = text_of("uuid").and_then(|uuid| uuid.parse().ok());
        Some((text_of("name")?, uuid))
    };
    // xl's further arguments are lines of a configuration.
    if let Some(found) = said(word) {
        return Some(found);
    }
    let folder = fs::read_link(process.join("cwd")).unwrap_or_default();
    let path = folder.join(word);
    let small = fs::metadata(&path).is_ok_and(|seen| seen.is_file() && seen.len() < LARGEST_CONFIG);
    let text = small.then(|| fs::read(&path).ok()).flatten();
    if let Some(found) = text.and_then(|text| said(&String::from_utf8_lossy(&text))) {
        return Some(found);
    }
    // Where these files are called like their guests.
    let ours = [layout.config_dir(), layout.auto_dir(), layout.save_dir()];
    let parent = path.parent()?;
    let file = path.file_name()?.to_str()?;
    let name = file.strip_suffix(".cfg").unwrap_or(file);
    ours.iter()
        .any(|folder| folder == parent)
        .then(|| (name.to_owned(), None))
}

/// The units whose `domus run` has its lock.
fn units(layout: &Layout) -> Vec<Keeper> {
    let folder = layout.run_dir();
    let unknown = |why: &str| vec![Keeper::Unknown(format!("{}: {why}", folder.display()))];
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => return unknown(&error.to_string()),
    };
    let names = entries.flatten().filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        Some((name.strip_suffix(LOCK)?.to_owned(), entry.path()))
    });
    let held = names.filter_map(|(name, path)| {
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
            Err(error) => {
                return Some(Keeper::Unknown(format!("{}: {error}", path.display())));
            }
        };
        // A shared one would be had beside that of the unit; this is given back at once.
        flock(&file, FlockOperation::NonBlockingLockExclusive).err()?;
        // A `domus run` that looks is not in its own way.
        let mut holder = String::new();
        let own = file.read_to_string(&mut holder).is_ok() && holder == own_pid();
        (!own).then_some(Keeper::Unit(name))
    });
    held.collect()
}

fn own_pid() -> String {
    std::process::id().to_string()
}

/// Takes a guest's lock, and waits until it is there: as long as it takes, or until `limit`.
fn lock(
    name: &str,
    layout: &Layout,
    how: FlockOperation,
    limit: Option<Duration>,
    waiting: &mut dyn FnMut(),
) -> Result<File, KeeperError> {
    let path = layout.run_dir().join(format!("{name}{LOCK}"));
    let file = open_lock(&path)?;
    let since = Instant::now();
    loop {
        match flock(&file, how) {
            Ok(()) => return Ok(file),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) if limit.is_some_and(|limit| since.elapsed() >= limit) => {
                return Err(KeeperError::Kept(Keeper::Unit(name.to_owned())));
            }
            Err(Errno::AGAIN) => {
                waiting();
                thread::sleep(POLL);
            }
            Err(error) => return Err(KeeperError::Flock(path, error)),
        }
    }
}

/// Why a lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum KeeperError {
    /// Its file cannot be opened.
    #[error(transparent)]
    File(#[from] FileError),
    /// The kernel refused it.
    #[error("cannot lock {0}: {1}")]
    Flock(PathBuf, Errno),
    /// Somebody may start the guest.
    #[error("{0}")]
    Kept(Keeper),
}

/// What `domus run` has of its guest, until it ends: others see that the guest may be there at any moment.
#[derive(Debug)]
pub struct Keeping(#[expect(dead_code, reason = "held, not read")] File);

impl Keeping {
    /// Waits while somebody works on the disks of a guest; `waiting` is told so now and then.
    ///
    /// # Errors
    /// When the lock cannot be taken at all.
    pub fn begin(
        name: &str,
        layout: &Layout,
        waiting: &mut dyn FnMut(),
    ) -> Result<Self, KeeperError> {
        let shared = FlockOperation::NonBlockingLockShared;
        let mut file = lock(name, layout, shared, None, waiting)?;
        // The lock does not depend on what the file says.
        let _ = file.set_len(0);
        let _ = file.write_all(own_pid().as_bytes());
        Ok(Self(file))
    }
}

/// That a guest is off, and that its unit does not start it until this is dropped.
#[derive(Debug)]
pub struct HeldOff(#[expect(dead_code, reason = "held, not read")] Vec<File>);

impl HeldOff {
    /// Of a guest that has no domain, by all its names. A unit whose guest is gone is waited for.
    ///
    /// # Errors
    /// When somebody may start the guest, or that cannot be known.
    pub fn begin(names: &[String], uuids: &[Uuid], layout: &Layout) -> Result<Self, KeeperError> {
        let mut files = Vec::new();
        for name in names {
            let exclusive = FlockOperation::NonBlockingLockExclusive;
            let limit = Some(UNIT_ENDS);
            files.push(lock(name, layout, exclusive, limit, &mut || {})?);
        }
        match Keepers::look(layout).any_xl_of(names, uuids) {
            Some(keeper) => Err(KeeperError::Kept(keeper.clone())),
            None => Ok(Self(files)),
        }
    }
}

#[cfg(test)]
mod tests;
