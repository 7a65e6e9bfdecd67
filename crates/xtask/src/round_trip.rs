//! The corpus of xl configurations, imported, evaluated and rendered again: it must mean the same to xl.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use guest_spec::{Document, Secrets};
use nix_config::import::{self, Imported};
use xl_cfg::meaning::{Difference, Meaning};
use xl_cfg::vif::Vif;
use xl_cfg::{Config, Value};

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

/// A configuration of the corpus, and what became of it.
pub struct Pair {
    /// The file.
    pub file: PathBuf,
    /// What it says.
    pub original: Vec<u8>,
    /// The same, read.
    pub config: Config,
    /// What Domus renders for the imported guest.
    pub rendered: String,
    /// Whether every network interface of the file has its hardware address.
    pub has_macs: bool,
    /// Where xl's JSON may differ: a JSON Pointer and a key, for what is imported as something better.
    pub differs: Vec<(&'static str, &'static str)>,
}

/// A file of the corpus, and the name of the guest that it declares.
struct Case {
    file: PathBuf,
    original: Vec<u8>,
    config: Config,
    name: String,
}

/// Compares every file of the corpus with what is rendered for it; gives their number.
///
/// # Errors
/// As [`pairs`]; or a rendered guest means something else than its file.
pub fn corpus(options: &Options) -> Result<usize> {
    let pairs = pairs(options)?;
    let mut wrong = Vec::new();
    for pair in &pairs {
        let rendered = Config::parse(&pair.rendered).context("what was rendered cannot be read")?;
        let mut differences = Meaning::of(&pair.config).differences(&Meaning::of(&rendered));
        differences.retain(|difference| !(is_pvgrub(&pair.config) && is_kernel(&difference.key)));
        if !differences.is_empty() {
            wrong.push(format!("{}:{}", pair.file.display(), listed(&differences)));
        }
    }
    if wrong.is_empty() {
        Ok(pairs.len())
    } else {
        bail!(
            "rendered again, these mean something else:\n{}",
            wrong.join("\n")
        )
    }
}

/// xl's own pv-grub image becomes that of nixpkgs, which reads the guest's grub.cfg and no command line.
fn is_pvgrub(config: &Config) -> bool {
    let firmware = config.get("firmware").and_then(Value::as_text);
    firmware.is_some_and(|word| word.starts_with("pvgrub"))
}

fn is_kernel(key: &str) -> bool {
    matches!(key, "firmware" | "kernel" | "cmdline")
}

/// Imports every file of the corpus, evaluates all of them in one configuration, and renders each guest.
///
/// # Errors
/// A file cannot be imported, the configuration does not evaluate or breaks an assertion, or the document is not good.
pub fn pairs(options: &Options) -> Result<Vec<Pair>> {
    let (document, cases) = declared_corpus(options)?;
    let pair = |case: Case| {
        let rendered = rendered(&document, &case.name)?;
        let differs = if is_pvgrub(&case.config) {
            vec![("/b_info", "kernel"), ("/b_info", "cmdline")]
        } else {
            Vec::new()
        };
        let has_macs = vifs(&case.config).all(|vif| vif.mac.is_some());
        Ok(Pair {
            file: case.file,
            original: case.original,
            config: case.config,
            rendered,
            has_macs,
            differs,
        })
    };
    cases.into_iter().map(pair).collect()
}

/// The guests of the corpus, declared in one document, and the file that each comes from, by the guest's name.
///
/// # Errors
/// As [`pairs`].
pub fn document(options: &Options) -> Result<(Document, BTreeMap<String, PathBuf>)> {
    let (document, cases) = declared_corpus(options)?;
    let files = cases.into_iter().map(|case| (case.name, case.file));
    Ok((document, files.collect()))
}

