//! Which software can serve a disk (`libxl__device_disk_setdefault` in `libxl_disk.c`, `disk_try_backend` in
//! `libxl_device.c`): what none of libxl's takes is refused when the guest starts.

use super::report::Report;
use crate::DiskBackend::{self, Phy, Qdisk, Standalone, Tap};
use crate::DiskFormat::{Raw, Vhd};
use crate::{Disk, GuestType};

/// A disk, and the software that libxl would take for it.
struct Served<'a> {
    disk: &'a Disk,
    /// Nothing where libxl tries one after the other.
    backend: Option<DiskBackend>,
    is_hvm_cd: bool,
    has_script: bool,
    is_empty: bool,
}

pub(super) fn check(report: &mut Report, disk: &Disk) {
    let is_hvm_cd = disk.cdrom && report.guest.guest_type == GuestType::Hvm;
    let virtio = disk.is_virtio();
    let mut add = |(field, message): (&str, String)| {
        report.add(format!("disks.{}.{field}", disk.name), message);
    };
    let backend = match disk.backend_type {
        Some(Standalone) if !virtio => {
            return add(("backendType", "\"standalone\" serves virtio disks only; set specification = \"virtio\", or remove backendType".into()));
        }
        Some(Phy | Qdisk | Tap) if virtio => {
            return add(("backendType", "a virtio disk is served by \"standalone\" only; set that, or remove specification = \"virtio\"".into()));
        }
        None if virtio => Some(Standalone),
        // libxl takes QEMU for these.
        None if is_hvm_cd || disk.colo.enable => Some(Qdisk),
        backend => backend,
    };
    let served = Served {
        disk,
        backend,
        is_hvm_cd,
        has_script: disk.script.is_some(),
        is_empty: disk.path.is_none(),
    };
    if let Some(message) = served.script() {
        add(("script", message.to_owned()));
    }
    if matches!(backend, Some(Tap | Standalone)) && (is_hvm_cd || served.is_empty) {
        let kind = if is_hvm_cd {
            "an HVM guest's CD drive"
        } else {
            "a CD drive without a disc"
        };
        let field = if virtio {
            "specification"
        } else {
            "backendType"
        };
        add((
            field,
            format!("{kind} is served by \"phy\" or \"qdisk\" only; remove {field}"),
        ));
    }
    if let Some(message) = served.format() {
        add(("format", message));
    }
    if disk.colo.enable && backend != Some(Qdisk) {
        add(("colo.enable", "only QEMU replicates a disk; remove backendType and specification, or set backendType = \"qdisk\"".into()));
    }
}

impl Served<'_> {
    /// What is wrong with its script.
    fn script(&self) -> Option<&'static str> {
        let message = match self.backend {
            _ if !self.has_script => return None,
            _ if self.is_empty => {
                "the script makes a device of path, and there is none; set path, or remove script"
            }
            Some(Standalone) => "what serves a virtio disk runs no script; remove one of the two",
            Some(Qdisk) if self.disk.backend_type.is_some() => {
                "QEMU (backendType = \"qdisk\") runs no script; remove one of the two"
            }
            Some(Qdisk) if self.is_hvm_cd => {
                "QEMU serves an HVM guest's CD drive, and runs no script; set backendType = \"phy\", or remove script"
            }
            Some(Qdisk) => {
                "QEMU serves a disk with colo.enable, and runs no script; remove one of the two"
            }
            _ => return None,
        };
        Some(message)
    }

    /// What is wrong with its format.
    fn format(&self) -> Option<String> {
        let disk = self.disk;
        let format = disk.format.as_str();
        let taken = match self.backend {
            Some(Qdisk) => true,
            Some(Tap) => matches!(disk.format, Raw | Vhd),
            Some(Phy | Standalone) => disk.format == Raw,
            // libxl tries phy, QEMU and tap.
            None => !self.has_script || matches!(disk.format, Raw | Vhd),
        };
        if !self.is_empty && !taken {
            let why = match self.backend {
                Some(Tap) => "blktap (backendType = \"tap\") reads \"raw\" and \"vhd\" only",
                Some(Standalone) => "a virtio disk is \"raw\" only",
                Some(_) => "the kernel (backendType = \"phy\") serves \"raw\" disks only",
                None => "what a script makes is a device",
            };
            let remedy = if self.has_script || disk.is_virtio() {
                "set format = \"raw\""
            } else {
                "set format = \"raw\", or backendType = \"qdisk\""
            };
            return Some(format!(
                "{format:?} is not what can be served: {why}; {remedy}"
            ));
        }
        let is_device = disk.file().is_some_and(|path| path.starts_with("/dev/"));
        (is_device && disk.format != Raw && disk.backend_type.is_none()).then(|| {
            format!("path is a device, and a device is \"raw\" as a rule; set format = \"raw\", or backendType = \"qdisk\" if there is a {format} image in it")
        })
    }
}
