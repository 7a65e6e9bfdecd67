//! What Domus does not own is reported and left: a file where a configuration must go, and a domain made by hand.

use anyhow::{Result, ensure};

use super::stage::Stage;
use crate::vm::micro;

const FILE: &str = "stranger.nix";
const MODULE: &str = r#"{ config, ... }:
{
  virtualisation.xen.guests.stranger = {
    type = "pvh";
    memory = 128;
    kernel = "${config.boot.kernelPackages.kernel}/bzImage";
    cmdline = "console=hvc0";
  };
}
"#;

/// Runs the scenario.
pub fn run(stage: &mut Stage) -> Result<()> {
    let house = stage.house()?;
    let by_hand = format!(
        "name = 'by-hand'\ntype = 'pvh'\nmemory = 128\nkernel = '{}'\nramdisk = '{}'\ncmdline = 'console=hvc0'\n",
        micro::KERNEL,
        micro::INITRD
    );
    let dom0 = &mut house.world.dom0;
    dom0.push("/etc/xen/by-hand.cfg", by_hand.as_bytes(), "644")?;
    dom0.push(
        "/etc/xen/stranger.cfg",
        b"# mine\nname = 'stranger'\n",
        "640",
    )?;
    dom0.ok("xl create -q /etc/xen/by-hand.cfg")?;
    let seen = "xl list | awk '$1 == \"by-hand\" { print $2 }'; stat -c '%n %a %Y %i' /etc/xen/by-hand.cfg /etc/xen/stranger.cfg; cat /etc/xen/stranger.cfg; ls /etc/xen/auto";
    let before = dom0.ok(seen)?;
    let domains = house.domains()?;

    let said = house.declare_in_the_way(FILE, MODULE)?;
    ensure!(
        said.contains("stranger") && said.contains("/etc/xen/stranger.cfg"),
        "the file in the way is not named:\n{said}"
    );
    // Back to what was declared, which fails no more.
    house.take_back(FILE)?;
    let dom0 = &mut house.world.dom0;
    let after = dom0.ok(seen)?;
    ensure!(
        before == after,
        "what is not Domus's changed from\n{before}to\n{after}"
    );
    house.same_domains(&domains)?;
    let states = house.world.states(&house.guests, 60)?;
    ensure!(states.len() == house.guests.len(), "a guest is silent");
    house
        .world
        .dom0
        .ok("xl destroy by-hand; rm /etc/xen/by-hand.cfg /etc/xen/stranger.cfg")
        .map(|_| ())
}
