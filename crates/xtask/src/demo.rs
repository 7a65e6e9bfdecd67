//! `cargo xtask demo`: three guests on real Xen, declared, switched, changed, and rebooted with their Dom0.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use crate::eval::{self, Source};
use crate::evaluation::Evaluation;
use crate::setup;
use crate::switch::Action;
use crate::vm::console::{self, State};
use crate::vm::image;
use crate::vm::progress::Step;
use crate::vm::qemu::Machine;
use crate::vm::world::{self, Configuration, Guest, World};

/// The guest whose memory is raised, and its new size in MiB.
const GROWS: &str = "mrkitty";
const GROWS_TO_MIB: u64 = 384;

/// The arguments of `cargo xtask demo`.
#[derive(clap::Args)]
pub struct Args {
    /// At the end, leave the Dom0's console to you; `exit` powers it off
    #[arg(long)]
    interactive: bool,
    #[command(flatten)]
    options: eval::Options,
}

/// Runs `cargo xtask demo`.
///
/// # Errors
/// What stopped it: what the demo shows is also asserted.
pub fn run(args: &Args) -> Result<()> {
    let since = Instant::now();
    setup::ensure(&[setup::VM, setup::EVAL].concat())?;
    let domus = world::build_domus()?;
    let image = image::ensure(false)?;

    let configuration = Configuration::from_template()?;
    let first = evaluate(&configuration, &args.options)?;
    let mut world = World::new(&image, &domus, Machine::STEADY.with_shell(args.interactive))?;

    headline("nixos-rebuild switch: the first generation with Domus");
    show(&world.switch(&first, Action::Switch)?.ok()?);
    command(&mut world, "ls -lsh /vmdisks")?;
    for guest in world::guests(&first)?
        .iter()
        .filter(|guest| guest.disks.is_empty())
    {
        console::state_after(&mut world.dom0, &guest.name, 0, 60)?;
    }
    command(&mut world, "domus status")?;

    headline("the user installs a system onto the new images, and starts the guests");
    let step = Step::begin("installing the micro guest: mount -o loop, copy, unmount");
    let guests = world.install_guests()?;
    step.done();
    let step = Step::begin("domus apply, and waiting for the guests' own words");
    world.start_guests(&guests)?;
    step.done();
    show_guests(&mut world, &guests)?;

    headline(&format!(
        "{GROWS}: memory = {GROWS_TO_MIB}, within its maxMemory"
    ));
    configuration.set_memory(GROWS, GROWS_TO_MIB)?;
    let second = evaluate(&configuration, &args.options)?;
    anstream::println!("$ nixos-rebuild dry-activate");
    show(&world.switch(&second, Action::DryActivate)?.ok()?);
    anstream::println!("$ nixos-rebuild switch");
    show(&world.switch(&second, Action::Switch)?.ok()?);
    let before = grown(&mut world, &guests)?;

    headline("the Dom0 reboots: xendomains saves the guests, and restores them");
    world.dom0.reboot()?;
    let step = Step::begin("waiting until all that starts by itself has started");
    world.dom0.wait_booted(Duration::from_secs(240))?;
    step.done();
    let after = show_guests(&mut world, &guests)?;
    console::all_restored(&before, &after)?;
    anstream::println!(
        "\nAll {} guests came back by themselves, restored, {GROWS} with its new size. ({:.0} s)",
        guests.len(),
        since.elapsed().as_secs_f64()
    );
    if args.interactive {
        anstream::println!(
            "A shell in the Dom0 (try: domus status, xl list, xl console {GROWS}); `exit` powers it off."
        );
        world.dom0.shell()?;
    }
    Ok(())
}

fn headline(text: &str) {
    let bold = anstyle::Style::new().bold();
    anstream::println!("\n{bold}── {text}{bold:#}");
}

fn show(text: &str) {
    for line in text.lines() {
        anstream::println!("  {line}");
    }
}

/// Runs what a user would type in the Dom0, and shows it with what it prints.
fn command(world: &mut World, line: &str) -> Result<()> {
    anstream::println!("$ {line}");
    let output = world.dom0.run(line)?;
    show(&output.text());
    show(&output.error_text());
    ensure!(
        output.status == 0,
        "`{line}` in the Dom0: status {}",
        output.status
    );
    Ok(())
}

fn evaluate(configuration: &Configuration, options: &eval::Options) -> Result<Evaluation> {
    let step = Step::begin("evaluating configuration.nix");
    let (source, generation): (Source, Evaluation) = configuration.evaluate(options)?;
    step.done();
    anstream::eprintln!("  with {source}");
    Ok(generation)
}

/// `domus status`, `xl list`, and a line from each guest's own console.
fn show_guests(world: &mut World, guests: &[Guest]) -> Result<Vec<State>> {
    command(world, "domus status")?;
    command(world, "xl list")?;
    let states = world.states(guests, 60)?;
    anstream::println!("the guests' consoles:");
    for state in &states {
        anstream::println!("  {}", state.line);
    }
    Ok(states)
}

/// Waits until the guest itself sees its new size, and gives the states of all.
fn grown(world: &mut World, guests: &[Guest]) -> Result<Vec<State>> {
    let index = guests.iter().position(|guest| guest.name == GROWS);
    let index = index.with_context(|| format!("the template declares no {GROWS}"))?;
    let states = world.states_when(guests, 60, |states| {
        states
            .get(index)
            .is_some_and(|state| state.sees_memory(GROWS_TO_MIB))
    })?;
    let line = states.get(index).map_or("", |state| state.line.as_str());
    anstream::println!("{GROWS}'s console:\n  {line}");
    Ok(states)
}
