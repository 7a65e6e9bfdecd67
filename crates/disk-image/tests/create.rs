//! Images made with the real mke2fs and qemu-img, and looked at with e2fsck, dumpe2fs and qemu-img.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use disk_image::{
    FileSystem, FileSystemKind, Format, Found, ImageError, NewImage, Tools, create, inspect,
};
use proptest::prelude::*;

const GIB: u64 = 1 << 30;
const MIB: u64 = 1 << 20;

fn image(path: &Path, size_bytes: u64, format: Format) -> NewImage<'_> {
    NewImage {
        path,
        size_bytes,
        format,
        filesystem: None,
    }
}

fn with<'a>(image: NewImage<'a>, kind: FileSystemKind, label: &'a str) -> NewImage<'a> {
    NewImage {
        filesystem: Some(FileSystem { kind, label }),
        ..image
    }
}

fn output(program: &str, args: &[&str], file: &Path) -> String {
    let output = Command::new(program).args(args).arg(file).output().unwrap();
    assert!(
        output.status.success(),
        "{program}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// The names in a folder, hidden ones too.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn field(dump: &str, name: &str) -> String {
    let line = dump
        .lines()
        .find(|line| line.starts_with(name))
        .unwrap_or_else(|| panic!("no {name} in {dump}"));
    line.split_once(':').unwrap().1.trim().to_owned()
}

#[test]
fn raw_with_each_file_system() {
    for kind in [
        FileSystemKind::Ext2,
        FileSystemKind::Ext3,
        FileSystemKind::Ext4,
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/root.img");
        let new = with(image(&path, 4 * GIB, Format::Raw), kind, "nixos");
        let created = create(&new, &Tools::default()).unwrap();
        assert_eq!(
            created.folders,
            [folder.path().join("a"), folder.path().join("a/b")]
        );
        assert_eq!(created.size_bytes, 4 * GIB);

        let metadata = fs::metadata(&path).unwrap();
        assert_eq!(metadata.len(), 4 * GIB);
        assert_eq!(metadata.permissions().mode() & 0o7777, 0o600);
        assert!(
            metadata.blocks() * 512 < 4 * GIB / 10,
            "{kind:?} takes {} blocks",
            metadata.blocks()
        );
        assert_eq!(names(path.parent().unwrap()), ["root.img"]);

        output("e2fsck", &["-fn"], &path);
        let dump = output("dumpe2fs", &["-h"], &path);
        assert_eq!(field(&dump, "Filesystem volume name"), "nixos");
        assert_eq!(field(&dump, "Filesystem state"), "clean");
        let features = field(&dump, "Filesystem features");
        let has = |feature: &str| {
            features
                .split_whitespace()
                .any(|present| present == feature)
        };
        assert_eq!(
            has("has_journal"),
            kind != FileSystemKind::Ext2,
            "{features}"
        );
        assert_eq!(has("extent"), kind == FileSystemKind::Ext4, "{features}");
        for unread in ["64bit", "metadata_csum_seed", "orphan_file"] {
            assert!(!has(unread), "{unread} in {features}");
        }
    }
}

/// The host's mke2fs.conf and environment have no say.
#[test]
fn features_are_pinned() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root.img");
    create(
        &with(
            image(&path, GIB, Format::Raw),
            FileSystemKind::Ext4,
            "nixos",
        ),
        &Tools::default(),
    )
    .unwrap();
    insta::assert_snapshot!(
        field(&output("dumpe2fs", &["-h"], &path), "Filesystem features"),
        @"has_journal ext_attr resize_inode dir_index filetype extent flex_bg sparse_super large_file huge_file dir_nlink extra_isize metadata_csum"
    );
}

#[test]
fn every_image_has_its_own_uuid() {
    let folder = tempfile::tempdir().unwrap();
    let uuid = |name: &str| {
        let path = folder.path().join(name);
        create(
            &with(
                image(&path, 64 * MIB, Format::Raw),
                FileSystemKind::Ext4,
                "",
            ),
            &Tools::default(),
        )
        .unwrap();
        field(&output("dumpe2fs", &["-h"], &path), "Filesystem UUID")
    };
    assert_ne!(uuid("a"), uuid("b"));
}

