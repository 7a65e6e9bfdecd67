//! Removing an image.

use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use crate::folder::sync;
use crate::in_use::hold;
use crate::{Found, ImageError, inspect, undo};

/// Removes an image, which is gone for good, and says whether it was there.
///
/// Only a regular file is removed: what a symbolic link leads to may be another guest's. It is gone from the disk, too,
/// when this returns; a file that a killed [`crate::grow()`] left beside it goes with it. Called again after a kill, it
/// finishes, and says false.
///
/// The caller asked a person, and knows that no domain, saved ones included, has it.
///
/// # Errors
///
/// When it is a link, a folder, a device or anything else; when a loop device or a QEMU has it; when it cannot be removed.
pub fn delete(path: &Path) -> Result<bool, ImageError> {
    let Ok(metadata) = fs::symlink_metadata(path) else {
        // Truly absent, or an error that says what is wrong on the way.
        inspect(path)?;
        if let Some(folder) = path.parent()
            && inspect(folder)? == Found::Directory
        {
            undo::remove(path)?;
            sync(path, folder)?;
        }
        return Ok(false);
    };
    let kind = metadata.file_type();
    let refused = |what| ImageError::NotDeleted {
        path: path.to_owned(),
        what,
    };
    if kind.is_symlink() {
        return Err(refused("a symbolic link"));
    } else if kind.is_dir() {
        return Err(refused("a folder"));
    } else if kind.is_block_device() {
        return Err(refused("a block device"));
    } else if !kind.is_file() {
        return Err(refused("a pipe, socket or character device"));
    }
    let held = hold(path)?;
    match fs::remove_file(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(ImageError::io(path, path, "remove", error)),
    }
    drop(held);
    undo::remove(path)?;
    if let Some(folder) = path.parent() {
        sync(path, folder)?;
    }
    Ok(true)
}
