//! `domus plan`, and how a plan is shown.

use std::process::ExitCode;

use anstyle::Style;
use reconcile::plan::{Change, GuestPlan, Plan, Risk, When};
use serde_json::{Value, json};

use crate::cli::{Common, PlanArgs};
use crate::context::{Context, stages};
use crate::describe;
use crate::output::{self, BOLD, GREEN, RED, YELLOW, styled};

pub fn run(common: &Common, args: &PlanArgs) -> anyhow::Result<ExitCode> {
    let context = Context::load(common)?;
    let now = context.planned(stages(args.stage))?;
    if common.json {
        outln!("{}", to_json(&now.plan, &context));
    } else {
        show(&now.plan, &context);
        if now.plan.is_empty() {
            outln!("nothing to do");
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
        outln!("{}", styled(BOLD, format_args!("bridge {}", bridge.name)));
        for step in &bridge.steps {
            outln!("  {}", step.what);
        }
        if let Some(problem) = &bridge.problem {
            outln!("  {} {problem}", styled(RED, "error:"));
        }
    }
    for guest in plan.guests.iter().filter(|guest| !is_quiet(guest)) {
        outln!("{}", styled(BOLD, &guest.name));
        for step in &guest.steps {
            let text = describe::step(&guest.name, step, &context.document, &context.layout);
            outln!("  {}", styled(style_of(step.risk()), text));
            // Of a guest that runs, the changes say it key by key.
            if guest.changes.is_empty() {
                for line in describe::config_diff(step) {
                    outln!("    {line}");
                }
            }
        }
        show_changes(&guest.changes);
        for note in &guest.notes {
            outln!("  {}", styled(YELLOW, describe::note(&guest.name, note)));
        }
        for problem in &guest.problems {
            outln!("  {} {problem}", styled(RED, "error:"));
        }
    }
}

/// Whether there is nothing to say of a guest.
pub fn is_quiet(guest: &GuestPlan) -> bool {
    guest.steps.is_empty()
        && guest.changes.is_empty()
        && guest.notes.is_empty()
        && guest.problems.is_empty()
}

/// What a person should not overlook stands out.
const fn style_of(risk: Risk) -> Style {
    match risk {
        Risk::None | Risk::Live => Style::new(),
        Risk::Interruption | Risk::Downtime => YELLOW,
        Risk::PowerCut => RED,
    }
}

/// How wide a change may be to stand on one line.
const WIDTH: usize = 80;

/// The differences of a running guest: the key, what it has, what is declared, and when that takes effect.
fn show_changes(changes: &[Change]) {
    let keys = changes
        .iter()
        .map(|change| describe::what(change).chars().count());
    let keys = keys.max().unwrap_or_default();
    for change in changes {
        let style = match change.when {
            When::Now | When::AtRestart => GREEN,
            _ => YELLOW,
        };
        let when = styled(style, describe::when(change));
        let what = describe::what(change);
        let (has, wants) = (&change.running, &change.declared);
        let (is, was) = (describe::shown(has), describe::shown(wants));
        let values = match change.when {
            When::Never => format!("is {is}, declared {was};"),
            _ => format!("{is} → {was},"),
        };
        let line = format!("    {what:keys$}  {values} {when}");
        if anstream::adapter::strip_str(&line)
            .to_string()
            .chars()
            .count()
            <= WIDTH
        {
            outln!("{line}");
            continue;
        }
        outln!("    {what:keys$}  {when}");
        for (sign, style, value) in [("-", RED, has), ("+", GREEN, wants)] {
            if !value.is_empty() {
                outln!("      {}", styled(style, format_args!("{sign} {value}")));
            }
        }
    }
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
        let steps = guest.steps.iter().map(|step| {
            json!({
                "step": describe::step(&guest.name, step, &context.document, &context.layout),
                "reason": step.reason(),
                "risk": step.risk().as_str(),
            })
        });
        let changes = guest.changes.iter().map(|change| {
            json!({
                "key": change.key,
                "device": change.device,
                "running": change.running,
                "declared": change.declared,
                "when": change.when.as_str(),
            })
        });
        let notes = guest
            .notes
            .iter()
            .map(|note| plain(&describe::note(&guest.name, note)));
        json!({
            "name": guest.name,
            "steps": steps.collect::<Vec<_>>(),
            "changes": changes.collect::<Vec<_>>(),
            "notes": notes.collect::<Vec<_>>(),
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

/// A text without colours.
fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}
