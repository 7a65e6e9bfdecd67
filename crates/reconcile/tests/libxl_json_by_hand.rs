//! JSON that no fixture has: what a configuration cannot say, and what nobody may see.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use reconcile::libxl_json;
use serde_json::{Value as Json, json};

#[test]
fn a_password_is_a_setting_and_shown_nowhere() {
    let json = json!({
        "c_info": {"type": "hvm", "name": "hall"},
        "b_info": {"type.hvm": {
            "vnc": {"passwd": "swordfish"},
            "spice": {"passwd": ["swordfish"]},
        }},
        "vfbs": [{"vnc": {"passwd": "swordfish,swordfish"}}, {"vnc": {"passwd": "swordfish"}, "swordfish": 1}],
    });
    let read = libxl_json::config(&json);
    let password = |key: &str| read.config.get(key).map(ToString::to_string);
    assert_eq!(password("vncpasswd").as_deref(), Some("swordfish"));
    assert_eq!(password("vfb").as_deref(), Some("[ vncpasswd=swordfish ]"));
    // The name of a field is libxl's, no secret of the guest's.
    assert_eq!(
        read.unread,
        [
            "/b_info/type.hvm/spice/passwd/0",
            "/vfbs/0",
            "/vfbs/1/swordfish"
        ]
    );
    insta::assert_snapshot!(
        format!("{read:?}").replace("/swordfish", "/field"),
        @r#"Read { keys: ["name", "type", "on_reboot", "on_soft_reset", "vfb", "vncpasswd"], unread: ["/b_info/type.hvm/spice/passwd/0", "/vfbs/0", "/vfbs/1/field"] }"#
    );
}

#[test]
fn what_no_file_can_say_is_told() {
    let read = |json: Json| {
        let read = libxl_json::config(&json);
        format!(
            "{}{}",
            read.config.to_text().unwrap(),
            read.unread.join("\n")
        )
    };
    insta::assert_snapshot!(read(json!({
        "b_info": {
            "max_vcpus": 3, "avail_vcpus": [0, 2], "max_memkb": 2047, "target_memkb": 1024, "claim_mode": "False",
            "cpuid": {"cpuid": [{"leaf": 7, "subleaf": 0, "ebx": "x".repeat(32)}], "msr": [{"index": 266}]},
            "numa_placement": "False", "shadow_memkb": 1025,
        },
        "on_crash": "hibernate",
    })), @r#"
    vcpus = 2
    maxvcpus = 3
    cpuid = [ "0x7,0:ebx=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" ]
    memory = 1
    maxmem = 1
    /b_info/avail_vcpus
    /b_info/claim_mode
    /b_info/cpuid/msr/0/index
    /b_info/max_memkb
    /b_info/numa_placement
    /b_info/shadow_memkb
    /on_crash
    "#);
    // What is plugged in while a guest runs has numbers of its own.
    insta::assert_snapshot!(read(json!({
        "usbctrls": [{"devid": 1, "type": "qusb"}, {"devid": 4}],
        "usbdevs": [
            {"ctrl": 4, "port": 2, "type.hostdev": {"hostbus": 1, "hostaddr": 2}},
            {"ctrl": 7, "port": 2, "type.hostdev": {"hostbus": 1, "hostaddr": 3}},
        ],
        "nics": [
            {"devid": 2, "rate_bytes_per_interval": 125, "rate_interval_usecs": 1000},
            {"devid": 1, "rate_bytes_per_interval": 1, "rate_interval_usecs": 0},
            {"devid": 1, "mtu": 1500, "backend_domid": 3, "colour": "red"},
        ],
        "pcidevs": [{"bus": 1, "vdevfn": 9, "vfunc_mask": 1}, {"dev": 31, "func": 7, "domain": 65535}],
        "disks": [{"vdev": "xvda", "pdev_path": "relative", "format": "raw"}],
    })), @r#"
    disk = [ "format=raw,vdev=xvda,access=ro,target=relative" ]
    vif = [
      "rate=125KB/s@1ms,devid=2",
      "backend=3,mtu=1500",
    ]
    usbctrl = [
      "type=qusb",
      "type=auto",
    ]
    usbdev = [ "type=hostdev,hostbus=1,hostaddr=2,controller=1,port=2" ]
    pci = [ "bdf=ffff:00:1f.7" ]
    /nics/1
    /nics/2/colour
    /pcidevs/0
    /usbdevs/1
    "#);
    let labels = |json: &str| read(serde_json::from_str(json).unwrap());
    assert_eq!(
        labels(
            r#"{"c_info": {"ssid_label": "a", "ssidref": 1}, "on_reboot": "restart", "on_soft_reset": "soft_reset"}"#
        ),
        "seclabel = \"a\"\n"
    );
    assert_eq!(
        labels(
            r#"{"c_info": {"ssid_label": "a", "poolid": 1}, "b_info": {"exec_ssid_label": "b"}}"#
        ),
        "seclabel = \"b\"\ninit_seclabel = \"a\"\non_reboot = \"destroy\"\non_soft_reset = \"destroy\"\n/c_info/poolid"
    );
    let all: Vec<u32> = (0..64).collect();
    assert_eq!(
        read(json!({"b_info": {"type.hvm": {"viridian_enable": all}}})),
        "viridian = [ \"all\" ]\n"
    );
    for json in [json!(null), json!([]), json!({}), json!("a"), json!(1)] {
        assert_eq!(libxl_json::config(&json).unread, [""], "{json}");
    }
}

#[test]
fn what_libxl_makes_up_for_a_virtual_tpm_is_no_difference() {
    let config = |second: &str| {
        let text = format!(
            "name = 'a'\ntype = 'pv'\nvtpm = [ 'backend=tpms', 'backend=tpms,uuid={second}' ]\n"
        );
        xl_cfg::Config::parse(&text).unwrap()
    };
    let json = json!({
        "c_info": { "type": "pv", "name": "a" },
        "vtpms": [
            { "backend_domname": "tpms", "uuid": "48d7b615-b9e5-47ac-9217-b2b17b61ff32" },
            { "backend_domname": "tpms", "devid": 1, "uuid": "ac0a5b9e-cbe2-4c07-b43b-1d69e46fb839" }
        ]
    });
    let read = libxl_json::config(&json).config;
    let differs = |second: &str| {
        let all = libxl_json::differences(&config(second), &read, 17);
        all.iter().any(|difference| difference.key == "vtpm")
    };
    assert!(!differs("ac0a5b9e-cbe2-4c07-b43b-1d69e46fb839"));
    assert!(differs("ac0a5b9e-cbe2-4c07-b43b-1d69e46fb830"));
}
