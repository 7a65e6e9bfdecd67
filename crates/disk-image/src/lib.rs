//! Creates, grows, inspects and deletes disk images for Xen guests, never overwriting one that exists.
//!
//! An image is made under another name in its own folder and renamed, without overwriting, when it is complete: at
//! every moment there is either no image or a whole one. What a killed run leaves is a file whose name begins with a
//! dot and holds `.domus-`; [`leftovers()`] finds such files.
//!
//! An image is grown in place. What that overwrites is kept beside it until it is done, so that a killed run is undone by
//! the next one, and never repaired by guessing.

mod confined;
mod create;
mod delete;
mod error;
mod folder;
mod geometry;
mod grow;
mod growth;
mod in_use;
mod inspect;
mod leftovers;
mod never_written;
mod qcow2;
mod superblock;
mod tools;
mod undo;
mod usage;

use std::path::Path;

pub use create::{Created, create};
pub use delete::delete;
pub use error::ImageError;
pub use folder::{NotMade, create_folder};
pub use grow::{Grown, Inside, grow, undo_growth};
pub use growth::{Growth, is_unfinished, needs_growth};
pub use inspect::{Found, inspect};
pub use leftovers::{leftovers, remove_leftovers};
pub use never_written::never_written;
pub use tools::Tools;
pub use usage::{Usage, usage};

/// How an image is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Byte for byte, sparse.
    Raw,
    /// QEMU's copy-on-write format, version 3.
    Qcow2,
}

impl Format {
    /// The word that xl, qemu-img and `format` know it by.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Qcow2 => "qcow2",
        }
    }
}

/// The file systems that an image can be made with: those that GRUB, pvgrub and pygrub can all read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileSystemKind {
    /// Without a journal.
    Ext2,
    /// With a journal.
    Ext3,
    /// With a journal, extents and checksums.
    Ext4,
}

impl FileSystemKind {
    /// The word that mke2fs and `filesystem.type` know it by.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ext2 => "ext2",
            Self::Ext3 => "ext3",
            Self::Ext4 => "ext4",
        }
    }
}

/// A file system to make in a new image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileSystem<'a> {
    /// Which one.
    pub kind: FileSystemKind,
    /// Its label, at most 16 bytes; empty for none.
    pub label: &'a str,
}

/// An image that is to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewImage<'a> {
    /// Where: an absolute path at which nothing is yet.
    pub path: &'a Path,
    /// What the guest sees, in bytes: a multiple of 512.
    pub size_bytes: u64,
    /// How it is laid out.
    pub format: Format,
    /// What it holds; without one it reads as zeros.
    pub filesystem: Option<FileSystem<'a>>,
}
