//! Between what is declared of a disk and what `disk-image` makes.

use disk_image::{FileSystem, FileSystemKind, Format, Found, Growth, ImageError, NewImage};
use guest_spec::{ByteSize, Disk, DiskFormat, FileSystemType};
use std::path::Path;

/// The format, as `disk-image` names it; nothing for one that Domus neither makes nor looks into.
#[must_use]
pub fn format(format: DiskFormat) -> Option<Format> {
    match format {
        DiskFormat::Raw => Some(Format::Raw),
        DiskFormat::Qcow2 => Some(Format::Qcow2),
        DiskFormat::Qcow | DiskFormat::Vhd | DiskFormat::Qed => None,
    }
}

/// The image that a declared disk asks for, at a path below the root; nothing where Domus does not make its format.
#[must_use]
pub fn new_image<'a>(disk: &'a Disk, path: &'a Path, size: ByteSize) -> Option<NewImage<'a>> {
    let filesystem = disk.filesystem.as_ref().map(|filesystem| FileSystem {
        kind: match filesystem.kind {
            FileSystemType::Ext4 => FileSystemKind::Ext4,
            FileSystemType::Ext3 => FileSystemKind::Ext3,
            FileSystemType::Ext2 => FileSystemKind::Ext2,
        },
        label: filesystem.label.as_deref().unwrap_or_default(),
    });
    Some(NewImage {
        path,
        size_bytes: size.bytes(),
        format: format(disk.format)?,
        filesystem,
    })
}

/// How a disk stands to the size that is declared of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Growing {
    /// It has it, or none is declared, or nobody here can tell.
    Not,
    /// It is smaller, or its file system is.
    Needed(Growth, ByteSize),
    /// A run that was killed was growing it: no guest may have it before that is finished, with the size that is declared
    /// now, or undone where none is.
    Unfinished(Option<ByteSize>),
    /// It cannot be made so, and the guest may have it as it is; why, and what to do.
    Misfit(String),
    /// It cannot be looked at.
    Unknown(String),
}

impl Growing {
    /// Whether something is to be done about it.
    #[must_use]
    pub const fn is_needed(&self) -> bool {
        matches!(self, Self::Needed(..) | Self::Unfinished(_))
    }
}

/// Compares a disk that is there with the size that is declared of it.
pub(crate) fn growing(disk: &Disk, path: &Path, found: &Found) -> Growing {
    let Some(format) = format(disk.format).filter(|_| !disk.cdrom) else {
        return Growing::Not;
    };
    if !matches!(found, Found::File { .. } | Found::BlockDevice { .. }) {
        return Growing::Not;
    }
    let Some(size) = disk.size else {
        return match disk_image::is_unfinished(path) {
            Ok(false) => Growing::Not,
            Ok(true) => Growing::Unfinished(None),
            Err(error) => Growing::Unknown(error.to_string()),
        };
    };
    match disk_image::needs_growth(path, format, size.bytes()) {
        Ok(Growth::AsDeclared) => Growing::Not,
        Ok(Growth::Unfinished) => Growing::Unfinished(Some(size)),
        Ok(growth) => Growing::Needed(growth, size),
        Err(error @ (ImageError::Shrink { .. } | ImageError::DeviceTooSmall { .. })) => {
            Growing::Misfit(error.to_string())
        }
        Err(error) => Growing::Unknown(error.to_string()),
    }
}
