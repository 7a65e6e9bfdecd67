//! A disk that is declared larger grows, with its file system and with what is on it, and only while nobody has it: not
//! under a running guest, and not under one that is saved.

use anyhow::{Result, ensure};

use super::house::House;
use super::stage::Stage;
use crate::vm::console;

/// A guest of the template with one disk, from which it boots.
const GUEST: &str = "mrkitty";
const IMAGE: &str = "/vmdisks/mrkitty-root.img";
const FILE: &str = "grown.nix";
const MODULE: &str = r#"{ lib, ... }:
{
  virtualisation.xen.guests.mrkitty.disks.root.size = lib.mkForce "1280MiB";
}
"#;

const BEFORE_MIB: u64 = 1024;
const AFTER_MIB: u64 = 1280;

/// Runs the scenario.
pub fn run(stage: &mut Stage) -> Result<()> {
    let house = stage.house()?;
    let before = house.state(GUEST, 60)?;
    let said = house.declare(FILE, MODULE)?;
    let waits = format!("pending: disks.root ({IMAGE}) grows from 1GiB to 1280MiB");
    ensure!(
        said.contains(&waits),
        "the switch does not say '{waits}':\n{said}"
    );
    let running = house.state(GUEST, 30)?;
    running.goes_on_from(&before)?;
    is_sized(house, BEFORE_MIB)?;

    // A saved guest has its disk still: what it has in memory of the file system is for the old size.
    house.save(GUEST)?;
    let said = house.world.domus("apply")?;
    ensure!(
        said.contains(&format!("disks.root ({IMAGE}) grows")),
        "it is not said that the disk of a saved guest waits:\n{said}"
    );
    is_sized(house, BEFORE_MIB)?;
    house.start_saved(GUEST)?;
    let restored = house.state(GUEST, 90)?;
    restored.goes_on_from(&running)?;
    is_sized(house, BEFORE_MIB)?;

    house.world.domus(&format!("stop {GUEST}"))?;
    let said = house.world.domus("apply")?;
    ensure!(
        said.contains(&format!(
            "grow {IMAGE} from 1GiB to 1280MiB, and its file system with it, done"
        )),
        "its disk did not grow while it was stopped:\n{said}"
    );
    is_sized(house, AFTER_MIB)?;
    // Sound, and as large as its image.
    let blocks = house.world.dom0.ok(&format!(
        "e2fsck -fn {IMAGE} >/dev/null 2>&1
        dumpe2fs -h {IMAGE} 2>/dev/null | awk -F: '/^Block (count|size)/ {{ print $2 + 0 }}'"
    ))?;
    let bytes: u64 = blocks
        .lines()
        .filter_map(|line| line.parse::<u64>().ok())
        .product();
    ensure!(
        bytes == AFTER_MIB << 20,
        "its file system has {bytes} bytes"
    );
    let mark = console::mark(&mut house.world.dom0, GUEST)?;
    house.world.domus(&format!("start {GUEST}"))?;
    let after = console::state_after(&mut house.world.dom0, GUEST, mark, 150)?;
    ensure!(
        after.boots == before.boots.map(|boots| boots + 1)
            && after.writes >= restored.writes
            && after.disks.get("xvda") == Some(&AFTER_MIB),
        "it does not see what was there, on a larger disk:\n  {}\n  {}",
        before.line,
        after.line
    );
    house.nothing_to_do(GUEST)?;

    // A smaller size takes nothing.
    let said = house.take_back(FILE)?;
    ensure!(
        said.contains("disks.root.size is not what the disk has") && said.contains("is never done"),
        "the smaller size is not spoken of:\n{said}"
    );
    is_sized(house, AFTER_MIB)?;
    house.state(GUEST, 30)?.goes_on_from(&after)?;

    // Made smaller by hand, it is as declared: so the scenarios that come find it.
    house.world.domus(&format!("stop {GUEST}"))?;
    house.world.dom0.ok(&format!(
        "e2fsck -fp {IMAGE} >/dev/null || test $? = 1
        resize2fs {IMAGE} {BEFORE_MIB}M >/dev/null 2>&1
        truncate -s {BEFORE_MIB}M {IMAGE}"
    ))?;
    house.world.domus(&format!("start {GUEST}"))?;
    house.state(GUEST, 120)?;
    house.nothing_to_do(GUEST)
}

fn is_sized(house: &mut House, mib: u64) -> Result<()> {
    let bytes = house.world.dom0.ok(&format!("stat -c %s {IMAGE}"))?;
    ensure!(
        bytes.trim() == (mib << 20).to_string(),
        "{IMAGE} has {} bytes, not {mib} MiB",
        bytes.trim()
    );
    Ok(())
}
