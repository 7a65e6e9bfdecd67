//! `domus apply`, as people, units and the activation script call it.

use std::env;
use std::process::ExitCode;

use reconcile::ending::Progress;
use reconcile::observe::Observed;
use reconcile::plan::{GuestPlan, Note, Plan, Step};
use reconcile::{Event, Failure, Lock, Records, Stages, files};
use serde_json::{Value, json};

use crate::cli::{ApplyArgs, Common, Stage};
use crate::context::{Context, stages};
use crate::output::{self, BOLD, DIM, YELLOW, styled};
use crate::{describe, verbs};

pub fn run(common: &Common, args: &ApplyArgs) -> anyhow::Result<ExitCode> {
    let context = Context::load(common)?;
    let action = env::var("NIXOS_ACTION")
        .ok()
        .filter(|_| args.stage == Some(Stage::Files));
    match action.as_deref() {
        Some("dry-activate") => dry_activate(&context),
        // The units that follow in this switch start and change guests; here it is said what they will do.
        Some("switch" | "test") => {
            let changes = Stages {
                files: true,
                images: true,
                asks_xl: true,
                ..Stages::NONE
            };
            let said = if common.json { Said::Json } else { Said::Steps };
            let failures = carry_out(&context, changes, said)?;
            if !common.json {
                announce(&context)?;
            }
            Ok(exit(&failures))
        }
        _ => {
            let said = if common.json {
                Said::Json
            } else {
                Said::StepsAndNotes
            };
            Ok(exit(&carry_out(&context, stages(args.stage), said)?))
        }
    }
}

/// Says what a switch would do, and changes nothing.
fn dry_activate(context: &Context) -> anyhow::Result<ExitCode> {
    let now = context.planned(Stages::ALL)?;
    if now.plan.is_empty() && now.plan.guests.iter().all(verbs::plan::is_quiet) {
        outln!("domus: would change nothing");
    } else {
        outln!("domus would do this:");
        verbs::plan::show(&now.plan, context);
    }
    Ok(ExitCode::SUCCESS)
}

/// What an apply says on standard output.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Said {
    Json,
    Steps,
    StepsAndNotes,
}

/// What others are told that wait for this.
fn command(stages: Stages) -> String {
    let names = [
        (stages.bridges, "bridges"),
        (stages.files, "files"),
        (stages.images, "images"),
        (stages.guests, "guests"),
    ];
    let one = names.iter().filter(|(is_in, _)| *is_in);
    match one.collect::<Vec<_>>()[..] {
        [(_, stage)] => format!("domus apply --stage {stage}"),
        _ => "domus apply".to_owned(),
    }
}

/// Plans and carries out these stages under the lock, and says what was done.
fn carry_out(context: &Context, stages: Stages, said: Said) -> anyhow::Result<Vec<Failure>> {
    let json = said == Said::Json;
    let lock = context.lock(&command(stages))?;
    if stages.guests {
        // xendomains removes what it restored, and syncs nothing: after a power cut the file would be there again, beside
        // a guest that ran on.
        files::sync(&context.layout.save_dir())?;
    }
    let now = context.planned(stages)?;
    let mut done = Vec::new();
    let run = Run {
        context,
        lock: &lock,
        stages,
        json,
    };
    let mut failures = run.execute(&now.plan, now.records, &now.observed, &mut done);
    let mut plan = now.plan;
    let failed = |guest: &GuestPlan| {
        let mut failures = failures.iter();
        failures.any(|failure| failure.guest.as_deref() == Some(&guest.name))
    };
    let restored: Vec<String> = plan
        .guests
        .iter()
        .filter(|guest| guest.steps.contains(&Step::Restore) && !failed(guest))
        .map(|guest| guest.name.clone())
        .collect();
    if !restored.is_empty() {
        // What is declared since they were saved could not be compared before they were there.
        let mut now = context.planned(stages)?;
        let others = |guest: &&mut GuestPlan| !restored.contains(&guest.name);
        for guest in now.plan.guests.iter_mut().filter(others) {
            guest.steps.clear();
        }
        let again = run.execute(&now.plan, now.records, &now.observed, &mut done);
        let own = |failure: &Failure| {
            let guest = failure.guest.as_ref();
            guest.is_some_and(|guest| restored.contains(guest))
        };
        failures.extend(again.into_iter().filter(own));
        plan.guests.retain(|guest| !restored.contains(&guest.name));
        let again = now.plan.guests.into_iter();
        plan.guests
            .extend(again.filter(|guest| restored.contains(&guest.name)));
    }
    if json {
        outln!("{}", json!({ "done": done, "failures": failures }));
    } else {
        for note in &plan.notes {
            output::warning(note);
        }
        if said == Said::StepsAndNotes {
            say_notes(&plan);
        }
    }
    say_failures(&failures);
    Ok(failures)
}

/// One apply, under its lock.
struct Run<'a> {
    context: &'a Context,
    lock: &'a Lock,
    stages: Stages,
    json: bool,
}

