//! What becomes of save files over a reboot of the Dom0: of a guest whose declaration changed since, of a save that is cut, of
//! one that cannot be restored; and of a guest that is not saved at all.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::house::{House, SAVES};
use super::stage::Stage;
use crate::switch::Action;
use crate::vm::console::{self, State};

const FILE: &str = "saved.nix";
/// Declared otherwise while it is saved: it is restored as it was, and what changed waits.
const STALE: &str = "pvh-guest";
/// The same, and its save is to be discarded.
const DISCARDED: &str = "mrkitty";
/// Its save is cut in half.
const CUT: &str = "pygrub-guest";
/// Its disk is away when it is to be restored.
const LOST: &str = "lost";
const DISK: &str = "/vmdisks/lost-data.img";
/// It is shut down with the Dom0.
const ENDS: &str = "ends";

/// The guests of this scenario; `changed` is how those of the house are declared when the Dom0 boots.
fn module(changed: &str) -> String {
    format!(
        r#"{{ config, lib, ... }}:
let
  micro = {{
    type = "pv";
    memory = 112;
    kernel = "${{config.boot.kernelPackages.kernel}}/bzImage";
    initrd = "${{config.virtualisation.xen.domus.microGuest}}/initrd";
    cmdline = "console=hvc0";
    autostart = true;
  }};
in
{{
  virtualisation.xen.guests = {{
    {LOST} = micro // {{ disks.data = {{ path = "{DISK}"; size = "32MiB"; }}; }};
    {ENDS} = micro // {{ onHostShutdown = "shutdown"; }};
    {changed}
  }};
}}
"#
    )
}

const CHANGED: &str = r#"
    pvh-guest.cmdline = lib.mkForce "console=hvc0 word=new";
    mrkitty = { memory = lib.mkForce 320; onStaleSave = "discard"; };"#;

/// As a save that was killed leaves it, and a mount that is gone: once all guests are saved, before the Dom0 is down.
const MEANWHILE: &str = "[Unit]
Before=xendomains.service domus-shutdown.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true
ExecStop=/bin/bash -ec 'file=/var/lib/xen/save/pygrub-guest; size=$$(stat -c %%s $$file); truncate -s $$((size / 2)) $$file; mv /vmdisks/lost-data.img /vmdisks/away; sync'
";

/// Runs the scenario.
pub fn run(stage: &mut Stage) -> Result<()> {
    let house = stage.house()?;
    house.declare(FILE, &module(""))?;
    let names = [STALE, DISCARDED, CUT, LOST, ENDS];
    let mut before = Vec::new();
    for name in names {
        before.push(house.state(name, 60)?);
    }
    let mark = console::mark(&mut house.world.dom0, ENDS)?;
    reboot_to(house, &module(CHANGED))?;
    let said = house.world.dom0.ok(
        "journalctl -b -o cat -u activation-at-boot -u domus-prepare -u domus-guests; domus status 2>&1 || true",
    )?;
    let said = Said::of(&said);

    restored_as_it_was(house, &before[0])?;
    started_anew(house, DISCARDED, &before[1], &said)?;
    started_anew(house, CUT, &before[2], &said)?;
    let dom0 = &mut house.world.dom0;
    console::line_after(dom0, ENDS, mark, "poweroff asked for", 1)?;
    console::line_after(dom0, ENDS, mark, "command line", 90)?;
    not_restored(house, &before[3], &said)?;

    let files = house.world.dom0.ok(&format!("ls -A {SAVES}"))?;
    let files: Vec<&str> = files.lines().collect();
    let aside = |file: &&str, name: &str, why: &str| file.starts_with(&format!(".{name}.{why}-"));
    ensure!(
        files.len() == 2
            && files.iter().any(|file| aside(file, DISCARDED, "discarded"))
            && files.iter().any(|file| aside(file, CUT, "partial")),
        "what was moved aside, and nothing else, should be in {SAVES}: {files:?}"
    );
    house
        .world
        .dom0
        .ok(&format!("rm {SAVES}/.*.discarded-* {SAVES}/.*.partial-*"))?;
    house.take_back(FILE)?;
    // It failed over the guest without its disk. Who is not active does not save guests when the Dom0 goes down.
    house.world.dom0.ok("systemctl start xendomains")?;
    let plan = house.world.domus("plan")?;
    ensure!(
        plan.lines()
            .all(|line| !names[..3].iter().any(|name| line.starts_with(name))),
        "the guests of before are not as declared:\n{plan}"
    );
    Ok(())
}

