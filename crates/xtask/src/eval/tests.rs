//! What a wrong configuration says, against the offline stand-in; and what the templates evaluate to.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, bail, ensure};

use super::{Nix, Options, Source, choose, evaluate, project, show};

fn bad() -> PathBuf {
    project().join("nixos-tests/bad")
}

/// The output of nix-instantiate on a file of `nixos-tests/bad`: what it printed, and its complaints.
fn instantiate(arguments: &[&str]) -> anyhow::Result<(bool, String, String)> {
    let output = Command::new("nix-instantiate")
        .args(["--store", "dummy://", "--eval", "--strict", "--json"])
        .args(arguments)
        .current_dir(bad())
        .output()?;
    Ok((
        output.status.success(),
        String::from_utf8(output.stdout)?,
        String::from_utf8(output.stderr)?,
    ))
}

/// The messages to each file of a folder.
type Said = BTreeMap<String, Vec<String>>;

/// What the files of a folder of `nixos-tests/bad` are told, each by an assertion or a warning at least.
fn said(folder: &str) -> anyhow::Result<Said> {
    let (ok, stdout, stderr) = instantiate(&["said.nix", "--argstr", "folder", folder])?;
    ensure!(ok, "{stderr}");
    let said: Said = serde_json::from_str(&stdout)?;
    for (file, messages) in &said {
        ensure!(
            (file == "base.nix") == messages.is_empty(),
            "{file} is told {} messages",
            messages.len()
        );
    }
    Ok(said)
}

fn shown(said: &Said) -> String {
    let files = said
        .iter()
        .map(|(file, messages)| format!("== {file}\n{}\n", messages.join("\n")));
    files.collect()
}

/// How the clause begins that says what to do.
const REMEDIES: [&str; 20] = [
    "Add", "Call", "Change", "Choose", "Correct", "Declare", "Exchange", "Give", "Lower", "Make",
    "Name", "Put", "Raise", "Remove", "Rename", "See", "Set", "Take", "Turn", "Use",
];

fn names_a_place(message: &str) -> bool {
    ["virtualisation.xen.", "virtualisation.xenGuest.", "uest \""]
        .iter()
        .any(|place| message.contains(place))
}

fn names_a_remedy(message: &str) -> bool {
    let mut clauses = message.split(['.', ',', ';', ':', '\n']);
    clauses.any(|clause| {
        let mut words = clause.split_whitespace().skip_while(|word| *word == "and");
        words.next().is_some_and(|word| {
            REMEDIES
                .iter()
                .any(|remedy| remedy.eq_ignore_ascii_case(word))
        })
    })
}

#[test]
fn every_assertion_names_guest_option_and_remedy() -> anyhow::Result<()> {
    let said = said("assertions")?;
    for (file, messages) in &said {
        for message in messages {
            ensure!(
                names_a_place(message),
                "{file}: no option and no guest is named in {message:?}"
            );
            ensure!(
                names_a_remedy(message),
                "{file}: there is nothing to do in {message:?}"
            );
        }
    }
    insta::assert_snapshot!("assertions", shown(&said));
    Ok(())
}

#[test]
fn declared_for_nothing_is_warned_of() -> anyhow::Result<()> {
    insta::assert_snapshot!("warnings", shown(&said("warnings")?));
    Ok(())
}

#[test]
fn an_older_nixos_is_named_and_not_a_collision_of_options() -> anyhow::Result<()> {
    let of = |release: &str| {
        let lib = format!("(import ../offline/lib) // {{ trivial.release = \"{release}\"; }}");
        let import = format!("(import ../../modules/dom0 {{ lib = {lib}; }}) ? imports");
        instantiate(&["--expr", &import])
    };
    let (ok, stdout, stderr) = of("24.11")?;
    ensure!(ok && stdout.trim() == "true", "{stderr}");
    let (ok, _, stderr) = of("24.05")?;
    ensure!(
        !ok && stderr.contains("NixOS 24.11 or newer, and this nixpkgs is 24.05. Update nixpkgs."),
        "{stderr}"
    );
    Ok(())
}

