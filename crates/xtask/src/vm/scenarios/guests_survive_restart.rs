//! No unit that is restarted takes a guest's process with it.

use anyhow::{Result, ensure};

use super::stage::{Stage, micro_guest};
use crate::vm::console;

/// A guest whose disk only qemu can serve: for raw files Xen takes loop devices.
const GUEST: &str = "qdisk-guest";
const OPTIONS: &str = r#"type = "pvh"; memory = 128; cmdline = "console=hvc0"; networks.lan = { };
    disks.data = { path = "/vmdisks/qdisk-guest.qcow2"; size = "64MiB"; format = "qcow2"; };"#;

/// Runs the scenario.
pub fn run(stage: &mut Stage) -> Result<()> {
    let house = stage.house()?;
    house.declare("qdisk.nix", &micro_guest(GUEST, OPTIONS))?;
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
            own.iter().any(|line| line.contains("xl create")) && qemu == (guest.name == GUEST),
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
    Ok(())
}
