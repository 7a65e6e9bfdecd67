//! What is there: files, images, domains, save files, bridges. It reads, and changes nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use guest_spec::{Bridge, Disk, Document, Guest, Secrets};
use uuid::Uuid;

use crate::Stages;
use crate::bridges::{self, BridgeState};
use crate::disks::{DiskState, disk_in_use, disk_state, holders, unfinished_growth};
use crate::domains::{self, Domain, State};
use crate::files::{self, Entry, FileError};
use crate::holders::Holders;
use crate::layout::Layout;
use crate::pins::{self, Pins};
use crate::program::Programs;
use crate::record::Records;
use crate::saved::saved_as;
use crate::saves::{self, Saves};
use crate::secret;

/// What is there.
#[derive(Debug)]
pub struct Observed {
    /// The domains of this host.
    pub domains: Domains,
    /// The names of the files in xendomains' save folder that hold a guest's memory, or may.
    pub saves: BTreeSet<String>,
    /// The UUIDs of the guests whose save files these are, as far as Domus remembers them, with the files' names.
    pub saved_as: HashMap<Uuid, String>,
    /// What is in that folder.
    pub save_files: Saves,
    /// How many bytes are free there, where that was asked.
    pub save_space_bytes: Option<u64>,
    /// Who has which disk: live domains, foreign ones included, and saved guests. It is asked for only
    /// when a guest may be started.
    pub holders: Holders,
    /// What stands where each declared or remembered guest's files go.
    pub guests: BTreeMap<String, GuestFiles>,
    /// The declared bridges, by name.
    pub bridges: BTreeMap<String, Result<BridgeState, String>>,
    /// This boot of the Dom0.
    pub boot_id: String,
    /// The minor version (4.N) of the Xen that runs.
    pub xen_minor: u32,
    /// On which processors guests run, where that was asked.
    pub pins: Pins,
    /// What each running guest was last compared by, when it was as declared: the same is not compared again.
    pub compared: BTreeMap<String, String>,
}

impl Observed {
    /// Whether a save file holds this guest's memory.
    #[must_use]
    pub fn is_saved(&self, name: &str, uuid: Uuid) -> bool {
        self.saves.contains(name)
            || self.saved_as.contains_key(&uuid)
            || self.save_files.file_of(uuid).is_some()
    }

    /// Says which disk of a guest that does not run somebody else has.
    #[must_use]
    pub fn in_use(&self, guest: &Guest) -> Option<String> {
        let files = self.guests.get(&guest.name)?;
        disk_in_use(guest, &files.disks, &self.holders, &[guest.uuid])
            .or_else(|| unfinished_growth(guest, &files.disks))
    }

    /// Whether the domains were asked for, and are known.
    #[must_use]
    pub fn knows_domains(&self) -> bool {
        matches!(self.domains, Domains::Known(_))
    }
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

    /// All domains; none where they are not known.
    #[must_use]
    pub fn all(&self) -> &[Domain] {
        match self {
            Self::Known(table) => &table.domains,
            _ => &[],
        }
    }

