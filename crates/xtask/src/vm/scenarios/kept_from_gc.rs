//! What a guest was started with outlives the generation that declared it: saved, with all else collected, it is restored,
//! and reboots itself with the kernel that it had.

use anyhow::{Context as _, Result, ensure};

use super::house::House;
use super::stage::Stage;
use crate::switch;

const GUEST: &str = "collected";
const FILE: &str = "collected.nix";
const OLD: &str = "/nix/store/0ld0ld0ld0ld0ld0ld0ld0ld0ld0ld00-linux-6.1.1";
const NEW: &str = "/nix/store/n3wn3wn3wn3wn3wn3wn3wn3wn3wn3w00-linux-6.1.2";
/// Nobody names it: it goes, or nothing was collected.
const NOBODYS: &str = "/nix/store/0hy7g0hy7g0hy7g0hy7g0hy7g0hy7g0-nobodys-1";

fn module(kernel: &str, word: &str) -> String {
    format!(
        r#"{{ config, ... }}:
{{
  virtualisation.xen.guests.{GUEST} = {{
    type = "pv";
    memory = 128;
    kernel = "{kernel}/bzImage";
    initrd = "${{config.virtualisation.xen.domus.microGuest}}/initrd";
    cmdline = "console=hvc0 word={word}";
    autostart = true;
  }};
}}
"#
    )
}

/// Runs the scenario.
pub fn run(stage: &mut Stage) -> Result<()> {
    let house = stage.house()?;
    house.declare(FILE, &module(OLD, "old"))?;
    let before = house.state(GUEST, 120)?;
    house.declare(FILE, &module(NEW, "new"))?;
    house.save(GUEST)?;
    house.world.dom0.ok(&format!("mkdir -p {NOBODYS}"))?;
    collect(house)?;
    there(house, OLD, true)?;

    // Its own reboot takes what it was started with.
    house.restore_as_xendomains(GUEST)?;
    house.state(GUEST, 60)?.goes_on_from(&before)?;
    house.reboot_guest(GUEST, "old")?;

    // Stored again, the next reboot takes the new one, and then the old one is nobody's.
    house.world.domus("apply")?;
    collect(house)?;
    there(house, OLD, true)?;
    house.reboot_guest(GUEST, "new")?;
    house.world.domus("apply")?;
    house.nothing_to_do(GUEST)?;
    collect(house)?;
    there(house, OLD, false)?;
    there(house, NEW, true)?;
    house.take_back(FILE).map(drop)
}

/// As `nix-collect-garbage -d`: what neither the current generation nor a root names goes.
fn collect(house: &mut House) -> Result<()> {
    house.world.dom0.ok(&format!("mkdir -p {NOBODYS}"))?;
    let generation = house.world.generation.clone();
    let generation = generation.context("no generation")?;
    switch::collect_garbage(&mut house.world.dom0, &generation)?;
    there(house, NOBODYS, false)
}

fn there(house: &mut House, path: &str, wanted: bool) -> Result<()> {
    let found = house.world.dom0.run(&format!("test -e {path}"))?.status == 0;
    ensure!(
        found == wanted,
        "{path} is {}",
        if found { "there still" } else { "gone" }
    );
    Ok(())
}
