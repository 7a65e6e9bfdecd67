//! What Xen cannot change in a running guest waits, is shown as pending, and is there after the guest's own reboot; also
//! when it was saved and restored in between. Only `onChange = "restart"` restarts a guest.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::stage::{House, Stage};
use crate::vm::console::{self, State};

const GUEST: &str = "waiting";
const FILE: &str = "waiting.nix";
const DISK: &str =
    r#"memory = 160; disks.data = { path = "/vmdisks/waiting-data.img"; size = "32MiB"; };"#;

const LARGER: &str = "memory = 160; maxMemory = 256;";

/// The module, with this word on the kernel's command line, and these options beside those that stay.
fn module(word: &str, options: &str) -> String {
    format!(
        r#"{{ config, ... }}:
{{
  virtualisation.xen.guests.{GUEST} = {{
    kernel = "${{config.boot.kernelPackages.kernel}}/bzImage";
    initrd = "${{config.virtualisation.xen.domus.microGuest}}/initrd";
    cmdline = "console=hvc0 word={word}";
    autostart = true;
    networks.lan = {{ }};
    {options}
  }};
}}
"#
    )
}

/// Runs the scenario.
pub fn run(stage: &mut Stage) -> Result<()> {
    let house = stage.house()?;
    house.declare(FILE, &module("one", DISK))?;
    let before = house.state_when(GUEST, 120, |_| true)?;
    ensure!(
        before.disks.get("xvda") == Some(&32),
        "it did not start as declared: {}",
        before.line
    );

    waits(house, &before)?;
    reboot(house, "two")?;
    house.state_when(GUEST, 30, |state| state.disks.is_empty())?;
    house.nothing_to_do(GUEST)?;

    waits_over_a_restore(house)?;
    restarts(house)?;
    stays(house)?;
    house.take_back(FILE).map(drop)
}

/// A command line, more memory than the maximum, and a writable disk that goes: all of it waits, and is shown.
fn waits(house: &mut House, before: &State) -> Result<()> {
    let domid = house.domid(GUEST)?;
    let said = house.declare(FILE, &module("two", LARGER))?;
    for text in [
        said,
        house.world.domus("plan")?,
        house.world.domus("status")?,
    ] {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for what in ["cmdline", "maxmem", "disk xvda"] {
            ensure!(
                text.contains(what) && text.contains("next boot"),
                "{what} is not shown as pending:\n{text}"
            );
        }
    }
    pending(house, &["disk", "cmdline", "maxmem"])?;
    let state = house.state_when(GUEST, 30, |state| state.disks.contains_key("xvda"))?;
    state.goes_on_from(before)?;
    ensure!(house.domid(GUEST)? == domid, "it was started anew");
    Ok(())
}

/// Saved and restored, as xendomains does it: what was stored for the reboot is lost, and stored again.
fn waits_over_a_restore(house: &mut House) -> Result<()> {
    house.declare(FILE, &module("three", LARGER))?;
    let before = house.state_when(GUEST, 30, |_| true)?;
    house.world.dom0.ok(&format!(
        "xl save {GUEST} /var/lib/xen/save/{GUEST} >/dev/null 2>&1
        xl restore /var/lib/xen/save/{GUEST} >/dev/null 2>&1
        rm /var/lib/xen/save/{GUEST}"
    ))?;
    let after = house.state_when(GUEST, 60, |_| true)?;
    after.goes_on_from(&before)?;
    pending(house, &["cmdline"])?;
    let steps = house.planned(GUEST)?["steps"].clone();
    ensure!(
        steps.to_string().contains("xl config-update"),
        "what was stored for the reboot is lost, and not stored again: {steps}"
    );
    house.world.domus("apply")?;
    reboot(house, "three")?;
    house.nothing_to_do(GUEST)
}

/// `onChange = "restart"` by itself restarts nothing; with a change that would wait it shuts down, and starts.
fn restarts(house: &mut House) -> Result<()> {
    let before = house.state_when(GUEST, 60, |_| true)?;
    let domid = house.domid(GUEST)?;
    let options = "memory = 192; maxMemory = 256; onChange = \"restart\";";
    house.declare(FILE, &module("three", options))?;
    ensure!(
        house.domid(GUEST)? == domid,
        "what Xen can change while it runs restarted it"
    );
    house.state_when(GUEST, 60, |state| {
        state.memory_mib >= before.memory_mib + 24
    })?;
    let mark = console::mark(&mut house.world.dom0, GUEST)?;
    house.declare(FILE, &module("four", options))?;
    let dom0 = &mut house.world.dom0;
    console::line_after(dom0, GUEST, mark, "poweroff asked for", 1)?;
    console::line_after(dom0, GUEST, mark, "word=four", 90)?;
    house.nothing_to_do(GUEST)
}

/// `onChange = "next-boot"` leaves what Xen could change.
fn stays(house: &mut House) -> Result<()> {
    let before = house.state_when(GUEST, 60, |_| true)?;
    let options = "memory = 192; maxMemory = 256; cpu.weight = 512; onChange = \"next-boot\";";
    house.declare(FILE, &module("four", options))?;
    pending(house, &["cpu_weight"])?;
    let weight = house.world.dom0.ok(&format!(
        "xl sched-credit2 -d {GUEST} | awk 'NR == 2 {{ print $3 }}'"
    ))?;
    ensure!(weight == "256\n", "its weight was changed: {weight}");
    let after = house.state_when(GUEST, 30, |_| true)?;
    after.goes_on_from(&before)
}

/// Asserts that these keys wait for the next boot, and nothing else.
fn pending(house: &mut House, keys: &[&str]) -> Result<()> {
    let plan = house.planned(GUEST)?;
    let changes = plan["changes"]
        .as_array()
        .context("a plan without changes")?;
    let mut waiting: Vec<&str> = changes
        .iter()
        .filter(|change| change["when"] == "next-boot")
        .filter_map(|change| change["key"].as_str())
        .collect();
    waiting.sort_unstable();
    let mut keys = keys.to_vec();
    keys.sort_unstable();
    ensure!(
        waiting == keys && changes.len() == keys.len(),
        "{keys:?} should wait for the next boot: {}",
        Value::from(changes.clone())
    );
    Ok(())
}

/// Reboots the guest from inside, and waits until its kernel says that word.
fn reboot(house: &mut House, word: &str) -> Result<()> {
    let domid = house.domid(GUEST)?;
    let dom0 = &mut house.world.dom0;
    let mark = console::mark(dom0, GUEST)?;
    console::type_line(dom0, GUEST, "reboot")?;
    console::line_after(dom0, GUEST, mark, "reboot asked for", 20)?;
    let line = console::line_after(dom0, GUEST, mark, "command line", 90)?;
    ensure!(
        line.ends_with(&format!("word={word}")),
        "its reboot took another configuration: {line}"
    );
    ensure!(house.domid(GUEST)? != domid, "it did not reboot");
    Ok(())
}
