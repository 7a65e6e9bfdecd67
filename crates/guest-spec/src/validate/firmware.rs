//! The rules about firmware and the PV shim.

use super::report::Report;
use super::text::{line_problem, path_problem};
use crate::GuestType::{Hvm, Pvh};
use crate::lower::boot::smbios as smbios_text;
use crate::{Bios, DeviceModelVersion};

pub(super) fn check(report: &mut Report) {
    let firmware = &report.guest.firmware;
    report.only_for(
        &[Hvm],
        &[
            ("firmware.bios", firmware.bios.is_some()),
            ("firmware.biosPath", firmware.bios_path.is_some()),
            ("firmware.hvmloader", firmware.hvmloader.is_some()),
            ("firmware.bootOrder", !firmware.boot_order.is_empty()),
            ("firmware.hdType", firmware.hd_type.is_some()),
            ("firmware.acpiTables", firmware.acpi_tables.is_some()),
            ("firmware.smbiosTables", firmware.smbios_tables.is_some()),
            ("firmware.smbios", !firmware.smbios.is_empty()),
            ("firmware.oemStrings", !firmware.oem_strings.is_empty()),
        ],
    );
    report.only_for(
        &[Hvm, Pvh],
        &[("firmware.acpi", firmware.acpi == Some(true))],
    );
    for (option, path) in [
        ("firmware.biosPath", &firmware.bios_path),
        ("firmware.hvmloader", &firmware.hvmloader),
        ("firmware.acpiTables", &firmware.acpi_tables),
        ("firmware.smbiosTables", &firmware.smbios_tables),
        ("pvShim.path", &report.guest.pv_shim.path),
    ] {
        if let Some(why) = path.as_deref().and_then(path_problem) {
            report.add(option, why);
        }
    }
    let traditional = Some(DeviceModelVersion::QemuXenTraditional);
    if firmware.bios == Some(Bios::Rombios) && report.guest.device_model.version != traditional {
        report.add(
            "firmware.bios",
            "qemu-xen does not run \"rombios\"; use \"seabios\", or deviceModel.version = \"qemu-xen-traditional\" where Xen still has it",
        );
    }
    if firmware.bios_path.is_some() && firmware.bios.is_none() {
        report.add(
            "firmware.biosPath",
            "xl has to be told which firmware the file holds; set firmware.bios too",
        );
    }
    let mut seen = Vec::new();
    for device in &firmware.boot_order {
        if seen.contains(device) {
            report.add(
                "firmware.bootOrder",
                format!(
                    "{:?} is in it twice, which QEMU refuses; remove one",
                    device.as_str()
                ),
            );
        }
        seen.push(*device);
    }
    smbios(report);
    pv_shim(report);
}

fn smbios(report: &mut Report) {
    let firmware = &report.guest.firmware;
    for (key, value) in &firmware.smbios {
        let place = format!("firmware.smbios.{key}");
        if key == "oem" {
            report.add(
                place,
                "this one has an option of its own; use firmware.oemStrings",
            );
        } else if let Err(why) = smbios_text(key, value).and_then(|text| text.to_spec()) {
            report.add(place, why.to_string());
        }
    }
    let oem = &firmware.oem_strings;
    if oem.len() > 99 {
        report.add(
            "firmware.oemStrings",
            format!("there are {}, and xl takes 99; remove some", oem.len()),
        );
    }
    for why in oem.iter().filter_map(|text| line_problem(text)) {
        report.add("firmware.oemStrings", why);
    }
}

fn pv_shim(report: &mut Report) {
    let shim = &report.guest.pv_shim;
    let details = [
        ("pvShim.path", shim.path.is_some()),
        ("pvShim.cmdline", shim.cmdline.is_some()),
        ("pvShim.extra", shim.extra.is_some()),
    ];
    report.needs(shim.enable == Some(true), "pvShim.enable", &details);
    report.only_for(&[Pvh], &[("pvShim.enable", shim.enable == Some(true))]);
    for (option, text) in [
        ("pvShim.cmdline", &shim.cmdline),
        ("pvShim.extra", &shim.extra),
    ] {
        if let Some(why) = text.as_deref().and_then(line_problem) {
            report.add(option, why);
        }
    }
}
