//! The disks of a declared guest that are smaller than is declared; and the guest's other names.

use disk_image::Growth;
use guest_spec::{ByteSize, Disk};

use super::Case;
use crate::Stages;
use crate::disks::{DiskState, unfinished_growth};
use crate::domains::{Domain, State};
use crate::files::Entry;
use crate::images::Growing;
use crate::keepers;
use crate::layout::Layout;
use crate::observe::Domains;
use crate::plan::{GuestPlan, Held, Host, Note, Step};

impl Case<'_> {
    /// Plans what is to grow, and gives why the guest must not start where that cannot be finished now.
    pub(super) fn grow(&self, plan: &mut GuestPlan, host: &Host) -> Option<String> {
        let mut unfinished = None;
        for (disk, state) in self.guest.disks.iter().zip(&self.files.disks) {
            let Ok(state) = state else { continue };
            match &state.growing {
                Growing::Not => {}
                Growing::Misfit(why) => plan.notes.push(Note::Size {
                    disk: disk.name.clone(),
                    why: why.clone(),
                }),
                Growing::Unknown(why) => plan
                    .problems
                    .push(format!("option disks.{}.size: {why}", disk.name)),
                Growing::Needed(growth, to) => {
                    self.grow_one(plan, host, disk, state, *growth, *to);
                }
                Growing::Unfinished(to) => {
                    let why = self.finish(plan, host, disk, state, *to);
                    unfinished = unfinished.or(why);
                }
            }
        }
        unfinished
    }

    fn grow_one(
        &self,
        plan: &mut GuestPlan,
        host: &Host,
        disk: &Disk,
        state: &DiskState,
        growth: Growth,
        to: ByteSize,
    ) {
        let Some(path) = disk.file() else { return };
        match self.held(host, state) {
            None if host.stages.images => plan.steps.push(self.step(disk, path, growth, to)),
            None => {}
            Some(held) => {
                let from_bytes = match growth {
                    Growth::Image { from_bytes, .. } | Growth::FileSystem { from_bytes, .. } => {
                        from_bytes
                    }
                    Growth::AsDeclared | Growth::Unfinished => 0,
                };
                plan.notes.push(Note::GrowsLater {
                    disk: disk.name.clone(),
                    path: path.to_owned(),
                    from_bytes,
                    to,
                    held,
                });
            }
        }
    }

    /// The disks that grow between the end of the guest's domain and its next start: those that nobody else has.
    pub(super) fn growing_after(&self, domain: &Domain) -> impl Iterator<Item = Step> {
        let own = [domain.uuid];
        let disks = self.guest.disks.iter().zip(&self.files.disks);
        disks.filter_map(move |(disk, state)| {
            let state = state.as_ref().ok()?;
            let Growing::Needed(growth, to) = state.growing else {
                return None;
            };
            let holders = &self.observed.holders;
            let mut ids = state.ids.iter();
            let held = ids.any(|id| holders.in_the_way(id, &own).is_some());
            if held || self.observed.domains.opaque().is_some() {
                return None;
            }
            Some(self.step(disk, disk.file()?, growth, to))
        })
    }

    fn step(&self, disk: &Disk, path: &str, growth: Growth, to: ByteSize) -> Step {
        Step::GrowImage {
            disk: disk.name.clone(),
            path: self.layout.below(path).display().to_string(),
            growth,
            to,
        }
    }

    /// Finishes what was begun, or undoes it where no size is declared any more.
    fn finish(
        &self,
        plan: &mut GuestPlan,
        host: &Host,
        disk: &Disk,
        state: &DiskState,
        to: Option<ByteSize>,
    ) -> Option<String> {
        let path = disk.file()?;
        let who = match self.held(host, state) {
            None => {
                if host.stages.images {
                    if matches!(&self.files.auto, Ok(Entry::Link(_))) {
                        self.unlink_while_it_grows(plan);
                    }
                    plan.steps.push(match to {
                        Some(to) => self.step(disk, path, Growth::Unfinished, to),
                        None => Step::UndoGrowth {
                            disk: disk.name.clone(),
                            path: self.layout.below(path).display().to_string(),
                        },
                    });
                    return None;
                }
                // At boot files come before images, and both before any guest.
                if !host.stages.guests {
                    return None;
                }
                return unfinished_growth(self.guest, &self.files.disks);
            }
            Some(Held::Running) => "the guest runs; shut it down at once, and look at the disk with `e2fsck -fn` before it starts again".to_owned(),
            Some(Held::Saved) => format!(
                "the guest is saved. Its memory is older or newer than the disk: nobody here can tell; move {} away to give up what it holds, and apply again",
                host.layout.save_dir().join(&self.guest.name).display()
            ),
            Some(Held::By(who)) => format!("{who} has it; shut that down, and apply again"),
            Some(Held::Unknown(why)) => why,
        };
        let why = format!(
            "option disks.{}.size: growing {path} was begun and not finished, and {who}",
            disk.name
        );
        if !plan.problems.contains(&why) {
            plan.problems.push(why.clone());
        }
        Some(why)
    }

    /// Who has the disk, as far as can be known: a disk is grown only where it is sure that nobody has it.
    fn held(&self, host: &Host, state: &DiskState) -> Option<Held> {
        let observed = self.observed;
        if self.domain.is_some() {
            return Some(Held::Running);
        }
        let names = keepers::names(&self.guest.name, self.record);
        if let Some(keeper) = observed.holders.keepers().of(&names, &self.uuids()) {
            return Some(Held::Unknown(keeper.to_string()));
        }
        let saved = |uuid| observed.is_saved(&self.guest.name, uuid);
        if self.uuids().into_iter().any(saved) {
            return Some(Held::Saved);
        }
        match &observed.domains {
            Domains::NotXen | Domains::Known(_) => {}
            Domains::NotAsked if !host.stages.images => return None,
            Domains::NotAsked => return Some(Held::Unknown("xl was not asked".to_owned())),
            Domains::Unknown(why) => return Some(Held::Unknown(why.clone())),
        }
        if let Some(domain) = observed.domains.opaque() {
            return Some(Held::Unknown(format!(
                "libxl does not say which disks domain {} ({}) has",
                domain.name, domain.domid
            )));
        }
        let mut ids = state.ids.iter();
        let holder = ids.find_map(|id| observed.holders.in_the_way(id, &[]));
        holder.map(|holder| Held::By(holder.who.clone()))
    }

    /// Whether the guest has a disk that is grown before anything may start it.
    pub(super) fn grows_first(&self, plan: &GuestPlan) -> bool {
        plan.problems.is_empty() && unfinished_growth(self.guest, &self.files.disks).is_some()
    }

    /// xendomains does not ask what becomes of a disk.
    pub(super) fn unlink_while_it_grows(&self, plan: &mut GuestPlan) {
        let ours = Layout::auto_target(&self.guest.name);
        let linked = matches!(&self.files.auto, Ok(Entry::Link(target)) if *target == ours);
        if linked && !plan.steps.contains(&Step::UnlinkAuto) {
            plan.steps.push(Step::UnlinkAuto);
        }
    }

    /// Links the guest once its disk is grown.
    pub(super) fn link_again(&self, plan: &mut GuestPlan) {
        let finished = |step: &Step| match step {
            Step::GrowImage { growth, .. } => *growth == Growth::Unfinished,
            Step::UndoGrowth { .. } => true,
            _ => false,
        };
        let ours = Layout::auto_target(&self.guest.name);
        let free = match &self.files.auto {
            Ok(Entry::Absent) => true,
            Ok(Entry::Link(target)) => *target == ours,
            _ => false,
        };
        if self.links
            && free
            && plan.problems.is_empty()
            && plan.steps.iter().any(finished)
            && !plan.steps.contains(&Step::LinkAuto)
            && plan.after_end_of.is_empty()
            && self.config_will_be_there(plan)
            && self.empty_disk().is_none()
        {
            plan.steps.push(Step::LinkAuto);
        }
    }

    /// A domain, or a save file, that still has a name which the guest had.
    pub(super) fn rename_what_is_left(&self, plan: &mut GuestPlan, stages: Stages) {
        let Some(record) = self.record else { return };
        let observed = self.observed;
        let name = &self.guest.name;
        if let Some(file) = observed.saved_as.get(&record.uuid)
            && file != name
            && plan.renamed_from.is_empty()
        {
            if observed.saves.contains(name) {
                let folder = self.layout.save_dir();
                plan.problems.push(format!(
                    "there are two save files, {} and {}; move the one away that is not this guest's",
                    folder.join(file).display(),
                    folder.join(name).display()
                ));
            } else {
                plan.steps.push(Step::RenameSave { from: file.clone() });
            }
        }
        if let Some(domain) = self.domain
            && stages.guests
            && domain.name != *name
            && record.domain_name.as_deref() == Some(&domain.name)
            && matches!(domain.state, State::Running | State::Paused)
        {
            plan.steps.push(Step::RenameDomain {
                domid: domain.domid,
                from: domain.name.clone(),
            });
        }
    }
}
