//! Processors, clocks and NUMA nodes.

use xl_cfg::cpuid::Cpuid;
use xl_cfg::cpus::Cpus;
use xl_cfg::viridian::Viridian as ViridianSpec;
use xl_cfg::vnuma::VirtualNode;
use xl_cfg::{SpecError, Value};

use super::{LowerError, Lowering};
use crate::{OneOrMany, TimerMode, TscMode, Viridian, Vnode};

pub(super) fn write(out: &mut Lowering) -> Result<(), LowerError> {
    let guest = out.guest;
    let cpu = &guest.cpu;
    // In the user's own words, once they are known to be xl's: another spelling may be that of another Xen.
    if let Some(text) = &cpu.cpus {
        out.checked("cpu.cpus".to_owned(), cpus(text))?;
        out.set("cpus", one_or_many(text))?;
    }
    if let Some(text) = &cpu.cpus_soft {
        out.checked("cpu.cpusSoft".to_owned(), cpus(text))?;
        out.set("cpus_soft", one_or_many(text))?;
    }
    out.some("pool", cpu.pool.as_deref())?;
    out.some("cpu_weight", cpu.weight)?;
    out.some("cap", cpu.cap)?;
    if let Some(text) = &cpu.cpuid {
        out.checked("cpu.cpuid".to_owned(), cpuid(text))?;
        out.set("cpuid", one_or_many(text))?;
    }
    out.some("nestedhvm", cpu.nested_hvm)?;
    let nodes: Vec<Value> = (0..guest.vnuma.len())
        .map(|index| {
            let spec = vnode(&guest.vnuma, index);
            Ok(out.checked(format!("vnuma.{index}"), spec)?.into())
        })
        .collect::<Result<_, LowerError>>()?;
    out.list("vnuma", nodes)?;
    let time = &guest.time;
    out.some("tsc_mode", time.tsc_mode.map(TscMode::as_str))?;
    out.some("timer_mode", time.timer_mode.map(TimerMode::as_str))?;
    out.some("hpet", time.hpet)?;
    out.some("vpt_align", time.vpt_align)?;
    out.some("rtc_timeoffset", time.rtc_offset.map(i64::from))?;
    out.some("localtime", time.localtime)?;
    match &guest.viridian {
        None => Ok(()),
        Some(Viridian::All(all)) => out.set("viridian", *all),
        Some(Viridian::Groups(groups)) => {
            out.checked("viridian".to_owned(), viridian(groups))?;
            out.set("viridian", groups.clone())
        }
    }
}

fn one_or_many(value: &OneOrMany) -> Value {
    match value {
        OneOrMany::One(text) => text.as_str().into(),
        OneOrMany::Many(texts) => texts.clone().into(),
    }
}

/// What `cpus` and `cpus_soft` say.
pub(crate) fn cpus(text: &OneOrMany) -> Result<Cpus, SpecError> {
    match text {
        OneOrMany::One(text) => Cpus::parse(text),
        OneOrMany::Many(_) => Cpus::parse_list(&text.as_strs()),
    }
}

/// What `cpuid` says.
pub(crate) fn cpuid(text: &OneOrMany) -> Result<Cpuid, SpecError> {
    match text {
        OneOrMany::One(text) => Cpuid::parse(text),
        OneOrMany::Many(_) => Cpuid::parse_list(&text.as_strs()),
    }
}

/// What a list of Hyper-V's groups says.
pub(crate) fn viridian(groups: &[String]) -> Result<ViridianSpec, SpecError> {
    let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
    ViridianSpec::parse_list(&groups)
}

fn vnode(nodes: &[Vnode], index: usize) -> Result<Vec<String>, SpecError> {
    let node = &nodes[index];
    let usual = || {
        let near_and_far = (0..nodes.len()).map(|other| if other == index { 10 } else { 20 });
        near_and_far.collect()
    };
    let spec = VirtualNode {
        physical_node: node.pnode,
        size_mib: node.memory_mib.get(),
        vcpus: node.vcpus.parse()?,
        distances: node.distances.clone().unwrap_or_else(usual),
    };
    spec.to_spec()
}
