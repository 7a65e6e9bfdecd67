//! Settings that are right alone, and not together: by `xl_parse.c` (`parse_config_data`), `libxl_create.c`
//! (`libxl__domain_build_info_setdefault`) and `libxl_bootloader.c` of Xen.

use super::{Finding, Rule, Setting, Settings, Severity};
use crate::document::NodeKind;
use crate::keys::GuestType;
use crate::meaning::{Firmware, is_hvmloader};

pub(super) fn judge(
    settings: &Settings<'_>,
    guest: Option<GuestType>,
    findings: &mut Vec<Finding>,
) {
    if settings.get("name").is_none() {
        findings.push(missing("name", "a guest needs a name: name = \"…\""));
    }
    builder(settings, findings);
    match guest {
        Some(GuestType::Pv | GuestType::Pvh) => kernel(settings, guest, findings),
        Some(GuestType::Hvm) => direct_boot(settings, findings),
        None => {}
    }
    firmware(settings, findings);
    if guest == Some(GuestType::Pv) {
        screen(settings, findings);
    }
    at_least(settings, "maxmem", "memory", "MiB", findings);
    at_least(settings, "maxvcpus", "vcpus", "", findings);
    command_line(settings, findings);
}

fn missing(key: &str, message: impl Into<String>) -> Finding {
    Finding {
        severity: Severity::Error,
        rule: Rule::Missing,
        key: Some(key.to_owned()),
        span: None,
        message: message.into(),
    }
}

fn together(setting: &Setting<'_>, severity: Severity, message: impl Into<String>) -> Finding {
    setting.finding(severity, Rule::Together, message)
}

fn builder(settings: &Settings<'_>, findings: &mut Vec<Finding>) {
    let (Some(guest), Some(builder)) = (settings.get("type"), settings.get("builder")) else {
        return;
    };
    let (Some(kind), Some(built)) = (guest.text(), builder.text()) else {
        return;
    };
    let as_type = match built.as_str() {
        "hvm" => "hvm",
        "generic" => "pv",
        _ => return,
    };
    if matches!(kind.as_str(), "pv" | "pvh" | "hvm") && kind != as_type {
        findings.push(together(
            builder,
            Severity::Error,
            format!(
                "\"{built}\" contradicts type = \"{kind}\", and xl refuses both; remove builder"
            ),
        ));
    }
}

/// What a guest without firmware boots.
fn kernel(settings: &Settings<'_>, guest: Option<GuestType>, findings: &mut Vec<Finding>) {
    let image = settings.get("firmware");
    let kernel = settings.get("kernel");
    if let Some(image) = image {
        let word = image.text().unwrap_or_default();
        if !matches!(word.as_str(), "pvgrub32" | "pvgrub64") {
            findings.push(together(
                image,
                Severity::Error,
                "only HVM guests have firmware; for PV guests xl knows pvgrub32 and pvgrub64",
            ));
        } else if guest == Some(GuestType::Pvh) {
            findings.push(together(
                image,
                Severity::Warning,
                "xl takes it, but that image is made for PV guests; give GRUB's image for PVH as kernel",
            ));
        }
        if let Some(kernel) = kernel {
            findings.push(together(
                kernel,
                Severity::Error,
                "xl refuses kernel and firmware together; remove one",
            ));
        }
    }
    if image.is_none() && kernel.is_none() && settings.get("bootloader").is_none() {
        findings.push(missing(
            "kernel",
            "xl does not know what to boot: set bootloader = \"pygrub\", or a kernel",
        ));
    }
    // A boot loader in the Dom0 is told of it: it is a path in the guest.
    if let Some(ramdisk) = settings.get("ramdisk")
        && kernel.is_none()
        && settings.get("bootloader").is_none()
    {
        findings.push(together(
            ramdisk,
            Severity::Warning,
            "there is no kernel that it would belong to",
        ));
    }
}

/// The kernel that an HVM guest boots without its firmware.
fn direct_boot(settings: &Settings<'_>, findings: &mut Vec<Finding>) {
    let mut kernel = settings.get("kernel");
    if let Some(loader) = kernel
        && loader.text().is_some_and(|path| is_hvmloader(&path))
    {
        // xl_parse.c goes on without it.
        kernel = None;
        findings.push(together(
            loader,
            Severity::Warning,
            "xl finds hvmloader by itself, and ignores this; remove it",
        ));
    }
    if kernel.is_none() {
        for key in ["ramdisk", "cmdline", "root", "extra"] {
            if let Some(setting) = settings.get(key) {
                findings.push(together(
                    setting,
                    Severity::Error,
                    "an HVM guest without a kernel does not start with this; set kernel, or remove it",
                ));
            }
        }
    }
}

fn firmware(settings: &Settings<'_>, findings: &mut Vec<Finding>) {
    let version = settings.get("device_model_version").and_then(Setting::text);
    let old = version.as_deref() == Some("qemu-xen-traditional");
    for key in ["bios", "firmware"].into_iter().filter(|_| !old) {
        if let Some(bios) = settings.get(key)
            && bios.text().as_deref() == Some("rombios")
        {
            findings.push(together(
                bios,
                Severity::Error,
                "rombios goes with the old device model qemu-xen-traditional; that of today boots seabios or ovmf",
            ));
        }
    }
    if let (Some(bios), Some(word)) = (
        settings.get("bios"),
        settings.get("firmware").and_then(Setting::text),
    ) && matches!(Firmware::of(&word), Firmware::Bios(_))
    {
        findings.push(together(
            bios,
            Severity::Warning,
            format!("xl goes by firmware = \"{word}\", whatever this says; remove one of the two"),
        ));
    }
    if let Some(path) = settings.get("bios_path_override")
        && settings.get("bios").is_none()
    {
        findings.push(together(
            path,
            Severity::Warning,
            "xl reads it only beside bios; set bios to what the file is",
        ));
    }
}

/// The keys of a screen beside a framebuffer: `xl_parse.c` ignores them then.
fn screen(settings: &Settings<'_>, findings: &mut Vec<Finding>) {
    let frame_buffers = settings
        .parts("vfb")
        .into_iter()
        .any(|setting| matches!(&setting.node.kind, NodeKind::List(items) if !items.is_empty()));
    if !frame_buffers {
        return;
    }
    for key in [
        "vnc",
        "vnclisten",
        "vncdisplay",
        "vncunused",
        "vncpasswd",
        "sdl",
        "opengl",
        "display",
        "xauthority",
        "keymap",
    ] {
        if let Some(setting) = settings.get(key) {
            findings.push(together(
                setting,
                Severity::Warning,
                "xl ignores it, because there is a vfb; say it there",
            ));
        }
    }
}

fn at_least(
    settings: &Settings<'_>,
    most: &str,
    now: &str,
    unit: &str,
    findings: &mut Vec<Finding>,
) {
    let (Some(limit), Some(start)) = (settings.get(most), settings.get(now)) else {
        return;
    };
    if let (Some(most), Some(start)) = (limit.integer(), start.integer())
        && most < start
    {
        let unit = if unit.is_empty() {
            String::new()
        } else {
            format!(" {unit}")
        };
        findings.push(together(
            limit,
            Severity::Error,
            format!("{most}{unit} is less than {now}, {start}{unit}; raise it"),
        ));
    }
}

fn command_line(settings: &Settings<'_>, findings: &mut Vec<Finding>) {
    if settings.get("cmdline").is_some() {
        for key in ["root", "extra"] {
            if let Some(setting) = settings.get(key) {
                findings.push(together(
                    setting,
                    Severity::Warning,
                    "xl ignores it, because cmdline is set; move it there",
                ));
            }
        }
    }
}
