//! Images for the tests of growing and deleting.

#![allow(dead_code, reason = "each test uses a part")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use disk_image::{FileSystem, FileSystemKind, Format, ImageError, NewImage, Tools, create};

pub const GIB: u64 = 1 << 30;
pub const MIB: u64 = 1 << 20;

pub const KINDS: [FileSystemKind; 3] = [
    FileSystemKind::Ext2,
    FileSystemKind::Ext3,
    FileSystemKind::Ext4,
];

/// As Domus makes it.
pub fn make(path: &Path, kind: FileSystemKind, size_bytes: u64, format: Format) {
    let filesystem = Some(FileSystem {
        kind,
        label: "nixos",
    });
    let image = NewImage {
        path,
        size_bytes,
        format,
        filesystem,
    };
    create(&image, &Tools::default()).unwrap();
}

pub fn bare(path: &Path, size_bytes: u64, format: Format) {
    let image = NewImage {
        path,
        size_bytes,
        format,
        filesystem: None,
    };
    create(&image, &Tools::default()).unwrap();
}

/// As another mke2fs makes it.
pub fn with_mke2fs(path: &Path, size_bytes: u64, options: &[&str]) {
    fs::File::create(path).unwrap().set_len(size_bytes).unwrap();
    let mut all = vec!["-q", "-F"];
    all.extend(options);
    all.push(path.to_str().unwrap());
    run("mke2fs", &all);
}

pub fn run(program: &str, args: &[&str]) {
    let output = Command::new(program).args(args).output().unwrap();
    assert!(
        output.status.success(),
        "{program} {args:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

pub fn debugfs(path: &Path, request: &str) {
    run("debugfs", &["-w", "-R", request, path.to_str().unwrap()]);
}

/// Has debugfs write to the journal, as a kernel that was killed leaves it.
pub fn journal(path: &Path, requests: &str) {
    let mut child = Command::new("debugfs")
        .args(["-w", "-f", "-"])
        .arg(path)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(requests.as_bytes()).unwrap();
    drop(input);
    assert!(child.wait().unwrap().success());
}

/// Bytes that no two files have in common.
fn content(file: usize) -> Vec<u8> {
    let mut state = file as u64 + 1;
    let mut bytes = Vec::new();
    for _ in 0..(20_000 + 60_000 * file) / 8 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes
}

const FILES: usize = 6;

/// Writes files, folders and a link.
pub fn fill(path: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let mut requests = String::from("mkdir etc\nmkdir etc/nixos\nsymlink etc/link ");
    requests.push_str(&"a-long-target/".repeat(8));
    requests.push('\n');
    for file in 0..FILES {
        let from = folder.path().join(file.to_string());
        fs::write(&from, content(file)).unwrap();
        requests += "write ";
        requests += from.to_str().unwrap();
        requests += &[" etc/nixos/", &file.to_string()].concat();
        requests += "\n";
    }
    journal(path, &requests);
    holds_what_was_filled(path);
}

pub fn holds_what_was_filled(path: &Path) {
    for file in 0..FILES {
        let output = Command::new("debugfs")
            .args(["-R", &format!("cat /etc/nixos/{file}")])
            .arg(path)
            .output()
            .unwrap();
        assert!(
            output.stdout == content(file),
            "{}: file {file} differs",
            path.display()
        );
    }
}

/// As e2fsck sees it, without changing anything.
pub fn is_sound(path: &Path) {
    run("e2fsck", &["-f", "-n", path.to_str().unwrap()]);
}

pub fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

pub fn shown(error: &ImageError, folder: &Path) -> String {
    error.to_string().replace(folder.to_str().unwrap(), "TMP")
}

/// A node for some block device of this machine, and its size in bytes.
pub fn block_device(folder: &Path) -> Option<(PathBuf, u64)> {
    let entry = fs::read_dir("/sys/class/block")
        .ok()?
        .find_map(Result::ok)?;
    let text = fs::read_to_string(entry.path().join("dev")).ok()?;
    let (major, minor) = text.trim().split_once(':')?;
    let node = folder.join("node");
    let made = Command::new("mknod")
        .arg(&node)
        .args(["b", major, minor])
        .status()
        .ok()?;
    let sectors: u64 = fs::read_to_string(entry.path().join("size"))
        .ok()?
        .trim()
        .parse()
        .ok()?;
    made.success().then_some((node, sectors * 512))
}

/// Runs one of the tests below again, in a mount namespace of its own with a small file system.
pub fn in_small_file_system(test: &str, options: &str) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let run = format!("mount -t tmpfs -o {options} none \"$0\" && exec \"$@\"");
    let output = Command::new("unshare")
        .args(["--mount", "--propagation", "private", "sh", "-c", &run])
        .arg(folder.path())
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env("DOMUS_TEST_MOUNT", folder.path())
        .output();
    match output {
        Ok(output) if output.status.success() => {
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(said.contains("1 passed"), "{said}");
            true
        }
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            let no_right = said.contains("unshare failed")
                || said.contains("permission denied")
                || said.contains("must be superuser");
            assert!(
                no_right,
                "{}{said}",
                String::from_utf8_lossy(&output.stdout)
            );
            eprintln!("skipped: mounting a small file system needs root");
            false
        }
        Err(error) => {
            eprintln!("skipped: no unshare here: {error}");
            false
        }
    }
}

pub fn mounted() -> Option<PathBuf> {
    std::env::var_os("DOMUS_TEST_MOUNT").map(PathBuf::from)
}
