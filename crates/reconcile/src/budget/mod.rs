//! Whether there is memory for what a plan starts: what is free against what each guest needs, before any is started.
//!
//! [`look`] asks xl and is called only for a plan that starts a guest or gives one more memory; [`limit`] is pure.

mod host;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use guest_spec::{Document, Guest, GuestType};
use serde::Deserialize;

use crate::domains::Domain;
use crate::observe::Observed;
use crate::plan::{Ending, GuestPlan, Live, Plan, Step, When};
use crate::startup::{self, Planned};

use host::LEAST_DOM0_MIB;
pub use host::{Host, look};

/// A Dom0 that is left with less is said, in MiB: a NixOS with systemd, xenstored and a QEMU for a few guests has its
/// out-of-memory killer at work below.
const SMALL_DOM0_MIB: u64 = 512;
/// What a Linux stub domain has where nothing is declared, in MiB (`libxl_internal.h`, `LIBXL_LINUX_STUBDOM_MEM`).
const STUBDOM_MIB: u64 = 128;

/// The memory for the starts of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// What is free when all guests have ended that are to, with what the Dom0 can give, in MiB.
    pub free_mib: u64,
    /// What each guest that is to end gives back, in MiB.
    pub gives_mib: BTreeMap<String, u64>,
}

/// What a guest's domain takes beside its own memory, in MiB, for Xen's tables about it: `libxl_mem.c`,
/// `libxl__domain_need_memory_calculate`, and `libxl_create.c`, `libxl__get_required_paging_memory`. The module's
/// warning about `hostMemory` counts the same (`modules/dom0/assertions/memory.nix`).
fn beside_mib(most_mib: u64, vcpus: u64, is_pv: bool) -> u64 {
    let paging = vcpus + most_mib.div_ceil(256);
    paging + if is_pv { 1 } else { 2 }
}

/// libxl counts in steps of 2 MiB.
const fn evenly(mib: u64) -> u64 {
    mib.div_ceil(2) * 2
}

/// What the start of a guest takes, in MiB.
#[must_use]
pub fn need_mib(guest: &Guest) -> u64 {
    let most = guest.max_memory_mib.unwrap_or(guest.memory_mib);
    let vcpus = guest.max_vcpus.unwrap_or(guest.vcpus);
    let is_pv = guest.guest_type == GuestType::Pv && guest.pv_shim.enable != Some(true);
    let stubdomain = &guest.device_model.stubdomain;
    let stub = match (stubdomain.enable, stubdomain.memory_mib) {
        (Some(true), Some(mib)) => mib.get().into(),
        (Some(true), None) => STUBDOM_MIB,
        _ => 0,
    };
    let beside = beside_mib(most.get().into(), vcpus.into(), is_pv);
    evenly(u64::from(guest.memory_mib.get()) + beside + stub)
}

