//! What is known of a guest.

use std::collections::HashMap;
use std::time::SystemTime;

use guest_spec::{Disk, Guest, Network};
use reconcile::Starter;
use reconcile::domains::{Domain, State};
use reconcile::files::read_text;
use reconcile::observe::{Domains, Observed};
use reconcile::plan::GuestPlan;
use reconcile::restoring::is_restoring;
use reconcile::units::{Unit, UnitState};
use serde::Serialize;
use uuid::Uuid;

use super::sizes::{Sizes, sizes};
use crate::context::{Context, Now};
use crate::text::one_line;
use crate::{describe, verbs};

/// What is known of a guest.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    pub name: String,
    pub state: &'static str,
    pub domid: Option<u32>,
    pub uuid: Option<Uuid>,
    pub memory_mib: Option<u64>,
    /// The most that it can have while it runs.
    pub max_memory_mib: Option<u64>,
    pub vcpus: Option<u32>,
    /// The most that it can have while it runs.
    pub max_vcpus: Option<u32>,
    pub uptime_seconds: Option<u64>,
    #[serde(rename = "type")]
    pub guest_type: Option<&'static str>,
    pub bootloader: Option<&'static str>,
    pub autostart: bool,
    pub declared: bool,
    pub disks: Vec<DiskFacts>,
    pub networks: Vec<NetworkFacts>,
    pub save_file: Option<SaveFile>,
    /// Why it did not start when it was last tried; nothing while it runs.
    pub last_failure: Option<String>,
    /// Its unit; only of a guest that was asked for by name.
    pub unit: Option<UnitState>,
    /// What it wrote last; only of a guest that was asked for by name, and does not run.
    pub last_lines: Vec<String>,
    /// The changes that wait for its next boot.
    pub pending: Vec<String>,
    /// All that a person may want to know, what is pending included.
    pub notes: Vec<String>,
    pub problems: Vec<String>,
}

/// A disk.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DiskFacts {
    pub name: String,
    pub vdev: String,
    pub path: Option<String>,
    pub format: &'static str,
    pub read_only: bool,
    #[serde(flatten)]
    pub sizes: Sizes,
}

/// A network interface.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NetworkFacts {
    pub name: String,
    pub mac: String,
    pub bridge: Option<String>,
}

/// A save file.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SaveFile {
    pub path: String,
    pub size_bytes: u64,
    pub age_seconds: Option<u64>,
}

/// What a plan says of a guest, in words.
struct Words {
    pending: Vec<String>,
    notes: Vec<String>,
    problems: Vec<String>,
}

/// The one place that reads a plan's steps and notes.
fn words(guest: &GuestPlan, context: &Context) -> Words {
    let plain = |text: String| anstream::adapter::strip_str(&text).to_string();
    let changes = guest.changes.iter();
    let pending: Vec<String> = changes.filter_map(describe::pending).map(plain).collect();
    let others = guest
        .notes
        .iter()
        .map(|note| describe::note(&guest.name, note));
    let steps = guest
        .steps
        .iter()
        .map(|step| verbs::apply::verb(&guest.name, step, context))
        .map(|step| format!("to do: {step}"));
    Words {
        notes: pending
            .iter()
            .cloned()
            .chain(others.chain(steps).map(plain))
            .collect(),
        pending,
        problems: guest.problems.clone(),
    }
}

