//! A guest that is no longer declared.

use std::collections::{HashMap, HashSet};

use guest_spec::{Document, OnRemove, OnTimeout};
use uuid::Uuid;

use crate::domains::{Domain, State};
use crate::files::{Entry, digest};
use crate::keepers;
use crate::layout::Layout;
use crate::observe::Observed;
use crate::plan::rename::Renames;
use crate::plan::{Ending, GuestPlan, Host, Note, Step};
use crate::record::{Record, Records};

/// The guests that are ended because they are no longer declared, by the UUIDs of their domains.
pub(super) fn ending<'a>(
    document: &Document,
    records: &'a Records,
    observed: &Observed,
    renames: &Renames,
) -> HashMap<Uuid, &'a str> {
    let guests = document.guests.iter();
    let (names, uuids): (HashSet<&str>, HashSet<Uuid>) = guests
        .map(|guest| (guest.name.as_str(), guest.uuid))
        .unzip();
    let declared = |name: &str, uuid: Uuid| names.contains(name) || uuids.contains(&uuid);
    let records = records
        .iter()
        .filter_map(|(name, record)| Some((name, record.as_ref().ok()?)));
    records
        .filter(|(name, record)| !declared(name, record.uuid) && !renames.claims(name))
        .filter(|(_, record)| record.lifecycle.on_remove != OnRemove::Keep)
        .filter(|(_, record)| {
            let domain = observed.domains.of(record.uuid);
            let domain = domain.filter(|_| record.is_of_domus());
            domain.is_some_and(|domain| end(record, domain).is_ok())
        })
        .map(|(name, record)| (record.uuid, name))
        .collect()
}

/// A guest that is no longer declared: its files go, its domain as `onRemove` said, its disks stay.
///
/// `renamed` says that a declared guest has its UUID: then the domain is that guest's.
pub(super) fn plan(
    plan: &mut GuestPlan,
    record: &Record,
    observed: &Observed,
    renamed: bool,
    host: &Host,
) {
    let stages = host.stages;
    let own = !renamed && record.is_of_domus();
    let domain = observed.domains.of(record.uuid).filter(|_| own);
    let ends = domain.filter(|_| record.lifecycle.on_remove != OnRemove::Keep);
    if let (Some(domain), None) = (domain, ends) {
        plan.notes.push(Note::StillRuns {
            domid: domain.domid,
        });
    }
    let saved = !renamed && observed.is_saved(&record.name, record.uuid);
    if saved {
        let file = observed.saved_as.get(&record.uuid).unwrap_or(&record.name);
        plan.notes.push(Note::SavedAndRemoved {
            path: host.layout.save_dir().join(file).display().to_string(),
            restored_at_boot: host.xendomains,
            then: record.lifecycle.on_remove,
        });
    }
    let paths: Vec<String> = record
        .images
        .iter()
        .filter(|path| !host.declared_paths.contains(path.as_str()))
        .cloned()
        .collect();
    if !paths.is_empty() {
        plan.notes.push(Note::Orphaned { paths });
    }
    let Some(files) = observed.guests.get(&record.name) else {
        return;
    };
    let linked = match &files.auto {
        Ok(Entry::Link(target)) => record.linked && *target == Layout::auto_target(&record.name),
        Ok(_) => false,
        Err(error) => return plan.problems.push(error.to_string()),
    };
    let written = match &files.config {
        Ok(Entry::File(bytes)) => record.config_digests.contains(&digest(bytes)),
        Ok(_) => false,
        Err(error) => return plan.problems.push(error.to_string()),
    };
    if stages.files {
        if linked {
            plan.steps.push(Step::UnlinkAuto);
        }
        if written {
            plan.steps.push(Step::RemoveConfig);
        }
    }
    let mut runs_on = domain.is_some() && (ends.is_none() || !stages.guests);
    if let Some(domain) = ends.filter(|_| stages.guests) {
        match end(record, domain) {
            Ok(step) => plan.steps.push(step),
            Err(why) => {
                runs_on = true;
                plan.problems.push(why);
            }
        }
    }
    let names = keepers::names(&record.name, Some(record));
    let keeper = observed.holders.keepers().of(&names, &[record.uuid]);
    let keeper = keeper.filter(|_| domain.is_none() && !renamed && stages.guests);
    if let Some(keeper) = keeper.filter(|_| record.lifecycle.on_remove != OnRemove::Keep) {
        plan.problems.push(format!(
            "it is no longer declared, and has no domain at this moment, but {keeper}. Run `domus apply` again, which ends it"
        ));
    }
    runs_on |= keeper.is_some();
    let files_stay = !stages.files && (linked || written);
    let gone = observed.knows_domains() && !runs_on && !saved;
    if gone && !files_stay && record.images.is_empty() {
        plan.steps.push(Step::Forget);
    }
}

/// How the domain ends, or why it cannot: one that hears nothing is not waited for, and not destroyed unasked.
fn end(record: &Record, domain: &Domain) -> Result<Step, String> {
    let domid = domain.domid;
    let lifecycle = &record.lifecycle;
    if lifecycle.on_remove == OnRemove::Destroy {
        return Ok(Step::Destroy { domid });
    }
    let why = match domain.state {
        State::Paused => format!(
            "it is no longer declared and is paused, so that it cannot shut down, and is left. `xl unpause {domid}` lets it run on, and the next `domus apply` shuts it down"
        ),
        State::Crashed => format!(
            "it is no longer declared and has crashed, and its domain {domid} was kept to be looked at, and is left. `xl destroy {domid}` ends it"
        ),
        _ => String::new(),
    };
    if why.is_empty() || lifecycle.on_timeout == OnTimeout::Destroy {
        return Ok(Step::ShutDown {
            domid,
            why: Ending::Removed,
        });
    }
    Err(why)
}
