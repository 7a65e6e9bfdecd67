//! `cargo xtask fuzz`: texts without end for the reader and every grammar of xl-cfg, against Xen's own parsers.
//!
//! Two ways. cargo-fuzz finds texts by what code they reach, and goes on until it is stopped; with `--cases`, generated
//! ones are compared, so many and the same for the same seed, as the tests do with fewer.

use std::path::PathBuf;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};

use crate::vm::progress::Step;
use crate::{eval, setup};

/// The arguments of `cargo xtask fuzz`.
#[derive(clap::Args)]
pub struct Args {
    /// What to fuzz, by its name in the folder fuzz; each in turn when none is named
    target: Option<String>,
    /// How long each target runs; without, one runs until it is stopped, and of all each takes a minute, again and again
    #[arg(long)]
    seconds: Option<u32>,
    /// Compare so many generated cases of each kind instead, and end
    #[arg(long, conflicts_with_all = ["target", "seconds"])]
    cases: Option<u64>,
    /// What is generated; a fresh one when not given
    #[arg(long)]
    seed: Option<u32>,
}

/// So long each target runs before it is the next one's turn, in seconds.
const TURN: u32 = 60;

/// Runs `cargo xtask fuzz`.
///
/// # Errors
/// Something is missing and cannot be installed, or xl-cfg and Xen disagree.
pub fn run(args: &Args) -> Result<()> {
    let seed = match args.seed {
        Some(seed) => seed,
        None => SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(1, |now| now.subsec_nanos()),
    };
    setup::ensure(setup::PEER)?;
    anstream::eprintln!("seed {seed}");
    if let Some(cases) = args.cases {
        let (cases, seed) = (cases.to_string(), seed.to_string());
        let status = Command::new(peer()?)
            .args(["compare", "--cases", &cases, "--seed", &seed])
            .status()?;
        ensure!(
            status.success(),
            "xl-cfg and Xen disagree; make each of them a test in crates/xen-peer/tests/found.rs, and mend it"
        );
        return Ok(());
    }
    setup::ensure(setup::FUZZ)?;
    setup::cargo_fuzz()?;
    let targets = targets()?;
    let Some(target) = &args.target else {
        loop {
            for target in &targets {
                fuzz(target, args.seconds.or(Some(TURN)), seed)?;
            }
            if args.seconds.is_some() {
                return Ok(());
            }
        }
    };
    if !targets.contains(target) {
        bail!(
            "there is no target `{target}`; there are {}",
            targets.join(", ")
        );
    }
    fuzz(target, args.seconds, seed)
}

/// The program that compares with Xen's parsers and measures them, built.
///
/// # Errors
/// It does not build.
pub fn peer() -> Result<PathBuf> {
    let step = Step::begin("building xen-peer");
    let status = Command::new("cargo")
        .args(["build", "--quiet", "--release", "--package", "xen-peer"])
        .current_dir(eval::project())
        .status()
        .context("cannot run cargo")?;
    ensure!(
        status.success(),
        "xen-peer does not build; see: cargo build --release --package xen-peer"
    );
    step.done();
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| eval::project().join("target"), PathBuf::from);
    Ok(target.join("release/xen-peer"))
}

/// The names of the fuzz targets.
fn targets() -> Result<Vec<String>> {
    let folder = eval::project().join("fuzz/fuzz_targets");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(
                path.file_stem()
                    .map(|name| name.to_string_lossy().into_owned()),
            );
        }
    }
    names.sort();
    ensure!(
        !names.is_empty(),
        "there is no fuzz target in {}",
        folder.display()
    );
    Ok(names)
}

fn fuzz(target: &str, seconds: Option<u32>, seed: u32) -> Result<()> {
    let project = eval::project();
    let found = project.join("fuzz/corpus").join(target);
    std::fs::create_dir_all(&found).with_context(|| found.display().to_string())?;
    // The first folder takes what is found; the others are only read.
    let mut folders = vec![found];
    let mut longest = 256;
    if target == "reader" {
        let corpus = project.join("crates/xl-cfg/tests/corpus");
        folders.extend(["pv", "pvh", "hvm"].map(|kind| corpus.join(kind)));
        longest = 4096;
    }
    let mut options = vec![
        format!("-seed={seed}"),
        format!("-max_len={longest}"),
        "-print_final_stats=1".to_owned(),
    ];
    options.extend(seconds.map(|seconds| format!("-max_total_time={seconds}")));
    anstream::eprintln!("… {target}");
    let status = Command::new("cargo")
        .args([
            "fuzz",
            "run",
            "--fuzz-dir",
            "fuzz",
            "--sanitizer",
            "none",
            target,
        ])
        .args(&folders)
        .arg("--")
        .args(&options)
        .current_dir(project)
        // The flags by which libFuzzer sees what is reached are not stable.
        .env("RUSTC_BOOTSTRAP", "1")
        .status()
        .context("cannot run cargo fuzz")?;
    ensure!(
        status.success(),
        "{target}: see above; the text is in fuzz/artifacts/{target}. Make it a test in crates/xen-peer/tests/found.rs, and mend it"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_target_is_declared() {
        let manifest = std::fs::read_to_string(eval::project().join("fuzz/Cargo.toml")).unwrap();
        let targets = targets().unwrap();
        for target in &targets {
            assert!(
                manifest.contains(&format!("path = \"fuzz_targets/{target}.rs\"")),
                "{target}"
            );
        }
        assert_eq!(manifest.matches("[[bin]]").count(), targets.len());
    }
}