impl Facts {
    /// Of a guest, by what was seen and planned.
    pub fn of(
        guest: &GuestPlan,
        declared: Option<&Guest>,
        uptimes: &HashMap<u32, u64>,
        context: &Context,
        now: &Now,
    ) -> Self {
        let name = guest.name.as_str();
        let observed = &now.observed;
        let record = now.records.get(name);
        let record = record.and_then(|record| record.as_ref().ok());
        // As remembered of its start, before as declared: the seed of UUIDs may have changed meanwhile.
        let uuids = [
            record.map(|record| record.uuid),
            declared.map(|guest| guest.uuid),
        ];
        let uuids = || uuids.into_iter().flatten();
        let own = uuids().find_map(|uuid| observed.domains.of(uuid));
        let foreign = uuids()
            .next_back()
            .and_then(|uuid| observed.domains.foreign(name, uuid))
            .filter(|_| own.is_none());
        let saved = uuids().any(|uuid| observed.is_saved(name, uuid));
        let domain = own.or(foreign);
        let build = domain
            .and_then(|domain| domain.config.as_ref())
            .map(|config| &config.b_info);
        let words = words(guest, context);
        let mut facts = Self {
            name: name.to_owned(),
            state: state(own, foreign, saved, observed),
            domid: domain.map(|domain| domain.domid),
            uuid: own.map(|own| own.uuid).or_else(|| uuids().next()),
            memory_mib: domain.map(|domain| domain.memory_mib),
            max_memory_mib: build
                .and_then(|build| build.max_memkb)
                .map(|kib| kib / 1024),
            vcpus: domain.map(|domain| domain.vcpus),
            max_vcpus: build.and_then(|build| build.max_vcpus),
            uptime_seconds: domain.and_then(|domain| uptimes.get(&domain.domid).copied()),
            guest_type: declared.map(|guest| guest.guest_type.as_str()),
            bootloader: declared.map(|guest| guest.boot.bootloader.as_str()),
            autostart: declared.is_some_and(|guest| guest.autostart),
            declared: declared.is_some(),
            disks: declared.map_or_else(Vec::new, |guest| disks(guest, context)),
            networks: declared.map_or_else(Vec::new, networks),
            save_file: save_file(name, context),
            last_failure: None,
            unit: None,
            last_lines: Vec::new(),
            pending: words.pending,
            notes: words.notes,
            problems: words.problems,
        };
        if own.is_none() {
            let failure = read_text(&context.layout.failure(name)).ok().flatten();
            facts.last_failure = failure.map(|text| one_line(&text));
        }
        facts.saved_and_running(own, context);
        facts
    }

    /// Of a save file beside a domain that runs, the plan says what it is.
    fn saved_and_running(&mut self, own: Option<&Domain>, context: &Context) {
        let paused = own.is_some_and(|domain| domain.state == State::Paused);
        if paused && self.save_file.is_some() && is_restoring(&context.layout, &self.name) {
            self.notes.push(format!(
                "is being restored, or its restore was interrupted; `domus start {}` brings it to its end",
                self.name
            ));
        }
    }

    /// Looks at what takes longer: for one guest, not for all.
    pub fn look_closer(&mut self, context: &Context, now: &Now) {
        let names = now.records.names_of(&self.name);
        if context.executor().starter == Starter::Unit {
            self.unit = Unit::state_of(&names, &context.programs);
        }
        if !self.is_running() {
            self.last_lines = verbs::logs::last_lines(&context.layout, &names, 5);
        }
    }

    /// Whether its domain runs.
    pub fn is_running(&self) -> bool {
        self.state == State::Running.as_str()
    }

    /// Real and virtual size of all its disks together.
    pub fn total(&self) -> Sizes {
        let sum = |of: fn(&Sizes) -> Option<u64>| {
            self.disks
                .iter()
                .filter_map(|disk| of(&disk.sizes))
                .reduce(|one, other| one + other)
        };
        Sizes {
            real_bytes: sum(|sizes| sizes.real_bytes),
            virtual_bytes: sum(|sizes| sizes.virtual_bytes),
        }
    }
}

fn state(
    own: Option<&Domain>,
    foreign: Option<&Domain>,
    saved: bool,
    observed: &Observed,
) -> &'static str {
    match (&observed.domains, own) {
        (_, Some(domain)) => domain.state.as_str(),
        _ if foreign.is_some() => "foreign",
        _ if saved => "saved",
        (Domains::Known(_), None) => "stopped",
        _ => "unknown",
    }
}

fn disks(guest: &Guest, context: &Context) -> Vec<DiskFacts> {
    let facts = |disk: &Disk| DiskFacts {
        name: disk.name.clone(),
        vdev: disk.vdev.clone(),
        path: disk.path.clone(),
        format: disk.format.as_str(),
        read_only: !disk.is_writable(),
        sizes: context
            .layout
            .disk(disk)
            .map_or_else(Sizes::default, |path| sizes(&path, disk.format)),
    };
    guest.disks.iter().map(facts).collect()
}

fn networks(guest: &Guest) -> Vec<NetworkFacts> {
    let facts = |network: &Network| NetworkFacts {
        name: network.name.clone(),
        mac: network.mac.to_string(),
        bridge: network.bridge.clone(),
    };
    guest.networks.iter().map(facts).collect()
}

fn save_file(name: &str, context: &Context) -> Option<SaveFile> {
    let path = context.layout.save_dir().join(name);
    let metadata = std::fs::metadata(&path).ok()?;
    let age = metadata
        .modified()
        .ok()
        .and_then(|at| SystemTime::now().duration_since(at).ok());
    Some(SaveFile {
        path: path.display().to_string(),
        size_bytes: metadata.len(),
        age_seconds: age.map(|age| age.as_secs()),
    })
}
