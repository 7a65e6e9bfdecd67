//! What a configuration means to xl, however it is spelled.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::{self, Options};
use crate::disk::Disk;
use crate::grammar::Unit;
use crate::keys::{self, GuestType, Shape};
use crate::vfb::{Password, Vfb};
use crate::vif::Vif;
use crate::{Config, Grammar, Value};

/// What stands in the place of a password, which is never compared.
const PASSWORD: &str = "(a password)";

/// The bridge that xl plugs an interface into when nothing says which (xl.conf(5), `vif.default.bridge`).
const DEFAULT_BRIDGE: &str = "xenbr0";

/// A configuration by what xl makes of it: each key that has an effect, with its value in one spelling, and what xl
/// takes where nothing is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meaning {
    keys: BTreeMap<String, Value>,
}

/// A key in which two configurations differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The key.
    pub key: String,
    /// What it means in the one; none when it is nothing.
    pub one: Option<Value>,
    /// What it means in the other.
    pub other: Option<Value>,
}

impl Meaning {
    /// The meaning of a configuration. A string that its grammar does not take stays as it is.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let ignored: BTreeSet<String> = check::config(config, Options::default())
            .into_iter()
            .filter(check::Finding::is_ignored_by_xl)
            .filter_map(|finding| finding.key)
            .collect();
        let mut keys: BTreeMap<String, Value> = config
            .iter()
            .filter(|(key, _)| !ignored.contains(key.as_str()))
            .filter_map(|(key, value)| {
                let info = keys::get(key.as_str())?;
                Some((key.to_string(), plain(&info.shape, value)))
            })
            .filter(|(_, value)| value.as_list().is_none_or(|items| !items.is_empty()))
            .collect();
        let guest = check::guest_type(config).unwrap_or(GuestType::Pv);
        spell(&mut keys, guest);
        fill_in(&mut keys, guest);
        Self { keys }
    }

    /// Where another one differs from this one.
    ///
    /// What this one leaves to chance the other may say: a UUID, the hardware address of an interface. Of passwords only
    /// whether there is one is compared.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<Difference> {
        let keys: BTreeSet<&String> = self.keys.keys().chain(other.keys.keys()).collect();
        keys.into_iter()
            .filter_map(|key| {
                let (one, other) = (self.keys.get(key), other.keys.get(key));
                let same = match (key.as_str(), one, other) {
                    ("uuid", None, _) => true,
                    ("vif", Some(one), Some(other)) => *one == without_chosen_macs(other, one),
                    _ => one == other,
                };
                (!same).then(|| Difference {
                    key: key.clone(),
                    one: one.cloned(),
                    other: other.cloned(),
                })
            })
            .collect()
    }
}

/// Whether two values of a key mean the same to xl, however they are spelled: numbers and words as it reads them, devices
/// by their grammar, and in whichever order.
#[must_use]
pub fn same(key: &str, one: &Value, other: &Value) -> bool {
    if one == other {
        return true;
    }
    let Some(info) = keys::get(key) else {
        return false;
    };
    let (mut one, mut other) = (plain(&info.shape, one), plain(&info.shape, other));
    if matches!(info.shape, Shape::List(Shape::Spec(grammar)) if grammar.unit() == Unit::Item) {
        for value in [&mut one, &mut other] {
            if let Value::List(items) = value {
                items.sort_by_cached_key(ToString::to_string);
            }
        }
    }
    one == other
}

/// What an HVM guest's `firmware` means beside its `bios` (`xl_parse.c`, `parse_config_data`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Firmware {
    /// It is this `bios`, whatever `bios` says.
    Bios(&'static str),
    /// It is what `bios` says, or libxl's default.
    AsBiosSays,
    /// It is a file.
    File,
}

impl Firmware {
    /// What a value of `firmware` means.
    #[must_use]
    pub fn of(word: &str) -> Self {
        match word.to_ascii_lowercase().as_str() {
            "ovmf" => Self::Bios("ovmf"),
            "seabios" => Self::Bios("seabios"),
            "rombios" => Self::Bios("rombios"),
            _ if word == "uefi" => Self::Bios("ovmf"),
            _ if word == "bios" => Self::AsBiosSays,
            _ => Self::File,
        }
    }
}

/// Whether a boot loader is pygrub; xl looks for a program without a slash among its own (`libxl_bootloader.c`).
#[must_use]
pub fn is_pygrub(program: &str) -> bool {
    file_name(program) == "pygrub"
}

/// Whether an HVM guest's kernel is the loader that xl always uses, and that it drops from `kernel` by its file's name
/// (`xl_parse.c`, `parse_config_data`).
#[must_use]
pub fn is_hvmloader(kernel: &str) -> bool {
    file_name(kernel) == "hvmloader"
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// The command line that xl makes of `root` and `extra`, where there is no `cmdline` (`xl_parse.c`, `parse_cmdline`).
#[must_use]
pub fn command_line(root: Option<&str>, extra: Option<&str>) -> Option<String> {
    match (root, extra) {
        (Some(root), Some(extra)) => Some(format!("root={root} {extra}")),
        (Some(root), None) => Some(format!("root={root}")),
        (None, extra) => extra.map(str::to_owned),
    }
}

/// The graphics card that the old `stdvga` means.
#[must_use]
pub fn standard_vga(stdvga: &Value) -> &'static str {
    match stdvga.as_integer() {
        Some(0) => "cirrus",
        _ => "stdvga",
    }
}