fn declared_corpus(options: &Options) -> Result<(Document, Vec<Case>)> {
    let (mut cases, mut guests) = (Vec::new(), Vec::new());
    let mut wrong = Vec::new();
    for file in files()? {
        match case(&file)? {
            Ok((case, guest)) => {
                cases.push(case);
                guests.push(guest);
            }
            Err(errors) => wrong.push(format!("{}: {errors}", file.display())),
        }
    }
    if !wrong.is_empty() || cases.is_empty() {
        bail!("not imported:\n{}", wrong.join("\n"));
    }
    let bridges: BTreeSet<String> = cases
        .iter()
        .flat_map(|case| vifs(&case.config))
        .map(|vif| {
            let bridge = vif.bridge.unwrap_or_else(|| "xenbr0".to_owned());
            // vif-openvswitch takes VLANs behind the bridge's name.
            bridge
                .split(['.', ':'])
                .next()
                .unwrap_or_default()
                .to_owned()
        })
        .collect();
    let bridges: Vec<_> = bridges.into_iter().collect();
    let nix = import::file(&["The corpus.".to_owned()], &guests)?;
    Ok((declared(&nix, &bridges, options)?, cases))
}

/// What is rendered for each guest of each template, by template and name.
///
/// # Errors
/// A template does not evaluate, or its document is not good.
pub fn templates(options: &Options) -> Result<Vec<(String, String)>> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(eval::project().join("templates"))? {
        let folder = entry?.path();
        // Some are a guest's own side, for any Xen host.
        let Some(document) = evaluated(&folder, options)? else {
            continue;
        };
        for guest in &document.guests {
            let text = rendered(&document, &guest.name)?;
            all.push((format!("{}, guest {}", folder.display(), guest.name), text));
        }
    }
    Ok(all)
}

/// The guests.json of a folder's configuration, without problems; nothing where Domus has no part in it.
fn evaluated(folder: &Path, options: &Options) -> Result<Option<Document>> {
    let (_, evaluation) = eval::evaluate(folder, options)?;
    if !evaluation.failed_assertions.is_empty() {
        bail!(eval::failed_assertions(&evaluation.failed_assertions));
    }
    if evaluation.guests_json.is_empty() {
        return Ok(None);
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
    Ok(Some(document))
}

/// What Domus renders for a guest of a document; of passwords it shows where they come from.
///
/// # Errors
/// There is no such guest, or it cannot be written.
pub fn rendered(document: &Document, name: &str) -> Result<String> {
    let guest = document
        .guests
        .iter()
        .find(|guest| guest.name == name)
        .with_context(|| format!("guest {name} is not in guests.json"))?;
    Ok(guest_spec::render(guest, &Secrets::hidden())?)
}

fn case(file: &PathBuf) -> Result<Result<(Case, Imported), String>> {
    let original =
        std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let document = xl_cfg::Document::parse(&original)
        .with_context(|| format!("cannot read {}", file.display()))?;
    Ok(match import::document(&document) {
        Ok(guest) => {
            let case = Case {
                file: file.clone(),
                config: document.config(),
                name: guest.name.clone(),
                original,
            };
            Ok((case, guest))
        }
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

fn vifs(config: &Config) -> impl Iterator<Item = Vif> {
    let items = config
        .get("vif")
        .and_then(Value::as_list)
        .unwrap_or_default();
    items
        .iter()
        .filter_map(|vif| Vif::parse(&vif.as_text()?).ok())
}

/// The document of a Dom0 with these bridges that imports a file with guests.
///
/// # Errors
/// The file does not evaluate, breaks an assertion, or the document is not good.
pub fn declared(nix: &str, bridges: &[String], options: &Options) -> Result<Document> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    std::fs::write(folder.path().join("configuration.nix"), dom0(bridges))?;
    std::fs::write(folder.path().join("guests.nix"), nix)?;
    evaluated(folder.path(), options)?.context("there is no guests.json")
}

/// A Dom0 for the imported guests.
fn dom0(bridges: &[String]) -> String {
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
    let shown = |value: &Option<Value>| {
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
