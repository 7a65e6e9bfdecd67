//! The corpus of xl configurations, imported, evaluated and rendered again: it must mean the same to xl.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use guest_spec::{Document, Secrets};
use nix_config::import::{self, Imported};
use xl_cfg::Config;
use xl_cfg::meaning::{Difference, Meaning};
use xl_cfg::vif::Vif;

use crate::eval::{self, Options};

/// The arguments of `cargo xtask round-trip`.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    options: Options,
}

/// Runs `cargo xtask round-trip`.
///
/// # Errors
/// As [`corpus`].
pub fn run(args: &Args) -> Result<()> {
    let count = corpus(&args.options)?;
    anstream::println!(
        "{count} configurations mean the same after import, evaluation and rendering"
    );
    Ok(())
}

/// A file of the corpus, and the guest that it declares.
struct Case {
    file: PathBuf,
    config: Config,
    guest: Imported,
}

/// Imports every file of the corpus, evaluates all of them in one configuration and renders each guest; gives their number.
///
/// # Errors
/// A file cannot be imported, the configuration does not evaluate or breaks an assertion, or a rendered guest means
/// something else than its file.
pub fn corpus(options: &Options) -> Result<usize> {
    let mut cases = Vec::new();
    let mut wrong = Vec::new();
    for file in files()? {
        match case(&file)? {
            Ok(case) => cases.push(case),
            Err(errors) => wrong.push(format!("{}: {errors}", file.display())),
        }
    }
    if !wrong.is_empty() || cases.is_empty() {
        bail!("not imported:\n{}", wrong.join("\n"));
    }
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    std::fs::write(folder.path().join("configuration.nix"), dom0(&cases))?;
    let configs: Vec<_> = cases
        .iter()
        .map(|case| {
            (
                case.file.clone(),
                case.guest.name.clone(),
                case.config.clone(),
            )
        })
        .collect();
    let guests: Vec<_> = cases.into_iter().map(|case| case.guest).collect();
    std::fs::write(
        folder.path().join("guests.nix"),
        import::file(&["The corpus.".to_owned()], &guests)?,
    )?;
    let (_, evaluation) = eval::evaluate(folder.path(), options)?;
    if !evaluation.failed_assertions.is_empty() {
        bail!(eval::failed_assertions(&evaluation.failed_assertions));
    }
    let document = Document::parse(&evaluation.guests_json)?;
    let problems: Vec<_> = document
        .problems()
        .iter()
        .map(ToString::to_string)
        .collect();
    if !problems.is_empty() {
        bail!("guests.json has problems:\n{}", problems.join("\n"));
    }
    for (file, name, config) in &configs {
        let guest = document
            .guests
            .iter()
            .find(|guest| guest.name == *name)
            .with_context(|| format!("guest {name} is not in guests.json"))?;
        let rendered = guest_spec::render(guest, &Secrets::hidden())?;
        let rendered = Config::parse(&rendered).context("what was rendered cannot be read")?;
        let differences = Meaning::of(config).differences(&Meaning::of(&rendered));
        if !differences.is_empty() {
            wrong.push(format!("{}:{}", file.display(), listed(&differences)));
        }
    }
    if wrong.is_empty() {
        Ok(configs.len())
    } else {
        bail!(
            "rendered again, these mean something else:\n{}",
            wrong.join("\n")
        )
    }
}

fn case(file: &PathBuf) -> Result<Result<Case, String>> {
    let text = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let document = xl_cfg::Document::parse(&text)
        .with_context(|| format!("cannot read {}", file.display()))?;
    Ok(match import::document(&document) {
        Ok(guest) => Ok(Case {
            file: file.clone(),
            config: document.into_config(),
            guest,
        }),
        Err(errors) => {
            let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
            Err(errors.join("\n"))
        }
    })
}

fn files() -> Result<Vec<PathBuf>> {
    let corpus = eval::project().join("crates/xl-cfg/tests/corpus");
    let mut files = Vec::new();
    for folder in ["pv", "pvh", "hvm"] {
        for entry in std::fs::read_dir(corpus.join(folder))? {
            files.push(entry?.path());
        }
    }
    files.sort();
    Ok(files)
}

/// A Dom0 for the imported guests, with the bridges that they name.
fn dom0(cases: &[Case]) -> String {
    let bridges: BTreeSet<String> = cases
        .iter()
        .filter_map(|case| case.config.get("vif")?.as_list())
        .flatten()
        .filter_map(|vif| Vif::parse(&vif.as_text()?).ok())
        .map(|vif| {
            let bridge = vif.bridge.unwrap_or_else(|| "xenbr0".to_owned());
            // Open vSwitch's script reads VLANs behind the name.
            match vif.script.as_deref() {
                Some("vif-openvswitch") => {
                    bridge.split(['.', ':']).next().unwrap_or_default().into()
                }
                _ => bridge,
            }
        })
        .collect();
    let bridges = bridges.iter().fold(String::new(), |mut text, bridge| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  virtualisation.xen.bridges.\"{bridge}\" = {{ }};");
        text
    });
    format!(
        r#"{{
  imports = [ ./guests.nix ];
  boot.loader.systemd-boot.enable = true;
  boot.initrd.systemd.enable = true;
  nixpkgs.hostPlatform = "x86_64-linux";
  system.stateVersion = "26.05";
  networking.hostName = "corpus";
  fileSystems."/" = {{
    device = "/dev/disk/by-label/nixos";
    fsType = "ext4";
  }};
  virtualisation.xen.enable = true;
{bridges}}}
"#
    )
}

fn listed(differences: &[Difference]) -> String {
    let shown = |value: &Option<xl_cfg::Value>| {
        value
            .as_ref()
            .map_or_else(|| "(nothing)".to_owned(), ToString::to_string)
    };
    differences
        .iter()
        .fold(String::new(), |mut text, difference| {
            // Writing to a String cannot fail.
            let _ = write!(
                text,
                "\n  {}: {} became {}",
                difference.key,
                shown(&difference.one),
                shown(&difference.other)
            );
            text
        })
}
