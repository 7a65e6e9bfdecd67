//! What stands where guests' files go.

use std::collections::{BTreeMap, HashSet};

use guest_spec::{Disk, Document, Guest, Secrets};

use super::{Domains, Mounts};
use crate::Stages;
use crate::disks::{DiskState, disk_state};
use crate::domains::State;
use crate::files::{self, Entry, FileError};
use crate::layout::Layout;
use crate::record::Records;
use crate::restoring::is_restoring;
use crate::secret;

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
    /// Whether its domain is paused, and a restore of it by Domus began whose end is not known.
    pub restoring: bool,
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

/// What stands where the files of each declared guest go, and of each that is only remembered.
pub(super) fn guests_files(
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
        let domain = domains.of_guest(guest, record);
        let starts = stages.guests && domain.is_none();
        let mut found = guest_files(guest, layout, domains, &mounts, starts, stages.files);
        // One that a restore left is paused; of others nobody asks.
        let is_paused = domain.is_some_and(|domain| domain.state == State::Paused);
        found.restoring = is_paused && is_restoring(layout, &guest.name);
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
            restoring: false,
            stored: None,
            secrets: None,
        });
    }
    Ok(guests)
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
        restoring: false,
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
