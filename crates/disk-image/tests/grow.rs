//! Images grown with the real e2fsck, resize2fs and qemu-img: what they held is there, and nothing else changed.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{FileExt, MetadataExt, symlink};
use std::path::Path;

use disk_image::{
    FileSystemKind, Format, Found, Growth, ImageError, Inside, Tools, grow, inspect, needs_growth,
    usage,
};
use support::{
    GIB, KINDS, MIB, bare, debugfs, fill, holds_what_was_filled, is_sound, make, names, run, shown,
    with_mke2fs,
};

fn length(path: &Path) -> u64 {
    fs::metadata(path).unwrap().len()
}

/// What a plan says before, what growing says, and what a plan says after.
fn grow_and_check(path: &Path, from: u64, to: u64) {
    let before = needs_growth(path, Format::Raw, to).unwrap();
    assert_eq!(
        before,
        Growth::Image {
            from_bytes: from,
            with_file_system: true
        }
    );
    let grown = grow(path, Format::Raw, to, &Tools::default()).unwrap();
    assert_eq!((grown.from_bytes, grown.size_bytes), (from, to));
    assert!(
        matches!(grown.inside, Inside::FileSystem { from_bytes, to_bytes } if from_bytes <= from && to_bytes <= to && to_bytes > from_bytes),
        "{grown:?}"
    );
    assert_eq!(length(path), to);
    is_sound(path);
    assert_eq!(
        needs_growth(path, Format::Raw, to).unwrap(),
        Growth::AsDeclared
    );
    let again = grow(path, Format::Raw, to, &Tools::default()).unwrap();
    assert_eq!((again.from_bytes, again.size_bytes), (to, to));
}

#[test]
fn each_file_system_grows_with_its_image() {
    for kind in KINDS {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("root.img");
        make(&path, kind, 64 * MIB, Format::Raw);
        fill(&path);
        grow_and_check(&path, 64 * MIB, 300 * MIB);
        grow_and_check(&path, 300 * MIB, 9 * GIB);
        holds_what_was_filled(&path);
        let metadata = fs::metadata(&path).unwrap();
        // resize2fs sets room aside for the inode tables of ext2 and ext3; those of ext4 are known to be unused.
        let most = if kind == FileSystemKind::Ext4 {
            64 * MIB
        } else {
            GIB
        };
        assert!(
            metadata.blocks() * 512 < most,
            "{kind:?} is sparse no more: {} blocks",
            metadata.blocks()
        );
        assert_eq!(metadata.mode() & 0o7777, 0o600);
        assert_eq!(names(folder.path()), ["root.img"]);
    }
}

/// File systems that others made: with 1 KiB blocks, 64 bits, no journal, another inode size, no room for descriptors.
#[test]
fn file_systems_made_by_others() {
    for options in [
        &["-t", "ext4"][..],
        &["-t", "ext4", "-b", "1024"],
        &["-t", "ext4", "-O", "^64bit,^metadata_csum", "-b", "2048"],
        &["-t", "ext4", "-O", "^flex_bg", "-I", "128"],
        &["-t", "ext4", "-O", "^has_journal,inline_data"],
        &[
            "-t",
            "ext2",
            "-b",
            "1024",
            "-O",
            "^sparse_super,^resize_inode",
        ],
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("root.img");
        with_mke2fs(&path, 40 * MIB, options);
        fill(&path);
        grow_and_check(&path, 40 * MIB, 200 * MIB);
        holds_what_was_filled(&path);
    }
}

/// resize2fs leaves out a last group that is too small. What a plan expects is what it does.
#[test]
fn every_odd_size_ends() {
    let folder = tempfile::tempdir().unwrap();
    for (number, (block, extra)) in [
        (4096, 512),
        (4096, 128 * MIB - 512),
        (4096, 128 * MIB + 512),
        (4096, 128 * MIB + 64 * 4096),
        (4096, 128 * MIB + 300 * 4096),
        (4096, 128 * MIB + 320 * 4096),
        (4096, 256 * MIB + 310 * 4096),
        (1024, 8 * MIB + 70 * 1024),
        (1024, 8 * MIB + 330 * 1024),
        (1024, 8 * MIB + 400 * 1024),
        (1024, 16 * MIB + 200 * 1024),
        (1024, 16 * MIB + 5000 * 1024),
    ]
    .into_iter()
    .enumerate()
    {
        let path = folder.path().join(format!("{number}.img"));
        let from = if block == 1024 { 8 * MIB } else { 128 * MIB };
        with_mke2fs(&path, from, &["-t", "ext4", "-b", &block.to_string()]);
        let to = (from + extra) / 512 * 512;
        grow(&path, Format::Raw, to, &Tools::default()).unwrap();
        assert_eq!(length(&path), to);
        is_sound(&path);
        let after = needs_growth(&path, Format::Raw, to).unwrap();
        assert_eq!(after, Growth::AsDeclared, "{block} {extra}");
    }
}

