//! What is there: files, images, domains, save files, bridges. It reads, and changes nothing.

mod domains;
mod guests;
mod mounts;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs;

use guest_spec::{AutostartManager, Bridge, Disk, Document, Guest};
use uuid::Uuid;

use crate::Stages;
use crate::bridges::{self, BridgeState};
use crate::disks::{disk_in_use, holders, unfinished_growth};
use crate::domains::{Domain, DomainsError, list, list_stored};
use crate::files::{self, Entry, FileError};
use crate::holders::Holders;
use crate::layout::Layout;
use crate::pins::{self, Pins};
use crate::program::Programs;
use crate::record::{Record, Records};
use crate::saved::saved_as;
use crate::saves::{self, Saves};

pub use domains::{DomainTable, Domains};
pub use guests::GuestFiles;
use guests::guests_files;
pub(crate) use mounts::Mounts;

/// What is there.
#[derive(Debug)]
pub struct Observed {
    /// The domains of this host.
    pub domains: Domains,
    /// Where their configurations are from.
    pub configurations: Configurations,
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
    /// The names in xendomains' folder `auto`, where Domus starts the guests and xendomains does not.
    pub auto_entries: Vec<String>,
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

/// Where the configurations of the domains are from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Configurations {
    /// As libxl tells them: what each domain has now.
    Told,
    /// As libxl keeps them ([`list_stored`]): enough to see that nobody has a disk, and much sooner read. They may name disks
    /// that a domain has no longer, and do not tell that a guest differs from its declaration.
    Stored,
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
    configurations: Configurations,
) -> Result<Observed, FileError> {
    let ask = || match configurations {
        Configurations::Told => ask(programs),
        Configurations::Stored => known(list_stored(programs, &layout.userdata_dir())),
    };
    let mut domains = match () {
        () if !under_xen(layout) => Domains::NotXen,
        () if !stages.guests && !stages.asks_xl => Domains::NotAsked,
        () => ask(),
    };
    // After the domains: a file that is partial by now, and has no domain, is not being written.
    let save_files = Saves::look(layout)?.with_reasons(document, &domains, programs);
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
    let declared: HashSet<&str> = document
        .guests
        .iter()
        .map(|guest| guest.name.as_str())
        .collect();
    let mut disks = guests.values().flat_map(|files| &files.disks);
    let grows = disks.any(|disk| disk.as_ref().is_ok_and(|disk| disk.growing.is_needed()));
    // One that is declared no longer, and reboots by itself at this moment, is not gone.
    let away = |record: &Record| domains.of(record.uuid).is_none();
    let mut remembered = records
        .iter()
        .filter_map(|(_, record)| record.as_ref().ok());
    let removed_is_away = stages.guests
        && remembered.any(|record| away(record) && !declared.contains(record.name.as_str()));
    let asks_holders = grows || removed_is_away || document.guests.iter().any(may_start);
    if grows && stages.images && matches!(domains, Domains::NotAsked) {
        // A disk is grown only where it is known that nobody has it.
        domains = ask();
    }
    let holders = if stages.looks_at_guests() && asks_holders {
        holders(&domains, records, &saved_as, &save_files, layout)
    } else {
        Holders::default()
    };
    let is_known = stages.guests && matches!(domains, Domains::Known(_));
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
    let pins = if is_known && configurations == Configurations::Told {
        pins::look(document, records, &domains, programs)
    } else {
        Pins::default()
    };
    Ok(Observed {
        domains,
        configurations,
        saves,
        saved_as,
        save_space_bytes: saves::free_bytes(layout).filter(|_| is_known),
        save_files,
        holders,
        guests,
        bridges,
        auto_entries: if stages.guests && document.autostart_manager == AutostartManager::Domus {
            let mut names = files::names_in(&layout.auto_dir())?;
            names.retain(|name| !name.starts_with('.'));
            names
        } else {
            Vec::new()
        },
        boot_id: boot_id(layout)?,
        xen_minor: xen_minor(layout),
        pins,
        compared: compared(layout),
    })
}

pub(crate) fn ask(programs: &Programs) -> Domains {
    known(list(programs))
}

fn known(domains: Result<Vec<Domain>, DomainsError>) -> Domains {
    domains.map_or_else(
        |error| Domains::Unknown(error.to_string()),
        |list| Domains::Known(list.into()),
    )
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
