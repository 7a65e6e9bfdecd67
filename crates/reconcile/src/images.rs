//! Between what is declared of a disk and what `disk-image` makes.

use disk_image::{FileSystem, FileSystemKind, Format, NewImage};
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
