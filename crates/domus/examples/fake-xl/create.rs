//! `create`, and a guest's own reboot.

use xl_cfg::{Config, Value};

use super::devices::{disk, hvm, must_be_there, nic, vfb};
use super::{Domain, State, die, keep, pins, update};

pub fn create(text: &str) -> u32 {
    let config = Config::parse(text).unwrap_or_else(|error| die(&error.to_string()));
    let domain = new(text, &config);
    domain.disks.iter().for_each(must_be_there);
    update(|state| add(state, domain))
}

/// Adds a domain with the next domid; a name that another has is refused, as by libxl.
pub fn add(state: &mut State, domain: Domain) -> u32 {
    let name = &domain.name;
    if state.domains.iter().any(|known| known.name == *name) {
        die(&format!(
            "libxl: error: libxl_create.c: Domain with name \"{name}\" already exists"
        ));
    }
    let domid = state.next_domid;
    state.next_domid += 1;
    let domain = Domain { domid, ..domain };
    keep(&domain);
    state.domains.push(domain);
    domid
}

/// The domain of a configuration, which has no domid yet.
fn new(text: &str, config: &Config) -> Domain {
    let string = |key: &str| match config.get(key) {
        Some(Value::String(text)) => Some(text.to_string()),
        _ => None,
    };
    let number = |key: &str| match config.get(key) {
        Some(Value::Integer(number)) => Some(*number),
        _ => None,
    };
    let list = |key: &str| match config.get(key) {
        Some(Value::List(items)) => items.clone(),
        _ => Vec::new(),
    };
    let Some(name) = string("name") else {
        die("Domain name must be specified.")
    };
    let memory = number("memory").unwrap_or(0);
    let vcpus = number("vcpus").unwrap_or(1);
    let text_of = |item: &Value| match item {
        Value::String(text) => text.to_string(),
        _ => die("a device is no string"),
    };
    Domain {
        domid: 0,
        name,
        uuid: string("uuid").unwrap_or_default(),
        guest_type: string("type").unwrap_or_default(),
        memory_mib: memory,
        max_mib: number("maxmem").unwrap_or(memory),
        vcpus,
        max_vcpus: number("maxvcpus").unwrap_or(vcpus),
        kernel: string("kernel"),
        ramdisk: string("ramdisk"),
        cmdline: string("cmdline"),
        disks: list("disk")
            .iter()
            .map(|item| disk(&text_of(item)))
            .collect(),
        nics: list("vif")
            .iter()
            .zip(0..)
            .map(|(item, devid)| nic(&text_of(item), devid, &string("type").unwrap_or_default()))
            .collect(),
        weight: number("cpu_weight").unwrap_or(256),
        cap: number("cap").unwrap_or(0),
        events: [
            "on_poweroff",
            "on_reboot",
            "on_crash",
            "on_watchdog",
            "on_soft_reset",
        ]
        .into_iter()
        .filter_map(|key| {
            let default = match key {
                "on_reboot" => "restart",
                "on_soft_reset" => "soft-reset",
                _ => "destroy",
            };
            let action = string(key).unwrap_or_else(|| default.to_owned());
            let action = match action.as_str() {
                "rename-restart" => "restart_rename".to_owned(),
                other => other.replace('-', "_"),
            };
            (action != "destroy").then(|| (key.to_owned(), action.into()))
        })
        .collect(),
        vfbs: list("vfb").iter().map(|item| vfb(&text_of(item))).collect(),
        hvm: hvm(config),
        bootloader: string("bootloader"),
        affinity: pins::of_start(config, number("maxvcpus").unwrap_or(vcpus)),
        text: text.to_owned(),
        paused: false,
        monitor: crate::monitor::own(),
        ran: true,
    }
}
