//! `cargo xtask vm`: a Debian Dom0 on real Xen in QEMU, and the scenarios that run in it. No KVM is needed.

pub mod agent;
pub mod console;
mod cpio;
pub mod dom0;
mod grub_cfg;
pub mod image;
pub mod micro;
pub mod progress;
pub mod qemu;
pub mod scenarios;
pub mod world;

use anyhow::{Result, bail};
use clap::Subcommand;

use crate::setup;
use dom0::Dom0;
use qemu::Machine;

/// The arguments of `cargo xtask vm`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Build the Dom0's image, unless it is there
    Build {
        /// Build it anew, with Debian's packages of today
        #[arg(long)]
        fresh: bool,
    },
    /// Boot the Dom0 and give this terminal a shell in it; leaving the shell powers it off
    Shell,
    /// Run scenarios, all of them unless some are named
    Run {
        /// Names as `vm list` prints them
        scenarios: Vec<String>,
        /// Try at more moments what is tried at random ones
        #[arg(long)]
        long: bool,
    },
    /// List the scenarios
    List,
}

/// Runs `cargo xtask vm`.
///
/// # Errors
/// What stopped it; for `run`, which scenarios failed.
pub fn run(args: &Args) -> Result<()> {
    match &args.verb {
        Verb::Build { fresh } => {
            setup::ensure(setup::VM)?;
            image::ensure(*fresh).map(|_| ())
        }
        Verb::Shell => {
            setup::ensure(setup::VM)?;
            let image = image::ensure(false)?;
            let mut dom0 = Dom0::boot(&image, Machine::STEADY.with_shell(true))?;
            micro::push(&mut dom0, &image)?;
            anstream::eprintln!("A shell in the Dom0; `exit` powers it off.");
            dom0.shell()
        }
        Verb::Run { scenarios, long } => {
            let results = scenarios::run(scenarios, *long)?;
            let failed: Vec<&str> = results
                .iter()
                .filter(|result| result.outcome.failed())
                .map(|result| result.name)
                .collect();
            if failed.is_empty() {
                Ok(())
            } else {
                bail!("scenarios failed: {}", failed.join(", "))
            }
        }
        Verb::List => {
            for scenario in scenarios::ALL {
                anstream::println!("{:24} {}", scenario.name, scenario.about);
            }
            Ok(())
        }
    }
}
