//! What is at a path, without opening it.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::ImageError;

/// What is at a path, symbolic links followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Nothing, and no link that should lead to something.
    Absent,
    /// A regular file.
    File {
        /// How long it is. For raw that is what the guest sees.
        size_bytes: u64,
        /// What it takes on its file system.
        allocated_bytes: u64,
        /// The device number of its file system; with `inode` it tells whether two paths are one file.
        device: u64,
        /// Its inode number.
        inode: u64,
    },
    /// A block device.
    BlockDevice {
        /// Its device number; it tells whether two paths are one device.
        device: u64,
        /// How large it is, as the kernel says in /sys; nothing when it does not say.
        size_bytes: Option<u64>,
    },
    /// A folder.
    Directory,
    /// A pipe, a socket or a character device.
    Other,
}

/// Tells what is at a path.
///
/// Only "no such file" is [`Found::Absent`], of the file or of a folder on the way. What cannot be read is an error, and
/// so is a symbolic link that leads nowhere.
///
/// # Errors
///
/// When a folder on the way may not be searched, is no folder, or the system fails otherwise.
pub fn inspect(path: &Path) -> Result<Found, ImageError> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(found(&metadata)),
        Err(error) => match explain(path, error) {
            Some(error) => Err(error),
            None => Ok(Found::Absent),
        },
    }
}

/// Tells what is at the path of a disk that should be there: a file or a block device.
pub(crate) fn present(path: &Path) -> Result<Found, ImageError> {
    match inspect(path)? {
        found @ (Found::File { .. } | Found::BlockDevice { .. }) => Ok(found),
        Found::Absent => Err(ImageError::Io {
            path: path.to_owned(),
            doing: "open the disk",
            source: io::ErrorKind::NotFound.into(),
        }),
        other => Err(ImageError::NotAnImage {
            path: path.to_owned(),
            what: other.describe(),
        }),
    }
}

impl Found {
    /// What it is, for a message.
    pub(crate) fn describe(&self) -> &'static str {
        match self {
            Self::Absent => "nothing",
            Self::File { .. } => "a file",
            Self::BlockDevice { .. } => "a block device",
            Self::Directory => "a folder",
            Self::Other => "a pipe, socket or character device",
        }
    }
}

fn found(metadata: &Metadata) -> Found {
    let kind = metadata.file_type();
    if kind.is_file() {
        Found::File {
            size_bytes: metadata.len(),
            // st_blocks counts 512 bytes, whatever the file system's own blocks are.
            allocated_bytes: metadata.blocks() * 512,
            device: metadata.dev(),
            inode: metadata.ino(),
        }
    } else if kind.is_dir() {
        Found::Directory
    } else if kind.is_block_device() {
        Found::BlockDevice {
            device: metadata.rdev(),
            size_bytes: device_size(metadata.rdev()),
        }
    } else {
        Found::Other
    }
}

/// /sys is asked rather than the device: opening one can load a medium, or wake a disk.
fn device_size(device: u64) -> Option<u64> {
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    let text = fs::read_to_string(format!("/sys/dev/block/{major}:{minor}/size")).ok()?;
    // The kernel counts sectors of 512 bytes here, always.
    text.trim().parse::<u64>().ok()?.checked_mul(512)
}

/// Names the part of the path at which it failed; nothing when the path is truly absent.
fn explain(path: &Path, error: io::Error) -> Option<ImageError> {
    let mut parts: Vec<&Path> = path
        .ancestors()
        .filter(|part| !part.as_os_str().is_empty())
        .collect();
    parts.reverse();
    let mut folder: Option<&Path> = None;
    for part in parts {
        let link = match fs::symlink_metadata(part) {
            Ok(metadata) => metadata.is_symlink(),
            Err(error) => return named(path, part, folder, error),
        };
        match fs::metadata(part) {
            Ok(metadata) if part != path && !metadata.is_dir() => {
                return Some(ImageError::NotAFolder {
                    path: path.to_owned(),
                    component: part.to_owned(),
                });
            }
            Ok(_) => folder = Some(part),
            Err(error) if link && error.kind() == io::ErrorKind::NotFound => {
                return Some(ImageError::DanglingLink {
                    path: path.to_owned(),
                    link: part.to_owned(),
                });
            }
            Err(error) => return named(path, part, folder, error),
        }
    }
    // It failed before and does not now: somebody is at work here. The first failure stands, unless it was absence.
    named(path, path, folder, error)
}

fn named(path: &Path, part: &Path, folder: Option<&Path>, error: io::Error) -> Option<ImageError> {
    let path_owned = path.to_owned();
    match Errno::from_io_error(&error) {
        Some(Errno::NOENT) => None,
        Some(Errno::NOTDIR) => {
            let component = folder.map_or_else(PathBuf::new, Path::to_owned);
            Some(ImageError::NotAFolder {
                path: path_owned,
                component,
            })
        }
        Some(Errno::ACCESS | Errno::PERM) => Some(ImageError::NotAllowed {
            path: path_owned,
            doing: "look into",
            place: folder.unwrap_or(part).to_owned(),
        }),
        _ => Some(ImageError::Io {
            path: part.to_owned(),
            doing: "see what is there",
            source: error,
        }),
    }
}
