//! How many processors, where they run, and what they tell: `vcpus`, `maxvcpus`, `cpus`, `cpus_soft`, `vnuma`, `cpuid`,
//! `viridian`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use xl_cfg::cpuid::{Cpuid, Leaf, Register};
use xl_cfg::cpus::{CpuSet, CpuTerm, Cpus};
use xl_cfg::grammar::Spelling;
use xl_cfg::viridian::{Viridian, ViridianGroup, ViridianGroups};
use xl_cfg::vnuma::{VcpuSet, VirtualNode};
use xl_cfg::{SpecError, Value};

use super::item::Item;
use super::source::{Source, numbers, runs_of};

pub(super) fn read(source: &mut Source) {
    let most = counts(source);
    placement(source, most);
    cpuid(source);
    viridian(source);
}

/// `vcpus` and `maxvcpus`, which is left out when it is what xl would take anyway.
fn counts(source: &mut Source) -> Option<u64> {
    let online = "/b_info/avail_vcpus";
    let mut count = None;
    if let Some(vcpus) = source
        .get(online)
        .and_then(numbers)
        .filter(|vcpus| !vcpus.is_empty())
    {
        count = u64::try_from(vcpus.len()).ok();
        source.set(
            "vcpus",
            Value::from(i64::try_from(vcpus.len()).unwrap_or(i64::MAX)),
        );
        if vcpus
            .iter()
            .copied()
            .eq(0..u32::try_from(vcpus.len()).unwrap_or(u32::MAX))
        {
            source.done(online);
        } else {
            // The first ones are online after a start, whichever are now.
            source.doubt(online);
        }
    }
    let most = source.number("/b_info/max_vcpus");
    // With virtual nodes xl asks for it, unless the host has as many processors (`parse_vnuma_config`).
    if most.is_some() && most == count && !source.has("/b_info/vnuma_nodes") {
        source.done("/b_info/max_vcpus");
    }
    most
}

/// `cpus`, `cpus_soft` and `vnuma`, and libxl's own placement, which they switch off.
fn placement(source: &mut Source, vcpus: Option<u64>) {
    source.list("vnuma", "/b_info/vnuma_nodes", |item, _| node(item));
    let off = "/b_info/numa_placement";
    let is_off = source.flag(off) == Some(false);
    // Each node says its place on the host, and that switches it off.
    let by_nodes = source.is_set("vnuma");
    let soft = source.get("/b_info/vcpu_soft_affinity").is_some();
    let hard = source.get("/b_info/vcpu_hard_affinity").is_some();
    affinity(
        source,
        "cpus_soft",
        "/b_info/vcpu_soft_affinity",
        vcpus,
        false,
    );
    // Of the two forms of `cpus` only the list switches it off (`parse_vcpu_affinity`).
    let list = is_off && !soft && !by_nodes;
    affinity(source, "cpus", "/b_info/vcpu_hard_affinity", vcpus, list);
    let switched_off = by_nodes || soft || hard;
    if is_off && switched_off || source.flag(off) == Some(true) && !switched_off {
        source.done(off);
    }
}

fn affinity(
    source: &mut Source,
    key: &'static str,
    pointer: &str,
    vcpus: Option<u64>,
    as_list: bool,
) {
    let Some(sets) = source.get(pointer).and_then(Json::as_array) else {
        return;
    };
    let set = |json: &Json| {
        let runs = runs_of(&numbers(json)?).into_iter();
        let terms = runs.map(|(first, last)| CpuTerm::Cpus {
            except: false,
            first,
            last,
        });
        CpuSet::new(&terms.collect::<Vec<_>>()).ok()
    };
    let Some(sets) = sets.iter().map(set).collect::<Option<Vec<_>>>() else {
        return;
    };
    let Some(first) = sets.first() else { return };
    let for_all = u64::try_from(sets.len()).ok() == vcpus.or(Some(1));
    let cpus = if for_all && !as_list && sets.iter().all(|set| set == first) {
        Cpus::Same(first.clone())
    } else {
        Cpus::PerVcpu(sets)
    };
    if let Some(value) = spelled(cpus.to_spec()) {
        source.set(key, value);
        source.done(pointer);
    }
}

