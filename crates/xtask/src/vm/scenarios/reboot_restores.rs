//! The Dom0 reboots: xendomains saves the guests and restores them, once their bridge is there again.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::stage::Stage;

/// Runs the scenario.
pub fn run(stage: &mut Stage) -> Result<()> {
    let house = stage.house()?;
    let before = house.world.states(&house.guests, 60)?;
    house.world.dom0.reboot()?;
    house.world.dom0.wait_booted(Duration::from_secs(300))?;
    let after = house.world.states(&house.guests, 60)?;
    for (before, after) in before.iter().zip(&after) {
        after.goes_on_from(before)?;
        ensure!(
            after.memory_mib == before.memory_mib,
            "a guest has another size:\n  {}\n  {}",
            before.line,
            after.line
        );
    }
    let left = house.world.dom0.ok("ls -A /var/lib/xen/save")?;
    ensure!(left.is_empty(), "save files stayed: {left}");
    let plan = house.world.domus("plan")?;
    ensure!(
        !plan.contains("start"),
        "after a restore something is still to be started:\n{plan}"
    );
    Ok(())
}
