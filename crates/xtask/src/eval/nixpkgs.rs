//! Where nixpkgs comes from: a tree that is named, the revision of flake.lock, or the offline stand-in.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde::Deserialize;

use super::{Nix, Options, project};

/// What nixpkgs needs of Nix (its lib/minver.nix, NixOS 26.05).
const MINIMUM: (u32, u32) = (2, 18);
/// How long a server may keep silent before the lock is given up on, in seconds.
const PATIENCE: u32 = 5;

/// What a configuration was evaluated with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A nixpkgs tree, from `--nixpkgs` or `$NIXPKGS`.
    Tree {
        /// Its folder.
        path: PathBuf,
        /// What evaluates it, where not nixpkgs' own eval-config.nix.
        eval_nix: Option<PathBuf>,
        /// Which Xen module is in it.
        xen_module: &'static str,
    },
    /// The revision in flake.lock.
    Lock {
        /// The revision.
        rev: String,
        /// Where Nix put it.
        path: PathBuf,
    },
    /// nixos-tests/offline.
    Offline {
        /// Why not the real one.
        why: String,
    },
}

impl Source {
    /// The nixpkgs tree, if it is a real one.
    #[must_use]
    pub fn tree(&self) -> Option<&Path> {
        match self {
            Self::Tree { path, .. } | Self::Lock { path, .. } => Some(path),
            Self::Offline { .. } => None,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tree {
                path,
                eval_nix: None,
                xen_module,
            } => {
                write!(
                    f,
                    "the NixOS modules in {} (its Xen module: {xen_module})",
                    path.display()
                )
            }
            Self::Tree {
                path,
                eval_nix: Some(eval_nix),
                xen_module,
            } => write!(
                f,
                "the NixOS modules in {} (its Xen module: {xen_module}), packages by {}",
                path.display(),
                eval_nix.display()
            ),
            Self::Lock { rev, .. } => {
                write!(f, "the NixOS modules of nixpkgs {rev}, from flake.lock")
            }
            Self::Offline { why } => write!(f, "the offline stand-in for NixOS ({why})"),
        }
    }
}

/// Chooses, in the order above.
///
/// # Errors
/// A tree was named that is none.
pub fn choose(nix: &Nix, options: &Options) -> anyhow::Result<Source> {
    if options.offline {
        return Ok(Source::Offline {
            why: "asked for".into(),
        });
    }
    if let Some(path) = &options.nixpkgs {
        return tree(nix, path, options.eval_nix.as_deref());
    }
    Ok(match from_lock(nix) {
        Ok(source) => source,
        Err(error) => Source::Offline {
            why: format!("{error:#}"),
        },
    })
}

fn tree(nix: &Nix, path: &Path, eval_nix: Option<&Path>) -> anyhow::Result<Source> {
    let full = |path: &Path| {
        path.canonicalize()
            .with_context(|| format!("cannot resolve {}", path.display()))
    };
    let path = full(path)?;
    if !path.join("nixos/lib/eval-config.nix").is_file() {
        bail!(
            "{} is no nixpkgs tree: it has no nixos/lib/eval-config.nix",
            path.display()
        );
    }
    if eval_nix.is_none() {
        new_enough(nix)?;
    }
    let module = path.join("nixos/modules/virtualisation/xen-dom0.nix");
    let text = std::fs::read_to_string(&module)
        .with_context(|| format!("cannot read {}", module.display()))?;
    Ok(Source::Tree {
        path,
        eval_nix: eval_nix.map(full).transpose()?,
        xen_module: xen_module(&text),
    })
}

/// Which of the generations of nixpkgs' xen-dom0.nix a text is; they differ in their options.
fn xen_module(text: &str) -> &'static str {
    if text.contains("builderVerbosity") && !text.contains("bootBuilderVerbosity =") {
        "newer than NixOS 24.11"
    } else if text.contains("dom0Resources") {
        "of NixOS 24.11"
    } else {
        "older than NixOS 24.11, which Domus does not support"
    }
}

fn new_enough(nix: &Nix) -> anyhow::Result<()> {
    if nix.version < MINIMUM {
        bail!(
            "nixpkgs needs Nix {}.{}, and this is Nix {}.{}",
            MINIMUM.0,
            MINIMUM.1,
            nix.version.0,
            nix.version.1
        );
    }
    Ok(())
}

/// The nixpkgs of flake.lock, fetched unless it is in the store already.
fn from_lock(nix: &Nix) -> anyhow::Result<Source> {
    new_enough(nix)?;
    let file = project().join("flake.lock");
    let text = std::fs::read_to_string(&file)
        .with_context(|| format!("cannot read {}", file.display()))?;
    let locked = locked(&text).context("flake.lock has no nixpkgs from GitHub")?;
    let expression = format!(
        "toString (fetchTarball {{ url = \"https://github.com/{}/{}/archive/{}.tar.gz\"; sha256 = \"{}\"; }})",
        locked.owner, locked.repo, locked.rev, locked.nar_hash
    );
    let path = nix
        .evaluate_online(&expression, PATIENCE)
        .map_err(|error| {
            anyhow::anyhow!(
                "nixpkgs of flake.lock cannot be fetched: {}",
                first_line(&error)
            )
        })?;
    let path: PathBuf =
        serde_json::from_str(&path).context("Nix fetched nixpkgs and did not say where to")?;
    Ok(Source::Lock {
        rev: locked.rev,
        path,
    })
}

fn first_line(error: &anyhow::Error) -> String {
    error
        .to_string()
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// The locked nixpkgs of a flake.lock.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Locked {
    owner: String,
    repo: String,
    rev: String,
    nar_hash: String,
}

fn locked(text: &str) -> anyhow::Result<Locked> {
    let lock: serde_json::Value = serde_json::from_str(text)?;
    Ok(Locked::deserialize(&lock["nodes"]["nixpkgs"]["locked"])?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_names_a_revision_and_its_hash() -> anyhow::Result<()> {
        let locked = locked(&std::fs::read_to_string(project().join("flake.lock"))?)?;
        assert_eq!(
            (locked.owner.as_str(), locked.repo.as_str()),
            ("NixOS", "nixpkgs")
        );
        assert_eq!(locked.rev.len(), 40);
        assert!(
            locked.nar_hash.starts_with("sha256-"),
            "{}",
            locked.nar_hash
        );
        Ok(())
    }

    #[test]
    fn generations_of_the_xen_module() {
        assert_eq!(
            xen_module("domain0MemorySize = mkOption"),
            "older than NixOS 24.11, which Domus does not support"
        );
        assert_eq!(
            xen_module("dom0Resources; efi.bootBuilderVerbosity = x"),
            "of NixOS 24.11"
        );
        assert_eq!(
            xen_module("dom0Resources; boot.builderVerbosity = x"),
            "newer than NixOS 24.11"
        );
    }

    #[test]
    fn a_folder_that_is_no_tree_is_refused() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let nix = Nix::find()?;
        let options = Options {
            nixpkgs: Some(folder.path().into()),
            ..Options::default()
        };
        let error = choose(&nix, &options)
            .map(|_| ())
            .map_err(|error| error.to_string());
        assert!(error.is_err_and(|text| text.contains("is no nixpkgs tree")));
        Ok(())
    }
}
