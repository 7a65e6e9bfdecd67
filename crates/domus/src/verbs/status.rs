//! `domus status`

use std::collections::HashMap;
use std::process::ExitCode;

use guest_spec::Guest;
use reconcile::Stages;
use reconcile::domains::Domain;
use reconcile::observe::{Domains, Observed};
use reconcile::plan::GuestPlan;
use serde::Serialize;

use crate::cli::Common;
use crate::context::{Context, Now};
use crate::output::{self, BOLD, DIM, GREEN, RED, YELLOW, styled};
use crate::{describe, verbs};

/// A guest's line.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    name: String,
    state: String,
    domid: Option<u32>,
    memory_mib: Option<u64>,
    vcpus: Option<u32>,
    #[serde(rename = "type")]
    guest_type: Option<&'static str>,
    bootloader: Option<&'static str>,
    autostart: bool,
    declared: bool,
    notes: Vec<String>,
    problems: Vec<String>,
}

pub fn run(common: &Common) -> anyhow::Result<ExitCode> {
    let context = Context::load(common)?;
    let now = context.now(Stages {
        bridges: false,
        ..Stages::ALL
    })?;
    let guests = context.document.guests.iter();
    let declared: HashMap<&str, &Guest> =
        guests.map(|guest| (guest.name.as_str(), guest)).collect();
    let lines: Vec<Line> = now
        .plan
        .guests
        .iter()
        .map(|guest| {
            line(
                guest,
                declared.get(guest.name.as_str()).copied(),
                &context,
                &now,
            )
        })
        .collect();
    if common.json {
        let document = serde_json::json!({ "guests": lines, "problems": now.plan.problems });
        anstream::println!("{document}");
    } else {
        print(&lines);
        for note in &now.plan.notes {
            output::warning(note);
        }
        for problem in &now.plan.problems {
            output::error(problem);
        }
    }
    Ok(if now.plan.has_problems() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn line(guest: &GuestPlan, declared: Option<&Guest>, context: &Context, now: &Now) -> Line {
    let record = now
        .records
        .get(&guest.name)
        .and_then(|record| record.as_ref().ok());
    // As remembered of its start, before as declared: the seed of UUIDs may have changed meanwhile.
    let uuids = [
        record.map(|record| record.uuid),
        declared.map(|guest| guest.uuid),
    ];
    let domain = uuids
        .into_iter()
        .flatten()
        .find_map(|uuid| now.observed.domains.of(uuid));
    let saved = uuids
        .into_iter()
        .flatten()
        .any(|uuid| now.observed.is_saved(&guest.name, uuid));
    let pending = guest.changes.iter().filter_map(describe::pending);
    let mut notes: Vec<String> = pending.collect();
    let others = guest
        .notes
        .iter()
        .map(|note| describe::note(&guest.name, note));
    notes.extend(others);
    let steps = guest
        .steps
        .iter()
        .map(|step| verbs::apply::verb(&guest.name, step, context));
    notes.extend(steps.map(|step| format!("to do: {step}")));
    Line {
        name: guest.name.clone(),
        state: state(domain, saved, &now.observed).to_owned(),
        domid: domain.map(|domain| domain.domid),
        memory_mib: domain.map(|domain| domain.memory_mib),
        vcpus: domain.map(|domain| domain.vcpus),
        guest_type: declared.map(|guest| guest.guest_type.as_str()),
        bootloader: declared.map(|guest| guest.boot.bootloader.as_str()),
        autostart: declared.is_some_and(|guest| guest.autostart),
        declared: declared.is_some(),
        notes: notes
            .iter()
            .map(|note| anstream::adapter::strip_str(note).to_string())
            .collect(),
        problems: guest.problems.clone(),
    }
}

fn state(domain: Option<&Domain>, saved: bool, observed: &Observed) -> &'static str {
    match (&observed.domains, domain) {
        (_, Some(domain)) => domain.state.as_str(),
        _ if saved => "saved",
        (Domains::Known(_), None) => "stopped",
        _ => "unknown",
    }
}

/// A table as wide as its longest cells, then what waits for a person.
fn print(lines: &[Line]) {
    if lines.is_empty() {
        anstream::println!("no guests are declared");
        return;
    }
    let number =
        |value: Option<u64>| value.map_or_else(|| "-".to_owned(), |value| value.to_string());
    let mut rows = vec![
        [
            "GUEST",
            "STATE",
            "DOMID",
            "MEMORY",
            "VCPUS",
            "TYPE",
            "BOOT",
            "AUTOSTART",
        ]
        .map(str::to_owned),
    ];
    rows.extend(lines.iter().map(|line| {
        [
            line.name.clone(),
            line.state.clone(),
            number(line.domid.map(u64::from)),
            line.memory_mib
                .map_or_else(|| "-".to_owned(), |mib| format!("{mib} MiB")),
            number(line.vcpus.map(u64::from)),
            line.guest_type.unwrap_or("-").to_owned(),
            line.bootloader.unwrap_or("-").to_owned(),
            if line.autostart { "yes" } else { "no" }.to_owned(),
        ]
    }));
    let widths: [usize; 8] = std::array::from_fn(|column| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    });
    for (index, row) in rows.iter().enumerate() {
        let cells = row
            .iter()
            .zip(widths)
            .enumerate()
            .map(|(column, (cell, width))| {
                let padded = format!("{cell:width$}");
                match (index, column) {
                    (0, _) => styled(DIM, padded),
                    (_, 0) => styled(BOLD, padded),
                    (_, 1) if cell == "running" => styled(GREEN, padded),
                    (_, 1) if cell == "crashed" => styled(RED, padded),
                    _ => padded,
                }
            });
        anstream::println!("{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
    for line in lines {
        for note in &line.notes {
            anstream::println!("{}", styled(YELLOW, format_args!("{}: {note}", line.name)));
        }
        for problem in &line.problems {
            output::error(&format!("guest {}: {problem}", line.name));
        }
    }
}
