//! The rules about processors and clocks.

use super::report::Report;
use crate::GuestType::{Hvm, Pvh};
use crate::lower::cpu;
use crate::{OneOrMany, Viridian};

pub(super) fn check(report: &mut Report) {
    let guest = report.guest;
    let (cpu, time) = (&guest.cpu, &guest.time);
    report.only_for(
        &[Hvm],
        &[
            ("time.hpet", time.hpet == Some(true)),
            ("time.vptAlign", time.vpt_align == Some(true)),
            (
                "viridian",
                guest.viridian.is_some() && guest.viridian != Some(Viridian::All(false)),
            ),
        ],
    );
    report.only_for(
        &[Hvm, Pvh],
        &[
            ("cpu.nestedHvm", cpu.nested_hvm == Some(true)),
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
    if let Some(Err(why)) = cpu.cpuid.as_ref().map(cpu::cpuid) {
        report.add("cpu.cpuid", format!("{why}; correct it, as xl.cfg(5) says"));
    }
    if let Some(Viridian::Groups(groups)) = &guest.viridian
        && let Err(why) = cpu::viridian(groups)
    {
        report.add("viridian", format!("{why}; correct the list"));
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
            format!(
                "it has {} entries, one a vCPU, and the guest has {vcpus} vCPUs; remove those beyond, or raise maxVcpus",
                list.len()
            ),
        );
    }
    if let Err(why) = cpu::cpus(affinity) {
        report.add(
            option,
            format!("{why}; write it as in \"0-3,^1\" or \"node:0\""),
        );
    }
}
