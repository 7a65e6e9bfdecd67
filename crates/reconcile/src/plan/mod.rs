//! The plan: from what is declared, what is Domus's own, and what is there, to the steps.
//!
//! [`plan`] is pure. Everything that it decides, it decides for one guest at a time, so that one
//! guest's failure never stops the others.

pub(crate) mod adopt;
mod declared;
mod foreign;
mod note;
pub(crate) mod orphans;
mod removal;
mod rename;
mod saves;
mod step;

use std::collections::{BTreeSet, HashMap};

use guest_spec::{AutostartManager, Disk, Document};
use uuid::Uuid;

use crate::Stages;
use crate::bridges::{self, BridgeStep};
use crate::budget::Budget;
use crate::holders::Holders;
use crate::layout::Layout;
use crate::observe::{Domains, Observed};
use crate::record::Records;
use crate::secret::ConfigText;
use rename::Renames;

pub(crate) use declared::live;
pub use note::{Change, Held, Note, When};
pub(crate) use saves::sets_aside;
pub(crate) use step::Phase;
pub use step::{Ending, Live, Risk, Step};

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
    /// The memory for those that start, where it was asked for.
    pub memory: Option<Budget>,
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
    /// The names that it was remembered by, and is taken over from; the one to go by first.
    pub renamed_from: Vec<String>,
    /// Whether nothing at all is done with it, not even remembered.
    pub held: bool,
    /// The guests whose end it waits for before it starts: they have its disks.
    pub after_end_of: Vec<String>,
    /// What keeps it from being as declared; the guest counts as failed.
    pub problems: Vec<String>,
    /// Where the running guest is not as declared, and when it will be.
    pub changes: Vec<Change>,
    /// What a person may want to know.
    pub notes: Vec<Note>,
    /// What a running guest was compared by, where it is as declared: the same need not be compared again.
    pub compared: Option<String>,
    /// The one of its problems that is about its save file, and that does not keep it from being restored.
    pub save_problem: Option<String>,
    /// The xl configuration that is declared; nothing for a guest that is declared no longer.
    pub config: Option<ConfigText>,
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
    if !stages.looks_at_guests() {
        return plan;
    }
    if let Some(why) = &observed.pins.failure {
        plan.notes.push(format!(
            "on which processors guests run is not known, and what was pinned by hand is not seen: {why}"
        ));
    }
    let mut host = Host::new(document, records, observed, layout, stages);
    for guest in &document.guests {
        plan.guests.push(declared::plan(guest, &mut host));
    }
    let declared: BTreeSet<&str> = document
        .guests
        .iter()
        .map(|guest| guest.name.as_str())
        .collect();
    let uuids: BTreeSet<Uuid> = document.guests.iter().map(|guest| guest.uuid).collect();
    let removed = |name: &str| !declared.contains(name) && !host.renames.claims(name);
    for (name, record) in records.iter().filter(|(name, _)| removed(name)) {
        let mut removed = GuestPlan::new(name);
        match record {
            Ok(record) => {
                let renamed = uuids.contains(&record.uuid);
                removal::plan(&mut removed, record, observed, renamed, &host);
            }
            Err(error) => removed.problems.push(error.to_string()),
        }
        plan.guests.push(removed);
    }
    if stages.guests {
        let remembered = records
            .iter()
            .filter_map(|(_, record)| record.as_ref().ok())
            .map(|record| (record.uuid, &record.lifecycle));
        let guests = document.guests.iter();
        let mut lifecycles = HashMap::new();
        // What is declared goes before what is remembered.
        for (uuid, lifecycle) in guests
            .map(|guest| (guest.uuid, &guest.lifecycle))
            .chain(remembered)
        {
            lifecycles.entry(uuid).or_insert(lifecycle);
        }
        let is_declared = |name: &str| declared.contains(name);
        let notes = saves::of_the_folder(&lifecycles, is_declared, observed, host.xendomains);
        plan.notes.extend(notes);
        if !host.xendomains {
            plan.notes
                .extend(foreign::notes(document, records, observed));
        }
    }
    plan
}

/// What a guest's plan needs to know beside the guest.
struct Host<'a> {
    records: &'a Records,
    observed: &'a Observed,
    layout: &'a Layout,
    stages: Stages,
    /// Whether xendomains starts guests.
    xendomains: bool,
    /// Every image that any guest had, declared or not.
    images: BTreeSet<&'a str>,
    /// The paths of all declared disks.
    declared_paths: BTreeSet<&'a str>,
    /// A record that cannot be read: what it remembers of images is not known.
    unreadable: Option<&'a str>,
    /// Who has which disk, or will have it when this plan is carried out.
    holders: Holders,
    /// The guests that this plan ends before it starts any, by the UUIDs of their domains.
    ending: HashMap<Uuid, &'a str>,
    /// The guests that have another name than they are remembered by.
    renames: Renames<'a>,
}

impl<'a> Host<'a> {
    fn new(
        document: &'a Document,
        records: &'a Records,
        observed: &'a Observed,
        layout: &'a Layout,
        stages: Stages,
    ) -> Self {
        let renames = Renames::find(document, records);
        let readable = records
            .iter()
            .filter_map(|(_, record)| record.as_ref().ok());
        Self {
            records,
            observed,
            layout,
            stages,
            xendomains: document.autostart_manager == AutostartManager::Xendomains,
            images: readable
                .flat_map(|record| record.images.iter().map(String::as_str))
                .collect(),
            declared_paths: document
                .guests
                .iter()
                .flat_map(|guest| &guest.disks)
                .filter_map(Disk::file)
                .collect(),
            unreadable: records
                .iter()
                .find(|(_, record)| record.is_err())
                .map(|(name, _)| name),
            holders: observed.holders.clone(),
            ending: removal::ending(document, records, observed, &renames),
            renames,
        }
    }
}

impl GuestPlan {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            steps: Vec::new(),
            renamed_from: Vec::new(),
            held: false,
            after_end_of: Vec::new(),
            problems: Vec::new(),
            changes: Vec::new(),
            notes: Vec::new(),
            compared: None,
            save_problem: None,
            config: None,
        }
    }
}
