//! The scenarios on real Xen, each a file, and their list.

mod boots;

use std::time::Instant;

use anyhow::{Result, bail};

use super::image::{self, Image};
use crate::setup;

/// One scenario.
pub struct Scenario {
    /// What `cargo xtask vm run` calls it.
    pub name: &'static str,
    /// What it shows, in one line.
    pub about: &'static str,
    /// Runs it in a Dom0 of its own.
    run: fn(&Image) -> Result<()>,
}

/// All scenarios, in the order in which they run.
pub const ALL: &[Scenario] = &[Scenario {
    name: "boots",
    about: "one grub.cfg boots by pygrub and by GRUB's Xen image; PVH boots a kernel from the Dom0",
    run: boots::run,
}];

/// How a scenario ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// All that it asserts holds.
    Passed,
    /// What did not hold.
    Failed(String),
}

impl Outcome {
    /// Whether it failed.
    pub fn failed(&self) -> bool {
        matches!(self, Self::Failed(_))
    }
}

/// One scenario's result.
#[derive(Debug, Clone, PartialEq)]
pub struct ScenarioResult {
    /// Its name.
    pub name: &'static str,
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// Runs all scenarios, installing and building first what they need.
///
/// # Errors
/// The Dom0's image cannot be had; a scenario that fails is a result, no error.
#[allow(dead_code, reason = "cargo xtask test calls it")]
pub fn run_all() -> Result<Vec<ScenarioResult>> {
    run(&[])
}

/// Runs the scenarios with these names, all where there is none, and prints PASS or FAIL for each.
///
/// # Errors
/// A name is unknown, or the Dom0's image cannot be had.
pub fn run(names: &[String]) -> Result<Vec<ScenarioResult>> {
    if let Some(unknown) = names
        .iter()
        .find(|name| ALL.iter().all(|scenario| scenario.name != **name))
    {
        let known: Vec<&str> = ALL.iter().map(|scenario| scenario.name).collect();
        bail!(
            "there is no scenario {unknown}; there are: {}",
            known.join(", ")
        );
    }
    setup::ensure(setup::VM)?;
    let image = image::ensure(false)?;
    let mut results = Vec::new();
    for scenario in ALL
        .iter()
        .filter(|scenario| names.is_empty() || names.iter().any(|name| name == scenario.name))
    {
        anstream::println!("scenario {}: {}", scenario.name, scenario.about);
        let since = Instant::now();
        let outcome = match (scenario.run)(&image) {
            Ok(()) => Outcome::Passed,
            Err(error) => Outcome::Failed(format!("{error:#}")),
        };
        let seconds = since.elapsed().as_secs_f64();
        match &outcome {
            Outcome::Passed => anstream::println!("PASS {} ({seconds:.0} s)", scenario.name),
            Outcome::Failed(why) => {
                anstream::println!("FAIL {} ({seconds:.0} s)\n{why}", scenario.name)
            }
        }
        results.push(ScenarioResult {
            name: scenario.name,
            outcome,
            seconds,
        });
    }
    Ok(results)
}
