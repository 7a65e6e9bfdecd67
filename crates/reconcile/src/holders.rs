//! Who has which disk, compared by device and inode, so that links and other spellings do not hide it; and by what a
//! script or a driver domain knows it by, where it is no file of the Dom0.

use std::collections::HashMap;

use disk_image::Found;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::keepers::Keepers;

/// What tells whether two disks are one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum DiskId {
    /// An image: the file system's device, and the inode.
    File(u64, u64),
    /// A block device: its number.
    Device(u64),
    /// What is no file of the Dom0.
    Target(Target),
}

/// What a disk that is no file of the Dom0 is known by.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Target {
    /// The domain that serves it, by name where that is known; nothing for the Dom0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backend: Option<String>,
    /// The text: `iqn.2001-05.org.example:lun0`.
    pub text: String,
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
pub struct Holders {
    now: HashMap<DiskId, Vec<Holder>>,
    /// Those that have no domain now, and may have one again at any moment.
    soon: HashMap<DiskId, Vec<Holder>>,
    keepers: Keepers,
}

impl Holders {
    /// Notes a holder.
    pub fn add(&mut self, disk: DiskId, holder: Holder) {
        self.now.entry(disk).or_default().push(holder);
    }

    /// Notes one that may be a holder again at any moment.
    pub(crate) fn add_soon(&mut self, disk: DiskId, holder: Holder) {
        self.soon.entry(disk).or_default().push(holder);
    }

    /// Notes who may bring a domain back.
    pub(crate) fn set_keepers(&mut self, keepers: Keepers) {
        self.keepers = keepers;
    }

    /// Who may bring a domain back that is not there.
    #[must_use]
    pub const fn keepers(&self) -> &Keepers {
        &self.keepers
    }

    /// All who have the disk, or may have it at any moment.
    pub fn of(&self, disk: &DiskId) -> impl Iterator<Item = &Holder> {
        let all = [self.now.get(disk), self.soon.get(disk)];
        all.into_iter().flatten().flatten()
    }

    /// Somebody else who has the disk, or may have it at any moment: who is in the way of work on it.
    #[must_use]
    pub fn in_the_way(&self, disk: &DiskId, own: &[Uuid]) -> Option<&Holder> {
        self.of(disk).find(|holder| !own.contains(&holder.uuid))
    }

    /// Somebody else who has the disk, where one of the two may write: `own` are the UUIDs of the one
    /// who asks.
    #[must_use]
    pub fn conflict(&self, disk: &DiskId, own: &[Uuid], writes: bool) -> Option<&Holder> {
        let mut holders = self.now.get(disk)?.iter();
        holders.find(|holder| !own.contains(&holder.uuid) && (writes || holder.writes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_share_and_writers_do_not() {
        let target = Target {
            backend: None,
            text: "iqn.2001-05.org.example:lun0".into(),
        };
        for disk in [DiskId::File(1, 2), DiskId::Target(target)] {
            let uuid = Uuid::from_u128;
            let holder = |number: u128, writes| Holder {
                who: "x".into(),
                uuid: uuid(number),
                writes,
            };
            let mut holders = Holders::default();
            holders.add(disk.clone(), holder(1, false));
            assert_eq!(holders.conflict(&disk, &[uuid(2)], false), None);
            assert!(holders.conflict(&disk, &[uuid(2)], true).is_some());
            assert_eq!(holders.conflict(&disk, &[uuid(1)], true), None);
            holders.add(disk.clone(), holder(3, true));
            assert!(holders.conflict(&disk, &[uuid(2)], false).is_some());
            assert_eq!(holders.conflict(&DiskId::Device(2), &[], true), None);
        }
    }
}
