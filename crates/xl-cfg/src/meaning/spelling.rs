//! What can be said by more than one key.

use std::collections::BTreeMap;

use super::{Firmware, command_line, is_hvmloader, is_pygrub, standard_vga};
use crate::Value;
use crate::keys::GuestType;
use crate::vfb::{Password, Vfb};

/// What stands in the place of a password, which is never compared.
const PASSWORD: &str = "(a password)";

/// What can be said by more than one key, by the one of today.
pub(super) fn spell(keys: &mut BTreeMap<String, Value>, guest: GuestType) {
    keys.remove("builder");
    keys.insert("type".to_owned(), guest.word().into());
    let (root, extra) = (keys.remove("root"), keys.remove("extra"));
    if !keys.contains_key("cmdline") {
        let root = root.as_ref().and_then(Value::as_text);
        let extra = extra.as_ref().and_then(Value::as_text);
        if let Some(line) = command_line(root.as_deref(), extra.as_deref()) {
            keys.insert("cmdline".to_owned(), line.into());
        }
    }
    if let Some(standard) = keys.remove("stdvga") {
        keys.entry("vga".to_owned())
            .or_insert_with(|| standard_vga(&standard).into());
    }
    if guest == GuestType::Hvm
        && let Some(firmware) = keys.get("firmware").and_then(Value::as_text)
    {
        match Firmware::of(&firmware) {
            Firmware::Bios(bios) => {
                keys.remove("firmware");
                keys.insert("bios".to_owned(), bios.into());
            }
            Firmware::AsBiosSays => {
                keys.remove("firmware");
            }
            Firmware::File => {}
        }
    }
    if let Some(bootloader) = keys.get_mut("bootloader")
        && bootloader.as_text().is_some_and(|path| is_pygrub(&path))
    {
        *bootloader = "pygrub".into();
    }
    if let Some(Value::String(_) | Value::Integer(_)) = keys.get("usbdevice")
        && let Some(one) = keys.remove("usbdevice")
    {
        keys.insert("usbdevice".to_owned(), Value::List(vec![one]));
    }
    match guest {
        GuestType::Pv => pv_screen(keys),
        GuestType::Hvm => {
            let kernel = keys.get("kernel").and_then(Value::as_text);
            if kernel.is_some_and(|path| is_hvmloader(&path)) {
                keys.remove("kernel");
            }
            if keys.get("vnc").and_then(Value::as_integer) == Some(0) {
                for key in ["vnclisten", "vncdisplay", "vncunused", "vncpasswd"] {
                    keys.remove(key);
                }
            }
        }
        GuestType::Pvh => {}
    }
    if let Some(Value::List(items)) = keys.get_mut("vfb") {
        for item in items {
            let vfb = item.as_text().and_then(|text| Vfb::parse(&text).ok());
            if let Some(Ok(spec)) = vfb.map(|vfb| shown(vfb).to_spec()) {
                *item = spec.into();
            }
        }
    }
    for key in ["vncpasswd", "spicepasswd"] {
        if let Some(password) = keys.get_mut(key) {
            *password = PASSWORD.into();
        }
    }
}

/// The keys of an HVM guest's screen make a framebuffer of a PV guest that has none, where `vnc` is on, and nothing
/// else (`xl_parse.c`, `parse_config_data`).
fn pv_screen(keys: &mut BTreeMap<String, Value>) {
    let mut take = |key: &str| keys.remove(key);
    let text = |value: Option<Value>| value.and_then(|value| Some(value.as_text()?.into_owned()));
    let flag = |value: Option<Value>| value.and_then(|value| Some(value.as_integer()? != 0));
    let vfb = Vfb {
        vnc: flag(take("vnc")),
        vnc_listen: text(take("vnclisten")),
        vnc_display: take("vncdisplay").and_then(|value| value.as_integer()?.try_into().ok()),
        vnc_unused: flag(take("vncunused")),
        vnc_password: take("vncpasswd").map(|_| Password(PASSWORD.to_owned())),
        sdl: flag(take("sdl")),
        opengl: flag(take("opengl")),
        display: text(take("display")),
        xauthority: text(take("xauthority")),
        keymap: text(take("keymap")),
    };
    if vfb.vnc == Some(true)
        && !keys.contains_key("vfb")
        && let Ok(spec) = vfb.to_spec()
    {
        keys.insert("vfb".to_owned(), Value::List(vec![spec.into()]));
    }
}

/// A framebuffer without its password, and without a window's settings where there is no window.
fn shown(mut vfb: Vfb) -> Vfb {
    if vfb.vnc_password.is_some() {
        vfb.vnc_password = Some(Password(PASSWORD.to_owned()));
    }
    if vfb.sdl != Some(true) {
        (vfb.sdl, vfb.opengl, vfb.display, vfb.xauthority) = (None, None, None, None);
    }
    vfb
}
