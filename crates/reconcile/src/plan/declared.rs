//! A declared guest.

mod disks;
mod files;
mod growing;
pub(crate) mod live;
mod running;
mod stopped;

use std::cell::OnceCell;

use disk_image::Found;
use guest_spec::{Disk, Guest, Password, PasswordOf, Secrets};
use uuid::Uuid;
use xl_cfg::Config;

use crate::disks::{disk_ids, disk_in_use};
use crate::domains::Domain;
use crate::holders::{Holder, Holders};
use crate::layout::Layout;
use crate::observe::{Configurations, GuestFiles, Observed};
use crate::own;
use crate::plan::{GuestPlan, Host, Note, Step, rename, saves};
use crate::record::Record;
use crate::secret::{ConfigText, passwords_in};

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
    /// Whether xendomains is to start it.
    links: bool,
    /// Whether xendomains starts and restores guests.
    xendomains: bool,
    /// The declared configuration, read.
    declared: OnceCell<Config>,
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
    let renamed = match host.renames.of(&guest.name) {
        Some(old) => {
            let (layout, stages) = (host.layout, host.stages);
            match rename::plan(&mut plan, old, host.records, observed, layout, stages) {
                Some(record) => Some(record),
                None => return plan,
            }
        }
        None => None,
    };
    let record = renamed.as_ref().or(record);
    let names = plan.renamed_from.iter().map(String::as_str);
    let names = std::iter::once(guest.name.as_str()).chain(names);
    let domain = own::domain(guest, names, host.records, observed);
    if let (None, Some(other)) = (domain, observed.domains.of(guest.uuid)) {
        plan.problems.push(not_adopted(guest, other));
        plan.steps.clear();
        // Nothing is remembered either that would make it Domus's.
        plan.held = true;
        return plan;
    }
    let foreign = observed.domains.foreign(&guest.name, guest.uuid);
    if let Some(foreign) =
        foreign.filter(|foreign| domain.is_none_or(|domain| domain.uuid != foreign.uuid))
    {
        plan.problems.push(format!(
            "a domain of this name runs that is not Domus's own (number {}, UUID {}); shut it down, or rename one of them. If it is this guest, made by hand, declare uuid = \"{}\" and run `domus adopt {}`",
            foreign.domid, foreign.uuid, foreign.uuid, guest.name
        ));
        plan.steps.clear();
        plan.held |= renamed.is_some();
        return plan;
    }
    let files = observed.guests.get(&guest.name);
    let secrets = secrets(&mut plan, guest, files);
    let text = match ConfigText::render(guest, &secrets) {
        Ok(text) => text,
        Err(error) => {
            plan.problems.push(error.to_string());
            plan.steps.clear();
            plan.held |= renamed.is_some();
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
            links: guest.autostart && host.xendomains,
            xendomains: host.xendomains,
            declared: OnceCell::new(),
        };
        case.rename_what_is_left(&mut plan, host.stages);
        let in_use = case.in_use(host, &mut plan);
        let uuids = case.uuids();
        let saved = saves::Guest {
            name: &guest.name,
            uuids: &uuids,
            lifecycle: &guest.lifecycle,
            autostart: guest.autostart,
            xendomains: host.xendomains,
            record,
            declared: text.sealed(),
        };
        saves::plan(&mut plan, &saved, observed, host.stages);
        case.disks(&mut plan, host);
        let in_use = in_use.or(case.grow(&mut plan, host));
        // Without its password nothing is written, and what stands there stays.
        if host.stages.files && !matches!(files.secrets, Some(Err(_))) {
            case.config(&mut plan, in_use.as_deref());
        }
        // At boot this is the last look before xendomains starts what is linked.
        if host.stages.images && !host.stages.files {
            case.not_to_start(&mut plan, in_use.as_deref());
        }
        case.link_again(&mut plan);
        if host.stages.guests {
            match domain {
                Some(domain) => case.running(&mut plan, domain, host),
                None => case.stopped(&mut plan, in_use.as_deref()),
            }
        }
        if case.claims(&plan) {
            case.claim(&mut host.holders);
        }
    }
    plan.config = Some(text);
    plan
}

/// That the domain of the declared UUID is not Domus's.
fn not_adopted(guest: &Guest, domain: &Domain) -> String {
    let name = &guest.name;
    let called = if domain.name == *name {
        String::new()
    } else {
        format!(", called {}", domain.name)
    };
    format!(
        "a domain of its UUID runs (number {}{called}) that Domus neither started nor adopted; it is left, and nothing is done for this guest. If it is this guest, made by hand, run `domus adopt {name}`; if not, declare another uuid",
        domain.domid
    )
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
    /// The declared configuration, sealed.
    fn declared(&self) -> &Config {
        self.declared
            .get_or_init(|| Config::parse(self.text.sealed()).unwrap_or_default())
    }

    /// Whether the xl configuration is as declared once this plan's steps so far are done.
    fn config_will_be_there(&self, plan: &GuestPlan) -> bool {
        let written = |step: &Step| matches!(step, Step::WriteConfig { .. });
        plan.steps.iter().any(written) || self.files.config_text() == Some(self.text.reveal())
    }

    fn config_is_old(&self) -> String {
        format!(
            "{} is not as declared, so nothing is started or stored from it; run `domus apply`, which says why",
            self.layout.config(&self.guest.name).display()
        )
    }

    fn uuids(&self) -> Vec<Uuid> {
        self.record
            .map(|record| record.uuid)
            .into_iter()
            .chain([self.guest.uuid])
            .collect()
    }

    /// Says which disk somebody else has, if this guest does not run and would be started. One that this plan ends first
    /// is waited for.
    fn in_use(&self, host: &Host, plan: &mut GuestPlan) -> Option<String> {
        let restarting = self.record.is_some_and(|record| record.restarting);
        if self.domain.is_some() || !(self.guest.autostart || restarting) {
            return None;
        }
        let mut own = self.uuids();
        let disks = &self.files.disks;
        let why = disk_in_use(self.guest, disks, &host.holders, &own)?;
        own.extend(host.ending.keys());
        let still = disk_in_use(self.guest, disks, &host.holders, &own);
        if still.is_none() {
            plan.after_end_of
                .extend(host.ending.values().map(|name| (*name).to_owned()));
            plan.after_end_of.sort_unstable();
            return None;
        }
        Some(why)
    }

    /// Whether its disks are to be nobody else's from here on: this apply, or one that runs at this moment, may start it.
    fn claims(&self, plan: &GuestPlan) -> bool {
        let off = self.domain.is_none();
        match self.observed.configurations {
            Configurations::Told => off && self.guest.autostart && plan.problems.is_empty(),
            // A problem that only these show must not free its disks; and who runs may be about to have one attached.
            Configurations::Stored => !off || self.guest.autostart,
        }
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
