//! Devices, ports, memory and interrupts of the host.

use super::Seen;
use super::info::{Arch, KeyInfo, Types, key};
use super::shape::{MIB, Shape, any_case, int};
use crate::Grammar;
use Seen::{By, Created, Now};
use Shape::{Boolean, Either, List, Spec, Text};

pub(super) const KEYS: &[KeyInfo] = &[
    key("pci", List(&Spec(Grammar::Pci)), "PCI devices of the host, given to the guest.")
        .on(Types::PV_HVM)
        .refused(Types::PVH)
        .live("xl pci-attach, xl pci-detach", "stays at the guest's reboot")
        .seen(&[Now("/pcidevs"), By("xl pci-list")])
        .note("The device must be assignable (`xl pci-assignable-add`), or seized. Arm takes it for its one guest type."),
    key("pci_permissive", Boolean, "What permissive is for the devices of `pci` that do not say.")
        .on(Types::PV_HVM)
        .default("0")
        .seen(&[Created("/pcidevs/*/permissive")])
        .note("It lets the guest write more of the device's configuration, at the host's risk."),
    key("pci_msitranslate", Boolean, "What msitranslate is for the devices of `pci` that do not say.")
        .on(Types::PV_HVM)
        .default("0")
        .seen(&[Created("/pcidevs/*/msitranslate")])
        .note("Only handed on in xenstore; the device model that read it is gone."),
    key("pci_seize", Boolean, "What seize is for the devices of `pci` that do not say.")
        .since(5)
        .on(Types::PV_HVM)
        .default("0")
        .seen(&[Created("/pcidevs/*/seize")])
        .note("It takes a device from the Dom0's own driver."),
    key("pci_power_mgmt", Boolean, "What power_mgmt is for the devices of `pci` that do not say.")
        .on(Types::HVM)
        .default("0")
        .seen(&[Created("/pcidevs/*/power_mgmt")])
        .note("Only handed on in xenstore; the device model that read it is gone."),
    key(
        "gfx_passthru",
        Either(&[Boolean, Shape::Words(any_case(&["default", "igd"]))]),
        "Whether a graphics card of `pci` becomes the guest's first one; igd says which kind.",
    )
    .on(Types::HVM)
    .arch(Arch::X86)
    .default("0")
    .seen(&[
        Created("/b_info/type.hvm/gfx_passthru"),
        Created("/b_info/type.hvm/gfx_passthru_kind"),
    ]),
    key("rdm", Spec(Grammar::Rdm), "What to do with memory that the host reserves for devices.")
        .since(6)
        .on(Types::HVM)
        .arch(Arch::X86)
        .default("strategy=ignore,policy=relaxed")
        .seen(&[Created("/b_info/type.hvm/rdm/strategy")])
        .note("Since 4.15 xl drops all of it, without a word, when it names a right policy: libxlutil takes success for failure there. Only strategy=host works."),
    key("rdm_mem_boundary", MIB, "Below this, reserved memory that is in the way counts as a conflict.")
        .since(6)
        .on(Types::HVM)
        .arch(Arch::X86)
        .default("2048")
        .seen(&[Created("/b_info/type.hvm/rdm_mem_boundary_memkb")]),
    key("ioports", List(&Spec(Grammar::IoPorts)), "I/O ports of the host that the guest may use.")
        .arch(Arch::X86)
        .seen(&[Created("/b_info/ioports")]),
    key("iomem", List(&Spec(Grammar::IoMem)), "Pages of the host's device memory that the guest may use.")
        .since(3)
        .seen(&[Created("/b_info/iomem")]),
    key("irqs", List(&int(0, 0xffff_fffe, "")), "Interrupts of the host that the guest may use.")
        .seen(&[Created("/b_info/irqs")])
        .note("Decimal numbers only: xl refuses 0x10, and reads 010 as ten."),
    key("dtdev", List(&Text), "Nodes of the host's device tree, given to the guest.")
        .since(6)
        .on(Types::PVH)
        .arch(Arch::Arm)
        .seen(&[Now("/dtdevs")]),
];
