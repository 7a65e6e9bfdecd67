//! What the guest boots.

use super::Seen;
use super::info::{Arch, KeyInfo, Treatment, Types, key};
use super::shape::{Shape, any_case, prefix};
use Seen::{Created, Xenstore};
use Shape::{Boolean, Either, Letters, List, Old, Path, Text};

const CMDLINE: &[Seen] = &[Created("/b_info/cmdline")];

pub(super) const KEYS: &[KeyInfo] = &[
    key("kernel", Path, "The kernel, or boot loader, that the guest starts from a file of the Dom0.")
        .seen(&[Created("/b_info/kernel")])
        .note("PV and PVH need this, `bootloader` or `firmware`. Beside `bootloader` it is a path in the guest. For HVM a file named hvmloader is ignored with a warning."),
    key("ramdisk", Path, "The initial RAM disk, a file of the Dom0; beside `bootloader`, of the guest.")
        .seen(&[Created("/b_info/ramdisk")])
        .note("libxl refuses an HVM guest that has it and no kernel."),
    key("cmdline", Text, "The kernel's command line.")
        .since(5)
        .seen(CMDLINE)
        .note("libxl refuses an HVM guest that has it and no kernel."),
    key("root", Text, "What the kernel's command line says after root=.")
        .old(Some(5), "cmdline", Treatment::Silent)
        .seen(CMDLINE)
        .note("With cmdline it is ignored, with a warning."),
    key("extra", Text, "The rest of the kernel's command line.")
        .old(Some(5), "cmdline", Treatment::Silent)
        .seen(CMDLINE)
        .note("With cmdline it is ignored, with a warning."),
    key("bootloader", Path, "A program of the Dom0 that takes the kernel from the guest's disk, such as pygrub.")
        .on(Types::PV_PVH)
        .seen(&[Created("/b_info/bootloader")])
        .note("Its disk is the first of `disk`."),
    key("bootloader_args", Either(&[List(&Text), Old(&Text)]), "Arguments for the boot loader program.")
        .on(Types::PV_PVH)
        .seen(&[Created("/b_info/bootloader_args")])
        .note("A string is split at white space, with a warning."),
    key("bootloader_restrict", Boolean, "Whether the boot loader program gives up its rights before it reads the guest's disk.")
        .since(18)
        .on(Types::PV_PVH)
        .default("xl.conf's, else 1 with bootloader_user, else 0")
        .seen(&[Created("/b_info/bootloader_restrict")])
        .note("There is no menu then, and the disk must be readable by that user."),
    key("bootloader_user", Text, "The user as whom a restricted boot loader program runs, one for each guest.")
        .since(18)
        .on(Types::PV_PVH)
        .seen(&[Created("/b_info/bootloader_user")]),
    key(
        "firmware",
        Either(&[
            Shape::Words(any_case(&["seabios", "rombios", "ovmf"])),
            Shape::Words(prefix(&["uefi", "bios", "pvgrub32", "pvgrub64"])),
            Path,
        ]),
        "The firmware: for HVM bios, uefi or a file; for PV pvgrub32 or pvgrub64.",
    )
    .since(10)
    .default("bios, for HVM")
    .seen(&[Created("/b_info/type.hvm/bios"), Created("/b_info/type.hvm/firmware"), Created("/b_info/kernel")])
    .note("For PV and PVH anything else is refused, and so is kernel beside it; any beginning of a word is taken."),
    key("firmware_override", Path, "A file to use in place of Xen's hvmloader.")
        .on(Types::HVM)
        .arch(Arch::X86)
        .seen(&[Created("/b_info/type.hvm/firmware")])
        .note("Not in xl.cfg(5)."),
    key("bios", Shape::Words(any_case(&["rombios", "seabios", "ovmf"])), "The firmware that hvmloader starts.")
        .on(Types::HVM)
        .arch(Arch::X86)
        .default("seabios")
        .seen(&[Created("/b_info/type.hvm/bios")])
        .note("libxl refuses rombios with qemu-xen. `firmware` wins over it."),
    key("bios_path_override", Path, "A file to use as the firmware that `bios` names.")
        .since(8)
        .on(Types::HVM)
        .arch(Arch::X86)
        .seen(&[Created("/b_info/type.hvm/system_firmware")])
        .note("xl warns when `bios` is not set."),
    key("boot", Letters("cdan"), "Where the firmware looks for something to boot, in this order: c disk, d CD, a floppy, n network.")
        .on(Types::HVM)
        .arch(Arch::X86)
        .default("cda")
        .seen(&[Created("/b_info/type.hvm/boot")]),
    key("hdtype", Shape::Words(any_case(&["ide", "ahci"])), "The kind of controller that emulated disks hang on.")
        .since(6)
        .on(Types::HVM)
        .arch(Arch::X86)
        .default("ide")
        .seen(&[Created("/b_info/type.hvm/hdtype")]),
    key("acpi_firmware", Path, "A file with ACPI tables that are added to the guest's.")
        .since(3)
        .on(Types::HVM)
        .arch(Arch::X86)
        .seen(&[Created("/b_info/type.hvm/acpi_firmware")]),
    key("smbios_firmware", Path, "A file with SMBIOS structures that replace the guest's.")
        .since(3)
        .on(Types::HVM)
        .arch(Arch::X86)
        .seen(&[Created("/b_info/type.hvm/smbios_firmware")]),
    key("smbios", List(&Shape::Spec(crate::Grammar::Smbios)), "Texts of the guest's SMBIOS tables, such as the serial number.")
        .since(18)
        .on(Types::HVM)
        .arch(Arch::X86)
        .seen(&[Created("/b_info/type.hvm/smbios"), Xenstore("bios-strings/*")]),
    key("pvshim", Boolean, "Whether a PV kernel runs inside a PVH guest, on a small Xen of its own.")
        .since(11)
        .on(Types::PVH)
        .arch(Arch::X86)
        .default("0")
        .seen(&[Created("/b_info/type.pvh/pvshim")])
        .note("This and the other three of the shim are in the later releases of 4.10, too."),
    key("pvshim_path", Path, "The shim, a file of the Dom0.")
        .since(11)
        .on(Types::PVH)
        .arch(Arch::X86)
        .default("xen-shim in Xen's folder of firmware")
        .seen(&[Created("/b_info/type.pvh/pvshim_path")]),
    key("pvshim_cmdline", Text, "The shim's command line.")
        .since(11)
        .on(Types::PVH)
        .arch(Arch::X86)
        .default("pv-shim console=xen,pv")
        .seen(&[Created("/b_info/type.pvh/pvshim_cmdline")]),
    key("pvshim_extra", Text, "What is added to the shim's command line.")
        .since(11)
        .on(Types::PVH)
        .arch(Arch::X86)
        .seen(&[Created("/b_info/type.pvh/pvshim_extra")]),
];
