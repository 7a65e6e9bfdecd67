//! What is there: files, images, domains, save files, bridges. It reads, and changes nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use disk_image::Found;
use guest_spec::{Bridge, Disk, Document, Guest};
use uuid::Uuid;

use crate::Stages;
use crate::bridges::{self, BridgeState};
use crate::domains::{self, Domain, State};
use crate::files::{self, Entry, FileError};
use crate::layout::Layout;
use crate::program::Programs;
use crate::record::Records;

/// What is there.
#[derive(Debug)]
pub struct Observed {
    /// The domains of this host.
    pub domains: Domains,
    /// The names of the files in xendomains' save folder.
    pub saves: BTreeSet<String>,
    /// What stands where each declared or remembered guest's files go.
    pub guests: BTreeMap<String, GuestFiles>,
    /// The declared bridges, by name.
    pub bridges: BTreeMap<String, Result<BridgeState, String>>,
    /// This boot of the Dom0.
    pub boot_id: String,
}

/// The domains of this host, as far as they are known.
#[derive(Debug)]
pub enum Domains {
    /// The system is not booted under Xen.
    NotXen,
    /// This stage does not ask xl: at boot xenstored is not up when files are written.
    NotAsked,
    /// xl did not say.
    Unknown(String),
    /// All of them.
    Known(DomainTable),
}

impl Domains {
    /// The live domain of this UUID.
    #[must_use]
    pub fn of(&self, uuid: Uuid) -> Option<&Domain> {
        let Self::Known(table) = self else {
            return None;
        };
        table.by_uuid.get(&uuid).map(|&at| &table.domains[at])
    }

    /// A domain of this name that has another UUID.
    #[must_use]
    pub fn foreign(&self, name: &str, uuid: Uuid) -> Option<&Domain> {
        let Self::Known(table) = self else {
            return None;
        };
        let domain = table.by_name.get(name).map(|&at| &table.domains[at])?;
        (domain.uuid != uuid).then_some(domain)
    }
}

/// All domains of this host, to be found by UUID and by name.
#[derive(Debug)]
pub struct DomainTable {
    domains: Vec<Domain>,
    /// The live ones: a domain that is dying may have its successor beside it.
    by_uuid: HashMap<Uuid, usize>,
    by_name: HashMap<String, usize>,
}

impl From<Vec<Domain>> for DomainTable {
    fn from(domains: Vec<Domain>) -> Self {
        let numbered = || domains.iter().enumerate();
        let live = numbered().filter(|(_, domain)| domain.state != State::Dying);
        let by_uuid = live.map(|(at, domain)| (domain.uuid, at)).collect();
        let by_name = numbered()
            .map(|(at, domain)| (domain.name.clone(), at))
            .collect();
        Self {
            domains,
            by_uuid,
            by_name,
        }
    }
}

/// What stands where a guest's files go.
#[derive(Debug)]
pub struct GuestFiles {
    /// The xl configuration.
    pub config: Result<Entry, FileError>,
    /// The link in `auto`.
    pub auto: Result<Entry, FileError>,
    /// The disks, in the order of the declaration.
    pub disks: Vec<Result<DiskState, String>>,
}

/// What stands where a disk is declared.
#[derive(Clone, Debug)]
pub struct DiskState {
    /// What it is.
    pub found: Found,
    /// Whether the declared mount that holds it is mounted; true where none is declared.
    pub mounted: bool,
    /// Whether nothing was ever written into its file system, where that was asked.
    pub empty: bool,
}

