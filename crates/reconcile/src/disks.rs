//! The disks of guests: what stands where they are declared, and who has them.

use std::collections::{BTreeSet, HashMap};

use disk_image::Found;
use guest_spec::{Disk, Guest, is_dom0};
use uuid::Uuid;

use crate::domains::{DiskConfig, Domain};
use crate::holders::{DiskId, Holder, Holders, Target};
use crate::images::{self, Growing};
use crate::keepers::{self, Keepers};
use crate::layout::Layout;
use crate::observe::{Domains, Mounts};
use crate::record::{Record, Records};
use crate::saves::Saves;

/// What stands where a disk is declared.
#[derive(Clone, Debug)]
pub struct DiskState {
    /// What it is; nothing for what is no file of the Dom0, which only a script or a driver domain can look at,
    /// and for a CD drive without a disc.
    pub found: Option<Found>,
    /// What tells whether another disk is the same one.
    pub ids: Vec<DiskId>,
    /// Whether the declared mount that holds it is mounted; true where none is declared.
    pub mounted: bool,
    /// Whether nothing was ever written into its file system, where that was asked.
    pub empty: bool,
    /// How it stands to the size that is declared of it.
    pub growing: Growing,
}

/// Looks at a disk; `ask_empty` also into it.
pub(crate) fn disk_state(
    disk: &Disk,
    layout: &Layout,
    domains: &Domains,
    mounts: &Mounts,
    ask_empty: bool,
) -> Result<DiskState, String> {
    let Some(path) = layout.disk(disk) else {
        return Ok(DiskState {
            found: None,
            ids: ids(&Source::declared(disk), layout, domains),
            mounted: true,
            empty: false,
            growing: Growing::Not,
        });
    };
    let found = disk_image::inspect(&path).map_err(|error| error.to_string())?;
    let format = images::format(disk.format).filter(|_| ask_empty);
    let empty = match (&found, format) {
        (Found::File { .. } | Found::BlockDevice { .. }, Some(format)) => {
            disk_image::never_written(&path, format).map_err(|error| error.to_string())?
        }
        _ => false,
    };
    let mounted = disk
        .mount_point
        .as_deref()
        .is_none_or(|point| mounts.has(point));
    Ok(DiskState {
        ids: DiskId::of(&found).into_iter().collect(),
        growing: images::growing(disk, &path, &found),
        found: Some(found),
        mounted,
        empty,
    })
}

/// The disks of a guest, each with what tells whether another is the same one.
pub(crate) fn disk_ids<'a>(
    guest: &'a Guest,
    disks: &'a [Result<DiskState, String>],
) -> impl Iterator<Item = (&'a Disk, &'a DiskId)> {
    let states = guest.disks.iter().zip(disks);
    states
        .filter_map(|(disk, state)| Some((disk, state.as_ref().ok()?)))
        .flat_map(|(disk, state)| state.ids.iter().map(move |id| (disk, id)))
}

/// Says which disk of a guest somebody else has; `own` are the UUIDs that the guest may have.
pub(crate) fn disk_in_use(
    guest: &Guest,
    disks: &[Result<DiskState, String>],
    holders: &Holders,
    own: &[Uuid],
) -> Option<String> {
    disk_ids(guest, disks).find_map(|(disk, id)| {
        let holder = holders.conflict(id, own, disk.is_writable())?;
        Some(format!(
            "option disks.{}.path: {} is in use by {}, and two systems on one file system destroy it; the guest is not started. Shut the other down, or give this guest a disk of its own",
            disk.name,
            disk.path.as_deref().unwrap_or_default(),
            holder.who
        ))
    })
}

/// Says which disk of a guest a run that was killed was growing: the guest must not have it before that is finished.
pub(crate) fn unfinished_growth(
    guest: &Guest,
    disks: &[Result<DiskState, String>],
) -> Option<String> {
    let states = guest.disks.iter().zip(disks);
    let mut unfinished = states.filter(|(_, state)| {
        let state = state.as_ref().ok();
        state.is_some_and(|state| matches!(state.growing, Growing::Unfinished(_)))
    });
    let (disk, _) = unfinished.next()?;
    Some(format!(
        "option disks.{}.size: growing {} was begun and not finished, and the guest is not started before it is; run `domus apply`",
        disk.name,
        disk.path.as_deref().unwrap_or_default()
    ))
}

