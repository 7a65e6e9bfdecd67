//! What is decided about the save files of declared guests.

use std::collections::HashMap;

use guest_spec::{Lifecycle, OnHostShutdown, OnStaleSave};
use uuid::Uuid;
use xl_cfg::Config;

use super::live;
use super::{GuestPlan, Note, Step};
use crate::Stages;
use crate::compare::{self, Compared};
use crate::domains::{Domain, State};
use crate::observe::{Domains, Observed};
use crate::record::Record;
use crate::saves::{Aside, Reason, Save, needed_mib};

/// A declared guest, as far as its save file is judged by it.
pub(super) struct Guest<'a> {
    pub name: &'a str,
    /// The UUIDs that its domain may have.
    pub uuids: &'a [Uuid],
    pub lifecycle: &'a Lifecycle,
    pub autostart: bool,
    /// Whether xendomains starts guests.
    pub xendomains: bool,
    pub record: Option<&'a Record>,
    /// The declared configuration, sealed.
    pub declared: &'a str,
}

/// Whether a save file is moved aside by this plan.
pub(crate) fn sets_aside(plan: &GuestPlan) -> bool {
    let sets = |step: &Step| matches!(step, Step::SetAsideSave { .. });
    plan.steps.iter().any(sets)
}

/// Whether a save file holds the guest's memory once this plan's steps are done.
pub(super) fn is_saved(plan: &GuestPlan, observed: &Observed, name: &str, uuids: &[Uuid]) -> bool {
    let by_uuid = |uuid: &Uuid| match observed.save_files.file_of(*uuid) {
        // What is moved aside is the file under the guest's name.
        Some(file) if sets_aside(plan) => file != name,
        Some(_) => true,
        None => observed
            .saved_as
            .get(uuid)
            .is_some_and(|file| file != name || !sets_aside(plan)),
    };
    uuids.iter().any(by_uuid) || (observed.saves.contains(name) && !sets_aside(plan))
}

/// Whether what stands under the guest's name is known not to be its memory: another domain's, or nothing that xl wrote.
pub(super) fn is_anothers(observed: &Observed, name: &str, uuids: &[Uuid]) -> bool {
    let save = observed.save_files.get(name);
    save.is_some_and(|save| is_no_save_of(save, uuids))
}

fn is_no_save_of(save: &Save, uuids: &[Uuid]) -> bool {
    let others = |uuid: Uuid| !uuids.contains(&uuid);
    save.not_of_xl().is_some() || save.uuid.is_some_and(others)
}

/// Judges what the save folder has of a guest.
pub(super) fn plan(plan: &mut GuestPlan, guest: &Guest, observed: &Observed, stages: Stages) {
    let mut notes = Vec::new();
    let aside = observed.save_files.aside.iter();
    notes.extend(
        aside
            .filter(|aside| aside.guest == guest.name)
            .cloned()
            .map(Note::SetAside),
    );
    if let Some(save) = observed.save_files.get(guest.name) {
        Judge {
            guest,
            save,
            observed,
        }
        .judge(plan, &mut notes, stages);
    }
    // Once in a switch, by the stage that is about domains.
    if stages.guests {
        plan.notes.extend(notes);
    }
}

struct Judge<'a> {
    guest: &'a Guest<'a>,
    save: &'a Save,
    observed: &'a Observed,
}

