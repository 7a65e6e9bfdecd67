//! Who has which disk, compared by device and inode, so that links and other spellings do not hide it.

use std::collections::HashMap;

use disk_image::Found;
use uuid::Uuid;

/// What tells whether two paths are one disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DiskId {
    /// An image: the file system's device, and the inode.
    File(u64, u64),
    /// A block device: its number.
    Device(u64),
}

impl DiskId {
    /// Of what stands at a path; nothing for what is no disk.
    #[must_use]
    pub fn of(found: &Found) -> Option<Self> {
        match *found {
            Found::File { device, inode, .. } => Some(Self::File(device, inode)),
            Found::BlockDevice { device, .. } => Some(Self::Device(device)),
            Found::Absent | Found::Directory | Found::Other => None,
        }
    }
}

/// Who has a disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// In words: `domain web (3)`.
    pub who: String,
    /// The domain that it is, or will be.
    pub uuid: Uuid,
    /// Whether it may write.
    pub writes: bool,
}

/// Who has which disk.
#[derive(Clone, Debug, Default)]
pub struct Holders(HashMap<DiskId, Vec<Holder>>);

impl Holders {
    /// Notes a holder.
    pub fn add(&mut self, disk: DiskId, holder: Holder) {
        self.0.entry(disk).or_default().push(holder);
    }

    /// Somebody else who has the disk, where one of the two may write: `own` are the UUIDs of the one
    /// who asks.
    #[must_use]
    pub fn conflict(&self, disk: DiskId, own: &[Uuid], writes: bool) -> Option<&Holder> {
        let mut holders = self.0.get(&disk)?.iter();
        holders.find(|holder| !own.contains(&holder.uuid) && (writes || holder.writes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_share_and_writers_do_not() {
        let disk = DiskId::File(1, 2);
        let holder = |number: u128, writes| Holder {
            who: "x".into(),
            uuid: Uuid::from_u128(number),
            writes,
        };
        let mut holders = Holders::default();
        holders.add(disk, holder(1, false));
        assert_eq!(holders.conflict(disk, &[Uuid::from_u128(2)], false), None);
        assert!(
            holders
                .conflict(disk, &[Uuid::from_u128(2)], true)
                .is_some()
        );
        assert_eq!(holders.conflict(disk, &[Uuid::from_u128(1)], true), None);
        holders.add(disk, holder(3, true));
        assert!(
            holders
                .conflict(disk, &[Uuid::from_u128(2)], false)
                .is_some()
        );
        assert_eq!(holders.conflict(DiskId::Device(2), &[], true), None);
    }
}
