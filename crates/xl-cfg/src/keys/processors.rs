//! Processors: how many, where they run, what share they get, what they look like.

use super::info::{Arch, Change, KeyInfo, Types, key};
use super::shape::{MIB, Shape, any_case, int};
use super::{Seen, Words};
use crate::Grammar;
use Seen::{By, Created, Now, Xenstore};
use Shape::{Boolean, Either, List, Old, Spec, Text};

const I32: i64 = i32::MAX as i64;
const CPUS: Shape = Either(&[List(&Spec(Grammar::Cpus)), Spec(Grammar::Cpus)]);

pub(super) const KEYS: &[KeyInfo] = &[
    key("vcpus", int(1, 1024, "processors"), "How many virtual processors are online at the start.")
        .live("xl vcpu-set", "up to maxvcpus; taking one away needs the guest's help; stays at the guest's reboot")
        .default("1")
        .seen(&[Now("/b_info/avail_vcpus"), By("xl list"), By("xl vcpu-list"), Xenstore("cpu/*/availability")])
        .note("PVH and HVM guests have 128 at most."),
    key("maxvcpus", int(1, 8192, "processors"), "How many virtual processors the guest can ever have.")
        .default("vcpus, or those of vnuma")
        .seen(&[Created("/b_info/max_vcpus"), By("xl vcpu-list")])
        .note("xl refuses less than vcpus. PVH and HVM guests have 128 at most."),
    key("cpus", CPUS, "The physical processors on which the guest may run; a list has one item for each virtual one.")
        .live("xl vcpu-pin DOMAIN VCPU HARD", "lost at the guest's reboot")
        .default("all")
        .seen(&[Created("/b_info/vcpu_hard_affinity"), By("xl vcpu-list")])
        .note("Items beyond maxvcpus are ignored."),
    key("cpus_soft", CPUS, "The physical processors on which the guest should rather run; a list has one item for each virtual one.")
        .since(5)
        .live("xl vcpu-pin DOMAIN VCPU - SOFT", "lost at the guest's reboot")
        .default("what NUMA placement chooses")
        .seen(&[Created("/b_info/vcpu_soft_affinity"), By("xl vcpu-list")])
        .note("Setting it switches libxl's own NUMA placement off."),
    key("pool", Text, "The pool of physical processors in which the guest runs.")
        .live("xl cpupool-migrate", "lost at the guest's reboot")
        .default("Pool-0")
        .seen(&[Created("/c_info/pool_name"), By("xl list -c")]),
    key("cpu_weight", int(1, 65_535, ""), "The guest's share when processors are short, against that of others.")
        .live("xl sched-credit2 -d DOMAIN -w WEIGHT", "with the credit scheduler, xl sched-credit; stays at the guest's reboot")
        .default("256")
        .seen(&[Now("/b_info/sched_params/weight"), By("xl sched-credit2")]),
    key("cap", int(0, 65_535, "% of one processor"), "How much processor time the guest gets at most; 0 is no limit.")
        .live("xl sched-credit2 -d DOMAIN -c CAP", "with the credit scheduler, xl sched-credit; stays at the guest's reboot")
        .default("0")
        .seen(&[Now("/b_info/sched_params/cap"), By("xl sched-credit2")])
        .note("100 for each virtual processor is the most that Xen takes."),
    key("period", int(1, I32, "µs"), "The period in which the RTDS scheduler gives the guest its budget.")
        .live("xl sched-rtds -d DOMAIN -p PERIOD -b BUDGET", "only with the RTDS scheduler; stays at the guest's reboot")
        .default("10000")
        .seen(&[Now("/b_info/sched_params/period"), By("xl sched-rtds")])
        .note("Not in xl.cfg(5). xl has no key for the budget, 4000 µs, which may not be more than the period."),
    key("extratime", int(0, 1, ""), "Whether the RTDS scheduler gives the guest time that is left over.")
        .live("xl sched-rtds -d DOMAIN -v all -e EXTRATIME", "only with the RTDS scheduler; stays at the guest's reboot")
        .default("1")
        .seen(&[Now("/b_info/sched_params/extratime"), By("xl sched-rtds")])
        .note("Not in xl.cfg(5)."),
    key("slice", int(0, I32, ""), "A time slice of the SEDF scheduler.")
        .on(Types::NONE)
        .change(Change::Nothing("Xen has no SEDF scheduler since 4.6")),
    key("latency", int(0, I32, ""), "A latency of the SEDF scheduler.")
        .on(Types::NONE)
        .change(Change::Nothing("Xen has no SEDF scheduler since 4.6")),
    key(
        "cpuid",
        Either(&[List(&Spec(Grammar::Cpuid)), Spec(Grammar::Cpuid)]),
        "What CPUID tells the guest: a string of features by name, or a list of leaves by bits.",
    )
    .arch(Arch::X86)
    .seen(&[Created("/b_info/cpuid")])
    .note("A mistake in it is only a warning."),
    key("nestedhvm", Boolean, "Whether the guest may run guests of its own by hardware virtualisation.")
        .on(Types::PVH_HVM)
        .arch(Arch::X86)
        .default("0")
        .seen(&[Created("/b_info/nested_hvm")])
        .note("Without security support of Xen; not together with altp2m, nor without hap."),
    key(
        "tsc_mode",
        Either(&[
            Old(&int(0, 3, "")),
            Shape::Words(Words {
                gone: &[("native_paravirt", 11)],
                ..any_case(&["default", "always_emulate", "native"])
            }),
        ]),
        "How the guest's reads of the time stamp counter are answered.",
    )
    .arch(Arch::X86)
    .default("default")
    .seen(&[Created("/b_info/tsc_mode")])
    .note("xl still takes native_paravirt, or 3, but libxl has refused it since 4.12."),
    key(
        "timer_mode",
        Either(&[
            Old(&int(0, 3, "")),
            Shape::Words(any_case(&[
                "delay_for_missed_ticks",
                "no_delay_for_missed_ticks",
                "no_missed_ticks_pending",
                "one_missed_tick_pending",
            ])),
        ]),
        "What happens to timer interrupts that came while the guest did not run.",
    )
    .on(Types::PVH_HVM)
    .refused(Types::PV)
    .arch(Arch::X86)
    .default("no_delay_for_missed_ticks")
    .seen(&[Created("/b_info/timer_mode")]),
    key(
        "altp2m",
        Either(&[int(0, 3, ""), Shape::Words(any_case(&["disabled", "mixed", "external", "limited"]))]),
        "Who may use alternate views of the guest's memory, for introspection.",
    )
    .since(9)
    .on(Types::PVH_HVM)
    .arch(Arch::X86)
    .default("disabled")
    .seen(&[Created("/b_info/altp2m")])
    .note("Not together with nestedhvm, nor with memory below maxmem."),
    key("altp2m_count", int(0, 65_535, ""), "How many alternate views of its memory the guest can have.")
        .since(21)
        .on(Types::PVH_HVM)
        .arch(Arch::X86)
        .default("10 with altp2m, else 0")
        .seen(&[Created("/b_info/altp2m_count")]),
    key("altp2mhvm", Boolean, "The old spelling of altp2m: 1 is mixed.")
        .since(6)
        .on(Types::HVM)
        .arch(Arch::X86)
        .old(Some(9), "altp2m=\"mixed\"", super::Treatment::Warns)
        .default("0")
        .seen(&[Created("/b_info/type.hvm/altp2m")]),
    key("hap", Boolean, "Whether the processor's own nested paging is used, instead of shadow page tables.")
        .on(Types::PVH_HVM)
        .default("1 where the processor has it")
        .seen(&[Created("/c_info/hap")]),
    key("oos", Boolean, "Whether shadow page tables may be out of step with the guest's.")
        .on(Types::PVH_HVM)
        .arch(Arch::X86)
        .default("1")
        .seen(&[Created("/c_info/oos")]),
    key("shadow_memory", MIB, "The memory that Xen sets aside for the guest's page tables.")
        .on(Types::PVH_HVM)
        .default("1 MiB a virtual processor and 8 KiB a MiB of memory")
        .seen(&[Created("/b_info/shadow_memkb")]),
];
