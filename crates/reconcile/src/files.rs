//! Files that are there whole or not at all.
//!
//! A file is written under a temporary name in the same folder, synced, renamed, and the folder is
//! synced; a kill leaves at most a temporary, whose name begins with a dot (xendomains starts every
//! other file that it finds) and ends in [`TEMPORARY`].

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use sha2::{Digest, Sha256};

/// How the temporary names of Domus end.
pub const TEMPORARY: &str = ".domus-tmp";

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {verb} {path}: {source}{remedy}")]
pub struct FileError {
    verb: &'static str,
    path: PathBuf,
    source: io::Error,
    remedy: &'static str,
}

impl FileError {
    fn new(verb: &'static str, path: &Path, source: io::Error) -> Self {
        let remedy = match source.kind() {
            io::ErrorKind::StorageFull => ". The file system is full: make room, then switch again",
            io::ErrorKind::ReadOnlyFilesystem => ". The file system is mounted read-only",
            io::ErrorKind::PermissionDenied => ". Run domus as root",
            _ => "",
        };
        Self {
            verb,
            path: path.to_owned(),
            source,
            remedy,
        }
    }
}

/// What stands at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Nothing.
    Absent,
    /// A regular file with these bytes.
    File(Vec<u8>),
    /// A symbolic link with this target.
    Link(PathBuf),
    /// A folder, a device, a socket.
    Other,
}

/// Looks at what stands at a path, without following a link.
///
/// # Errors
/// When it cannot be looked at; only what is surely not there is [`Entry::Absent`].
pub fn look(path: &Path) -> Result<Entry, FileError> {
    let error = |source| FileError::new("read", path, source);
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(Entry::Absent),
        Err(source) => return Err(error(source)),
    };
    if metadata.is_file() {
        Ok(Entry::File(fs::read(path).map_err(error)?))
    } else if metadata.is_symlink() {
        Ok(Entry::Link(fs::read_link(path).map_err(error)?))
    } else {
        Ok(Entry::Other)
    }
}

/// Whether anything stands at a path, whatever it is and however large.
///
/// # Errors
/// When it cannot be looked at.
pub fn is_there(path: &Path) -> Result<bool, FileError> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(FileError::new("read", path, source)),
    }
}

/// The mode of a file; nothing where it cannot be looked at.
#[must_use]
pub fn mode(path: &Path) -> Option<u32> {
    let metadata = fs::symlink_metadata(path).ok()?;
    Some(metadata.permissions().mode() & 0o7777)
}

/// The text of a file, or `None` where there is none.
///
/// # Errors
/// When it is there and cannot be read, or is not UTF-8.
pub fn read_text(path: &Path) -> Result<Option<String>, FileError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(FileError::new("read", path, source)),
    }
}

/// The names in a folder, in order; none where there is no folder.
///
/// # Errors
/// When the folder is there and cannot be read.
pub fn names_in(folder: &Path) -> Result<Vec<String>, FileError> {
    let error = |source| FileError::new("read the folder", folder, source);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(error(source)),
    };
    let mut names = Vec::new();
    for entry in entries {
        if let Ok(name) = entry.map_err(error)?.file_name().into_string() {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// Whether a file that is written may take the place of one that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// The file is ours.
    Replace,
    /// Nothing was there when it was planned, and nothing may be there now.
    Refuse,
}

/// Writes a file, whole or not at all. The caller has compared: equal bytes are not written again.
///
/// # Errors
/// When a step fails; then what was there stays, and the temporary is removed.
pub fn write(path: &Path, bytes: &[u8], mode: u32, existing: Existing) -> Result<(), FileError> {
    let error = |source| FileError::new("write", path, source);
    let (folder, prefix) = place(path).map_err(error)?;
    create_folder(folder)?;
    let mut file = tempfile::Builder::new()
        .prefix(&prefix)
        .suffix(TEMPORARY)
        .tempfile_in(folder)
        .map_err(error)?;
    file.write_all(bytes).map_err(error)?;
    let permissions = Permissions::from_mode(mode);
    file.as_file().set_permissions(permissions).map_err(error)?;
    file.as_file().sync_all().map_err(error)?;
    match existing {
        Existing::Replace => file.persist(path),
        Existing::Refuse => file.persist_noclobber(path),
    }
    .map_err(|failed| error(failed.error))?;
    sync_folder(folder).map_err(error)
}

/// Makes a symbolic link where nothing is, whole or not at all.
///
/// # Errors
/// When something is there, or a step fails.
pub fn link(path: &Path, target: &Path) -> Result<(), FileError> {
    let error = |source| FileError::new("write", path, source);
    let (folder, _) = place(path).map_err(error)?;
    create_folder(folder)?;
    symlink(target, path).map_err(error)?;
    sync_folder(folder).map_err(error)
}

/// Makes a symbolic link in the place of a file or another link; at every moment one of the two is there.
///
/// # Errors
/// When a step fails.
pub fn replace_by_link(path: &Path, target: &Path) -> Result<(), FileError> {
    let error = |source| FileError::new("replace", path, source);
    let (folder, prefix) = place(path).map_err(error)?;
    let temporary = folder.join(format!("{prefix}link{TEMPORARY}"));
    remove(&temporary)?;
    symlink(target, &temporary).map_err(error)?;
    fs::rename(&temporary, path).map_err(error)?;
    sync_folder(folder).map_err(error)
}

/// Gives a file another name in its folder, where nothing has that name.
///
/// # Errors
/// When something has the name, or the file cannot be renamed.
pub fn rename(from: &Path, to: &Path) -> Result<(), FileError> {
    let error = |source| FileError::new("rename", from, source);
    renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)
        .map_err(|errno| error(errno.into()))?;
    let (folder, _) = place(to).map_err(error)?;
    sync_folder(folder).map_err(error)
}

