//! `cargo xtask test`: everything that proves Domus, and one closing line.

mod told;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anstyle::{AnsiColor, Style};
use anyhow::{Context, Result, bail};

use self::told::Told;
use crate::eval::{self, Options};
use crate::{grub_fixture, round_trip, setup, vm};

/// The arguments of `cargo xtask test`.
#[derive(clap::Args)]
pub struct Args {
    /// Leave out the scenarios on real Xen
    #[arg(long)]
    no_vm: bool,
    /// Try more often what is tried at some moments only: kills at writes, and power cuts, of which `DOMUS_SEED` chooses the
    /// moments
    #[arg(long)]
    long: bool,
    #[command(flatten)]
    options: Options,
}

/// What passed, failed and was skipped.
#[derive(Default)]
struct Tally {
    passed: usize,
    failed: usize,
    skipped: usize,
}

/// Runs `cargo xtask test`.
///
/// # Errors
/// Something failed; the lines above say what.
pub fn run(args: &Args) -> Result<()> {
    let vm = if args.no_vm { &[][..] } else { setup::VM };
    setup::ensure(&[setup::TESTS, setup::EVAL, vm].concat())?;
    for component in ["fmt", "clippy"] {
        cargo(&[component, "--version"]).context(
            "a part of the Rust toolchain is missing; run: rustup component add rustfmt clippy",
        )?;
    }
    let mut tally = Tally::default();
    tally.step("format", || cargo(&["fmt", "--all", "--check"]));
    tally.step("lints", || {
        cargo(&[
            "clippy",
            "--workspace",
            "--all-targets",
            "--quiet",
            "--",
            "-D",
            "warnings",
        ])
    });
    tally.step("documentation", || {
        cargo(&[
            "doc",
            "--workspace",
            "--no-deps",
            "--document-private-items",
            "--quiet",
        ])
    });
    tally.step(
        "every .nix file parses, and is as nixfmt leaves it",
        nix_files,
    );
    tally.unit_tests(args.long)?;
    tally.evaluation(&args.options)?;
    if args.no_vm {
        tally.skip("scenarios on real Xen", "--no-vm");
    } else {
        match vm::scenarios::run_all(args.long) {
            Ok(results) => {
                for result in results {
                    if result.outcome.failed() {
                        tally.failed += 1;
                    } else {
                        tally.passed += 1;
                    }
                }
            }
            Err(error) => {
                tally.failed += 1;
                say(
                    AnsiColor::Red,
                    "FAIL",
                    &format!("scenarios on real Xen\n{error:#}"),
                );
            }
        }
    }
    // The closing line that CI reads; nothing comes after it on standard output.
    anstream::println!(
        "\n{} passed, {} failed, {} skipped",
        tally.passed,
        tally.failed,
        tally.skipped
    );
    if tally.failed > 0 {
        bail!("{} failed", tally.failed);
    }
    Ok(())
}

impl Tally {
    /// One step that passes or fails.
    fn step(&mut self, name: &str, step: impl FnOnce() -> Result<()>) {
        anstream::println!("… {name}");
        let since = Instant::now();
        let result = step();
        let seconds = since.elapsed().as_secs();
        match result {
            Ok(()) => {
                self.passed += 1;
                say(AnsiColor::Green, "PASS", &format!("{name} ({seconds} s)"));
            }
            Err(error) => {
                self.failed += 1;
                say(
                    AnsiColor::Red,
                    "FAIL",
                    &format!("{name} ({seconds} s)\n{error:#}"),
                );
            }
        }
    }

    fn skip(&mut self, name: &str, why: &str) {
        self.skipped += 1;
        say(AnsiColor::Yellow, "SKIP", &format!("{name}: {why}"));
    }

