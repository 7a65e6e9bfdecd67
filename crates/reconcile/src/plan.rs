//! The plan: from what is declared, what is Domus's own, and what is there, to the steps.
//!
//! [`plan`] is pure. Everything that it decides, it decides for one guest at a time, so that one
//! guest's failure never stops the others.

use std::collections::BTreeSet;

use guest_spec::{ByteSize, Disk, Document, Guest, Mib};

use crate::Stages;
use crate::bridges::{self, BridgeStep};
use crate::difference::{Difference, differences};
use crate::domains::{Domain, State};
use crate::files::{Entry, digest};
use crate::layout::Layout;
use crate::observe::{Domains, GuestFiles, Observed};
use crate::record::{Record, Records};

/// What is to be done.
#[derive(Debug, Default)]
pub struct Plan {
    /// For the bridges, in the order of the document.
    pub bridges: Vec<BridgePlan>,
    /// For the guests, in the order of the document, then those that are no longer declared.
    pub guests: Vec<GuestPlan>,
    /// Problems of no one guest: xl that does not answer.
    pub problems: Vec<String>,
    /// What a person may want to know, of no one guest.
    pub notes: Vec<String>,
}

/// What is to be done for a bridge.
#[derive(Debug)]
pub struct BridgePlan {
    /// Its name.
    pub name: String,
    /// The commands.
    pub steps: Vec<BridgeStep>,
    /// Why nothing can be done.
    pub problem: Option<String>,
}

/// What is to be done for a guest.
#[derive(Debug)]
pub struct GuestPlan {
    /// Its name.
    pub name: String,
    /// The steps, in order; a step that fails ends the guest's list.
    pub steps: Vec<Step>,
    /// What keeps it from being as declared; the guest counts as failed.
    pub problems: Vec<String>,
    /// What a person may want to know.
    pub notes: Vec<Note>,
}

/// A change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Make an image that was never there.
    MakeImage {
        /// The disk's name.
        disk: String,
        /// Its path in the Dom0.
        path: String,
        /// Its size.
        size: ByteSize,
    },
    /// Write the xl configuration.
    WriteConfig {
        /// The text to write.
        text: String,
        /// The text that it replaces.
        old: Option<String>,
    },
    /// Let xendomains start the guest.
    LinkAuto,
    /// Let xendomains start the guest no longer.
    UnlinkAuto,
    /// Remove the xl configuration of a guest that is no longer declared.
    RemoveConfig,
    /// Give a running guest more or less memory.
    SetMemory {
        /// The domain.
        domid: u32,
        /// What it has.
        from: u64,
        /// What it gets.
        to: Mib,
    },
    /// Start the guest.
    Start,
    /// Forget a guest that is no longer declared and has no disks.
    Forget,
}

/// Something that a person may want to know, and that nothing is done about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A change that waits for the guest's next start.
    Pending(Difference),
    /// A change made by hand, which is left.
    Drift(Difference),
    /// The guest was stopped, and stays so.
    Stopped,
    /// The guest is saved, and only its save file may start it.
    Saved,
    /// The guest's disk holds no system yet.
    EmptyDisk {
        /// The disk's name.
        disk: String,
        /// Its path.
        path: String,
    },
    /// A guest that is no longer declared still runs.
    StillRuns {
        /// The domain.
        domid: u32,
    },
    /// A guest that is no longer declared left its disks.
    Orphaned {
        /// Their paths.
        paths: Vec<String>,
    },
    /// A running guest is not in a state to be changed.
    NotRunning(State),
}

impl Plan {
    /// Whether there is nothing to do and nothing wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.step_count() == 0 && !self.has_problems()
    }

    /// How many steps there are.
    #[must_use]
    pub fn step_count(&self) -> usize {
        let bridges: usize = self.bridges.iter().map(|bridge| bridge.steps.len()).sum();
        bridges
            + self
                .guests
                .iter()
                .map(|guest| guest.steps.len())
                .sum::<usize>()
    }

    /// Whether something cannot be brought to what is declared.
    #[must_use]
    pub fn has_problems(&self) -> bool {
        !self.problems.is_empty()
            || self.bridges.iter().any(|bridge| bridge.problem.is_some())
            || self.guests.iter().any(|guest| !guest.problems.is_empty())
    }
}

