//! The offline stand-in against the real NixOS: what they evaluate to must be the same but for store hashes
//! and what NixOS adds to every unit.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use anyhow::bail;

use super::{Options, Source, evaluate};
use crate::evaluation::{Evaluation, Unit};

/// Evaluates a folder with `real` and offline, and compares. Gives what the real one was.
///
/// # Errors
/// One of them does not evaluate, `real` names no real NixOS, or the two differ; the message says where.
pub fn compare(directory: &Path, real: &Options) -> anyhow::Result<Source> {
    let (source, with_nixos) = evaluate(directory, real)?;
    if source.tree().is_none() {
        bail!("there is no real NixOS to compare with: it was {source}");
    }
    let (_, offline) = evaluate(directory, &Options::offline())?;
    let found = differences(&with_nixos, &offline);
    if !found.is_empty() {
        bail!(
            "the offline stand-in differs from {source} for {}:\n{found}",
            directory.display()
        );
    }
    Ok(source)
}

/// Where two evaluations differ, one paragraph each; empty where they do not.
fn differences(real: &Evaluation, offline: &Evaluation) -> String {
    let (real, offline) = (parts(real), parts(offline));
    let names: BTreeSet<&String> = real.keys().chain(offline.keys()).collect();
    let mut text = String::new();
    for name in names {
        let side = |parts: &BTreeMap<String, String>| {
            parts
                .get(name)
                .cloned()
                .unwrap_or_else(|| "(absent)".into())
        };
        let (left, right) = (side(&real), side(&offline));
        if left == right {
            continue;
        }
        let _ = writeln!(text, "{name}:");
        let differing = left.lines().zip(right.lines()).find(|(l, r)| l != r);
        let (left, right) = differing.unwrap_or((&left, &right));
        let _ = writeln!(text, "  NixOS:   {left}\n  offline: {right}");
    }
    text
}

/// An evaluation in named parts, each normalised.
fn parts(evaluation: &Evaluation) -> BTreeMap<String, String> {
    let mut parts = BTreeMap::from([
        (
            "guests.json's path".to_owned(),
            normalise(&evaluation.guests_json_path),
        ),
        ("guests.json".to_owned(), document(&evaluation.guests_json)),
        (
            "the domus package".to_owned(),
            normalise(&evaluation.domus_package),
        ),
        (
            "the xen package".to_owned(),
            normalise(&evaluation.xen_package),
        ),
        (
            "the activation script".to_owned(),
            normalise(&evaluation.activation),
        ),
        ("logrotate".to_owned(), evaluation.logrotate.clone()),
        ("warnings".to_owned(), evaluation.warnings.join("\n")),
        (
            "failed assertions".to_owned(),
            evaluation.failed_assertions.join("\n"),
        ),
    ]);
    for (
        name,
        Unit {
            text,
            drop_in,
            wanted_by,
            required_by,
        },
    ) in &evaluation.units
    {
        let text: Vec<String> = text
            .lines()
            .filter(|line| !is_global(line))
            .map(normalise)
            .collect();
        let facts =
            format!("drop-in: {drop_in}; wanted by {wanted_by:?}; required by {required_by:?}");
        parts.insert(name.clone(), format!("{}\n{facts}", text.join("\n")));
    }
    for (name, text) in &evaluation.etc {
        parts.insert(format!("/etc/{name}"), document(text));
    }
    parts
}

/// JSON on many lines, so that a difference names its line; other text as it is.
fn document(text: &str) -> String {
    let pretty = serde_json::from_str::<serde_json::Value>(text)
        .and_then(|value| serde_json::to_string_pretty(&value))
        .unwrap_or_else(|_| text.to_owned());
    normalise(&pretty)
}

/// Whether NixOS puts the line into every unit (its `systemd.globalEnvironment`).
fn is_global(line: &str) -> bool {
    ["LOCALE_ARCHIVE=", "TZDIR="].iter().any(|name| {
        line.strip_prefix("Environment=\"")
            .is_some_and(|assignment| assignment.starts_with(name))
    })
}

/// Store paths without hash, version and output: the stand-in's packages have their own.
fn normalise(text: &str) -> String {
    const STORE: &str = "/nix/store/";
    let mut pieces = text.split(STORE);
    let mut result = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let end = piece
            .find(|c: char| !(c.is_ascii_alphanumeric() || "+-._?=".contains(c)))
            .unwrap_or(piece.len());
        let (name, rest) = piece.split_at(end);
        result.push_str(STORE);
        result.push_str(plain_name(name));
        result.push_str(rest);
    }
    result
}

/// `coreutils` of `px0pa9ynhbrc0hjv4ypaldaz1m74cgfh-coreutils-9.5-bin`.
fn plain_name(name: &str) -> &str {
    let name = name.split_once('-').map_or(name, |(_, name)| name);
    let version = name
        .match_indices('-')
        .find(|(at, _)| name[at + 1..].starts_with(|c: char| c.is_ascii_digit()))
        .map_or(name.len(), |(at, _)| at);
    let name = &name[..version];
    name.strip_suffix("-bin").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn store_paths_lose_hash_version_and_output() {
        let hash = "px0pa9ynhbrc0hjv4ypaldaz1m74cgfh";
        let text = format!(
            "PATH=/nix/store/{hash}-coreutils-9.5-bin/bin:/nix/store/{hash}-xen-bin/sbin \"/nix/store/{hash}-guests.json\""
        );
        assert_eq!(
            normalise(&text),
            "PATH=/nix/store/coreutils/bin:/nix/store/xen/sbin \"/nix/store/guests.json\""
        );
    }

    #[test]
    fn a_difference_names_its_place() {
        let unit = |text: &str| Unit {
            text: text.into(),
            drop_in: false,
            wanted_by: vec![],
            required_by: vec![],
        };
        let evaluation = |text: &str| Evaluation {
            guests_json_path: String::new(),
            guests_json: "{}".into(),
            domus_package: String::new(),
            xen_package: String::new(),
            activation: String::new(),
            units: BTreeMap::from([("a.service".to_owned(), unit(text))]),
            etc: BTreeMap::new(),
            logrotate: String::new(),
            warnings: vec![],
            failed_assertions: vec![],
        };
        let (one, other) = (
            evaluation("[Unit]\nAfter=b\nEnvironment=\"TZDIR=/x\"\n"),
            evaluation("[Unit]\nAfter=c\n"),
        );
        assert_eq!(differences(&one, &evaluation("[Unit]\nAfter=b\n")), "");
        assert_eq!(
            differences(&one, &other),
            "a.service:\n  NixOS:   After=b\n  offline: After=c\n"
        );
    }
}