/// Who has which disk. A disk that cannot be looked at is nobody's here; its own guest reports it.
pub(crate) fn holders(
    domains: &Domains,
    records: &Records,
    saved_as: &HashMap<Uuid, String>,
    saves: &Saves,
    layout: &Layout,
) -> Holders {
    let mut holders = Holders::default();
    let mut add = |ids: Vec<DiskId>, holder: &Holder| {
        for id in ids {
            holders.add(id, holder.clone());
        }
    };
    for domain in domains.all() {
        for disk in domain.config.iter().flat_map(|config| &config.disks) {
            let holder = Holder {
                who: format!("domain {} ({})", domain.name, domain.domid),
                uuid: domain.uuid,
                writes: disk.is_writable(),
            };
            add(ids(&Source::live(disk), layout, domains), &holder);
        }
    }
    for (name, save) in saves.that_hold_memory() {
        let mut readable = records
            .iter()
            .filter_map(|(_, record)| record.as_ref().ok());
        let theirs = |record: &&Record| saved_as.get(&record.uuid).is_some_and(|file| file == name);
        let record = readable.find(theirs);
        let name = record.map_or(name, |record| record.name.as_str());
        let uuid = save.uuid.or_else(|| record.map(|record| record.uuid));
        let what = if name.starts_with('.') {
            "the save file that was moved aside,"
        } else {
            "the saved guest"
        };
        let holder = |writes| Holder {
            who: format!("{what} {name}"),
            uuid: uuid.unwrap_or_default(),
            writes,
        };
        if let Some(config) = &save.config {
            for disk in &config.disks {
                let ids = ids(&Source::live(disk), layout, domains);
                add(ids, &holder(disk.is_writable()));
            }
            continue;
        }
        // What the file does not say is what Domus remembers.
        let Some(record) = record else { continue };
        let holder = holder(true);
        for path in &record.images {
            add(ids(&Source::image(path), layout, domains), &holder);
        }
        for target in &record.targets {
            let source = Source::remembered(target);
            add(ids(&source, layout, domains), &holder);
        }
    }
    add_kept(&mut holders, domains, records, layout);
    holders
}

/// Those whose domain is away for a moment, with the disks that Domus remembers of them.
fn add_kept(holders: &mut Holders, domains: &Domains, records: &Records, layout: &Layout) {
    let keepers = Keepers::look(layout);
    let readable = records
        .iter()
        .filter_map(|(_, record)| record.as_ref().ok());
    for record in readable.filter(|record| domains.of(record.uuid).is_none()) {
        let names = keepers::names(&record.name, Some(record));
        let Some(keeper) = keepers.of(&names, &[record.uuid]) else {
            continue;
        };
        let holder = Holder {
            who: format!("guest {}: {keeper}", record.name),
            uuid: record.uuid,
            writes: true,
        };
        let images = record.images.iter().map(|path| Source::image(path));
        let sources = images.chain(record.targets.iter().map(Source::remembered));
        for id in sources.flat_map(|source| ids(&source, layout, domains)) {
            holders.add_soon(id, holder.clone());
        }
    }
    holders.set_keepers(keepers);
}

/// What a guest's declared disks that are no files of the Dom0 are known by.
pub(crate) fn declared_targets(guest: &Guest, domains: &Domains) -> BTreeSet<Target> {
    let sources = guest.disks.iter().map(Source::declared);
    sources
        .filter_map(|source| source.target(domains))
        .collect()
}

/// The same of a live domain; nothing where libxl does not show its disks.
pub(crate) fn live_targets(domain: &Domain, domains: &Domains) -> Option<BTreeSet<Target>> {
    let disks = &domain.config.as_ref()?.disks;
    let sources = disks.iter().map(Source::live);
    Some(
        sources
            .filter_map(|source| source.target(domains))
            .collect(),
    )
}

/// Where a disk's content comes from.
struct Source<'a> {
    /// A path, or what the disk is known by; empty for a drive without a disc.
    text: &'a str,
    /// Whether a script makes a device of it.
    has_script: bool,
    /// The domain that serves it, by name or number; nothing for the Dom0.
    backend: Option<String>,
}

impl<'a> Source<'a> {
    fn declared(disk: &'a Disk) -> Self {
        Self {
            text: disk.path.as_deref().unwrap_or_default(),
            has_script: disk.script.is_some(),
            backend: disk.driver_domain().map(str::to_owned),
        }
    }

    fn live(disk: &'a DiskConfig) -> Self {
        let name = disk.backend_domname.clone();
        let number = || disk.backend_domid.map(|number| number.to_string());
        Self {
            text: disk.target(),
            has_script: disk.script.is_some(),
            backend: name.or_else(number).filter(|backend| !is_dom0(backend)),
        }
    }

    const fn image(path: &'a str) -> Self {
        Self {
            text: path,
            has_script: false,
            backend: None,
        }
    }

    fn remembered(target: &'a Target) -> Self {
        Self {
            text: &target.text,
            has_script: true,
            backend: target.backend.clone(),
        }
    }

    /// Whether it is a file or device of the Dom0, and nothing else.
    fn is_file(&self) -> bool {
        self.text.starts_with('/') && !self.has_script && self.backend.is_none()
    }

    /// What it is known by, where it is no file.
    fn target(&self, domains: &Domains) -> Option<Target> {
        if self.text.is_empty() || self.is_file() {
            return None;
        }
        // Two numbers may be one domain at different times, and one name and one number the same domain.
        let by_number = |backend: &String| {
            let mut all = domains.all().iter();
            let domid: u32 = backend.parse().ok()?;
            Some(all.find(|domain| domain.domid == domid)?.name.clone())
        };
        let backend = self.backend.as_ref();
        Some(Target {
            backend: backend.map(|backend| by_number(backend).unwrap_or_else(|| backend.clone())),
            text: self.text.to_owned(),
        })
    }
}

/// What tells whether another disk is the same one. What a script is told may be a file all the same, and is then
/// compared as both.
fn ids(source: &Source, layout: &Layout, domains: &Domains) -> Vec<DiskId> {
    let target = source.target(domains).map(DiskId::Target);
    let here = source.backend.is_none() && source.text.starts_with('/');
    let found = here.then(|| disk_image::inspect(&layout.below(source.text)).ok());
    let file = found.flatten().as_ref().and_then(DiskId::of);
    target.into_iter().chain(file).collect()
}
