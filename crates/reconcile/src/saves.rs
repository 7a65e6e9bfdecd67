//! What is in xendomains' save folder, of whom it is, and what was moved aside there.
//!
//! An empty folder costs one reading of its names; a file some short reads ([`save_file::glance`]).

mod aside;
mod xendomains;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use uuid::Uuid;

pub use self::aside::{Aside, Reason, SetAsideError, aside_name, set_aside};
use crate::domains::DomainConfig;
use crate::files::{self, FileError};
use crate::layout::Layout;
use crate::save_file::{self, Content, SaveFile, State};

/// What is in the save folder.
#[derive(Debug, Default)]
pub struct Saves {
    files: BTreeMap<String, Save>,
    /// What Domus moved aside there.
    pub aside: Vec<Aside>,
    /// The folder's mode, where guests' memory is in it and others than its owner may look.
    pub open_mode: Option<u32>,
}

/// A file in the save folder that xendomains sees.
#[derive(Debug)]
pub struct Save {
    /// What it is, or why that is not known.
    pub file: Result<SaveFile, String>,
    /// The UUID of the domain that was saved, where the file says it.
    pub uuid: Option<Uuid>,
    /// The domain's configuration, where the file has one whose shape is known.
    pub config: Option<DomainConfig>,
    /// Whether it was last written before this boot of the Dom0, so that no save that runs now writes it.
    pub before_boot: bool,
    /// What was said when the guest of this name could not be started, or restored, in this boot.
    pub failure: Option<String>,
}

impl Save {
    /// Whether xl may restore a guest from it, or nobody knows: such a file is the guest's memory. Of what cannot be
    /// read, and of what is in a form that this does not know, nobody knows.
    #[must_use]
    pub fn may_restore(&self) -> bool {
        self.broken().is_none()
    }

    /// What is wrong with a file that xl cannot restore: it is empty, partial or damaged.
    #[must_use]
    pub fn broken(&self) -> Option<String> {
        match &self.file.as_ref().ok()?.content {
            Content::Empty => Some("it is empty".to_owned()),
            Content::Saved(saved) => match &saved.state {
                State::Partial(at) => Some(at.to_string()),
                State::Damaged(damage) => Some(format!("it is damaged: {damage}")),
                State::Whole | State::EndsWell | State::NotKnown(_) => None,
            },
            _ => None,
        }
    }

    /// Whether xl wrote it, or the beginning of it.
    #[must_use]
    pub fn is_of_xl(&self) -> bool {
        matches!(&self.file, Ok(file) if matches!(file.content, Content::Saved(_)))
    }

    /// What it is, where xl did not write it: xendomains passes over it, or follows it.
    #[must_use]
    pub fn not_of_xl(&self) -> Option<&'static str> {
        match self.file.as_ref().ok()?.content {
            Content::Foreign => Some("a file that xl did not write"),
            Content::Folder => Some("a folder"),
            Content::Link => Some("a symbolic link"),
            Content::Special => Some("a device, a pipe or a socket"),
            Content::Empty | Content::Saved(_) => None,
        }
    }

    /// libxl's configuration of the domain as JSON, with its passwords.
    #[must_use]
    pub fn json(&self) -> Option<&str> {
        Some(self.file.as_ref().ok()?.config()?.json())
    }
}

