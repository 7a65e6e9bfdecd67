//! Disk strings.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use xl_cfg::disk::{Access, Disk, Format};

fn disk(target: &str) -> Disk {
    Disk {
        target: target.to_owned(),
        format: Format::Raw,
        vdev: "xvda".to_owned(),
        access: Access::ReadWrite,
        cdrom: false,
    }
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
    insta::assert_snapshot!(error(disk("/a\nb")), @r#"target `/a\nb`: a path with the control character U+000A cannot be given to xl"#);
    insta::assert_snapshot!(error(disk("vmdisks/a")), @"target `vmdisks/a`: the path must be absolute; xl would look for it in /dev");
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
            "format=raw,vdev=xvda,access=rw,target=raw:/a,,",
            "raw:/a, raw xvda rw",
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
    insta::assert_snapshot!(error("vdev=xvda"), @"target is missing: only a CD drive can be empty");
    insta::assert_snapshot!(error("/a,raw,xvda,rw,foo"), @"`foo`: there are already a target, a format, a vdev and an access; a path with a comma must come last, as target=…");
    insta::assert_snapshot!(error("foo=bar,vdev=xvda,target=/a"), @"`foo=bar`: xl knows no `foo` for a disk");
    insta::assert_snapshot!(error("foo:/a,xvda,w"), @"`foo:`: xl knows no such prefix");
    insta::assert_snapshot!(error("/a,raw,xvda,q"), @"access `q`: xl knows rw (or w) and ro (or r)");
    insta::assert_snapshot!(error("/a,vmdk,xvda,w"), @"format `vmdk`: xl knows raw, qcow, qcow2, vhd and qed");
    insta::assert_snapshot!(error("vdev=xvda,vdev=xvdb,target=/a"), @"vdev is given twice");
    insta::assert_snapshot!(error("script=block-nbd,vdev=xvda,target=x"), @"`script=block-nbd`: xl knows it, but this program does not read it yet");
    assert!(Disk::parse("/a,raw,xvda,rw,target=/b").is_err());
    assert!(Disk::parse(" /a , raw , xvda , rw").is_err());
    assert!(Disk::parse("vdev=xvda,\ntarget=/a").is_err());
}