#[test]
fn raw_without_a_file_system() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.img");
    create(
        &image(&path, GIB, Format::Raw),
        &Tools {
            mke2fs: "/none".into(),
            qemu_img: "/none".into(),
            ..Tools::default()
        },
    )
    .unwrap();
    let Found::File {
        size_bytes,
        allocated_bytes,
        ..
    } = inspect(&path).unwrap()
    else {
        panic!()
    };
    assert_eq!((size_bytes, allocated_bytes), (GIB, 0));
}

#[test]
fn qcow2() {
    let folder = tempfile::tempdir().unwrap();
    for (name, filesystem) in [
        ("a", None),
        (
            "b",
            Some(FileSystem {
                kind: FileSystemKind::Ext4,
                label: "data",
            }),
        ),
    ] {
        let path = folder.path().join(name);
        create(
            &NewImage {
                filesystem,
                ..image(&path, 2 * GIB, Format::Qcow2)
            },
            &Tools::default(),
        )
        .unwrap();
        let info = output("qemu-img", &["info", "-f", "qcow2"], &path);
        assert_eq!(field(&info, "file format"), "qcow2");
        assert!(
            field(&info, "virtual size").contains("2147483648 bytes"),
            "{info}"
        );
        output("qemu-img", &["check", "-q", "-f", "qcow2"], &path);
        let metadata = fs::metadata(&path).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o7777, 0o600);
        assert!(metadata.blocks() * 512 < 2 * GIB / 10);
    }
    assert_eq!(names(folder.path()), ["a", "b"]);

    let raw = folder.path().join("raw");
    let converted = Command::new("qemu-img")
        .args(["convert", "-f", "qcow2", "-O", "raw"])
        .args([folder.path().join("b"), raw.clone()])
        .status()
        .unwrap();
    assert!(converted.success());
    output("e2fsck", &["-fn"], &raw);
    assert_eq!(
        field(&output("dumpe2fs", &["-h"], &raw), "Filesystem volume name"),
        "data"
    );
}

#[test]
fn what_is_there_is_never_touched() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("root.img");
    fs::write(&file, "precious").unwrap();
    let link = folder.path().join("link.img");
    symlink(&file, &link).unwrap();
    let dangling = folder.path().join("dangling.img");
    symlink(folder.path().join("gone"), &dangling).unwrap();
    let before = names(folder.path());
    for path in [&file, &link, &dangling, &folder.path().to_owned()] {
        for format in [Format::Raw, Format::Qcow2] {
            let new = with(image(path, MIB, format), FileSystemKind::Ext4, "x");
            let error = create(&new, &Tools::default()).unwrap_err();
            assert!(
                matches!(
                    error,
                    ImageError::Exists { .. } | ImageError::DanglingLink { .. }
                ),
                "{error}"
            );
        }
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
    assert_eq!(names(folder.path()), before);
}

#[test]
fn only_one_of_many_makes_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root.img");
    let made = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let new = with(
                        image(&path, 64 * MIB, Format::Raw),
                        FileSystemKind::Ext4,
                        "x",
                    );
                    match create(&new, &Tools::default()) {
                        Ok(_) => 1,
                        Err(ImageError::Exists { .. }) => 0,
                        Err(other) => panic!("{other}"),
                    }
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum::<i32>()
    });
    assert_eq!(made, 1);
    assert_eq!(names(folder.path()), ["root.img"]);
    output("e2fsck", &["-fn"], &path);
}

