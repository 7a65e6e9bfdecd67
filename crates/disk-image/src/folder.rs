//! The folder that an image is made in.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::ImageError;

/// Folders made on the way, in their order; what is not kept is removed again.
#[derive(Debug, Default)]
pub(crate) struct Made {
    folders: Vec<PathBuf>,
}

impl Made {
    /// Makes what is missing of a folder, each part on disk before the next.
    pub(crate) fn folder(image: &Path, folder: &Path) -> Result<Self, ImageError> {
        let mut made = Self::default();
        let result = create_folder(folder, &mut made.folders);
        result.map_err(|failed| ImageError::io(image, &failed.path, failed.verb, failed.source))?;
        Ok(made)
    }

    /// The image is there: the folders stay.
    pub(crate) fn keep(mut self) -> Vec<PathBuf> {
        std::mem::take(&mut self.folders)
    }
}

/// A part of a folder that could not be made.
#[derive(Debug)]
pub struct NotMade {
    /// What could not be done with it.
    pub verb: &'static str,
    /// The part.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

/// Makes what is missing of a folder, each part on disk before the next: after a power cut, what was written into it is still
/// to be found. `made` gets the parts, in their order.
///
/// # Errors
/// When a part cannot be looked into, made or synced.
pub fn create_folder(folder: &Path, made: &mut Vec<PathBuf>) -> Result<(), NotMade> {
    let failed = |verb, path: &Path, source| NotMade {
        verb,
        path: path.to_owned(),
        source,
    };
    let mut missing = Vec::new();
    for part in folder
        .ancestors()
        .filter(|part| !part.as_os_str().is_empty())
    {
        match fs::metadata(part) {
            Ok(_) => break,
            Err(error) if error.kind() == io::ErrorKind::NotFound => missing.push(part),
            Err(error) => return Err(failed("look into", part, error)),
        }
    }
    for part in missing.into_iter().rev() {
        match fs::create_dir(part) {
            Ok(()) => made.push(part.to_owned()),
            // Another run made it meanwhile; it is not ours to remove.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed("make the folder", part, error)),
        }
        if let Some(parent) = part.parent() {
            let synced = File::open(parent).and_then(|opened| opened.sync_all());
            synced.map_err(|error| failed("write out the folder", parent, error))?;
        }
    }
    Ok(())
}

impl Drop for Made {
    fn drop(&mut self) {
        for folder in self.folders.iter().rev() {
            // It fails when something else was put there, and then the folder must stay.
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Brings a folder's entries to the disk.
pub(crate) fn sync(image: &Path, folder: &Path) -> Result<(), ImageError> {
    File::open(folder)
        .and_then(|opened| opened.sync_all())
        .map_err(|error| ImageError::io(image, folder, "write out the folder", error))
}

/// What is free for us on the file system of a folder, in bytes.
pub(crate) fn free_bytes(folder: &Path) -> u64 {
    rustix::fs::statvfs(folder).map_or(0, |vfs| vfs.f_bavail.saturating_mul(vfs.f_frsize))
}
