//! How an ext2, ext3 or ext4 file system lies on its disk: whether it is all of the disk, and what growing it rewrites.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use rustix::fs::{SeekFrom, seek};
use rustix::io::Errno;

use crate::superblock::Superblock;

/// Features whose file systems resize2fs grows by adding to them, as the tests prove. With any other (an external
/// journal, `meta_bg`, `bigalloc`, quotas, …) the guest grows its file system itself.
const COMPATIBLE: u32 = 0x0001 | 0x0004 | 0x0008 | 0x0010 | 0x0020 | 0x0400 | 0x0800 | 0x1000;
const INCOMPATIBLE: u32 =
    0x0002 | 0x0004 | 0x0040 | 0x0080 | 0x0200 | 0x2000 | 0x4000 | 0x8000 | 0x1_0000 | 0x2_0000;
const READ_ONLY_COMPATIBLE: u32 =
    0x0001 | 0x0002 | 0x0004 | 0x0008 | 0x0010 | 0x0020 | 0x0040 | 0x0400 | 0x8000 | 0x1_0000;

const HAS_JOURNAL: u32 = 0x0004;
const RESIZE_INODE: u32 = 0x0010;
const WIDE: u32 = 0x0080;
const SPARSE_SUPER: u32 = 0x0001;

/// The inode that keeps room for more group descriptors.
const RESIZE_INODE_NUMBER: u64 = 7;

/// Where an inode names its doubly indirect block: `i_block[13]`.
const DOUBLY_INDIRECT: usize = 0x28 + 13 * 4;

/// The numbers of a file system that is all of its disk; they agree with each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Geometry {
    pub(crate) block_bytes: u64,
    pub(crate) blocks: u64,
    first_block: u64,
    group_blocks: u64,
    group_inodes: u64,
    inode_bytes: u64,
    descriptor_bytes: u64,
    reserved_blocks: u64,
    sparse_super: bool,
    wide: bool,
}

impl Geometry {
    /// Nothing where something stands before the file system, or it is of a kind that is not grown from here.
    pub(crate) fn of(superblock: &Superblock) -> Option<Self> {
        let [compatible, incompatible, read_only] =
            [0x5C, 0x60, 0x64].map(|offset| superblock.u32(offset));
        let known = compatible & !COMPATIBLE == 0
            && incompatible & !INCOMPATIBLE == 0
            && read_only & !READ_ONLY_COMPATIBLE == 0;
        // Without an inode of its own, the journal is on another device: one of the Dom0's, that the guest may name.
        let foreign_journal = compatible & HAS_JOURNAL != 0 && superblock.u32(0xE0) == 0;
        let old = superblock.u32(0x4C) == 0;
        if !superblock.nothing_before() || !known || foreign_journal || old {
            return None;
        }
        let wide = incompatible & WIDE != 0;
        let high = if wide { superblock.u32(0x150) } else { 0 };
        let geometry = Self {
            block_bytes: 1024_u64.checked_shl(superblock.u32(0x18))?,
            blocks: u64::from(superblock.u32(0x04)) | u64::from(high) << 32,
            first_block: u64::from(superblock.u32(0x14)),
            group_blocks: u64::from(superblock.u32(0x20)),
            group_inodes: u64::from(superblock.u32(0x28)),
            inode_bytes: u64::from(superblock.u16(0x58)),
            descriptor_bytes: if wide {
                u64::from(superblock.u16(0xFE))
            } else {
                32
            },
            reserved_blocks: if compatible & RESIZE_INODE == 0 {
                0
            } else {
                u64::from(superblock.u16(0xCE))
            },
            sparse_super: read_only & SPARSE_SUPER != 0,
            wide,
        };
        geometry.agrees().then_some(geometry)
    }

    fn agrees(&self) -> bool {
        self.block_bytes <= 65536
            && self.block_bytes >= 1024
            && self.first_block == u64::from(self.block_bytes == 1024)
            && self.blocks > self.first_block
            && self.blocks < 1 << 48
            // mke2fs makes no smaller groups, and each costs time here.
            && (256..=self.block_bytes * 8).contains(&self.group_blocks)
            && (1..=self.block_bytes * 8).contains(&self.group_inodes)
            && (128..=self.block_bytes).contains(&self.inode_bytes)
            && self.inode_bytes.is_power_of_two()
            && (32..=self.block_bytes).contains(&self.descriptor_bytes)
            && self.descriptor_bytes.is_power_of_two()
            && self.reserved_blocks <= self.block_bytes / 4
            && u32::try_from(self.groups(self.blocks)).is_ok()
    }

    /// Where it ends, in bytes.
    pub(crate) fn end_bytes(&self) -> u64 {
        self.blocks * self.block_bytes
    }

