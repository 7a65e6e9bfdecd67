//! A guest that is no longer declared.

use std::collections::HashMap;

use guest_spec::{Document, OnRemove};
use uuid::Uuid;

use crate::Stages;
use crate::files::{Entry, digest};
use crate::layout::Layout;
use crate::observe::Observed;
use crate::plan::{Ending, GuestPlan, Note, Step};
use crate::record::{Record, Records};

/// The guests that are ended because they are no longer declared, by the UUIDs of their domains.
pub(super) fn ending<'a>(
    document: &Document,
    records: &'a Records,
    observed: &Observed,
) -> HashMap<Uuid, &'a str> {
    let declared = |name: &str, uuid: Uuid| {
        let mut guests = document.guests.iter();
        guests.any(|guest| guest.name == name || guest.uuid == uuid)
    };
    let records = records
        .iter()
        .filter_map(|(name, record)| Some((name, record.as_ref().ok()?)));
    records
        .filter(|(name, record)| !declared(name, record.uuid))
        .filter(|(_, record)| record.lifecycle.on_remove != OnRemove::Keep)
        .filter(|(_, record)| observed.domains.of(record.uuid).is_some())
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
    stages: Stages,
) {
    let domain = observed.domains.of(record.uuid).filter(|_| !renamed);
    let ends = domain.filter(|_| record.lifecycle.on_remove != OnRemove::Keep);
    if let (Some(domain), None) = (domain, ends) {
        plan.notes.push(Note::StillRuns {
            domid: domain.domid,
        });
    }
    let saved = observed.is_saved(&record.name, record.uuid);
    if saved {
        plan.notes.push(Note::Saved);
    }
    let paths: Vec<String> = record.images.iter().cloned().collect();
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
    if let Some(domain) = ends.filter(|_| stages.guests) {
        let domid = domain.domid;
        plan.steps.push(match record.lifecycle.on_remove {
            OnRemove::Destroy => Step::Destroy { domid },
            OnRemove::Shutdown | OnRemove::Keep => Step::ShutDown {
                domid,
                why: Ending::Removed,
            },
        });
    }
    let files_stay = !stages.files && (linked || written);
    let runs_on = domain.is_some() && (ends.is_none() || !stages.guests);
    let gone = observed.knows_domains() && !runs_on && !saved;
    if gone && !files_stay && record.images.is_empty() {
        plan.steps.push(Step::Forget);
    }
}