#[test]
fn every_type_says_what_is_wanted() -> anyhow::Result<()> {
    let mut files: Vec<String> = Vec::new();
    for entry in std::fs::read_dir(bad().join("types"))? {
        files.push(
            entry?
                .file_name()
                .into_string()
                .ok()
                .context("a file's name is no text")?,
        );
    }
    files.sort();
    let mut text = String::new();
    let here = project().display().to_string();
    for file in files {
        let (ok, stdout, stderr) = instantiate(&["one.nix", "--argstr", "name", &file])?;
        ensure!(!ok, "{file} evaluates to {stdout}");
        let said: Vec<&str> = stderr
            .lines()
            .filter(|line| !line.contains("--show-trace"))
            .map(str::trim)
            .collect();
        writeln!(text, "== {file}\n{}\n", said.join("\n").replace(&here, "…"))?;
    }
    insta::assert_snapshot!("types", text);
    Ok(())
}

#[test]
fn the_dom0_template_as_a_person_reads_it() -> anyhow::Result<()> {
    let (source, evaluation) = evaluate(&project().join("templates/dom0"), &Options::offline())?;
    assert_eq!(
        source.to_string(),
        "the offline stand-in for NixOS (asked for)"
    );
    assert_eq!(
        (&evaluation.warnings, &evaluation.failed_assertions),
        (&vec![], &vec![])
    );
    insta::assert_snapshot!("dom0", show::for_people(&evaluation)?);
    Ok(())
}

#[test]
fn every_option_reaches_its_place() -> anyhow::Result<()> {
    let (_, evaluation) = evaluate(
        &project().join("nixos-tests/fixtures/everything"),
        &Options::offline(),
    )?;
    assert_eq!(evaluation.failed_assertions, Vec::<String>::new());
    let here = project().display().to_string();
    let warnings = evaluation.warnings.join("\n").replace(&here, "…");
    insta::assert_snapshot!(
        "everything",
        format!(
            "{}\n── warnings\n{warnings}",
            show::for_people(&evaluation)?
        )
    );
    Ok(())
}

/// libxl looks qemu-system-i386 up on PATH, for the guests whose disks or machine QEMU serves.
#[test]
fn what_starts_guests_finds_the_device_model() -> anyhow::Result<()> {
    let (_, evaluation) = evaluate(&project().join("templates/dom0"), &Options::offline())?;
    for name in [
        "domus-guest@.service",
        "domus-guests.service",
        "xendomains.service",
    ] {
        let unit = evaluation.units.get(name).context(name)?;
        ensure!(
            unit.text
                .lines()
                .any(|line| line.contains("PATH=") && line.contains("-qemu_xen/bin")),
            "{name} does not find qemu-system-i386:\n{}",
            unit.text
        );
    }
    Ok(())
}

#[test]
fn every_template_evaluates() -> anyhow::Result<()> {
    let mut seen = 0;
    for entry in std::fs::read_dir(project().join("templates"))? {
        let folder = entry?.path();
        let (_, evaluation) = evaluate(&folder, &Options::offline())
            .with_context(|| format!("{} does not evaluate", folder.display()))?;
        if !evaluation.failed_assertions.is_empty() {
            bail!(
                "{}: {}",
                folder.display(),
                show::failed_assertions(&evaluation.failed_assertions)
            );
        }
        seen += 1;
    }
    ensure!(seen >= 2, "there are {seen} templates");
    Ok(())
}

#[test]
fn a_folder_without_a_configuration_is_named() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let error = evaluate(folder.path(), &Options::offline())
        .map(|_| ())
        .map_err(|error| error.to_string());
    assert!(error.is_err_and(|text| text.ends_with(
        "configuration.nix is not there: name a folder that holds a configuration.nix"
    )));
    Ok(())
}

#[test]
fn without_a_tree_it_says_why_it_is_offline() -> anyhow::Result<()> {
    let nix = Nix::find()?;
    if nix.version >= (2, 18) {
        return Ok(());
    }
    let source = choose(&nix, &Options::default())?;
    let Source::Offline { why } = source else {
        bail!("{source}")
    };
    assert_eq!(
        why,
        format!(
            "nixpkgs needs Nix 2.18, and this is Nix {}.{}",
            nix.version.0, nix.version.1
        )
    );
    Ok(())
}