    /// Whether nothing stands behind it on a disk of this many bytes: the rest is less than a block, or was never
    /// written. What does (a RAID superblock) owns the file system.
    pub(crate) fn nothing_behind(&self, file: &File, size_bytes: u64) -> io::Result<bool> {
        let Some(rest) = size_bytes.checked_sub(self.end_bytes()) else {
            return Ok(false);
        };
        if rest < self.block_bytes {
            return Ok(true);
        }
        match seek(file, SeekFrom::Data(self.end_bytes())) {
            Ok(_) => Ok(false),
            Err(Errno::NXIO) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }

    /// How many blocks resize2fs gives it on a disk of this many bytes; nothing when it would have to move blocks for
    /// that, because there is no room for the descriptors of so many groups.
    ///
    /// resize2fs leaves out a last group that is too small to be of use (`adjust_fs_info` in its source).
    pub(crate) fn blocks_on(&self, size_bytes: u64) -> Option<u64> {
        let mut blocks = size_bytes / self.block_bytes;
        let descriptors = self.descriptor_blocks(self.blocks) + self.reserved_blocks;
        let rest = blocks.checked_sub(self.first_block)? % self.group_blocks;
        let groups = self.groups(blocks);
        let mut least = 2 + (self.group_inodes * self.inode_bytes).div_ceil(self.block_bytes) + 50;
        if self.has_superblock(groups.saturating_sub(1)) {
            least += 1 + descriptors;
        }
        if groups > 1 && rest != 0 && rest < least {
            blocks -= rest;
        }
        let fits = self.descriptor_blocks(blocks) <= descriptors
            && (self.wide || u32::try_from(blocks).is_ok());
        fits.then_some(blocks)
    }

    /// Every block of it that resize2fs may write when it moves none, besides those that are free.
    pub(crate) fn rewritten(&self, file: &File) -> io::Result<BTreeSet<u64>> {
        let mut found = BTreeSet::new();
        let head = 1 + self.descriptor_blocks(self.blocks) + self.reserved_blocks;
        let mut descriptor = vec![0; usize::try_from(self.descriptor_bytes).unwrap_or(32)];
        for group in 0..self.groups(self.blocks) {
            let start = self.first_block + group * self.group_blocks;
            if self.has_superblock(group) {
                found.extend(start..start + head);
            }
            let place = (self.first_block + 1) * self.block_bytes + group * self.descriptor_bytes;
            file.read_exact_at(&mut descriptor, place)?;
            let number = |low: usize| {
                let high = if descriptor.len() >= 64 {
                    le32(&descriptor, low + 0x20)
                } else {
                    0
                };
                le32(&descriptor, low) | high << 32
            };
            found.extend([number(0), number(4)]);
            if group == 0 {
                let inode = (RESIZE_INODE_NUMBER - 1) * self.inode_bytes;
                let block = number(8) + inode / self.block_bytes;
                found.insert(block);
                let mut doubly = [0; 4];
                let within = inode % self.block_bytes + DOUBLY_INDIRECT as u64;
                if block < self.blocks {
                    file.read_exact_at(&mut doubly, block * self.block_bytes + within)?;
                }
                found.insert(le32(&doubly, 0));
            }
        }
        // e2fsck has just found the file system sound: a number beyond its end is none.
        found.retain(|block| *block < self.blocks);
        Ok(found)
    }

    fn groups(&self, blocks: u64) -> u64 {
        blocks
            .saturating_sub(self.first_block)
            .div_ceil(self.group_blocks)
    }

    fn descriptor_blocks(&self, blocks: u64) -> u64 {
        self.groups(blocks)
            .div_ceil(self.block_bytes / self.descriptor_bytes)
    }

    /// Whether a group begins with a copy of the superblock and the descriptors.
    fn has_superblock(&self, group: u64) -> bool {
        let power = |base: u64| {
            let mut left = group;
            while left > 1 && left.is_multiple_of(base) {
                left /= base;
            }
            left == 1
        };
        !self.sparse_super || group <= 1 || power(3) || power(5) || power(7)
    }
}

fn le32(bytes: &[u8], at: usize) -> u64 {
    bytes[at..at + 4]
        .iter()
        .rev()
        .fold(0, |value, byte| value << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn geometry() -> Geometry {
        Geometry {
            block_bytes: 4096,
            blocks: 16384,
            first_block: 0,
            group_blocks: 32768,
            group_inodes: 4096,
            inode_bytes: 256,
            descriptor_bytes: 32,
            reserved_blocks: 15,
            sparse_super: true,
            wide: false,
        }
    }

    #[test]
    fn superblocks_are_where_ext4_has_them() {
        let geometry = geometry();
        let with: Vec<u64> = (0..130)
            .filter(|group| geometry.has_superblock(*group))
            .collect();
        assert_eq!(with, [0, 1, 3, 5, 7, 9, 25, 27, 49, 81, 125]);
        let all = Geometry {
            sparse_super: false,
            ..geometry
        };
        assert!((0..130).all(|group| all.has_superblock(group)));
    }

    #[test]
    fn only_as_far_as_there_is_room_for_descriptors() {
        // 16 blocks of 128 descriptors of 128 MiB each.
        assert_eq!(geometry().blocks_on(256 << 30), Some(1 << 26));
        assert_eq!(geometry().blocks_on(257 << 30), None);
        assert_eq!(geometry().blocks_on(0), Some(0));
    }

    #[test]
    fn hostile_numbers_agree_with_nothing() {
        for wild in [
            Geometry {
                block_bytes: 1 << 40,
                ..geometry()
            },
            Geometry {
                block_bytes: 0,
                ..geometry()
            },
            Geometry {
                first_block: 1,
                ..geometry()
            },
            Geometry {
                blocks: u64::MAX,
                ..geometry()
            },
            Geometry {
                blocks: 0,
                ..geometry()
            },
            Geometry {
                group_blocks: 0,
                ..geometry()
            },
            Geometry {
                group_blocks: 1,
                blocks: 1 << 40,
                ..geometry()
            },
            Geometry {
                group_inodes: 0,
                ..geometry()
            },
            Geometry {
                inode_bytes: 0,
                ..geometry()
            },
            Geometry {
                descriptor_bytes: 0,
                ..geometry()
            },
            Geometry {
                descriptor_bytes: 33,
                ..geometry()
            },
            Geometry {
                reserved_blocks: 60000,
                ..geometry()
            },
        ] {
            assert!(!wild.agrees(), "{wild:?}");
        }
        assert!(geometry().agrees());
    }
}
