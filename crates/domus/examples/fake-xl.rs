//! A test double of xl: it keeps domains in a file and speaks xl's own words.
//!
//! What it prints for `list -v` and `list -l` has the shape of Xen 4.17's; the scenarios on real Xen hold
//! `domus` to the real one. `FAKE_XL_STATE` names the folder with its state. `FAKE_XL_FAULT` makes it
//! fail: `hang`, `junk`, `fail`, or `fail:VERB` for one verb.

use std::path::PathBuf;
use std::time::Duration;
use std::{env, fs, process, thread};

use serde::{Deserialize, Serialize};
use serde_json::json;
use xl_cfg::disk::{Access, Disk};
use xl_cfg::vif::Vif;
use xl_cfg::{Config, Value};

#[derive(Serialize, Deserialize, Default)]
struct State {
    next_domid: u32,
    domains: Vec<Domain>,
}

#[derive(Serialize, Deserialize, Clone)]
struct Domain {
    domid: u32,
    name: String,
    uuid: String,
    guest_type: String,
    memory_mib: i64,
    max_mib: i64,
    vcpus: i64,
    max_vcpus: i64,
    kernel: Option<String>,
    ramdisk: Option<String>,
    cmdline: Option<String>,
    disks: Vec<FakeDisk>,
    nics: Vec<(String, String)>,
}

/// A disk, with the names that libxl gives to what it says of one.
#[derive(Serialize, Deserialize, Clone)]
struct FakeDisk {
    vdev: String,
    pdev_path: String,
    format: String,
    // What is nothing, libxl leaves out.
    #[serde(skip_serializing_if = "Option::is_none")]
    readwrite: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    script: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backend_domname: Option<String>,
}

impl FakeDisk {
    fn new(disk: Disk) -> Self {
        let format = if disk.target.is_empty() {
            "empty"
        } else {
            disk.format.as_str()
        };
        Self {
            format: format.to_owned(),
            readwrite: (disk.access == Access::ReadWrite).then_some(1),
            vdev: disk.vdev,
            pdev_path: disk.target,
            script: disk.script,
            backend_domname: disk.backend,
        }
    }
}

fn die(message: &str) -> ! {
    eprintln!("{message}");
    process::exit(1)
}

fn state_file() -> PathBuf {
    let Some(folder) = env::var_os("FAKE_XL_STATE") else {
        die("FAKE_XL_STATE is not set")
    };
    PathBuf::from(folder).join("domains.json")
}

fn load() -> State {
    match fs::read_to_string(state_file()) {
        Ok(text) => serde_json::from_str(&text).unwrap_or_else(|error| die(&error.to_string())),
        Err(_) => State {
            next_domid: 1,
            domains: Vec::new(),
        },
    }
}

fn save(state: &State) {
    let text = serde_json::to_string(state).unwrap_or_default();
    if let Err(error) = fs::write(state_file(), text) {
        die(&error.to_string());
    }
}

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let verb = words.first().copied().unwrap_or_default();
    match env::var("FAKE_XL_FAULT").as_deref() {
        Ok("hang") => thread::sleep(Duration::from_secs(3600)),
        Ok("junk") => return println!("Segmentation fault"),
        Ok("fail") => die("xenstored is not running"),
        Ok(fault) if fault.strip_prefix("fail:") == Some(verb) => {
            die("libxl: error: libxl_domain.c:42: fault wanted")
        }
        _ => {}
    }
    match words.as_slice() {
        ["list", "-v"] => list(&load()),
        ["list", "-l"] => list_long(&load()),
        ["create", "-F", path] => {
            let domid = create(path);
            // As at the suspension of a guest: xl's watch is over, the domain is there.
            let ends = state_file().with_file_name("monitor-ends").exists();
            while !ends && load().domains.iter().any(|domain| domain.domid == domid) {
                thread::sleep(Duration::from_millis(50));
            }
        }
        ["create", path] => {
            create(path);
        }
        ["mem-set", domid, memory] => {
            let mib = memory.strip_suffix('m').and_then(|mib| mib.parse().ok());
            change(domid, |domain| match mib {
                Some(mib) if mib <= domain.max_mib => domain.memory_mib = mib,
                _ => die("memory_dynamic_max must be less than or equal to memory_static_max"),
            });
        }
        ["save", domid, file] => {
            if let Some(folder) = PathBuf::from(file).parent()
                && let Err(error) =
                    fs::create_dir_all(folder).and_then(|()| fs::write(file, "its memory"))
            {
                die(&error.to_string());
            }
            let mut state = load();
            state
                .domains
                .retain(|domain| domain.domid.to_string() != *domid);
            save(&state);
        }
        ["shutdown", "-F", domid] | ["destroy", domid] => {
            let mut state = load();
            state
                .domains
                .retain(|domain| domain.domid.to_string() != *domid);
            save(&state);
        }
        _ => die(&format!("fake xl: cannot {words:?}")),
    }
}

