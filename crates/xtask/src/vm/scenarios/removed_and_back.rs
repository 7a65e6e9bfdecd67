//! A guest that is declared no longer is shut down, and its disk stays; by a rollback it comes back with what is on it.
//! One with `onRemove = "keep"` runs on.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::stage::Stage;
use crate::switch::Action;
use crate::vm::console;

/// A guest of the template with a disk, and one that is to run on.
const GUEST: &str = "mrkitty";
const KEPT: &str = "pvh-guest";
const FILE: &str = "leaving.nix";

fn module(enable: bool) -> String {
    format!(
        "{{
  virtualisation.xen.guests.{GUEST}.enable = {enable};
  virtualisation.xen.guests.{KEPT} = {{ onRemove = \"keep\"; enable = {enable}; }};
}}
"
    )
}

/// Runs the scenario.
pub fn run(stage: &mut Stage) -> Result<()> {
    let house = stage.house()?;
    house.declare(FILE, &module(true))?;
    let with_it = house.world.generation.clone().context("no generation")?;
    let before = house.state(GUEST, 60)?;
    let kept = house.state(KEPT, 60)?;
    let (domid, kept_domid) = (house.domid(GUEST)?, house.domid(KEPT)?);
    let mark = console::mark(&mut house.world.dom0, GUEST)?;

    let said = house.declare(FILE, &module(false))?;
    console::line_after(&mut house.world.dom0, GUEST, mark, "poweroff asked for", 1)?;
    let image = format!("/vmdisks/{GUEST}-root.img");
    ensure!(
        said.contains(&image),
        "it is not said that its disk stays:\n{said}"
    );
    let left = house.world.dom0.ok(&format!(
        "xl list | awk '$1 == \"{GUEST}\"'; ls /etc/xen/{GUEST}.cfg /etc/xen/auto/{GUEST} 2>/dev/null || true
        test -s {image}; ! losetup -j {image} | grep ."
    ))?;
    ensure!(left.is_empty(), "something of it is left:\n{left}");
    ensure!(
        house.domid(KEPT)? == kept_domid,
        "{KEPT} is declared no longer, and was ended although it is kept"
    );
    let status: Value = serde_json::from_str(&house.world.domus("status --json")?)?;
    for (name, runs) in [(GUEST, false), (KEPT, true)] {
        let mut guests = status["guests"].as_array().into_iter().flatten();
        let guest = guests.find(|guest| guest["name"] == name);
        let guest = guest.with_context(|| format!("{name} is not in the status: {status}"))?;
        ensure!(
            guest["declared"] == false
                && (guest["state"] == "running") == runs
                && guest["notes"].to_string().contains("runs on") == runs,
            "{name} is not shown as removed: {guest:#}"
        );
    }
    let mut orphans = status["orphans"].as_array().into_iter().flatten();
    ensure!(
        orphans.any(|orphan| orphan["path"] == image.as_str() && orphan["owner"] == GUEST),
        "{image} is not shown as orphaned: {status:#}"
    );

    // As `nixos-rebuild --rollback` does.
    let mark = console::mark(&mut house.world.dom0, GUEST)?;
    house.world.switch(&with_it, Action::Switch)?.ok()?;
    house.configuration.set_module(FILE, &module(true))?;
    let after = console::state_after(&mut house.world.dom0, GUEST, mark, 150)?;
    ensure!(
        after.boots == before.boots.map(|boots| boots + 1) && after.writes >= before.writes,
        "it came back without what was on its disk:\n  {}\n  {}",
        before.line,
        after.line
    );
    ensure!(house.domid(GUEST)? != domid, "it did not end");
    house.runs_on(KEPT, &kept, kept_domid)?;
    for guest in [GUEST, KEPT] {
        house.nothing_to_do(guest)?;
    }
    house.take_back(FILE).map(drop)
}
