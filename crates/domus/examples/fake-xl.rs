//! A test double of xl: it keeps domains in a file and speaks xl's own words.
//!
//! What it prints for `list -v` and `list -l` has the shape of Xen 4.17's; the scenarios on real Xen hold
//! `domus` to the real one. `FAKE_XL_STATE` names the folder with its state. `FAKE_XL_FAULT` makes it
//! fail: `hang`, `junk`, `fail`, or `fail:VERB` for one verb; `kill-before:VERB` and `kill-after:VERB` kill whoever called
//! it, before or after one verb does its work.

#[path = "fake-xl/pins.rs"]
mod pins;
#[path = "fake-xl/save_file.rs"]
mod save_file;
#[path = "fake-xl/saved.rs"]
mod saved;

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::time::Duration;
use std::{env, fs, process, thread};

use serde::{Deserialize, Serialize};
use serde_json::json;
use xl_cfg::disk::{Access, Disk};
use xl_cfg::vfb::Vfb;
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
    nics: Vec<serde_json::Value>,
    weight: i64,
    cap: i64,
    /// `on_poweroff` and its like, where they are not libxl's default.
    events: serde_json::Map<String, serde_json::Value>,
    vfbs: Vec<serde_json::Value>,
    /// `type.hvm`
    hvm: serde_json::Value,
    bootloader: Option<String>,
    /// Where each vCPU may run now, and would rather.
    #[serde(default)]
    affinity: Vec<[Vec<u32>; 2]>,
    /// What a reboot by itself takes.
    text: String,
    #[serde(default)]
    paused: bool,
    /// Whether it ever ran since it was created or restored.
    #[serde(default)]
    ran: bool,
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

/// Ends a domain, with what libxl keeps of it.
fn end(domid: &str) {
    let mut state = load();
    for domain in state
        .domains
        .extract_if(.., |domain| domain.domid.to_string() == domid)
    {
        let _ = fs::remove_file(stored(&domain));
    }
    save(&state);
}