fn list(state: &State) {
    println!(
        "Name                                        ID   Mem VCPUs\tState\tTime(s)   UUID                            Reason-Code\tSecurity Label"
    );
    println!(
        "Domain-0                                     0  1500     2     r-----      12.3 00000000-0000-0000-0000-000000000000        -                -"
    );
    for domain in &state.domains {
        println!(
            "{:<40} {:5} {:5} {:5}     -b----  {:8.1} {}        -                -",
            domain.name, domain.domid, domain.memory_mib, domain.vcpus, 1.0, domain.uuid
        );
    }
}

fn list_long(state: &State) {
    let domains = state.domains.iter().map(|domain| {
        json!({ "domid": domain.domid, "config": {
            "c_info": { "type": if domain.guest_type.is_empty() { "pv" } else { &domain.guest_type }, "name": domain.name, "uuid": domain.uuid, "run_hotplug_scripts": "True" },
            "b_info": {
                "max_vcpus": domain.max_vcpus, "avail_vcpus": (0..domain.vcpus).collect::<Vec<_>>(), "max_memkb": domain.max_mib * 1024,
                "target_memkb": domain.memory_mib * 1024, "kernel": domain.kernel, "ramdisk": domain.ramdisk,
                "cmdline": domain.cmdline, "sched_params": { "sched": "credit2", "weight": 256, "cap": 0 }, "arch_arm": {}, "arch_x86": {}
            },
            "disks": domain.disks,
            "nics": domain.nics.iter().enumerate().map(|(devid, (mac, bridge))| json!({ "devid": devid, "mac": mac, "bridge": bridge, "script": "vif-bridge", "nictype": "vif" })).collect::<Vec<_>>(),
            "on_reboot": "restart", "on_soft_reset": "soft_reset"
        } })
    });
    // libxl leaves out what is not set.
    let mut domains = json!(domains.collect::<Vec<_>>());
    for domain in domains.as_array_mut().into_iter().flatten() {
        if let Some(build) = domain["config"]["b_info"].as_object_mut() {
            build.retain(|_, value| !value.is_null());
        }
    }
    println!("{domains}");
}

fn create(path: &str) -> u32 {
    let text = fs::read_to_string(path).unwrap_or_else(|error| die(&format!("{path}: {error}")));
    let config = Config::parse(&text).unwrap_or_else(|error| die(&error.to_string()));
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
    let mut state = load();
    let Some(name) = string("name") else {
        die("Domain name must be specified.")
    };
    if state.domains.iter().any(|domain| domain.name == name) {
        die(&format!(
            "libxl: error: libxl_create.c: Domain with name \"{name}\" already exists"
        ));
    }
    let memory = number("memory").unwrap_or(0);
    let vcpus = number("vcpus").unwrap_or(1);
    let text_of = |item: &Value| match item {
        Value::String(text) => text.to_string(),
        _ => die("a device is no string"),
    };
    let domain = Domain {
        domid: state.next_domid,
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
            .map(|item| Disk::parse(&text_of(item)).unwrap_or_else(|error| die(&error.to_string())))
            .map(FakeDisk::new)
            .collect(),
        nics: list("vif")
            .iter()
            .map(|item| Vif::parse(&text_of(item)).unwrap_or_else(|error| die(&error.to_string())))
            .map(|vif| {
                let mac = vif.mac.map(|mac| mac.to_string());
                (mac.unwrap_or_default(), vif.bridge.unwrap_or_default())
            })
            .collect(),
    };
    for disk in &domain.disks {
        let path = &disk.pdev_path;
        // As libxl, which looks at nothing that a script, QEMU or another domain knows.
        if disk.script.is_some() || disk.backend_domname.is_some() || !path.starts_with('/') {
            continue;
        }
        let root = env::var("FAKE_XL_ROOT").unwrap_or_default();
        if !PathBuf::from(format!("{root}{path}")).exists() {
            die(&format!(
                "libxl: error: libxl_disk.c: Disk target '{path}' does not exist"
            ));
        }
    }
    let domid = state.next_domid;
    state.next_domid += 1;
    state.domains.push(domain);
    save(&state);
    domid
}

fn change(domid: &str, change: impl FnOnce(&mut Domain)) {
    let mut state = load();
    let Some(domain) = state
        .domains
        .iter_mut()
        .find(|domain| domain.domid.to_string() == domid)
    else {
        die(&format!("{domid} is an invalid domain identifier (rc=-6)"));
    };
    change(domain);
    save(&state);
}