    /// A domain whose disks nobody can tell, because libxl cannot read its configuration.
    #[must_use]
    pub fn opaque(&self) -> Option<&Domain> {
        let all = self.all();
        // A device model's own domain and xenstored's have no disks, and no configuration.
        let without_disks = |domain: &Domain| {
            let of = domain.name.strip_suffix("-dm");
            domain.domid == 0
                || domain.name == "Xenstore"
                || of.is_some_and(|of| all.iter().any(|other| other.name == of))
        };
        all.iter()
            .find(|domain| domain.config.is_none() && !without_disks(domain))
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
    /// The mode of the xl configuration.
    pub config_mode: Option<u32>,
    /// What `domus run` gave to xl, while it runs; sealed.
    pub started: Option<String>,
    /// The configuration that is stored with its domain for that one's own reboot (`xl config-update`).
    pub stored: Option<String>,
    /// The passwords in the guest's files, where they were asked for.
    pub secrets: Option<Result<Secrets, String>>,
}

impl GuestFiles {
    /// The text of the xl configuration, where one is there.
    #[must_use]
    pub fn config_text(&self) -> Option<&str> {
        match &self.config {
            Ok(Entry::File(bytes)) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }
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
    let mut domains = match () {
        () if !under_xen(layout) => Domains::NotXen,
        () if !stages.guests && !stages.asks_xl => Domains::NotAsked,
        () => ask(programs),
    };
    // After the domains: a file that is partial by now, and has no domain, is not being written.
    let save_files = Saves::look(layout)?;
    let saves = save_files.names();
    let saved_as = saved_as(records, &saves, &save_files);
    let guests = if stages.looks_at_guests() {
        guests_files(document, records, layout, &domains, stages)?
    } else {
        BTreeMap::new()
    };
    let may_start = |guest: &Guest| {
        let unlinked = |files: &GuestFiles| matches!(files.auto, Ok(Entry::Absent));
        // Whether it has all its disks: one that is attached is asked for, too.
        let has = |domain: &Domain, disk: &Disk| {
            let config = domain.config.as_ref();
            let mut disks = config.iter().flat_map(|config| &config.disks);
            disks.any(|known| {
                known.vdev.as_deref() == Some(&disk.vdev)
                    && known.target() == disk.path.as_deref().unwrap_or_default()
            })
        };
        let has_all = |domain: &Domain| guest.disks.iter().all(|disk| has(domain, disk));
        domains.of(guest.uuid).is_none_or(|domain| !has_all(domain))
            || guests.get(&guest.name).is_some_and(unlinked)
    };
    let mut disks = guests.values().flat_map(|files| &files.disks);
    let grows = disks.any(|disk| disk.as_ref().is_ok_and(|disk| disk.growing.is_needed()));
    let asks_holders = grows || document.guests.iter().any(may_start);
    if grows && stages.images && matches!(domains, Domains::NotAsked) {
        // A disk is grown only where it is known that nobody has it.
        domains = ask(programs);
    }
    let holders = if stages.looks_at_guests() && asks_holders {
        holders(&domains, records, &saved_as, &save_files, layout)
    } else {
        Holders::default()
    };
    let known = stages.guests && matches!(domains, Domains::Known(_));
    // `ip` changes this system, whatever tree is worked on.
    let bridges = if stages.bridges && layout.is_system() {
        let state = |bridge: &Bridge| {
            (
                bridge.name.clone(),
                bridges::observe(bridge, layout, programs),
            )
        };
        document.bridges.iter().map(state).collect()
    } else {
        BTreeMap::new()
    };
    let pins = if known {
        pins::look(document, records, &domains, programs)
    } else {
        Pins::default()
    };
    Ok(Observed {
        domains,
        saves,
        saved_as,
        save_space_bytes: saves::free_bytes(layout).filter(|_| known),
        save_files,
        holders,
        guests,
        bridges,
        boot_id: boot_id(layout)?,
        xen_minor: xen_minor(layout),
        pins,
        compared: compared(layout),
    })
}

pub(crate) fn ask(programs: &Programs) -> Domains {
    domains::list(programs).map_or_else(
        |error| Domains::Unknown(error.to_string()),
        |list| Domains::Known(list.into()),
    )
}

/// What stands where the files of each declared guest go, and of each that is only remembered.
fn guests_files(
    document: &Document,
    records: &Records,
    layout: &Layout,
    domains: &Domains,
    stages: Stages,
) -> Result<BTreeMap<String, GuestFiles>, FileError> {
    let mounts = Mounts::read(layout)?;
    let stored: HashSet<String> = match domains {
        Domains::Known(_) => files::names_in(&layout.userdata_dir())?
            .into_iter()
            .collect(),
        _ => HashSet::new(),
    };
    let mut guests = BTreeMap::new();
    for guest in &document.guests {
        let record = records.of(guest);
        let recorded = record.and_then(|record| domains.of(record.uuid));
        let domain = recorded.or_else(|| domains.of(guest.uuid));
        let starts = stages.guests && domain.is_none();
        let mut found = guest_files(guest, layout, domains, &mounts, starts, stages.files);
        let userdata = domain.map(|domain| Layout::stored_config(domain.domid, domain.uuid));
        if let Some(name) = userdata.filter(|name| stored.contains(name)) {
            // One that cannot be read is not the declared one, whatever it says.
            let text = files::read_text(&layout.userdata_dir().join(name));
            found.stored = text.unwrap_or_else(|_| Some(String::new()));
        }
        guests.insert(guest.name.clone(), found);
    }
    for (name, _) in records.iter() {
        guests.entry(name.to_owned()).or_insert_with(|| GuestFiles {
            config: files::look(&layout.config(name)),
            auto: files::look(&layout.auto(name)),
            disks: Vec::new(),
            config_mode: None,
            started: None,
            stored: None,
            secrets: None,
        });
    }
    Ok(guests)
}

/// Dom0 is the domain that Xen gave control of it.
pub(crate) fn under_xen(layout: &Layout) -> bool {
    fs::read_to_string(layout.below("/proc/xen/capabilities"))
        .is_ok_and(|capabilities| capabilities.contains("control_d"))
}

fn boot_id(layout: &Layout) -> Result<String, FileError> {
    let text = files::read_text(&layout.below("/proc/sys/kernel/random/boot_id"))?;
    Ok(text.unwrap_or_default().trim().to_owned())
}

/// A cache: without it, all are compared.
fn compared(layout: &Layout) -> BTreeMap<String, String> {
    let text = fs::read(layout.compared()).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

/// The newest where it is not known: then every key is compared.
const NEWEST_XEN: u32 = 99;

/// As Linux shows it to the Dom0 (`Documentation/ABI/stable/sysfs-hypervisor-xen`).
fn xen_minor(layout: &Layout) -> u32 {
    let text = fs::read_to_string(layout.below("/sys/hypervisor/version/minor"));
    text.ok()
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(NEWEST_XEN)
}

fn guest_files(
    guest: &Guest,
    layout: &Layout,
    domains: &Domains,
    mounts: &Mounts,
    starts: bool,
    reads_secrets: bool,
) -> GuestFiles {
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
            .map(|disk| disk_state(disk, layout, domains, mounts, asked(disk)))
            .collect(),
        started: started(guest, layout),
        config_mode: files::mode(&layout.config(&guest.name)),
        stored: None,
        secrets: reads_secrets.then(|| secret::read(guest, layout)),
    }
}

/// What `domus run` gave to xl: under the name that the guest has, or had when its unit was started.
fn started(guest: &Guest, layout: &Layout) -> Option<String> {
    let former = guest.lifecycle.previous_names.iter().rev();
    let mut names = std::iter::once(&guest.name).chain(former);
    names.find_map(|name| files::read_text(&layout.started(name)).ok().flatten())
}

/// The mount points of the Dom0.
pub(crate) struct Mounts(BTreeSet<PathBuf>);

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

    /// Whether something is mounted there.
    pub(crate) fn has(&self, point: &str) -> bool {
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
