//! What Xen newer than 4.17 would print of the corpus, by `libxl_types.idl` of Xen 4.23: written by hand, for no such
//! Xen runs in the tests. It shows that each file's newer parts are read back; not that such a Xen prints them so.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;

use reconcile::libxl_json;
use serde_json::{Value as Json, json};
use xl_cfg::Config;

const MINOR: u32 = 23;
const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../xl-cfg/tests/corpus");

/// The JSON with what stands in every file's.
fn domain(guest: &str, name: &str, memory_mib: u64, mut json: Json) -> Json {
    json["c_info"] = json!({"type": guest, "name": name, "run_hotplug_scripts": "True"});
    json["on_reboot"] = "restart".into();
    json["on_soft_reset"] = "soft_reset".into();
    json["b_info"]["max_memkb"] = (memory_mib * 1024).into();
    json["b_info"]["target_memkb"] = (memory_mib * 1024).into();
    json
}

fn read_back(path: &str, json: &Json) {
    let read = libxl_json::config(json);
    assert_eq!(read.unread, [""; 0], "{path}");
    let file = fs::read(format!("{CORPUS}/{path}")).unwrap();
    let written = Config::parse(&file).unwrap();
    let differences = libxl_json::differences(&written, &read.config, MINOR);
    assert_eq!(differences, [], "{path}");
}

#[test]
fn arm() {
    let board = json!({
        "b_info": {
            "max_vcpus": 4, "avail_vcpus": [0, 1, 2, 3], "kernel": "/boot/Image",
            "llc_colors": [0, 1, 2, 3, 8, 12, 13, 14, 15],
            "arch_arm": {"sve_vl": "256", "nr_spis": 128, "arm_sci": {"type": "scmi_smc"}},
            "trap_unmapped_accesses": "False",
        },
        "disks": [{"pdev_path": "/dev/mmcblk0p7", "vdev": "xvda", "format": "raw", "readwrite": 1}],
        "virtios": [
            {"backend_domname": "DomD", "type": "virtio,device22", "transport": "mmio", "devid": 0},
            {"type": "virtio,device", "grant_usage": "True", "devid": 1},
        ],
    });
    read_back("pvh/arm-new.cfg", &domain("pvh", "vision", 2048, board));
    let partitions = json!({"b_info": {"kernel": "/boot/Image", "tee": "ffa"}});
    read_back(
        "pvh/arm-ffa.cfg",
        &domain("pvh", "payments", 256, partitions),
    );
}

#[test]
fn hvm() {
    let text = |key: &str, value: &str| json!({"key": key, "value": value});
    let texts = json!({
        "b_info": {"type.hvm": {"smbios": [
            text("bios_vendor", "Example Ltd"),
            text("system_product_name", "Model = 7"),
            text("system_serial_number", "X-0042"),
            text("oem", "first"),
            text("oem", "second, with a comma"),
        ]}},
        "disks": [{"pdev_path": "/dev/vg0/inventory", "vdev": "hda", "format": "raw", "readwrite": 1}],
    });
    read_back("hvm/smbios.cfg", &domain("hvm", "inventory", 2048, texts));
    let switches = json!({
        "b_info": {"type.hvm": {"xen_platform_pci_bar_uc": "False", "pirq": "True"}},
        "disks": [{"pdev_path": "/dev/vg0/freebsd14", "vdev": "hda", "format": "raw", "readwrite": 1}],
        "nics": [{"devid": 0, "bridge": "bridge0", "vlan": "20p/30"}],
    });
    read_back(
        "hvm/new-platform.cfg",
        &domain("hvm", "freebsd14", 2048, switches),
    );
}

#[test]
fn pv_and_pvh() {
    let quotas = json!({"b_info": {
        "kernel": "/boot/vmlinuz",
        "xenstore_feature_mask": 11,
        "xenstore_quota": {"quota": [
            {"name": "nodes", "val": 2000}, {"name": "watches", "val": 256}, {"name": "transactions", "val": 20},
        ]},
    }});
    read_back("pv/xenstore.cfg", &domain("pv", "talkative", 256, quotas));
    let shares = json!({
        "b_info": {"kernel": "/boot/vmlinuz"},
        "p9s": [
            {
                "path": "/var/log/guests/logger", "security_model": "none", "type": "xen_9pfsd",
                "max_files": 100, "max_open_files": 8, "max_space": 64, "auto_delete": true,
            },
            {"tag": "spool", "path": "/var/spool/guests", "security_model": "none", "type": "xen_9pfsd"},
        ],
    });
    read_back("pv/9p-daemon.cfg", &domain("pv", "logger", 256, shares));
    let disks = json!({
        "b_info": {"kernel": "/boot/vmlinuz"},
        "disks": [
            {"pdev_path": "/dev/vg0/suspicious", "vdev": "xvda", "format": "raw", "readwrite": 1, "trusted": "False"},
            {"pdev_path": "/dev/vg0/own", "vdev": "xvdb", "format": "raw", "readwrite": 1, "trusted": "True"},
        ],
    });
    read_back("pv/disk-trust.cfg", &domain("pv", "suspicious", 512, disks));
    let loader = json!({
        "b_info": {
            "bootloader": "pygrub", "bootloader_args": ["--entry", "1", "-q"],
            "bootloader_restrict": "True", "bootloader_user": "xen-careful",
        },
        "disks": [{"pdev_path": "/dev/vg0/careful", "vdev": "xvda", "format": "raw", "readwrite": 1}],
    });
    read_back(
        "pv/restricted-bootloader.cfg",
        &domain("pv", "careful", 512, loader),
    );
    let views =
        json!({"b_info": {"kernel": "/boot/vmlinuz", "altp2m": "external", "altp2m_count": 64}});
    read_back("pvh/view-count.cfg", &domain("pvh", "sandbox", 512, views));
}
