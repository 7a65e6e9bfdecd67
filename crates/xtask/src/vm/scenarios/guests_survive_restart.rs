//! No unit that is restarted takes a guest's process with it.

use anyhow::{Result, ensure};

use super::stage::{Stage, evaluate};
use crate::switch::Action;
use crate::vm::world::guests;

/// A guest whose disk only qemu can serve: for raw files Xen takes loop devices.
const MODULE: &str = r#"{ config, ... }:
{
  virtualisation.xen.guests.qdisk-guest = {
    type = "pvh";
    memory = 128;
    kernel = "${config.boot.kernelPackages.kernel}/bzImage";
    initrd = "${config.virtualisation.xen.domus.microGuest}/initrd";
    cmdline = "console=hvc0";
    autostart = true;
    disks.data = {
      path = "/vmdisks/qdisk-guest.qcow2";
      size = "64MiB";
      format = "qcow2";
    };
    networks.lan = { };
  };
}
"#;

/// Runs the scenario.
pub fn run(stage: &mut Stage) -> Result<()> {
    let house = stage.house()?;
    house.configuration.add_module("qdisk.nix", MODULE)?;
    let generation = evaluate(&house.configuration)?;
    house.world.switch(&generation, Action::Switch)?.ok()?;
    house.guests = guests(&generation)?;
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
                && qemu == (guest.name == "qdisk-guest"),
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
    for (before, after) in before.iter().zip(&after) {
        after.goes_on_from(before)?;
        ensure!(
            before.writes.is_none() || after.writes > before.writes,
            "a guest stopped writing: {}",
            after.line
        );
    }
    let now = house.domains()?;
    ensure!(now == domains, "domains changed from\n{domains}to\n{now}");
    let now = house.guest_processes()?;
    ensure!(
        now == processes,
        "processes changed from\n{processes}to\n{now}"
    );
    Ok(())
}
