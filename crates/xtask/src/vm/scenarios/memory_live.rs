//! A change that Xen can make live is made live, by a switch.

use anyhow::{Context as _, Result, ensure};

use super::stage::Stage;
use crate::switch::Action;
use crate::vm::console;

const GUEST: &str = "mrkitty";
const WAS_MIB: u64 = 256;
const MIB: u64 = 384;

/// Runs the scenario.
pub fn run(stage: &mut Stage) -> Result<()> {
    let house = stage.house()?;
    let domains = house.domains()?;
    let before = house.world.states(&house.guests, 60)?;
    house.configuration.set_memory(GUEST, MIB)?;
    let generation = house.configuration.evaluate_offline()?;

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

    house.switch()?;
    let guests = house.guests.clone();
    let states = house.world.states_when(&guests, 90, |states| {
        guests
            .iter()
            .zip(states)
            .all(|(guest, state)| guest.name != GUEST || state.sees_memory(MIB))
    })?;
    console::all_go_on(&before, &states)?;
    house.same_domains(&domains)?;

    // Less is a live change as well; and so the scenarios that come find it.
    house.configuration.set_memory(GUEST, WAS_MIB)?;
    house.switch()?;
    let less = house.state_when(GUEST, 90, |state| state.sees_memory(WAS_MIB))?;
    let was = guests
        .iter()
        .zip(&before)
        .find(|(guest, _)| guest.name == GUEST);
    let (_, was) = was.with_context(|| format!("{GUEST} is not declared"))?;
    less.goes_on_from(was)
}
