//! Each rule about disks and network interfaces, with a guest that breaks it; and what must be let through.

use serde_json::{Value, json};

use super::cases::{guest, problems, told};

/// A guest of a type with one disk more, which has these fields.
fn disk(kind: &'static str, fields: Value) -> (&'static str, Value) {
    let mut disk =
        json!({ "name": "data", "path": "/vmdisks/data.img", "format": "raw", "vdev": "xvdb" });
    merge(&mut disk, fields);
    let root =
        json!({ "name": "root", "path": "/vmdisks/web.img", "format": "raw", "vdev": "xvda" });
    (kind, json!({ "disks": [root, disk] }))
}

/// The same guest, with its QEMU in a domain of its own.
fn stubdomain((kind, mut fields): (&'static str, Value)) -> (&'static str, Value) {
    fields["deviceModel"] = json!({ "stubdomain": { "enable": true } });
    (kind, fields)
}

fn networks(kind: &'static str, list: Vec<Value>) -> (&'static str, Value) {
    let list: Vec<Value> = list
        .into_iter()
        .enumerate()
        .map(|(number, fields)| {
            let mut network =
                json!({ "name": format!("n{number}"), "mac": format!("00:16:3e:00:00:0{number}") });
            merge(&mut network, fields);
            network
        })
        .collect();
    (kind, json!({ "networks": list }))
}

fn merge(into: &mut Value, fields: Value) {
    let Value::Object(fields) = fields else {
        panic!("{fields}")
    };
    for (name, field) in fields {
        into[name] = field;
    }
}

#[test]
fn disks() {
    insta::assert_snapshot!(told(&[
        disk("pv", json!({ "path": null })),
        disk("pv", json!({ "path": "pool/image" })),
        disk("pv", json!({ "path": "pool/image", "backend": "0" })),
        disk("pv", json!({ "path": "a\nb", "script": "block-rbd" })),
        disk("pv", json!({ "path": "", "backend": "storage" })),
        disk("pv", json!({ "path": "/srv/../x", "backendType": "qdisk" })),
        disk(
            "pv",
            json!({ "path": "nbd:192.0.2.1:10809", "backendType": "qdisk" })
        ),
        disk(
            "pv",
            json!({ "path": "file:/vmdisks/a.img", "backendType": "qdisk", "backend": "0" })
        ),
        disk("pv", json!({ "path": "pool/image", "backendType": "tap" })),
        disk("pv", json!({ "vdev": "d0p0" })),
        disk("pv", json!({ "vdev": "51712" })),
        disk("hvm", json!({ "vdev": "hda" })),
        disk("pv", json!({ "vdev": "xvda256" })),
        disk("pv", json!({ "backend": "a,b" })),
        disk("pv", json!({ "backend": "00" })),
        disk("pv", json!({ "backend": "4294967296" })),
        disk("pv", json!({ "script": "block a=b" })),
        disk("pv", json!({ "backendType": "phy", "format": "qcow2" })),
        disk("pv", json!({ "backendType": "tap", "format": "qed" })),
        disk(
            "pv",
            json!({ "backendType": "qdisk", "script": "block-drbd" })
        ),
        disk("pv", json!({ "script": "block-drbd", "format": "qcow2" })),
        disk(
            "pv",
            json!({ "script": "block-drbd", "path": null, "cdrom": true })
        ),
        disk("hvm", json!({ "script": "block-drbd", "cdrom": true })),
        disk("pv", json!({ "backendType": "standalone" })),
        disk(
            "pv",
            json!({ "backendType": "phy", "specification": "virtio" })
        ),
        disk(
            "pv",
            json!({ "format": "qcow2", "specification": "virtio" })
        ),
        disk(
            "pv",
            json!({ "script": "block-drbd", "specification": "virtio" })
        ),
        disk("hvm", json!({ "cdrom": true, "specification": "virtio" })),
        disk("hvm", json!({ "cdrom": true, "backendType": "tap" })),
        disk(
            "pv",
            json!({ "cdrom": true, "backendType": "tap", "path": null })
        ),
        disk(
            "pv",
            json!({ "colo": { "enable": true, "port": 0 }, "backendType": "phy" })
        ),
        disk(
            "pv",
            json!({ "colo": { "enable": true, "host": "a,b" }, "script": "block-drbd" })
        ),
        disk("pv", json!({ "path": "/dev/vg0/data", "format": "qcow2" })),
        disk("hvm", json!({ "readOnly": true })),
        disk("hvm", json!({ "readOnly": true, "backend": "0" })),
        stubdomain(disk(
            "hvm",
            json!({ "readOnly": true, "backend": "storage" })
        )),
        disk(
            "hvm",
            json!({ "path": "/vmdisks/a,b.img", "backend": "Domain-0" })
        ),
        disk("hvm", json!({ "path": "/vmdisks/a,b.img" })),
        disk("pv", json!({ "size": "1GiB", "script": "block-drbd" })),
        disk("pv", json!({ "size": "1GiB", "backend": "storage" })),
        disk("pv", json!({ "size": "1GiB", "format": "vhd" })),
        disk("pv", json!({ "size": "1GiB", "backendType": "phy" })),
        disk("pv", json!({ "size": "1GiB", "specification": "virtio" })),
        disk("pv", json!({ "size": "1GiB", "cdrom": true })),
    ]));
}

/// What libxl takes, whatever we think of it.
#[test]
fn disks_that_work() {
    for (kind, fields) in [
        disk("pv", json!({ "path": null, "cdrom": true })),
        disk(
            "hvm",
            json!({ "path": null, "cdrom": true, "backendType": "phy" }),
        ),
        disk(
            "pv",
            json!({ "path": "iqn.2001-05.org.example:lun0,portal=192.0.2.9", "script": "block-iscsi" }),
        ),
        disk(
            "pv",
            json!({ "path": "old.vhd", "format": "vhd", "script": "block-tap" }),
        ),
        disk(
            "pv",
            json!({ "path": "rbd:pool/image:id=admin", "backendType": "qdisk", "backend": "storage" }),
        ),
        disk(
            "pv",
            json!({ "path": "vg1/data", "backend": "storage", "format": "qcow2" }),
        ),
        disk(
            "pv",
            json!({ "path": "/vmdisks/a,b.qcow2", "format": "qcow2", "backendType": "qdisk" }),
        ),
        disk(
            "pv",
            json!({ "path": "/dev/vg0/data", "format": "qcow2", "backendType": "qdisk" }),
        ),
        disk(
            "pv",
            json!({ "vdev": "0x0300", "trusted": false, "discard": false, "directIoSafe": true }),
        ),
        disk("pvh", json!({ "vdev": "hdd", "readOnly": true })),
        disk(
            "pvh",
            json!({ "specification": "virtio", "grantUsage": true, "backend": "storage" }),
        ),
        disk("hvm", json!({ "readOnly": true, "vdev": "xvde" })),
        disk("hvm", json!({ "readOnly": true, "vdev": "sda" })),
        disk("hvm", json!({ "readOnly": true, "backend": "storage" })),
        disk("hvm", json!({ "readOnly": true, "backend": "10" })),
        disk(
            "hvm",
            json!({ "script": "block-drbd", "cdrom": true, "backendType": "phy" }),
        ),
        disk(
            "hvm",
            json!({ "format": "vhd", "colo": { "enable": true, "host": "192.0.2.66", "port": 9000 } }),
        ),
        disk("hvm", json!({ "path": "/vmdisks/a,b.img", "vdev": "xvde" })),
    ] {
        assert_eq!(
            problems(&[guest(kind, &fields)]),
            [""; 0],
            "{kind} {fields}"
        );
    }
}

#[test]
fn network_interfaces() {
    insta::assert_snapshot!(told(&[
        networks("pv", vec![json!({ "type": "ioemu" })]),
        networks("pv", vec![json!({ "vifname": "a-name-of-16-byt" })]),
        networks("hvm", vec![json!({ "vifname": "twelve-bytes" })]),
        networks(
            "pv",
            vec![json!({ "vifname": "web0" }), json!({ "vifname": "web0" })]
        ),
        networks("pv", vec![json!({ "devid": 3 }), json!({ "devid": 3 })]),
        networks("pv", vec![json!({ "devid": 1 }), json!({})]),
        networks("pv", vec![json!({ "devid": 2_147_483_648_u32 })]),
        networks("pv", vec![json!({ "mtu": 67 })]),
        networks("pv", vec![json!({ "mtu": 65536 })]),
        networks("pv", vec![json!({ "rate": "10MB" })]),
        networks("pv", vec![json!({ "rate": "1B/s@1ms" })]),
        networks("pv", vec![json!({ "vlan": "10/20" })]),
        networks("pv", vec![json!({ "vlan": "4095" })]),
        networks("hvm", vec![json!({ "model": "e1000,x=y" })]),
        networks("pv", vec![json!({ "gatewaydev": "eth 0" })]),
        networks("pv", vec![json!({ "backend": "a,b" })]),
        networks("pv", vec![json!({ "backend": "01" })]),
        networks("pv", vec![json!({ "bridge": "ovs0:30" })]),
        networks(
            "pv",
            vec![json!({ "bridge": "ovs0.4096", "script": "vif-openvswitch" })]
        ),
        networks(
            "pv",
            vec![json!({ "colo": { "colo_checkpoint_hst": "x" } })]
        ),
        networks("pv", vec![json!({ "colo": { "forwarddev": "a,b" } })]),
    ]));
}

#[test]
fn network_interfaces_that_work() {
    for (kind, fields) in [
        networks("pv", vec![json!({ "model": "netfront", "type": "vif" })]),
        networks(
            "hvm",
            vec![json!({ "vifname": "twelve-bytes", "type": "vif" })],
        ),
        networks(
            "hvm",
            vec![
                json!({ "vifname": "eleven-byte" }),
                json!({ "vifname": "eleven-byte", "backend": "netvm" }),
            ],
        ),
        networks(
            "pv",
            vec![json!({ "devid": 9 }), json!({}), json!({ "devid": 0 })],
        ),
        networks(
            "pv",
            vec![
                json!({ "mtu": 9000, "rate": "250KB/s@20ms", "vlan": "10p/20/100+10x4", "trusted": false }),
            ],
        ),
        networks(
            "pv",
            vec![
                json!({ "bridge": "ovs0.20:30:40", "script": "/etc/xen/scripts/vif-openvswitch" }),
            ],
        ),
        networks("hvm", vec![json!({ "colo": { "forwarddev": "eth0" } })]),
    ] {
        assert_eq!(
            problems(&[guest(kind, &fields)]),
            [""; 0],
            "{kind} {fields}"
        );
    }
}

/// Two guests of these fields, the second with another name and address.
fn two(fields: &Value, second: Value) -> Vec<String> {
    let web = guest("pv", fields);
    let mut mail = guest("pv", fields);
    merge(&mut mail, second);
    mail["name"] = "mail".into();
    mail["uuid"] = "6d7e3a0c-3b0f-4a55-9d0e-2b8f6f3c0002".into();
    for network in mail["networks"].as_array_mut().unwrap() {
        network["mac"] = "00:16:3e:00:00:09".into();
    }
    problems(&[web, mail])
}

#[test]
fn disks_of_two_guests() {
    let shares = |fields: Value| {
        let disks = json!([merged(
            json!({ "name": "root", "format": "raw", "vdev": "xvda" }),
            fields
        )]);
        two(&json!({ "disks": disks, "networks": [] }), json!({}))
    };
    let file = json!({ "path": "/vmdisks/a.img" });
    let iscsi = json!({ "path": "iqn.2001-05.org.example:lun0", "script": "block-iscsi" });
    let served = json!({ "path": "vg1/a", "backend": "storage" });
    let said: Vec<String> = [file, iscsi.clone(), served].map(shares).concat();
    insta::assert_snapshot!(said.join("\n"));
    assert_eq!(shares(merged(iscsi, json!({ "readOnly": true }))), [""; 0]);

    // One path in two domains is two disks; a drive without a disc is none.
    let disk = |fields: Value| {
        json!([merged(
            json!({ "name": "root", "format": "raw", "vdev": "xvda" }),
            fields
        )])
    };
    let here = json!({ "disks": disk(json!({ "path": "/dev/vg0/a" })), "networks": [] });
    let there = json!({ "disks": disk(json!({ "path": "/dev/vg0/a", "backend": "storage" })) });
    assert_eq!(two(&here, there), [""; 0]);
    let by_script = json!({ "disks": disk(json!({ "path": "/dev/vg0/a", "script": "block-x" })) });
    assert_eq!(two(&here, by_script).len(), 1);
    let cds = json!({ "boot": { "bootloader": "direct", "kernel": "/k" }, "networks": [],
                      "disks": disk(json!({ "cdrom": true })) });
    assert_eq!(two(&cds, json!({})), [""; 0]);
    // One disc in two drives is only read.
    let iso = json!({ "boot": { "bootloader": "direct", "kernel": "/k" }, "networks": [],
                       "disks": disk(json!({ "cdrom": true, "path": "/a.iso" })) });
    assert_eq!(two(&iso, json!({})), [""; 0]);
}

fn merged(mut into: Value, fields: Value) -> Value {
    merge(&mut into, fields);
    into
}

#[test]
fn vifnames_of_two_guests() {
    let disks =
        json!([{ "name": "root", "path": "/vmdisks/mail.img", "format": "raw", "vdev": "xvda" }]);
    let fields =
        json!({ "networks": [{ "name": "lan", "vifname": "wan0", "mac": "00:16:3e:00:00:01" }] });
    let with = |autostart: bool| json!({ "disks": disks, "autostart": autostart });
    insta::assert_snapshot!(two(&fields, with(true)).join("\n"));
    assert_eq!(two(&fields, with(false)), [""; 0]);
}