/// Looks at everything that a plan of these stages needs.
///
/// # Errors
/// When a folder that is about all guests cannot be read. What is about one guest is that guest's
/// error, and what is about xl is [`Domains::Unknown`].
pub fn observe(
    document: &Document,
    records: &Records,
    layout: &Layout,
    programs: &Programs,
    stages: Stages,
) -> Result<Observed, FileError> {
    let domains = match () {
        () if !under_xen(layout) => Domains::NotXen,
        () if !stages.guests => Domains::NotAsked,
        () => domains::list(programs).map_or_else(
            |error| Domains::Unknown(error.to_string()),
            |list| Domains::Known(list.into()),
        ),
    };
    let mounts = Mounts::read(layout)?;
    let mut guests: BTreeMap<String, GuestFiles> = document
        .guests
        .iter()
        .map(|guest| {
            let starts = stages.guests && domains.of(guest.uuid).is_none();
            (
                guest.name.clone(),
                guest_files(guest, layout, &mounts, starts),
            )
        })
        .collect();
    for (name, _) in records.iter() {
        guests.entry(name.to_owned()).or_insert_with(|| GuestFiles {
            config: files::look(&layout.config(name)),
            auto: files::look(&layout.auto(name)),
            disks: Vec::new(),
        });
    }
    let bridge = |bridge: &Bridge| {
        (
            bridge.name.clone(),
            bridges::observe(bridge, layout, programs),
        )
    };
    let observed_bridges = if stages.bridges && !document.bridges.is_empty() {
        document.bridges.iter().map(bridge).collect()
    } else {
        BTreeMap::new()
    };
    Ok(Observed {
        domains,
        saves: files::names_in(&layout.save_dir())?.into_iter().collect(),
        guests,
        bridges: observed_bridges,
        boot_id: boot_id(layout)?,
    })
}

/// Dom0 is the domain that Xen gave control of it.
fn under_xen(layout: &Layout) -> bool {
    fs::read_to_string(layout.below("/proc/xen/capabilities"))
        .is_ok_and(|capabilities| capabilities.contains("control_d"))
}

fn boot_id(layout: &Layout) -> Result<String, FileError> {
    let text = files::read_text(&layout.below("/proc/sys/kernel/random/boot_id"))?;
    Ok(text.unwrap_or_default().trim().to_owned())
}

fn guest_files(guest: &Guest, layout: &Layout, mounts: &Mounts, starts: bool) -> GuestFiles {
    let auto = files::look(&layout.auto(&guest.name));
    // Whether the boot disk is empty is asked only of a guest that would be started.
    let starts = starts || (guest.autostart && matches!(auto, Ok(Entry::Absent)));
    let boot_disk = guest
        .boot_disk()
        .filter(|_| starts && guest.boot.bootloader.reads_disk());
    let asked = |disk: &Disk| boot_disk.is_some_and(|boot| boot.name == disk.name);
    GuestFiles {
        config: files::look(&layout.config(&guest.name)),
        auto,
        disks: guest
            .disks
            .iter()
            .map(|disk| disk_state(disk, layout, mounts, asked(disk)))
            .collect(),
    }
}

fn disk_state(
    disk: &Disk,
    layout: &Layout,
    mounts: &Mounts,
    ask_empty: bool,
) -> Result<DiskState, String> {
    let path = layout.disk(disk);
    let found = disk_image::inspect(&path).map_err(|error| error.to_string())?;
    let empty = ask_empty
        && matches!(found, Found::File { .. } | Found::BlockDevice { .. })
        && disk_image::never_written(&path, crate::images::format(disk.format))
            .map_err(|error| error.to_string())?;
    let mounted = disk
        .mount_point
        .as_deref()
        .is_none_or(|point| mounts.has(point));
    Ok(DiskState {
        found,
        mounted,
        empty,
    })
}

/// The mount points of the Dom0.
struct Mounts(BTreeSet<PathBuf>);

impl Mounts {
    /// From `/proc/self/mounts`, where spaces and the like are written in octal (getmntent(3)).
    fn read(layout: &Layout) -> Result<Self, FileError> {
        let text = files::read_text(&layout.below("/proc/self/mounts"))?.unwrap_or_default();
        let points = text
            .lines()
            .filter_map(|line| line.split(' ').nth(1))
            .map(unescape);
        Ok(Self(points.map(PathBuf::from).collect()))
    }

    fn has(&self, point: &str) -> bool {
        self.0.contains(Path::new(point.trim_end_matches('/')))
    }
}

fn unescape(field: &str) -> String {
    [
        ("\\040", " "),
        ("\\011", "\t"),
        ("\\012", "\n"),
        ("\\134", "\\"),
    ]
    .iter()
    .fold(field.to_owned(), |text, (code, character)| {
        text.replace(code, character)
    })
}
