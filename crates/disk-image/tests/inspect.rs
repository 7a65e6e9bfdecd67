//! What is at a path, and above all what is not "absent".

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use disk_image::{Found, ImageError, inspect};

#[test]
fn what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let file = fs::File::create(at("file")).unwrap();
    file.set_len(1 << 20).unwrap();
    symlink(at("file"), at("link")).unwrap();
    let metadata = fs::metadata(at("file")).unwrap();
    let expected = Found::File {
        size_bytes: 1 << 20,
        allocated_bytes: 0,
        device: metadata.dev(),
        inode: metadata.ino(),
    };
    assert_eq!(inspect(&at("file")).unwrap(), expected);
    assert_eq!(inspect(&at("link")).unwrap(), expected);
    assert_eq!(inspect(folder.path()).unwrap(), Found::Directory);
    let _socket = UnixListener::bind(at("socket")).unwrap();
    assert_eq!(inspect(&at("socket")).unwrap(), Found::Other);
    assert_eq!(inspect(Path::new("/dev/null")).unwrap(), Found::Other);
    assert_eq!(inspect(&at("none")).unwrap(), Found::Absent);
    assert_eq!(inspect(&at("none/deeper/still")).unwrap(), Found::Absent);
}

#[test]
fn a_block_device() {
    let Some(entry) = fs::read_dir("/sys/class/block")
        .ok()
        .and_then(|mut all| all.find_map(Result::ok))
    else {
        eprintln!("skipped: this machine shows no block device");
        return;
    };
    let text = fs::read_to_string(entry.path().join("dev")).unwrap();
    let (major, minor) = text.trim().split_once(':').unwrap();
    let folder = tempfile::tempdir().unwrap();
    let node = folder.path().join("node");
    let made = Command::new("mknod")
        .arg(&node)
        .args(["b", major, minor])
        .output()
        .unwrap();
    if !made.status.success() {
        eprintln!("skipped: no right to make a device node");
        return;
    }
    let sectors: u64 = fs::read_to_string(entry.path().join("size"))
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    let found = inspect(&node).unwrap();
    let device = rustix::fs::makedev(major.parse().unwrap(), minor.parse().unwrap());
    assert_eq!(
        found,
        Found::BlockDevice {
            device,
            size_bytes: Some(sectors * 512)
        }
    );
}

#[test]
fn what_is_not_absent() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let error = |name: &str| {
        let error = inspect(&at(name)).unwrap_err().to_string();
        error.replace(folder.path().to_str().unwrap(), "TMP")
    };
    fs::write(at("file"), "").unwrap();
    symlink(at("gone"), at("dangling")).unwrap();
    symlink(at("loop"), at("loop")).unwrap();
    insta::assert_snapshot!(error("dangling"), @"TMP/dangling: the symbolic link TMP/dangling leads to nothing; is a disk not mounted? Mount it, or remove the link");
    insta::assert_snapshot!(error("dangling/root.img"), @"TMP/dangling/root.img: the symbolic link TMP/dangling leads to nothing; is a disk not mounted? Mount it, or remove the link");
    insta::assert_snapshot!(error("file/root.img"), @"TMP/file/root.img: TMP/file is not a folder");
    insta::assert_snapshot!(error("file/deeper/root.img"), @"TMP/file/deeper/root.img: TMP/file is not a folder");
    insta::assert_snapshot!(error("loop/root.img"), @"TMP/loop: cannot see what is there: Too many levels of symbolic links (os error 40)");
    insta::assert_snapshot!(error(&"x".repeat(300)).replace(&"x".repeat(300), "LONG"), @"TMP/LONG: cannot see what is there: File name too long (os error 36)");
}

#[test]
fn a_folder_that_may_not_be_searched() {
    let folder = tempfile::tempdir().unwrap();
    let closed = folder.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    let image = closed.join("root.img");
    if !rustix::process::geteuid().is_root() {
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    }
    // Only this thread becomes another user; root is refused nothing.
    let error = std::thread::spawn(move || {
        if rustix::process::geteuid().is_root() {
            let nobody = rustix::process::Uid::from_raw(65534);
            rustix::thread::set_thread_res_uid(nobody, nobody, nobody).unwrap();
        }
        inspect(&image).unwrap_err()
    })
    .join()
    .unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    assert!(
        matches!(&error, ImageError::NotAllowed { place, .. } if *place == closed),
        "{error:?}"
    );
    let shown = error
        .to_string()
        .replace(folder.path().to_str().unwrap(), "TMP");
    insta::assert_snapshot!(shown, @"TMP/closed/root.img: no permission to look into TMP/closed; run as root, or change its mode");
}