/// Removes a file or link; one that is gone already is no error.
///
/// # Errors
/// When it is there and cannot be removed.
pub fn remove(path: &Path) -> Result<(), FileError> {
    let error = |source| FileError::new("remove", path, source);
    match fs::remove_file(path) {
        Ok(()) => {}
        Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(error(source)),
    }
    let (folder, _) = place(path).map_err(error)?;
    sync_folder(folder).map_err(error)
}

/// Removes what a killed run left in a folder: its temporaries, nothing else. The caller holds the
/// lock, so that none of them is in use.
///
/// # Errors
/// When the folder cannot be read or a temporary cannot be removed.
pub fn remove_temporaries(folder: &Path) -> Result<(), FileError> {
    for name in names_in(folder)? {
        if name.starts_with('.') && name.ends_with(TEMPORARY) {
            remove(&folder.join(name))?;
        }
    }
    Ok(())
}

/// Removes what a killed run left of writing this one file. The caller holds the lock under which it is written.
///
/// # Errors
/// When the folder cannot be read or a temporary cannot be removed.
pub fn remove_temporaries_of(path: &Path) -> Result<(), FileError> {
    let Ok((folder, prefix)) = place(path) else {
        return Ok(());
    };
    for name in names_in(folder)? {
        if name.starts_with(&prefix) && name.ends_with(TEMPORARY) {
            remove(&folder.join(name))?;
        }
    }
    Ok(())
}

/// Makes a folder and its parents, each on disk before the next.
///
/// # Errors
/// When it cannot be made.
pub fn create_folder(folder: &Path) -> Result<(), FileError> {
    disk_image::create_folder(folder, &mut Vec::new())
        .map_err(|failed| FileError::new("create the folder", folder, failed.source))
}

/// Opens, or makes, the file that a lock is taken on.
///
/// # Errors
/// When it cannot be opened.
pub fn open_lock(path: &Path) -> Result<File, FileError> {
    if let Some(folder) = path.parent() {
        create_folder(folder)?;
    }
    let options = File::options()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(path);
    options.map_err(|source| FileError::new("open the lock", path, source))
}

/// A short name for a file's bytes: the first half of its SHA-256.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    let digit = |number: u8| char::from(b"0123456789abcdef"[usize::from(number & 15)]);
    let half = &Sha256::digest(bytes)[..16];
    half.iter()
        .flat_map(|byte| [digit(byte >> 4), digit(*byte)])
        .collect()
}

fn place(path: &Path) -> io::Result<(&Path, String)> {
    match (
        path.parent(),
        path.file_name().and_then(|name| name.to_str()),
    ) {
        (Some(folder), Some(name)) => Ok((folder, format!(".{name}."))),
        _ => Err(io::ErrorKind::InvalidInput.into()),
    }
}

/// Brings the entries of a folder to the disk, where there is one: what others took out of it stays out after a power cut.
///
/// # Errors
/// When it is there and cannot be synced.
pub fn sync(folder: &Path) -> Result<(), FileError> {
    match sync_folder(folder) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(FileError::new("write out the folder", folder, source))
        }
        _ => Ok(()),
    }
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_whole_files_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("auto/web");
        write(&path, b"one", 0o644, Existing::Refuse).unwrap();
        write(&path, b"two", 0o600, Existing::Replace).unwrap();
        assert_eq!(look(&path).unwrap(), Entry::File(b"two".to_vec()));
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(names_in(path.parent().unwrap()).unwrap(), ["web"]);
    }

    #[test]
    fn refuses_what_appeared_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("web.cfg");
        fs::write(&path, "somebody's").unwrap();
        assert!(write(&path, b"ours", 0o644, Existing::Refuse).is_err());
        assert!(link(&path, Path::new("x")).is_err());
        assert_eq!(names_in(folder.path()).unwrap(), ["web.cfg"]);
        assert_eq!(fs::read(&path).unwrap(), b"somebody's");
    }

    #[test]
    fn unreadable_is_not_absent() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        let below_a_file = folder.path().join("file/web.cfg");
        assert!(look(&below_a_file).is_err());
        assert!(names_in(&folder.path().join("file")).is_err());
        assert_eq!(look(&folder.path().join("none")).unwrap(), Entry::Absent);
    }

    #[test]
    fn temporaries_go_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            ".web.abc123.domus-tmp",
            ".web.swp",
            "notes.domus-tmp",
            "web",
        ] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        remove_temporaries(folder.path()).unwrap();
        assert_eq!(
            names_in(folder.path()).unwrap(),
            [".web.swp", "notes.domus-tmp", "web"]
        );
    }
}
