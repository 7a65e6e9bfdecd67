//! `cargo xtask grub-fixture`: the `grub.cfg` that NixOS's own install-grub.pl writes for a guest.
//!
//! Where no NixOS closure can be had, the guests of the demo and of the scenarios boot from these files, so they
//! must be what NixOS writes: they are made from the configuration of a template, and compared wherever a real
//! nixpkgs is at hand. Store paths in them are made up (their hash is zeros and the generation's number).

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail, ensure};
use serde::Deserialize;

use crate::eval::{self, Nix, Options, Source, project};

/// The arguments of `cargo xtask grub-fixture`.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    options: Options,
    /// Compare with the files that are there, and change nothing
    #[arg(long)]
    check: bool,
}

/// A fixture: the file below nixos-tests/fixtures, and the folder that holds the guest's configuration.
const FIXTURES: [(&str, &str); 2] = [
    ("grub.cfg", "templates/pygrub-guest"),
    ("grub-single-disk.cfg", "nixos-tests/fixtures/single-disk"),
];

/// How many generations the menu has.
const GENERATIONS: u32 = 2;

/// Runs `cargo xtask grub-fixture`.
///
/// # Errors
/// There is no real nixpkgs, install-grub.pl fails, or (with `--check`) a file differs.
pub fn run(args: &Args) -> anyhow::Result<()> {
    if args.check {
        let source = compare(&args.options)?;
        anstream::println!("the grub.cfg fixtures are what install-grub.pl writes, by {source}");
        return Ok(());
    }
    for (name, directory) in FIXTURES {
        let file = project().join("nixos-tests/fixtures").join(name);
        let (_, text) = generate(&project().join(directory), &args.options)?;
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        anstream::println!("wrote {}", file.display());
    }
    Ok(())
}

/// Compares the fixtures with what install-grub.pl writes now. Gives what the nixpkgs was.
///
/// # Errors
/// As [`run`].
pub fn compare(options: &Options) -> anyhow::Result<Source> {
    let mut used = None;
    for (name, directory) in FIXTURES {
        let file = project().join("nixos-tests/fixtures").join(name);
        let kept =
            fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let (source, now) = generate(&project().join(directory), options)?;
        if let Some((number, (was, is))) = kept
            .lines()
            .zip(now.lines())
            .enumerate()
            .find(|(_, (was, is))| was != is)
        {
            bail!(
                "{} is not what install-grub.pl writes (cargo xtask grub-fixture makes it anew):\nline {}\n  was {was}\n  is  {is}",
                file.display(),
                number + 1
            );
        }
        ensure!(
            kept.len() == now.len(),
            "{} and what install-grub.pl writes differ in length",
            file.display()
        );
        used = Some(source);
    }
    used.context("there are no fixtures")
}

/// What nixos-tests/evaluate/grub.nix gives.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Guest {
    configuration: String,
    installer: PathBuf,
    kernel_params: String,
    distro_name: String,
    devices: std::collections::BTreeMap<String, Option<String>>,
    failed_assertions: Vec<String>,
}

fn generate(directory: &Path, options: &Options) -> anyhow::Result<(Source, String)> {
    perl_modules()?;
    let nix = Nix::find()?;
    let source = eval::choose(&nix, options)?;
    ensure!(
        source.tree().is_some(),
        "install-grub.pl is in nixpkgs, and there is none: it would be {source}"
    );
    let json = nix.evaluate_file(
        &project().join("nixos-tests/evaluate/grub.nix"),
        &source,
        directory,
    )?;
    let guest: Guest =
        serde_json::from_str(&json).context("grub.nix gives something else than it says")?;
    ensure!(
        guest.failed_assertions.is_empty(),
        "{}",
        guest.failed_assertions.join("\n")
    );

    let stage = tempfile::tempdir().context("cannot make a folder for temporary files")?;
    let tree = stage.path().join("tree");
    lay_out(&tree, &guest.kernel_params)
        .with_context(|| format!("cannot lay out {}", tree.display()))?;
    fs::write(
        tree.join("grub-config.xml"),
        nix.binding(&guest.configuration, "text")?,
    )?;
    fs::write(tree.join("install-grub.pl"), installer(&guest)?)?;
    let text = install(stage.path(), &guest)?;
    Ok((source, text))
}

