//! A guest that is no longer declared.

use crate::Stages;
use crate::files::{Entry, digest};
use crate::layout::Layout;
use crate::observe::Observed;
use crate::plan::{GuestPlan, Note, Step};
use crate::record::Record;

/// A guest that is no longer declared: its files go, its disks and its domain stay.
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
    if let Some(domain) = domain {
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
    let files_stay = !stages.files && (linked || written);
    let gone = observed.knows_domains() && domain.is_none() && !saved;
    if gone && !files_stay && record.images.is_empty() {
        plan.steps.push(Step::Forget);
    }
}