impl Saves {
    /// What stands under a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Save> {
        self.files.get(name)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Save)> {
        self.files.iter().map(|(name, save)| (name.as_str(), save))
    }

    /// Those that xl may restore, or of which nobody knows.
    pub fn that_hold_memory(&self) -> impl Iterator<Item = (&str, &Save)> {
        self.iter().filter(|(_, save)| save.may_restore())
    }

    /// Their names.
    #[must_use]
    pub fn names(&self) -> BTreeSet<String> {
        self.that_hold_memory()
            .map(|(name, _)| name.to_owned())
            .collect()
    }

    /// Whether what stands under a name says itself that it is of the domain with this UUID.
    #[must_use]
    pub fn is_of(&self, name: &str, uuid: Uuid) -> bool {
        self.get(name).is_some_and(|save| save.uuid == Some(uuid))
    }

    /// The name of the file that holds the memory of the domain with this UUID, where a file says so itself.
    #[must_use]
    pub fn file_of(&self, uuid: Uuid) -> Option<&str> {
        let mut files = self.that_hold_memory();
        files.find_map(|(name, save)| (save.uuid == Some(uuid)).then_some(name))
    }

    /// Looks at the save folder. To be called after the domains were asked for: what is partial, and has no domain, is
    /// not being written then.
    ///
    /// # Errors
    /// When the folder is there and cannot be read. What is about one file is in [`Save::file`].
    pub fn look(layout: &Layout) -> Result<Self, FileError> {
        Self::look_at(layout, false)
    }

    /// The same, with what is out of xendomains' sight, because its name begins with a dot, and may be wanted again: whole
    /// saves that Domus or a person moved aside, and what nobody can tell from one.
    ///
    /// # Errors
    /// As [`Saves::look`].
    pub(crate) fn look_at_all(layout: &Layout) -> Result<Self, FileError> {
        Self::look_at(layout, true)
    }

    fn look_at(layout: &Layout, hidden: bool) -> Result<Self, FileError> {
        let folder = layout.save_dir();
        let names = files::names_in(&folder)?;
        let mut saves = Self::default();
        let boot = if names.is_empty() {
            None
        } else {
            boot_time(layout)
        };
        for name in names {
            let path = folder.join(&name);
            if name.starts_with('.') {
                saves.aside.extend(aside::known(&name, &path));
                if !hidden {
                    continue;
                }
            }
            let file = match save_file::glance(&path) {
                Ok(file) => Ok(file),
                Err(error) if error.is_absent() => continue,
                Err(error) => Err(error.to_string()),
            };
            let json = file.as_ref().ok().and_then(|file| file.config());
            let failure = files::read_text(&layout.failure(&name)).ok().flatten();
            let save = Save {
                uuid: file.as_ref().ok().and_then(uuid_in),
                config: json.and_then(|json| serde_json::from_str(json.json()).ok()),
                before_boot: match (&file, boot) {
                    (Ok(file), Some(boot)) => file.modified < boot,
                    _ => false,
                },
                failure,
                file,
            };
            // What others keep there, and no xl wrote: editors, file systems.
            let no_save = matches!(
                &save.file,
                Ok(file) if matches!(file.content, Content::Foreign | Content::Folder | Content::Special)
            );
            if !(name.starts_with('.') && no_save) {
                saves.files.insert(name, save);
            }
        }
        if !saves.aside.is_empty() || saves.files.values().any(Save::is_of_xl) {
            saves.open_mode = files::mode(&folder).filter(|mode| mode & 0o077 != 0);
        }
        Ok(saves)
    }
}

/// The UUID of the domain that was saved, where the file says it.
#[must_use]
pub fn uuid_in(file: &SaveFile) -> Option<Uuid> {
    #[derive(Deserialize)]
    struct Config {
        c_info: Identity,
    }
    #[derive(Deserialize)]
    struct Identity {
        uuid: Uuid,
    }
    let config: Config = serde_json::from_str(file.config()?.json()).ok()?;
    Some(config.c_info.uuid)
}

/// When the Dom0 booted (`btime` in proc(5)).
fn boot_time(layout: &Layout) -> Option<SystemTime> {
    let text = fs::read_to_string(layout.below("/proc/stat")).ok()?;
    let seconds = text
        .lines()
        .find_map(|line| line.strip_prefix("btime "))?
        .trim()
        .parse()
        .ok()?;
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

/// How much room the save file of a guest takes, in MiB: its memory, page tables and devices' state, and its configuration.
#[must_use]
pub const fn needed_mib(memory_mib: u64) -> u64 {
    memory_mib + memory_mib / 64 + 32
}

/// How many bytes the file system of the save folder has free for root; nothing where it does not say.
#[must_use]
pub fn free_bytes(layout: &Layout) -> Option<u64> {
    let folder = layout.save_dir();
    let there = folder.ancestors().find(|folder| folder.exists())?;
    let room = rustix::fs::statvfs(there).ok()?;
    // Not `f_bavail`: xl saves as root, for whom a part is kept.
    room.f_bfree.checked_mul(room.f_frsize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_cannot_be_read_nobody_knows() {
        let save = Save {
            file: Err("permission denied".to_owned()),
            uuid: None,
            config: None,
            before_boot: true,
            failure: None,
        };
        assert!(save.may_restore());
        assert_eq!(save.broken(), None);
    }
}
