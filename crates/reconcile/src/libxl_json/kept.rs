//! What libxl keeps of a configuration, so that what was written and what was read back can be compared.

use std::collections::BTreeSet;

use xl_cfg::check;
use xl_cfg::cpus::{CpuSet, CpuTerm};
use xl_cfg::keys::{self, GuestType, KeyInfo, Shape};
use xl_cfg::meaning::{Difference, Meaning};
use xl_cfg::pci::Pci;
use xl_cfg::rdm::Rdm;
use xl_cfg::usbctrl::{UsbCtrl, UsbCtrlKind};
use xl_cfg::vif::{Vif, VifKind};
use xl_cfg::vtpm::Vtpm;
use xl_cfg::{Config, Key, Value};

use super::table;

/// What comparing a configuration with what libxl tells of its domain gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// The keys that differ; `one` is what was written.
    pub differences: Vec<Difference>,
    /// The keys that were written, and of which libxl's JSON cannot tell what the domain has.
    pub untold: BTreeSet<String>,
}

/// Where the configuration that was read from a domain's JSON differs from the one that was written for it.
///
/// `minor` is the minor version (4.N) of the Xen that has the domain. What that Xen does not read, or its JSON cannot
/// tell, is not compared: keys without a place in the JSON by the key table; `cpuid` by names, of which libxl keeps the
/// bits; processors by `all` and by NUMA nodes, which only the host can count; and `firmware` of PV, which becomes a
/// path of that Xen's own.
#[must_use]
pub fn differences(written: &Config, read: &Config, minor: u32) -> Vec<Difference> {
    compare(written, read, minor).differences
}

/// As [`differences`], with the keys that could not be compared.
#[must_use]
pub fn compare(written: &Config, read: &Config, minor: u32) -> Comparison {
    let mut untold = BTreeSet::new();
    let mut read = kept(read, minor, &mut untold);
    made_up(written, &mut read);
    let one = Meaning::of(&kept(written, minor, &mut untold));
    let other = Meaning::of(&read);
    let mut differences = one.differences(&other);
    differences.retain(|difference| !untold.contains(difference.key.as_str()));
    let untold = untold
        .into_iter()
        .filter(|key| written.get(key).is_some())
        .map(str::to_owned)
        .chain(without_a_place(written, minor))
        .collect();
    Comparison {
        differences,
        untold,
    }
}

/// Takes from `read` what libxl makes up anew at each start, where nothing was written: what identifies a virtual TPM
/// (`parse_config_data` of `xl_parse.c`, `libxl_uuid_generate`).
fn made_up(written: &Config, read: &mut Config) {
    let own = written.get("vtpm").and_then(Value::as_list).unwrap_or(&[]);
    let own: Vec<bool> = own
        .iter()
        .map(|item| {
            let tpm = item.as_text().and_then(|text| Vtpm::parse(&text).ok());
            tpm.is_none_or(|tpm| tpm.uuid.is_some())
        })
        .collect();
    let mut place = own.iter();
    each(read, "vtpm", |text| {
        let has_its_own = place.next().copied().unwrap_or(true);
        let tpm = Vtpm::parse(text).ok().filter(|_| !has_its_own)?;
        Vtpm { uuid: None, ..tpm }.to_spec().ok()
    });
}

/// The keys of a configuration that this Xen reads, and that have no place in libxl's JSON.
fn without_a_place(config: &Config, minor: u32) -> impl Iterator<Item = String> {
    let read = config.iter().filter_map(move |(key, _)| {
        let info = keys::get(key.as_str())?;
        let placed = info.observed.iter().any(|seen| seen.pointer().is_some());
        (info.read_by(minor) && !placed).then(|| key.to_string())
    });
    read.collect::<Vec<_>>().into_iter()
}

