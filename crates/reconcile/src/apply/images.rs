//! Images that are made, and that grow.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use guest_spec::{ByteSize, DiskFormat, Guest};

use super::{Executor, Kept, StepError};
use crate::domains::{self, Domain, State};
use crate::files::{self, Entry};
use crate::images;
use crate::keepers::{self, HeldOff};
use crate::layout::Layout;
use crate::observe::Observed;

/// How long a domain that has ended may take to be gone.
const TAKEN_APART: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(500);

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

    /// Makes sure that a guest is off, and that its unit does not start it until what this gives is dropped. What a domain
    /// that is dying still has, only Xen knows.
    pub(super) fn hold_off(
        &self,
        path: &Path,
        declared: Option<&Guest>,
        kept: &Kept,
        observed: &Observed,
    ) -> Result<HeldOff, StepError> {
        let names = keepers::names(&kept.now.name, Some(&kept.now));
        let mut uuids = vec![kept.now.uuid];
        uuids.extend(declared.map(|guest| guest.uuid));
        let not_off = |why: String, is_dying| StepError::NotOff {
            path: path.to_owned(),
            why,
            is_dying,
        };
        let off = HeldOff::begin(&names, &uuids, self.layout);
        let off = off.map_err(|error| not_off(error.to_string(), false))?;
        let deadline = Instant::now() + TAKEN_APART;
        while observed.knows_domains() {
            let domains = domains::list_briefly(self.programs)?;
            let own = || domains.iter().filter(|domain| uuids.contains(&domain.uuid));
            let lives = |domain: &&Domain| domain.state != State::Dying;
            let Some(domain) = own().find(lives).or_else(|| own().next()) else {
                break;
            };
            let is_dying = domain.state == State::Dying;
            if !is_dying || Instant::now() >= deadline {
                let (domid, state) = (domain.domid, domain.state.as_str());
                return Err(not_off(format!("its domain {domid} is {state}"), is_dying));
            }
            thread::sleep(POLL);
        }
        Ok(off)
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
        let _off = self.hold_off(&path, declared, kept, observed)?;
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
