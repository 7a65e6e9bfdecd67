//! A declared guest.

use disk_image::Found;
use guest_spec::{ByteSize, Disk, Guest};

use crate::Stages;
use crate::difference::differences;
use crate::domains::{Domain, State};
use crate::files::{Entry, digest};
use crate::layout::Layout;
use crate::observe::{DiskState, Domains, GuestFiles, Observed};
use crate::plan::{GuestPlan, Note, Step};
use crate::record::{Record, Records};

/// What is known of a guest while it is planned.
struct Case<'a> {
    guest: &'a Guest,
    /// The xl configuration that is declared.
    text: &'a str,
    record: Option<&'a Record>,
    files: &'a GuestFiles,
    observed: &'a Observed,
    layout: &'a Layout,
}

/// Plans these stages for a declared guest.
pub(super) fn plan(
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
    if let Some(foreign) = observed.domains.foreign(&guest.name, guest.uuid) {
        plan.problems.push(format!(
            "a domain of this name runs that is not Domus's own (number {}, UUID {}); shut it down, or rename one of them",
            foreign.domid, foreign.uuid
        ));
        return plan;
    }
    let text = match guest_spec::render(guest) {
        Ok(text) => text,
        Err(error) => {
            plan.problems.push(error.to_string());
            return plan;
        }
    };
    if let Some(files) = observed.guests.get(&guest.name) {
        let case = Case {
            guest,
            text: &text,
            record,
            files,
            observed,
            layout,
        };
        if stages.images {
            case.disks(&mut plan);
        }
        if stages.files {
            case.config(&mut plan);
        }
        if stages.guests {
            match observed.domains.of(guest.uuid) {
                Some(domain) => case.running(&mut plan, domain),
                None => case.stopped(&mut plan),
            }
        }
    }
    plan.config = Some(text);
    plan
}

