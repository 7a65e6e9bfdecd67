//! Growing that is killed: whatever it was doing, the next call gets to the same end, and nothing is lost.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use disk_image::{
    FileSystemKind, Format, Growth, ImageError, Inside, Tools, delete, grow, needs_growth,
    remove_leftovers, undo_growth,
};
use support::{
    MIB, debugfs, fill, holds_what_was_filled, is_sound, journal, make, names, run, with_mke2fs,
};

/// The calls that change a file, its size or its name, or make data durable.
const CALLS: [&str; 12] = [
    "pwrite64",
    "write",
    "ftruncate",
    "fallocate",
    "fsync",
    "fdatasync",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "pwritev",
];

const BEFORE: u64 = 20 * MIB;
const AFTER: u64 = 40 * MIB;

/// Not a test: what the tests below run as another process.
#[test]
fn child() {
    let Some(path) = std::env::var_os("DOMUS_TEST_GROW").map(PathBuf::from) else {
        return;
    };
    let format = if path.extension().is_some_and(|end| end == "qcow2") {
        Format::Qcow2
    } else {
        Format::Raw
    };
    let mut tools = Tools::default();
    if let Some(tool) = std::env::var_os("DOMUS_TEST_RESIZE2FS") {
        tools.resize2fs = tool.into();
    }
    if let Some(tool) = std::env::var_os("DOMUS_TEST_E2FSCK") {
        tools.e2fsck = tool.into();
    }
    let code = match grow(&path, format, AFTER, &tools) {
        Ok(_) => 0,
        Err(error) => {
            eprintln!("{error}");
            3
        }
    };
    std::process::exit(code);
}

fn itself(command: &mut Command, path: &Path) {
    command
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env("DOMUS_TEST_GROW", path)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
}