/// A value in one spelling.
fn plain(shape: &Shape, value: &Value) -> Value {
    match shape {
        Shape::Integer(_) => value
            .as_integer()
            .map_or_else(|| value.clone(), Value::from),
        Shape::Boolean => value
            .as_integer()
            .map_or_else(|| value.clone(), |number| (number != 0).into()),
        Shape::Uuid => lower_case(value),
        Shape::Words(words) => {
            let text = lower_case(value);
            let known = |text: &str| words.of(None).find(|word| word.starts_with(text));
            match text.as_text().as_deref().and_then(known) {
                Some(word) => word.into(),
                None => value.clone(),
            }
        }
        Shape::Spec(grammar) => string(*grammar, value),
        Shape::List(Shape::Spec(grammar)) if grammar.unit() != Unit::Item => list(*grammar, value),
        Shape::List(item) => match value {
            Value::List(items) => {
                Value::List(items.iter().map(|value| plain(item, value)).collect())
            }
            _ => value.clone(),
        },
        Shape::Either(shapes) => shapes
            .iter()
            .find(|shape| shape.fits(value))
            .map_or_else(|| value.clone(), |shape| plain(shape, value)),
        Shape::Old(shape) => plain(shape, value),
        Shape::Text | Shape::Path | Shape::Letters(_) => text(value),
    }
}

/// A number that is meant as text is its text.
fn text(value: &Value) -> Value {
    value
        .as_text()
        .map_or_else(|| value.clone(), |text| Value::from(text.into_owned()))
}

fn lower_case(value: &Value) -> Value {
    value
        .as_text()
        .map_or_else(|| value.clone(), |text| text.to_ascii_lowercase().into())
}

fn string(grammar: Grammar, value: &Value) -> Value {
    let Some(text) = value.as_text() else {
        return value.clone();
    };
    match grammar.canonical(&text) {
        Ok(text) => text.into(),
        Err(_) => value.clone(),
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

fn list(grammar: Grammar, value: &Value) -> Value {
    let texts: Option<Vec<_>> = value
        .as_list()
        .and_then(|items| items.iter().map(Value::as_text).collect());
    let Some(texts) = texts else {
        return value.clone();
    };
    let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
    match grammar.canonical_list(&texts) {
        Ok(texts) => texts.into(),
        Err(_) => value.clone(),
    }
}

/// What can be said by more than one key, by the one of today.
fn spell(keys: &mut BTreeMap<String, Value>, guest: GuestType) {
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

/// What xl and libxl take where nothing is set: `xl_parse.c` (`parse_config_data`), `libxl_create.c`
/// (`libxl__domain_build_info_setdefault`).
fn fill_in(keys: &mut BTreeMap<String, Value>, guest: GuestType) {
    let mut default = |key: &str, value: Value| keys.entry(key.to_owned()).or_insert(value).clone();
    default("on_poweroff", "destroy".into());
    default("on_reboot", "restart".into());
    default("on_crash", "destroy".into());
    default("on_watchdog", "destroy".into());
    default("on_soft_reset", "soft-reset".into());
    let vcpus = default("vcpus", 1_i64.into());
    default("maxvcpus", vcpus);
    if guest == GuestType::Hvm {
        default("bios", "seabios".into());
        default("vga", "cirrus".into());
    }
    // Each is the other where it is not set, and 32 MiB where neither is.
    let least = keys
        .get("memory")
        .or_else(|| keys.get("maxmem"))
        .cloned()
        .unwrap_or(Value::Integer(32));
    keys.entry("memory".to_owned())
        .or_insert_with(|| least.clone());
    keys.entry("maxmem".to_owned()).or_insert(least);
    if let Some(Value::List(items)) = keys.get_mut("vif") {
        for item in items {
            let vif = item.as_text().and_then(|text| Vif::parse(&text).ok());
            if let Some(mut vif) = vif {
                vif.bridge.get_or_insert_with(|| DEFAULT_BRIDGE.to_owned());
                if let Ok(spec) = vif.to_spec() {
                    *item = spec.into();
                }
            }
        }
    }
    // The guest knows these by a name of theirs, wherever they stand.
    for key in ["p9", "channel", "vkb"] {
        if let Some(Value::List(items)) = keys.get_mut(key) {
            items.sort_by_cached_key(ToString::to_string);
        }
    }
    let boots_from_first = keys.contains_key("bootloader");
    if let Some(Value::List(items)) = keys.get_mut("disk") {
        for item in items.iter_mut() {
            let disk = item.as_text().and_then(|text| Disk::parse(&text).ok());
            if let Some(disk) = disk.filter(Disk::is_relative)
                && let Ok(spec) = disk.below_dev().to_spec()
            {
                *item = spec.into();
            }
        }
        // The guest knows its disks by vdev; only a boot loader in the Dom0 cares which is the first.
        let from = usize::from(boots_from_first);
        if let Some(rest) = items.get_mut(from..) {
            rest.sort_by_key(|item| {
                let text = item.as_text().unwrap_or_default();
                Disk::parse(&text).map_or_else(|_| text.into_owned(), |disk| disk.vdev)
            });
        }
    }
}

/// The interfaces of `vifs` without the hardware addresses that those of `like` leave to chance.
fn without_chosen_macs(vifs: &Value, like: &Value) -> Value {
    let (Some(vifs_items), Some(like)) = (vifs.as_list(), like.as_list()) else {
        return vifs.clone();
    };
    let items = vifs_items.iter().enumerate().map(|(index, item)| {
        let read = |value: &Value| Vif::parse(&value.as_text()?).ok();
        let chosen = like
            .get(index)
            .and_then(read)
            .is_some_and(|vif| vif.mac.is_none());
        match read(item) {
            Some(vif) if chosen => Vif { mac: None, ..vif }
                .to_spec()
                .map_or_else(|_| item.clone(), Value::from),
            _ => item.clone(),
        }
    });
    Value::List(items.collect())
}
