//! A declared guest.

use disk_image::Found;
use guest_spec::{ByteSize, Disk, Guest, Password, PasswordOf, Secrets};

use crate::difference::differences;
use crate::disks::{DiskState, disk_ids, disk_in_use};
use crate::domains::{Domain, State};
use crate::files::{Entry, digest};
use crate::holders::{Holder, Holders};
use crate::images;
use crate::layout::Layout;
use crate::observe::{GuestFiles, Observed};
use crate::plan::{GuestPlan, Host, Note, Step};
use crate::record::Record;
use crate::secret::{ConfigText, passwords_in};
use crate::seen::started_with;
use uuid::Uuid;

/// What is known of a guest while it is planned.
struct Case<'a> {
    guest: &'a Guest,
    /// The xl configuration that is declared.
    text: &'a ConfigText,
    record: Option<&'a Record>,
    /// Its live domain.
    domain: Option<&'a Domain>,
    files: &'a GuestFiles,
    observed: &'a Observed,
    layout: &'a Layout,
}

/// Plans a declared guest.
pub(super) fn plan(guest: &Guest, host: &mut Host) -> GuestPlan {
    let mut plan = GuestPlan::new(&guest.name);
    let record = match host.records.get(&guest.name) {
        Some(Err(error)) => {
            plan.problems.push(error.to_string());
            return plan;
        }
        Some(Ok(record)) => Some(record),
        None => None,
    };
    let observed = host.observed;
    // A domain that was started under another UUID (the seed changed) is still this guest.
    let recorded = record.and_then(|record| observed.domains.of(record.uuid));
    let domain = recorded.or_else(|| observed.domains.of(guest.uuid));
    let foreign = observed.domains.foreign(&guest.name, guest.uuid);
    if let Some(foreign) =
        foreign.filter(|foreign| record.is_none_or(|record| record.uuid != foreign.uuid))
    {
        plan.problems.push(format!(
            "a domain of this name runs that is not Domus's own (number {}, UUID {}); shut it down, or rename one of them",
            foreign.domid, foreign.uuid
        ));
        return plan;
    }
    let files = observed.guests.get(&guest.name);
    let secrets = secrets(&mut plan, guest, files);
    let text = match ConfigText::render(guest, &secrets) {
        Ok(text) => text,
        Err(error) => {
            plan.problems.push(error.to_string());
            return plan;
        }
    };
    if let Some(files) = files {
        let case = Case {
            guest,
            text: &text,
            record,
            domain,
            files,
            observed,
            layout: host.layout,
        };
        let in_use = case.in_use(&host.holders);
        case.disks(&mut plan, host);
        // Without its password nothing is written, and what stands there stays.
        if host.stages.files && !matches!(files.secrets, Some(Err(_))) {
            case.config(&mut plan, in_use.as_deref());
        }
        // At boot this is the last look before xendomains starts what is linked.
        if host.stages.images && !host.stages.files {
            case.not_to_start(&mut plan, in_use.as_deref());
        }
        if host.stages.guests {
            match domain {
                Some(domain) => case.running(&mut plan, domain),
                None => case.stopped(&mut plan, in_use.as_deref()),
            }
        }
        if domain.is_none() && guest.autostart && plan.problems.is_empty() {
            case.claim(&mut host.holders);
        }
    }
    plan.config = Some(text);
    plan
}

/// The guest's passwords: as their files have them, or, where these are not read or cannot be, as its
/// configuration has them.
fn secrets(plan: &mut GuestPlan, guest: &Guest, files: Option<&GuestFiles>) -> Secrets {
    let on_disk = || {
        let text = files.and_then(GuestFiles::config_text);
        text.map_or_else(Secrets::hidden, passwords_in)
    };
    let Some((_, path)) = guest.password_files().next() else {
        return Secrets::hidden();
    };
    match files.and_then(|files| files.secrets.as_ref()) {
        Some(Ok(secrets)) => {
            let vnc = secrets.get(PasswordOf::Vnc);
            if vnc.is_some_and(Password::is_cut_by_vnc) {
                let path = path.to_owned();
                plan.notes.push(Note::LongPassword { path });
            }
            secrets.clone()
        }
        Some(Err(why)) => {
            plan.problems.push(why.clone());
            on_disk()
        }
        None => on_disk(),
    }
}

