//! Guests stopped, started, saved and restored by hand, with `domus` and systemd's units.

use anyhow::{Context as _, Result, ensure};

use super::house::SAVES;
use super::stage::Stage;

/// Runs the scenario.
pub fn run(stage: &mut Stage) -> Result<()> {
    let house = stage.house()?;
    let one: Vec<_> = house.guests.first().cloned().into_iter().collect();
    let name = &one.first().context("no guest is declared")?.name;
    let world = &mut house.world;
    let before = world.states(&one, 60)?;

    // Its console is no terminal here; what it wrote is kept where xenconsoled was told to.
    let status = world.domus(&format!("status {name}"))?;
    ensure!(
        status.contains(&format!("{name}  running for ")) && status.contains("domus-guest@"),
        "status does not say how {name} is:\n{status}"
    );

    // Saved, and restored in its unit, as it was.
    house.save(name)?;
    house.start_saved(name)?;
    let save = format!("{SAVES}/{name}");
    let world = &mut house.world;
    let restored = world.states(&one, 60)?;
    restored[0].goes_on_from(&before[0])?;
    world.dom0.ok(&format!(
        "! test -e {save} && ! test -e /run/domus/{name}.restoring
        systemctl is-active domus-guest@{name}
        xl list {name} | awk 'END {{ exit $5 ~ /p/ }}'"
    ))?;
    let plan = world.domus("plan")?;
    ensure!(
        !plan.contains(name),
        "after a restore the plan is not empty:\n{plan}"
    );

    // domus killed while xl restores: the save file is whole, and the next start restores it.
    world.dom0.ok(&format!(
        "xl save {name} {save}
        while systemctl -q is-active domus-guest@{name}; do sleep 0.2; done
        systemctl start --no-block domus-guest@{name}
        until xl domid {name} >/dev/null 2>&1; do sleep 0.05; done
        kill -9 $(systemctl show -P MainPID domus-guest@{name})
        sleep 5
        test -s {save}"
    ))?;
    house.start_saved(name)?;
    let world = &mut house.world;
    let again = world.states(&one, 60)?;
    again[0].goes_on_from(&restored[0])?;
    world.dom0.ok(&format!("! test -e {save}"))?;

    // Stopped gracefully, and started afresh at once, although its unit still looks now and then only.
    let said = world.domus(&format!("restart {name}"))?;
    ensure!(
        said.contains(&format!("{name}: stopped")) && said.contains(&format!("{name}: started")),
        "{said}"
    );
    world.states(&one, 120)?;
    world
        .dom0
        .ok(&format!("systemctl is-active domus-guest@{name}"))?;
    Ok(())
}
