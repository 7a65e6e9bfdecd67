//! `cargo xtask`: what developers of Domus run. Each verb is a module of its own.

mod bench;
mod demo;
mod eval;
mod evaluation;
mod fuzz;
mod grub_fixture;
mod round_trip;
mod setup;
mod switch;
mod test;
mod vm;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The command line of `cargo xtask`.
#[derive(Parser)]
#[command(
    name = "cargo xtask",
    about = "Build, prove and show Domus",
    max_term_width = 100
)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Three guests on real Xen, declared, switched, changed and rebooted
    Demo(demo::Args),
    /// Format, lints, tests, evaluation, and the scenarios on real Xen
    Test(test::Args),
    /// Evaluate a configuration.nix to guests.json, activation script and units
    Eval(eval::Args),
    /// Import, evaluate and render the corpus of xl configurations, and say what then means something else
    RoundTrip(round_trip::Args),
    /// Write or compare the grub.cfg that NixOS's install-grub.pl writes for guests
    GrubFixture(grub_fixture::Args),
    /// The Dom0 on real Xen in QEMU: build its image, boot it, run scenarios
    Vm(vm::Args),
    /// Measure, and print a table
    Bench(bench::Args),
    /// Texts without end for the reader and every grammar, against Xen's own parsers
    Fuzz(fuzz::Args),
}

fn main() -> ExitCode {
    let result = match Cli::parse().verb {
        Verb::Demo(args) => demo::run(&args),
        Verb::Test(args) => test::run(&args),
        Verb::Eval(args) => eval::run(&args),
        Verb::RoundTrip(args) => round_trip::run(&args),
        Verb::GrubFixture(args) => grub_fixture::run(&args),
        Verb::Vm(args) => vm::run(&args),
        Verb::Bench(args) => bench::run(&args),
        Verb::Fuzz(args) => fuzz::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
