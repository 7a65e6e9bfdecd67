//! The rules about processors and clocks.

use super::report::Report;
use super::text::{cpu_set_problem, cpuid_problem};
use crate::GuestType::{Hvm, Pvh};
use crate::{OneOrMany, Viridian};

/// The groups of Hyper-V interfaces (`libxl_viridian_enlightenment` in `libxl_types.idl`).
const VIRIDIAN: [&str; 13] = [
    "base",
    "freq",
    "time_ref_count",
    "reference_tsc",
    "hcall_remote_tlb_flush",
    "apic_assist",
    "crash_ctl",
    "synic",
    "stimer",
    "hcall_ipi",
    "ex_processor_masks",
    "no_vp_limit",
    "cpu_hotplug",
];

pub(super) fn check(report: &mut Report) {
    let guest = report.guest;
    let (cpu, time) = (&guest.cpu, &guest.time);
    report.only_for(
        &[Hvm],
        &[
            ("time.hpet", time.hpet.is_some()),
            ("time.vptAlign", time.vpt_align.is_some()),
            ("viridian", guest.viridian.is_some()),
        ],
    );
    report.only_for(
        &[Hvm, Pvh],
        &[
            ("cpu.nestedHvm", cpu.nested_hvm.is_some()),
            ("time.timerMode", time.timer_mode.is_some()),
        ],
    );
    affinity(report, "cpu.cpus", cpu.cpus.as_ref());
    affinity(report, "cpu.cpusSoft", cpu.cpus_soft.as_ref());
    if cpu
        .weight
        .is_some_and(|weight| !(1..=65_535).contains(&weight))
    {
        report.add(
            "cpu.weight",
            "a weight is 1 to 65535, and 256 is the usual one; choose another",
        );
    }
    // libxl_sched.c, sched_credit_domain_set.
    let most = guest.most_vcpus().saturating_mul(100);
    if let Some(cap) = cpu.cap.filter(|cap| *cap > most) {
        report.add(
            "cpu.cap",
            format!("{cap} percent is more than the guest's {} vCPUs can use, which is {most}; lower it, or remove it for no limit", guest.most_vcpus()),
        );
    }
    let flags = matches!(cpu.cpuid, Some(OneOrMany::One(_)));
    for text in cpu.cpuid.iter().flat_map(OneOrMany::as_slice) {
        if let Some(why) = cpuid_problem(text, flags) {
            report.add("cpu.cpuid", why);
        }
    }
    if let Some(Viridian::Groups(groups)) = &guest.viridian {
        viridian(report, groups);
    }
}

fn affinity(report: &mut Report, option: &str, affinity: Option<&OneOrMany>) {
    let vcpus = report.guest.most_vcpus();
    let Some(affinity) = affinity else { return };
    if let OneOrMany::Many(list) = affinity
        && list.len() > usize::try_from(vcpus).unwrap_or(usize::MAX)
    {
        report.add(
            option,
            format!("it has {} entries, one a vCPU, and the guest has {vcpus} vCPUs; remove those beyond, or raise maxVcpus", list.len()),
        );
    }
    for text in affinity.as_slice() {
        if let Some(why) = cpu_set_problem(text) {
            report.add(option, why);
        }
    }
}

/// `libxl_x86.c`, `hvm_set_viridian_features`: every other group needs `base`.
fn viridian(report: &mut Report, groups: &[String]) {
    for group in groups {
        let name = group.strip_prefix('!').unwrap_or(group);
        let special = ["all", "defaults"].contains(&group.as_str());
        if !special && !VIRIDIAN.contains(&name) {
            report.add(
                "viridian",
                format!(
                    "{group:?} is no group; there are all, defaults and {}",
                    VIRIDIAN.join(", ")
                ),
            );
        }
    }
    let mut base = false;
    for group in groups {
        match group.as_str() {
            "all" | "defaults" | "base" => base = true,
            "!base" => base = false,
            _ => {}
        }
    }
    let others = groups
        .iter()
        .any(|group| !group.starts_with('!') && group != "base");
    if others && !base {
        report.add(
            "viridian",
            "every other group needs \"base\", and that is not in it; add \"base\"",
        );
    }
}