/// install-grub.pl as NixOS's grub.nix substitutes it.
fn installer(guest: &Guest) -> anyhow::Result<String> {
    let text = fs::read_to_string(&guest.installer)
        .with_context(|| format!("cannot read {}", guest.installer.display()))?;
    Ok(text
        .replace("@utillinux@", "/usr")
        .replace("@btrfsprogs@", "/usr")
        .replace("@distroName@", &guest.distro_name))
}

/// The store and the profile of a guest that was switched twice.
fn lay_out(tree: &Path, kernel_params: &str) -> std::io::Result<()> {
    let profiles = tree.join("nix/var/nix/profiles");
    fs::create_dir_all(&profiles)?;
    for generation in 1..=GENERATIONS {
        let store = |name: &str| format!("/nix/store/{generation:032}-{name}");
        let inside = |path: &str| tree.join(path.trim_start_matches('/'));
        let (linux, initrd, system) =
            (store("linux"), store("initrd-linux"), store("nixos-system"));
        for folder in [&linux, &initrd, &system] {
            fs::create_dir_all(inside(folder))?;
        }
        fs::write(inside(&linux).join("bzImage"), "kernel")?;
        fs::write(inside(&initrd).join("initrd"), "initrd")?;
        symlink(format!("{linux}/bzImage"), inside(&system).join("kernel"))?;
        symlink(format!("{initrd}/initrd"), inside(&system).join("initrd"))?;
        fs::write(inside(&system).join("init"), "")?;
        fs::write(inside(&system).join("kernel-params"), kernel_params)?;
        fs::write(inside(&system).join("nixos-version"), "26.05")?;
        fs::write(inside(&system).join("configuration-name"), "")?;
        symlink(&system, profiles.join(format!("system-{generation}-link")))?;
    }
    Ok(())
}

/// Runs install-grub.pl where it sees only the tree, and gives what it wrote.
fn install(stage: &Path, guest: &Guest) -> anyhow::Result<String> {
    let script = stage.join("chroot.sh");
    fs::write(&script, include_str!("grub_fixture/chroot.sh"))?;
    let device = |mount: &str| guest.devices.get(mount).cloned().flatten();
    let root = device("/").context("the guest's configuration names no device for /")?;
    let boot = device("/boot").unwrap_or_default();

    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private"]);
    if !rustix::process::geteuid().is_root() {
        command.arg("--map-root-user");
    }
    command
        .arg("sh")
        .arg(&script)
        .arg(stage)
        .args([&root, &boot]);
    command.arg(format!("/nix/store/{GENERATIONS:032}-nixos-system"));
    let output = command
        .output()
        .context("cannot run unshare (package util-linux)")?;
    ensure!(
        output.status.success(),
        "install-grub.pl failed:\n{}",
        String::from_utf8_lossy(&output.stderr).trim_end()
    );
    fs::read_to_string(stage.join("grub.cfg")).context("install-grub.pl wrote no grub.cfg")
}

/// Says what to install where install-grub.pl's modules are missing.
fn perl_modules() -> anyhow::Result<()> {
    let output = Command::new("perl")
        .args([
            "-MXML::LibXML",
            "-MFile::Slurp",
            "-MFile::Copy::Recursive",
            "-MList::Compare",
            "-MJSON",
            "-e",
            "1",
        ])
        .output()
        .context("cannot run perl")?;
    ensure!(
        output.status.success(),
        "install-grub.pl needs Perl modules that are not there; on Debian: apt-get install \
         libxml-libxml-perl libfile-slurp-perl libfile-copy-recursive-perl liblist-compare-perl libjson-perl"
    );
    Ok(())
}