/// Who is killed.
#[derive(Clone, Copy)]
enum Who {
    /// Whoever makes the nth call first: each process counts by itself.
    Any,
    /// This program, and with it the process that called it.
    Program(&'static str),
}

/// Grows with a kill at the nth call of a name; says whether there was one.
fn killed_at(path: &Path, who: Who, call: &str, nth: usize) -> bool {
    let inject = format!("-e trace={call} -e inject={call}:signal=KILL:when={nth}");
    let program = match who {
        Who::Any => {
            let mut strace = Command::new("strace");
            strace.args(["-f", "-qq", "-o", "/dev/null"]);
            strace.args(inject.split(' '));
            itself(&mut strace, path);
            return !strace.status().unwrap().success();
        }
        Who::Program(program) => program,
    };
    let tools = tempfile::tempdir().unwrap();
    let text = format!(
        "strace -f -qq {inject} {program} \"$@\" 2>&1; end=$?; [ $end -lt 128 ] || kill -9 $PPID; exit $end"
    );
    let mut command = Command::new("env");
    itself(&mut command, path);
    let variable = format!("DOMUS_TEST_{}", program.to_uppercase());
    command.env(variable, script(tools.path(), &text));
    !command.status().unwrap().success()
}

fn no_strace() -> bool {
    let works = Command::new("strace")
        .args(["-qq", "-o", "/dev/null", "true"])
        .status();
    if works.is_ok_and(|status| status.success()) {
        return false;
    }
    eprintln!("skipped: strace does not work here");
    true
}

/// Kills at every call in turn; gives how often, and how often the guest would have had to wait.
fn kill_everywhere(base: &Path, name: &str, who: Who, check: fn(&Path)) -> (usize, usize) {
    // A kill, unlike a power cut, is the same on a file system in memory, where syncing takes no time.
    let memory = Path::new("/dev/shm");
    let folder = match who {
        Who::Program(_) if memory.is_dir() => tempfile::tempdir_in(memory),
        _ => tempfile::tempdir(),
    };
    let folder = folder.unwrap();
    let path = folder.path().join(name);
    let format = if name.ends_with("qcow2") {
        Format::Qcow2
    } else {
        Format::Raw
    };
    let (mut kills, mut unfinished) = (0, 0);
    for call in CALLS {
        // Each of the first, and then one of a few: the later ones are alike.
        for nth in (1..12).chain((12..1000).step_by(9)) {
            run(
                "cp",
                &[
                    "--sparse=always",
                    base.to_str().unwrap(),
                    path.to_str().unwrap(),
                ],
            );
            if !killed_at(&path, who, call, nth) {
                break;
            }
            kills += 1;
            let at = format!("killed at {call} {nth}");
            let plan = needs_growth(&path, format, AFTER).unwrap();
            unfinished += usize::from(plan == Growth::Unfinished);
            let grown = grow(&path, format, AFTER, &Tools::default())
                .unwrap_or_else(|error| panic!("{at}: {error}"));
            assert_eq!(grown.size_bytes, AFTER, "{at}");
            if format == Format::Raw {
                assert!(
                    matches!(grown.inside, Inside::FileSystem { to_bytes, .. } if to_bytes == AFTER),
                    "{at}: {grown:?}"
                );
            }
            assert_eq!(
                needs_growth(&path, format, AFTER).unwrap(),
                Growth::AsDeclared,
                "{at}"
            );
            println!("{at}: {plan:?}");
            check(&path);
            remove_leftovers(folder.path()).unwrap();
            assert_eq!(names(folder.path()), [name], "{at}");
        }
    }
    println!("counted: {name}: {kills} kills, {unfinished} of them in the middle of it");
    (kills, unfinished)
}

fn sound(path: &Path) {
    is_sound(path);
    holds_what_was_filled(path);
    assert_eq!(fs::metadata(path).unwrap().len(), AFTER);
}

/// A file system as Domus makes it, whose guest was killed: e2fsck has work to do.
#[test]
fn a_raw_image() {
    if no_strace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("base");
    make(&base, FileSystemKind::Ext4, BEFORE, Format::Raw);
    fill(&base);
    debugfs(&base, "set_super_value state 0");
    journal(&base, "jo\njw -b 5000 /etc/hostname\njc\n");
    let (kills, unfinished) = kill_everywhere(&base, "root.img", Who::Any, sound);
    assert!(kills > 30 && unfinished > 3, "{kills} {unfinished}");
    for program in ["e2fsck", "resize2fs"] {
        let (kills, unfinished) = kill_everywhere(&base, "root.img", Who::Program(program), sound);
        assert!(kills > 10, "{program}: {kills}");
        // Both die with their undo file in place, however far they were.
        assert_eq!(kills, unfinished, "{program}");
    }
}

/// One with 1 KiB blocks and many groups, as an old mke2fs made it.
#[test]
fn an_old_raw_image() {
    if no_strace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("base");
    with_mke2fs(&base, BEFORE, &["-t", "ext3", "-b", "1024"]);
    fill(&base);
    debugfs(&base, "set_super_value state 0");
    for (program, least) in [("e2fsck", 5), ("resize2fs", 20)] {
        let (kills, unfinished) = kill_everywhere(&base, "old.img", Who::Program(program), sound);
        assert!(
            kills > least && kills == unfinished,
            "{program}: {kills} {unfinished}"
        );
    }
}

#[test]
fn a_qcow2_image() {
    if no_strace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("base.qcow2");
    make(&base, FileSystemKind::Ext4, BEFORE, Format::Qcow2);
    let write = "write -P 7 10M 5M";
    run(
        "qemu-io",
        &["-f", "qcow2", "-c", write, base.to_str().unwrap()],
    );
    let (kills, _) = kill_everywhere(&base, "root.qcow2", Who::Any, |path| {
        let path = path.to_str().unwrap();
        run("qemu-img", &["check", "-q", "-f", "qcow2", path]);
        run("qemu-io", &["-f", "qcow2", "-c", "read -P 7 10M 5M", path]);
    });
    assert!(kills >= 3, "{kills}");
}

fn script(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("tool");
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// Grows as another process, which is killed while its resize2fs is at work; that goes on.
fn killed_while_resizing(tool: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root.img");
    make(&path, FileSystemKind::Ext4, BEFORE, Format::Raw);
    fill(&path);
    let tools = tempfile::tempdir().unwrap();
    let mut command = Command::new("env");
    itself(&mut command, &path);
    command.env("DOMUS_TEST_RESIZE2FS", script(tools.path(), tool));
    let mut child = command.spawn().unwrap();
    let since = Instant::now();
    // The image is lengthened just before resize2fs runs.
    while fs::metadata(&path).unwrap().len() < AFTER {
        assert!(since.elapsed() < Duration::from_secs(30), "nothing began");
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(300));
    child.kill().unwrap();
    child.wait().unwrap();
    drop(tools);
    (folder, path)
}

#[test]
fn a_program_that_outlives_us_is_waited_for() {
    let (folder, path) = killed_while_resizing("sleep 1.5; exec resize2fs \"$@\"");
    let since = Instant::now();
    assert_eq!(
        needs_growth(&path, Format::Raw, AFTER).unwrap(),
        Growth::Unfinished
    );
    grow(&path, Format::Raw, AFTER, &Tools::default()).unwrap();
    assert!(
        since.elapsed() > Duration::from_millis(500),
        "it did not wait"
    );
    sound(&path);
    assert_eq!(names(folder.path()), ["root.img"]);
}

/// The declaration went back to the old size, or is gone, after the kill.
#[test]
fn what_was_begun_can_be_undone() {
    for how in ["declared as before", "not declared"] {
        let (folder, path) = killed_while_resizing("resize2fs \"$@\"; sleep 1");
        let before = needs_growth(&path, Format::Raw, BEFORE).unwrap();
        assert_eq!(before, Growth::Unfinished);
        if how == "not declared" {
            assert!(undo_growth(&path).unwrap());
            assert!(!undo_growth(&path).unwrap());
        } else {
            let grown = grow(&path, Format::Raw, BEFORE, &Tools::default()).unwrap();
            assert_eq!(grown.size_bytes, BEFORE);
        }
        assert_eq!(fs::metadata(&path).unwrap().len(), BEFORE, "{how}");
        is_sound(&path);
        holds_what_was_filled(&path);
        assert_eq!(names(folder.path()), ["root.img"]);
    }
}

/// Somebody started the guest in spite of all: what it wrote is not overwritten with what was before.
#[test]
fn a_guest_that_ran_meanwhile_keeps_what_it_wrote() {
    let (folder, path) = killed_while_resizing("resize2fs \"$@\"; sleep 1");
    debugfs(&path, "set_super_value mtime 20300101");
    debugfs(&path, "set_super_value mnt_count 1");
    debugfs(&path, "mkdir written-by-the-guest");
    // In the superblock, which is saved too.
    debugfs(&path, "set_super_value volume_name by-the-guest");
    grow(&path, Format::Raw, AFTER, &Tools::default()).unwrap();
    sound(&path);
    let output = Command::new("debugfs")
        .args(["-R", "ls -p"])
        .arg(&path)
        .output()
        .unwrap();
    let listed = String::from_utf8(output.stdout).unwrap();
    assert!(listed.contains("/written-by-the-guest/"), "{listed}");
    let output = Command::new("e2label").arg(&path).output().unwrap();
    assert_eq!(output.stdout, b"by-the-guest\n");
    assert_eq!(names(folder.path()), ["root.img"]);
}

#[test]
fn a_damaged_undo_file() {
    let (folder, path) = killed_while_resizing("resize2fs \"$@\"; sleep 1");
    let undo = folder.path().join(".root.img.domus-grow");
    let whole = fs::read(&undo).unwrap();
    for damaged in [&b""[..], b"precious", &whole[..whole.len() - 5]] {
        fs::write(&undo, damaged).unwrap();
        let error = grow(&path, Format::Raw, AFTER, &Tools::default()).unwrap_err();
        assert!(matches!(error, ImageError::UndoDamaged { .. }), "{error}");
        let undo = undo.to_str().unwrap();
        assert!(error.to_string().contains(&format!("remove {undo}")));
    }
    assert!(delete(&path).unwrap());
    assert_eq!(names(folder.path()), [""; 0]);
}
