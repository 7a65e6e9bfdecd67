//! Full disks, read-only ones, missing and failing programs, and being killed.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use disk_image::{
    FileSystem, FileSystemKind, Format, ImageError, NewImage, Tools, create, leftovers,
    remove_leftovers,
};
use support::{in_small_file_system, mounted, names};

fn new(path: &Path, format: Format) -> NewImage<'_> {
    let filesystem = Some(FileSystem {
        kind: FileSystemKind::Ext4,
        label: "nixos",
    });
    NewImage {
        path,
        size_bytes: 4 << 30,
        format,
        filesystem,
    }
}

fn script(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("tool");
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[test]
fn programs_that_fail() {
    let folder = tempfile::tempdir().unwrap();
    let (images, tools) = (folder.path().join("images"), folder.path());
    let path = images.join("root.img");
    let error = |format, mke2fs: PathBuf, qemu_img: &str| {
        let error = create(
            &new(&path, format),
            &Tools {
                mke2fs,
                qemu_img: qemu_img.into(),
                ..Tools::default()
            },
        )
        .unwrap_err()
        .to_string();
        assert!(
            !images.exists(),
            "the folder made on the way is removed again"
        );
        error.replace(folder.path().to_str().unwrap(), "TMP")
    };
    insta::assert_snapshot!(error(Format::Raw, "/none/mke2fs".into(), "qemu-img"), @"TMP/images/root.img: the program /none/mke2fs was not found; install e2fsprogs, or say where it is");
    insta::assert_snapshot!(error(Format::Qcow2, "mke2fs".into(), "/none/qemu-img"), @"TMP/images/root.img: the program /none/qemu-img was not found; install qemu-utils (Debian) or qemu (NixOS), or say where it is");
    insta::assert_snapshot!(error(Format::Raw, script(tools, "printf 'bad\\033[31m\\nluck' >&2; exit 3"), "qemu-img"), @"TMP/images/root.img: TMP/tool failed (exit status: 3): bad[31m; luck");
    insta::assert_snapshot!(error(Format::Raw, script(tools, "kill -9 $$"), "qemu-img"), @"TMP/images/root.img: TMP/tool failed (signal: 9 (SIGKILL)): it said nothing");
    insta::assert_snapshot!(error(Format::Raw, script(tools, "exit 0"), "qemu-img"), @"TMP/images/root.img: a size of 4294967296 bytes cannot be made: mke2fs made no ext4 in it; the size may be too small for one");
    insta::assert_snapshot!(error(Format::Raw, tools.join("images.txt"), "qemu-img"), @"TMP/images/root.img: the program TMP/images.txt was not found; install e2fsprogs, or say where it is");
}

/// The environment and the standard input that the programs get.
#[test]
fn programs_get_a_clean_environment() {
    let folder = tempfile::tempdir().unwrap();
    let tool = script(
        folder.path(),
        &format!(
            "env > {0}/env; cat > {0}/conf; exec mke2fs \"$@\" < {0}/conf",
            folder.path().display()
        ),
    );
    let path = folder.path().join("root.img");
    create(
        &new(&path, Format::Raw),
        &Tools {
            mke2fs: tool,
            ..Tools::default()
        },
    )
    .unwrap();
    let names: Vec<_> = fs::read_to_string(folder.path().join("env"))
        .unwrap()
        .lines()
        .map(|l| l.split('=').next().unwrap().to_owned())
        .collect();
    assert!(
        names.iter().all(|name| [
            "LC_ALL",
            "MKE2FS_CONFIG",
            "PATH",
            "PWD",
            "SHLVL",
            "_",
            "OLDPWD"
        ]
        .contains(&name.as_str())),
        "{names:?}"
    );
    insta::assert_snapshot!(fs::read_to_string(folder.path().join("conf")).unwrap());
}

#[test]
fn a_full_file_system() {
    let Some(mount) = mounted() else {
        in_small_file_system("a_full_file_system", "size=256k");
        return;
    };
    for format in [Format::Raw, Format::Qcow2] {
        let path = mount.join("new/root.img");
        let error = create(&new(&path, format), &Tools::default()).unwrap_err();
        assert!(
            matches!(&error, ImageError::NoSpace { free_bytes, .. } if *free_bytes <= 256 << 10),
            "{error}"
        );
        let shown = error.to_string().replace(mount.to_str().unwrap(), "TMP");
        assert!(
            shown.starts_with(
                "TMP/new/root.img: no space left on the file system that holds TMP/new: "
            ),
            "{shown}"
        );
        assert!(
            shown.contains("A new image of 4.0 GiB needs more"),
            "{shown}"
        );
        assert_eq!(names(&mount), Vec::<String>::new());
    }
    // No room for another file at all.
    fs::write(mount.join("filler"), vec![1; 512 << 10]).unwrap_err();
    let path = mount.join("data.img");
    let bare = NewImage {
        filesystem: None,
        ..new(&path, Format::Qcow2)
    };
    let error = create(&bare, &Tools::default()).unwrap_err();
    assert!(matches!(error, ImageError::NoSpace { .. }), "{error}");
    assert_eq!(names(&mount), ["filler"]);
}

#[test]
fn a_read_only_file_system() {
    let Some(mount) = mounted() else {
        in_small_file_system("a_read_only_file_system", "ro,size=256k");
        return;
    };
    for name in ["root.img", "new/root.img"] {
        let error = create(&new(&mount.join(name), Format::Raw), &Tools::default()).unwrap_err();
        assert!(matches!(error, ImageError::ReadOnly { .. }), "{error}");
        assert!(
            error
                .to_string()
                .ends_with("is mounted read-only; remount it writable"),
            "{error}"
        );
    }
}

#[test]
fn out_of_inodes() {
    let Some(mount) = mounted() else {
        in_small_file_system("out_of_inodes", "nr_inodes=1");
        return;
    };
    let error = create(
        &new(&mount.join("root.img"), Format::Raw),
        &Tools::default(),
    )
    .unwrap_err();
    assert!(error.to_string().contains("no space left"), "{error}");
}

/// Runs this test again as another process, which is killed while its mke2fs runs.
#[test]
fn killed() {
    if let Some(folder) = std::env::var_os("DOMUS_TEST_KILLED").map(PathBuf::from) {
        let tools = Tools {
            mke2fs: folder.join("tool"),
            ..Tools::default()
        };
        let _ = create(&new(&folder.join("images/root.img"), Format::Raw), &tools);
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    script(
        folder.path(),
        &format!(
            "echo $$ > {0}/pid.new; mv {0}/pid.new {0}/pid; exec sleep 60",
            folder.path().display()
        ),
    );
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed"])
        .env("DOMUS_TEST_KILLED", folder.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let pid = folder.path().join("pid");
    let start = Instant::now();
    while !pid.exists() {
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "the program was never called"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    Command::new("kill")
        .arg(fs::read_to_string(&pid).unwrap().trim())
        .status()
        .unwrap();

    let images = folder.path().join("images");
    let left = leftovers(&images).unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(
        names(&images).len(),
        1,
        "nothing but the leftover, and above all no root.img"
    );
    assert_eq!(remove_leftovers(&images).unwrap(), left);
    assert_eq!(names(&images), Vec::<String>::new());
    create(
        &new(&images.join("root.img"), Format::Raw),
        &Tools::default(),
    )
    .unwrap();
    assert_eq!(names(&images), ["root.img"]);
}

#[test]
fn only_our_leftovers_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let private = fs::Permissions::from_mode(0o600);
    for name in [
        ".root.img.domus-aaaaaa",
        ".root.img.domus-bbbbb",
        "root.img.domus-cccccc",
        ".root.img",
    ] {
        fs::write(at(name), "").unwrap();
        fs::set_permissions(at(name), private.clone()).unwrap();
    }
    fs::write(at(".shared.domus-dddddd"), "").unwrap();
    fs::set_permissions(
        at(".shared.domus-dddddd"),
        fs::Permissions::from_mode(0o644),
    )
    .unwrap();
    fs::create_dir(at(".folder.domus-eeeeee")).unwrap();
    symlink(at(".root.img"), at(".link.domus-ffffff")).unwrap();
    assert_eq!(
        remove_leftovers(folder.path()).unwrap(),
        [at(".root.img.domus-aaaaaa")]
    );
    assert_eq!(names(folder.path()).len(), 6);
    assert_eq!(leftovers(&at("none")).unwrap(), Vec::<PathBuf>::new());
    assert!(leftovers(&at(".root.img")).is_err());
}
