//! Whether an image is as large as is declared.

use std::fs::File;
use std::path::Path;

use crate::grow::{check_device, file_system};
use crate::inspect::present;
use crate::{Format, Found, ImageError, qcow2, undo};

/// What is to be grown of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Growth {
    /// It has the declared size, or is a device that has at least that, and what it holds is none of ours to grow.
    AsDeclared,
    /// The image is to be grown.
    Image {
        /// What its guest sees now, in bytes.
        from_bytes: u64,
        /// Whether its file system is grown with it; otherwise the guest grows what it holds.
        with_file_system: bool,
    },
    /// The image has the declared size, and its file system, which is all that it holds, ends before the image does.
    FileSystem {
        /// How large the file system is, in bytes.
        from_bytes: u64,
        /// How large it would be, in bytes.
        to_bytes: u64,
    },
    /// Growing it was begun by a run that was killed. Its guest must not be started before [`crate::grow()`] was called
    /// again (with whatever size is declared now), or [`crate::undo_growth`].
    Unfinished,
}

/// Whether growing an image was begun by a run that was killed, as [`Growth::Unfinished`] says where a size is declared.
///
/// # Errors
///
/// When that cannot be seen.
pub fn is_unfinished(path: &Path) -> Result<bool, ImageError> {
    match present(path)? {
        Found::File { .. } => undo::is_there(path),
        _ => Ok(false),
    }
}

/// Compares an image with the size that is declared, as a plan needs it: with a few calls of the system, and no program.
///
/// Of an image that is in use, the file system may be growing at this moment; such an image is not grown anyway.
///
/// # Errors
///
/// [`ImageError::Shrink`] when it is larger than declared, [`ImageError::DeviceTooSmall`] when a block device is too small
/// (both harm no guest that runs, or starts, with the disk as it is); otherwise when it is not there, is no disk image, or
/// cannot be read.
pub fn needs_growth(
    path: &Path,
    format: Format,
    declared_bytes: u64,
) -> Result<Growth, ImageError> {
    let size_bytes = match present(path)? {
        Found::BlockDevice { size_bytes, .. } => {
            check_device(path, size_bytes, declared_bytes)?;
            return Ok(Growth::AsDeclared);
        }
        Found::File { size_bytes, .. } => size_bytes,
        _ => 0,
    };
    if undo::is_there(path)? {
        return Ok(Growth::Unfinished);
    }
    let file = File::open(path).map_err(|error| ImageError::io(path, path, "open", error))?;
    let size_bytes = match format {
        Format::Raw => size_bytes,
        Format::Qcow2 => qcow2::size_bytes(path, &file)?,
    };
    if declared_bytes < size_bytes {
        return Err(ImageError::Shrink {
            path: path.to_owned(),
            size_bytes,
            declared_bytes,
        });
    }
    let inside = match format {
        Format::Raw => file_system(path, &file, size_bytes, declared_bytes)?,
        Format::Qcow2 => None,
    };
    if declared_bytes > size_bytes {
        return Ok(Growth::Image {
            from_bytes: size_bytes,
            with_file_system: inside.is_some(),
        });
    }
    Ok(match inside {
        Some((now, blocks)) if blocks > now.blocks => Growth::FileSystem {
            from_bytes: now.end_bytes(),
            to_bytes: blocks * now.block_bytes,
        },
        _ => Growth::AsDeclared,
    })
}
