//! `disk = [ … ]`: a set by the name that the guest knows each disk by.

use guest_spec::is_dom0;
use xl_cfg::Value;
use xl_cfg::disk::{Access, BackendType, Colo, Disk, Format, Specification};
use xl_cfg::keys::GuestType;

use super::Importing;
use super::scalars::text;
use super::tree::Comments;
use crate::NixValue;

impl Importing<'_> {
    pub(super) fn disks(&mut self, value: &Value) {
        let comments = self.source.item_comments("disk");
        let ordered = self.boots_from_another(value);
        for (index, item) in value.as_list().unwrap_or_default().iter().enumerate() {
            let spec = text(item).unwrap_or_default();
            match Disk::parse(&spec) {
                Ok(disk) => {
                    if disk.is_relative() && !spec.trim_start().starts_with("phy:") {
                        self.fail("disk", format!(
                            "xl looks for `{}` in the directory where it is started; write the whole path",
                            disk.target
                        ));
                        continue;
                    }
                    let local = disk.script.is_none() && disk.backend.is_none();
                    if local
                        && !disk.target.is_empty()
                        && !disk.is_relative()
                        && let Some(why) = guest_spec::disk_path_problem(&disk.target)
                    {
                        self.fail("disk", why);
                        continue;
                    }
                    if disk.is_relative() {
                        self.notes.push(format!(
                            "the disk {} becomes /dev/{0}, as xl-disk-configuration(5) means it; look whether it is there",
                            disk.target
                        ));
                    }
                    if disk.backend.as_deref().is_some_and(is_dom0) {
                        self.notes.push(format!(
                            "the disk {} says that the Dom0 serves it, which is left out: an HVM guest then sees it as an emulated drive too",
                            disk.vdev
                        ));
                    }
                    let disk = disk.below_dev();
                    self.disk(&disk);
                    if ordered {
                        let order = i64::try_from(index).unwrap_or(i64::MAX);
                        self.options
                            .set(&["disks", &disk.vdev, "order"], order.into());
                    }
                    let at = comments.get(index).cloned().unwrap_or_default();
                    self.options.comment(&["disks", &disk.vdev], at);
                }
                Err(error) => self.fail("disk", error.to_string()),
            }
        }
        if self.options.has(&["disks"]) {
            self.comment("disk", &["disks"]);
        } else {
            self.waiting.extend(self.source.comments("disk").above);
        }
    }

    /// Whether a boot loader in the Dom0 reads another disk than the first by vdev, which is what Domus would give it:
    /// xl gives it the first of the list.
    fn boots_from_another(&self, value: &Value) -> bool {
        let disks: Vec<Disk> = value
            .as_list()
            .unwrap_or_default()
            .iter()
            .filter_map(|item| Disk::parse(&text(item)?).ok())
            .collect();
        // CD drives last; `xvdb` before `xvdaa`, and `xvda2` before `xvda10`.
        let least = disks
            .iter()
            .min_by_key(|disk| (disk.cdrom, disk.vdev.len(), &disk.vdev));
        self.guest != GuestType::Hvm && least != disks.first()
    }

    fn disk(&mut self, disk: &Disk) {
        let vdev = disk.vdev.as_str();
        let mut set = |name: &str, value: NixValue| {
            self.options.set(&["disks", vdev, name], value);
        };
        if !disk.target.is_empty() {
            set("path", disk.target.as_str().into());
        }
        set("vdev", vdev.into());
        if disk.format != Format::Raw {
            set("format", disk.format.as_str().into());
        }
        if disk.cdrom {
            set("cdrom", true.into());
        } else if disk.access == Access::ReadOnly {
            set("readOnly", true.into());
        }
        let texts = [
            // The Dom0 is what serves a disk without.
            ("backend", disk.backend.as_deref().filter(|it| !is_dom0(it))),
            ("backendType", disk.backend_type.map(BackendType::as_str)),
            ("script", disk.script.as_deref()),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                set(name, text.into());
            }
        }
        if disk.direct_io_safe {
            set("directIoSafe", true.into());
        }
        if let Some(discard) = disk.discard {
            set("discard", discard.into());
        }
        if disk.untrusted {
            set("trusted", false.into());
        }
        if disk.specification != Specification::Xen {
            set("specification", disk.specification.as_str().into());
        }
        if let Some(grants) = disk.grant_usage {
            set("grantUsage", grants.into());
        }
        self.colo(vdev, &disk.colo);
    }

    /// The replication of a disk, for which there are few users and one free-form option.
    fn colo(&mut self, vdev: &str, colo: &Colo) {
        let mut set = |name: &str, value: NixValue| {
            self.options.set(&["disks", vdev, "colo", name], value);
        };
        if colo.enabled {
            set("enable", true.into());
        }
        if let Some(port) = colo.port {
            set("port", i64::from(port).into());
        }
        let texts = [
            ("host", &colo.host),
            ("export", &colo.export),
            ("activeDisk", &colo.active_disk),
            ("hiddenDisk", &colo.hidden_disk),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                set(name, text.as_str().into());
            }
        }
    }

    /// Comments of an item that became an option.
    pub(super) fn item_comment(&mut self, comments: &[Comments], index: usize, path: &[&str]) {
        let at = comments.get(index).cloned().unwrap_or_default();
        self.options.comment(path, at);
    }
}
