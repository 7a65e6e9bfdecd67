//! The machine that an HVM guest sees.

use super::Seen;
use super::info::{Arch, KeyInfo, Types, key};
use super::shape::{Shape, any_case, exact, int};
use crate::Grammar;
use Seen::{Created, Xenstore};
use Shape::{Boolean, Either, List, Spec, Words};

const fn hvm(info: KeyInfo) -> KeyInfo {
    info.on(Types::HVM).arch(Arch::X86)
}

pub(super) const KEYS: &[KeyInfo] = &[
    key("acpi", Boolean, "Whether the guest has ACPI tables.")
        .on(Types::PVH_HVM)
        .default("1 on x86, 0 on Arm")
        .seen(&[Created("/b_info/acpi"), Xenstore("platform/acpi")])
        .note("An x86 PVH guest has them whatever it says."),
    hvm(key("acpi_s3", Boolean, "Whether ACPI offers sleep to RAM (S3)."))
        .default("1")
        .seen(&[Created("/b_info/type.hvm/acpi_s3"), Xenstore("platform/acpi_s3")]),
    hvm(key("acpi_s4", Boolean, "Whether ACPI offers sleep to disk (S4)."))
        .default("1")
        .seen(&[Created("/b_info/type.hvm/acpi_s4"), Xenstore("platform/acpi_s4")]),
    hvm(key("acpi_laptop_slate", Boolean, "Whether ACPI has the switch between laptop and tablet of Windows."))
        .since(9)
        .default("0")
        .seen(&[
            Created("/b_info/type.hvm/acpi_laptop_slate"),
            Xenstore("platform/acpi_laptop_slate"),
        ]),
    hvm(key("apic", Boolean, "Whether the firmware tables of a guest with one processor tell of the APIC."))
        .default("1")
        .seen(&[Created("/b_info/apic")]),
    hvm(key("pae", Boolean, "Whether the processor has PAE, which 64-bit systems need."))
        .default("1")
        .seen(&[Created("/b_info/type.hvm/pae")]),
    hvm(key("nx", Boolean, "Whether the processor can forbid to execute a page."))
        .default("1")
        .seen(&[Created("/b_info/type.hvm/nx")])
        .note("Needs pae."),
    hvm(key("hpet", Boolean, "Whether there is an HPET timer."))
        .default("1")
        .seen(&[Created("/b_info/type.hvm/hpet")]),
    hvm(key("vpt_align", Boolean, "Whether periodic timers fire together, to save interrupts."))
        .default("1")
        .seen(&[Created("/b_info/type.hvm/vpt_align")]),
    hvm(key("hvm_pirq", Boolean, "Whether the interrupts of devices reach the guest as event channels."))
        .since(19)
        .default("0")
        .seen(&[Created("/b_info/type.hvm/pirq")]),
    key("localtime", Boolean, "Whether the guest's clock begins at the host's local time instead of UTC.")
        .arch(Arch::X86)
        .default("0")
        .seen(&[Created("/b_info/localtime")]),
    key("rtc_timeoffset", int(-0x8000_0000, 0x7fff_ffff, "s"), "How far the guest's clock begins before or after the host's.")
        .arch(Arch::X86)
        .default("0")
        .seen(&[Created("/b_info/rtc_timeoffset")])
        .note("A negative number has to be in quotes. The JSON has it as an unsigned number of 32 bits."),
    hvm(key(
        "viridian",
        Either(&[List(&Spec(Grammar::Viridian)), Boolean]),
        "What the guest, a Windows, sees of Microsoft's hypervisor interface: all groups by 1, or a list of them.",
    ))
    .default("0")
    .seen(&[
        Created("/b_info/type.hvm/viridian"),
        Created("/b_info/type.hvm/viridian_enable"),
        Created("/b_info/type.hvm/viridian_disable"),
    ])
    .note("1 is the list [\"defaults\"]."),
    hvm(key("ms_vm_genid", Words(exact(&["generate", "none"])), "Whether the guest, a Windows, gets a VM Generation ID."))
        .since(5)
        .default("none")
        .seen(&[Created("/b_info/type.hvm/ms_vm_genid")])
        .note("generate makes a new one at each create."),
    hvm(key("mca_caps", List(&Words(exact(&["lmce"]))), "Machine-check abilities beyond Xen's own."))
        .since(10)
        .seen(&[Created("/b_info/type.hvm/mca_caps")]),
    hvm(key("xen_platform_pci", Boolean, "Whether there is Xen's PCI device, by which paravirtual drivers find Xen."))
        .default("1")
        .seen(&[Created("/b_info/type.hvm/xen_platform_pci")]),
    hvm(key("xen_platform_pci_bar_uc", Boolean, "Whether the memory of Xen's PCI device is uncached."))
        .since(21)
        .default("1")
        .seen(&[Created("/b_info/type.hvm/xen_platform_pci_bar_uc")]),
    hvm(key(
        "vendor_device",
        Words(any_case(&["none", "xenserver"])),
        "Which kind of Xen's PCI device for Windows drivers there is.",
    ))
    .since(4)
    .default("none")
    .seen(&[Created("/b_info/type.hvm/vendor_device")]),
    hvm(key("vkb_device", Boolean, "Whether there is a paravirtual keyboard when `vkb` names none."))
        .since(13)
        .default("1")
        .seen(&[Created("/b_info/type.hvm/vkb_device")]),
];
