//! What is in xendomains' save folder, of whom it is, and what was moved aside there.
//!
//! An empty folder costs one reading of its names; a file some short reads ([`save_file::glance`]).

mod xendomains;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use uuid::Uuid;

use crate::domains::DomainConfig;
use crate::files::{self, FileError};
use crate::layout::Layout;
use crate::save_file::{self, Content, SaveFile, SaveFileError, State};

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

/// A save file that Domus moved aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aside {
    /// The guest's name.
    pub guest: String,
    /// Why it was moved.
    pub reason: Reason,
    /// Where it is, in the Dom0.
    pub path: PathBuf,
    /// How long it is.
    pub size_bytes: u64,
}

/// Why a save file is moved aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It cannot be restored.
    Partial,
    /// The guest's declaration changed, and `onStaleSave` is `discard`.
    Discarded,
    /// It stood beside the guest, which ran on, when the Dom0 went down.
    Old,
    /// A save that was cut off before it had its name.
    Unfinished,
}

impl Reason {
    const ALL: [Self; 3] = [Self::Partial, Self::Discarded, Self::Old];

    /// The word in the file's new name.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Partial => "partial",
            Self::Discarded => "discarded",
            Self::Old => "old",
            Self::Unfinished => "saving",
        }
    }
}

/// Why a save file is not moved aside.
#[derive(Debug, thiserror::Error)]
pub enum SetAsideError {
    /// It cannot be looked at again.
    #[error(transparent)]
    Look(#[from] SaveFileError),
    /// It is another one by now.
    #[error("{0} changed meanwhile, and is left; run `domus apply` again")]
    Changed(PathBuf),
    /// It cannot be renamed.
    #[error(
        "cannot move {path} aside: {error}. As long as it is there, the guest does not start with the Dom0: move it away"
    )]
    Rename {
        /// The save file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
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
                saves.aside.extend(aside(&name, &path));
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

/// What a file was, if Domus moved it aside.
fn aside(name: &str, path: &Path) -> Option<Aside> {
    let size_bytes = fs::symlink_metadata(path).ok()?.len();
    let unfinished = name.strip_prefix('.')?.strip_suffix(".saving");
    if let Some(guest) = unfinished.filter(|guest| !guest.is_empty()) {
        return Some(Aside {
            guest: guest.to_owned(),
            reason: Reason::Unfinished,
            path: path.to_owned(),
            size_bytes,
        });
    }
    Reason::ALL.into_iter().find_map(|reason| {
        let (guest, when) = name
            .strip_prefix('.')?
            .rsplit_once(&format!(".{}-", reason.as_str()))?;
        let number = !when.is_empty() && when.bytes().all(|c| c.is_ascii_digit() || c == b'-');
        number.then(|| Aside {
            guest: guest.to_owned(),
            reason,
            path: path.to_owned(),
            size_bytes,
        })
    })
}

/// The name that a save file has once it is aside; xendomains does not see what begins with a dot.
#[must_use]
pub fn aside_name(guest: &str, reason: Reason, file: &SaveFile) -> String {
    let when = file.modified.duration_since(UNIX_EPOCH).unwrap_or_default();
    format!(".{guest}.{}-{}", reason.as_str(), when.as_secs())
}

/// Moves a save file aside, if it is still the one that was seen, and gives where it is now; nothing where it is gone. Killed
/// at any point, it is under one name or the other.
///
/// # Errors
/// When it is another one by now, or cannot be renamed; then it stays.
pub fn set_aside(
    guest: &str,
    seen: &SaveFile,
    reason: Reason,
    layout: &Layout,
) -> Result<Option<PathBuf>, SetAsideError> {
    let folder = layout.save_dir();
    let path = folder.join(guest);
    match save_file::glance(&path) {
        Ok(now) if now == *seen => {}
        Ok(_) => return Err(SetAsideError::Changed(path)),
        Err(error) if error.is_absent() => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    let name = aside_name(guest, reason, seen);
    // The caller holds the lock, and nobody else makes such names.
    let free = |name: &String| {
        let there = fs::symlink_metadata(folder.join(name));
        matches!(there, Err(error) if error.kind() == io::ErrorKind::NotFound)
    };
    let names = (2..1000).map(|number| format!("{name}-{number}"));
    let target = std::iter::once(name.clone()).chain(names).find(free);
    let result = target
        .ok_or_else(|| io::ErrorKind::AlreadyExists.into())
        .and_then(|name| {
            let aside = folder.join(name);
            fs::rename(&path, &aside)?;
            fs::File::open(&folder)?.sync_all()?;
            Ok(Some(aside))
        });
    result.map_err(|error| SetAsideError::Rename { path, error })
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
    fn only_what_domus_moved_aside_is_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let found = |name: &str| {
            let path = folder.path().join(name);
            fs::write(&path, "12345").unwrap();
            aside(name, &path).map(|aside| (aside.guest, aside.reason, aside.size_bytes))
        };
        let web = |reason| Some(("web".to_owned(), reason, 5));
        assert_eq!(found(".web.partial-17"), web(Reason::Partial));
        assert_eq!(found(".web.discarded-17-2"), web(Reason::Discarded));
        assert_eq!(found(".web.old-17"), web(Reason::Old));
        assert_eq!(found(".web.saving"), web(Reason::Unfinished));
        // A guest may have a dot in its name.
        let dotted = Some(("web.partial-1".to_owned(), Reason::Partial, 5));
        assert_eq!(found(".web.partial-1.partial-17"), dotted);
        for other in [
            ".web",
            ".web.partial-",
            ".web.partial-x",
            "web.partial-17",
            ".web.swp",
        ] {
            assert_eq!(found(other), None, "{other}");
        }
    }

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
