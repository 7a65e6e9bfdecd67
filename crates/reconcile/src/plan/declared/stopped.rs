//! A declared guest that does not run.

use super::{Case, note_empty};
use crate::disks::disk_in_use;
use crate::files::Entry;
use crate::keepers;
use crate::plan::{GuestPlan, Note, Step, saves};

impl Case<'_> {
    /// A guest that does not run: it starts if it is to start by itself, and nobody stopped it.
    pub(super) fn stopped(&self, plan: &mut GuestPlan, in_use: Option<&str>) {
        if !self.observed.knows_domains() {
            return;
        }
        let names = keepers::names(&self.guest.name, self.record);
        let keepers = self.observed.holders.keepers();
        if let Some(keeper) = keepers.xl_of(&names, &self.uuids()) {
            return plan.notes.push(Note::ComesBack(keeper.to_string()));
        }
        if saves::is_saved(plan, self.observed, &self.guest.name, &self.uuids()) {
            return self.saved(plan);
        }
        let restarting = self.record.is_some_and(|record| record.restarting);
        if !self.guest.autostart && !restarting {
            return;
        }
        if self.ran_in_this_boot() && !restarting {
            plan.notes.push(Note::Stopped);
            return;
        }
        if let Some(why) = in_use
            && !plan.problems.iter().any(|problem| problem == why)
        {
            plan.problems.push(why.to_owned());
        }
        if !plan.problems.is_empty() {
            return;
        }
        if !self.config_will_be_there(plan) {
            plan.problems.push(self.config_is_old());
        } else if let Some(disk) = self.empty_disk() {
            note_empty(plan, disk);
        } else {
            plan.steps.push(Step::Start);
            // Its disk was empty, or another's, when files were written.
            if self.links
                && !plan.steps.contains(&Step::LinkAuto)
                && matches!(self.files.auto, Ok(Entry::Absent))
            {
                plan.steps.push(Step::LinkAuto);
            }
        }
    }

    /// A saved guest, whether it starts by itself or not: it ran when the Dom0 went down. Where Domus starts the guests, it
    /// also restores them; one that somebody saved in this boot stays so, as one that somebody stopped.
    fn saved(&self, plan: &mut GuestPlan) {
        let own_file = self.observed.saves.contains(&self.guest.name);
        if self.xendomains || !own_file || self.ran_in_this_boot() {
            // Where it should have been restored, that is said.
            if plan.save_problem.is_none()
                && !saves::is_anothers(self.observed, &self.guest.name, &self.uuids())
            {
                plan.notes.push(Note::Saved {
                    by_xendomains: self.xendomains,
                });
            }
            return;
        }
        let name = &self.guest.name;
        if saves::is_anothers(self.observed, name, &self.uuids()) {
            // Its own save would be written over it, and a start beside it would be restored over at some later boot.
            plan.problems.push(format!(
                "it is down: /var/lib/xen/save/{name} is not its save file, and is left. Move it away, then run `domus apply`"
            ));
            return;
        }
        if let Some(Err(_)) = self.observed.save_files.get(name).map(|save| &save.file) {
            // It cannot be read, which is said.
            return;
        }
        let disks = &self.files.disks;
        let in_use = disk_in_use(self.guest, disks, &self.observed.holders, &self.uuids());
        match in_use {
            Some(why) => plan.problems.push(why),
            None => plan.steps.push(Step::Restore),
        }
    }

    fn ran_in_this_boot(&self) -> bool {
        let ran = self.record.and_then(|record| record.running.as_ref());
        ran.is_some_and(|running| running.boot_id == self.observed.boot_id)
    }
}
