//! Whether a disk still holds only what mke2fs made.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Command, Stdio};

use disk_image::{FileSystem, FileSystemKind, Format, NewImage, Tools, create, never_written};

const KINDS: [FileSystemKind; 3] = [
    FileSystemKind::Ext2,
    FileSystemKind::Ext3,
    FileSystemKind::Ext4,
];

fn make(path: &Path, kind: FileSystemKind, format: Format) {
    let filesystem = Some(FileSystem {
        kind,
        label: "nixos",
    });
    create(
        &NewImage {
            path,
            size_bytes: 64 << 20,
            format,
            filesystem,
        },
        &Tools::default(),
    )
    .unwrap();
}

/// Writes into an image as debugfs does: without mounting it.
fn debugfs(path: &Path, request: &str) {
    run("debugfs", &["-w", "-R", request, path.to_str().unwrap()]);
}

fn run(program: &str, args: &[&str]) {
    let status = Command::new(program)
        .args(args)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "{program} {args:?}");
}

fn fresh(path: &Path) -> bool {
    never_written(path, Format::Raw).unwrap()
}

#[test]
fn new_images() {
    let folder = tempfile::tempdir().unwrap();
    for kind in KINDS {
        for format in [Format::Raw, Format::Qcow2] {
            let path = folder.path().join(format!("{kind:?}-{format:?}"));
            make(&path, kind, format);
            assert!(never_written(&path, format).unwrap(), "{path:?}");
        }
    }
    // A check changes nothing that counts.
    let path = folder.path().join("Ext4-Raw");
    run("e2fsck", &["-fn", path.to_str().unwrap()]);
    assert!(fresh(&path));
}

#[test]
fn files_written_into_it() {
    let folder = tempfile::tempdir().unwrap();
    for (index, command) in ["write /etc/hostname hostname", "mkdir boot", "symlink a b"]
        .iter()
        .enumerate()
    {
        let path = folder.path().join(format!("{index}.img"));
        make(&path, KINDS[index], Format::Raw);
        debugfs(&path, command);
        assert!(!fresh(&path), "{command}");
    }
}

#[test]
fn populated_by_mke2fs() {
    let folder = tempfile::tempdir().unwrap();
    let (tree, path) = (folder.path().join("tree"), folder.path().join("root.img"));
    fs::create_dir(&tree).unwrap();
    fs::write(tree.join("init"), "").unwrap();
    fs::File::create(&path).unwrap().set_len(64 << 20).unwrap();
    run(
        "mke2fs",
        &[
            "-q",
            "-F",
            "-t",
            "ext4",
            "-d",
            tree.to_str().unwrap(),
            path.to_str().unwrap(),
        ],
    );
    assert!(!fresh(&path));
}

#[test]
fn mounted_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root.img");
    make(&path, FileSystemKind::Ext4, Format::Raw);
    // As the kernel leaves it after mount and umount.
    debugfs(&path, "set_super_value mnt_count 1");
    assert!(!fresh(&path));
    debugfs(&path, "set_super_value mnt_count 0");
    assert!(fresh(&path));
    debugfs(&path, "set_super_value mtime 20260101");
    assert!(!fresh(&path));
    debugfs(&path, "set_super_value mtime 0");
    debugfs(&path, "set_super_value last_mounted /mnt");
    assert!(!fresh(&path));
}

#[test]
fn a_boot_sector_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root.img");
    make(&path, FileSystemKind::Ext4, Format::Raw);
    OpenOptions::new()
        .write(true)
        .open(&path)
        .unwrap()
        .write_all_at(&[0x55, 0xAA], 510)
        .unwrap();
    assert!(!fresh(&path));
}

#[test]
fn without_a_file_system() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.img");
    create(
        &NewImage {
            path: &path,
            size_bytes: 1 << 20,
            format: Format::Raw,
            filesystem: None,
        },
        &Tools::default(),
    )
    .unwrap();
    assert!(!fresh(&path));
    assert!(!never_written(&path, Format::Qcow2).unwrap());
    fs::write(folder.path().join("short"), "x").unwrap();
    assert!(!fresh(&folder.path().join("short")));
    let empty = folder.path().join("empty.qcow2");
    create(
        &NewImage {
            path: &empty,
            size_bytes: 1 << 20,
            format: Format::Qcow2,
            filesystem: None,
        },
        &Tools::default(),
    )
    .unwrap();
    assert!(!never_written(&empty, Format::Qcow2).unwrap());
    assert!(never_written(&folder.path().join("none"), Format::Raw).is_err());
    assert!(never_written(folder.path(), Format::Raw).is_err());
}

#[test]
fn qcow2_written_or_unusual() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    make(Path::new(&at("base")), FileSystemKind::Ext4, Format::Qcow2);
    run(
        "qemu-img",
        &[
            "convert",
            "-f",
            "qcow2",
            "-O",
            "raw",
            &at("base"),
            &at("raw"),
        ],
    );
    assert!(fresh(Path::new(&at("raw"))));
    run("debugfs", &["-w", "-R", "mkdir boot", &at("raw")]);
    run(
        "qemu-img",
        &[
            "convert",
            "-f",
            "raw",
            "-O",
            "qcow2",
            &at("raw"),
            &at("written"),
        ],
    );
    run(
        "qemu-img",
        &[
            "convert",
            "-c",
            "-f",
            "qcow2",
            "-O",
            "qcow2",
            &at("base"),
            &at("compressed"),
        ],
    );
    run(
        "qemu-img",
        &[
            "create",
            "-q",
            "-f",
            "qcow2",
            "-F",
            "qcow2",
            "-b",
            &at("base"),
            &at("overlay"),
        ],
    );
    for name in ["written", "compressed", "overlay"] {
        assert!(
            !never_written(Path::new(&at(name)), Format::Qcow2).unwrap(),
            "{name}"
        );
    }
    // A guest cannot write these tables, but a broken disk can: each wild offset is "not known".
    let file = OpenOptions::new().write(true).open(at("base")).unwrap();
    for table in [u64::MAX, 1 << 62, 1 << 40, 7] {
        file.write_all_at(&table.to_be_bytes(), 40).unwrap();
        assert!(!never_written(Path::new(&at("base")), Format::Qcow2).unwrap());
    }
}
