//! A guest's plan on its way, and what is remembered of it meanwhile.

use guest_spec::Guest;

use super::{Event, StepError};
use crate::Stages;
use crate::files::{Entry, FileError};
use crate::keepers;
use crate::layout::Layout;
use crate::observe::{GuestFiles, Observed};
use crate::plan::{GuestPlan, Phase, Step};
use crate::record::Record;
use crate::roots::Roots;
use crate::saves::Save;
use crate::secret::ConfigText;
use crate::seen::note_seen;

/// Roots what the guest may be created from: the declared configuration, and the one that it was
/// started with for as long as it runs, has a save file, or may; by what is remembered, and by what Xen and the save file
/// themselves have, for a guest that somebody saved and restored by hand may have another than is thought.
pub(super) fn keep_roots(
    plan: &GuestPlan,
    record: &Record,
    observed: &Observed,
    roots: &Roots,
) -> Result<(), FileError> {
    let gone = observed.knows_domains()
        && observed.domains.of(record.uuid).is_none()
        && !observed.is_saved(&record.name, record.uuid)
        && !may_come_back(record, observed);
    let started = record
        .running
        .as_ref()
        .and_then(|running| running.config.as_deref());
    let next_boot = record
        .running
        .as_ref()
        .and_then(|running| running.next_boot.as_deref());
    let starts = |step: &Step| matches!(step, Step::Start | Step::Restore);
    let started_now = plan.steps.iter().any(starts);
    let started = started
        .into_iter()
        .chain(next_boot)
        .filter(|_| !gone || started_now);
    // What could not be written leaves what stands there, and that is what would be started.
    let left = observed
        .guests
        .get(&plan.name)
        .filter(|_| !plan.problems.is_empty())
        .and_then(GuestFiles::config_text);
    let declared = plan.config.as_ref().map(ConfigText::sealed);
    // Where nothing differs, Xen has what is declared.
    let differs = plan.compared.is_none();
    let running = observed.domains.of(record.uuid).filter(|_| differs);
    let running = running.and_then(|domain| domain.json.as_deref());
    let save = observed.save_files.get(&record.name);
    let saved = save.and_then(Save::json);
    let configs: Vec<&str> = declared
        .into_iter()
        .chain(started)
        .chain(left)
        .chain(running)
        .chain(saved)
        .collect();
    roots.keep(&plan.name, &configs)
}

/// Whether somebody may bring its domain back: it reboots by itself.
fn may_come_back(record: &Record, observed: &Observed) -> bool {
    let names = keepers::names(&record.name, Some(record));
    let keepers = observed.holders.keepers();
    keepers.of(&names, &[record.uuid]).is_some()
}

/// A guest whose disks another has, which was to end and did not, is not started.
pub(super) fn hold_back(runs: &mut [Run]) {
    let failed: Vec<String> = runs
        .iter()
        .filter(|run| run.result.is_err())
        .map(|run| run.plan.name.clone())
        .collect();
    for run in runs.iter_mut().filter(|run| run.result.is_ok()) {
        let mut others = run.plan.after_end_of.iter();
        if let Some(other) = others.find(|name| failed.contains(name)) {
            run.result = Err(StepError::HeldBack(other.clone()));
        }
    }
}

/// A guest's plan on its way.
pub(super) struct Run<'a> {
    pub(super) plan: &'a GuestPlan,
    pub(super) declared: Option<&'a Guest>,
    pub(super) kept: Kept,
    /// How many of the steps are done.
    pub(super) at: usize,
    /// A step that fails ends the guest's list.
    pub(super) result: Result<(), StepError>,
    /// One that only did not make a disk larger does not.
    pub(super) not_grown: Result<(), StepError>,
}

impl<'a> Run<'a> {
    /// Nothing for a guest of which nobody knows anything.
    pub(super) fn begin(
        plan: &'a GuestPlan,
        declared: Option<&'a Guest>,
        record: Option<Record>,
        observed: &Observed,
        stages: Stages,
    ) -> Option<Self> {
        let uuid = declared
            .map(|guest| guest.uuid)
            .or(record.as_ref().map(|record| record.uuid))?;
        let mut kept = Kept {
            known: record.clone(),
            now: record.unwrap_or_else(|| Record::new(&plan.name, uuid)),
        };
        if declared.is_none()
            && observed.knows_domains()
            && observed.domains.of(kept.now.uuid).is_none()
            && !may_come_back(&kept.now, observed)
        {
            // Declared again, it is a new guest, not one that was stopped.
            kept.now.running = None;
        }
        if let Some(guest) = declared {
            note_seen(&mut kept.now, guest, plan, observed, stages);
        }
        if observed
            .guests
            .get(&plan.name)
            .is_some_and(|files| matches!(files.auto, Ok(Entry::Absent)))
        {
            // Whatever comes to stand there is not ours, unless a step of this plan makes it.
            kept.now.linked = false;
        }
        Some(Self {
            plan,
            declared,
            kept,
            at: 0,
            result: Ok(()),
            not_grown: Ok(()),
        })
    }

    /// Whether a step lets Xen have the declared configuration, of which store paths are a part.
    pub(super) fn needs_roots(&self) -> bool {
        let needs = |step: &Step| {
            matches!(
                step,
                Step::Start | Step::StoreConfig { .. } | Step::LinkAuto
            )
        };
        self.plan.steps.iter().any(needs)
    }

    /// The next step, if its time has come and none has failed.
    pub(super) fn next(&self, phase: Phase) -> Option<&'a Step> {
        let step = self.plan.steps.get(self.at)?;
        (self.result.is_ok() && step.phase() <= phase).then_some(step)
    }

    pub(super) fn done(
        &mut self,
        step: &Step,
        result: Result<(), StepError>,
        report: &mut dyn FnMut(Event),
    ) {
        self.at += 1;
        if result.is_ok() {
            report(Event::Done(&self.plan.name, step));
        }
        match result {
            Err(StepError::NotGrown { .. } | StepError::NotOff { is_dying: true, .. }) => {
                self.not_grown = result;
            }
            _ => self.result = result,
        }
    }
}

/// A record, with what of it is on the disk already.
pub(super) struct Kept {
    pub(super) known: Option<Record>,
    pub(super) now: Record,
}

impl Kept {
    /// Writes the record if it changed since it was last read or written.
    pub(super) fn save(&mut self, layout: &Layout) -> Result<(), FileError> {
        if self.known.as_ref() != Some(&self.now) {
            self.now.save(layout)?;
            self.known = Some(self.now.clone());
        }
        Ok(())
    }
}
