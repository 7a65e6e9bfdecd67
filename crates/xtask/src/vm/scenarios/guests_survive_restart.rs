//! No unit that is restarted takes a guest's process with it.

use anyhow::{Result, ensure};

use super::house::{QDISK_GUEST, qdisk_guest};
use super::stage::Stage;
use crate::vm::console;

const FILE: &str = "qdisk.nix";

/// Runs the scenario.
pub fn run(stage: &mut Stage) -> Result<()> {
    let house = stage.house()?;
    house.declare(FILE, &qdisk_guest())?;
    house.world.states(&house.guests, 90)?;

    let domains = house.domains()?;
    let processes = house.guest_processes()?;
    for guest in &house.guests {
        let unit = format!("domus-guest@{}.service", guest.name);
        let own: Vec<&str> = processes
            .lines()
            .filter(|line| line.contains(&unit))
            .collect();
        let qemu = own.iter().any(|line| line.contains("qemu"));
        ensure!(
            own.iter().any(|line| line.contains("xl create"))
                && qemu == (guest.name == QDISK_GUEST),
            "{unit} has not the processes of its guest in its cgroup:\n{processes}"
        );
    }
    let before = house.world.states(&house.guests, 60)?;

    for units in [
        "domus-guests",
        "domus-prepare domus-bridges",
        "domus-guests",
    ] {
        house.world.dom0.ok(&format!("systemctl restart {units}"))?;
    }
    let after = house.world.states(&house.guests, 60)?;
    console::all_go_on(&before, &after)?;
    for (before, after) in before.iter().zip(&after) {
        ensure!(
            before.writes.is_none() || after.writes > before.writes,
            "a guest stopped writing: {}",
            after.line
        );
    }
    house.same_domains(&domains)?;
    let now = house.guest_processes()?;
    ensure!(
        now == processes,
        "processes changed from\n{processes}to\n{now}"
    );
    house.take_back(FILE).map(drop)
}
