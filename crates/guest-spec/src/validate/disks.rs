//! The rules about disks (`libxl_disk.c`, `libxl_dm.c`).

use std::collections::HashMap;

use super::report::Report;
use super::served;
use super::text::{disk_path_problem, domain_problem, field_problem};
use crate::document::vdev::{self, Family, Place};
use crate::lower::disk_spec;
use crate::{DeviceModelVersion, Disk, DiskBackend, DiskFormat, GuestType, HdType};

pub(super) fn check(report: &mut Report) {
    let guest = report.guest;
    report.names("disks", guest.disks.iter().map(|disk| disk.name.as_str()));
    places(report);
    for disk in &guest.disks {
        let before = report.judgement.problems.len();
        path(report, disk);
        texts(report, disk);
        served::check(report, disk);
        emulated(report, disk);
        image(report, disk);
        filesystem(report, disk);
        // What no rule above has found, the grammar does.
        if report.judgement.problems.len() == before
            && vdev::place(&disk.vdev).is_some()
            && let Err(error) = disk_spec(disk)
        {
            report.add(format!("disks.{}", disk.name), error.to_string());
        }
    }
}

fn places(report: &mut Report) {
    let guest = report.guest;
    let mut by_place: HashMap<Place, &Disk> = HashMap::new();
    for disk in &guest.disks {
        let option = format!("disks.{}.vdev", disk.name);
        let Some(mut place) = vdev::place(&disk.vdev) else {
            let message = format!(
                "{:?} is no disk of a guest; write xvda, xvdb, … (or hda, sda, for emulated ones)",
                disk.vdev
            );
            report.add(option, message);
            continue;
        };
        // An HVM guest's firmware sees xvda and hda as the same drive.
        if guest.guest_type == GuestType::Hvm && place.family == Family::Hd {
            place.family = Family::Xvd;
        }
        if let Some(other) = by_place.insert(place, disk) {
            let vdev = if other.vdev == disk.vdev {
                String::new()
            } else {
                format!(" ({})", other.vdev)
            };
            report.add(
                option,
                format!(
                    "{} is disks.{}'s too{vdev}; give one of them another vdev",
                    disk.vdev, other.name
                ),
            );
        }
    }
}

fn path(report: &mut Report, disk: &Disk) {
    let option = format!("disks.{}.path", disk.name);
    let Some(path) = disk.path.as_deref() else {
        if !disk.cdrom {
            report.add(option, "only a CD drive can be without a disc; set path to an image or a device, or set cdrom = true");
        }
        return;
    };
    // What is no path of the Dom0 is the script's or the driver domain's to understand. QEMU's xen-block looks for a
    // file of the name before it would read `nbd:`, so it has paths only.
    if disk.script.is_none() && disk.driver_domain().is_none() {
        if let Some(why) = disk_path_problem(path) {
            report.add(option, why);
        }
    } else if path.is_empty() || path.contains(char::is_control) {
        report.add(
            option,
            format!("{path:?} is empty, or has a line break or another control character; write what the disk is known by"),
        );
    }
}

fn texts(report: &mut Report, disk: &Disk) {
    let colo = &disk.colo;
    for (field, text) in [
        ("backend", &disk.backend),
        ("script", &disk.script),
        ("colo.host", &colo.host),
        ("colo.export", &colo.export),
        ("colo.activeDisk", &colo.active_disk),
        ("colo.hiddenDisk", &colo.hidden_disk),
    ] {
        if let Some(why) = text.as_deref().and_then(field_problem) {
            report.add(format!("disks.{}.{field}", disk.name), why);
        }
    }
    if let Some(why) = disk.backend.as_deref().and_then(domain_problem) {
        report.add(format!("disks.{}.backend", disk.name), why);
    }
    if colo.port == Some(0) {
        report.add(
            format!("disks.{}.colo.port", disk.name),
            "there is no port 0; write the port of the other host's server",
        );
    }
}

/// What QEMU is told of a disk of an HVM guest.
fn emulated(report: &mut Report, disk: &Disk) {
    let guest = report.guest;
    let Some(path) = disk.path.as_deref() else {
        return;
    };
    let model = &guest.device_model;
    let is_old = model.version == Some(DeviceModelVersion::QemuXenTraditional);
    if guest.guest_type != GuestType::Hvm || is_old || vdev::is_number(&disk.vdev) {
        return;
    }
    let Some(place) = vdev::place(&disk.vdev) else {
        return;
    };
    let ahci = guest.firmware.hd_type == Some(HdType::Ahci);
    let scsi = place.family == Family::Sd;
    let drives = if ahci { 6 } else { 4 };
    if !(disk.cdrom || scsi || place.disk < drives) {
        return;
    }
    // libxl looks past what another domain serves, unless QEMU has it from its own domain.
    let has_stubdomain = model.stubdomain.enable == Some(true);
    let here = has_stubdomain || disk.driver_domain().is_none();
    if here && disk.read_only && !disk.cdrom && !scsi {
        report.add(
            format!("disks.{}.readOnly", disk.name),
            format!(
                "QEMU has no {} disk that is read-only, and xl refuses the guest; give it a vdev that is not emulated as one (sda, or {} and later), or set cdrom = true",
                if ahci { "AHCI" } else { "IDE" },
                if ahci { "xvdg" } else { "xvde" },
            ),
        );
    }
    let told = !has_stubdomain && disk.script.is_none() && disk.driver_domain().is_none();
    if told && path.contains(',') {
        report.add(
            format!("disks.{}.path", disk.name),
            format!("{path:?} has a comma, which ends the file's name where libxl tells QEMU of an HVM guest's disk; rename the file"),
        );
    }
}

/// Images that Domus is to make.
fn image(report: &mut Report, disk: &Disk) {
    if disk.size.is_none() {
        return;
    }
    let by_device = disk.backend_type == Some(DiskBackend::Phy) || disk.is_virtio();
    let why = if disk.cdrom {
        "a CD-ROM is read, and not made; remove size"
    } else if disk.path.is_none() {
        return;
    } else if disk.script.is_some() {
        "Domus makes image files, and with script the path is whatever the script makes of it; make the disk with the script's own tools, and remove size"
    } else if disk.driver_domain().is_some() {
        "Domus makes image files of this Dom0, and backend has the disk in another domain; make it there, and remove size"
    } else if !matches!(disk.format, DiskFormat::Raw | DiskFormat::Qcow2) {
        "Domus makes \"raw\" and \"qcow2\" images only; set format to one of these, or make the image with qemu-img, and remove size"
    } else if by_device {
        "Domus makes image files, and only a block device can be served so; remove size, or remove backendType and specification"
    } else {
        return;
    };
    report.add(format!("disks.{}.size", disk.name), why);
}

fn filesystem(report: &mut Report, disk: &Disk) {
    let Some(filesystem) = &disk.filesystem else {
        return;
    };
    let place = |field: &str| format!("disks.{}.{field}", disk.name);
    if disk.cdrom {
        report.add(
            place("filesystem"),
            "a CD-ROM gets no file system; remove it",
        );
    }
    let label = filesystem.label.as_deref().unwrap_or_default();
    if label.len() > 16 {
        let message = format!(
            "{label:?} is longer than the 16 bytes that ext2, ext3 and ext4 hold; shorten it"
        );
        report.add(place("filesystem.label"), message);
    } else if label.contains(char::is_control) || label.contains('/') {
        let message = format!(
            "{label:?} has a slash or a control character, which /dev/disk/by-label cannot show; choose another"
        );
        report.add(place("filesystem.label"), message);
    }
}
