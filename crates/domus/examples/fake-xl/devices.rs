//! Disks, interfaces and screens, as libxl keeps them.

use std::env;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::json;
use xl_cfg::disk::{Access, Disk};
use xl_cfg::vfb::Vfb;
use xl_cfg::vif::Vif;
use xl_cfg::{Config, Value};

use super::{change, die, is_named, keep};

/// A disk, with the names that libxl gives to what it says of one.
#[derive(Serialize, Deserialize, Clone)]
pub struct FakeDisk {
    pub vdev: String,
    pub pdev_path: String,
    pub format: String,
    // What is nothing, libxl leaves out.
    #[serde(skip_serializing_if = "Option::is_none")]
    readwrite: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    script: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backend_domname: Option<String>,
    /// A CD drive is removable and nothing else is (`xlu_disk_parse`).
    #[serde(skip_serializing_if = "Option::is_none")]
    removable: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_cdrom: Option<u8>,
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
            removable: disk.cdrom.then_some(1),
            is_cdrom: disk.cdrom.then_some(1),
        }
    }
}

pub fn disk(spec: &str) -> FakeDisk {
    let disk = Disk::parse(spec).unwrap_or_else(|error| die(&error.to_string()));
    FakeDisk::new(disk)
}

/// What libxl refuses: a disk that is not there. It looks at nothing that a script, QEMU or another domain knows.
pub fn must_be_there(disk: &FakeDisk) {
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

pub fn disc(domid: &str, vdev: &str, path: &str) {
    change(domid, |domain| {
        let drive = domain.disks.iter_mut().find(|disk| disk.vdev == vdev);
        let Some(drive) = drive else {
            die("Virtual device not found")
        };
        if is_named("locked", &domain.name) {
            die(
                "libxl: error: libxl_qmp.c:1837:qmp_ev_parse_error_messages: Domain 1:Device 'ide-5632' is locked and force was not specified, wait for tray to open and try again",
            );
        }
        path.clone_into(&mut drive.pdev_path);
        let format = if path.is_empty() { "empty" } else { "raw" };
        format.clone_into(&mut drive.format);
        keep(domain);
    });
}

pub fn nic(spec: &str, devid: u64, kind: &str) -> serde_json::Value {
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

pub fn vfb(spec: &str) -> serde_json::Value {
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
pub fn hvm(config: &Config) -> serde_json::Value {
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
