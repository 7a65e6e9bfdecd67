//! Installs what a verb needs: Debian packages, as root; else says the one line to run.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use xshell::{Shell, cmd};

use crate::vm::progress::Step;

/// A Debian package, and how to see without dpkg that what it is needed for is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// The Debian package.
    pub package: &'static str,
    /// A program looked for on PATH and in the system's sbin; with a leading `/`, a file; after `perl:`, a
    /// module of Perl; after `library:`, a library that pkg-config knows.
    pub proof: &'static str,
}

const fn need(package: &'static str, proof: &'static str) -> Need {
    Need { package, proof }
}

/// What `vm`, `demo` and the scenarios need.
pub const VM: &[Need] = &[
    need("qemu-system-x86", "qemu-system-x86_64"),
    need("qemu-utils", "qemu-img"),
    need("mmdebstrap", "mmdebstrap"),
    need("e2fsprogs", "mkfs.ext4"),
    need("util-linux", "setpriv"),
    need("gzip", "gzip"),
];

/// What evaluating a configuration needs.
pub const EVAL: &[Need] = &[need("nix-bin", "nix-instantiate")];

/// What comparing with Xen's own parsers needs.
pub const PEER: &[Need] = &[
    need("gcc", "cc"),
    need("pkg-config", "pkg-config"),
    need("libxen-dev", "library:xlutil"),
    need("libxen-dev", "library:xenlight"),
];

/// What `bench` measures beside Domus.
pub const BENCH: &[Need] = &[
    need("jq", "jq"),
    need("diffutils", "cmp"),
    need("libvirt-clients", "virsh"),
];

/// What cargo-fuzz needs to build libFuzzer.
pub const FUZZ: &[Need] = &[need("g++", "c++")];

/// What the unit tests of the workspace need beside a Rust toolchain.
pub const TESTS: &[Need] = &[
    need("gcc", "cc"),
    need("pkg-config", "pkg-config"),
    need("libxen-dev", "library:xlutil"),
    need("libxen-dev", "library:xenlight"),
    need("e2fsprogs", "mkfs.ext4"),
    need("qemu-utils", "qemu-img"),
    need("strace", "strace"),
    need("util-linux", "setpriv"),
    need("perl", "perl"),
    need("libxml-libxml-perl", "perl:XML::LibXML"),
    need("libfile-slurp-perl", "perl:File::Slurp"),
    need("libfile-copy-recursive-perl", "perl:File::Copy::Recursive"),
    need("liblist-compare-perl", "perl:List::Compare"),
    need("libjson-perl", "perl:JSON"),
];

/// Makes sure that all of `needs` are there, and installs what is missing; where nothing is, it does nothing.
///
/// # Errors
/// A package is missing, and this user or this system cannot install it; the message has the line to run.
pub fn ensure(needs: &[Need]) -> Result<()> {
    let folders = program_folders();
    let mut packages: Vec<&str> = needs
        .iter()
        .filter(|need| !present(need, &folders))
        .map(|need| need.package)
        .collect();
    packages.sort_unstable();
    packages.dedup();
    if packages.is_empty() {
        return Ok(());
    }
    let line = format!(
        "apt-get update && apt-get install -y --no-install-recommends {}",
        packages.join(" ")
    );
    if !Path::new("/usr/bin/apt-get").exists() {
        bail!(
            "these programs are missing, and this is no Debian: install what Debian has in {}",
            packages.join(", ")
        );
    }
    if !rustix::process::geteuid().is_root() {
        bail!("Debian packages are missing; run as root: {line}");
    }
    let step = Step::begin(format!("installing {}", packages.join(" ")));
    let shell = Shell::new()?;
    shell.set_var("DEBIAN_FRONTEND", "noninteractive");
    // A third party's source that fails to update must not stop an installation from Debian's.
    let update = cmd!(shell, "apt-get -q update")
        .quiet()
        .ignore_stdout()
        .ignore_stderr()
        .run();
    if let Err(plain) = install(&shell, &packages, &[]) {
        let Some(pin) = backports_pin(&shell) else {
            update.context("apt-get update failed")?;
            return Err(plain).with_context(|| {
                format!("cannot install Debian packages; see what this says: {line}")
            });
        };
        install(&shell, &packages, &[pin.as_str(), "--allow-downgrades"]).with_context(|| {
            format!("cannot install Debian packages, neither by {line} nor with {pin}")
        })?;
    }
    step.done();
    match needs.iter().find(|need| !present(need, &folders)) {
        Some(need) => bail!(
            "{} is installed, but {} is not there",
            need.package,
            need.proof
        ),
        None => Ok(()),
    }
}

