//! Running Nix: Debian's nix-bin, or any other on PATH.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context as _, bail};

use super::Source;

/// A Nix that can evaluate.
#[derive(Clone, Debug)]
pub struct Nix {
    /// `nix-instantiate`, in full.
    program: PathBuf,
    /// Its version, such as (2, 8).
    pub version: (u32, u32),
}

impl Nix {
    /// Finds Nix on PATH.
    ///
    /// # Errors
    /// There is none; the message says how to get it.
    pub fn find() -> anyhow::Result<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let Some(program) = std::env::split_paths(&path)
            .map(|folder| folder.join("nix-instantiate"))
            .find(|file| file.is_file())
        else {
            bail!("Nix is not on PATH; on Debian: apt-get install nix-bin");
        };
        let output = Command::new(&program)
            .arg("--version")
            .output()
            .with_context(|| format!("cannot run {}", program.display()))?;
        let version =
            parse_version(&String::from_utf8_lossy(&output.stdout)).with_context(|| {
                format!(
                    "{} --version says nothing that is a version",
                    program.display()
                )
            })?;
        Ok(Self { program, version })
    }

    /// The value of a file that takes `directory`, `nixpkgs` and `evalNix`, as JSON.
    ///
    /// # Errors
    /// Nix cannot be run, or does not evaluate the file; the message is what it printed.
    pub fn evaluate_file(
        &self,
        file: &Path,
        source: &Source,
        directory: &Path,
    ) -> anyhow::Result<String> {
        let mut command = self.command();
        command.args(["--eval", "--strict", "--json"]).arg(file);
        string_argument(&mut command, "directory", directory);
        if let Some(tree) = source.tree() {
            // Real modules name files of the tree in derivations, which copies them to the store.
            command.arg("--read-write-mode");
            string_argument(&mut command, "nixpkgs", tree);
        } else {
            // Nothing is written, so that it needs neither a store nor root.
            command.args(["--store", "dummy://"]);
        }
        if let Source::Tree {
            eval_nix: Some(eval_nix),
            ..
        } = source
        {
            string_argument(&mut command, "evalNix", eval_nix);
        }
        answer(&mut command)
    }

    /// The value of an expression, as JSON, within `seconds` of waiting for a server.
    ///
    /// # Errors
    /// As [`Nix::evaluate_file`].
    pub fn evaluate_online(&self, expression: &str, seconds: u32) -> anyhow::Result<String> {
        let seconds = seconds.to_string();
        let mut command = self.command();
        command.args([
            "--eval",
            "--strict",
            "--json",
            "--read-write-mode",
            "--expr",
            expression,
        ]);
        for option in ["connect-timeout", "stalled-download-timeout"] {
            command.args(["--option", option, &seconds]);
        }
        command.args(["--option", "download-attempts", "1"]);
        answer(&mut command)
    }

    /// The value of an attribute of a derivation that was instantiated.
    ///
    /// # Errors
    /// As [`Nix::evaluate_file`].
    pub fn binding(&self, derivation: &str, name: &str) -> anyhow::Result<String> {
        let mut command = prepared(&self.program.with_file_name("nix-store"));
        command.args(["--query", "--binding", name, derivation]);
        answer(&mut command)
    }

    fn command(&self) -> Command {
        prepared(&self.program)
    }
}

/// A command with what a Nix without a daemon needs as root.
fn prepared(program: &Path) -> Command {
    let mut command = Command::new(program);
    if !has_build_users() {
        let mut config = std::env::var("NIX_CONFIG").unwrap_or_default();
        config.push_str("\nbuild-users-group =\n");
        command.env("NIX_CONFIG", config);
    }
    command
}

/// Whether the group is there that Nix builds as; Debian's nix-bin makes none, and root's Nix insists on it.
fn has_build_users() -> bool {
    std::fs::read_to_string("/etc/group")
        .is_ok_and(|groups| groups.lines().any(|line| line.starts_with("nixbld:")))
}

fn string_argument(command: &mut Command, name: &str, value: &Path) {
    command.args([OsStr::new("--argstr"), OsStr::new(name), value.as_os_str()]);
}

fn answer(command: &mut Command) -> anyhow::Result<String> {
    let Output {
        status,
        stdout,
        stderr,
    } = command
        .output()
        .with_context(|| format!("cannot run {}", Path::new(command.get_program()).display()))?;
    if !status.success() {
        bail!("{}", tidy(&String::from_utf8_lossy(&stderr)));
    }
    String::from_utf8(stdout).context("Nix printed what is no text")
}

/// What Nix said, without its advice on its own options.
fn tidy(stderr: &str) -> String {
    let lines: Vec<&str> = stderr
        .lines()
        .filter(|line| !line.trim_start().starts_with("(use '--show-trace'"))
        .collect();
    let text = lines.join("\n");
    text.trim()
        .strip_prefix("error: ")
        .map_or_else(|| text.trim().to_owned(), str::to_owned)
}

/// Major and minor of `nix-instantiate (Nix) 2.8.0`.
fn parse_version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split_whitespace().last()?.split('.');
    Some((
        numbers.next()?.parse().ok()?,
        leading_number(numbers.next()?)?,
    ))
}

/// `24` of `24pre20240820`.
fn leading_number(text: &str) -> Option<u32> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        assert_eq!(parse_version("nix-instantiate (Nix) 2.8.0\n"), Some((2, 8)));
        assert_eq!(
            parse_version("nix-instantiate (Nix) 2.24pre20240820_abc"),
            Some((2, 24))
        );
        assert_eq!(
            parse_version("nix-instantiate (Lix, like Nix) 2.91.1"),
            Some((2, 91))
        );
        assert_eq!(parse_version("no version"), None);
    }

    #[test]
    fn advice_is_left_out() {
        let said = "error: attribute 'x' missing\n\n       at /a.nix:1:1:\n(use '--show-trace' to show detailed location information)\n";
        assert_eq!(tidy(said), "attribute 'x' missing\n\n       at /a.nix:1:1:");
    }
}
