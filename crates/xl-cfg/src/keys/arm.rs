//! Arm, where every guest is PVH.

use super::Seen;
use super::info::{Arch, KeyInfo, Types, key};
use super::shape::{Shape, Words, any_case, int};
use crate::Grammar;
use Seen::Created;
use Shape::{Boolean, Path, Spec};

const fn arm(info: KeyInfo) -> KeyInfo {
    info.on(Types::PVH).arch(Arch::Arm)
}

pub(super) const KEYS: &[KeyInfo] = &[
    arm(key("device_tree", Path, "A compiled device tree, of which /passthrough and /aliases go into the guest's."))
        .since(6)
        .seen(&[Created("/b_info/device_tree")]),
    arm(key("gic_version", Shape::Words(any_case(&["default", "v2", "v3"])), "The version of the emulated interrupt controller."))
        .since(6)
        .default("that of the host")
        .seen(&[Created("/b_info/arch_arm/gic_version")]),
    arm(key("vuart", Shape::Words(any_case(&["sbsa_uart"])), "The emulated serial port."))
        .since(10)
        .seen(&[Created("/b_info/arch_arm/vuart")])
        .note("xl also takes the word unknown, which is none."),
    arm(key("tee", Shape::Words(Words { later: &[("ffa", 18)], ..any_case(&["none", "optee"]) }), "How the guest reaches the trusted execution environment."))
        .since(13)
        .default("none")
        .seen(&[Created("/b_info/tee")]),
    arm(key(
        "sve",
        Shape::Words(any_case(&[
            "disabled", "128", "256", "384", "512", "640", "768", "896", "1024", "1152", "1280",
            "1408", "1536", "1664", "1792", "1920", "2048", "hw",
        ])),
        "The longest vector of the Scalable Vector Extension, in bits; hw is what the processor has.",
    ))
    .since(18)
    .default("disabled")
    .seen(&[Created("/b_info/arch_arm/sve_vl")]),
    arm(key("nr_spis", int(0, 5088, "interrupts"), "How many shared peripheral interrupts the guest has."))
        .since(19)
        .default("what its devices need")
        .seen(&[Created("/b_info/arch_arm/nr_spis")])
        .note("More than 960 only where the hardware has the extended ones."),
    arm(key("trap_unmapped_accesses", Boolean, "Whether the guest faults at addresses where there is nothing, instead of reading ones."))
        .since(21)
        .default("1")
        .seen(&[Created("/b_info/trap_unmapped_accesses")])
        .note("On x86 libxl refuses 1."),
    arm(key("arm_sci", Spec(Grammar::ArmSci), "How the guest reaches the firmware that controls clocks and power."))
        .since(21)
        .default("type=none")
        .seen(&[Created("/b_info/arch_arm/arm_sci/type")]),
];