/// What the end of a domain gives back, in MiB.
fn gives_mib(domain: &Domain) -> u64 {
    #[derive(Deserialize)]
    struct Type {
        c_info: CreateInfo,
    }
    #[derive(Deserialize)]
    struct CreateInfo {
        r#type: Option<String>,
    }
    let Some(config) = &domain.config else {
        return domain.memory_mib;
    };
    let json = domain.json.as_deref().unwrap_or_default();
    let kind = serde_json::from_str::<Type>(json).ok();
    // libxl leaves out what is its default.
    let is_pv = kind
        .and_then(|known| known.c_info.r#type)
        .is_some_and(|kind| kind == "pv");
    let most = config.b_info.max_memkb.unwrap_or(0) / 1024;
    let vcpus = config.b_info.max_vcpus.unwrap_or(1);
    evenly(domain.memory_mib + beside_mib(most, vcpus.into(), is_pv))
}

/// Whether a plan needs memory that somebody has to have.
#[must_use]
pub fn is_needed(plan: &Plan) -> bool {
    let needs = |step: &Step| is_start(step) || grows(step).is_some();
    plan.guests
        .iter()
        .any(|guest| guest.steps.iter().any(needs))
}

const fn is_start(step: &Step) -> bool {
    matches!(step, Step::Start | Step::Restore)
}

const fn is_end(step: &Step) -> bool {
    matches!(step, Step::ShutDown { .. } | Step::Destroy { .. })
}

/// By how many MiB a step makes a running guest larger.
fn grows(step: &Step) -> Option<u64> {
    match step {
        Step::Live {
            change: Live::Memory { from, to },
            ..
        } => u64::from(to.get())
            .checked_sub(*from)
            .filter(|mib| *mib > 0),
        _ => None,
    }
}

/// Takes out of a plan what there is no memory for, and says so: guests that would grow, and, in the order in which they
/// would start, those for which nothing is left. What is smaller and comes later may fit.
pub fn limit(plan: &mut Plan, document: &Document, observed: &Observed, host: &Host) {
    let grown_mib = limit_growth(plan, host.free_mib);
    let guests: BTreeMap<&str, &Guest> = document
        .guests
        .iter()
        .map(|guest| (guest.name.as_str(), guest))
        .collect();
    let free_mib = host.free_mib - grown_mib + host.dom0_gives_mib();
    // A guest that is not restarted gives nothing back, and others may not fit then.
    let mut budget = Budget::default();
    loop {
        budget.gives_mib = ends(plan, observed);
        budget.free_mib = free_mib + budget.gives_mib.values().sum::<u64>();
        let (left_mib, refused) = refuse(plan, &guests, budget.free_mib);
        let mut runs_on = false;
        for refusal in refused {
            let plans = &mut plan.guests;
            let Some(guest) = plans.iter_mut().find(|guest| guest.name == refusal.name) else {
                continue;
            };
            runs_on |= guest.steps.iter().any(is_end);
            refusal.take_out(guest, host);
        }
        if !runs_on {
            note_small_dom0(plan, host, left_mib);
            break;
        }
    }
    plan.memory = Some(budget);
}

/// The plan of guests that a person starts, each with the domain that is to end first, where it is a restart; of which
/// what there is no memory for is taken out, and said in its problems.
#[must_use]
pub fn by_hand(
    guests: &[(&str, Option<u32>)],
    document: &Document,
    observed: &Observed,
    host: &Host,
) -> Plan {
    let mut plan = Plan::default();
    for (name, domid) in guests {
        let mut guest = GuestPlan::new(name);
        guest.steps.extend(domid.map(|domid| Step::ShutDown {
            domid,
            why: Ending::Restart,
        }));
        guest.steps.push(Step::Start);
        plan.guests.push(guest);
    }
    limit(&mut plan, document, observed, host);
    plan
}

/// What the guests that are to end give back, by their names.
fn ends(plan: &Plan, observed: &Observed) -> BTreeMap<String, u64> {
    let ends = plan.guests.iter().filter_map(|guest| {
        let domid = guest.steps.iter().find_map(|step| match step {
            Step::ShutDown { domid, .. } | Step::Destroy { domid } => Some(*domid),
            _ => None,
        })?;
        let mut domains = observed.domains.all().iter();
        let domain = domains.find(|domain| domain.domid == domid)?;
        Some((guest.name.clone(), gives_mib(domain)))
    });
    ends.collect()
}

/// A guest for which there is no memory.
struct Refusal {
    name: String,
    memory_mib: u64,
    need_mib: u64,
    left_mib: u64,
    free_mib: u64,
}

/// In the order in which guests start: who has no memory left, and, first, what the others leave. Once one that is to be
/// restarted is among them, the rest is left to be judged again.
fn refuse(plan: &Plan, guests: &BTreeMap<&str, &Guest>, free_mib: u64) -> (u64, Vec<Refusal>) {
    let starting: Vec<&GuestPlan> = plan
        .guests
        .iter()
        .filter(|guest| guest.steps.iter().any(is_start))
        .collect();
    let declared: Vec<&Guest> = starting
        .iter()
        .filter_map(|guest| guests.get(guest.name.as_str()).copied())
        .collect();
    let planned: Vec<Planned> = declared.iter().map(|guest| planned(guest)).collect();
    let mut left_mib = free_mib;
    let mut refused = Vec::new();
    for at in startup::in_order(&planned) {
        let (name, need_mib) = (&planned[at].name, planned[at].need_mib);
        if let Some(rest) = left_mib.checked_sub(need_mib) {
            left_mib = rest;
            continue;
        }
        refused.push(Refusal {
            name: name.clone(),
            memory_mib: declared[at].memory_mib.get().into(),
            need_mib,
            left_mib,
            free_mib,
        });
        let ends = |guest: &&GuestPlan| guest.name == *name && guest.steps.iter().any(is_end);
        if starting.iter().any(ends) {
            break;
        }
    }
    (left_mib, refused)
}

/// A guest's place in the order, and what it needs.
#[must_use]
pub fn planned(guest: &Guest) -> Planned {
    let startup = &guest.startup;
    Planned {
        name: guest.name.clone(),
        order: startup.order,
        after: startup.after.clone(),
        delay: Duration::from_secs(startup.delay_seconds.into()),
        need_mib: need_mib(guest),
    }
}

impl Refusal {
    /// Takes the start out of a guest's plan, with the shutdown before it, and says why.
    fn take_out(&self, guest: &mut GuestPlan, host: &Host) {
        let restarts = guest.steps.iter().any(is_end);
        guest.steps.retain(|step| !is_start(step) && !is_end(step));
        for change in &mut guest.changes {
            if change.when == When::AtRestart {
                change.when = When::AtNextStart;
            }
        }
        let verb = if restarts {
            "is not restarted, and runs on as it is"
        } else {
            "is not started"
        };
        let left = if self.left_mib == self.free_mib {
            format!("{} MiB are free", self.free_mib)
        } else {
            format!(
                "of {} MiB that are free the guests before it leave {}",
                self.free_mib, self.left_mib
            )
        };
        let with = match host.dom0_mib {
            Some(mib) => format!(
                " (counting {} that xl can take from the Dom0's {mib})",
                host.dom0_gives_mib()
            ),
            None => String::new(),
        };
        guest.problems.push(format!(
            "it {verb}: it needs {} MiB, its memory of {} and what Xen keeps beside it, and {left}{with}. Lower the option memory, here or of other guests, or shut a guest down; `xl info` says what is free",
            self.need_mib, self.memory_mib
        ));
    }
}

/// Guests get memory while they run before any ends, and xl takes nothing from the Dom0 for them. Gives how much they get.
fn limit_growth(plan: &mut Plan, free_mib: u64) -> u64 {
    let mut grown = 0;
    for guest in &mut plan.guests {
        let mut refused = None;
        guest.steps.retain(|step| match grows(step) {
            Some(mib) if mib > free_mib - grown => {
                refused = Some(mib);
                false
            }
            more => {
                grown += more.unwrap_or(0);
                true
            }
        });
        let Some(mib) = refused else { continue };
        for change in &mut guest.changes {
            if change.key == "memory" && change.when == When::Now {
                change.when = When::AtNextStart;
            }
        }
        guest.problems.push(format!(
            "its memory cannot be raised by {mib} MiB while it runs: {} MiB are free. Lower the option memory, or shut another guest down and run `domus apply` again",
            free_mib - grown
        ));
    }
    grown
}

/// xl takes what it needs, and a Dom0 that has too little kills its own processes.
fn note_small_dom0(plan: &mut Plan, host: &Host, left_mib: u64) {
    let starts = |guest: &GuestPlan| guest.steps.iter().any(is_start);
    let Some(dom0_mib) = host.dom0_mib.filter(|_| plan.guests.iter().any(starts)) else {
        return;
    };
    let keeps = dom0_mib.min(LEAST_DOM0_MIB + left_mib);
    if keeps < SMALL_DOM0_MIB && keeps < dom0_mib {
        let names: BTreeSet<&str> = plan
            .guests
            .iter()
            .filter(|guest| starts(guest))
            .map(|guest| guest.name.as_str())
            .collect();
        let names: Vec<&str> = names.into_iter().collect();
        plan.notes.push(format!(
            "xl takes so much memory from the Dom0 for {} that {keeps} MiB of {dom0_mib} are left to it; lower the option memory of some, or give the Dom0 a fixed share (virtualisation.xen.dom0Resources.memory)",
            names.join(", ")
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_guest_needs_is_what_libxl_asks_for() {
        let guest = |kind: &str, fields: serde_json::Value| {
            let mut guest = serde_json::json!({
                "name": "web", "type": kind, "uuid": "6d7e3a0c-3b0f-4a55-9d0e-000000000001",
                "memoryMib": 256, "vcpus": 1, "boot": { "bootloader": "pygrub" },
                "onPoweroff": "destroy", "onReboot": "restart", "onCrash": "destroy"
            });
            let all = guest.as_object_mut().unwrap();
            all.extend(fields.as_object().unwrap().clone());
            need_mib(&serde_json::from_value(guest).unwrap())
        };
        let none = serde_json::json!({});
        // 256, 1 for the vCPU, 1 for 256 pages, and 1 or 2; in steps of 2.
        assert_eq!(guest("pv", none.clone()), 260);
        assert_eq!(guest("pvh", none), 260);
        let large = serde_json::json!({ "maxMemoryMib": 4096, "maxVcpus": 4 });
        assert_eq!(guest("pvh", large.clone()), 278);
        assert_eq!(guest("pv", large), 278);
        let stub = serde_json::json!({ "deviceModel": { "stubdomain": { "enable": true } } });
        assert_eq!(guest("hvm", stub), 388);
    }
}
