//! Save files that are moved aside, out of xendomains' sight, and how they are known again.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::layout::Layout;
use crate::save_file::{self, SaveFile, SaveFileError};

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

/// What a file was, if Domus moved it aside.
pub(super) fn known(name: &str, path: &Path) -> Option<Aside> {
    let size_bytes = fs::symlink_metadata(path).ok()?.len();
    let name = name.strip_prefix('.')?;
    let moved = |reason: Reason| {
        let (guest, when) = name.rsplit_once(&format!(".{}-", reason.as_str()))?;
        let number = !when.is_empty() && when.bytes().all(|c| c.is_ascii_digit() || c == b'-');
        number.then_some((guest, reason))
    };
    // A save that was cut off has no time.
    let unfinished = name
        .strip_suffix(".saving")
        .filter(|guest| !guest.is_empty());
    let unfinished = unfinished.map(|guest| (guest, Reason::Unfinished));
    let (guest, reason) = unfinished.or_else(|| Reason::ALL.into_iter().find_map(moved))?;
    Some(Aside {
        guest: guest.to_owned(),
        reason,
        path: path.to_owned(),
        size_bytes,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_domus_moved_aside_is_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let found = |name: &str| {
            let path = folder.path().join(name);
            fs::write(&path, "12345").unwrap();
            known(name, &path).map(|aside| (aside.guest, aside.reason, aside.size_bytes))
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
}
