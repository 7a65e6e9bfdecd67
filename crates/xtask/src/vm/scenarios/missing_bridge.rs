//! At a boot without their bridge, Xen's xendomains restores no guest. Domus must not start them anew: their memory is saved.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::house::SAVES;
use super::stage::Stage;
use crate::vm::console;

/// Keeps domus-bridges from running at the next boot.
const DROP_IN: &str = "/etc/systemd/system/domus-bridges.service.d/no-bridges.conf";

/// Runs the scenario.
pub fn run(stage: &mut Stage) -> Result<()> {
    let house = stage.house()?;
    let before = house.world.states(&house.guests, 60)?;
    house.world.dom0.push(
        DROP_IN,
        b"[Unit]\nConditionPathExists=/does-not-exist\n",
        "644",
    )?;
    house.world.dom0.reboot()?;
    // Units may have failed, rightly; what matters is that all of them had their turn.
    house.world.dom0.run_for(
        "systemctl is-system-running --wait",
        Duration::from_secs(300),
    )?;

    // Each guest of the house has a network interface.
    let domains = house.domains()?;
    ensure!(
        domains.is_empty(),
        "guests run without their bridge:\n{domains}"
    );
    let saved = house.world.dom0.ok(&format!("ls {SAVES}"))?;
    let saved: Vec<&str> = saved.lines().collect();
    for guest in &house.guests {
        ensure!(
            saved.contains(&guest.name.as_str()),
            "{} has no save file: {saved:?}",
            guest.name
        );
    }
    let said = house
        .world
        .dom0
        .run("domus apply --stage guests 2>&1; domus status 2>&1")?
        .text();
    for guest in &house.guests {
        let name = &guest.name;
        ensure!(
            said.contains(&format!(
                "guest {name}: it is down: it was saved, and xendomains did not restore it"
            )) && said.contains("Could not find bridge device xenbr0"),
            "it is not said that {name} is down, and why:\n{said}"
        );
    }
    let domains = house.domains()?;
    ensure!(
        domains.is_empty(),
        "a saved guest was started anew:\n{domains}\n{said}"
    );

    house.world.dom0.ok(&format!(
        "rm {DROP_IN}; systemctl daemon-reload; systemctl start domus-bridges"
    ))?;
    house
        .world
        .dom0
        .run_for("systemctl restart xendomains", Duration::from_secs(300))?;
    let after = house.world.states(&house.guests, 90)?;
    console::all_go_on(&before, &after)
}
