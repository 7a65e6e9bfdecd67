//! What Xen can change in a running guest is changed while it runs, and the guest sees it; what somebody changed by hand
//! is shown, and left.

use anyhow::{Context as _, Result, ensure};

use super::house::House;
use super::kept;
use super::stage::Stage;
use crate::vm::console::State;
use crate::vm::qemu::Machine;

const GUEST: &str = "changing";
const FILE: &str = "changing.nix";

/// The module, with these options of the guest beside those that stay.
fn module(options: &str) -> String {
    format!(
        r#"{{ config, ... }}:
{{
  virtualisation.xen.bridges.otherbr0 = {{ }};
  virtualisation.xen.guests.{GUEST} = {{
    maxMemory = 256;
    maxVcpus = 4;
    kernel = "${{config.boot.kernelPackages.kernel}}/bzImage";
    initrd = "${{config.virtualisation.xen.domus.microGuest}}/initrd";
    cmdline = "console=hvc0";
    autostart = true;
    {options}
  }};
}}
"#
    )
}

const BEFORE: &str = "memory = 160; vcpus = 1; networks.lan = { };";
/// More vCPUs than the Dom0 has processors, of which there must be two to choose from.
const MORE: &str = r#"memory = 224; vcpus = 3; networks.lan.order = 0; networks.second = { order = 1; bridge = "otherbr0"; };
    cpu = { weight = 512; cap = 150; cpus = "1"; cpusSoft = "0"; };
    disks.data = { path = "/vmdisks/changing-data.img"; size = "32MiB"; detach = "live"; };"#;
const LESS: &str = r#"memory = 176; vcpus = 2; networks.lan.bridge = "otherbr0";"#;

/// Runs the scenario.
pub fn run(stage: &mut Stage) -> Result<()> {
    let house = &mut stage.new_house(Machine::FAST)?;
    house.declare(FILE, &module(BEFORE))?;
    let before = house.state(GUEST, 120)?;
    ensure!(
        before.vcpus == 1 && before.disks.is_empty() && before.nics.len() == 1,
        "it did not start as declared: {}",
        before.line
    );
    house.nothing_to_do(GUEST)?;
    let domid = house.domid(GUEST)?;

    let said = house.declare(FILE, &module(MORE))?;
    ensure!(!said.contains("pending"), "something waits:\n{said}");
    let more = house.state_when(GUEST, 60, |state| {
        state.memory_mib >= before.memory_mib + 56
            && state.vcpus == 3
            && state.disks.get("xvda") == Some(&32)
            && state.nics.len() == 2
    })?;
    more.goes_on_from(&before)?;
    schedule(house, "512", "150", "1 / 0")?;
    let lan = before.nics.first().context("no NIC")?;
    on_bridge(house, lan, "xenbr0")?;
    house.nothing_to_do(GUEST)?;

    let said = house.declare(FILE, &module(LESS))?;
    ensure!(
        said.contains("its network is interrupted until it is back"),
        "the interruption is not announced:\n{said}"
    );
    let less = house.state_when(GUEST, 60, |state| {
        state.memory_mib + 40 <= more.memory_mib
            && state.memory_mib > before.memory_mib
            && state.vcpus == 2
            && state.disks.is_empty()
            && state.nics == before.nics
    })?;
    less.goes_on_from(&more)?;
    schedule(house, "256", "0", "all / all")?;
    on_bridge(house, lan, "otherbr0")?;
    house
        .world
        .dom0
        .ok("test -s /vmdisks/changing-data.img && ! losetup -j /vmdisks/changing-data.img | grep .")
        .context("the disk that was taken is gone, or still served")?;
    house.nothing_to_do(GUEST)?;

    by_hand(house, &less)?;
    ensure!(house.domid(GUEST)? == domid, "it was started anew");
    house.take_back(FILE).map(drop)
}

/// How xl says that the guest is scheduled: weight, cap, and for each vCPU that is online the processors.
fn schedule(house: &mut House, weight: &str, cap: &str, pins: &str) -> Result<()> {
    let said = house.world.dom0.ok(&format!(
        "xl sched-credit2 -d {GUEST} | awk 'NR == 2 {{ print $3, $4 }}'
        xl vcpu-list {GUEST} | awk 'NR > 1 && $5 != \"--p\" {{ print $(NF-2), $(NF-1), $NF }}' | sort -u"
    ))?;
    ensure!(
        said == format!("{weight} {cap}\n{pins}\n"),
        "it is scheduled otherwise: {said}"
    );
    Ok(())
}

/// Asserts that the interface with this hardware address is on that bridge.
fn on_bridge(house: &mut House, mac: &str, bridge: &str) -> Result<()> {
    let domid = house.domid(GUEST)?;
    let found = house.world.dom0.ok(&format!(
        "index=$(xl network-list {GUEST} | awk '$3 == \"{mac}\" {{ print $1 }}')
        basename \"$(readlink /sys/class/net/vif{domid}.$index/master)\""
    ))?;
    ensure!(
        found.trim() == bridge,
        "{mac} is on bridge {found}, and {bridge} is declared"
    );
    Ok(())
}

/// What is changed by hand is told of, an apply leaves it, and once it is changed back all is as declared.
fn by_hand(house: &mut House, before: &State) -> Result<()> {
    house.world.dom0.ok(&format!(
        "truncate -s 16M /vmdisks/by-hand.img
        xl mem-set {GUEST} 192m; xl vcpu-set {GUEST} 1
        xl block-attach {GUEST} format=raw,vdev=xvdd,access=rw,target=/vmdisks/by-hand.img"
    ))?;
    let as_by_hand = |state: &State| state.vcpus == 1 && state.disks.get("xvdd") == Some(&16);
    house.state_when(GUEST, 60, as_by_hand)?;
    kept::of_guest(house, GUEST, 1)?;
    house.world.domus("apply")?;
    let plan = house.changes_are(GUEST, "drift", &["memory", "vcpus", "disk"])?;
    ensure!(
        plan["steps"].as_array().is_some_and(Vec::is_empty),
        "what was changed by hand would be changed back: {plan:#}"
    );
    house.state_when(GUEST, 10, as_by_hand)?;
    house.world.dom0.ok(&format!(
        "xl block-detach {GUEST} xvdd; xl vcpu-set {GUEST} 2; xl mem-set {GUEST} 176m"
    ))?;
    let after = house.state_when(GUEST, 60, |state| {
        state.vcpus == 2 && state.disks.is_empty()
    })?;
    after.goes_on_from(before)?;
    house.nothing_to_do(GUEST)
}