#[test]
fn refused() {
    let folder = tempfile::tempdir().unwrap();
    let good = folder.path().join("root.img");
    let error = |new: &NewImage<'_>| {
        let error = create(new, &Tools::default()).unwrap_err().to_string();
        error.replace(folder.path().to_str().unwrap(), "TMP")
    };
    let at = |path: &str| error(&image(Path::new(path), MIB, Format::Raw));
    insta::assert_snapshot!(at("vmdisks/root.img"), @"vmdisks/root.img: the path of a disk must be absolute; begin it with /");
    insta::assert_snapshot!(at("/vmdisks/../root.img"), @"/vmdisks/../root.img: the path of a disk must not hold `..`; write the folder itself");
    insta::assert_snapshot!(at("/"), @"/: this is a folder, not the path of a disk");
    insta::assert_snapshot!(at("/vmdisks/root/"), @"/vmdisks/root/: the path of a disk must not end with /");
    insta::assert_snapshot!(at("/dev/vg/root"), @"/dev/vg/root: a path under /dev is a device; it is never made as a file. Make the volume first (lvcreate, zfs create -V), or give a path outside /dev");
    insta::assert_snapshot!(at("/proc/self/exe/root.img"), @"/proc/self/exe/root.img: /proc/self/exe is not a folder");
    insta::assert_snapshot!(error(&image(&good, 0, Format::Raw)), @"TMP/root.img: a size of 0 bytes cannot be made: a disk cannot be empty");
    insta::assert_snapshot!(error(&image(&good, 1000, Format::Raw)), @"TMP/root.img: a size of 1000 bytes cannot be made: it must be a multiple of 512, the sector of a disk");
    insta::assert_snapshot!(error(&image(&good, u64::MAX - 511, Format::Raw)), @"TMP/root.img: a size of 18446744073709551104 bytes cannot be made: it is larger than any file can be");
    insta::assert_snapshot!(error(&with(image(&good, MIB, Format::Raw), FileSystemKind::Ext4, "a-label-that-is-long")), @"TMP/root.img: the label `a-label-that-is-long` has 20 bytes; ext4 has room for 16");
    insta::assert_snapshot!(error(&with(image(&good, MIB, Format::Raw), FileSystemKind::Ext4, "a\nb")), @r#"TMP/root.img: the label `a\nb` holds a control character"#);
    assert!(
        error(&with(
            image(&good, 4096, Format::Raw),
            FileSystemKind::Ext4,
            "x"
        ))
        .contains("root.img")
    );
    let long = folder.path().join("x".repeat(250));
    assert!(error(&image(&long, MIB, Format::Raw)).contains("too long"));
    symlink("/dev", folder.path().join("devices")).unwrap();
    let sly = folder.path().join("devices/sly/root.img");
    assert!(error(&image(&sly, MIB, Format::Raw)).contains("under /dev"));
    let under_file = folder.path().join("file/root.img");
    fs::write(folder.path().join("file"), "").unwrap();
    insta::assert_snapshot!(error(&image(&under_file, MIB, Format::Raw)), @"TMP/file/root.img: TMP/file is not a folder");
    assert_eq!(names(folder.path()), ["devices", "file"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Whatever is asked for: either a whole image, or an error and nothing at all.
    #[test]
    fn whole_or_nothing(sectors in 1_u64..40_000, label in "[ -~é]{0,18}", kind in 0..3, qcow2 in any::<bool>()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/root,'\" x.img");
        let kind = [FileSystemKind::Ext2, FileSystemKind::Ext3, FileSystemKind::Ext4][usize::try_from(kind).unwrap()];
        let format = if qcow2 { Format::Qcow2 } else { Format::Raw };
        let new = with(image(&path, sectors * 512, format), kind, &label);
        match create(&new, &Tools::default()) {
            Ok(_) if !qcow2 => {
                output("e2fsck", &["-fn"], &path);
                prop_assert_eq!(names(path.parent().unwrap()), ["root,'\" x.img"]);
            }
            Ok(_) => { output("qemu-img", &["check", "-q", "-f", "qcow2"], &path); }
            Err(_) => prop_assert_eq!(names(folder.path()), Vec::<String>::new()),
        }
    }
}
