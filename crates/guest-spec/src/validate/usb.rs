//! The rules about USB (`libxl_usb.c`, `libxl_create.c`).

use std::collections::HashMap;

use super::report::Report;
use super::text::line_problem;
use crate::GuestType::Hvm;
use crate::{Guest, UsbController, UsbControllerType};

pub(super) fn check(report: &mut Report) {
    let guest = report.guest;
    let usb = &guest.usb;
    report.only_for(
        &[Hvm],
        &[
            ("usb.emulate", usb.emulate == Some(true)),
            ("usb.version", usb.version.is_some()),
            ("usb.emulatedDevices", !usb.emulated_devices.is_empty()),
        ],
    );
    if usb
        .version
        .is_some_and(|version| !(1..=3).contains(&version))
    {
        report.add("usb.version", "it is 1, 2 or 3; choose one of these");
    }
    let has_bus = usb.emulate == Some(true) || !usb.emulated_devices.is_empty();
    if usb.version.is_some() && has_bus {
        report.add(
            "usb.version",
            "Xen has either this controller or the bus of usb.emulate and usb.emulatedDevices; remove one",
        );
    }
    if guest.graphics.spice.usb_redirection.is_some() && has_bus {
        report.add(
            "graphics.spice.usbRedirection",
            "Xen has either that or the bus of usb.emulate and usb.emulatedDevices; remove one",
        );
    }
    if usb.emulate == Some(false) && !usb.emulated_devices.is_empty() {
        report.add(
            "usb.emulate",
            "it is false, and usb.emulatedDevices are on that bus; remove one",
        );
    }
    for why in usb
        .emulated_devices
        .iter()
        .filter_map(|text| line_problem(text))
    {
        report.add("usb.emulatedDevices", why);
    }
    report.names(
        "usb.controllers",
        usb.controllers
            .iter()
            .map(|controller| controller.name.as_str()),
    );
    report.names(
        "usb.devices",
        usb.devices.iter().map(|device| device.name.as_str()),
    );
    for controller in &usb.controllers {
        check_controller(report, controller);
    }
    devices(report);
}

/// Who serves a controller, as libxl decides it.
fn is_emulated(guest: &Guest, controller: &UsbController) -> bool {
    match controller.kind.unwrap_or(UsbControllerType::Auto) {
        UsbControllerType::Auto => guest.guest_type == Hvm,
        UsbControllerType::DeviceModel => true,
        UsbControllerType::Pv | UsbControllerType::Qusb => false,
    }
}

/// The most ports of a controller, and how many it has by itself.
fn ports(guest: &Guest, controller: &UsbController) -> (u8, u8) {
    match (
        is_emulated(guest, controller),
        controller.version.unwrap_or(2),
    ) {
        (false, _) => (31, 8),
        (true, 1) => (2, 2),
        (true, 2) => (6, 6),
        (true, _) => (15, 8),
    }
}

fn check_controller(report: &mut Report, controller: &UsbController) {
    let guest = report.guest;
    let place = |field: &str| format!("usb.controllers.{}.{field}", controller.name);
    if controller.kind == Some(UsbControllerType::DeviceModel) {
        report.only_for(&[Hvm], &[(&place("type"), true)]);
    }
    let version = controller.version.unwrap_or(2);
    let emulated = is_emulated(guest, controller);
    if !(1..=3).contains(&version) {
        report.add(place("version"), "it is 1, 2 or 3; choose one of these");
    } else if version == 3 && !emulated {
        report.add(
            place("version"),
            "only an emulated controller (type = \"devicemodel\", for hvm) is of version 3; use 1 or 2",
        );
    }
    let (most, own) = ports(guest, controller);
    match controller.ports {
        Some(count) if emulated && version < 3 && count != own => report.add(
            place("ports"),
            format!(
                "an emulated controller of version {version} always has {own} ports; remove it"
            ),
        ),
        Some(count) if !(1..=most).contains(&count) => report.add(
            place("ports"),
            format!("such a controller has 1 to {most} ports, and not {count}; correct it"),
        ),
        _ => {}
    }
}

fn devices(report: &mut Report) {
    let guest = report.guest;
    let usb = &guest.usb;
    let mut plugged: HashMap<(&str, u8), &str> = HashMap::new();
    let mut hosts: HashMap<(u8, u8), &str> = HashMap::new();
    for device in &usb.devices {
        let place = |field: &str| format!("usb.devices.{}.{field}", device.name);
        if device.hostbus == 0 || device.hostaddr == 0 || device.hostaddr > 127 {
            report.add(
                place("hostaddr"),
                "a bus is 1 to 255, and a device on it 1 to 127, as lsusb shows them; correct them",
            );
        }
        if let Some(other) = hosts.insert((device.hostbus, device.hostaddr), &device.name) {
            report.add(
                place("hostaddr"),
                format!("it is usb.devices.{other} too; remove one"),
            );
        }
        let Some(name) = device.controller.as_deref() else {
            if device.port.is_some() {
                report.add(
                    place("port"),
                    "a port is one of a controller, and none is named; set controller, or remove port",
                );
            }
            continue;
        };
        let Some(controller) = usb.controllers.iter().find(|known| known.name == name) else {
            report.add(
                place("controller"),
                format!("there is no usb.controllers.{name}; declare it, or correct the name"),
            );
            continue;
        };
        let Some(port) = device.port else { continue };
        let count = controller.ports.unwrap_or(ports(guest, controller).1);
        if port == 0 || port > count {
            report.add(
                place("port"),
                format!("controller {name} has {count} ports, from 1, and no port {port}; choose one of these"),
            );
        } else if let Some(other) = plugged.insert((name, port), &device.name) {
            report.add(
                place("port"),
                format!("usb.devices.{other} is in port {port} of {name} too; choose another"),
            );
        }
    }
}
