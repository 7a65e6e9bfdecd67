//! Disks and interfaces of a running guest, which come, go or become others.

use disk_image::Found;
use guest_spec::{Detach, Disk, GuestType};
use xl_cfg::disk::{self, Access};
use xl_cfg::vif::{Vif, VifKind};

use super::step;
use crate::compare::{self, Device};
use crate::domains::Domain;
use crate::holders::Holder;
use crate::plan::declared::Case;
use crate::plan::{Change, GuestPlan, Host, Live, Step, When};

/// Decides about a disk.
pub(super) fn disk(
    case: &Case,
    device: &Device,
    live: bool,
    domain: &Domain,
    host: &mut Host,
    plan: &mut GuestPlan,
) {
    let vdev = device.id.as_str();
    let declared_spec = compare::specs(case.declared().get("disk"), compare::vdev).remove(vdev);
    let drift = case.was_applied(&format!("disk {vdev}"), declared_spec.as_deref());
    let running = device
        .running
        .as_deref()
        .and_then(|spec| disk::Disk::parse(spec).ok());
    let wanted = device
        .declared
        .as_deref()
        .and_then(|spec| disk::Disk::parse(spec).ok());
    let declared = case.guest.disks.iter().find(|disk| disk.vdev == vdev);
    let ways = match (&running, &wanted, &declared_spec) {
        _ if drift || !live || !hotplugs(case, vdev) => None,
        (Some(running), Some(wanted), _) if is_other_disc(case, running, wanted) => {
            Some(vec![disc(vdev, &wanted.target)])
        }
        _ if declared.is_some_and(|disk| disk.cdrom)
            || running.as_ref().is_some_and(|disk| disk.cdrom) =>
        {
            None
        }
        (None, Some(_), Some(spec)) => Some(vec![attach(vdev, spec)]),
        (Some(running), None, _) if may_detach(case, running, declared) => Some(vec![detach(vdev)]),
        (Some(running), Some(_), Some(spec)) if may_detach(case, running, declared) => {
            Some(vec![detach(vdev), attach(vdev, spec)])
        }
        _ => None,
    };
    let mut when = match (drift, &ways) {
        (true, _) => When::Never,
        (_, Some(_)) => When::Now,
        (_, None) => When::AtNextBoot,
    };
    let attaches = |ways: &Vec<Live>| {
        ways.iter()
            .any(|way| matches!(way, Live::AttachDisk { .. }))
    };
    if let (Some(declared), true) = (declared, ways.as_ref().is_some_and(attaches)) {
        match case.claim_disk(declared, host, plan) {
            Ok(true) => {}
            // The image is missing, which is said of the disk.
            Ok(false) => when = When::AtNextBoot,
            Err(why) => {
                plan.problems.push(why);
                when = When::AtNextBoot;
            }
        }
    }
    if when == When::Now {
        for way in ways.into_iter().flatten() {
            step(plan, domain, way);
        }
    }
    plan.changes.push(Change {
        key: "disk".into(),
        device: Some(vdev.to_owned()),
        running: device.running.clone().unwrap_or_default(),
        declared: device.declared.clone().unwrap_or_default(),
        when,
    });
}

fn attach(vdev: &str, spec: &str) -> Live {
    Live::AttachDisk {
        vdev: vdev.to_owned(),
        spec: spec.to_owned(),
    }
}

fn detach(vdev: &str) -> Live {
    Live::DetachDisk {
        vdev: vdev.to_owned(),
    }
}

fn disc(vdev: &str, path: &str) -> Live {
    let vdev = vdev.to_owned();
    if path.is_empty() {
        Live::EjectDisc { vdev }
    } else {
        Live::InsertDisc {
            vdev,
            path: path.to_owned(),
        }
    }
}

/// Whether a disk of this name can come and go: an HVM guest's emulated ones cannot (`libxl_disk.c`).
fn hotplugs(case: &Case, vdev: &str) -> bool {
    case.guest.guest_type != GuestType::Hvm || vdev.starts_with("xvd") || is_drive(case, vdev)
}

