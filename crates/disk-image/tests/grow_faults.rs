//! Growing on full and read-only disks, with programs that are missing, fail or lie, and what they may do; images that
//! somebody uses; and deleting.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use disk_image::{
    FileSystemKind, Format, Growth, ImageError, Tools, delete, grow, needs_growth, usage,
};
use support::{
    GIB, MIB, bare, fill, holds_what_was_filled, in_small_file_system, is_sound, make, mounted,
    names, shown,
};

fn script(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn image(folder: &Path) -> PathBuf {
    let path = folder.join("root.img");
    make(&path, FileSystemKind::Ext4, 64 * MIB, Format::Raw);
    fill(&path);
    path
}

/// After an error everything is as it was, and the next call with the right programs gets there.
fn untouched(path: &Path) {
    assert_eq!(fs::metadata(path).unwrap().len(), 64 * MIB);
    is_sound(path);
    holds_what_was_filled(path);
    let folder = path.parent().unwrap();
    let left = names(folder);
    assert!(left.iter().all(|name| !name.starts_with('.')), "{left:?}");
    assert!(matches!(
        needs_growth(path, Format::Raw, 128 * MIB).unwrap(),
        Growth::Image {
            with_file_system: true,
            ..
        }
    ));
}

#[test]
fn programs_that_fail() {
    let folder = tempfile::tempdir().unwrap();
    let path = image(folder.path());
    let qcow2 = folder.path().join("root.qcow2");
    bare(&qcow2, 64 * MIB, Format::Qcow2);
    let tool = |name, text| script(folder.path(), name, text);
    let failing = |tools: Tools| {
        let error = grow(&path, Format::Raw, 128 * MIB, &tools).unwrap_err();
        untouched(&path);
        shown(&error, folder.path())
    };
    let check = |e2fsck| {
        failing(Tools {
            e2fsck,
            ..Tools::default()
        })
    };
    let resize = |resize2fs| {
        failing(Tools {
            resize2fs,
            ..Tools::default()
        })
    };
    insta::assert_snapshot!(check("/none/e2fsck".into()), @"TMP/root.img: the program /none/e2fsck was not found; install e2fsprogs, or say where it is");
    insta::assert_snapshot!(check(tool("fsck4", "echo \"$5: UNEXPECTED INCONSISTENCY; RUN fsck MANUALLY.\"; exit 4")), @"TMP/root.img: its file system is damaged, or not one for this TMP/fsck4, which did not repair it by itself (exit status: 4): TMP/root.img: UNEXPECTED INCONSISTENCY; RUN fsck MANUALLY. The disk was not grown. With its guest off, run `e2fsck -f TMP/root.img` and answer what it asks, then apply again; or declare the size that it has");
    insta::assert_snapshot!(check(tool("killed", "kill -9 $$")), @"TMP/root.img: its file system is damaged, or not one for this TMP/killed, which did not repair it by itself (signal: 9 (SIGKILL)): it said nothing. The disk was not grown. With its guest off, run `e2fsck -f TMP/root.img` and answer what it asks, then apply again; or declare the size that it has");
    insta::assert_snapshot!(resize("/none/resize2fs".into()), @"TMP/root.img: the program /none/resize2fs was not found; install e2fsprogs, or say where it is");
    insta::assert_snapshot!(resize(tool("resize1", "resize2fs \"$@\" 2>/dev/null; echo 'bad\\033[31m luck' >&2; exit 1")), @"TMP/root.img: TMP/resize1 could not grow its file system (exit status: 1): bad[31m luck. The disk is as it was before. Remove the cause and apply again, or declare the size that it has");
    insta::assert_snapshot!(resize(tool("liar", "exit 0")), @"TMP/root.img: TMP/liar could not grow its file system (exit status: 0): it said nothing. The disk is as it was before. Remove the cause and apply again, or declare the size that it has");
    insta::assert_snapshot!(resize(tool("spoiler", "head -c 4096 /proc/self/exe >&0; kill -9 $$")), @"TMP/root.img: TMP/spoiler could not grow its file system (signal: 9 (SIGKILL)): it said nothing. The disk is as it was before. Remove the cause and apply again, or declare the size that it has");
    let error = grow(
        &qcow2,
        Format::Qcow2,
        GIB,
        &Tools {
            qemu_img: tool("qemu-img", "echo no; exit 1"),
            ..Tools::default()
        },
    );
    insta::assert_snapshot!(shown(&error.unwrap_err(), folder.path()), @"TMP/root.qcow2: TMP/qemu-img failed (exit status: 1): no");
    grow(&path, Format::Raw, 128 * MIB, &Tools::default()).unwrap();
    is_sound(&path);
    holds_what_was_filled(&path);
}

/// A file system that e2fsck leaves to a person, for real.
#[test]
fn a_damaged_file_system() {
    let folder = tempfile::tempdir().unwrap();
    let path = image(folder.path());
    // The root directory is gone.
    support::debugfs(&path, "clri <2>");
    let error = grow(&path, Format::Raw, 128 * MIB, &Tools::default()).unwrap_err();
    assert!(matches!(&error, ImageError::CheckFailed { status, .. } if status.code() == Some(4)));
    insta::assert_snapshot!(shown(&error, folder.path()), @"TMP/root.img: its file system is damaged, or not one for this e2fsck, which did not repair it by itself (exit status: 4): nixos: UNEXPECTED INCONSISTENCY; RUN fsck MANUALLY.; (i.e., without -a or -p options). The disk was not grown. With its guest off, run `e2fsck -f TMP/root.img` and answer what it asks, then apply again; or declare the size that it has");
    assert_eq!(fs::metadata(&path).unwrap().len(), 64 * MIB);
    assert_eq!(names(folder.path()), ["root.img"]);
}

/// What the programs that read a guest's file system may do.
#[test]
fn programs_have_no_privilege() {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let path = image(folder.path());
    let other = elsewhere.path().join("other");
    fs::write(&other, "precious").unwrap();
    let tell = format!(
        "grep -E '^(Uid|CapEff|CapPrm|CapInh|NoNewPrivs)' /proc/self/status | tr '\\t\\n' ' ,'
env | cut -d= -f1 | sort | tr '\\n' ' '
(echo x > {0}) 2>&1 | grep -o 'Permission denied' || echo written
cat {0} 2>&1 | grep -o 'Permission denied' || echo read
touch {1}/new 2>&1 | grep -o 'Permission denied' || echo made
exit 9",
        other.display(),
        elsewhere.path().display(),
    );
    let tools = Tools {
        e2fsck: script(folder.path(), "tool", &tell),
        ..Tools::default()
    };
    let error = grow(&path, Format::Raw, 128 * MIB, &tools).unwrap_err();
    let ImageError::CheckFailed { output, .. } = error else {
        panic!("{error}")
    };
    let user = rustix::process::geteuid().as_raw();
    let expected = format!("Uid: {user} {user} {user} {user},");
    assert!(output.starts_with(&expected), "{output}");
    for none in [
        "CapInh: 0000000000000000",
        "CapPrm: 0000000000000000",
        "CapEff: 0000000000000000",
        "NoNewPrivs: 1",
    ] {
        assert!(output.contains(none), "{output}");
    }
    assert!(output.contains("E2FSCK_CONFIG LC_ALL"), "{output}");
    if output.contains("read") {
        eprintln!("skipped: this kernel has no Landlock");
    } else {
        assert_eq!(output.matches("Permission denied").count(), 3, "{output}");
        assert_eq!(names(elsewhere.path()), ["other"]);
        assert_eq!(fs::read_to_string(&other).unwrap(), "precious");
    }
    // We ourselves are as before.
    let status = fs::read_to_string("/proc/thread-self/status").unwrap();
    assert!(status.contains("NoNewPrivs:\t0"), "{status}");
}

/// An image that another user owns is checked as that user.
#[test]
fn as_the_owner_of_the_image() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root runs programs as others");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = image(folder.path());
    std::os::unix::fs::chown(&path, Some(65534), Some(65534)).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let tools = Tools {
        e2fsck: script(
            folder.path(),
            "tool",
            "grep -E '^(Uid|Gid|Groups)' /proc/self/status | tr '\\t\\n' ' ,'; exit 9",
        ),
        ..Tools::default()
    };
    let error = grow(&path, Format::Raw, 128 * MIB, &tools)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("Uid: 65534 65534 65534 65534,Gid: 65534 65534 65534 65534,Groups:  ,"),
        "{error}"
    );
    grow(&path, Format::Raw, 128 * MIB, &Tools::default()).unwrap();
    is_sound(&path);
}

