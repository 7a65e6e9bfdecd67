//! `cargo xtask eval`: a configuration.nix, evaluated to guests.json, activation script and units.

mod compare;
mod nix;
mod nixpkgs;
mod show;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

pub use compare::compare;
pub use nix::Nix;
pub use nixpkgs::{Source, choose};
pub use show::failed_assertions;

use crate::evaluation::Evaluation;
use crate::setup;

/// The arguments of `cargo xtask eval`.
#[derive(clap::Args)]
pub struct Args {
    /// The folder that holds configuration.nix
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Print the evaluation as JSON
    #[arg(long)]
    json: bool,
    /// Compare the evaluation with that of the offline stand-in, and print nothing else
    #[arg(long, conflicts_with = "json")]
    compare: bool,
    #[command(flatten)]
    options: Options,
}

/// Where the modules of NixOS come from.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Options {
    /// A nixpkgs tree; without it the revision in flake.lock where that can be fetched, else the offline stand-in
    #[arg(long, value_name = "DIR", env = "NIXPKGS")]
    pub nixpkgs: Option<PathBuf>,
    /// For a nixpkgs tree without all of its packages: a file that takes { nixpkgs, modules } and gives a system
    #[arg(
        long,
        value_name = "FILE",
        env = "DOMUS_EVAL_NIX",
        requires = "nixpkgs"
    )]
    pub eval_nix: Option<PathBuf>,
    /// Use the offline stand-in, whatever else is at hand
    #[arg(long, conflicts_with_all = ["nixpkgs", "eval_nix"])]
    pub offline: bool,
}

impl Options {
    /// With the offline stand-in, whatever else is at hand.
    pub fn offline() -> Self {
        Self {
            offline: true,
            ..Self::default()
        }
    }
}

/// Runs `cargo xtask eval`.
///
/// # Errors
/// The configuration does not evaluate, an assertion of it fails, or there is no Nix.
pub fn run(args: &Args) -> anyhow::Result<()> {
    if args.compare {
        let source = compare(&args.directory, &args.options)?;
        anstream::println!(
            "{}: the offline stand-in gives the same as {source}",
            args.directory.display()
        );
        return Ok(());
    }
    let (source, evaluation) = evaluate(&args.directory, &args.options)?;
    anstream::eprintln!("evaluated with {source}");
    for warning in &evaluation.warnings {
        anstream::eprintln!("warning: {}", warning.trim_end());
    }
    if !evaluation.failed_assertions.is_empty() {
        bail!(
            "\n{}",
            show::failed_assertions(&evaluation.failed_assertions)
        );
    }
    if args.json {
        anstream::println!("{}", serde_json::to_string_pretty(&evaluation)?);
    } else {
        anstream::print!("{}", show::for_people(&evaluation)?);
    }
    Ok(())
}

/// Evaluates the configuration.nix of a folder, and says what with. Assertions that fail are in the result.
///
/// # Errors
/// There is no configuration.nix or no Nix, or the configuration does not evaluate; the message is Nix's own.
pub fn evaluate(directory: &Path, options: &Options) -> anyhow::Result<(Source, Evaluation)> {
    let directory = configuration_folder(directory)?;
    setup::ensure(setup::EVAL)?;
    let nix = Nix::find()?;
    let source = choose(&nix, options)?;
    let json = nix
        .evaluate_file(&project().join("nixos-tests/evaluate"), &source, &directory)
        .with_context(|| {
            format!(
                "cannot evaluate {}",
                directory.join("configuration.nix").display()
            )
        })?;
    let evaluation = serde_json::from_str(&json)
        .context("the evaluation is not what nixos-tests/evaluate/extract.nix says")?;
    Ok((source, evaluation))
}

/// The folder in full; a message of its own where there is nothing to evaluate.
fn configuration_folder(directory: &Path) -> anyhow::Result<PathBuf> {
    let file = directory.join("configuration.nix");
    let found = file
        .try_exists()
        .with_context(|| format!("cannot look for {}", file.display()))?;
    if !found {
        bail!(
            "{} is not there: name a folder that holds a configuration.nix",
            file.display()
        );
    }
    directory
        .canonicalize()
        .with_context(|| format!("cannot resolve {}", directory.display()))
}

/// The real NixOS modules that these options lead to, or why there are none.
///
/// # Errors
/// There is no Nix, or a tree was named that is none.
pub fn real_nixpkgs(options: &Options) -> anyhow::Result<Result<Source, String>> {
    Ok(match nixpkgs::choose(&nix::Nix::find()?, options)? {
        Source::Offline { why } => Err(format!(
            "no NixOS modules are at hand ({why}); give --nixpkgs or set NIXPKGS"
        )),
        source => Ok(source),
    })
}

/// Evaluates the NixOS VM tests down to their derivations, with the real NixOS modules, and gives their names.
///
/// # Errors
/// There are no real NixOS modules, a test does not evaluate or wants a builder with KVM, or there is none.
pub fn vm_tests(options: &Options) -> anyhow::Result<Vec<String>> {
    let nix = Nix::find()?;
    let source = choose(&nix, options)?;
    if source.tree().is_none() {
        bail!("there is no real NixOS to evaluate the VM tests with: it was {source}");
    }
    let tests = project().join("nixos-tests");
    let json = nix.evaluate_file(&tests.join("evaluate/vm-tests.nix"), &source, &tests)?;
    let needs: BTreeMap<String, Vec<String>> = serde_json::from_str(&json)?;
    if needs.is_empty() {
        bail!("there is no test in {}", tests.display());
    }
    if let Some((name, _)) = needs
        .iter()
        .find(|(_, needs)| needs.iter().any(|n| n == "kvm"))
    {
        bail!(
            "the VM test {name} wants a builder with KVM, which it does not use; import lib/without-kvm.nix in it"
        );
    }
    Ok(needs.into_keys().collect())
}

/// The checkout that this program was built from.
#[must_use]
pub fn project() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).unwrap_or(manifest)
}
