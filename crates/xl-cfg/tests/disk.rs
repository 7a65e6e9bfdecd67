//! Disk strings.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use xl_cfg::disk::{Access, BackendType, Colo, Disk, Format, Specification};

fn disk(target: &str) -> Disk {
    Disk::new(target, "xvda")
}

fn read(spec: &str) -> String {
    let disk = Disk::parse(spec).unwrap_or_else(|error| panic!("{spec}: {error}"));
    let (cdrom, access) = (if disk.cdrom { " cdrom" } else { "" }, disk.access.as_str());
    format!(
        "{} {} {} {access}{cdrom}",
        disk.target, disk.format, disk.vdev
    )
}

#[test]
fn written() {
    let of = |disk: &Disk| disk.to_spec().unwrap();
    assert_eq!(
        of(&disk("/vmdisks/a.img")),
        "format=raw,vdev=xvda,access=rw,target=/vmdisks/a.img"
    );
    assert_eq!(
        of(&disk("/a,b=c")),
        "format=raw,vdev=xvda,access=rw,target=/a,b=c"
    );
    // xl strips one comma from the end.
    assert_eq!(
        of(&disk("/a,")),
        "format=raw,vdev=xvda,access=rw,target=/a,,"
    );
    let cdrom = Disk {
        vdev: "hdc".into(),
        cdrom: true,
        ..disk("/a.iso")
    };
    assert_eq!(
        of(&cdrom),
        "format=raw,vdev=hdc,access=ro,cdrom,target=/a.iso"
    );
    let empty = Disk {
        target: String::new(),
        ..cdrom
    };
    assert_eq!(of(&empty), "vdev=hdc,access=ro,cdrom,target=");
    let qcow2 = Disk {
        format: Format::Qcow2,
        access: Access::ReadOnly,
        ..disk("/a")
    };
    assert_eq!(of(&qcow2), "format=qcow2,vdev=xvda,access=ro,target=/a");
}

