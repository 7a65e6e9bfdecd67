//! The disks of a declared guest: images that are missing, and what is wrong with those that are there.

use disk_image::Found;
use guest_spec::{ByteSize, Disk};
use uuid::Uuid;

use super::Case;
use crate::disks::DiskState;
use crate::images;
use crate::plan::{GuestPlan, Host, Step, saves};

impl Case<'_> {
    /// The images that are missing, and what is wrong with those that are there.
    pub(super) fn disks(&self, plan: &mut GuestPlan, host: &Host) {
        let starts = host.stages.guests && self.domain.is_none();
        if !(host.stages.images || starts) {
            return;
        }
        for (disk, state) in self.guest.disks.iter().zip(&self.files.disks) {
            // What is no file of the Dom0 is made, and looked at, by others.
            let Some(path) = disk.file() else { continue };
            let judged = match state {
                Ok(state) => self
                    .judge(disk, path, state, host)
                    .map_err(|why| format!("{path} {why}")),
                Err(error) => Err(error.clone()),
            };
            match judged {
                Ok(None) => {}
                Ok(Some(size)) if host.stages.images => plan.steps.push(Step::MakeImage {
                    disk: disk.name.clone(),
                    path: self.layout.below(path).display().to_string(),
                    size,
                }),
                Ok(Some(_)) => plan.problems.push(format!(
                    "option disks.{}.path: {path} is not there; domus-prepare.service makes it, and `journalctl -u domus-prepare` says why it did not",
                    disk.name
                )),
                Err(why) => plan.problems.push(format!("option disks.{}.path: {why}", disk.name)),
            }
        }
    }

    /// The size of the image to make, nothing for a disk that is there, or what is wrong.
    fn judge(
        &self,
        disk: &Disk,
        path: &str,
        state: &DiskState,
        host: &Host,
    ) -> Result<Option<ByteSize>, String> {
        let Some(found) = &state.found else {
            return Ok(None);
        };
        match found {
            Found::File { .. } | Found::BlockDevice { .. } => Ok(None),
            Found::Directory => Err("is a folder; write the path of the image in it".into()),
            Found::Other => Err("is neither a file nor a block device; write the path of one".into()),
            Found::Absent if !state.mounted => Err(format!(
                "is not there, because {} is not mounted; mount it (fileSystems), then switch again",
                disk.mount_point.as_deref().unwrap_or("its file system")
            )),
            Found::Absent if host.images.contains(path) => Err(format!(
                "was there at the last apply and is gone, and a new image would be empty. Bring it back, or mount what holds it; if it was deleted on purpose, run `domus image forget {path}`"
            )),
            Found::Absent if disk.cdrom => Err(
                "is not there; bring the disc's image back, or take `path` out, which leaves the drive without a disc".into(),
            ),
            Found::Absent if self.runs_on(path) => Err(
                "is gone while the guest runs on it; copy what you need from inside the guest before you shut it down".into(),
            ),
            Found::Absent if self.may_be_saved() => Err(format!(
                "is gone while the guest is saved: its memory needs that very disk. Bring it back, or move /var/lib/xen/save/{} away to give up what it holds",
                self.guest.name
            )),
            Found::Absent if path.starts_with("/dev/") => Err(
                "is no device of this host; Domus makes no files under /dev. Make the volume, or correct the path".into(),
            ),
            Found::Absent if images::format(disk.format).is_none() => Err(format!(
                "is not there, and Domus makes no {} images; put it there (`qemu-img create` makes one)",
                disk.format.as_str()
            )),
            Found::Absent => match (disk.size, host.unreadable) {
                (None, _) => Err(format!(
                    "is not there, and disks.{}.size is not set, so that Domus does not make it; set the size, or put the disk there",
                    disk.name
                )),
                (Some(_), Some(name)) => Err(format!(
                    "is not there, and is not made, because what Domus remembers of {name} cannot be read, and it may have been that guest's"
                )),
                (Some(size), None) => Ok(Some(size)),
            },
        }
    }

    /// Whether a save file holds the guest's memory, or may: not where what stands under its name is known to be none of its.
    fn may_be_saved(&self) -> bool {
        let uuids = self.uuids();
        let name = self.guest.name.as_str();
        let elsewhere = |uuid: &Uuid| {
            let known = self.observed.saved_as.get(uuid).map(String::as_str);
            let file = self.observed.save_files.file_of(*uuid).or(known);
            file.is_some_and(|file| file != name)
        };
        uuids.iter().any(elsewhere)
            || (self.observed.saves.contains(name)
                && !saves::is_anothers(self.observed, name, &uuids))
    }

    /// Whether the running guest has the disk; where libxl does not tell, it may.
    fn runs_on(&self, path: &str) -> bool {
        let Some(domain) = self.domain else {
            return false;
        };
        let config = domain.config.as_ref();
        config.is_none_or(|config| config.disks.iter().any(|disk| disk.target() == path))
    }
}