/// Plans these stages.
#[must_use]
pub fn plan(
    document: &Document,
    records: &Records,
    observed: &Observed,
    layout: &Layout,
    stages: Stages,
) -> Plan {
    let mut plan = Plan::default();
    match &observed.domains {
        Domains::Unknown(why) => plan.problems.push(why.clone()),
        Domains::NotXen if stages.guests => plan.notes.push(
            "not booted under Xen: files and images are prepared, and no guest is started or changed".to_owned(),
        ),
        _ => {}
    }
    for bridge in &document.bridges {
        let (steps, problem) = match observed.bridges.get(&bridge.name) {
            Some(Ok(state)) => (bridges::steps(bridge, state), None),
            Some(Err(why)) => (Vec::new(), Some(why.clone())),
            None => continue,
        };
        plan.bridges.push(BridgePlan {
            name: bridge.name.clone(),
            steps,
            problem,
        });
    }
    for guest in &document.guests {
        plan.guests
            .push(guest_plan(guest, records, observed, layout, stages));
    }
    let declared: BTreeSet<&str> = document
        .guests
        .iter()
        .map(|guest| guest.name.as_str())
        .collect();
    for (name, record) in records.iter().filter(|(name, _)| !declared.contains(name)) {
        let mut removed = GuestPlan::new(name);
        match record {
            Ok(record) => removal(&mut removed, record, observed, stages),
            Err(error) => removed.problems.push(error.to_string()),
        }
        plan.guests.push(removed);
    }
    plan
}

impl GuestPlan {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            steps: Vec::new(),
            problems: Vec::new(),
            notes: Vec::new(),
        }
    }
}

fn guest_plan(
    guest: &Guest,
    records: &Records,
    observed: &Observed,
    layout: &Layout,
    stages: Stages,
) -> GuestPlan {
    let mut plan = GuestPlan::new(&guest.name);
    let record = match records.get(&guest.name) {
        Some(Err(error)) => {
            plan.problems.push(error.to_string());
            return plan;
        }
        Some(Ok(record)) => Some(record),
        None => None,
    };
    let Some(files) = observed.guests.get(&guest.name) else {
        return plan;
    };
    let domain = observed.domains.of(guest.uuid);
    if let Some(foreign) = observed.domains.foreign(&guest.name, guest.uuid) {
        plan.problems.push(format!(
            "a domain of this name runs that is not Domus's own (number {}, UUID {}); shut it down, or rename one of them",
            foreign.domid, foreign.uuid
        ));
        return plan;
    }
    if stages.images {
        disks(&mut plan, guest, record, files, layout);
    }
    if stages.files {
        config(&mut plan, guest, record, files, layout);
    }
    if stages.guests {
        match domain {
            Some(domain) => running(&mut plan, guest, record, files, domain),
            None => stopped(&mut plan, guest, record, files, observed),
        }
    }
    plan
}

/// The images that are missing, and what is wrong with those that are there.
fn disks(
    plan: &mut GuestPlan,
    guest: &Guest,
    record: Option<&Record>,
    files: &GuestFiles,
    layout: &Layout,
) {
    for (disk, state) in guest.disks.iter().zip(&files.disks) {
        let place = format!("disks.{}.path", disk.name);
        let state = match state {
            Ok(state) => state,
            Err(error) => {
                plan.problems.push(format!("option {place}: {error}"));
                continue;
            }
        };
        let known = record.is_some_and(|record| record.images.contains_key(&disk.path));
        match judge_disk(disk, state, known) {
            Ok(Some(size)) => plan.steps.push(Step::MakeImage {
                disk: disk.name.clone(),
                path: layout.disk(disk).display().to_string(),
                size,
            }),
            Ok(None) => {}
            Err(why) => plan
                .problems
                .push(format!("option {place}: {} {why}", disk.path)),
        }
    }
}

