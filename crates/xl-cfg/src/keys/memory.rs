//! Memory.

use super::Seen;
use super::info::{Arch, KeyInfo, Types, key};
use super::shape::{MIB, Shape, int};
use crate::Grammar;
use Seen::{By, Created, Now, Xenstore};
use Shape::{Boolean, List, Spec};

pub(super) const KEYS: &[KeyInfo] = &[
    key("memory", MIB, "The memory that the guest has at its start.")
        .live("xl mem-set", "up to maxmem, and by the guest's balloon driver; stays at the guest's reboot")
        .default("maxmem, else 32")
        .seen(&[Now("/b_info/target_memkb"), By("xl list"), Xenstore("memory/target")])
        .note("The JSON counts KiB. An HVM guest's video memory is a part of it."),
    key("maxmem", MIB, "The memory that the guest can ever have.")
        .live(
            "xl mem-max",
            "not below what it has; a guest that booted with less may be unable to use it before its next boot",
        )
        .default("memory")
        .seen(&[Now("/b_info/max_memkb"), Xenstore("memory/static-max")])
        .note("With less memory than maxmem, an HVM guest without a balloon driver dies."),
    key("vnuma", List(&List(&Spec(Grammar::Vnuma))), "The guest's own NUMA nodes, each a list of its settings.")
        .since(6)
        .on(Types::PVH_HVM)
        .refused(Types::PV)
        .arch(Arch::X86)
        .seen(&[Created("/b_info/vnuma_nodes")])
        .note("The sizes add up to maxmem, the processors to maxvcpus. Such a guest cannot be saved or migrated."),
    key("mmio_hole", int(256, 3840, "MiB"), "The size of the hole for devices in the memory below 4 GiB.")
        .since(5)
        .on(Types::HVM)
        .arch(Arch::X86)
        .seen(&[Created("/b_info/type.hvm/mmio_hole_memkb"), Xenstore("platform/mmio_hole_size")]),
    key("e820_host", Boolean, "Whether the guest's memory map has the holes of the host's.")
        .on(Types::PV)
        .arch(Arch::X86)
        .default("1 with host devices, else 0")
        .seen(&[Created("/b_info/type.pv/e820_host")])
        .note("xl sets it, whatever it says here, as soon as `pci` names a device."),
    key("llc_colors", List(&Spec(Grammar::LlcColors)), "The colours of the last-level cache in which the guest's memory lies.")
        .since(20)
        .on(Types::PVH)
        .arch(Arch::Arm)
        .seen(&[Created("/b_info/llc_colors")]),
];