    /// The tests of all crates, counted one by one.
    fn unit_tests(&mut self, long: bool) -> Result<()> {
        anstream::println!("… tests of the crates");
        let mut command = Command::new("cargo");
        if long {
            command.env("DOMUS_LONG", "1");
        }
        let output = command
            .args([
                "test",
                "--workspace",
                "--quiet",
                "--no-fail-fast",
                "--",
                "--show-output",
            ])
            .env("INSTA_UPDATE", "no")
            .current_dir(eval::project())
            .stdin(Stdio::null())
            .output()
            .context("cannot run cargo")?;
        let stdout = String::from_utf8_lossy(&output.stdout);
        let told = Told::read(&stdout);
        // A test that cannot do its work here says so on a line of its own.
        let passed = told.counts.passed.saturating_sub(told.skips.len());
        let failed = told.counts.failed;
        self.passed += passed;
        self.failed += failed;
        for why in &told.skips {
            self.skip("a test of the crates", why);
        }
        for _ in 0..told.counts.ignored {
            self.skip("a test of the crates", "it is marked as ignored");
        }
        if output.status.success() && passed > 0 {
            say(
                AnsiColor::Green,
                "PASS",
                &format!("{passed} tests of the crates"),
            );
            // What the harnesses counted that kill domus, and that fail its calls.
            for counted in &told.counted {
                anstream::println!("  {counted}");
            }
        } else {
            // Where nothing could be built, no test is counted, and that is a failure too.
            self.failed += usize::from(failed == 0);
            let stderr = String::from_utf8_lossy(&output.stderr);
            say(
                AnsiColor::Red,
                "FAIL",
                &format!("tests of the crates\n{}", told.failures(&stdout, &stderr)),
            );
        }
        Ok(())
    }

    /// Each template, offline, and against the real NixOS modules where they are at hand.
    fn evaluation(&mut self, real: &Options) -> Result<()> {
        let mut directories = folders(&eval::project().join("templates"))?;
        directories.push(eval::project().join("nixos-tests/fixtures/everything"));
        let offline = Options::offline();
        for directory in &directories {
            self.step(&format!("evaluate {}, offline", shown(directory)), || {
                let (_, evaluation) = eval::evaluate(directory, &offline)?;
                if evaluation.failed_assertions.is_empty() {
                    Ok(())
                } else {
                    bail!(eval::failed_assertions(&evaluation.failed_assertions))
                }
            });
        }
        let name =
            "the corpus of xl configurations, imported, evaluated and rendered, means the same";
        self.step(name, || round_trip::corpus(&offline).map(drop));
        let at_hand = eval::real_nixpkgs(real)?;
        for directory in &directories {
            let name = format!(
                "evaluate {} with NixOS's own modules, the same as offline",
                shown(directory)
            );
            match &at_hand {
                Ok(_) => self.step(&name, || eval::compare(directory, real).map(drop)),
                Err(why) => self.skip(&name, why),
            }
        }
        let name = "grub.cfg is what NixOS's install-grub.pl writes";
        match &at_hand {
            Ok(_) => self.step(name, || grub_fixture::compare(real).map(drop)),
            Err(why) => self.skip(name, why),
        }
        let name = "the NixOS VM tests evaluate to their drivers";
        match &at_hand {
            Ok(_) => self.step(name, || eval::vm_tests(real).map(drop)),
            Err(why) => self.skip(name, why),
        }
        Ok(())
    }
}

fn say(color: AnsiColor, word: &str, text: &str) {
    let style = Style::new().fg_color(Some(color.into())).bold();
    anstream::println!("{style}{word}{style:#} {text}");
}

fn shown(directory: &Path) -> String {
    directory
        .strip_prefix(eval::project())
        .unwrap_or(directory)
        .display()
        .to_string()
}

fn cargo(args: &[&str]) -> Result<()> {
    let output = Command::new("cargo")
        .args(args)
        .env("RUSTDOCFLAGS", "-D warnings")
        .current_dir(eval::project())
        .stdin(Stdio::null())
        .output()
        .context("cannot run cargo")?;
    if output.status.success() {
        return Ok(());
    }
    bail!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Every .nix file of the project, read by the parser that Domus edits with, and formatted.
fn nix_files() -> Result<()> {
    let files = find_nix_files(eval::project())?;
    let mut wrong = Vec::new();
    for file in &files {
        let text = std::fs::read_to_string(file)?;
        if let Err(error) = nix_config::check(&text) {
            wrong.push(format!("{}: {error}", shown(file)));
        } else if nixfmt_rs::format(&text).is_ok_and(|formatted| formatted != text) {
            wrong.push(format!("{}: run nixfmt on it", shown(file)));
        }
    }
    match (files.is_empty(), wrong.is_empty()) {
        (true, _) => bail!("no .nix file was found"),
        (false, true) => Ok(()),
        (false, false) => bail!(wrong.join("\n")),
    }
}

fn find_nix_files(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        let hidden = path
            .file_name()
            .is_some_and(|name| name == "target" || name.to_string_lossy().starts_with('.'));
        if path.is_dir() && !path.is_symlink() && !hidden {
            found.extend(find_nix_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "nix") {
            found.push(path);
        }
    }
    Ok(found)
}

/// The folders in a folder, by name.
fn folders(directory: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(directory)
        .with_context(|| format!("cannot read {}", directory.display()))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