/// Whole or not at all: xenstored does not forget what it has because an xl is killed.
fn save(state: &State) {
    let text = serde_json::to_string(state).unwrap_or_default();
    let temporary = state_file().with_extension(format!("{}.new", process::id()));
    let written = fs::write(&temporary, text).and_then(|()| fs::rename(&temporary, state_file()));
    if let Err(error) = written {
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
    if is_to_kill("kill-before:", verb) {
        return saved::kill_caller();
    }
    if !changed(&words) && !saved::carried_out(&words) {
        carry_out(&words);
    }
    if is_to_kill("kill-after:", verb) {
        saved::kill_caller();
    }
}

/// Whether the caller is to be killed at this verb.
fn is_to_kill(when: &str, verb: &str) -> bool {
    env::var("FAKE_XL_FAULT").is_ok_and(|fault| fault.strip_prefix(when) == Some(verb))
}

/// What makes and ends domains, and lists them.
fn carry_out(words: &[&str]) {
    match words {
        ["list", "-v"] => list(&load()),
        ["list", "-l"] => list_long(&load()),
        ["vcpu-list", domids @ ..] => pins::list(domids),
        ["create", "-F", path] => {
            let domid = create(&read(path));
            saved::stay(domid);
        }
        ["create", path] => {
            create(&read(path));
        }
        ["config-update", domid, path] => {
            let text = fs::read_to_string(path).unwrap_or_else(|error| die(&error.to_string()));
            if let Err(error) = Config::parse(&text) {
                die(&error.to_string());
            }
            change(domid, |domain| {
                // As libxl: nobody else may read it (`libxl__userdata_store`).
                let written = fs::OpenOptions::new()
                    .write(true)
                    .create(true)
                    .truncate(true)
                    .mode(0o600)
                    .open(stored(domain))
                    .and_then(|mut file| file.write_all(text.as_bytes()));
                if let Err(error) = written {
                    die(&error.to_string());
                }
            });
        }
        // The guest reboots by itself: xl makes it anew, as it was made or as was stored for it.
        ["reboot", domid] => {
            let mut state = load();
            let Some(at) = state
                .domains
                .iter()
                .position(|domain| domain.domid.to_string() == *domid)
            else {
                die("no such domain")
            };
            let old = state.domains.remove(at);
            save(&state);
            let text = fs::read_to_string(stored(&old));
            let _ = fs::remove_file(stored(&old));
            create(&text.unwrap_or(old.text));
        }
        ["shutdown", "-F", domid] if is_deaf(domid) => {}
        ["shutdown", "-F", domid] | ["destroy", domid] => {
            end(domid);
        }
        _ => die(&format!("fake xl: cannot {words:?}")),
    }
}

/// What changes a domain that runs; false for another verb.
fn changed(words: &[&str]) -> bool {
    match words {
        ["mem-set", domid, memory] => {
            let mib = memory.strip_suffix('m').and_then(|mib| mib.parse().ok());
            change(domid, |domain| match mib {
                Some(mib) if mib <= domain.max_mib => domain.memory_mib = mib,
                _ => die("memory_dynamic_max must be less than or equal to memory_static_max"),
            });
        }
        ["vcpu-set", "-i", domid, count] => change(domid, |domain| match count.parse() {
            Ok(count) if count <= domain.max_vcpus => domain.vcpus = count,
            _ => die("libxl: error: libxl_sched.c: max vcpus"),
        }),
        ["sched-credit2", "-d", domid, options @ ..] => change(domid, |domain| {
            for option in options.chunks(2) {
                match option {
                    ["-w", weight] => domain.weight = weight.parse().unwrap_or(0),
                    ["-c", cap] => domain.cap = cap.parse().unwrap_or(0),
                    _ => die(&format!("fake xl: cannot {options:?}")),
                }
            }
        }),
        ["vcpu-pin", domid, vcpu, hard, soft] => {
            change(domid, |domain| pins::pin(domain, vcpu, [hard, soft]));
        }
        ["block-attach", domid, spec] => {
            let disk = disk(spec);
            must_be_there(&disk);
            change(domid, |domain| {
                if domain.disks.iter().any(|known| known.vdev == disk.vdev) {
                    die("libxl: error: libxl_device.c: device already exists in xenstore");
                }
                domain.disks.push(disk);
            });
        }
        ["block-detach", domid, vdev] => change(domid, |domain| {
            let count = domain.disks.len();
            domain.disks.retain(|disk| disk.vdev != *vdev);
            if domain.disks.len() == count {
                die(&format!("Error: Device {vdev} not connected."));
            }
        }),
        ["cd-insert", domid, vdev, path] => disc(domid, vdev, path),
        ["cd-eject", domid, vdev] => disc(domid, vdev, ""),
        ["network-attach", domid, settings @ ..] => {
            let vif = settings.join(",");
            change(domid, |domain| {
                let devids = domain.nics.iter().filter_map(|nic| nic["devid"].as_u64());
                let devid = devids.max().map_or(0, |last| last + 1);
                domain.nics.push(nic(&vif, devid, "pv"));
            });
        }
        ["rename", domid, name] => {
            if load().domains.iter().any(|domain| domain.name == *name) {
                die(&format!("Domain with name \"{name}\" already exists."));
            }
            change(domid, |domain| (*name).clone_into(&mut domain.name));
        }
        ["network-detach", domid, mac] => change(domid, |domain| {
            let count = domain.nics.len();
            domain.nics.retain(|nic| nic["mac"] != **mac);
            if domain.nics.len() == count {
                die(&format!("Unknown device {mac}."));
            }
        }),
        _ => return false,
    }
    true
}

fn list(state: &State) {
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

fn list_long(state: &State) {
    let domains = state.domains.iter();
    let domains =
        domains.map(|domain| json!({ "domid": domain.domid, "config": libxl_json(domain) }));
    println!("{}", json!(domains.collect::<Vec<_>>()));
}

/// As libxl tells it: what is unset is left out.
fn libxl_json(domain: &Domain) -> serde_json::Value {
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

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| die(&format!("{path}: {error}")))
}

/// Where `config-update` puts a configuration.
fn stored(domain: &Domain) -> PathBuf {
    let root = env::var("FAKE_XL_ROOT").unwrap_or_default();
    let folder = PathBuf::from(root).join("var/lib/xen");
    let _ = fs::create_dir_all(&folder);
    folder.join(format!("userdata-d.{}.{}.xl", domain.domid, domain.uuid))
}

/// Whether a guest does not hear that it is to shut down: it is named in the file `deaf`.
fn is_deaf(domid: &str) -> bool {
    let mut domains = load().domains.into_iter();
    domains.any(|domain| domain.domid.to_string() == domid && is_named("deaf", &domain.name))
}

/// Whether a file beside the state names a guest.
fn is_named(file: &str, guest: &str) -> bool {
    let names = fs::read_to_string(state_file().with_file_name(file)).unwrap_or_default();
    names.lines().any(|name| name == guest)
}

fn disk(spec: &str) -> FakeDisk {
    let disk = Disk::parse(spec).unwrap_or_else(|error| die(&error.to_string()));
    FakeDisk::new(disk)
}

/// What libxl refuses: a disk that is not there. It looks at nothing that a script, QEMU or another domain knows.
fn must_be_there(disk: &FakeDisk) {
    let path = &disk.pdev_path;
    if disk.script.is_some() || disk.backend_domname.is_some() || !path.starts_with('/') {
        return;
    }
    let root = env::var("FAKE_XL_ROOT").unwrap_or_default();
    if !PathBuf::from(format!("{root}{path}")).exists() {
        die(&format!(
            "libxl: error: libxl_disk.c: Disk target '{path}' does not exist"
        ));
    }
}

fn disc(domid: &str, vdev: &str, path: &str) {
    change(domid, |domain| {
        let drive = domain.disks.iter_mut().find(|disk| disk.vdev == vdev);
        let Some(drive) = drive else {
            die("Virtual device not found")
        };
        path.clone_into(&mut drive.pdev_path);
        let format = if path.is_empty() { "empty" } else { "raw" };
        format.clone_into(&mut drive.format);
    });
}

fn nic(spec: &str, devid: u64, kind: &str) -> serde_json::Value {
    let vif = Vif::parse(spec).unwrap_or_else(|error| die(&error.to_string()));
    let mut nic = json!({
        "devid": devid, "mac": vif.mac.map(|mac| mac.to_string()),
        "bridge": vif.bridge.unwrap_or_else(|| "xenbr0".to_owned()),
        "nictype": if kind == "hvm" { "vif_ioemu" } else { "vif" }
    });
    for (name, value) in [
        ("ip", vif.ip),
        ("script", vif.script),
        ("ifname", vif.vifname),
    ] {
        if let Some(value) = value {
            nic[name] = value.into();
        }
    }
    nic
}

fn vfb(spec: &str) -> serde_json::Value {
    let vfb = Vfb::parse(spec).unwrap_or_else(|error| die(&error.to_string()));
    let flag = |on: bool| if on { "True" } else { "False" };
    let mut vnc = json!({});
    if let Some(on) = vfb.vnc {
        vnc["enable"] = flag(on).into();
    }
    if let Some(on) = vfb.vnc_unused {
        vnc["findunused"] = flag(on).into();
    }
    if let Some(listen) = vfb.vnc_listen {
        vnc["listen"] = listen.into();
    }
    if let Some(password) = vfb.vnc_password {
        vnc["passwd"] = password.0.into();
    }
    json!({ "devid": 0, "vnc": vnc, "sdl": {} })
}

/// What an HVM guest's JSON has of its screen.
fn hvm(config: &Config) -> serde_json::Value {
    let mut hvm = json!({});
    let known = [
        ("vnc", "vnc", "enable"),
        ("vncpasswd", "vnc", "passwd"),
        ("vnclisten", "vnc", "listen"),
        ("spice", "spice", "enable"),
        ("spiceport", "spice", "port"),
        ("spicehost", "spice", "host"),
        ("spicepasswd", "spice", "passwd"),
    ];
    for (key, screen, field) in known {
        let value = config.get(key).map(|value| match value {
            Value::Integer(number) if field == "enable" => {
                json!(if *number == 0 { "False" } else { "True" })
            }
            Value::Integer(number) => json!(number),
            other => json!(other.as_text()),
        });
        if let Some(value) = value {
            hvm[screen][field] = value;
        }
    }
    hvm
}

fn create(text: &str) -> u32 {
    let config = Config::parse(text).unwrap_or_else(|error| die(&error.to_string()));
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
        hvm: hvm(&config),
        bootloader: string("bootloader"),
        affinity: pins::of_start(&config, number("maxvcpus").unwrap_or(vcpus)),
        text: text.to_owned(),
        paused: false,
        ran: true,
    };
    domain.disks.iter().for_each(must_be_there);
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
