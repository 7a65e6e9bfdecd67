//! Whether a disk still holds only what mke2fs made.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::qcow2::first_cluster;
use crate::{Format, Found, ImageError, inspect};

/// Where the superblock of ext2, ext3 and ext4 begins. Before it is room for a boot sector.
const SUPERBLOCK: usize = 1024;

/// The boot sector's room and the superblock.
const START: usize = 2048;

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
    match inspect(path)? {
        Found::File { .. } | Found::BlockDevice { .. } => {}
        Found::Absent => {
            let source = io::Error::from(io::ErrorKind::NotFound);
            return Err(ImageError::Io {
                path: path.to_owned(),
                doing: "open the disk",
                source,
            });
        }
        other => {
            return Err(ImageError::NotAnImage {
                path: path.to_owned(),
                what: other.describe(),
            });
        }
    }
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

/// The start of a disk that holds ext2, ext3 or ext4. The layout is that of the kernel's `struct ext4_super_block`.
pub(crate) struct Superblock {
    start: Box<[u8; START]>,
}

impl Superblock {
    /// Reads it from the start of a raw image; nothing when there is no ext file system.
    pub(crate) fn read(file: &File) -> io::Result<Option<Self>> {
        Self::read_at(file, 0)
    }

    fn read_at(file: &File, offset: u64) -> io::Result<Option<Self>> {
        let mut start = Box::new([0; START]);
        match file.read_exact_at(&mut start[..], offset) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
        let read = Self { start };
        Ok((read.u16(0x38) == 0xEF53).then_some(read))
    }

    fn u16(&self, offset: usize) -> u16 {
        u16::from_le_bytes([
            self.start[SUPERBLOCK + offset],
            self.start[SUPERBLOCK + offset + 1],
        ])
    }

    fn u32(&self, offset: usize) -> u32 {
        u32::from(self.u16(offset)) | u32::from(self.u16(offset + 2)) << 16
    }

    fn untouched(&self) -> bool {
        let inodes = self.u32(0x00);
        let free_inodes = self.u32(0x10);
        let mounted_at = self.u32(0x2C);
        let mounts = self.u16(0x34);
        let first_inode = self.u32(0x54);
        // s_last_mounted: the folder where the kernel mounted it last.
        let last_mounted = &self.start[SUPERBLOCK + 0x88..SUPERBLOCK + 0xC8];
        // Those before the first are reserved; the first is lost+found.
        let only_lost_and_found = inodes.checked_sub(free_inodes) == Some(first_inode);
        mounts == 0
            && mounted_at == 0
            && last_mounted.iter().all(|byte| *byte == 0)
            && only_lost_and_found
            && self.start[..SUPERBLOCK].iter().all(|byte| *byte == 0)
    }
}
