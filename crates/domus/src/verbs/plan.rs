//! `domus plan`, and how a plan is shown.

use std::process::ExitCode;

use reconcile::plan::{GuestPlan, Plan};
use serde_json::{Value, json};

use crate::cli::{Common, PlanArgs};
use crate::context::{Context, stages};
use crate::describe;
use crate::output::{self, BOLD, RED, YELLOW, styled};

pub fn run(common: &Common, args: &PlanArgs) -> anyhow::Result<ExitCode> {
    let context = Context::load(common)?;
    let now = context.now(stages(args.stage))?;
    if common.json {
        anstream::println!("{}", to_json(&now.plan, &context));
    } else {
        show(&now.plan, &context);
        if now.plan.is_empty() {
            anstream::println!("nothing to do");
        }
    }
    Ok(if now.plan.has_problems() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Prints a plan for a person: what would be done, guest by guest, and what is wrong.
pub fn show(plan: &Plan, context: &Context) {
    for note in &plan.notes {
        output::warning(note);
    }
    for problem in &plan.problems {
        output::error(problem);
    }
    for bridge in plan
        .bridges
        .iter()
        .filter(|bridge| !bridge.steps.is_empty() || bridge.problem.is_some())
    {
        anstream::println!("{}", styled(BOLD, format_args!("bridge {}", bridge.name)));
        for step in &bridge.steps {
            anstream::println!("  {}", step.what);
        }
        if let Some(problem) = &bridge.problem {
            anstream::println!("  {} {problem}", styled(RED, "error:"));
        }
    }
    for guest in plan.guests.iter().filter(|guest| !is_quiet(guest)) {
        anstream::println!("{}", styled(BOLD, &guest.name));
        for step in &guest.steps {
            anstream::println!(
                "  {}",
                describe::step(&guest.name, step, &context.document, &context.layout)
            );
            for line in describe::config_diff(step) {
                anstream::println!("    {line}");
            }
        }
        for note in &guest.notes {
            anstream::println!("  {}", styled(YELLOW, describe::note(&guest.name, note)));
        }
        for problem in &guest.problems {
            anstream::println!("  {} {problem}", styled(RED, "error:"));
        }
    }
}

fn is_quiet(guest: &GuestPlan) -> bool {
    guest.steps.is_empty() && guest.notes.is_empty() && guest.problems.is_empty()
}

fn to_json(plan: &Plan, context: &Context) -> Value {
    let bridges = plan.bridges.iter().map(|bridge| {
        json!({
            "name": bridge.name,
            "steps": bridge.steps.iter().map(|step| &step.what).collect::<Vec<_>>(),
            "problem": bridge.problem,
        })
    });
    let guests = plan.guests.iter().map(|guest| {
        let steps = guest.steps.iter().map(|step| describe::step(&guest.name, step, &context.document, &context.layout));
        json!({
            "name": guest.name,
            "steps": steps.collect::<Vec<_>>(),
            "notes": guest.notes.iter().map(|note| anstream::adapter::strip_str(&describe::note(&guest.name, note)).to_string()).collect::<Vec<_>>(),
            "problems": guest.problems,
        })
    });
    json!({
        "bridges": bridges.collect::<Vec<_>>(),
        "guests": guests.collect::<Vec<_>>(),
        "notes": plan.notes,
        "problems": plan.problems,
    })
}
