//! Processors, clocks and NUMA nodes.

use xl_cfg::Value;

use super::{LowerError, Lowering};
use crate::{OneOrMany, TimerMode, TscMode, Viridian};

pub(super) fn write(out: &mut Lowering) -> Result<(), LowerError> {
    let guest = out.guest;
    let cpu = &guest.cpu;
    out.some("cpus", cpu.cpus.as_ref().map(one_or_many))?;
    out.some("cpus_soft", cpu.cpus_soft.as_ref().map(one_or_many))?;
    out.some("pool", cpu.pool.as_deref())?;
    out.some("cpu_weight", cpu.weight)?;
    out.some("cap", cpu.cap)?;
    out.some("cpuid", cpu.cpuid.as_ref().map(one_or_many))?;
    out.some("nestedhvm", cpu.nested_hvm)?;
    let nodes: Vec<Value> = (0..guest.vnuma.len())
        .map(|index| vnode(out, index))
        .collect();
    out.list("vnuma", nodes)?;
    let time = &guest.time;
    out.some("tsc_mode", time.tsc_mode.map(TscMode::as_str))?;
    out.some("timer_mode", time.timer_mode.map(TimerMode::as_str))?;
    out.some("hpet", time.hpet)?;
    out.some("vpt_align", time.vpt_align)?;
    out.some("rtc_timeoffset", time.rtc_offset.map(i64::from))?;
    out.some("localtime", time.localtime)?;
    out.some("viridian", guest.viridian.as_ref().map(viridian))
}

fn one_or_many(value: &OneOrMany) -> Value {
    match value {
        OneOrMany::One(text) => text.as_str().into(),
        OneOrMany::Many(texts) => texts.clone().into(),
    }
}

fn viridian(value: &Viridian) -> Value {
    match value {
        Viridian::All(all) => (*all).into(),
        Viridian::Groups(groups) => groups.clone().into(),
    }
}

/// xl.cfg(5): all four are mandatory.
fn vnode(out: &Lowering, index: usize) -> Value {
    let nodes = &out.guest.vnuma;
    let node = &nodes[index];
    let distances: Vec<String> = node.distances.as_ref().map_or_else(
        || {
            let near_and_far = (0..nodes.len()).map(|other| if other == index { 10 } else { 20 });
            near_and_far
                .map(|distance: u32| distance.to_string())
                .collect()
        },
        |distances| distances.iter().map(ToString::to_string).collect(),
    );
    vec![
        format!("pnode={}", node.pnode),
        format!("size={}", node.memory_mib.get()),
        format!("vcpus={}", node.vcpus),
        format!("vdistances={}", distances.join(",")),
    ]
    .into()
}
