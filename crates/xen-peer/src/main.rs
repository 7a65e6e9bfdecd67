//! Compares xl-cfg with Xen's parsers, and measures both: what `cargo xtask fuzz --cases` and `cargo xtask bench` run.

mod bench;

use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, Subcommand};
use xen_peer::{Subject, run};

#[derive(Parser)]
#[command(name = "xen-peer", about = "Compares xl-cfg with Xen's own parsers")]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Ask both about many generated cases
    Compare {
        /// What is compared; all of it when none is named
        subjects: Vec<Subject>,
        /// How many cases of each
        #[arg(long, default_value_t = 1_000_000)]
        cases: u64,
        /// What the cases are made from
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Measure reading and writing
    Bench {
        /// How many files
        #[arg(long, default_value_t = 10_000)]
        files: u64,
        /// How often each is read and written; the median counts
        #[arg(long, default_value_t = 9)]
        runs: usize,
    },
}

fn main() -> ExitCode {
    match Cli::parse().verb {
        Verb::Compare {
            subjects,
            cases,
            seed,
        } => compare(&subjects, cases, seed),
        Verb::Bench { files, runs } => {
            bench::run(files, runs);
            ExitCode::SUCCESS
        }
    }
}

fn compare(subjects: &[Subject], cases: u64, seed: u64) -> ExitCode {
    let subjects = if subjects.is_empty() {
        Subject::ALL
    } else {
        subjects
    };
    let mut failed = false;
    for &subject in subjects {
        let start = Instant::now();
        let tally = run(subject, seed, cases);
        println!("{tally}\n  {:.1} s", start.elapsed().as_secs_f64());
        for disagreement in &tally.disagreements {
            failed = true;
            println!("\n{disagreement}");
        }
    }
    ExitCode::from(u8::from(failed))
}
