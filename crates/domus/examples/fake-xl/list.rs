//! `list -v` and `list -l`.

use std::fs;

use serde_json::json;

use super::{Domain, State, pins, state_file};

pub fn list(state: &State) {
    println!(
        "Name                                        ID   Mem VCPUs\tState\tTime(s)   UUID                            Reason-Code\tSecurity Label"
    );
    println!(
        "Domain-0                                     0  1500     2     r-----      12.3 00000000-0000-0000-0000-000000000000        -                -"
    );
    // What domains are doing, where it is not running: `web --p---`, a line each.
    let states = fs::read_to_string(state_file().with_file_name("states")).unwrap_or_default();
    for domain in &state.domains {
        let mut lines = states.lines().filter_map(|line| line.split_once(' '));
        let found = lines.find(|(name, _)| *name == domain.name);
        println!(
            "{:<40} {:5} {:5} {:5}     {}  {:8.1} {}        -                -",
            domain.name,
            domain.domid,
            domain.memory_mib,
            domain.vcpus,
            found.map_or(
                if domain.paused { "--p---" } else { "-b----" },
                |(_, state)| state
            ),
            if domain.ran { 1.0 } else { 0.0 },
            domain.uuid
        );
    }
}

pub fn list_long(state: &State) {
    let domains = state.domains.iter();
    let domains =
        domains.map(|domain| json!({ "domid": domain.domid, "config": libxl_json(domain) }));
    println!("{}", json!(domains.collect::<Vec<_>>()));
}

/// As libxl tells it: what is unset is left out.
pub fn libxl_json(domain: &Domain) -> serde_json::Value {
    let kind = match domain.guest_type.as_str() {
        "" => "pv",
        known => known,
    };
    let mut config = json!({
        "c_info": { "type": kind, "name": domain.name, "domid": u32::MAX, "uuid": domain.uuid, "run_hotplug_scripts": "True" },
        "b_info": {
            "max_vcpus": domain.max_vcpus, "avail_vcpus": (0..domain.vcpus).collect::<Vec<_>>(),
            "max_memkb": domain.max_mib * 1024, "target_memkb": domain.memory_mib * 1024, "video_memkb": 0,
            "sched_params": { "sched": "credit2", "weight": domain.weight, "cap": domain.cap }, "claim_mode": "True",
            "kernel": domain.kernel, "ramdisk": domain.ramdisk, "cmdline": domain.cmdline,
            "bootloader": domain.bootloader, "arch_arm": {}, "arch_x86": { "msr_relaxed": "False" }
        },
        "disks": domain.disks, "nics": domain.nics, "vfbs": domain.vfbs
    });
    if kind == "hvm" {
        config["b_info"]["type.hvm"] = domain.hvm.clone();
        config["b_info"]["video_memkb"] = json!(null);
    }
    pins::json(domain, &mut config["b_info"]);
    if let Some(config) = config.as_object_mut() {
        config.extend(domain.events.clone());
        config.retain(|_, value| *value != json!([]));
    }
    if let Some(build) = config["b_info"].as_object_mut() {
        build.retain(|_, value| !value.is_null());
    }
    config
}
