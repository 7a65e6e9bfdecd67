//! The first switch to a generation with Domus, from nothing to running guests.

use anyhow::{Result, ensure};

use super::house::House;
use super::stage::Stage;
use crate::switch::Action;
use crate::vm::console;
use crate::vm::qemu::Machine;
use crate::vm::world::{Configuration, guests};

/// What must not change when there is nothing to do: times and sizes of files and images, and the domains.
const STATE: &str = "stat -c '%n %Y %s %i' /etc/xen/*.cfg /etc/xen/auto/*; stat -c '%n %s %i' /vmdisks/*; xl list | awk '{ print $1, $2 }'; ip -o -4 addr show xenbr0";

/// Runs the scenario.
pub fn run(stage: &mut Stage) -> Result<()> {
    let mut world = stage.empty_world(Machine::STEADY)?;
    let configuration = Configuration::from_template()?;
    let generation = configuration.evaluate_offline()?;
    let declared = guests(&generation)?;

    let plan = world.switch(&generation, Action::DryActivate)?.ok()?;
    for guest in &declared {
        ensure!(
            plan.contains(&guest.name),
            "dry-activate does not name {}:\n{plan}",
            guest.name
        );
    }
    let made = world.dom0.ok(
        "find /vmdisks /etc/xen/auto /etc/xen/*.cfg /var/lib/domus -not -type d 2>/dev/null || true",
    )?;
    ensure!(made.is_empty(), "dry-activate left {made}");

    world.switch(&generation, Action::Switch)?.ok()?;
    for (label, path) in declared.iter().flat_map(|guest| &guest.disks) {
        let found = world
            .dom0
            .ok(&format!("blkid -o value -s LABEL '{path}'"))?;
        ensure!(
            found.trim() == label,
            "{path} is labelled {found:?}, and {label} is declared"
        );
    }
    world.dom0.ok("ip link show dev xenbr0 up")?;
    let diskless: Vec<_> = declared
        .iter()
        .filter(|guest| guest.disks.is_empty())
        .collect();
    ensure!(
        !diskless.is_empty(),
        "the template has no guest without a disk any more"
    );
    for guest in diskless {
        console::state_after(&mut world.dom0, &guest.name, 0, 90)?;
        world
            .dom0
            .ok(&format!("systemctl is-active domus-guest@{}", guest.name))?;
    }

    let all = world.install_guests()?;
    ensure!(
        all == declared,
        "the guests changed between evaluation and switch"
    );
    world.start_guests(&all)?;
    for guest in &all {
        world
            .dom0
            .ok(&format!("systemctl is-active domus-guest@{}", guest.name))?;
        let processes = world.dom0.ok(&format!(
            "systemctl show -P MainPID domus-guest@{}",
            guest.name
        ))?;
        ensure!(
            processes.trim() != "0",
            "domus-guest@{} has no process",
            guest.name
        );
    }

    // xl's own parser accepts what Domus wrote.
    world
        .dom0
        .ok("for file in /etc/xen/*.cfg; do xl create -n -q \"$file\" || exit 1; done")?;
    let before = world.dom0.ok(STATE)?;
    let said = world.domus("apply")?;
    let after = world.dom0.ok(STATE)?;
    ensure!(
        before == after,
        "applying again changed something; it said:\n{said}\nbefore:\n{before}\nafter:\n{after}"
    );
    let mut house = House {
        world,
        configuration,
        guests: all.clone(),
    };
    for guest in &all {
        house.nothing_to_do(&guest.name)?;
    }
    stage.keep(house);
    Ok(())
}
