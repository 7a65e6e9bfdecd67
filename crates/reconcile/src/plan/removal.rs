//! A guest that is no longer declared.

use crate::Stages;
use crate::files::{Entry, digest};
use crate::layout::Layout;
use crate::observe::{Domains, Observed};
use crate::plan::{GuestPlan, Note, Step};
use crate::record::Record;

/// A guest that is no longer declared: its files go, its disks and its domain stay.
pub(super) fn plan(plan: &mut GuestPlan, record: &Record, observed: &Observed, stages: Stages) {
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