/// The configuration as libxl keeps it. `untold` gets the keys of which it keeps something that cannot be compared.
fn kept(config: &Config, minor: u32, untold: &mut BTreeSet<&'static str>) -> Config {
    let guest = check::guest_type(config).unwrap_or(GuestType::Pv);
    let mut kept = config.clone();
    for (key, value) in config {
        match keys::get(key.as_str()) {
            Some(info)
                if info.read_by(minor)
                    && info.observed.iter().any(|seen| seen.pointer().is_some()) =>
            {
                if let Some(value) = by_word(info, value) {
                    kept.set(key.clone(), value);
                }
            }
            _ => {
                kept.remove(key.as_str());
            }
        }
    }
    host_devices(&mut kept, guest);
    interfaces(&mut kept, guest, minor);
    firmware(&mut kept, guest, untold);
    screen(&mut kept, guest);
    host_processors(&kept, untold);
    one_for_all(&mut kept);
    if kept
        .get("cpuid")
        .is_some_and(|value| value.as_list().is_none())
    {
        untold.insert("cpuid");
    }
    if let Some(text) = kept.get("bootloader_args").and_then(Value::as_text) {
        let arguments: Vec<String> = text.split_ascii_whitespace().map(str::to_owned).collect();
        set(&mut kept, "bootloader_args", arguments);
    }
    without_defaults(&kept)
}

fn set(config: &mut Config, key: &str, value: impl Into<Value>) {
    if let Ok(key) = Key::new(key) {
        config.set(key, value.into());
    }
}

/// The word of an enumeration for the number that xl takes as well.
fn by_word(info: &KeyInfo, value: &Value) -> Option<Value> {
    let Shape::Either([number, Shape::Words(words)]) = info.shape else {
        return None;
    };
    let is_number = matches!(number, Shape::Integer(_) | Shape::Old(Shape::Integer(_)));
    let index = usize::try_from(value.as_integer()?).ok()?;
    is_number.then(|| words.always.get(index).map(|word| Value::from(*word)))?
}

/// Without what is as if it were not there; libxl leaves out what equals its own default.
fn without_defaults(config: &Config) -> Config {
    let mut kept = Config::new();
    for (key, value) in config {
        if !keys::get(key.as_str()).is_some_and(|info| table::is_default(info, value)) {
            kept.set(key.clone(), value.clone());
        }
    }
    kept
}

/// `pci` with what `pci_permissive` and its like say for all devices, `rdm` as xl takes it, USB as libxl keeps it.
fn host_devices(config: &mut Config, guest: GuestType) {
    let all = [
        "pci_permissive",
        "pci_msitranslate",
        "pci_seize",
        "pci_power_mgmt",
    ]
    .map(|key| {
        config
            .remove(key)
            .and_then(|value| value.as_integer())
            .is_some_and(|number| number != 0)
    });
    let on = |flag: Option<bool>, all: bool| flag.unwrap_or(all).then_some(true);
    each(config, "pci", |text| {
        let mut pci = Pci::parse(text).ok()?;
        pci.permissive = on(pci.permissive, all[0]);
        pci.msitranslate = on(pci.msitranslate, all[1]);
        pci.seize = on(pci.seize, all[2]);
        pci.power_mgmt = on(pci.power_mgmt, all[3]);
        pci.to_spec().ok()
    });
    if guest == GuestType::Pv && config.get("pci").is_some() {
        config.remove("e820_host");
    }
    let rdm = config.get("rdm").and_then(Value::as_text);
    if rdm
        .and_then(|text| Rdm::parse(&text).ok())
        .is_some_and(|rdm| rdm.ignored_by_xl().is_some())
    {
        config.remove("rdm");
    }
    each(config, "usbctrl", |text| {
        let controller = UsbCtrl::parse(text).ok()?;
        let kind = controller.kind.unwrap_or(UsbCtrlKind::Auto);
        let kind = Some(kind);
        UsbCtrl { kind, ..controller }.to_spec().ok()
    });
    // Without the word, libxl's JSON does not have the device's numbers.
    if let Some(Value::List(devices)) = config.get("usbdev") {
        let typed = |value: &&Value| value.as_text().is_some_and(|text| text.contains("type="));
        let devices: Vec<Value> = devices.iter().filter(typed).cloned().collect();
        set(config, "usbdev", Value::List(devices));
    }
}

/// `vif` without the kind that such a guest's interfaces have anyway, and without what that Xen does not read.
fn interfaces(config: &mut Config, guest: GuestType, minor: u32) {
    let usual = match guest {
        GuestType::Hvm => VifKind::Ioemu,
        GuestType::Pv | GuestType::Pvh => VifKind::Vif,
    };
    let mut place = 0;
    each(config, "vif", |text| {
        let mut vif = Vif::parse(text).ok()?;
        vif.kind = vif.kind.filter(|kind| *kind != usual);
        vif.devid = vif.devid.filter(|devid| *devid != place);
        vif.vlan = vif.vlan.filter(|_| minor >= 19);
        place += 1;
        vif.to_spec().ok()
    });
}

