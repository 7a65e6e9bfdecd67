use guest_spec::{Guest, Secrets};
use serde_json::{Value as Json, json};

use super::*;

fn guest(change: impl FnOnce(&mut Json)) -> Guest {
    let mut guest = json!({
        "name": "web", "type": "pv", "uuid": "6d7e3a0c-3b0f-4a55-9d0e-2b8f6f3c0001",
        "memoryMib": 256, "maxMemoryMib": 512, "vcpus": 2,
        "boot": { "bootloader": "pygrub" },
        "disks": [ { "name": "root", "path": "/vmdisks/web.img", "format": "raw", "vdev": "xvda" } ],
        "networks": [ { "name": "lan", "bridge": "xenbr0", "mac": "00:16:3e:00:00:01" } ],
        "onPoweroff": "destroy", "onReboot": "restart", "onCrash": "destroy"
    });
    change(&mut guest);
    serde_json::from_value(guest).unwrap()
}

fn text(guest: &Guest) -> String {
    guest_spec::render(guest, &Secrets::hidden()).unwrap()
}

/// What `xl list -l` of Xen 4.17 shows of the guest as it is declared above.
fn running(change: impl FnOnce(&mut Json)) -> String {
    let mut json = json!({
        "c_info": { "type": "pv", "name": "web", "domid": 4_294_967_295_u32, "uuid": "6d7e3a0c-3b0f-4a55-9d0e-2b8f6f3c0001", "run_hotplug_scripts": "True" },
        "b_info": {
            "max_vcpus": 2, "avail_vcpus": [0, 1], "max_memkb": 512 * 1024, "target_memkb": 256 * 1024, "video_memkb": 0,
            "sched_params": { "sched": "credit2", "weight": 256, "cap": 0 }, "claim_mode": "True",
            "bootloader": "pygrub", "type.pv": {}, "arch_arm": {}, "arch_x86": { "msr_relaxed": "False" }
        },
        "disks": [ { "pdev_path": "/vmdisks/web.img", "vdev": "xvda", "format": "raw", "readwrite": 1, "colo_restore_enable": "False" } ],
        "nics": [ { "devid": 0, "mac": "00:16:3e:00:00:01", "bridge": "xenbr0", "nictype": "vif" } ],
        "on_reboot": "restart", "on_soft_reset": "soft_reset"
    });
    change(&mut json);
    json.to_string()
}

fn compared(guest: &Guest, json: &str, started: Option<&str>) -> Compared {
    compare(&text(guest), Some(json), started, 17)
}

fn keys(guest: &Guest, started: Option<&str>) -> Vec<String> {
    let found = compared(guest, &running(|_| {}), started);
    let devices = |list: &'static str, devices: Vec<Device>| {
        devices
            .into_iter()
            .map(move |device| format!("{list} {}", device.id))
    };
    let keys = found.keys.into_iter().map(|difference| difference.key);
    keys.chain(devices("disk", found.disks))
        .chain(devices("vif", found.vifs))
        .collect()
}

#[test]
fn a_guest_as_it_was_started_differs_in_nothing() {
    let guest = guest(|_| {});
    let declared = text(&guest);
    let found = compared(&guest, &running(|_| {}), Some(&declared));
    assert_eq!(found, Compared::default());
    let other_spelling = declared.replace(
        "format=raw,vdev=xvda,access=rw,target=/vmdisks/web.img",
        "/vmdisks/web.img,raw,xvda,rw",
    );
    assert_ne!(other_spelling, declared);
    assert!(compare(&other_spelling, Some(&running(|_| {})), Some(&declared), 17).is_same());
}

#[test]
fn what_libxl_fills_in_is_no_difference() {
    let routed = guest(|guest| guest["networks"][0]["bridge"] = Json::Null);
    assert!(compared(&routed, &running(|_| {}), Some(&text(&routed))).is_same());
}

/// Whatever libxl shows where there is no disc: nothing, an empty path, or a file of its own.
#[test]
fn a_drive_without_a_disc_is_one() {
    let guest = guest(|guest| {
        let drive = json!({ "name": "cd", "format": "raw", "vdev": "xvdb", "cdrom": true });
        guest["disks"].as_array_mut().unwrap().push(drive);
    });
    let with_drive = |path: Json, format: &str| {
        let mut drive = json!({ "vdev": "xvdb", "format": format, "is_cdrom": 1, "removable": 1 });
        if path != Json::Null {
            drive["pdev_path"] = path;
        }
        let json = running(|json| json["disks"].as_array_mut().unwrap().push(drive));
        compared(&guest, &json, None).disks
    };
    for path in [Json::Null, json!(""), json!("/run/xen/empty-cdrom.1")] {
        assert_eq!(with_drive(path.clone(), "empty"), [], "{path:?}");
    }
    let inserted = with_drive(json!("/srv/a.iso"), "raw");
    assert_eq!(inserted.len(), 1, "{inserted:?}");
    let has = inserted[0].running.as_deref().unwrap();
    assert!(has.ends_with("target=/srv/a.iso"), "{has}");
    assert!(!inserted[0].declared.as_deref().unwrap().contains("a.iso"));
}

#[test]
fn every_change_of_a_device_is_seen() {
    let started = text(&guest(|_| {}));
    for (field, value) in [
        ("readOnly", json!(true)),
        ("format", "qcow2".into()),
        ("path", "/x".into()),
        ("script", "block-x".into()),
        ("backend", "storage".into()),
        ("trusted", false.into()),
    ] {
        let changed = guest(|guest| guest["disks"][0][field] = value);
        assert_eq!(keys(&changed, Some(&started)), ["disk xvda"], "{field}");
    }
    for (field, value) in [
        ("script", "vif-route"),
        ("ip", "10.0.0.2"),
        ("bridge", "br1"),
        ("rate", "1MB/s"),
        ("backend", "netvm"),
    ] {
        let changed = guest(|guest| guest["networks"][0][field] = value.into());
        assert_eq!(
            keys(&changed, Some(&started)),
            ["vif 00:16:3e:00:00:01"],
            "{field}"
        );
    }
}