/// The size of the image to make, nothing for a disk that is there, or what is wrong.
fn judge_disk(
    disk: &Disk,
    state: &crate::observe::DiskState,
    known: bool,
) -> Result<Option<ByteSize>, String> {
    use disk_image::Found;
    match state.found {
        Found::File { .. } | Found::BlockDevice { .. } => Ok(None),
        Found::Directory => Err("is a folder; write the path of the image in it".into()),
        Found::Other => Err("is neither a file nor a block device; write the path of one".into()),
        Found::Absent if !state.mounted => Err(format!(
            "is not there, because {} is not mounted; mount it (fileSystems), then switch again",
            disk.mount_point.as_deref().unwrap_or("its file system")
        )),
        Found::Absent if known => Err(format!(
            "was there at the last apply and is gone, and a new image would be empty. Bring it back, or mount what holds it; if it was deleted on purpose, run `domus image forget {}`",
            disk.path
        )),
        Found::Absent if disk.path.starts_with("/dev/") => Err(
            "is no device of this host; Domus makes no files under /dev. Make the volume, or correct the path".into(),
        ),
        Found::Absent => disk.size.map(Some).ok_or_else(|| {
            format!("is not there, and disks.{}.size is not set, so that Domus does not make it; set the size, or put the disk there", disk.name)
        }),
    }
}

/// The xl configuration, and the link that xendomains starts.
fn config(
    plan: &mut GuestPlan,
    guest: &Guest,
    record: Option<&Record>,
    files: &GuestFiles,
    layout: &Layout,
) {
    let text = match guest_spec::render(guest) {
        Ok(text) => text,
        Err(error) => {
            plan.problems.push(error.to_string());
            return;
        }
    };
    let path = layout.config(&guest.name);
    match &files.config {
        Err(error) => {
            plan.problems.push(error.to_string());
            return;
        }
        Ok(Entry::File(bytes)) if *bytes == text.as_bytes() => {}
        Ok(Entry::File(bytes))
            if record.is_some_and(|record| record.config_digests.contains(&digest(bytes))) =>
        {
            let old = Some(String::from_utf8_lossy(bytes).into_owned());
            plan.steps.push(Step::WriteConfig { text, old });
        }
        Ok(Entry::Absent) => plan.steps.push(Step::WriteConfig { text, old: None }),
        Ok(Entry::File(_)) if record.is_some_and(|record| !record.config_digests.is_empty()) => {
            plan.problems.push(format!(
                "{} was changed by hand since Domus wrote it, and is left. Take the change into configuration.nix, move the file away, then switch again",
                path.display()
            ));
            return;
        }
        Ok(_) => {
            plan.problems.push(format!(
                "{} is there already and is not Domus's, so it is left. Move it away, or rename the guest, then switch again",
                path.display()
            ));
            return;
        }
    }
    let auto = layout.auto(&guest.name);
    match (&files.auto, guest.autostart) {
        (Err(error), _) => plan.problems.push(error.to_string()),
        (Ok(Entry::Absent), true) => plan.steps.push(Step::LinkAuto),
        (Ok(Entry::Link(target)), true) if *target == Layout::auto_target(&guest.name) => {}
        (Ok(Entry::Link(target)), false) if *target == Layout::auto_target(&guest.name) => {
            plan.steps.push(Step::UnlinkAuto);
        }
        (Ok(Entry::Absent), false) => {}
        (Ok(_), _) => plan.problems.push(format!(
            "{} is there already and is not Domus's, so it is left, and xendomains starts it. Move it away, then switch again",
            auto.display()
        )),
    }
}

/// The changes of a guest that runs.
fn running(
    plan: &mut GuestPlan,
    guest: &Guest,
    record: Option<&Record>,
    files: &GuestFiles,
    domain: &Domain,
) {
    if !matches!(domain.state, State::Running | State::Paused) {
        plan.notes.push(Note::NotRunning(domain.state));
        return;
    }
    let started = record
        .and_then(|record| record.running.as_ref())
        .map(|running| running.config.as_str());
    let on_disk = match &files.config {
        Ok(Entry::File(bytes)) => std::str::from_utf8(bytes).ok(),
        _ => None,
    };
    let last_declared = record.and_then(|record| record.memory_mib);
    for difference in differences(guest, domain, started.or(on_disk)) {
        if difference.key != "memory" {
            plan.notes.push(Note::Pending(difference));
            continue;
        }
        let config = domain.config.clone().unwrap_or_default().b_info;
        let max_mib = config.max_memkb.map_or(0, |kib| kib / 1024);
        let has_mib = config
            .target_memkb
            .map_or(domain.memory_mib, |kib| kib / 1024);
        if last_declared == Some(guest.memory_mib.get()) {
            plan.notes.push(Note::Drift(difference));
        } else if u64::from(guest.memory_mib.get()) > max_mib {
            plan.notes.push(Note::Pending(difference));
        } else {
            plan.steps.push(Step::SetMemory {
                domid: domain.domid,
                from: has_mib,
                to: guest.memory_mib,
            });
        }
    }
}

