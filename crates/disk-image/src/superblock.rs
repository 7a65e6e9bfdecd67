//! The superblock of ext2, ext3 and ext4, as the kernel's `struct ext4_super_block` lays it out.
//!
//! A guest may have written it: no number in it is trusted.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

/// Where it begins. Before it is room for a boot sector.
const SUPERBLOCK: usize = 1024;

/// The boot sector's room and the superblock.
const START: usize = 2048;

/// The start of a disk that holds ext2, ext3 or ext4.
pub(crate) struct Superblock {
    start: Box<[u8; START]>,
}

impl Superblock {
    /// Where it lies in a raw image, in bytes.
    pub(crate) const PLACE: Range<u64> = 1024..2048;

    /// Reads it from the start of a raw image; nothing when there is no ext file system.
    pub(crate) fn read(file: &File) -> io::Result<Option<Self>> {
        Self::read_at(file, 0)
    }

    /// Reads it from a disk that begins at an offset of a file.
    pub(crate) fn read_at(file: &File, offset: u64) -> io::Result<Option<Self>> {
        let mut start = Box::new([0; START]);
        match file.read_exact_at(&mut start[..], offset) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
        let read = Self { start };
        Ok((read.u16(0x38) == 0xEF53).then_some(read))
    }

    pub(crate) fn u16(&self, offset: usize) -> u16 {
        u16::from_le_bytes([
            self.start[SUPERBLOCK + offset],
            self.start[SUPERBLOCK + offset + 1],
        ])
    }

    pub(crate) fn u32(&self, offset: usize) -> u32 {
        u32::from(self.u16(offset)) | u32::from(self.u16(offset + 2)) << 16
    }

    pub(crate) fn bytes(&self, range: Range<usize>) -> &[u8] {
        &self.start[SUPERBLOCK + range.start..SUPERBLOCK + range.end]
    }

    /// Nothing stands before it: no boot sector, partition table or LVM label.
    pub(crate) fn nothing_before(&self) -> bool {
        self.start[..SUPERBLOCK].iter().all(|byte| *byte == 0)
    }

    /// Whether its checksum is right; true where the file system has none.
    pub(crate) fn checksum_fits(&self) -> bool {
        const METADATA_CHECKSUMS: u32 = 0x400;
        if self.u32(0x64) & METADATA_CHECKSUMS == 0 {
            return true;
        }
        // CRC-32C, as ext4 uses it: begun with all ones, and not inverted at the end.
        let mut sum = u32::MAX;
        for byte in self.bytes(0..0x3FC) {
            sum ^= u32::from(*byte);
            for _ in 0..8 {
                sum = sum >> 1 ^ if sum & 1 == 1 { 0x82F6_3B78 } else { 0 };
            }
        }
        sum == self.u32(0x3FC)
    }
}
