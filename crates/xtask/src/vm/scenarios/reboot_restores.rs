//! The Dom0 reboots: xendomains saves the guests and restores them, once their bridge is there again.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::house::qdisk_guest;
use super::stage::Stage;
use crate::vm::console;

const FILE: &str = "qdisk.nix";

/// Runs the scenario.
pub fn run(stage: &mut Stage) -> Result<()> {
    let house = stage.house()?;
    // Beside them one with a process of qemu, which is started anew for its disk.
    house.declare(FILE, &qdisk_guest())?;
    let before = house.world.states(&house.guests, 60)?;
    house.world.dom0.reboot()?;
    house.world.dom0.wait_booted(Duration::from_secs(300))?;
    let after = house.world.states(&house.guests, 60)?;
    console::all_restored(&before, &after)?;
    house.no_save_is_left()?;
    let plan = house.world.domus("plan")?;
    ensure!(
        !plan.contains("start"),
        "after a restore something is still to be started:\n{plan}"
    );
    house.take_back(FILE).map(drop)
}