#[test]
fn a_full_file_system() {
    let Some(mount) = mounted() else {
        in_small_file_system("a_full_file_system", "size=24m");
        return;
    };
    let path = image(&mount);
    // Steps of room, from none at all to some.
    for free in [0, 4096, 60 << 10, 200 << 10] {
        let vfs = rustix::fs::statvfs(&mount).unwrap();
        let room = vfs.f_bavail * vfs.f_frsize;
        let filler = mount.join("filler");
        fs::write(&filler, vec![1; usize::try_from(room - free).unwrap()]).unwrap();
        match grow(&path, Format::Raw, 40 * GIB, &Tools::default()) {
            Ok(_) => panic!("there was room with {free}"),
            Err(error) => {
                let said = shown(&error, &mount);
                assert!(
                    matches!(error, ImageError::NoSpaceToGrow { .. }),
                    "{free}: {said}"
                );
                assert!(
                    said.starts_with(
                        "TMP/root.img: no space left on the file system that holds TMP: "
                    ),
                    "{said}"
                );
            }
        }
        fs::remove_file(&filler).unwrap();
        untouched(&path);
    }
    grow(&path, Format::Raw, 128 * MIB, &Tools::default()).unwrap();
    is_sound(&path);
    holds_what_was_filled(&path);
}