impl Case<'_> {
    /// The images that are missing, and what is wrong with those that are there.
    fn disks(&self, plan: &mut GuestPlan) {
        for (disk, state) in self.guest.disks.iter().zip(&self.files.disks) {
            let known = self
                .record
                .is_some_and(|record| record.images.contains_key(&disk.path));
            let judged = match state {
                Ok(state) => {
                    judge_disk(disk, state, known).map_err(|why| format!("{} {why}", disk.path))
                }
                Err(error) => Err(error.clone()),
            };
            match judged {
                Ok(Some(size)) => plan.steps.push(Step::MakeImage {
                    disk: disk.name.clone(),
                    path: self.layout.disk(disk).display().to_string(),
                    size,
                }),
                Ok(None) => {}
                Err(why) => plan
                    .problems
                    .push(format!("option disks.{}.path: {why}", disk.name)),
            }
        }
    }

    /// The xl configuration, and the link that xendomains starts.
    fn config(&self, plan: &mut GuestPlan) {
        let path = self.layout.config(&self.guest.name);
        let ours = |bytes: &[u8]| {
            self.record
                .is_some_and(|record| record.config_digests.contains(&digest(bytes)))
        };
        let written_once = self
            .record
            .is_some_and(|record| !record.config_digests.is_empty());
        let text = self.text.to_owned();
        match &self.files.config {
            Ok(Entry::File(bytes)) if *bytes == text.as_bytes() => {}
            Ok(Entry::File(bytes)) if ours(bytes) => {
                let old = Some(String::from_utf8_lossy(bytes).into_owned());
                plan.steps.push(Step::WriteConfig { text, old });
            }
            Ok(Entry::Absent) => plan.steps.push(Step::WriteConfig { text, old: None }),
            Ok(Entry::File(_)) if written_once => {
                return plan.problems.push(format!(
                    "{} was changed by hand since Domus wrote it, and is left. Take the change into configuration.nix, move the file away, then switch again",
                    path.display()
                ));
            }
            Ok(_) => {
                return plan.problems.push(format!(
                    "{} is there already and is not Domus's, so it is left. Move it away, or rename the guest, then switch again",
                    path.display()
                ));
            }
            Err(error) => return plan.problems.push(error.to_string()),
        }
        self.auto(plan);
    }

    fn auto(&self, plan: &mut GuestPlan) {
        let ours = Layout::auto_target(&self.guest.name);
        match (&self.files.auto, self.guest.autostart) {
            // With nothing to boot, GRUB would sit at its prompt, with a disk in use that waits for
            // somebody to install a system.
            (Ok(Entry::Absent), true) => match self.empty_disk() {
                Some(disk) => note_empty(plan, disk),
                None => plan.steps.push(Step::LinkAuto),
            },
            (Ok(Entry::Link(target)), false) if *target == ours => plan.steps.push(Step::UnlinkAuto),
            (Ok(Entry::Link(target)), true) if *target == ours => {}
            (Ok(Entry::Absent), false) => {}
            (Ok(_), _) => plan.problems.push(format!(
                "{} is there already and is not Domus's, so it is left, and xendomains starts it. Move it away, then switch again",
                self.layout.auto(&self.guest.name).display()
            )),
            (Err(error), _) => plan.problems.push(error.to_string()),
        }
    }

    /// The changes of a guest that runs.
    fn running(&self, plan: &mut GuestPlan, domain: &Domain) {
        if !matches!(domain.state, State::Running | State::Paused) {
            plan.notes.push(Note::NotRunning(domain.state));
            return;
        }
        let started = match self.record.and_then(|record| record.running.as_ref()) {
            Some(running) => running.config.as_deref(),
            None => self.text_on_disk(),
        };
        let last_declared = self.record.and_then(|record| record.memory_mib);
        let declared = self.guest.memory_mib;
        for difference in differences(
            self.guest,
            domain,
            started.filter(|text| *text != self.text),
        ) {
            if difference.key != "memory" {
                plan.notes.push(Note::Pending(difference));
                continue;
            }
            let build = domain.config.as_ref().map(|config| &config.b_info);
            let max_mib = build
                .and_then(|build| build.max_memkb)
                .map_or(0, |kib| kib / 1024);
            let has_mib = build
                .and_then(|build| build.target_memkb)
                .map_or(domain.memory_mib, |kib| kib / 1024);
            if last_declared == Some(declared.get()) {
                plan.notes.push(Note::Drift(difference));
            } else if u64::from(declared.get()) > max_mib {
                plan.notes.push(Note::Pending(difference));
            } else {
                plan.steps.push(Step::SetMemory {
                    domid: domain.domid,
                    from: has_mib,
                    to: declared,
                });
            }
        }
    }

    fn text_on_disk(&self) -> Option<&str> {
        match &self.files.config {
            Ok(Entry::File(bytes)) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// A guest that does not run: it starts if it is to start by itself, and nobody stopped it.
    fn stopped(&self, plan: &mut GuestPlan) {
        if !matches!(self.observed.domains, Domains::Known(_)) {
            return;
        }
        if self.observed.saves.contains(&self.guest.name) {
            plan.notes.push(Note::Saved);
            return;
        }
        if !self.guest.autostart {
            return;
        }
        let ran = self.record.and_then(|record| record.running.as_ref());
        if ran.is_some_and(|running| running.boot_id == self.observed.boot_id) {
            plan.notes.push(Note::Stopped);
            return;
        }
        if !plan.problems.is_empty() {
            return;
        }
        let written = plan
            .steps
            .iter()
            .any(|step| matches!(step, Step::WriteConfig { .. }));
        if !written && self.text_on_disk() != Some(self.text) {
            plan.problems.push(
                "its xl configuration is not as declared, so it is not started; run `domus apply`, which says why"
                    .to_owned(),
            );
        } else if let Some(disk) = self.empty_disk() {
            note_empty(plan, disk);
        } else {
            plan.steps.push(Step::Start);
        }
    }

    /// The disk that the bootloader reads, if nothing was ever written to it, or it is yet to be made.
    fn empty_disk(&self) -> Option<&Disk> {
        if !self.guest.boot.bootloader.reads_disk() {
            return None;
        }
        let disk = self.guest.boot_disk()?;
        let mut states = self.guest.disks.iter().zip(&self.files.disks);
        let (_, state) = states.find(|(known, _)| known.name == disk.name)?;
        let state = state.as_ref().ok()?;
        (state.empty || state.found == Found::Absent).then_some(disk)
    }
}

fn note_empty(plan: &mut GuestPlan, disk: &Disk) {
    let note = Note::EmptyDisk {
        disk: disk.name.clone(),
        path: disk.path.clone(),
    };
    if !plan.notes.contains(&note) {
        plan.notes.push(note);
    }
}

/// The size of the image to make, nothing for a disk that is there, or what is wrong.
fn judge_disk(disk: &Disk, state: &DiskState, known: bool) -> Result<Option<ByteSize>, String> {
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
