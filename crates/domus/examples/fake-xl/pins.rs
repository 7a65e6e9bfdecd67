//! Where vCPUs may run: `vcpu-pin`, `vcpu-list`, and what libxl's JSON keeps of the start.

use serde_json::json;
use xl_cfg::cpus::{CpuSet, CpuTerm};
use xl_cfg::{Config, Value};

use super::{Domain, die, load};

/// How many processors the host has.
pub const HOST: u32 = 8;

const KEYS: [&str; 2] = ["cpus", "cpus_soft"];

/// Each vCPU's processors at the start: those that it runs on, and those that it would rather.
pub fn of_start(config: &Config, vcpus: i64) -> Vec<[Vec<u32>; 2]> {
    let text = |value: &Value| value.as_text().map(std::borrow::Cow::into_owned);
    let of = |key: &str, vcpu: usize| {
        let set = match config.get(key) {
            Some(Value::List(sets)) => sets.get(vcpu).and_then(text),
            Some(one) => text(one),
            None => None,
        };
        set.map_or_else(all, |set| processors(&set))
    };
    let vcpus = usize::try_from(vcpus).unwrap_or(1);
    (0..vcpus)
        .map(|vcpu| KEYS.map(|key| of(key, vcpu)))
        .collect()
}

fn all() -> Vec<u32> {
    (0..HOST).collect()
}

/// As `parse_cpurange`; nodes are none of this.
fn processors(text: &str) -> Vec<u32> {
    let set = CpuSet::parse(text).unwrap_or_else(|error| die(&error.to_string()));
    let mut found = std::collections::BTreeSet::new();
    for term in set.terms() {
        match *term {
            CpuTerm::All => found.extend(0..HOST),
            CpuTerm::Cpus {
                except,
                first,
                last,
            } => {
                for processor in first..=last.min(HOST - 1) {
                    if except {
                        found.remove(&processor);
                    } else {
                        found.insert(processor);
                    }
                }
            }
            CpuTerm::Nodes { .. } => die("fake xl: knows no nodes"),
        }
    }
    found.into_iter().collect()
}

/// `vcpu-pin`: of one vCPU, or all; `-` leaves what is.
pub fn pin(domain: &mut Domain, vcpu: &str, sets: [&str; 2]) {
    let one: Option<usize> = vcpu.parse().ok();
    if one.is_none() && vcpu != "all" {
        die(&format!("Error: Invalid argument {vcpu} as VCPU."));
    }
    for (number, affinity) in domain.affinity.iter_mut().enumerate() {
        for (place, set) in affinity.iter_mut().zip(sets) {
            if one.is_none_or(|one| one == number) && set != "-" {
                *place = processors(set);
            }
        }
    }
}

/// As `print_vcpuinfo` in `xl_vcpu.c`.
pub fn list(domids: &[&str]) {
    println!(
        "{:<32} {:>5} {:>5} {:>5} {:>5} {:>9} Affinity (Hard / Soft)",
        "Name", "ID", "VCPU", "CPU", "State", "Time(s)"
    );
    let state = load();
    let find = |domid: &&str| {
        let mut domains = state.domains.iter();
        let found = domains.find(|domain| domain.domid.to_string() == **domid);
        found.unwrap_or_else(|| die(&format!("{domid} is an invalid domain identifier (rc=-6)")))
    };
    for domain in domids.iter().map(find) {
        for (vcpu, [hard, soft]) in domain.affinity.iter().enumerate() {
            let online = i64::try_from(vcpu).unwrap_or(0) < domain.vcpus;
            let place = if online {
                format!("{:5} {:>3}b- ", hard.first().unwrap_or(&0), '-')
            } else {
                format!("{:>5} {:>3}-p ", '-', '-')
            };
            println!(
                "{:<32} {:5} {vcpu:5}{place}{:9.1}  {} / {}",
                domain.name,
                domain.domid,
                1.0,
                bitmap(hard),
                bitmap(soft)
            );
        }
    }
}

/// As `print_bitmap` in `xl_utils.c`.
fn bitmap(processors: &[u32]) -> String {
    if processors.is_empty() {
        return "none".to_owned();
    }
    if processors == all() {
        return "all".to_owned();
    }
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for processor in processors {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *processor => *last = *processor,
            _ => runs.push((*processor, *processor)),
        }
    }
    let runs = runs.into_iter().map(|(first, last)| {
        if first == last {
            first.to_string()
        } else {
            format!("{first}-{last}")
        }
    });
    runs.collect::<Vec<_>>().join(",")
}

/// What `list -l` goes on showing of the start, whatever was pinned since.
pub fn json(domain: &Domain, build: &mut serde_json::Value) {
    let Ok(config) = Config::parse(&domain.text) else {
        return;
    };
    let at_start = of_start(&config, domain.max_vcpus);
    let names = ["vcpu_hard_affinity", "vcpu_soft_affinity"];
    for (at, (key, name)) in KEYS.into_iter().zip(names).enumerate() {
        let listed = match config.get(key) {
            Some(Value::List(sets)) => sets.len(),
            Some(_) => at_start.len(),
            None => continue,
        };
        let sets = at_start.iter().take(listed).map(|sets| &sets[at]);
        build[name] = json!(sets.collect::<Vec<_>>());
    }
    // A list switches libxl's own placement off, and so do soft ones (`parse_vcpu_affinity`).
    let is_list = matches!(config.get("cpus"), Some(Value::List(_)));
    if is_list || config.get("cpus_soft").is_some() {
        build["numa_placement"] = json!("False");
    }
}
