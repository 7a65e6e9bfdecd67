//! Making an image.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Component, Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::{human, is_full};
use crate::folder::{Made, free_bytes, sync};
use crate::leftovers::{MARK, RANDOM_LENGTH};
use crate::superblock::Superblock;
use crate::tools::says_full;
use crate::{FileSystem, Format, Found, ImageError, NewImage, Tools, inspect};

/// The longest label that ext2, ext3 and ext4 have, in bytes.
const LONGEST_LABEL: usize = 16;

/// The longest name of a file, in bytes.
const LONGEST_NAME: usize = 255;

/// What was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// The image.
    pub path: PathBuf,
    /// What its guest sees, in bytes.
    pub size_bytes: u64,
    /// The folders that were missing and were made as well, outermost first.
    pub folders: Vec<PathBuf>,
}

/// Makes an image where nothing is.
///
/// It is sparse, has mode 0600, and appears at its path whole or not at all; nothing is ever overwritten, not even what
/// appears at the path meanwhile. After an error nothing is left; after a kill, only a file that [`crate::leftovers()`]
/// knows. The caller holds a lock, so that two runs do not make one image at once (if they do, one of them fails).
///
/// # Errors
///
/// When something is there, the path is not one for an image, or making it fails; each error says where and what to do.
pub fn create(image: &NewImage<'_>, tools: &Tools) -> Result<Created, ImageError> {
    let path = image.path;
    let (folder, name) = check_path(path)?;
    check_size(path, image.size_bytes)?;
    if let Some(file_system) = &image.filesystem {
        check_label(path, file_system)?;
    }
    match inspect(path)? {
        Found::Absent => {}
        found => {
            return Err(ImageError::Exists {
                path: path.to_owned(),
                what: found.describe(),
            });
        }
    }
    check_real_folder(path, folder)?;
    let made = Made::folder(path, folder)?;
    let free_before = free_bytes(folder);
    fill_and_rename(image, tools, folder, name)
        .map_err(|error| full(error, image, folder, free_before))?;
    let folders = made.keep();
    sync(path, folder)?;
    Ok(Created {
        path: path.to_owned(),
        size_bytes: image.size_bytes,
        folders,
    })
}

/// Every file made here is a [`NamedTempFile`], which removes itself when a step fails.
fn fill_and_rename(
    image: &NewImage<'_>,
    tools: &Tools,
    folder: &Path,
    name: &OsStr,
) -> Result<(), ImageError> {
    let path = image.path;
    let first = temporary(path, folder, name)?;
    let finished = match (image.format, &image.filesystem) {
        (Format::Raw, file_system) => {
            fill_raw(image, tools, &first, file_system.as_ref())?;
            first
        }
        (Format::Qcow2, None) => {
            tools.make_qcow2(path, first.path(), image.size_bytes)?;
            first
        }
        (Format::Qcow2, Some(file_system)) => {
            fill_raw(image, tools, &first, Some(file_system))?;
            let second = temporary(path, folder, name)?;
            tools.convert_to_qcow2(path, first.path(), second.path())?;
            second
        }
    };
    finished
        .as_file()
        .sync_all()
        .map_err(|error| ImageError::io(path, path, "write out the image", error))?;
    finished
        .persist_noclobber(path)
        .map_err(|error| match error.error.kind() {
            io::ErrorKind::AlreadyExists => ImageError::Exists {
                path: path.to_owned(),
                what: "something that appeared meanwhile",
            },
            _ => ImageError::io(path, path, "give the image its name", error.error),
        })?;
    Ok(())
}

fn fill_raw(
    image: &NewImage<'_>,
    tools: &Tools,
    file: &NamedTempFile,
    file_system: Option<&FileSystem<'_>>,
) -> Result<(), ImageError> {
    let path = image.path;
    set_length(path, file.as_file(), image.size_bytes)?;
    let Some(file_system) = file_system else {
        return Ok(());
    };
    tools.make_file_system(path, file.path(), image.size_bytes, *file_system)?;
    // A program that ends well is not yet a file system.
    match Superblock::read(file.as_file()) {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err(ImageError::Size {
            path: path.to_owned(),
            size_bytes: image.size_bytes,
            reason: format!(
                "mke2fs made no {} in it; the size may be too small for one",
                file_system.kind.as_str()
            ),
        }),
        Err(error) => Err(ImageError::io(path, path, "read the new image", error)),
    }
}