impl Judge<'_> {
    fn judge(&self, plan: &mut GuestPlan, notes: &mut Vec<Note>, stages: Stages) {
        if let Err(error) = &self.save.file {
            if stages.guests {
                plan.problems.push(error.clone());
            }
            return;
        }
        if let Some(uuid) = self
            .save
            .uuid
            .filter(|uuid| !self.guest.uuids.contains(uuid))
        {
            notes.push(Note::OthersSave { uuid });
        } else if let Some(why) = self.save.broken() {
            return self.broken(why, plan, notes);
        } else if let Some(what) = self.save.not_of_xl() {
            notes.push(Note::NotASave { what });
        } else if let Some(domain) = self.domain() {
            return self.beside(domain, plan, notes, stages);
        } else {
            self.stale(plan, notes);
        }
        if self.restore_failed() && stages.guests && !sets_aside(plan) {
            say(plan, self.failed());
        }
    }

    /// The guest's domain, whatever it does.
    fn domain(&self) -> Option<&Domain> {
        let mine = |domain: &&Domain| {
            self.guest.uuids.contains(&domain.uuid) || domain.name == self.guest.name
        };
        self.observed.domains.all().iter().find(mine)
    }

    fn ran_in_this_boot(&self) -> bool {
        let running = self.guest.record.and_then(|record| record.running.as_ref());
        running.is_some_and(|running| running.boot_id == self.observed.boot_id)
    }

    /// Whether nobody can be writing the file, or restoring from it, now.
    fn at_rest(&self) -> bool {
        match &self.observed.domains {
            Domains::Known(_) => self.domain().is_none(),
            // At boot, before xl answers: it is of an earlier boot, and no domain is older than this one.
            Domains::NotAsked => self.save.before_boot && !self.ran_in_this_boot(),
            Domains::NotXen | Domains::Unknown(_) => false,
        }
    }

    fn set_aside(&self, plan: &mut GuestPlan, reason: Reason, why: String) {
        if let Ok(file) = &self.save.file {
            plan.steps.push(Step::SetAsideSave {
                file: file.clone(),
                reason,
                why,
            });
        }
    }

    /// A file that cannot be restored.
    fn broken(&self, why: String, plan: &mut GuestPlan, notes: &mut Vec<Note>) {
        match self.domain() {
            _ if self.at_rest() => self.set_aside(plan, Reason::Partial, why),
            Some(domain) if domain.state == State::Suspended => notes.push(Note::Suspended {
                domid: domain.domid,
                why: Some(why),
            }),
            domain => notes.push(Note::BrokenSave {
                domid: domain.map(|domain| domain.domid),
                why,
            }),
        }
    }

    /// A whole file, and its domain is there.
    fn beside(&self, domain: &Domain, plan: &mut GuestPlan, notes: &mut Vec<Note>, stages: Stages) {
        match domain.state {
            State::Running if stages.guests => {
                let path = format!("/var/lib/xen/save/{}", self.guest.name);
                let why = format!(
                    "it runs, and there is a save file of it, {path}: restored at a later boot, that would destroy its file systems. If nobody is saving it now, remove {path}"
                );
                say(plan, why);
            }
            State::Suspended => notes.push(Note::Suspended {
                domid: domain.domid,
                why: None,
            }),
            _ => {}
        }
    }

    /// A whole file of a guest whose declaration changed since.
    fn stale(&self, plan: &mut GuestPlan, notes: &mut Vec<Note>) {
        let keys = self.changed();
        if keys.is_empty() {
            return;
        }
        let discard = self.guest.lifecycle.on_stale_save == OnStaleSave::Discard;
        let starts = self.guest.autostart && !self.ran_in_this_boot();
        if discard && starts && self.at_rest() {
            self.set_aside(plan, Reason::Discarded, keys.join(", "));
        } else {
            notes.push(Note::StaleSave { keys, discard });
        }
    }

    /// What is declared otherwise than it was saved; not what was changed by hand before.
    fn changed(&self) -> Vec<String> {
        let Some(json) = self.save.json() else {
            return Vec::new();
        };
        let running = self.guest.record.and_then(|record| record.running.as_ref());
        let started = running.and_then(|running| running.config.as_deref());
        let declared = self.guest.declared;
        let minor = self.observed.xen_minor;
        let Compared {
            keys, disks, vifs, ..
        } = compare::compare(declared, Some(json), started, minor);
        let declared = Config::parse(declared).unwrap_or_default();
        let applied = live::applied(&declared);
        let by_hand = |key: &String| {
            let known = self.guest.record.and_then(|record| record.live.get(key));
            known.is_some() && known == applied.get(key)
        };
        // libxl shows the processors that a guest was started on, not those that it was moved to.
        let pinned = running.and_then(|running| running.pinned.as_ref());
        let repinned = pinned.is_some_and(|pinned| *pinned == live::pins(&declared));
        let moved = |key: &String| repinned && (key == "cpus" || key == "cpus_soft");
        let keys = keys.into_iter().map(|difference| difference.key);
        let disks = disks.into_iter().map(|disk| format!("disk {}", disk.id));
        let vifs = vifs.into_iter().map(|vif| format!("vif {}", vif.id));
        keys.chain(disks)
            .chain(vifs)
            .filter(|key| !by_hand(key) && !moved(key))
            .collect()
    }

    /// Whether what stands there is another's, or nothing that xl wrote.
    fn is_no_save(&self) -> bool {
        is_no_save_of(self.save, self.guest.uuids)
    }

    /// Whether xendomains was to restore the guest in this boot, and did not.
    fn restore_failed(&self) -> bool {
        let record = self.guest.record;
        let before = record.and_then(|record| record.restored_in_boot.as_ref());
        self.guest.xendomains
            && self.guest.autostart
            && matches!(self.observed.domains, Domains::Known(_))
            && self.domain().is_none()
            && before == Some(&self.observed.boot_id)
            && !self.ran_in_this_boot()
    }

    fn failed(&self) -> String {
        let name = self.guest.name;
        let cause = match &self.save.failure {
            Some(why) => format!(
                "when it was last tried: {}",
                why.trim().trim_end_matches('.')
            ),
            None => "`journalctl -b -u xendomains` says why".to_owned(),
        };
        if self.is_no_save() {
            return format!(
                "it is down: /var/lib/xen/save/{name} is not its save file, is left, and keeps xendomains from starting it. Move it away, then run `domus apply`"
            );
        }
        format!(
            "it is down: it was saved, and xendomains did not restore it in this boot ({cause}). `domus start {name}` restores it; to give up what is in its memory, move /var/lib/xen/save/{name} away, then run `domus apply`"
        )
    }
}

