//! What xl takes where nothing is set, and devices in one order.

use std::collections::BTreeMap;

use crate::Value;
use crate::disk::Disk;
use crate::keys::GuestType;
use crate::vif::Vif;

/// The bridge that xl plugs an interface into when nothing says which (xl.conf(5), `vif.default.bridge`).
const DEFAULT_BRIDGE: &str = "xenbr0";

/// What xl and libxl take where nothing is set: `xl_parse.c` (`parse_config_data`), `libxl_create.c`
/// (`libxl__domain_build_info_setdefault`).
pub(super) fn fill_in(keys: &mut BTreeMap<String, Value>, guest: GuestType) {
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