/// Sets how long the file of an image is.
pub(crate) fn set_length(path: &Path, file: &File, size_bytes: u64) -> Result<(), ImageError> {
    file.set_len(size_bytes)
        .map_err(|error| match error.kind() {
            io::ErrorKind::FileTooLarge => ImageError::Size {
                path: path.to_owned(),
                size_bytes,
                reason: format!(
                    "the file system there holds no file of {}",
                    human(size_bytes)
                ),
            },
            _ => ImageError::io(path, path, "set the size of the image", error),
        })
}

/// `.NAME.domus-XXXXXX`, mode 0600, in the image's own folder so that it can be renamed.
pub(crate) fn temporary(
    path: &Path,
    folder: &Path,
    name: &OsStr,
) -> Result<NamedTempFile, ImageError> {
    let mut prefix = OsString::from(".");
    prefix.push(name);
    prefix.push(MARK);
    tempfile::Builder::new()
        .prefix(&prefix)
        .rand_bytes(RANDOM_LENGTH)
        // Opened here and not by tempfile, which hides the system's error code.
        .make_in(folder, |file| {
            OpenOptions::new()
                .read(true)
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(file)
        })
        .map_err(|error| ImageError::io(path, folder, "make a file in", error))
}

fn check_path(path: &Path) -> Result<(&Path, &OsStr), ImageError> {
    let refused = |reason| ImageError::Path {
        path: path.to_owned(),
        reason,
    };
    if !path.is_absolute() {
        return Err(refused(
            "the path of a disk must be absolute; begin it with /",
        ));
    }
    if path.components().any(|part| part == Component::ParentDir) {
        return Err(refused(
            "the path of a disk must not hold `..`; write the folder itself",
        ));
    }
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(refused("this is a folder, not the path of a disk"));
    };
    if path.as_os_str().as_encoded_bytes().ends_with(b"/") {
        return Err(refused("the path of a disk must not end with /"));
    }
    if name.len() > LONGEST_NAME - MARK.len() - RANDOM_LENGTH - 1 {
        return Err(refused(
            "the file's name is too long; use at most 241 bytes",
        ));
    }
    if path.starts_with("/dev") {
        return Err(ImageError::UnderDev {
            path: path.to_owned(),
        });
    }
    Ok((folder, name))
}

/// A folder that is, through a symbolic link, under /dev. On a devtmpfs a file would be lost at the next boot.
fn check_real_folder(path: &Path, folder: &Path) -> Result<(), ImageError> {
    for part in folder.ancestors() {
        match fs::canonicalize(part) {
            Ok(real) if real.starts_with("/dev") => {
                return Err(ImageError::UnderDev {
                    path: path.to_owned(),
                });
            }
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(ImageError::io(path, part, "look into", error)),
        }
    }
    Ok(())
}

pub(crate) fn check_size(path: &Path, size_bytes: u64) -> Result<(), ImageError> {
    let reason = if size_bytes == 0 {
        "a disk cannot be empty"
    } else if !size_bytes.is_multiple_of(512) {
        "it must be a multiple of 512, the sector of a disk"
    } else if i64::try_from(size_bytes).is_err() {
        "it is larger than any file can be"
    } else {
        return Ok(());
    };
    Err(ImageError::Size {
        path: path.to_owned(),
        size_bytes,
        reason: reason.to_owned(),
    })
}

fn check_label(path: &Path, file_system: &FileSystem<'_>) -> Result<(), ImageError> {
    let label = file_system.label;
    let reason = if label.len() > LONGEST_LABEL {
        format!(
            "has {} bytes; {} has room for {LONGEST_LABEL}",
            label.len(),
            file_system.kind.as_str()
        )
    } else if label.chars().any(char::is_control) {
        "holds a control character".to_owned()
    } else {
        return Ok(());
    };
    Err(ImageError::Label {
        path: path.to_owned(),
        label: label.to_owned(),
        reason,
    })
}

/// Turns a full disk, whoever met it, into the one error that says how full.
fn full(error: ImageError, image: &NewImage<'_>, folder: &Path, free_bytes: u64) -> ImageError {
    let is = match &error {
        ImageError::Io { source, .. } => is_full(source),
        ImageError::ToolFailed { output, .. } => says_full(output),
        _ => false,
    };
    if !is {
        return error;
    }
    ImageError::NoSpace {
        path: image.path.to_owned(),
        folder: folder.to_owned(),
        free_bytes,
        size_bytes: image.size_bytes,
    }
}