/// A guest that does not run: it starts if it is to start by itself, and nobody stopped it.
fn stopped(
    plan: &mut GuestPlan,
    guest: &Guest,
    record: Option<&Record>,
    files: &GuestFiles,
    observed: &Observed,
) {
    if !matches!(observed.domains, Domains::Known(_)) {
        return;
    }
    if observed.saves.contains(&guest.name) {
        plan.notes.push(Note::Saved);
        return;
    }
    if !guest.autostart {
        return;
    }
    if record
        .and_then(|record| record.running.as_ref())
        .is_some_and(|running| running.boot_id == observed.boot_id)
    {
        plan.notes.push(Note::Stopped);
        return;
    }
    let written = plan
        .steps
        .iter()
        .any(|step| matches!(step, Step::WriteConfig { .. }));
    let as_declared = match (&files.config, guest_spec::render(guest)) {
        (Ok(Entry::File(bytes)), Ok(text)) => *bytes == text.as_bytes(),
        _ => false,
    };
    if !written && !as_declared && plan.problems.is_empty() {
        plan.problems.push("its xl configuration is not as declared, so it is not started; run `domus apply`, which says why".to_owned());
    }
    let empty = |(_, state): &(&Disk, &Result<crate::observe::DiskState, String>)| {
        state.as_ref().is_ok_and(|state| state.empty)
    };
    let makes = |disk: &Disk| {
        plan.steps
            .iter()
            .any(|step| matches!(step, Step::MakeImage { disk: name, .. } if *name == disk.name))
    };
    let blank = guest
        .disks
        .iter()
        .zip(&files.disks)
        .find(empty)
        .map(|(disk, _)| disk);
    let blank = blank.or_else(|| {
        guest
            .boot_disk()
            .filter(|disk| guest.boot.bootloader.reads_disk() && makes(disk))
    });
    if let Some(disk) = blank {
        plan.notes.push(Note::EmptyDisk {
            disk: disk.name.clone(),
            path: disk.path.clone(),
        });
    } else if plan.problems.is_empty() {
        plan.steps.push(Step::Start);
    }
}

/// A guest that is no longer declared: its files go, its disks and its domain stay.
fn removal(plan: &mut GuestPlan, record: &Record, observed: &Observed, stages: Stages) {
    let domain = observed.domains.of(record.uuid);
    if let Some(domain) = domain {
        plan.notes.push(Note::StillRuns {
            domid: domain.domid,
        });
    }
    if observed.saves.contains(&record.name) {
        plan.notes.push(Note::Saved);
    }
    let paths: Vec<String> = record.images.keys().cloned().collect();
    if !paths.is_empty() {
        plan.notes.push(Note::Orphaned { paths });
    }
    let (true, Some(files)) = (stages.files, observed.guests.get(&record.name)) else {
        return;
    };
    match &files.auto {
        Ok(Entry::Link(target)) if *target == Layout::auto_target(&record.name) => {
            plan.steps.push(Step::UnlinkAuto);
        }
        Ok(_) => {}
        Err(error) => plan.problems.push(error.to_string()),
    }
    match &files.config {
        Ok(Entry::File(bytes)) if record.config_digests.contains(&digest(bytes)) => {
            plan.steps.push(Step::RemoveConfig);
        }
        Ok(_) => {}
        Err(error) => plan.problems.push(error.to_string()),
    }
    let surely_gone = matches!(observed.domains, Domains::Known(_)) && domain.is_none();
    if surely_gone && record.images.is_empty() && !observed.saves.contains(&record.name) {
        plan.steps.push(Step::Forget);
    }
}
