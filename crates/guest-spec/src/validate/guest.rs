//! The rules about one guest by itself.

use super::report::Report;
use super::text::path_problem;
use super::{
    Judgement, cpu, device_model, disks, firmware, graphics, lifecycle, networks, pci, settings,
    shares, startup, usb, vnuma,
};
use crate::{Bootloader, Guest, GuestType, name_problem};

/// What is wrong with a guest by itself, and what only looks wrong.
pub(super) fn judge(guest: &Guest) -> Judgement {
    let mut report = Report::new(guest);
    resources(&mut report);
    boot(&mut report);
    startup::check(&mut report);
    lifecycle::check(&mut report);
    disks::check(&mut report);
    networks::check(&mut report);
    cpu::check(&mut report);
    vnuma::check(&mut report);
    firmware::check(&mut report);
    pci::check(&mut report);
    usb::check(&mut report);
    graphics::check(&mut report);
    shares::check(&mut report);
    device_model::check(&mut report);
    settings::check(&mut report);
    report.judgement
}

fn resources(report: &mut Report) {
    let guest = report.guest;
    if let Some(why) = name_problem(&guest.name) {
        report.add(
            "name",
            format!("the name {:?} {why}; choose another", guest.name),
        );
    }
    if guest.max_memory() < guest.memory_mib {
        let message = format!(
            "{} is less than the {} that memory asks for; raise it, or lower memory",
            guest.max_memory(),
            guest.memory_mib
        );
        report.add("maxMemory", message);
    }
    if guest.vcpus == 0 {
        report.add("vcpus", "a guest needs at least one vCPU; write 1 or more");
    }
    if guest.max_vcpus.is_some_and(|max| max < guest.vcpus) {
        report.add(
            "maxVcpus",
            format!("it is less than the {} of vcpus; raise it", guest.vcpus),
        );
    }
}

fn boot(report: &mut Report) {
    let guest = report.guest;
    let boot = &guest.boot;
    let kind = guest.guest_type.as_str();
    let has_disk = guest.boot_disk().is_some();
    match (boot.bootloader, guest.guest_type) {
        (Bootloader::Firmware, GuestType::Pv | GuestType::Pvh) => report.add(
            "bootloader",
            format!("\"firmware\" boots hvm guests only, and this one is {kind}; use \"pygrub\", \"pvgrub\" or \"direct\", or type = \"hvm\""),
        ),
        (Bootloader::Pygrub | Bootloader::Pvgrub, GuestType::Hvm) => report.add(
            "bootloader",
            format!("{:?} boots pv and pvh guests only, and this one is hvm; use \"firmware\" or \"direct\"", boot.bootloader.as_str()),
        ),
        (Bootloader::Firmware, GuestType::Hvm) if guest.disks.is_empty() && guest.networks.is_empty() => {
            report.add("disks", "the guest has neither a disk nor a network to boot from; declare one, or give it a kernel with bootloader = \"direct\"");
        }
        (Bootloader::Pygrub | Bootloader::Pvgrub, _) if !has_disk => report.add(
            "disks",
            format!("{:?} reads the kernel from the guest's disk, and there is none; declare disks.<name>, or use bootloader = \"direct\" with a kernel", boot.bootloader.as_str()),
        ),
        (Bootloader::Direct, _) if boot.kernel.is_none() => {
            report.add("kernel", "bootloader = \"direct\" needs a kernel; set it to a kernel in the Dom0, or use bootloader = \"pygrub\" with a disk");
        }
        (Bootloader::Pvgrub, _) if boot.kernel.is_none() => {
            report.add("kernel", "bootloader = \"pvgrub\" needs GRUB's Xen image as its kernel; leave the option to the module's default");
        }
        _ => {}
    }
    if boot.initrd.is_some() && boot.bootloader != Bootloader::Direct {
        report.add("initrd", format!("it is read with bootloader = \"direct\" only, and here it is {:?}; remove it, or change bootloader", boot.bootloader.as_str()));
    }
    for (option, path) in [("kernel", &boot.kernel), ("initrd", &boot.initrd)] {
        if let Some(why) = path.as_deref().and_then(path_problem) {
            report.add(option, why);
        }
    }
    if boot
        .cmdline
        .as_deref()
        .is_some_and(|line| line.contains(|c: char| c.is_control() && c != '\t'))
    {
        report.add(
            "cmdline",
            "it has a line break or another control character; write it on one line",
        );
    }
}
