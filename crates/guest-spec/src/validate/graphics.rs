//! The rules about screens (`libxl_create.c`, `libxl_dm.c`).

use super::report::Report;
use super::text::{field_problem, host_problem, path_problem, word_problem};
use crate::GuestType::Hvm;
use crate::{DeviceModelVersion, Guest, Vga};

pub(super) fn check(report: &mut Report) {
    let graphics = &report.guest.graphics;
    report.only_for(
        &[Hvm],
        &[
            ("graphics.vga", graphics.vga.is_some()),
            ("graphics.videoRam", graphics.video_ram_mib.is_some()),
            ("graphics.spice.enable", graphics.spice.enable == Some(true)),
        ],
    );
    let vga = graphics.vga.unwrap_or(Vga::Cirrus);
    let traditional =
        report.guest.device_model.version == Some(DeviceModelVersion::QemuXenTraditional);
    // With qemu-xen-traditional, cirrus has 4 MiB whatever is said, and there is no qxl.
    let least = match (traditional, vga) {
        (_, Vga::None) | (true, Vga::Cirrus | Vga::Qxl) => 0,
        (true, Vga::Stdvga) | (false, Vga::Cirrus) => 8,
        (false, Vga::Stdvga) => 16,
        (false, Vga::Qxl) => 128,
    };
    if traditional && vga == Vga::Qxl {
        report.add(
            "graphics.vga",
            "deviceModel.version = \"qemu-xen-traditional\" has no card \"qxl\"; set vga to \"stdvga\", or version to \"qemu-xen\"",
        );
    }
    if let Some(size) = graphics.video_ram_mib.filter(|size| size.get() < least) {
        report.add(
            "graphics.videoRam",
            format!(
                "{size} is less than the {least} MiB that {:?} needs; raise it, or remove it",
                vga.as_str()
            ),
        );
    }
    if let Some(why) = graphics.keymap.as_deref().and_then(word_problem) {
        report.add("graphics.keymap", why);
    }
    if graphics.keymap.is_some() && !has_screen(report.guest) {
        report.add(
            "graphics.keymap",
            "the guest has no screen with a keyboard; set graphics.vnc.enable = true, or remove it",
        );
    }
    vnc(report);
    sdl(report);
    spice(report);
    passwords(report);
}

fn has_screen(guest: &Guest) -> bool {
    let graphics = &guest.graphics;
    guest.guest_type == Hvm
        || graphics.vnc.enable == Some(true)
        || graphics.sdl.enable == Some(true)
}

fn vnc(report: &mut Report) {
    let guest = report.guest;
    let vnc = &guest.graphics.vnc;
    // libxl's own choice: an HVM guest has VNC unless it is told otherwise.
    let on = vnc.enable.unwrap_or(guest.guest_type == Hvm);
    report.needs(
        on,
        "graphics.vnc.enable",
        &[
            ("graphics.vnc.listen", vnc.listen.is_some()),
            ("graphics.vnc.display", vnc.display.is_some()),
            ("graphics.vnc.unused", vnc.unused.is_some()),
            ("graphics.vnc.passwordFile", vnc.password_file.is_some()),
        ],
    );
    if let Some(why) = vnc.listen.as_deref().and_then(host_problem) {
        report.add("graphics.vnc.listen", why);
    }
    if vnc.display.is_some_and(|display| display > 59_635) {
        report.add(
            "graphics.vnc.display",
            "its TCP port, 5900 more, would be above 65535; choose a display of at most 59635",
        );
    }
}

fn sdl(report: &mut Report) {
    let sdl = &report.guest.graphics.sdl;
    report.needs(
        sdl.enable == Some(true),
        "graphics.sdl.enable",
        &[
            ("graphics.sdl.opengl", sdl.opengl.is_some()),
            ("graphics.sdl.display", sdl.display.is_some()),
            ("graphics.sdl.xauthority", sdl.xauthority.is_some()),
        ],
    );
    if let Some(why) = sdl.display.as_deref().and_then(field_problem) {
        report.add("graphics.sdl.display", why);
    }
    if let Some(why) = sdl.xauthority.as_deref().and_then(path_problem) {
        report.add("graphics.sdl.xauthority", why);
    }
}

fn spice(report: &mut Report) {
    let spice = &report.guest.graphics.spice;
    let on = spice.enable == Some(true);
    report.needs(
        on,
        "graphics.spice.enable",
        &[("graphics.spice", spice.has_details())],
    );
    if !on {
        return;
    }
    if report.guest.device_model.stubdomain.enable == Some(true) {
        report.add(
            "graphics.spice.enable",
            "xl serves SPICE only where QEMU runs in the Dom0, and deviceModel.stubdomain.enable = true puts it in a domain of its own; remove one of them (VNC is served with both)",
        );
    }
    if spice.port.is_none() && spice.tls_port.is_none() {
        report.add(
            "graphics.spice.port",
            "SPICE is served at no port; set port, tlsPort, or both",
        );
    }
    if spice.port == Some(0)
        || spice.tls_port == Some(0)
        || (spice.port.is_some() && spice.port == spice.tls_port)
    {
        report.add(
            "graphics.spice.tlsPort",
            "port and tlsPort are two numbers from 1 to 65535; correct them",
        );
    }
    match (spice.disable_ticketing == Some(true), &spice.password_file) {
        (true, Some(_)) => report.add(
            "graphics.spice.passwordFile",
            "with disableTicketing nobody is asked for the password; remove one of them",
        ),
        (false, None) => report.add(
            "graphics.spice.passwordFile",
            "SPICE asks for a password, and there is none; set it, or disableTicketing = true to let everyone in",
        ),
        _ => {}
    }
    if let Some(why) = spice.host.as_deref().and_then(host_problem) {
        report.add("graphics.spice.host", why);
    }
    if spice.clipboard_sharing == Some(true) && spice.vdagent != Some(true) {
        report.add(
            "graphics.spice.clipboardSharing",
            "the clipboard is shared by the guest's agent; set graphics.spice.vdagent = true too",
        );
    }
    if spice
        .usb_redirection
        .is_some_and(|count| !(1..=4).contains(&count))
    {
        report.add(
            "graphics.spice.usbRedirection",
            "one to four devices can be lent; choose 1 to 4, or remove it",
        );
    }
}

/// A password is in no file that everyone reads.
fn passwords(report: &mut Report) {
    let guest = report.guest;
    for (of, file) in guest.password_files() {
        if let Some(why) = path_problem(file) {
            report.add(of.option(), why);
        } else if file.starts_with("/nix/store/") {
            report.add(
                of.option(),
                format!("{file} is in the Nix store, which everyone can read; name a file outside, such as one below /run/keys"),
            );
        }
    }
}
