//! Whether a disk still holds only what mke2fs made.

use std::fs::File;
use std::path::Path;

use crate::inspect::present;
use crate::qcow2::first_cluster;
use crate::superblock::Superblock;
use crate::{Format, ImageError};

/// Whether a disk holds an ext file system in which nothing was ever written, so that a caller can say "its disk is
/// still empty; install a system first".
///
/// True only when the file system was never mounted, holds no file or folder besides `lost+found`, and nothing stands
/// before it (a boot sector, a partition table, an LVM label). Without an ext file system it is false: then nothing is
/// known. For qcow2 the same is read through the image's tables; with a backing file, encryption or compression, false.
///
/// The answer is for a message. It must never decide whether a disk may be overwritten.
///
/// # Errors
///
/// When the disk is not there, is no file or block device, or cannot be read.
pub fn never_written(path: &Path, format: Format) -> Result<bool, ImageError> {
    present(path)?;
    let file = File::open(path).map_err(|error| ImageError::io(path, path, "open", error))?;
    let superblock = match format {
        Format::Raw => Superblock::read(&file),
        Format::Qcow2 => first_cluster(&file).and_then(|place| match place {
            Some(offset) => Superblock::read_at(&file, offset),
            None => Ok(None),
        }),
    };
    match superblock {
        Ok(superblock) => Ok(superblock.is_some_and(|superblock| superblock.untouched())),
        Err(error) => Err(ImageError::io(path, path, "read", error)),
    }
}

impl Superblock {
    /// Nothing was ever written since mke2fs made it.
    fn untouched(&self) -> bool {
        let inodes = self.u32(0x00);
        let free_inodes = self.u32(0x10);
        let mounted_at = self.u32(0x2C);
        let mounts = self.u16(0x34);
        let first_inode = self.u32(0x54);
        // s_last_mounted: the folder where the kernel mounted it last.
        let last_mounted = self.bytes(0x88..0xC8);
        // Those before the first are reserved; the first is lost+found.
        let only_lost_and_found = inodes.checked_sub(free_inodes) == Some(first_inode);
        mounts == 0
            && mounted_at == 0
            && last_mounted.iter().all(|byte| *byte == 0)
            && only_lost_and_found
            && self.nothing_before()
    }
}
