//! An evaluation as a person reads it.

use std::fmt::Write as _;

use anyhow::Context as _;

use crate::evaluation::{Evaluation, Unit};

/// guests.json, the activation script and the units, each under its name.
///
/// # Errors
/// guests.json is no JSON.
pub fn for_people(evaluation: &Evaluation) -> anyhow::Result<String> {
    let mut text = String::new();
    if evaluation.guests_json.is_empty() {
        writeln!(
            text,
            "Domus manages no guests here (virtualisation.xen.enable is false)."
        )?;
        return Ok(text);
    }
    let document: serde_json::Value =
        serde_json::from_str(&evaluation.guests_json).context("guests.json is no JSON")?;
    section(
        &mut text,
        &evaluation.guests_json_path,
        &serde_json::to_string_pretty(&document)?,
    )?;
    section(&mut text, "activation", &evaluation.activation)?;
    for (name, unit) in &evaluation.units {
        section(&mut text, &title(name, unit), &unit.text)?;
    }
    for (name, content) in evaluation
        .etc
        .iter()
        .filter(|(name, _)| *name != "domus/guests.json")
    {
        section(&mut text, &format!("/etc/{name}"), content)?;
    }
    if !evaluation.logrotate.is_empty() {
        section(&mut text, "logrotate", &evaluation.logrotate)?;
    }
    Ok(text)
}

fn title(name: &str, unit: &Unit) -> String {
    let mut notes = Vec::new();
    if unit.drop_in {
        notes.push("added to the unit of its package".to_owned());
    }
    for (verb, units) in [("wanted", &unit.wanted_by), ("required", &unit.required_by)] {
        if !units.is_empty() {
            notes.push(format!("{verb} by {}", units.join(", ")));
        }
    }
    if notes.is_empty() {
        name.to_owned()
    } else {
        format!("{name} ({})", notes.join("; "))
    }
}

fn section(text: &mut String, title: &str, content: &str) -> std::fmt::Result {
    writeln!(text, "── {title}\n{}\n", content.trim_end())
}

/// Failed assertions as NixOS prints them.
#[must_use]
pub fn failed_assertions(messages: &[String]) -> String {
    let mut text = String::from("Failed assertions:");
    for message in messages {
        text.push_str("\n- ");
        text.push_str(message.trim_end());
    }
    text
}