#[test]
fn a_read_only_file_system() {
    let Some(mount) = mounted() else {
        in_small_file_system("a_read_only_file_system", "size=24m");
        return;
    };
    let path = image(&mount);
    support::run("mount", &["-o", "remount,ro", mount.to_str().unwrap()]);
    for error in [
        grow(&path, Format::Raw, 128 * MIB, &Tools::default()).unwrap_err(),
        delete(&path).unwrap_err(),
    ] {
        assert!(matches!(error, ImageError::ReadOnly { .. }), "{error}");
    }
    untouched(&path);
}

#[test]
fn an_image_that_somebody_uses() {
    let folder = tempfile::tempdir().unwrap();
    let path = image(folder.path());
    let refused = || {
        for error in [
            grow(&path, Format::Raw, 128 * MIB, &Tools::default()).unwrap_err(),
            delete(&path).unwrap_err(),
        ] {
            assert!(matches!(error, ImageError::InUse { .. }), "{error}");
        }
        let error = grow(&path, Format::Raw, 128 * MIB, &Tools::default()).unwrap_err();
        untouched(&path);
        shown(&error, folder.path())
    };
    // A QEMU has it.
    let mut qemu = Command::new("qemu-io")
        .args(["-f", "raw", "-c", "read 0 512", "-c", "sleep 4000"])
        .arg(&path)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(std::time::Duration::from_millis(700));
    insta::assert_snapshot!(refused(), @"TMP/root.img: a program with a lock on it (a QEMU?) uses it, and a disk is only changed while nobody does; nothing was changed. Try again when that has ended");
    qemu.kill().unwrap();
    qemu.wait().unwrap();
    // A loop device has it.
    let output = Command::new("losetup")
        .args(["--find", "--show"])
        .arg(&path)
        .output()
        .unwrap();
    if !output.status.success() {
        eprintln!("skipped: no loop device to be had here");
        return;
    }
    let device = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    let said = refused();
    support::run("losetup", &["--detach", &device]);
    assert_eq!(
        said,
        format!(
            "TMP/root.img: the loop device {device} uses it, and a disk is only changed while nobody does; nothing was changed. Try again when that has ended"
        )
    );
    grow(&path, Format::Raw, 128 * MIB, &Tools::default()).unwrap();
}

#[test]
fn deleted() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    image(folder.path());
    fs::write(at(".root.img.domus-grow"), "").unwrap();
    assert!(delete(&at("root.img")).unwrap());
    assert_eq!(names(folder.path()), [""; 0]);
    assert!(!delete(&at("root.img")).unwrap());
    assert!(!delete(&at("none/root.img")).unwrap());

    bare(&at("root.img"), MIB, Format::Raw);
    symlink(at("root.img"), at("link")).unwrap();
    symlink(at("gone"), at("dangling")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
    fs::create_dir(at("folder")).unwrap();
    let before = names(folder.path());
    let error = |name: &str| shown(&delete(&at(name)).unwrap_err(), folder.path());
    insta::assert_snapshot!(error("link"), @"TMP/link: this is a symbolic link, and only image files are removed; if it is no longer needed, remove it yourself");
    insta::assert_snapshot!(error("dangling"), @"TMP/dangling: this is a symbolic link, and only image files are removed; if it is no longer needed, remove it yourself");
    insta::assert_snapshot!(error("socket"), @"TMP/socket: this is a pipe, socket or character device, and only image files are removed; if it is no longer needed, remove it yourself");
    insta::assert_snapshot!(error("folder"), @"TMP/folder: this is a folder, and only image files are removed; if it is no longer needed, remove it yourself");
    insta::assert_snapshot!(error("root.img/under"), @"TMP/root.img/under: TMP/root.img is not a folder");
    assert_eq!(names(folder.path()), before);
    if let Some((node, _)) = support::block_device(folder.path()) {
        let error = delete(&node).unwrap_err();
        assert!(
            error.to_string().contains("this is a block device"),
            "{error}"
        );
        assert!(fs::symlink_metadata(&node).is_ok());
    }
}

#[test]
fn sizes() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    bare(&at("raw"), GIB, Format::Raw);
    fs::write(at("full"), vec![1; 1 << 20]).unwrap();
    bare(&at("qcow2"), GIB, Format::Qcow2);
    let of = |name: &str, format| {
        let usage = usage(&at(name), format).unwrap();
        (usage.virtual_bytes.unwrap(), usage.allocated_bytes.unwrap())
    };
    assert_eq!(of("raw", Format::Raw), (GIB, 0));
    assert_eq!(of("full", Format::Raw), (MIB, MIB));
    let (seen, taken) = of("qcow2", Format::Qcow2);
    assert!(seen == GIB && (1..MIB).contains(&taken), "{taken}");
    assert!(matches!(
        usage(&at("raw"), Format::Qcow2),
        Err(ImageError::NotQcow2 { .. })
    ));
    assert!(usage(&at("none"), Format::Raw).is_err());
    assert!(usage(folder.path(), Format::Raw).is_err());
}
