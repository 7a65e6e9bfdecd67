//! The device model (QEMU) and its stub domain.

use super::Seen;
use super::info::{Arch, Change, KeyInfo, Treatment, Types, key};
use super::shape::{MIB, Shape, Words, exact};
use Seen::Created;
use Shape::{Boolean, List, Path, Text};

const fn hvm(info: KeyInfo) -> KeyInfo {
    info.on(Types::HVM).arch(Arch::X86)
}

pub(super) const KEYS: &[KeyInfo] = &[
    key(
        "device_model_version",
        Shape::Words(Words { gone: &[("qemu-xen-traditional", 20)], ..exact(&["qemu-xen"]) }),
        "Which device model serves the guest.",
    )
    .default("qemu-xen")
    .seen(&[Created("/b_info/device_model_version")])
    .note("A PV or PVH guest has one only for what needs it, such as `vfb` or disks that QEMU serves."),
    key("device_model_override", Path, "A program to run in place of Xen's QEMU.")
        .seen(&[Created("/b_info/device_model")])
        .note("xl warns when device_model_version is not set."),
    key("device_model", Text, "An option of xend: the device model's path.")
        .change(Change::Nothing("xl only warns"))
        .on(Types::NONE)
        .old(None, "device_model_override", Treatment::Ignores),
    hvm(key("device_model_stubdomain_override", Boolean, "Whether the device model runs in a domain of its own."))
        .default("0")
        .seen(&[Created("/b_info/device_model_stubdomain")]),
    hvm(key("device_model_stubdomain_seclabel", Text, "The label of that domain for Xen's security policy (XSM)."))
        .seen(&[Created("/b_info/device_model_ssid_label")]),
    hvm(key("stubdomain_kernel", Path, "The kernel of that domain."))
        .since(14)
        .default("qemu-stubdom-linux-kernel in Xen's folder of firmware")
        .seen(&[Created("/b_info/stubdomain_kernel")]),
    hvm(key("stubdomain_cmdline", Text, "The command line of that kernel."))
        .since(16)
        .seen(&[Created("/b_info/stubdomain_cmdline")]),
    hvm(key("stubdomain_ramdisk", Path, "The initial RAM disk of that domain."))
        .since(14)
        .default("qemu-stubdom-linux-rootfs in Xen's folder of firmware")
        .seen(&[Created("/b_info/stubdomain_ramdisk")]),
    hvm(key("stubdomain_memory", MIB, "The memory of that domain."))
        .since(14)
        .default("128")
        .seen(&[Created("/b_info/stubdomain_memkb")]),
    key("device_model_args", List(&Text), "More arguments for QEMU.")
        .seen(&[Created("/b_info/extra")]),
    key("device_model_args_pv", List(&Text), "More arguments for the QEMU of a PV or PVH guest.")
        .on(Types::PV_PVH)
        .seen(&[Created("/b_info/extra_pv")]),
    hvm(key("device_model_args_hvm", List(&Text), "More arguments for the QEMU of an HVM guest."))
        .seen(&[Created("/b_info/extra_hvm")]),
    key("dm_restrict", Boolean, "Whether QEMU gives up its rights after it started.")
        .since(10)
        .default("0")
        .seen(&[Created("/b_info/dm_restrict")])
        .note("A technology preview of Xen; needs a user for each guest."),
    key("device_model_user", Text, "The user as whom QEMU runs, one for each guest.")
        .since(7)
        .default("root, or a user of Xen's range with dm_restrict")
        .seen(&[Created("/b_info/device_model_user")]),
];