fn is_drive(case: &Case, vdev: &str) -> bool {
    let mut disks = case.guest.disks.iter();
    disks.any(|disk| disk.vdev == vdev && disk.cdrom)
}

/// Whether only the disc in an HVM guest's drive is another (`libxl_cdrom_insert` takes no other guests).
fn is_other_disc(case: &Case, running: &disk::Disk, wanted: &disk::Disk) -> bool {
    let without_disc = |disk: &disk::Disk| {
        let mut drive = disk.clone();
        drive.target.clear();
        drive.format = disk::Format::Raw;
        drive
    };
    case.guest.guest_type == GuestType::Hvm
        && running.cdrom
        && wanted.cdrom
        && without_disc(running) == without_disc(wanted)
}

/// Whether a disk may be taken from the guest while it runs: Linux does not refuse to lose one that it has mounted.
fn may_detach(case: &Case, running: &disk::Disk, declared: Option<&Disk>) -> bool {
    let remembered = case
        .record
        .is_some_and(|record| record.detachable.contains(&running.vdev));
    running.access == Access::ReadOnly
        || remembered
        || declared.is_some_and(|disk| disk.detach == Detach::Live)
}

/// Decides about an interface.
pub(super) fn vif(case: &Case, device: &Device, live: bool, domain: &Domain, plan: &mut GuestPlan) {
    let mac = device.id.as_str();
    let declared_spec = compare::specs(case.declared().get("vif"), compare::mac).remove(mac);
    let drift = case.was_applied(&format!("vif {mac}"), declared_spec.as_deref());
    let is_emulated = |spec: &Option<String>| {
        let vif = spec.as_deref().and_then(|spec| Vif::parse(spec).ok());
        vif.is_some_and(|vif| vif.kind != Some(VifKind::Vif))
    };
    let emulated = case.guest.guest_type == GuestType::Hvm
        && (is_emulated(&device.running) || is_emulated(&declared_spec));
    let when = match () {
        () if drift => When::Never,
        () if live && !emulated => When::Now,
        () => When::AtNextBoot,
    };
    if when == When::Now {
        if device.running.is_some() {
            step(
                plan,
                domain,
                Live::DetachNetwork {
                    mac: mac.to_owned(),
                    comes_back: device.declared.is_some(),
                },
            );
        }
        if let Some(spec) = declared_spec {
            step(
                plan,
                domain,
                Live::AttachNetwork {
                    mac: mac.to_owned(),
                    spec,
                },
            );
        }
    }
    plan.changes.push(Change {
        key: "vif".into(),
        device: Some(mac.to_owned()),
        running: device.running.clone().unwrap_or_default(),
        declared: device.declared.clone().unwrap_or_default(),
        when,
    });
}

impl Case<'_> {
    /// Claims a disk that comes to a running guest; false where its image is not there and will not be, and an error
    /// where another has it.
    fn claim_disk(&self, disk: &Disk, host: &mut Host, plan: &GuestPlan) -> Result<bool, String> {
        let made =
            |step: &Step| matches!(step, Step::MakeImage { disk: name, .. } if *name == disk.name);
        let mut states = self.guest.disks.iter().zip(&self.files.disks);
        let Some((_, Ok(state))) = states.find(|(known, _)| known.name == disk.name) else {
            return Ok(false);
        };
        if state.found == Some(Found::Absent) {
            return Ok(plan.steps.iter().any(made));
        }
        for id in &state.ids {
            if let Some(other) = host.holders.conflict(id, &self.uuids(), disk.is_writable()) {
                return Err(format!(
                    "option disks.{}.path: {} is in use by {}, and two systems on one file system destroy it; it is not attached. Give this guest a disk of its own",
                    disk.name,
                    disk.path.as_deref().unwrap_or_default(),
                    other.who
                ));
            }
        }
        for id in &state.ids {
            let holder = Holder {
                who: format!("guest {}", self.guest.name),
                uuid: self.guest.uuid,
                writes: disk.is_writable(),
            };
            host.holders.add(id.clone(), holder);
        }
        Ok(true)
    }
}
