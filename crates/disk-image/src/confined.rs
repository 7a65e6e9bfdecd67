//! A program run with least privilege, on what a guest wrote.
//!
//! e2fsck and resize2fs read and write a file system whose every byte a guest chose, and they were not written
//! against that. A fault in them that a guest can use must not become a way into the Dom0. So they run as the owner of the
//! image, without any capability, unable to gain one, and, where the kernel has Landlock (5.13, and NixOS and Debian
//! have it on), with nothing that they can write but the image, and nothing to read but programs, libraries, and what
//! the kernel tells about the system.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs, thread};

use landlock::{
    ABI, Access, AccessFs, BitFlags, PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreatedAttr,
};
use rustix::process::{Gid, Uid, geteuid};
use rustix::thread::{
    CapabilitySet, CapabilitySets, set_capabilities, set_no_new_privs, set_thread_groups,
    set_thread_res_gid, set_thread_res_uid,
};

/// What a program needs to run, and to see whether what it works on is mounted.
const READ: [&str; 10] = [
    "/nix/store",
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/etc/ld.so.cache",
    "/proc",
    "/sys/devices/system/cpu",
];

/// Runs a program that may write this one file only, and waits for it.
///
/// A thread lowers itself and starts the program, which then is as low: credentials and Landlock are a thread's own. So
/// nothing needs to run between fork and exec, where only unsafe code could.
pub(crate) fn confined(command: &mut Command, file: &File) -> io::Result<Output> {
    let program = resolve(command.get_program());
    thread::scope(|scope| {
        thread::Builder::new()
            .name("confined".to_owned())
            .spawn_scoped(scope, || {
                lower(file, &program)?;
                command.output()
            })?
            .join()
            .map_err(|_| io::Error::other("the thread that runs it failed"))?
    })
}

fn lower(file: &File, program: &Path) -> io::Result<()> {
    set_no_new_privs(true)?;
    restrict(file, program).map_err(io::Error::other)?;
    if geteuid().is_root() {
        let owner = file.metadata()?;
        let (user, group) = (Uid::from_raw(owner.uid()), Gid::from_raw(owner.gid()));
        // A container may refuse us this; who may not change its groups has no more than its own.
        let _ = set_thread_groups(&[]);
        set_thread_res_gid(group, group, group)?;
        set_thread_res_uid(user, user, user)?;
    }
    let none = CapabilitySet::empty();
    set_capabilities(
        None,
        CapabilitySets {
            effective: none,
            permitted: none,
            inheritable: none,
        },
    )?;
    Ok(())
}

/// A kernel without Landlock, or with an older one, does as much of it as it can.
fn restrict(file: &File, program: &Path) -> Result<(), landlock::RulesetError> {
    let abi = ABI::V5;
    let read_file: BitFlags<AccessFs> = AccessFs::ReadFile | AccessFs::Execute;
    let mut rules = Ruleset::default()
        .handle_access(AccessFs::from_all(abi))?
        .create()?
        .add_rule(PathBeneath::new(
            file,
            AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::Truncate,
        ))?;
    // e2fsck opens it as its outputs, lest a disk become one of them.
    if let Ok(null) = PathFd::new("/dev/null") {
        rules = rules.add_rule(PathBeneath::new(
            null,
            AccessFs::ReadFile | AccessFs::WriteFile,
        ))?;
    }
    for path in READ.iter().map(Path::new).chain(program.parent()) {
        // What is not on this host needs no rule.
        let (Ok(opened), Ok(metadata)) = (PathFd::new(path), fs::metadata(path)) else {
            continue;
        };
        let access = if metadata.is_dir() {
            AccessFs::from_read(abi)
        } else {
            read_file
        };
        rules = rules.add_rule(PathBeneath::new(opened, access))?;
    }
    rules.restrict_self()?;
    Ok(())
}

/// Where a program truly is, as far as that can be told; to run it is another matter.
fn resolve(program: &OsStr) -> PathBuf {
    let given = Path::new(program);
    let found = if given.components().count() > 1 {
        Some(given.to_owned())
    } else {
        env::var_os("PATH").and_then(|path| {
            env::split_paths(&path)
                .map(|folder| folder.join(given))
                .find(|file| file.exists())
        })
    };
    found
        .and_then(|file| fs::canonicalize(file).ok())
        .unwrap_or_default()
}