/// Reboots the Dom0 into a generation with this module, as `nixos-rebuild boot` and a reboot do. Meanwhile a save is cut, and
/// a disk goes away.
fn reboot_to(house: &mut House, module: &str) -> Result<()> {
    house.configuration.set_module(FILE, module)?;
    let generation = house.configuration.evaluate_offline()?;
    house.world.switch(&generation, Action::Boot)?.ok()?;
    let dom0 = &mut house.world.dom0;
    let units = "/etc/systemd/system";
    dom0.push(
        &format!("{units}/meanwhile.service"),
        MEANWHILE.as_bytes(),
        "644",
    )?;
    dom0.ok(&format!(
        "systemctl daemon-reload
        systemctl start meanwhile
        rm {units}/meanwhile.service"
    ))?;
    dom0.reboot()?;
    // Units fail, rightly: a disk is missing.
    dom0.run_for(
        "systemctl is-system-running --wait",
        Duration::from_secs(400),
    )?;
    let ended = dom0.ok("journalctl -b -1 -u domus-shutdown.service -o cat")?;
    ensure!(
        ended.contains(&format!("{ENDS}: shut down")),
        "domus-shutdown said:\n{ended}"
    );
    Ok(())
}

/// What was said, without line breaks, since lines are broken by their width.
struct Said(String);

impl Said {
    fn of(text: &str) -> Self {
        Self(text.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    fn has(&self, what: &str) -> Result<()> {
        ensure!(self.0.contains(what), "'{what}' is not said:\n{}", self.0);
        Ok(())
    }
}

fn restored_as_it_was(house: &mut House, before: &State) -> Result<()> {
    let after = house.state(STALE, 60)?;
    after.goes_on_from(before)?;
    let plan = house.planned(STALE)?;
    ensure!(
        plan["changes"].to_string().contains("word=new")
            && plan["changes"].to_string().contains("next-boot"),
        "what was declared while it was saved is not pending: {plan:#}"
    );
    let status = house.world.dom0.run("domus status")?.text();
    Said::of(&status).has(&format!("{STALE}: pending: "))
}

/// A guest with a disk, whose memory was given up: it boots once more, and nothing that is on its disk is lost.
fn started_anew(house: &mut House, name: &str, before: &State, said: &Said) -> Result<()> {
    let boots = before.boots.map(|boots| boots + 1);
    let after = house.state_when(name, 90, |state| state.boots == boots)?;
    ensure!(
        after.writes >= before.writes,
        "it lost what was on its disk:\n  {}\n  {}",
        before.line,
        after.line
    );
    said.has(if name == CUT {
        "its save file was partial"
    } else {
        "was saved before its declaration changed, and the save file was moved aside"
    })
}

/// It is down, with its save file, and all say so; with its disk back it goes on.
fn not_restored(house: &mut House, before: &State, said: &Said) -> Result<()> {
    let domains = house.domains()?;
    ensure!(
        !domains.lines().any(|line| line.starts_with(LOST)),
        "it runs without its disk:\n{domains}"
    );
    said.has("xendomains did not restore it in this boot (when it was last tried: ")?;
    let generation = house.world.generation.clone().context("no generation")?;
    let report = house.world.switch(&generation, Action::Switch)?;
    ensure!(report.status != 0, "a switch is content:\n{}", report.text);
    let said = Said::of(&report.text);
    said.has("xendomains did not restore it in this boot (when it was last tried: ")?;
    said.has(&format!("failed to stat: {DISK}"))?;
    said.has("was there at the last apply and is gone")?;
    house.world.dom0.ok(&format!("mv /vmdisks/away {DISK}"))?;
    let said = house.world.domus(&format!("start {LOST}"))?;
    ensure!(said.contains("restored from its save file"), "{said}");
    let after = house.state(LOST, 60)?;
    after.goes_on_from(before)
}
