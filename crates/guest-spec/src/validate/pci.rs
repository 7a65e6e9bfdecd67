//! The rules about PCI devices (`libxl_create.c`, `libxl_x86.c`, xl-pci-configuration(5)).

use std::collections::HashMap;

use xl_cfg::pci::Bdf;

use super::report::Report;
use super::text::{overlap, word_problem};
use crate::GuestType::{Hvm, Pv, Pvh};
use crate::{GfxPassthru, Passthrough};

pub(super) fn check(report: &mut Report) {
    let guest = report.guest;
    let pci = &guest.pci;
    report.only_for(
        &[Hvm],
        &[
            ("pci.powerManagement", pci.power_management == Some(true)),
            (
                "pci.gfxPassthru",
                pci.gfx_passthru.is_some_and(GfxPassthru::is_on),
            ),
            ("pci.rdm.strategy", pci.rdm.strategy.is_some()),
            ("pci.rdm.policy", pci.rdm.policy.is_some()),
            ("pci.rdm.memBoundary", pci.rdm.mem_boundary_mib.is_some()),
        ],
    );
    report.only_for(&[Pv], &[("pci.e820Host", pci.e820_host == Some(true))]);
    if pci.rdm.strategy.is_some() != pci.rdm.policy.is_some() {
        report.add(
            "pci.rdm",
            "strategy and policy go together: xl would read the other from nowhere; set both, or neither",
        );
    }
    passthrough(report);
    devices(report);
    let has_devices = !pci.devices.is_empty();
    if guest.guest_type == Pv && pci.e820_host == Some(false) && has_devices {
        report.add(
            "pci.e820Host",
            "a PV guest with a PCI device always sees the host's memory map; remove it",
        );
    }
    if pci.gfx_passthru.is_some_and(GfxPassthru::is_on) && !has_devices {
        report.add(
            "pci.gfxPassthru",
            "there is no device that could be the graphics card; declare it in pci.devices.<name>",
        );
    }
}

fn passthrough(report: &mut Report) {
    let guest = report.guest;
    let pci = &guest.pci;
    let disabled = pci.passthrough == Some(Passthrough::Disabled);
    let wanted = !pci.devices.is_empty() || (pci.passthrough.is_some() && !disabled);
    if guest.guest_type == Pvh && wanted {
        let option = if pci.devices.is_empty() {
            "pci.passthrough"
        } else {
            "pci.devices"
        };
        report.add(
            option,
            "Xen gives PCI devices to pv and hvm guests only, and this one is pvh; remove it, or change type",
        );
        return;
    }
    if disabled && !pci.devices.is_empty() {
        report.add(
            "pci.passthrough",
            "it is \"disabled\", and there are pci.devices; remove one of them",
        );
    }
    if guest.guest_type == Pv && pci.passthrough == Some(Passthrough::SharePt) {
        report.add(
            "pci.passthrough",
            "\"share_pt\" is not for pv guests; use \"sync_pt\" or \"enabled\"",
        );
    }
    // An IOMMU needs all of the memory to be there.
    if guest.guest_type == Hvm && wanted && guest.max_memory() > guest.memory_mib {
        report.add(
            "maxMemory",
            format!("an hvm guest with PCI devices has all of its memory from the start, and {} is more than memory, {}; remove maxMemory, or raise memory", guest.max_memory(), guest.memory_mib),
        );
    }
}

fn devices(report: &mut Report) {
    let devices = &report.guest.pci.devices;
    report.names(
        "pci.devices",
        devices.iter().map(|device| device.name.as_str()),
    );
    let mut slots: HashMap<u8, &str> = HashMap::new();
    let mut seen: Vec<(Bdf, &str)> = Vec::new();
    let mut named: HashMap<&str, &str> = HashMap::new();
    for device in devices {
        let place = |field: &str| format!("pci.devices.{}.{field}", device.name);
        report.only_for(
            &[Hvm],
            &[
                (
                    &place("powerManagement"),
                    device.power_management == Some(true),
                ),
                (&place("rdmPolicy"), device.rdm_policy.is_some()),
            ],
        );
        match (&device.bdf, &device.assignable_name) {
            (Some(_), Some(_)) => report.add(
                place("assignableName"),
                "it is in place of bdf, and that is set too; remove one",
            ),
            (None, None) => report.add(
                place("bdf"),
                "nothing says which device it is; set bdf, as lspci shows it, or assignableName",
            ),
            (None, Some(name)) => {
                if let Some(why) = word_problem(name) {
                    report.add(place("assignableName"), why);
                }
                if let Some(other) = named.insert(name, &device.name) {
                    report.add(
                        place("assignableName"),
                        format!("{name} is pci.devices.{other} too; remove one"),
                    );
                }
            }
            (Some(text), None) => match text.parse::<Bdf>() {
                Err(_) => report.add(
                    place("bdf"),
                    format!("{text:?} is no PCI device; write it as lspci shows it, as in \"0000:03:00.0\""),
                ),
                Ok(bdf) => {
                    if let Some((_, other)) = seen.iter().find(|(other, _)| overlap(*other, bdf)) {
                        report.add(
                            place("bdf"),
                            format!("{text} is pci.devices.{other} too; remove one"),
                        );
                    }
                    seen.push((bdf, &device.name));
                }
            },
        }
        if let Some(slot) = device.vslot {
            if slot > 31 {
                report.add(place("vslot"), format!("a slot is 0 to 31, and not {slot}"));
            }
            if let Some(other) = slots.insert(slot, &device.name) {
                report.add(
                    place("vslot"),
                    format!("slot {slot} is pci.devices.{other}'s too; give each its own"),
                );
            }
        }
    }
}
