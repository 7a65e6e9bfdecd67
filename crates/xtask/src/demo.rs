//! `cargo xtask demo`: three guests on real Xen, declared, switched, changed, and rebooted with their Dom0.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use nix_config::NixValue;

use crate::evaluation::Evaluation;
use crate::switch::Action;
use crate::vm::console::{self, State};
use crate::vm::image;
use crate::vm::progress::Step;
use crate::vm::world::{self, Guest, World};
use crate::{eval, setup};

/// The guest whose memory is raised, and its new size in MiB.
const GROWS: &str = "mrkitty";
const GROWS_TO_MIB: i64 = 384;

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
    setup::ensure(setup::VM)?;
    setup::ensure(setup::EVAL)?;
    let domus = world::build_domus()?;
    let image = image::ensure(false)?;

    let configuration = tempfile::tempdir().context("cannot make a temporary folder")?;
    copy_template(configuration.path())?;
    let first = evaluate(configuration.path(), &args.options)?;
    let mut world = World::new(&image, &domus, args.interactive)?;

    headline("nixos-rebuild switch: the first generation with Domus");
    show(&world.switch(&first, Action::Switch)?.ok()?);
    command(&mut world, "ls -lsh /vmdisks")?;
    command(&mut world, "domus status")?;

    headline("the user installs a system onto the new images, and starts the guests");
    let guests = install_and_start(&mut world)?;
    show_guests(&mut world, &guests)?;

    headline(&format!(
        "{GROWS}: memory = {GROWS_TO_MIB}, within its maxMemory"
    ));
    set_memory(&configuration.path().join("configuration.nix"))?;
    let second = evaluate(configuration.path(), &args.options)?;
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
    for (before, after) in before.iter().zip(&after) {
        restored(before, after)?;
    }
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

fn copy_template(to: &Path) -> Result<()> {
    let template = world::checkout().join("templates/dom0");
    for entry in
        fs::read_dir(&template).with_context(|| format!("cannot read {}", template.display()))?
    {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

fn evaluate(folder: &Path, options: &eval::Options) -> Result<Evaluation> {
    let step = Step::begin("evaluating configuration.nix");
    let (source, generation) = eval::evaluate(folder, options)?;
    step.done();
    anstream::println!("  with {source}");
    ensure!(
        generation.failed_assertions.is_empty(),
        eval::failed_assertions(&generation.failed_assertions)
    );
    Ok(generation)
}

fn install_and_start(world: &mut World) -> Result<Vec<Guest>> {
    let step = Step::begin("installing the micro guest: mount -o loop, copy, unmount");
    let guests = world.install_guests()?;
    step.done();
    anstream::println!("$ domus apply");
    let step = Step::begin("starting the guests");
    let output = world
        .dom0
        .run_for("domus apply", Duration::from_secs(400))?;
    step.done();
    show(&output.text());
    show(&output.error_text());
    ensure!(
        output.status == 0,
        "`domus apply` in the Dom0: status {}",
        output.status
    );
    let step = Step::begin("waiting for the guests' own words");
    for guest in &guests {
        console::state_after(&mut world.dom0, &guest.name, 0, 120)?;
    }
    step.done();
    Ok(guests)
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

/// Raises the guest's memory in the copied configuration.nix.
fn set_memory(file: &Path) -> Result<()> {
    let text = fs::read_to_string(file)?;
    let option = ["virtualisation", "xen", "guests", GROWS, "memory"];
    let edit = nix_config::set_value(&text, &option, &NixValue::Integer(GROWS_TO_MIB))
        .with_context(|| format!("cannot edit {}", file.display()))?;
    ensure!(edit.changed, "{GROWS} has {GROWS_TO_MIB} MiB already");
    fs::write(file, edit.text).with_context(|| format!("cannot write {}", file.display()))
}

/// Waits until the guest itself sees its new size, and gives the states of all.
fn grown(world: &mut World, guests: &[Guest]) -> Result<Vec<State>> {
    for _ in 0..10 {
        let states = world.states(guests, 60)?;
        let state = guests
            .iter()
            .zip(&states)
            .find(|(guest, _)| guest.name == GROWS)
            .map(|(_, state)| state);
        // A kernel keeps some of its memory for itself: what it counts is a little less than the domain's.
        if let Some(state) =
            state.filter(|state| state.memory_mib > GROWS_TO_MIB.unsigned_abs() - 64)
        {
            anstream::println!("{GROWS}'s console:\n  {}", state.line);
            return Ok(states);
        }
    }
    anyhow::bail!("{GROWS} does not see its new size of {GROWS_TO_MIB} MiB")
}

/// Asserts that a guest was restored, not booted: it goes on counting, and has the memory that it had.
fn restored(before: &State, after: &State) -> Result<()> {
    let (was, is) = (&before.line, &after.line);
    ensure!(
        after.up_seconds > before.up_seconds,
        "a guest was booted anew, not restored:\n  {was}\n  {is}"
    );
    ensure!(
        after.boots == before.boots,
        "a guest's disk was booted anew:\n  {was}\n  {is}"
    );
    ensure!(
        after.memory_mib == before.memory_mib,
        "a guest came back with another size:\n  {was}\n  {is}"
    );
    Ok(())
}
