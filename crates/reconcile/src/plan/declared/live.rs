//! What of a running guest's differences Xen can change at once, and how.
//!
//! It is pure, and the one place that knows which keys change live. `xl_cfg::keys` has the facts.

mod devices;

use std::borrow::Cow;
use std::collections::BTreeMap;

use guest_spec::OnChange;
use xl_cfg::{Config, Value};

use super::Case;
use super::running::later;
use crate::compare::{self, Compared, Difference};
use crate::domains::Domain;
use crate::plan::{Change, Live, Step, When};
use crate::plan::{GuestPlan, Host};

/// Xen's own weight (`xl sched-credit2`), and no cap.
const DEFAULT_WEIGHT: u32 = 256;
const NO_CAP: u32 = 0;

/// The keys that change live by themselves: they are remembered as they were declared.
pub(crate) const KEYS: [&str; 6] = ["memory", "vcpus", "cpu_weight", "cap", "cpus", "cpus_soft"];

/// What is declared for `cpus` and `cpus_soft`, as text.
pub(crate) fn pins(declared: &Config) -> [String; 2] {
    ["cpus", "cpus_soft"].map(|key| {
        let value = declared.get(key).map(ToString::to_string);
        value.unwrap_or_default()
    })
}

/// What is remembered of a declaration that is made true: each key that changes live by itself, and each device.
pub(crate) fn applied(declared: &Config) -> BTreeMap<String, String> {
    let keys = KEYS.iter().filter_map(|key| {
        let value = declared.get(key)?;
        Some(((*key).to_owned(), value.to_string()))
    });
    let devices = |list: &'static str, id| {
        let specs = compare::specs(declared.get(list), id);
        specs
            .into_iter()
            .map(move |(id, spec)| (format!("{list} {id}"), spec))
    };
    keys.chain(devices("disk", compare::vdev))
        .chain(devices("vif", compare::mac))
        .collect()
}

/// Decides about every difference.
pub(super) fn changes(
    case: &Case,
    compared: &Compared,
    domain: &Domain,
    host: &mut Host,
    plan: &mut GuestPlan,
) {
    let live = case.guest.lifecycle.on_change != OnChange::NextBoot;
    let mut schedule = (None, None);
    let mut pin = false;
    for difference in &compared.keys {
        let key = difference.key.as_str();
        let drift =
            KEYS.contains(&key) && case.was_applied(key, declared_text(case, key).as_deref());
        let now = live && !drift && can_now(case, difference, domain);
        let when = match (drift, now) {
            (true, _) => When::Never,
            (_, true) => When::Now,
            _ => later(key),
        };
        plan.changes.push(Change {
            key: key.to_owned(),
            device: None,
            running: difference.running.clone(),
            declared: difference.declared.clone(),
            when,
        });
        if !now {
            continue;
        }
        let number = || declared_number(case, key);
        match key {
            "memory" => step(
                plan,
                domain,
                Live::Memory {
                    from: memory_mib(domain),
                    to: case.guest.memory_mib,
                },
            ),
            "vcpus" => step(
                plan,
                domain,
                Live::Vcpus {
                    from: difference.running.parse().unwrap_or(domain.vcpus),
                    to: case.guest.vcpus,
                },
            ),
            "cpu_weight" => schedule.0 = Some(number().unwrap_or(DEFAULT_WEIGHT)),
            "cap" => schedule.1 = Some(number().unwrap_or(NO_CAP)),
            _ => pin = true,
        }
    }
    if let (Some(scheduler), true) = (scheduler(domain), schedule != (None, None)) {
        step(
            plan,
            domain,
            Live::Schedule {
                scheduler: scheduler.to_owned(),
                weight: schedule.0,
                cap: schedule.1,
            },
        );
    }
    if pin {
        let vcpus = case.guest.most_vcpus();
        let sets = |key| sets(case.declared().get(key), vcpus);
        step(
            plan,
            domain,
            Live::Pin {
                hard: sets("cpus"),
                soft: sets("cpus_soft"),
            },
        );
    }
    for device in &compared.disks {
        devices::disk(case, device, live, domain, host, plan);
    }
    for device in &compared.vifs {
        devices::vif(case, device, live, domain, plan);
    }
}

/// Whether Xen can change the key in this domain to what is declared.
fn can_now(case: &Case, difference: &Difference, domain: &Domain) -> bool {
    let build = domain.config.as_ref().map(|config| &config.b_info);
    match difference.key.as_str() {
        "memory" => {
            let most_kib = build.and_then(|build| build.max_memkb).unwrap_or(0);
            u64::from(case.guest.memory_mib.get()) <= most_kib / 1024
        }
        "vcpus" => {
            let most = build.and_then(|build| build.max_vcpus).unwrap_or(0);
            case.guest.vcpus <= most
        }
        "cpu_weight" | "cap" => scheduler(domain).is_some(),
        "cpus" | "cpus_soft" => true,
        _ => false,
    }
}

/// The scheduler, where its weight and cap can be set.
fn scheduler(domain: &Domain) -> Option<&str> {
    let config = domain.config.as_ref()?;
    let scheduler = config.b_info.sched_params.sched.as_deref()?;
    matches!(scheduler, "credit" | "credit2").then_some(scheduler)
}

fn memory_mib(domain: &Domain) -> u64 {
    let config = domain.config.as_ref();
    let target = config.and_then(|config| config.b_info.target_memkb);
    target.map_or(domain.memory_mib, |kib| kib / 1024)
}

fn declared_text(case: &Case, key: &str) -> Option<String> {
    case.declared().get(key).map(ToString::to_string)
}

fn declared_number(case: &Case, key: &str) -> Option<u32> {
    let value = case.declared().get(key)?;
    value.as_integer()?.try_into().ok()
}

/// What xl is told of processors: one set for each vCPU, where it is a list, which leaves the last ones free; or one for all.
fn sets(value: Option<&Value>, vcpus: u32) -> Vec<String> {
    let text = |value: &Value| value.as_text().map(Cow::into_owned);
    match value {
        Some(Value::List(items)) => {
            let sets = items.iter().filter_map(text);
            let free = std::iter::repeat_with(|| "all".to_owned());
            sets.chain(free).zip(0..vcpus).map(|(set, _)| set).collect()
        }
        Some(value) => text(value).into_iter().collect(),
        None => Vec::new(),
    }
}

fn step(plan: &mut GuestPlan, domain: &Domain, change: Live) {
    plan.steps.push(Step::Live {
        domid: domain.domid,
        change,
    });
}

impl Case<'_> {
    /// Whether the declaration is the one that was last made true: what differs from it was changed by hand.
    fn was_applied(&self, key: &str, declared: Option<&str>) -> bool {
        let record = self.record;
        let live = record.map(|record| &record.live);
        // Of a guest that nothing is remembered of, what is not declared is somebody else's.
        live.and_then(|live| live.get(key)).map(String::as_str) == declared
    }
}
