//! What Xen cannot change in a running guest waits, is shown as pending, and is there after the guest's own reboot; also
//! when it was saved and restored in between. Only `onChange = "restart"` restarts a guest.

use anyhow::{Result, ensure};

use super::house::{House, micro_guest};
use super::stage::Stage;
use crate::vm::console::{self, State};

const GUEST: &str = "waiting";
const FILE: &str = "waiting.nix";
const DISK: &str =
    r#"memory = 160; disks.data = { path = "/vmdisks/waiting-data.img"; size = "32MiB"; };"#;

const LARGER: &str = "memory = 160; maxMemory = 256;";

/// The module, with this word on the kernel's command line, and these options beside those that stay.
fn module(word: &str, options: &str) -> String {
    let line = format!(
        "type = \"pv\"; cmdline = \"console=hvc0 word={word}\"; networks.lan = {{ }}; {options}"
    );
    micro_guest(GUEST, &line)
}

/// Runs the scenario.
pub fn run(stage: &mut Stage) -> Result<()> {
    let house = stage.house()?;
    house.declare(FILE, &module("one", DISK))?;
    let before = house.state(GUEST, 120)?;
    ensure!(
        before.disks.get("xvda") == Some(&32),
        "it did not start as declared: {}",
        before.line
    );

    waits(house, &before)?;
    house.reboot_guest(GUEST, "two")?;
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
    house.changes_are(GUEST, "next-boot", &["disk", "cmdline", "maxmem"])?;
    let state = house.state_when(GUEST, 30, |state| state.disks.contains_key("xvda"))?;
    state.goes_on_from(before)?;
    ensure!(house.domid(GUEST)? == domid, "it was started anew");
    Ok(())
}

/// Saved and restored, as xendomains does it: what was stored for the reboot is lost, and stored again.
fn waits_over_a_restore(house: &mut House) -> Result<()> {
    house.declare(FILE, &module("three", LARGER))?;
    let before = house.state(GUEST, 30)?;
    house.save(GUEST)?;
    house.restore_as_xendomains(GUEST)?;
    let after = house.state(GUEST, 60)?;
    after.goes_on_from(&before)?;
    let plan = house.changes_are(GUEST, "next-boot", &["cmdline"])?;
    ensure!(
        plan["steps"].to_string().contains("xl config-update"),
        "what was stored for the reboot is lost, and not stored again: {plan:#}"
    );
    house.world.domus("apply")?;
    house.reboot_guest(GUEST, "three")?;
    house.nothing_to_do(GUEST)
}

/// `onChange = "restart"` by itself restarts nothing; with a change that would wait it shuts down, and starts.
fn restarts(house: &mut House) -> Result<()> {
    let before = house.state(GUEST, 60)?;
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
    let before = house.state(GUEST, 60)?;
    let options = "memory = 192; maxMemory = 256; cpu.weight = 512; onChange = \"next-boot\";";
    house.declare(FILE, &module("four", options))?;
    house.changes_are(GUEST, "next-boot", &["cpu_weight"])?;
    let weight = house.world.dom0.ok(&format!(
        "xl sched-credit2 -d {GUEST} | awk 'NR == 2 {{ print $3 }}'"
    ))?;
    ensure!(weight == "256\n", "its weight was changed: {weight}");
    let after = house.state(GUEST, 30)?;
    after.goes_on_from(&before)
}
