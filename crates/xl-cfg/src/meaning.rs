//! What a configuration means to xl, however it is spelled.

mod defaults;
mod spelling;
mod value;

use std::collections::{BTreeMap, BTreeSet};

use self::value::plain;
use crate::check::{self, Options};
use crate::grammar::Unit;
use crate::keys::{self, GuestType, Shape};
use crate::vif::Vif;
use crate::{Config, Value};

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
        spelling::spell(&mut keys, guest);
        defaults::fill_in(&mut keys, guest);
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
