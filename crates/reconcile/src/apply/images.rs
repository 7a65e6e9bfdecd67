//! Images that are made, and that grow.

use guest_spec::{ByteSize, DiskFormat, Guest};

use super::{Executor, Kept, StepError};
use crate::files::{self, Entry};
use crate::images;
use crate::layout::Layout;
use crate::observe::Observed;
use crate::xl::Xl;

impl Executor<'_> {
    /// Makes an image, and remembers it.
    pub(super) fn make_image(
        &self,
        name: &str,
        size: ByteSize,
        declared: Option<&Guest>,
        kept: &mut Kept,
    ) -> Result<(), StepError> {
        let disk = declared.and_then(|guest| guest.disks.iter().find(|disk| disk.name == name));
        let Some(disk) = disk else { return Ok(()) };
        // What is no file, or in a format that Domus does not make, is never planned to be made.
        let (Some(path), Some(file)) = (self.layout.disk(disk), disk.file()) else {
            return Ok(());
        };
        let Some(image) = images::new_image(disk, &path, size) else {
            return Ok(());
        };
        disk_image::create(&image, self.tools).map_err(|source| StepError::Image {
            disk: disk.name.clone(),
            source,
        })?;
        kept.now.images.insert(file.to_owned());
        if disk.format == DiskFormat::Qcow2 {
            kept.now.qcow2.insert(file.to_owned());
        }
        kept.save(self.layout)?;
        Ok(())
    }

    /// Makes an image larger. What fails leaves it as it was, and keeps the guest from nothing; but one that was begun and
    /// is not finished keeps it from starting.
    pub(super) fn grow_image(
        &self,
        name: &str,
        to: ByteSize,
        declared: Option<&Guest>,
        kept: &mut Kept,
        observed: &Observed,
    ) -> Result<(), StepError> {
        let disk = declared.and_then(|guest| guest.disks.iter().find(|disk| disk.name == name));
        let place =
            disk.and_then(|disk| Some((self.layout.disk(disk)?, images::format(disk.format)?)));
        // What has no such format, or is no file, is never planned to be grown.
        let Some((path, format)) = place else {
            return Ok(());
        };
        let began =
            observed.knows_domains() && Xl(self.programs).live_domid(kept.now.uuid)?.is_some();
        if began {
            return Err(StepError::Began(path));
        }
        let Err(source) = disk_image::grow(&path, format, to.bytes(), self.tools) else {
            return Ok(());
        };
        let disk = name.to_owned();
        if disk_image::is_unfinished(&path).is_ok_and(|unfinished| !unfinished) {
            return Err(StepError::NotGrown { disk, source });
        }
        let auto = self.layout.auto(&kept.now.name);
        let ours = Layout::auto_target(&kept.now.name);
        if files::look(&auto)? == Entry::Link(ours) {
            files::remove(&auto)?;
            kept.now.linked = false;
        }
        Err(StepError::Image { disk, source })
    }
}
