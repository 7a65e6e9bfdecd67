//! `domus adopt`: takes over a guest that was made by hand, where it is as it is declared.

use std::process::ExitCode;

use reconcile::plan::Plan;
use reconcile::{Difference, Event, NotAdopted, Stages, adopt};
use serde_json::json;

use crate::cli::{Common, GuestArgs};
use crate::context::Context;
use crate::describe::shown;
use crate::output::{self, BOLD, DIM, GREEN, RED, YELLOW, styled};
use crate::verbs;

pub fn run(common: &Common, args: &GuestArgs) -> anyhow::Result<ExitCode> {
    let context = Context::load(common)?;
    let name = args.name.as_str();
    let guest = context.guest(name)?;
    let _lock = context.lock(&format!("domus adopt {name}"))?;
    let look = Stages {
        files: true,
        asks_xl: true,
        ..Stages::NONE
    };
    let now = context.now(look)?;
    let adoption = match adopt(guest, &now.records, &now.observed, &context.layout) {
        Ok(adoption) => adoption,
        Err(against) => {
            refuse(name, &against, common.json);
            return Ok(ExitCode::FAILURE);
        }
    };
    adoption.carry_out(&context.layout)?;
    let mut done = Vec::new();
    // The files are Domus's own now, and get the words that Domus writes.
    let now = context.now(look)?;
    let own = now.plan.guests.into_iter().filter(|plan| plan.name == name);
    let plan = Plan {
        guests: own.collect(),
        ..Plan::default()
    };
    let failures =
        context
            .executor()
            .apply(&plan, now.records, &now.observed, look, &mut |event| {
                if let Event::Done(guest, step) = event {
                    let what = verbs::apply::verb(guest, step, &context);
                    if !common.json {
                        outln!("{}: {what}{}", styled(BOLD, guest), styled(DIM, ", done"));
                    }
                    done.push(what);
                }
            });
    let warning = (!adoption.unknown.is_empty()).then(|| {
        format!(
            "nobody can tell what the running guest has of {}; its next start makes it as declared",
            adoption.unknown.join(", ")
        )
    });
    if common.json {
        let document = json!({
            "guest": name, "adopted": true, "done": done, "unknown": adoption.unknown,
            "differences": [], "problems": failures.iter().map(|failure| &failure.message).collect::<Vec<_>>(),
        });
        outln!("{document}");
    } else {
        let word = if adoption.known && done.is_empty() {
            "is Domus's own already"
        } else {
            "is Domus's own now, and was not touched"
        };
        outln!("{}: {}", styled(BOLD, name), styled(GREEN, word));
        if let Some(warning) = warning {
            output::warning(&format!("guest {name}: {warning}"));
        }
    }
    for failure in &failures {
        output::error(&format!("guest {name}: {}", failure.message));
    }
    Ok(if failures.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Says where the guest is not as declared, key by key.
fn refuse(name: &str, against: &NotAdopted, as_json: bool) {
    if as_json {
        let differences = against.differences.iter().map(|difference| {
            json!({
                "place": difference.place, "key": difference.key, "device": difference.device,
                "theirs": difference.theirs, "declared": difference.declared,
            })
        });
        let document = json!({
            "guest": name, "adopted": false, "done": [], "unknown": [],
            "differences": differences.collect::<Vec<_>>(), "problems": against.problems,
        });
        outln!("{document}");
    } else {
        show(&against.differences);
    }
    for problem in &against.problems {
        output::error(&format!("guest {name}: {problem}"));
    }
    let why = if against.differences.is_empty() {
        ""
    } else {
        ": it is not as it is declared. Declare what it has, or make it as declared, then adopt it"
    };
    output::error(&format!(
        "guest {name} is not adopted, and nothing was changed{why}"
    ));
}

fn show(differences: &[Difference]) {
    let mut place = "";
    for difference in differences {
        if difference.place != place {
            place = &difference.place;
            outln!("{}", styled(BOLD, place));
        }
        let device = difference.device.as_deref().unwrap_or_default();
        let what = format!("{} {device}", difference.key);
        outln!("  {}", styled(YELLOW, what.trim_end()));
        for (sign, style, value) in [
            ("-", RED, &difference.theirs),
            ("+", GREEN, &difference.declared),
        ] {
            outln!("    {} {}", styled(style, sign), shown(value));
        }
    }
}