/// Each string of a list in another spelling; one that cannot be read stays.
fn each(config: &mut Config, key: &str, mut respell: impl FnMut(&str) -> Option<String>) {
    let Some(Value::List(items)) = config.get(key) else {
        return;
    };
    let items = items.iter().map(|item| {
        let text = item.as_text().and_then(|text| respell(&text));
        text.map_or_else(|| item.clone(), Value::from)
    });
    let items = Value::List(items.collect());
    set(config, key, items);
}

/// `firmware` by the keys that xl makes of it: any beginning of its words is the word.
fn firmware(config: &mut Config, guest: GuestType, untold: &mut BTreeSet<&'static str>) {
    let Some(text) = config.get("firmware").and_then(Value::as_text) else {
        return;
    };
    let text = text.into_owned();
    if guest != GuestType::Hvm {
        untold.extend(["firmware", "kernel"]);
        return;
    }
    config.remove("firmware");
    if ["seabios", "rombios", "ovmf"].contains(&text.to_ascii_lowercase().as_str()) {
        set(config, "bios", text);
    } else if "uefi".starts_with(&text) {
        set(config, "bios", "ovmf");
    } else if !"bios".starts_with(&text) {
        set(config, "firmware_override", text);
    }
}

/// `videoram` without what libxl takes anyway.
fn screen(config: &mut Config, guest: GuestType) {
    let word = |key: &str| config.get(key).and_then(Value::as_text);
    let standard = config.get("stdvga").and_then(Value::as_integer) == Some(1);
    let card = word("vga").unwrap_or(if standard { "stdvga" } else { "" }.into());
    let usual = usual_videoram(&card, word("device_model_version").as_deref());
    if guest == GuestType::Hvm && config.get("videoram").and_then(Value::as_integer) == Some(usual)
    {
        config.remove("videoram");
    }
}

/// The memory that libxl gives to an HVM guest's graphics card, in MiB, by xl's words for the card and the device model
/// (`libxl__domain_build_info_setdefault`).
pub(super) fn usual_videoram(card: &str, device_model: Option<&str>) -> i64 {
    let traditional = device_model == Some("qemu-xen-traditional");
    match card {
        "none" => 0,
        "qxl" => 128,
        "stdvga" if traditional => 8,
        "stdvga" => 16,
        _ if traditional => 4,
        _ => 8,
    }
}

/// Finds what only the host can count.
fn host_processors(config: &Config, untold: &mut BTreeSet<&'static str>) {
    let counted = |text: &str| {
        CpuSet::parse(text).is_ok_and(|set| {
            set.terms()
                .iter()
                .all(|term| matches!(term, CpuTerm::Cpus { except: false, .. }))
        })
    };
    for key in ["cpus", "cpus_soft"] {
        let sets = match config.get(key) {
            Some(Value::List(items)) => items.as_slice(),
            Some(one) => std::slice::from_ref(one),
            None => continue,
        };
        let known = |set: &Value| set.as_text().is_some_and(|text| counted(&text));
        if !sets.iter().all(known) {
            untold.insert(key);
        }
    }
}

/// A list of one set for each virtual processor, all the same, as the one string for all. Of `cpus` by itself the two
/// are not the same: only the list switches libxl's own placement off.
fn one_for_all(config: &mut Config) {
    let number = |key: &str| config.get(key).and_then(Value::as_integer);
    let vcpus = number("maxvcpus").or_else(|| number("vcpus")).unwrap_or(1);
    let placed = ["cpus_soft", "vnuma"].map(|key| config.get(key).is_some());
    let keys: &[&str] = if placed == [false; 2] {
        &[]
    } else {
        &["cpus", "cpus_soft"]
    };
    for key in keys {
        let Some(Value::List(sets)) = config.get(key) else {
            continue;
        };
        if let Some(first) = sets.first().cloned()
            && i64::try_from(sets.len()) == Ok(vcpus)
            && sets.iter().all(|set| *set == first)
        {
            set(config, key, first);
        }
    }
}