#[test]
fn what_was_taken_away_is_seen() {
    let less = guest(|guest| guest["maxMemoryMib"] = Json::Null);
    let weighty = running(|json| json["b_info"]["sched_params"]["weight"] = 512.into());
    let found = compared(&less, &weighty, None).keys;
    let keys: Vec<&str> = found
        .iter()
        .map(|difference| difference.key.as_str())
        .collect();
    assert_eq!(keys, ["cpu_weight", "maxmem"]);
    let without = guest(|guest| guest["disks"] = json!([]));
    let found = compared(&without, &running(|_| {}), None);
    assert_eq!(found.disks[0].declared, None);
}

/// What libxl does not show is compared with the configuration of the start; without it, nobody knows.
#[test]
fn what_is_not_shown_is_remembered_or_unknown() {
    let plain = guest(|_| {});
    let declared = guest(|guest| guest["settings"] = json!({ "cpuid": "host,tm=0" }));
    let json = running(|_| {});
    for (wanted, started) in [(&declared, &plain), (&plain, &declared)] {
        let found = compared(wanted, &json, Some(&text(started)));
        let keys: Vec<&str> = found.keys.iter().map(|found| found.key.as_str()).collect();
        assert_eq!((keys, found.unknown.len()), (vec!["cpuid"], 0));
    }
    let found = compared(&declared, &json, None);
    assert_eq!(
        (found.keys.len(), found.unknown),
        (0, vec!["cpuid".to_owned()])
    );
    assert!(compared(&declared, &json, Some(&text(&declared))).is_same());
}

#[test]
fn without_any_json_all_is_remembered() {
    let started = text(&guest(|_| {}));
    let changed = guest(|guest| guest["vcpus"] = 3.into());
    let found = compare(&text(&changed), None, Some(&started), 17);
    let keys: Vec<&str> = found.keys.iter().map(|found| found.key.as_str()).collect();
    assert_eq!(keys, ["maxvcpus", "vcpus"]);
    assert!(!compare(&started, None, None, 17).unknown.is_empty());
    assert!(compare(&started, None, Some(&started), 17).is_same());
}

#[test]
fn the_number_of_an_interface_that_was_attached_again_is_no_difference() {
    let moved = running(|json| json["nics"][0]["devid"] = 3.into());
    assert!(compared(&guest(|_| {}), &moved, Some(&text(&guest(|_| {})))).is_same());
}

/// The memory of the graphics card, which libxl fills in by the card.
#[test]
fn the_usual_memory_of_a_screen_is_no_difference() {
    let hvm = |graphics: Json| {
        guest(|guest| {
            guest["type"] = "hvm".into();
            guest["boot"] = json!({ "bootloader": "firmware" });
            guest["graphics"] = graphics;
        })
    };
    let shown = |card: &str, mib: u64| {
        running(|json| {
            json["c_info"]["type"] = "hvm".into();
            json["b_info"]["video_memkb"] = (mib * 1024).into();
            json["b_info"]["device_model_version"] = "qemu_xen".into();
            json["b_info"]["type.hvm"] = json!({ "vga": { "kind": card } });
            json["nics"][0]["nictype"] = "vif_ioemu".into();
        })
    };
    let differing = |guest: &Guest, json: &str| {
        let keys = compared(guest, json, None).keys.into_iter();
        keys.map(|difference| (difference.running, difference.declared))
            .collect::<Vec<_>>()
    };
    let unset = hvm(json!({}));
    assert_eq!(differing(&unset, &shown("cirrus", 8)), []);
    assert_eq!(
        differing(&unset, &shown("cirrus", 16)),
        [("16".into(), String::new())]
    );
    let standard = hvm(json!({ "vga": "stdvga" }));
    assert_eq!(differing(&standard, &shown("std", 16)), []);
    let said = hvm(json!({ "videoRamMib": 8 }));
    assert_eq!(differing(&said, &shown("cirrus", 8)), []);
    let more = hvm(json!({ "videoRamMib": 16 }));
    assert_eq!(
        differing(&more, &shown("cirrus", 8)),
        [(String::new(), "16".into())]
    );
}

/// libxl shows what the scheduler has that the guest is under, and drops the rest.
#[test]
fn what_another_scheduler_would_have_is_no_difference() {
    let guest = guest(|guest| {
        guest["cpu"] = json!({ "pool": "slow", "weight": 512 });
        guest["settings"] = json!({ "period": 20_000, "extratime": 0 });
    });
    let under = |scheduler: &str, weight: Option<u32>| {
        let json = running(|json| {
            json["c_info"]["pool_name"] = "slow".into();
            json["b_info"]["sched_params"] = json!({ "sched": scheduler });
            if let Some(weight) = weight {
                json["b_info"]["sched_params"]["weight"] = weight.into();
            }
        });
        let keys = compared(&guest, &json, Some(&text(&guest)))
            .keys
            .into_iter();
        keys.map(|difference| difference.key).collect::<Vec<_>>()
    };
    assert_eq!(under("credit2", Some(512)), [""; 0]);
    assert_eq!(under("credit2", Some(256)), ["cpu_weight"]);
    assert_eq!(under("null", None), [""; 0]);
    assert_eq!(under("rtds", None), ["extratime", "period"]);
}
