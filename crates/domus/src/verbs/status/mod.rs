//! `domus status`: how the guests are; of guests that are named, all that is known.

mod facts;
mod orphans;
mod page;
pub mod sizes;
mod table;
mod uptime;

use std::collections::HashMap;
use std::process::ExitCode;

use guest_spec::Guest;
use reconcile::Stages;

use crate::cli::{Common, StatusArgs};
use crate::context::Context;
use crate::known::nobody;
use crate::output;
use facts::Facts;
pub use sizes::human;

pub fn run(common: &Common, args: &StatusArgs) -> anyhow::Result<ExitCode> {
    let context = Context::load(common)?;
    let now = context.planned(Stages {
        bridges: false,
        ..Stages::ALL
    })?;
    let guests = context.document.guests.iter();
    let declared: HashMap<&str, &Guest> =
        guests.map(|guest| (guest.name.as_str(), guest)).collect();
    let wanted = |name: &str| args.names.is_empty() || args.names.iter().any(|one| one == name);
    let uptimes = uptime::all(&now.observed.domains, &context.programs);
    let mut facts: Vec<Facts> = now
        .plan
        .guests
        .iter()
        .filter(|guest| wanted(&guest.name))
        .map(|guest| {
            let declared = declared.get(guest.name.as_str()).copied();
            Facts::of(guest, declared, &uptimes, &context, &now)
        })
        .collect();
    facts.sort_by_cached_key(|guest| (!guest.declared, guest.name.clone()));
    let mut failed =
        !now.plan.problems.is_empty() || facts.iter().any(|guest| !guest.problems.is_empty());
    for name in &args.names {
        if !facts.iter().any(|guest| guest.name == *name) {
            let mut names: Vec<&str> = declared.keys().copied().collect();
            names.sort_unstable();
            output::error(&nobody(name, &names));
            failed = true;
        }
    }
    if !args.names.is_empty() {
        for guest in &mut facts {
            guest.look_closer(&context, &now);
        }
    }
    let left = if args.names.is_empty() {
        reconcile::orphans(&context.document, &now.records, &context.layout)
    } else {
        Vec::new()
    };
    if common.json {
        let document = serde_json::json!({
            "guests": facts, "orphans": orphans::to_json(&left), "problems": now.plan.problems,
        });
        outln!("{document}");
    } else {
        if args.names.is_empty() {
            table::print(&facts, args.disks);
            orphans::print(&left);
        } else {
            page::print(&facts);
        }
        for note in &now.plan.notes {
            output::warning(note);
        }
        for problem in &now.plan.problems {
            output::error(problem);
        }
    }
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}