/// A guest that was killed: its journal is not empty, its state not clean, a file was being deleted.
#[test]
fn a_file_system_that_was_not_unmounted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root.img");
    make(&path, FileSystemKind::Ext4, 64 * MIB, Format::Raw);
    fill(&path);
    let raw = path.to_str().unwrap();
    run("debugfs", &["-w", "-R", "set_super_value state 0", raw]);
    support::journal(&path, "jo\njw -b 9000 /etc/hostname\njc\n");
    debugfs(&path, "set_super_value mtime 20400101");
    grow_and_check(&path, 64 * MIB, 128 * MIB);
    holds_what_was_filled(&path);
}

#[test]
fn what_is_not_all_of_the_image_is_the_guests() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let put = |name: &str, bytes: &[u8], offset: u64| {
        let file = OpenOptions::new().write(true).open(at(name)).unwrap();
        file.write_all_at(bytes, offset).unwrap();
    };
    bare(&at("blank"), 64 * MIB, Format::Raw);
    make(&at("partitioned"), KINDS[2], 64 * MIB, Format::Raw);
    put("partitioned", &[0x55, 0xAA], 510);
    // A RAID superblock at the end: the file system ends before it.
    with_mke2fs(&at("raid"), 64 * MIB, &["-t", "ext4"]);
    put("raid", b"", 0);
    run("resize2fs", &[at("raid").to_str().unwrap(), "60M"]);
    put("raid", b"RAID", 64 * MIB - 8192);
    with_mke2fs(&at("cut"), 64 * MIB, &["-t", "ext4"]);
    fs::File::options()
        .write(true)
        .open(at("cut"))
        .unwrap()
        .set_len(32 * MIB)
        .unwrap();
    with_mke2fs(
        &at("meta_bg"),
        64 * MIB,
        &["-t", "ext4", "-O", "meta_bg,^resize_inode"],
    );
    with_mke2fs(&at("quota"), 64 * MIB, &["-t", "ext4", "-O", "quota"]);
    // No room for the descriptors of so many groups: resize2fs would move what is there.
    with_mke2fs(
        &at("narrow"),
        64 * MIB,
        &["-t", "ext4", "-O", "^resize_inode"],
    );
    make(&at("journal"), KINDS[2], 64 * MIB, Format::Raw);
    debugfs(&at("journal"), "set_super_value journal_inum 0");
    make(&at("hostile"), KINDS[2], 64 * MIB, Format::Raw);
    put("hostile", &[0xFF; 0x38], 1024);
    let none = Tools {
        e2fsck: "/none".into(),
        resize2fs: "/none".into(),
        ..Tools::default()
    };
    for name in [
        "blank",
        "partitioned",
        "raid",
        "cut",
        "meta_bg",
        "quota",
        "narrow",
        "journal",
        "hostile",
    ] {
        let from = length(&at(name));
        let to = 40 * GIB;
        assert_eq!(
            needs_growth(&at(name), Format::Raw, to).unwrap(),
            Growth::Image {
                from_bytes: from,
                with_file_system: false
            },
            "{name}"
        );
        let before = fs::read(at(name)).unwrap();
        let grown = grow(&at(name), Format::Raw, to, &none).unwrap();
        assert_eq!((grown.size_bytes, grown.inside), (to, Inside::Guest));
        let mut after = vec![0; before.len()];
        fs::File::open(at(name))
            .unwrap()
            .read_exact_at(&mut after, 0)
            .unwrap();
        assert!(before == after, "{name}: what it holds changed");
        assert_eq!(
            needs_growth(&at(name), Format::Raw, to).unwrap(),
            Growth::AsDeclared,
            "{name}"
        );
    }
}

/// A person made the image longer: nothing was ever written behind the file system, so it grows.
#[test]
fn an_image_that_was_made_longer_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root.img");
    make(&path, FileSystemKind::Ext4, 64 * MIB, Format::Raw);
    fill(&path);
    run("truncate", &["-s", "256M", path.to_str().unwrap()]);
    assert_eq!(
        needs_growth(&path, Format::Raw, 256 * MIB).unwrap(),
        Growth::FileSystem {
            from_bytes: 64 * MIB,
            to_bytes: 256 * MIB
        }
    );
    let grown = grow(&path, Format::Raw, 256 * MIB, &Tools::default()).unwrap();
    assert_eq!(
        grown.inside,
        Inside::FileSystem {
            from_bytes: 64 * MIB,
            to_bytes: 256 * MIB
        }
    );
    is_sound(&path);
    holds_what_was_filled(&path);
}

