//! A change that Xen can make live is made live, by a switch.

use anyhow::{Result, ensure};

use super::stage::{Stage, evaluate};
use crate::switch::Action;

const GUEST: &str = "mrkitty";
const MIB: u64 = 384;

/// Runs the scenario.
pub fn run(stage: &mut Stage) -> Result<()> {
    let house = stage.house()?;
    let domains = house.domains()?;
    let before = house.world.states(&house.guests, 60)?;
    house.configuration.set_memory(GUEST, MIB)?;
    let generation = evaluate(&house.configuration)?;

    let said = house.world.switch(&generation, Action::DryActivate)?.ok()?;
    ensure!(
        said.contains("set memory from 256 MiB to 384 MiB"),
        "dry-activate does not tell of it:\n{said}"
    );
    ensure!(
        said.contains("would restart the following units: "),
        "dry-activate names no unit:\n{said}"
    );
    let listed = house.world.dom0.ok(&format!(
        "xl list {GUEST} | awk 'NR > 1 {{ print $3 }}'; cat /etc/xen/{GUEST}.cfg"
    ))?;
    ensure!(
        listed.starts_with("256\n") && listed.contains("memory = 256"),
        "dry-activate changed something:\n{listed}"
    );

    house.world.switch(&generation, Action::Switch)?.ok()?;
    let guests = house.guests.clone();
    let states = house.world.states_when(&guests, 90, |states| {
        guests
            .iter()
            .zip(states)
            .all(|(guest, state)| guest.name != GUEST || state.sees_memory(MIB))
    })?;
    for (before, after) in before.iter().zip(&states) {
        after.goes_on_from(before)?;
    }
    let now = house.domains()?;
    ensure!(now == domains, "domains changed from\n{domains}to\n{now}");
    Ok(())
}
