//! `domus restart`: stops guests, then starts those that stopped.

use std::process::ExitCode;

use serde::Serialize;

use crate::cli::{Common, GuestsArgs};
use crate::context::Context;
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

pub fn run(common: &Common, args: &GuestsArgs) -> anyhow::Result<ExitCode> {
    // Nothing is stopped that could not be started again, as far as that is known before.
    let context = Context::load(common)?;
    for name in &args.names {
        context.guest(name)?;
    }
    let stopped = stop::stop_all(common, &args.names, common.json)?;
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