fn say(plan: &mut GuestPlan, problem: String) {
    plan.problems.push(problem.clone());
    plan.save_problem = Some(problem);
}

/// What is said of the folder, and of no one guest.
pub(super) fn of_the_folder(
    lifecycles: &HashMap<Uuid, &Lifecycle>,
    is_declared: impl Fn(&str) -> bool,
    observed: &Observed,
    xendomains: bool,
) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(mode) = observed.save_files.open_mode {
        notes.push(format!(
            "/var/lib/xen/save holds the memory of guests and has mode {mode:04o}, so that others than root may look into it: `chmod 0700 /var/lib/xen/save`"
        ));
    }
    let orphans = observed.save_files.aside.iter();
    let orphans: Vec<&Aside> = orphans.filter(|aside| !is_declared(&aside.guest)).collect();
    for Aside { guest, path, .. } in orphans {
        notes.push(format!(
            "{} is what Domus moved aside of the saved guest {guest}, which is no longer declared; delete it if nobody needs it",
            path.display()
        ));
    }
    for (name, save) in observed.save_files.iter() {
        let alive = observed.domains.all().iter();
        let mut alive =
            alive.filter(|domain| domain.name == name || Some(domain.uuid) == save.uuid);
        let Some(why) = save.broken().filter(|_| !is_declared(name)) else {
            continue;
        };
        if save.is_of_xl() && alive.next().is_none() {
            notes.push(format!(
                "/var/lib/xen/save/{name} is of no declared guest and cannot be restored ({why}); delete it if nobody needs it"
            ));
        }
    }
    let saved = |domain: &&Domain| {
        // Those that are nobody's are saved by xendomains too, where they are in `auto`; Domus shuts them down.
        let foreign = if xendomains {
            OnHostShutdown::Save
        } else {
            OnHostShutdown::Shutdown
        };
        let known = lifecycles.get(&domain.uuid);
        let policy = known.map_or(foreign, |known| known.on_host_shutdown);
        domain.domid != 0 && policy == OnHostShutdown::Save
    };
    let all = observed.domains.all().iter();
    let need = |domain: &Domain| needed_mib(domain.memory_mib);
    let need_mib = all.filter(saved).map(need).sum();
    let free_mib = observed.save_space_bytes.map(|bytes| bytes / (1 << 20));
    notes.extend(too_small(need_mib, free_mib));
    notes
}

/// That saving needs more than there is.
fn too_small(need_mib: u64, free_mib: Option<u64>) -> Option<String> {
    let free_mib = free_mib.filter(|free| *free < need_mib)?;
    Some(format!(
        "the guests that are saved when the Dom0 shuts down take {need_mib} MiB, and the file system of /var/lib/xen/save has {free_mib} MiB free: not all of them would be saved. Make room there, or set onHostShutdown = \"shutdown\" for some of them"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_asked_for_only_where_it_is_missing() {
        assert_eq!(too_small(0, Some(0)), None);
        assert_eq!(too_small(512, Some(512)), None);
        assert_eq!(too_small(512, None), None);
        let said = too_small(513, Some(512)).unwrap();
        assert!(said.contains("take 513 MiB") && said.contains("512 MiB free"));
    }
}