#[test]
fn refused_when_written() {
    let error = |disk: Disk| disk.to_spec().unwrap_err().to_string();
    insta::assert_snapshot!(error(disk("/a\nb")), @r#"target `/a\nb`: it holds the control character U+000A"#);
    insta::assert_snapshot!(error(disk("")), @"target is missing: a disk needs a path; only a CD drive can be empty");
    insta::assert_snapshot!(error(Disk { vdev: "xvda,".into(), ..disk("/a") }), @"vdev `xvda,`: it must be like xvda, hda or sda, with a number for a partition");
    insta::assert_snapshot!(error(Disk { vdev: String::new(), ..disk("/a") }), @"vdev ``: it must be like xvda, hda or sda, with a number for a partition");
    assert!(
        Disk {
            vdev: "xvd".into(),
            ..disk("/a")
        }
        .to_spec()
        .is_err()
    );
    assert!(
        Disk {
            vdev: "xvda1x".into(),
            ..disk("/a")
        }
        .to_spec()
        .is_err()
    );
}

#[test]
fn positional_and_legacy_forms() {
    for (spec, expected) in [
        ("/a,raw,xvda,rw", "/a raw xvda rw"),
        ("/a,,xvda,w", "/a raw xvda rw"),
        ("/a,qcow2,xvda,r", "/a qcow2 xvda ro"),
        ("/a,raw,hdc:cdrom,r", "/a raw hdc ro cdrom"),
        (",hdc:cdrom,r", " raw hdc ro cdrom"),
        ("vdev=hdc,cdrom", " raw hdc ro cdrom"),
        ("vdev=hdc,cdrom,target=", " raw hdc ro cdrom"),
        ("vdev=hdc,qcow2:cdrom", " raw hdc ro cdrom"),
        ("phy:/dev/x,xvda,w", "/dev/x raw xvda rw"),
        ("file:/a/b,xvda,w", "/a/b raw xvda rw"),
        ("tap:qcow2:/a,xvda,w", "/a qcow2 xvda rw"),
        ("vdev=xvda,/a,qcow2", "/a qcow2 xvda rw"),
        ("vdev=xvda,raw:/x", "/x raw xvda rw"),
        (
            "format=raw,format=raw,vdev=xvda,target=/a",
            "/a raw xvda rw",
        ),
        (
            "format=raw, vdev=xvda, access=rw, target=/a",
            "/a raw xvda rw",
        ),
        (
            "format=raw,vdev=xvda,access=rw,cdrom,target=/a",
            "/a raw xvda ro cdrom",
        ),
        (
            "format=raw,vdev=xvda,access=rw,target=/raw:/a,,",
            "/raw:/a, raw xvda rw",
        ),
        ("/a,raw,xvda,rw,", "/a raw xvda rw"),
        ("/a,raw,xvda,rw,access=ro", "/a raw xvda ro"),
        (
            "access=rw,access=ro,vdev=xvda,target=/x y",
            "/x y raw xvda ro",
        ),
    ] {
        assert_eq!(read(spec), expected, "{spec}");
    }
}

#[test]
fn refused_when_read() {
    let error = |spec: &str| Disk::parse(spec).unwrap_err().to_string();
    insta::assert_snapshot!(error(""), @"vdev is missing: every disk needs one, such as xvda");
    insta::assert_snapshot!(error("vdev=xvda"), @"target is missing: a disk needs a path; only a CD drive can be empty");
    insta::assert_snapshot!(error("/a,raw,xvda,rw,foo"), @"`foo`: there are already a target, a format, a vdev and an access; a path with a comma must come last, as target=…");
    insta::assert_snapshot!(error("foo=bar,vdev=xvda,target=/a"), @"`foo`: xl knows no such key for a disk; it knows target, format, vdev, access, devtype, backend, backendtype, script, specification, grant_usage, colo-host, colo-port, colo-export, active-disk and hidden-disk");
    insta::assert_snapshot!(error("foo:/a,xvda,w"), @"`foo:`: xl knows no such prefix");
    insta::assert_snapshot!(error("/a,raw,xvda,q"), @"access `q`: xl knows rw (or w) and ro (or r)");
    insta::assert_snapshot!(error("/a,vmdk,xvda,w"), @"format `vmdk`: xl knows raw, qcow, qcow2, vhd and qed");
    insta::assert_snapshot!(error("vdev=xvda,vdev=xvdb,target=/a"), @"vdev is given twice");
    assert!(Disk::parse("/a,raw,xvda,rw,target=/b").is_err());
    assert!(Disk::parse(" /a , raw , xvda , rw").is_err());
    assert!(Disk::parse("vdev=xvda,\ntarget=/a").is_err());
    insta::assert_snapshot!(error("cdrom=1,vdev=xvda,target=/a"), @"`cdrom`: it stands alone, without = and a value");
    insta::assert_snapshot!(error("backendtype=qdsk,vdev=xvda,target=/a"), @"backendtype `qdsk`: xl knows phy, qdisk, tap and standalone; did you mean `qdisk`?");
    insta::assert_snapshot!(error("grant_usage=10,vdev=xvda,target=/a"), @"grant_usage `10`: xl knows 1 and 0");
    insta::assert_snapshot!(error("vdev=hde,target=/a"), @"vdev `hde`: xl knows hda to hdd, with a number to 63 for a partition");
    assert!(Disk::parse("phy:vg/lv,xvda,w").unwrap().is_relative());
    assert!(!Disk::parse("phy:/dev/vg/lv,xvda,w").unwrap().is_relative());
    assert!(
        !Disk::parse("vdev=xvda,script=block-iscsi,target=iqn")
            .unwrap()
            .is_relative()
    );
    insta::assert_snapshot!(error("backendtype=phy,backendtype=tap,vdev=xvda,target=/a"), @"backendtype is given twice");
}

#[test]
fn every_key() {
    let mut full = Disk {
        access: Access::ReadOnly,
        backend: Some("storage".into()),
        backend_type: Some(BackendType::Qdisk),
        script: Some("block-nbd".into()),
        direct_io_safe: true,
        discard: Some(false),
        untrusted: true,
        specification: Specification::Virtio,
        grant_usage: Some(true),
        colo: Colo {
            enabled: true,
            host: Some("10.0.0.2".into()),
            port: Some(9000),
            export: Some("x".into()),
            active_disk: Some("/a".into()),
            hidden_disk: Some("/h".into()),
        },
        ..disk("rbd:pool/image")
    };
    let spec = full.to_spec().unwrap();
    assert_eq!(
        spec,
        "format=raw,vdev=xvda,access=ro,backend=storage,backendtype=qdisk,script=block-nbd,direct-io-safe,no-discard,untrusted,specification=virtio,grant_usage=1,colo,colo-host=10.0.0.2,colo-port=9000,colo-export=x,active-disk=/a,hidden-disk=/h,target=rbd:pool/image"
    );
    assert_eq!(Disk::parse(&spec).unwrap(), full);
    // Of two flags that contradict each other, the last holds.
    let again = spec.replace("no-discard", "discard,no-discard,trusted");
    assert_eq!(Disk::parse(&again).unwrap(), full);
    full.colo.port = Some(0);
    assert!(full.to_spec().is_err());
}

#[test]
fn old_prefixes_become_scripts() {
    let disk = Disk::parse("nbd:host:10809,xvda,w").unwrap();
    assert_eq!(disk.script.as_deref(), Some("block-nbd"));
    assert_eq!(
        disk.to_spec().unwrap(),
        "format=raw,vdev=xvda,access=rw,script=block-nbd,target=host:10809"
    );
    let disk = Disk::parse("drbd:res,xvda,w").unwrap();
    assert_eq!(disk.script.as_deref(), Some("block-drbd"));
}

#[test]
fn vdevs_that_libxl_knows() {
    for vdev in [
        "xvda", "xvdzz12", "xvda255", "hdd63", "sdp15", "d0p0", "d536p37", "51712", "0xca00",
    ] {
        Disk::new("/a", vdev).to_spec().unwrap();
    }
    for vdev in [
        "xvd",
        "xvda0",
        "xvda01",
        "xvda256",
        "xvda+1",
        "hde",
        "hda64",
        "sdq",
        "sda16",
        "d0",
        "dp",
        "d1p256",
        "XVDA",
        "2147483648",
        " 1",
        "+1",
        "xvdaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ] {
        assert!(Disk::new("/a", vdev).to_spec().is_err(), "{vdev}");
    }
}
