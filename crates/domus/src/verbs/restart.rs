//! `domus restart`: stops guests, then starts those that stopped.

use std::collections::BTreeMap;
use std::process::ExitCode;

use serde::Serialize;

use crate::cli::{Common, GuestsArgs};
use crate::context::Context;
use crate::verbs::begin::LOOK;
use crate::verbs::{start, stop};

/// A guest's result.
#[derive(Serialize)]
struct Line {
    guest: String,
    stop: stop::Outcome,
    /// Nothing for a guest that did not stop.
    start: Option<start::Outcome>,
    domid: Option<u32>,
    error: Option<String>,
}

/// The guests for which there would be no memory once they have stopped: why, by their names.
fn without_memory(names: &[String], context: &Context) -> BTreeMap<String, String> {
    // An xl that does not answer stops nothing either, and that is said there.
    let Ok(now) = context.now(LOOK) else {
        return BTreeMap::new();
    };
    if !now.observed.knows_domains() {
        return BTreeMap::new();
    }
    let guests: Vec<(&str, Option<u32>)> = names
        .iter()
        .filter_map(|name| {
            let guest = context.guest(name).ok()?;
            let record = now.records.of(guest);
            let domain = now.observed.domains.of_guest(guest, record);
            // One that does not run is only started, which counts for itself.
            domain.map(|domain| (name.as_str(), Some(domain.domid)))
        })
        .collect();
    if guests.is_empty() {
        return BTreeMap::new();
    }
    context.without_memory(&guests, &now.observed)
}

pub fn run(common: &Common, args: &GuestsArgs) -> anyhow::Result<ExitCode> {
    // Nothing is stopped that could not be started again, as far as that is known before.
    let context = Context::load(common)?;
    for name in &args.names {
        context.guest(name)?;
    }
    let mut refused = without_memory(&args.names, &context);
    let wanted: Vec<String> = args
        .names
        .iter()
        .filter(|name| !refused.contains_key(*name))
        .cloned()
        .collect();
    let mut stopped = stop::stop_all(common, &wanted, common.json)?;
    for name in &args.names {
        stopped.extend(
            refused
                .remove(name)
                .map(|why| stop::Line::new(name, Err(why))),
        );
    }
    let names: Vec<String> = stopped
        .iter()
        .filter(|line| line.is_stopped())
        .map(|line| line.guest.clone())
        .collect();
    let started = start::start_all(&context, &names, common.json)?;
    if common.json {
        let lines: Vec<Line> = stopped
            .iter()
            .map(|stop| {
                let start = started.iter().find(|start| start.guest == stop.guest);
                let error = stop.error.clone();
                Line {
                    guest: stop.guest.clone(),
                    stop: stop.result,
                    start: start.map(|start| start.result),
                    domid: start.and_then(|start| start.domid),
                    error: error.or_else(|| start.and_then(|start| start.error.clone())),
                }
            })
            .collect();
        outln!("{}", serde_json::json!({ "guests": lines }));
    }
    let left = stop::say_failures(&stopped);
    let failed = start::say_failures(&started);
    Ok(if left == ExitCode::SUCCESS {
        failed
    } else {
        left
    })
}
