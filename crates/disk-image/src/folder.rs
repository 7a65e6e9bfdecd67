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
        let mut missing = Vec::new();
        for part in folder.ancestors() {
            match fs::metadata(part) {
                Ok(_) => break,
                Err(error) if error.kind() == io::ErrorKind::NotFound => missing.push(part),
                Err(error) => return Err(ImageError::io(image, part, "look into", error)),
            }
        }
        let mut made = Self::default();
        for part in missing.into_iter().rev() {
            match fs::create_dir(part) {
                Ok(()) => made.folders.push(part.to_owned()),
                // Another run made it meanwhile; it is not ours to remove.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(ImageError::io(image, part, "make the folder", error)),
            }
            if let Some(parent) = part.parent() {
                sync(image, parent)?;
            }
        }
        Ok(made)
    }

    /// The image is there: the folders stay.
    pub(crate) fn keep(mut self) -> Vec<PathBuf> {
        std::mem::take(&mut self.folders)
    }
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