impl Case<'_> {
    fn uuids(&self) -> Vec<Uuid> {
        self.record
            .map(|record| record.uuid)
            .into_iter()
            .chain([self.guest.uuid])
            .collect()
    }

    /// Says which disk somebody else has, if this guest does not run and would be started.
    fn in_use(&self, holders: &Holders) -> Option<String> {
        if self.domain.is_some() || !self.guest.autostart {
            return None;
        }
        disk_in_use(self.guest, &self.files.disks, holders, &self.uuids())
    }

    /// From here on in this plan, the disks are this guest's.
    fn claim(&self, holders: &mut Holders) {
        for (disk, id) in disk_ids(self.guest, &self.files.disks) {
            let who = format!("guest {}", self.guest.name);
            holders.add(
                id.clone(),
                Holder {
                    who,
                    uuid: self.guest.uuid,
                    writes: disk.is_writable(),
                },
            );
        }
    }

    /// The images that are missing, and what is wrong with those that are there.
    fn disks(&self, plan: &mut GuestPlan, host: &Host) {
        let starts = host.stages.guests && self.domain.is_none();
        if !(host.stages.images || starts) {
            return;
        }
        for (disk, state) in self.guest.disks.iter().zip(&self.files.disks) {
            // What is no file of the Dom0 is made, and looked at, by others.
            let Some(path) = disk.file() else { continue };
            let judged = match state {
                Ok(state) => self
                    .judge(disk, path, state, host)
                    .map_err(|why| format!("{path} {why}")),
                Err(error) => Err(error.clone()),
            };
            match judged {
                Ok(None) => {}
                Ok(Some(size)) if host.stages.images => plan.steps.push(Step::MakeImage {
                    disk: disk.name.clone(),
                    path: self.layout.below(path).display().to_string(),
                    size,
                }),
                Ok(Some(_)) => plan.problems.push(format!(
                    "option disks.{}.path: {path} is not there; domus-prepare.service makes it, and `journalctl -u domus-prepare` says why it did not",
                    disk.name
                )),
                Err(why) => plan.problems.push(format!("option disks.{}.path: {why}", disk.name)),
            }
        }
    }

    /// The size of the image to make, nothing for a disk that is there, or what is wrong.
    fn judge(
        &self,
        disk: &Disk,
        path: &str,
        state: &DiskState,
        host: &Host,
    ) -> Result<Option<ByteSize>, String> {
        let Some(found) = &state.found else {
            return Ok(None);
        };
        match found {
            Found::File { .. } | Found::BlockDevice { .. } => Ok(None),
            Found::Directory => Err("is a folder; write the path of the image in it".into()),
            Found::Other => Err("is neither a file nor a block device; write the path of one".into()),
            Found::Absent if !state.mounted => Err(format!(
                "is not there, because {} is not mounted; mount it (fileSystems), then switch again",
                disk.mount_point.as_deref().unwrap_or("its file system")
            )),
            Found::Absent if host.images.contains(path) => Err(format!(
                "was there at the last apply and is gone, and a new image would be empty. Bring it back, or mount what holds it; if it was deleted on purpose, run `domus image forget {path}`"
            )),
            Found::Absent if self.domain.is_some() => Err(
                "is gone while the guest runs on it; copy what you need from inside the guest before you shut it down".into(),
            ),
            Found::Absent if self.observed.is_saved(&self.guest.name, self.guest.uuid) => Err(format!(
                "is gone while the guest is saved: its memory needs that very disk. Bring it back, or move /var/lib/xen/save/{} away to give up what it holds",
                self.guest.name
            )),
            Found::Absent if path.starts_with("/dev/") => Err(
                "is no device of this host; Domus makes no files under /dev. Make the volume, or correct the path".into(),
            ),
            Found::Absent if images::format(disk.format).is_none() => Err(format!(
                "is not there, and Domus makes no {} images; put it there (`qemu-img create` makes one)",
                disk.format.as_str()
            )),
            Found::Absent => match (disk.size, host.unreadable) {
                (None, _) => Err(format!(
                    "is not there, and disks.{}.size is not set, so that Domus does not make it; set the size, or put the disk there",
                    disk.name
                )),
                (Some(_), Some(name)) => Err(format!(
                    "is not there, and is not made, because what Domus remembers of {name} cannot be read, and it may have been that guest's"
                )),
                (Some(size), None) => Ok(Some(size)),
            },
        }
    }

    /// The xl configuration, and the link that xendomains starts.
    fn config(&self, plan: &mut GuestPlan, in_use: Option<&str>) {
        let path = self.layout.config(&self.guest.name);
        let ours = |bytes: &[u8]| {
            self.record
                .is_some_and(|record| record.config_digests.contains(&digest(bytes)))
        };
        let written_once = self
            .record
            .is_some_and(|record| !record.config_digests.is_empty());
        let text = self.text.clone();
        let is_declared = |bytes: &[u8]| bytes == text.reveal().as_bytes();
        // A password in a file that others can read is no secret.
        let is_safe = !text.has_password() || self.files.config_mode == Some(text.mode());
        match &self.files.config {
            Ok(Entry::File(bytes)) if is_declared(bytes) && is_safe => {}
            Ok(Entry::File(bytes)) if is_declared(bytes) || ours(bytes) => {
                let old = String::from_utf8_lossy(bytes).into_owned();
                let old = Some(ConfigText::new(old));
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
        self.auto(plan, in_use);
    }

    fn auto(&self, plan: &mut GuestPlan, in_use: Option<&str>) {
        let ours = Layout::auto_target(&self.guest.name);
        match (&self.files.auto, self.guest.autostart) {
            // With nothing to boot, GRUB would sit at its prompt, with a disk in use that waits for
            // somebody to install a system; and xendomains does not ask who has a disk.
            (Ok(Entry::Absent), true) => match (in_use, self.empty_disk()) {
                (Some(why), _) => plan.problems.push(why.to_owned()),
                (None, Some(disk)) => note_empty(plan, disk),
                (None, None) => plan.steps.push(Step::LinkAuto),
            },
            (Ok(Entry::Link(target)), false) if *target == ours => plan.steps.push(Step::UnlinkAuto),
            (Ok(Entry::Link(target)), true) if *target == ours => self.not_to_start(plan, in_use),
            (Ok(Entry::Absent), false) => {}
            (Ok(_), _) => plan.problems.push(format!(
                "{} is there already and is not Domus's, so it is left, and xendomains starts it. Move it away, then switch again",
                self.layout.auto(&self.guest.name).display()
            )),
            (Err(error), _) => plan.problems.push(error.to_string()),
        }
    }

    /// Takes back the link of a guest whose disk another has by now: xendomains does not ask who has a disk.
    fn not_to_start(&self, plan: &mut GuestPlan, in_use: Option<&str>) {
        let ours = Layout::auto_target(&self.guest.name);
        if let (Some(why), Ok(Entry::Link(target))) = (in_use, &self.files.auto)
            && *target == ours
        {
            plan.problems.push(why.to_owned());
            plan.steps.push(Step::UnlinkAuto);
        }
    }

    /// The changes of a guest that runs.
    fn running(&self, plan: &mut GuestPlan, domain: &Domain) {
        if !matches!(domain.state, State::Running | State::Paused) {
            plan.notes.push(Note::NotRunning(domain.state));
            return;
        }
        let started = started_with(self.record, self.files, self.observed, domain);
        let last_declared = self.record.and_then(|record| record.memory_mib);
        let declared = self.guest.memory_mib;
        let sealed = self.text.sealed();
        for difference in differences(
            self.guest,
            domain,
            sealed,
            started.as_deref().filter(|text| *text != sealed),
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

    /// A guest that does not run: it starts if it is to start by itself, and nobody stopped it.
    fn stopped(&self, plan: &mut GuestPlan, in_use: Option<&str>) {
        if !self.observed.knows_domains() {
            return;
        }
        if self
            .uuids()
            .into_iter()
            .any(|uuid| self.observed.is_saved(&self.guest.name, uuid))
        {
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
        if let Some(why) = in_use
            && !plan.problems.iter().any(|problem| problem == why)
        {
            plan.problems.push(why.to_owned());
        }
        if !plan.problems.is_empty() {
            return;
        }
        let written = plan
            .steps
            .iter()
            .any(|step| matches!(step, Step::WriteConfig { .. }));
        if !written && self.files.config_text() != Some(self.text.reveal()) {
            plan.problems.push(
                "its xl configuration is not as declared, so it is not started; run `domus apply`, which says why"
                    .to_owned(),
            );
        } else if let Some(disk) = self.empty_disk() {
            note_empty(plan, disk);
        } else {
            // Its disk was empty when files were written, and holds a system now.
            if !plan.steps.contains(&Step::LinkAuto) && matches!(self.files.auto, Ok(Entry::Absent))
            {
                plan.steps.push(Step::LinkAuto);
            }
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
        // What is no file may hold anything, and is not held back.
        (state.empty || state.found == Some(Found::Absent)).then_some(disk)
    }
}

fn note_empty(plan: &mut GuestPlan, disk: &Disk) {
    let note = Note::EmptyDisk {
        disk: disk.name.clone(),
        path: disk.path.clone().unwrap_or_default(),
    };
    if !plan.notes.contains(&note) {
        plan.notes.push(note);
    }
}
