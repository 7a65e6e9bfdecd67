//! A guest that is called otherwise is the same guest: it runs on, with its disk, its UUID and its hardware address, also
//! when it reboots itself under its new name.

use anyhow::{Context as _, Result, ensure};

use super::house::{House, micro_guest};
use super::stage::Stage;
use crate::vm::console;

const OLD: &str = "first-name";
const NEW: &str = "second-name";
const FILE: &str = "renamed.nix";
const IMAGE: &str = "/vmdisks/renamed-data.img";

fn module(name: &str, options: &str) -> String {
    let all = format!(
        r#"type = "pv"; memory = 128; cmdline = "console=hvc0"; networks.lan = {{ }}; {options}
    disks.data = {{ path = "{IMAGE}"; size = "32MiB"; }};"#
    );
    micro_guest(name, &all)
}

/// Runs the scenario.
pub fn run(stage: &mut Stage) -> Result<()> {
    let house = stage.house()?;
    house.declare(FILE, &module(OLD, ""))?;
    let before = house.state(OLD, 120)?;
    let (domid, identity) = (house.domid(OLD)?, identity(house, OLD)?);

    let said = house.declare(
        FILE,
        &module(NEW, &format!("previousNames = [ \"{OLD}\" ];")),
    )?;
    ensure!(
        said.contains(&format!("rename the domain {OLD}, while it runs")),
        "the switch does not say that it renames it:\n{said}"
    );
    ensure!(
        house.domid(NEW)? == domid,
        "it is another domain under its new name"
    );
    // xenconsoled and the guest itself call it by the name under which it was started.
    let after = house.state(OLD, 60)?;
    after.goes_on_from(&before)?;
    ensure!(
        (&after.nics, &after.disks) == (&before.nics, &before.disks),
        "it is not what it was:\n  {}\n  {}",
        before.line,
        after.line
    );
    same(house, &identity)?;
    let left = house.world.dom0.ok(&format!(
        "ls -d /etc/xen/*{OLD}* /etc/xen/auto/*{OLD}* 2>/dev/null || true; xl list | awk '$1 == \"{OLD}\"'
        test -L /etc/xen/auto/{NEW}"
    ))?;
    ensure!(left.is_empty(), "something has its old name still:\n{left}");
    house.nothing_to_do(NEW)?;

    // Its own reboot makes a new domain of the configuration that Xen has: with the new name.
    let dom0 = &mut house.world.dom0;
    console::type_line(dom0, NEW, "reboot")?;
    let rebooted = house.state(NEW, 120)?;
    ensure!(
        rebooted.nics == before.nics && rebooted.disks == before.disks,
        "it came back as another guest:\n  {}\n  {}",
        before.line,
        rebooted.line
    );
    ensure!(house.domid(NEW)? != domid, "it did not reboot");
    same(house, &identity)?;
    house.nothing_to_do(NEW)?;

    // Stopped and started, it has a unit of its new name.
    house.world.domus(&format!("restart {NEW}"))?;
    let unit = format!(
        "systemctl is-active -q domus-guest@{NEW} && ! systemctl is-active -q domus-guest@{OLD}"
    );
    house
        .world
        .dom0
        .ok(&unit)
        .context("its unit has not its name")?;
    house.state(NEW, 120)?;
    same(house, &identity)?;
    house.take_back(FILE)?;
    house
        .world
        .dom0
        .ok(&format!("! xl domid {NEW} 2>/dev/null && test -s {IMAGE}"))
        .map(drop)
}

/// A guest's UUID, and the image that its disk is on, as Xen has them.
fn identity(house: &mut House, guest: &str) -> Result<String> {
    house.world.dom0.ok(&format!(
        "id=$(xl domid {guest}); xenstore-read /local/domain/$id/vm
        xenstore-ls -f /local/domain/0/backend/vbd/$id | grep '/params ' | cut -d= -f2; stat -c %i {IMAGE}"
    ))
}

fn same(house: &mut House, before: &str) -> Result<()> {
    let now = identity(house, NEW)?;
    ensure!(
        now == before,
        "it is another guest, before\n{before}now\n{now}"
    );
    Ok(())
}
