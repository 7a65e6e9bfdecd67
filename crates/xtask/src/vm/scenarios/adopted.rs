//! A guest that was made by hand is left as it is, until `domus adopt` takes it over; it runs on meanwhile, and afterwards.

use anyhow::{Result, ensure};

use super::house::House;
use super::stage::Stage;
use crate::vm::micro;

const GUEST: &str = "by-person";
const FILE: &str = "by-person.nix";
const UUID: &str = "5d2f6c1a-98a3-4c57-8a54-1f6f9b7a0e11";
const MAC: &str = "00:16:3e:2a:41:07";
const IMAGE: &str = "/vmdisks/by-person.img";

fn module(memory: u32) -> String {
    format!(
        r#"{{
  virtualisation.xen.guests.{GUEST} = {{
    memory = {memory};
    maxMemory = 192;
    uuid = "{UUID}";
    kernel = "{}";
    initrd = "{}";
    cmdline = "console=hvc0";
    networks.lan.mac = "{MAC}";
    disks.data = {{ path = "{IMAGE}"; size = "16MiB"; filesystem.label = "data"; }};
    autostart = true;
  }};
}}
"#,
        micro::KERNEL,
        micro::INITRD
    )
}

/// Runs the scenario.
pub fn run(stage: &mut Stage) -> Result<()> {
    let house = stage.house()?;
    by_hand(house)?;
    let before = house.state(GUEST, 90)?;
    let domid = house.domid(GUEST)?;

    // Declared with other memory: neither a switch nor `adopt` touches it, and both say why.
    let said = house.declare_in_the_way(FILE, &module(160))?;
    ensure!(
        said.contains("a domain of its UUID runs")
            && said.contains(&format!("domus adopt {GUEST}")),
        "the switch does not say what to do:\n{said}"
    );
    let refused = house.world.dom0.run(&format!("domus adopt {GUEST} 2>&1"))?;
    let text = refused.text();
    ensure!(
        refused.status == 1 && text.contains("- 128") && text.contains("+ 160"),
        "`domus adopt` does not show the difference:\n{text}"
    );
    house.runs_on(GUEST, &before, domid)?;

    // Declared as it is, it is Domus's from now on, and runs on.
    house.declare_in_the_way(FILE, &module(128))?;
    let said = house.world.domus(&format!("adopt {GUEST}"))?;
    ensure!(
        said.contains("is Domus's own now, and was not touched"),
        "{said}"
    );
    house.runs_on(GUEST, &before, domid)?;
    house.nothing_to_do(GUEST)?;
    house
        .world
        .dom0
        .ok(&format!("test -L /etc/xen/auto/{GUEST}"))?;

    // As any other guest of Domus: changed while it runs, shut down when it goes.
    house.declare(FILE, &module(176))?;
    house.state_when(GUEST, 60, |state| {
        state.memory_mib > 112 && state.sees_memory(176)
    })?;
    house.runs_on(GUEST, &before, domid)?;
    house.take_back(FILE)?;
    house
        .world
        .dom0
        .ok(&format!(
            "! xl domid {GUEST} 2>/dev/null && test -s {IMAGE} && ! test -e /etc/xen/{GUEST}.cfg"
        ))
        .map(drop)
}

/// What a person does for a guest, in a person's way.
fn by_hand(house: &mut House) -> Result<()> {
    let text = format!(
        "# mine\nname='{GUEST}'\ntype = 'pv'\nuuid = \"{UUID}\"\nmemory = 128\nmaxmem=192\nkernel = '{}'\nramdisk = '{}'\nextra = 'console=hvc0'\n\
         disk = ['{IMAGE},raw,xvda,w']\nvif = ['mac={MAC},bridge=xenbr0']\n",
        micro::KERNEL,
        micro::INITRD
    );
    let dom0 = &mut house.world.dom0;
    dom0.push(&format!("/etc/xen/{GUEST}.cfg"), text.as_bytes(), "644")?;
    dom0.ok(&format!(
        "truncate -s 16M {IMAGE}; mke2fs -q -t ext4 -L data {IMAGE}; xl create -q /etc/xen/{GUEST}.cfg"
    ))
    .map(drop)
}