fn node(item: &mut Item) -> Option<Value> {
    let mebibytes = |json: &Json| {
        let kib = json.as_u64()?;
        (kib % 1024 == 0).then(|| u32::try_from(kib / 1024).ok())?
    };
    let vcpus: Vec<_> = runs_of(&item.numbers("vcpus"))
        .into_iter()
        .map(|(first, last)| first..=last)
        .collect();
    let node = VirtualNode {
        physical_node: item.number("pnode").unwrap_or(0),
        size_mib: item.take("memkb", mebibytes)?,
        vcpus: VcpuSet::new(&vcpus),
        distances: item.numbers("distances"),
    };
    node.to_spec().ok().map(Value::from)
}

/// `cpuid` as a list of registers: libxl does not keep the names of features. Policies for MSRs have no spelling there.
fn cpuid(source: &mut Source) {
    let newer = "/b_info/cpuid/cpuid";
    // A list by itself until the policies for MSRs came (`libxl_cpuid_policy_list_gen_json`).
    let pointer = if source.get(newer).is_some() {
        newer
    } else {
        "/b_info/cpuid"
    };
    let Some(items) = source.get(pointer).and_then(Json::as_array) else {
        return;
    };
    let leaves: Option<BTreeMap<Leaf, _>> = items.iter().map(leaf).collect();
    let value = leaves
        .filter(|leaves| !leaves.is_empty())
        .and_then(|leaves| spelled(Cpuid::Leaves(leaves).to_spec()));
    if let Some(value) = value {
        source.set("cpuid", value);
        source.done(pointer);
    }
}

fn leaf<M: std::str::FromStr>(json: &Json) -> Option<(Leaf, BTreeMap<Register, M>)> {
    let number = |json: &Json| u32::try_from(json.as_u64()?).ok();
    let mut leaf = Leaf {
        leaf: number(json.get("leaf")?)?,
        subleaf: None,
    };
    let mut registers = BTreeMap::new();
    for (name, value) in json.as_object()? {
        match name.as_str() {
            "leaf" => {}
            "subleaf" => leaf.subleaf = Some(number(value)?),
            register => {
                registers.insert(register.parse().ok()?, value.as_str()?.parse().ok()?);
            }
        }
    }
    Some((leaf, registers))
}

/// As many bits as libxl has for groups (`LIBXL_BUILDINFO_HVM_VIRIDIAN_ENABLE_DISABLE_WIDTH`); `all` sets them all.
const VIRIDIAN_WIDTH: u32 = 64;

/// `viridian`: a flag for the usual groups, and two bitmaps of others.
fn viridian(source: &mut Source) {
    let at = |name: &str| format!("/b_info/type.hvm/{name}");
    let (usual, enable, disable) = (
        at("viridian"),
        at("viridian_enable"),
        at("viridian_disable"),
    );
    let set = |pointer: &str| {
        let json = source.get(pointer)?;
        numbers(json).map(BTreeSet::from_iter)
    };
    let (enabled, disabled) = (set(&enable), set(&disable));
    let value = match (&enabled, &disabled) {
        (None, None) => source.flag(&usual).map(Viridian::Switch),
        (enabled, disabled) => {
            let none = BTreeSet::new();
            let (enabled, disabled) = (
                enabled.as_ref().unwrap_or(&none),
                disabled.as_ref().unwrap_or(&none),
            );
            let all =
                (0..VIRIDIAN_WIDTH).all(|bit| enabled.contains(&bit) || disabled.contains(&bit));
            groups(if all { &none } else { enabled }).and_then(|enable| {
                Some(Viridian::Groups(ViridianGroups {
                    defaults: source.flag(&usual) == Some(true),
                    all,
                    enable,
                    disable: groups(disabled)?,
                }))
            })
        }
    };
    if let Some(value) = value.and_then(|value| spelled(value.to_spec())) {
        source.set("viridian", value);
        for pointer in [usual, enable, disable] {
            source.done(pointer);
        }
    }
}

fn groups(bits: &BTreeSet<u32>) -> Option<BTreeSet<ViridianGroup>> {
    let group = |bit: &u32| ViridianGroup::ALL.get(usize::try_from(*bit).ok()?).copied();
    bits.iter().map(group).collect()
}

fn spelled(spelling: Result<Spelling, SpecError>) -> Option<Value> {
    match spelling.ok()? {
        Spelling::Text(text) => Some(text.into()),
        Spelling::List(items) => Some(items.into()),
    }
}