impl Run<'_> {
    /// Carries a plan out, and says what is done as it is done.
    fn execute(
        &self,
        plan: &Plan,
        records: Records,
        observed: &Observed,
        done: &mut Vec<Value>,
    ) -> Vec<Failure> {
        let executor = self.context.executor();
        executor.apply(plan, records, observed, self.stages, &mut |event| {
            self.tell_others(&event);
            self.say(event, done);
        })
    }

    /// Whoever waits for the lock is told what this waits for.
    fn tell_others(&self, event: &Event) {
        match event {
            Event::Begin(_, Step::ShutDown { .. }) => self.lock.doing("it shuts guests down"),
            Event::Ending(Progress::Waiting(left)) => {
                let names: Vec<&str> = left.iter().map(|(name, _)| *name).collect();
                let names = names.join(", ");
                self.lock
                    .doing(&format!("it waits for {names} to shut down"));
            }
            Event::Begin(_, Step::Start | Step::Restore) | Event::Awaits(None) => {
                self.lock.doing("it starts guests");
            }
            Event::Awaits(Some(what)) => self.lock.doing(what),
            _ => {}
        }
    }

    fn say(&self, event: Event, done: &mut Vec<Value>) {
        let (json, context) = (self.json, self.context);
        match event {
            Event::Begin(guest, step @ (Step::Start | Step::Restore | Step::ShutDown { .. }))
                if !json =>
            {
                outln!("{}: {} …", styled(BOLD, guest), verb(guest, step, context));
            }
            Event::Done(guest, step) => {
                let what = verb(guest, step, context);
                if !json {
                    outln!("{}: {what}{}", styled(BOLD, guest), styled(DIM, ", done"));
                }
                done.push(json!({ "guest": guest, "step": what }));
            }
            Event::Ending(progress) if !json => say_ending(&progress),
            Event::StillWaiting(what) if !json => outln!("{}", styled(DIM, what)),
            Event::Warning(guest, text) => output::warning(&format!("guest {guest} {text}")),
            Event::BridgeDone(bridge, step) => {
                if !json {
                    outln!("{}{}", step.what, styled(DIM, ", done"));
                }
                done.push(json!({ "bridge": bridge, "step": step.what }));
            }
            Event::Begin(..) | Event::Ending(_) | Event::StillWaiting(_) | Event::Awaits(_) => {}
        }
    }
}

/// What a person may want to know while guests end.
fn say_ending(progress: &Progress) {
    match progress {
        Progress::Waiting(left) => {
            outln!("{}", styled(DIM, verbs::stop::waiting(left)));
        }
        Progress::Paused { name, domid } => output::warning(&format!(
            "guest {name}: it is paused, and shuts down only when it runs again; `xl unpause {domid}` lets it"
        )),
        Progress::Done { .. } => {}
    }
}

/// Every failure, and on the last line the names of all guests that failed.
fn say_failures(failures: &[Failure]) {
    for failure in failures {
        match &failure.guest {
            Some(guest) => output::error(&format!("guest {guest}: {}", failure.message)),
            None => output::error(&failure.message),
        }
    }
    let mut names: Vec<&str> = failures
        .iter()
        .filter_map(|failure| failure.guest.as_deref())
        .collect();
    names.dedup();
    if !names.is_empty() {
        output::error(&format!("not as declared: {}", names.join(", ")));
    }
}

/// A step in words.
pub fn verb(guest: &str, step: &Step, context: &Context) -> String {
    describe::step(guest, step, &context.document, &context.layout)
}

fn say_notes(plan: &Plan) {
    for guest in &plan.guests {
        for pending in guest.changes.iter().filter_map(describe::pending) {
            let text = format!("{}: {pending}", guest.name);
            outln!("{}", styled(YELLOW, text));
        }
        for note in &guest.notes {
            let text = format!("{}: {}", guest.name, describe::note(&guest.name, note));
            match note {
                Note::Stopped | Note::Orphaned { .. } => {
                    outln!("{}", styled(DIM, text));
                }
                _ => outln!("{}", styled(YELLOW, text)),
            }
        }
    }
}

/// In the activation of a live switch: what domus-guests.service will do next, and what is pending.
fn announce(context: &Context) -> anyhow::Result<()> {
    let guests = Stages {
        guests: true,
        ..Stages::NONE
    };
    let plan = context.planned(guests)?.plan;
    for problem in &plan.problems {
        output::warning(problem);
    }
    for guest in &plan.guests {
        if let Some(problem) = &guest.save_problem {
            output::warning(&format!("guest {}: {problem}", guest.name));
        }
        for step in &guest.steps {
            outln!(
                "{}: domus-guests.service will {}",
                styled(BOLD, &guest.name),
                verb(&guest.name, step, context)
            );
        }
    }
    say_notes(&plan);
    Ok(())
}

fn exit(failures: &[Failure]) -> ExitCode {
    if failures.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
