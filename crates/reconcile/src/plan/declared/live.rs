//! What of a running guest's differences Xen can change at once, and how.
//!
//! It is pure, and the one place that knows which keys change live. `xl_cfg::keys` has the facts.

use std::borrow::Cow;
use std::collections::BTreeMap;

use disk_image::Found;
use guest_spec::{Detach, Disk, GuestType, OnChange};
use xl_cfg::disk::{self, Access};
use xl_cfg::vif::{Vif, VifKind};
use xl_cfg::{Config, Value};

use super::Case;
use super::running::later;
use crate::compare::{self, Compared, Device, Difference};
use crate::domains::Domain;
use crate::holders::Holder;
use crate::plan::{Change, Live, Step, When};
use crate::plan::{GuestPlan, Host};

/// Xen's own weight (`xl sched-credit2`), and no cap.
const DEFAULT_WEIGHT: u32 = 256;
const NO_CAP: u32 = 0;

/// The keys that change live by themselves: they are remembered as they were declared.
pub(crate) const KEYS: [&str; 6] = ["memory", "vcpus", "cpu_weight", "cap", "cpus", "cpus_soft"];

/// What is declared for `cpus` and `cpus_soft`, as text.
pub(crate) fn pins(declared: &Config) -> [String; 2] {
    ["cpus", "cpus_soft"].map(|key| {
        let value = declared.get(key).map(ToString::to_string);
        value.unwrap_or_default()
    })
}

/// What is remembered of a declaration that is made true: each key that changes live by itself, and each device.
pub(crate) fn applied(declared: &Config) -> BTreeMap<String, String> {
    let keys = KEYS.iter().filter_map(|key| {
        let value = declared.get(key)?;
        Some(((*key).to_owned(), value.to_string()))
    });
    let devices = |list: &'static str, id| {
        let specs = compare::specs(declared.get(list), id);
        specs
            .into_iter()
            .map(move |(id, spec)| (format!("{list} {id}"), spec))
    };
    keys.chain(devices("disk", compare::vdev))
        .chain(devices("vif", compare::mac))
        .collect()
}

/// Decides about every difference.
pub(super) fn changes(
    case: &Case,
    compared: &Compared,
    domain: &Domain,
    host: &mut Host,
    plan: &mut GuestPlan,
) {
    let live = case.guest.lifecycle.on_change != OnChange::NextBoot;
    let mut schedule = (None, None);
    let mut pin = false;
    for difference in &compared.keys {
        let key = difference.key.as_str();
        let drift =
            KEYS.contains(&key) && case.was_applied(key, declared_text(case, key).as_deref());
        let now = live && !drift && can_now(case, difference, domain);
        let when = match (drift, now) {
            (true, _) => When::Never,
            (_, true) => When::Now,
            _ => later(key),
        };
        plan.changes.push(Change {
            key: key.to_owned(),
            device: None,
            running: difference.running.clone(),
            declared: difference.declared.clone(),
            when,
        });
        if !now {
            continue;
        }
        let number = || declared_number(case, key);
        match key {
            "memory" => step(
                plan,
                domain,
                Live::Memory {
                    from: memory_mib(domain),
                    to: case.guest.memory_mib,
                },
            ),
            "vcpus" => step(
                plan,
                domain,
                Live::Vcpus {
                    from: difference.running.parse().unwrap_or(domain.vcpus),
                    to: case.guest.vcpus,
                },
            ),
            "cpu_weight" => schedule.0 = Some(number().unwrap_or(DEFAULT_WEIGHT)),
            "cap" => schedule.1 = Some(number().unwrap_or(NO_CAP)),
            _ => pin = true,
        }
    }
    if let (Some(scheduler), true) = (scheduler(domain), schedule != (None, None)) {
        step(
            plan,
            domain,
            Live::Schedule {
                scheduler: scheduler.to_owned(),
                weight: schedule.0,
                cap: schedule.1,
            },
        );
    }
    if pin {
        let vcpus = case.guest.most_vcpus();
        let sets = |key| sets(case.declared().get(key), vcpus);
        step(
            plan,
            domain,
            Live::Pin {
                hard: sets("cpus"),
                soft: sets("cpus_soft"),
            },
        );
    }
    for device in &compared.disks {
        disk(case, device, live, domain, host, plan);
    }
    for device in &compared.vifs {
        vif(case, device, live, domain, plan);
    }
}

/// Whether Xen can change the key in this domain to what is declared.
fn can_now(case: &Case, difference: &Difference, domain: &Domain) -> bool {
    let build = domain.config.as_ref().map(|config| &config.b_info);
    match difference.key.as_str() {
        "memory" => {
            let most_kib = build.and_then(|build| build.max_memkb).unwrap_or(0);
            u64::from(case.guest.memory_mib.get()) <= most_kib / 1024
        }
        "vcpus" => {
            let most = build.and_then(|build| build.max_vcpus).unwrap_or(0);
            case.guest.vcpus <= most
        }
        "cpu_weight" | "cap" => scheduler(domain).is_some(),
        "cpus" | "cpus_soft" => true,
        _ => false,
    }
}

/// The scheduler, where its weight and cap can be set.
fn scheduler(domain: &Domain) -> Option<&str> {
    let config = domain.config.as_ref()?;
    let scheduler = config.b_info.sched_params.sched.as_deref()?;
    matches!(scheduler, "credit" | "credit2").then_some(scheduler)
}

fn memory_mib(domain: &Domain) -> u64 {
    let config = domain.config.as_ref();
    let target = config.and_then(|config| config.b_info.target_memkb);
    target.map_or(domain.memory_mib, |kib| kib / 1024)
}

fn declared_text(case: &Case, key: &str) -> Option<String> {
    case.declared().get(key).map(ToString::to_string)
}

fn declared_number(case: &Case, key: &str) -> Option<u32> {
    let value = case.declared().get(key)?;
    value.as_integer()?.try_into().ok()
}

/// What xl is told of processors: one set for each vCPU, where it is a list, which leaves the last ones free; or one for all.
fn sets(value: Option<&Value>, vcpus: u32) -> Vec<String> {
    let text = |value: &Value| value.as_text().map(Cow::into_owned);
    match value {
        Some(Value::List(items)) => {
            let sets = items.iter().filter_map(text);
            let free = std::iter::repeat_with(|| "all".to_owned());
            sets.chain(free).zip(0..vcpus).map(|(set, _)| set).collect()
        }
        Some(value) => text(value).into_iter().collect(),
        None => Vec::new(),
    }
}

fn disk(
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

fn step(plan: &mut GuestPlan, domain: &Domain, change: Live) {
    plan.steps.push(Step::Live {
        domid: domain.domid,
        change,
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

fn vif(case: &Case, device: &Device, live: bool, domain: &Domain, plan: &mut GuestPlan) {
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
    /// Whether the declaration is the one that was last made true: what differs from it was changed by hand.
    fn was_applied(&self, key: &str, declared: Option<&str>) -> bool {
        let record = self.record;
        let live = record.map(|record| &record.live);
        // Of a guest that nothing is remembered of, what is not declared is somebody else's.
        live.and_then(|live| live.get(key)).map(String::as_str) == declared
    }

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