#[test]
fn through_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let (real, link) = (folder.path().join("real.img"), folder.path().join("link"));
    make(&real, FileSystemKind::Ext4, 64 * MIB, Format::Raw);
    symlink(&real, &link).unwrap();
    grow_and_check(&link, 64 * MIB, 128 * MIB);
    assert_eq!(names(folder.path()), ["link", "real.img"]);
}

#[test]
fn qcow2() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root,x.qcow2");
    make(&path, FileSystemKind::Ext4, 64 * MIB, Format::Qcow2);
    let text = path.to_str().unwrap();
    run("qemu-io", &["-f", "qcow2", "-c", "write -P 7 30M 5M", text]);
    assert_eq!(
        needs_growth(&path, Format::Qcow2, GIB).unwrap(),
        Growth::Image {
            from_bytes: 64 * MIB,
            with_file_system: false
        }
    );
    let grown = grow(&path, Format::Qcow2, GIB, &Tools::default()).unwrap();
    assert_eq!(
        (grown.from_bytes, grown.size_bytes, grown.inside),
        (64 * MIB, GIB, Inside::Guest)
    );
    run("qemu-img", &["check", "-q", "-f", "qcow2", text]);
    run("qemu-io", &["-f", "qcow2", "-c", "read -P 7 30M 5M", text]);
    assert_eq!(
        needs_growth(&path, Format::Qcow2, GIB).unwrap(),
        Growth::AsDeclared
    );
    let sizes = usage(&path, Format::Qcow2).unwrap();
    assert_eq!(sizes.virtual_bytes, Some(GIB));
    assert!(sizes.allocated_bytes.unwrap() < 64 * MIB);
    assert_eq!(names(folder.path()), ["root,x.qcow2"]);
}

#[test]
fn refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    make(&at("root.img"), KINDS[2], 64 * MIB, Format::Raw);
    make(&at("root.qcow2"), KINDS[2], 64 * MIB, Format::Qcow2);
    fs::create_dir(at("folder")).unwrap();
    let error = |name: &str, format, size| {
        let plan = needs_growth(&at(name), format, size).map(|growth| format!("{growth:?}"));
        let error = grow(&at(name), format, size, &Tools::default()).unwrap_err();
        let error = shown(&error, folder.path());
        if let Err(plan) = plan {
            assert_eq!(shown(&plan, folder.path()), error);
        }
        error
    };
    insta::assert_snapshot!(error("root.img", Format::Raw, 32 * MIB), @"TMP/root.img: it has 64.0 MiB (67108864 bytes) and 32.0 MiB (33554432 bytes) are declared; making it smaller would destroy what is in it, and is never done. Declare 67108864 bytes, or make a smaller disk of another name and copy the files");
    insta::assert_snapshot!(error("root.qcow2", Format::Qcow2, 32 * MIB), @"TMP/root.qcow2: it has 64.0 MiB (67108864 bytes) and 32.0 MiB (33554432 bytes) are declared; making it smaller would destroy what is in it, and is never done. Declare 67108864 bytes, or make a smaller disk of another name and copy the files");
    insta::assert_snapshot!(error("root.img", Format::Qcow2, GIB), @"TMP/root.img: it is declared as qcow2 and does not begin like one; set its format to what it is");
    insta::assert_snapshot!(error("root.img", Format::Raw, GIB + 1), @"TMP/root.img: a size of 1073741825 bytes cannot be made: it must be a multiple of 512, the sector of a disk");
    insta::assert_snapshot!(error("folder", Format::Raw, GIB), @"TMP/folder: this is a folder, not a disk image");
    insta::assert_snapshot!(error("none", Format::Raw, GIB), @"TMP/none: cannot open the disk: entity not found");
    assert_eq!(length(&at("root.img")), 64 * MIB);
    is_sound(&at("root.img"));
}

#[test]
fn a_block_device_is_never_grown() {
    let folder = tempfile::tempdir().unwrap();
    let Some((node, size)) = support::block_device(folder.path()) else {
        eprintln!("skipped: no block device here, or no right to name it");
        return;
    };
    let Found::BlockDevice { size_bytes, .. } = inspect(&node).unwrap() else {
        panic!()
    };
    assert_eq!(size_bytes, Some(size));
    assert_eq!(
        needs_growth(&node, Format::Raw, size).unwrap(),
        Growth::AsDeclared
    );
    let larger = size + GIB;
    let error = grow(&node, Format::Raw, larger, &Tools::default()).unwrap_err();
    assert!(
        matches!(error, ImageError::DeviceTooSmall { .. }),
        "{error}"
    );
    assert!(
        error
            .to_string()
            .contains(&format!("lvextend --size {larger}b")),
        "{error}"
    );
    let sizes = usage(&node, Format::Raw).unwrap();
    assert_eq!(
        (sizes.virtual_bytes, sizes.allocated_bytes),
        (Some(size), None)
    );
}