fn install(shell: &Shell, packages: &[&str], extra: &[&str]) -> Result<()> {
    let output = cmd!(
        shell,
        "apt-get install -y -q --no-install-recommends {packages...} {extra...}"
    )
    .quiet()
    .ignore_status()
    .output()?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    bail!("apt-get install: {}", text.trim())
}

/// Where qemu-utils came from backports, qemu-system-x86 of the release does not install beside it: the
/// version of qemu-utils that goes with it, as apt-get takes it.
fn backports_pin(shell: &Shell) -> Option<String> {
    let policy = cmd!(shell, "apt-cache policy qemu-system-x86")
        .quiet()
        .read()
        .ok()?;
    let version = candidate(&policy)?;
    Some(format!("qemu-utils={version}"))
}

/// The candidate version in what `apt-cache policy PACKAGE` prints.
fn candidate(policy: &str) -> Option<&str> {
    let version = policy
        .lines()
        .find_map(|line| line.trim().strip_prefix("Candidate:"))?
        .trim();
    (version != "(none)").then_some(version)
}

fn program_folders() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.extend(["/usr/sbin", "/sbin"].map(PathBuf::from));
    folders
}

fn present(need: &Need, folders: &[PathBuf]) -> bool {
    if need.proof.starts_with('/') {
        return Path::new(need.proof).exists();
    }
    if let Some(module) = need.proof.strip_prefix("perl:") {
        let perl = Command::new("perl")
            .arg(format!("-M{module}"))
            .args(["-e", "1"])
            .output();
        return perl.is_ok_and(|output| output.status.success());
    }
    if let Some(library) = need.proof.strip_prefix("library:") {
        let known = Command::new("pkg-config")
            .args(["--exists", library])
            .status();
        return known.is_ok_and(|status| status.success());
    }
    folders
        .iter()
        .any(|folder| folder.join(need.proof).is_file())
}

/// Makes sure that cargo-fuzz is there, and installs it into cargo's home when it is not.
///
/// # Errors
/// It cannot be installed.
pub fn cargo_fuzz() -> Result<()> {
    let there = Command::new("cargo").args(["fuzz", "--version"]).output();
    if there.is_ok_and(|output| output.status.success()) {
        return Ok(());
    }
    let step = Step::begin("installing cargo-fuzz");
    let output = Command::new("cargo")
        .args(["install", "cargo-fuzz", "--locked"])
        .output()
        .context("cannot run cargo")?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        bail!("cargo install cargo-fuzz --locked: {}", text.trim());
    }
    step.done();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_candidate_is_read_from_apts_policy() {
        let policy = "qemu-system-x86:\n  Installed: (none)\n  Candidate: 1:7.2+dfsg-7+deb12u18\n  Version table:\n";
        assert_eq!(candidate(policy), Some("1:7.2+dfsg-7+deb12u18"));
        assert_eq!(
            candidate("x:\n  Installed: (none)\n  Candidate: (none)\n"),
            None
        );
        assert_eq!(candidate(""), None);
    }

    #[test]
    fn what_is_there_needs_no_installation() {
        let folders = program_folders();
        assert!(present(&need("coreutils", "true"), &folders));
        assert!(present(&need("base-files", "/etc"), &folders));
        assert!(!present(&need("none", "no-such-program-as-this"), &folders));
        assert!(!present(&need("none", "library:no-such-library"), &folders));
        assert!(ensure(&[need("coreutils", "true")]).is_ok());
    }
}
