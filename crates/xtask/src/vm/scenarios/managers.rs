//! Both managers of guests, one after the other: a switch between them touches no guest, Domus starts guests in their order
//! as they get ready, and each saves at the shutdown what is to be saved.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use super::house::House;
use super::stage::Stage;
use crate::vm::console::{self, State};
use crate::vm::progress::Step;
use crate::vm::world::Guest;

const FILE: &str = "managed.nix";
/// Guests of the module, in the order in which they start; db is shut down with the Dom0, and the others are saved.
const IN_ORDER: [&str; 3] = ["db", "app", "web"];
/// db is ready once it says that it is up for this long.
const UP: Duration = Duration::from_secs(10);
const SAYS_UP: &str = "db: up [1-9][0-9]+ s,";
/// How long web waits when its turn has come.
const DELAY: Duration = Duration::from_secs(6);
const CONNECTION: &str = "a connection to port 8080";

fn module(manager: &str) -> String {
    format!(
        r#"{{ config, ... }}:
let
  micro = cmdline: {{
    type = "pv";
    memory = 112;
    kernel = "${{config.boot.kernelPackages.kernel}}/bzImage";
    initrd = "${{config.virtualisation.xen.domus.microGuest}}/initrd";
    inherit cmdline;
  }};
in
{{
  virtualisation.xen.autostartManager = "{manager}";
  virtualisation.xen.guests = {{
    db = micro "console=hvc0" // {{
      onHostShutdown = "shutdown";
      autostart = {{ enable = true; order = 10; ready = {{ console = "{SAYS_UP}"; timeout = 90; }}; }};
    }};
    app = micro "console=hvc0 address=10.10.0.21/24 listen=8080" // {{
      networks.lan.ip = "10.10.0.21";
      autostart = {{ enable = true; order = 10; after = [ "db" ]; ready = {{ xenstore = "data/ready"; port = 8080; timeout = 90; }}; }};
    }};
    web = micro "console=hvc0" // {{
      autostart = {{ enable = true; order = 20; delay = {}; }};
    }};
  }};
}}
"#,
        DELAY.as_secs()
    )
}

/// Runs the scenario.
pub fn run(stage: &mut Stage) -> Result<()> {
    let house = stage.house()?;
    let others = house.guests.clone();
    manager_is(house, "xendomains")?;
    let step = Step::begin("switching to Domus's own manager");
    domus_takes_over(house, &others)?;
    step.done();
    started_by_domus(house, &others)?;
    let step = Step::begin("switching to xendomains");
    xendomains_takes_over(house)?;
    step.done();
    started_by_xendomains(house, &others)?;
    house.take_back(FILE).map(drop)
}

/// The switch from xendomains, in a boot in which it started the guests.
fn domus_takes_over(house: &mut House, others: &[Guest]) -> Result<()> {
    let before = house.world.states(others, 60)?;
    let (domains, processes) = (house.domains()?, house.guest_processes()?);
    house.declare(FILE, &module("domus"))?;
    let after = house.world.states(others, 60)?;
    console::all_go_on(&before, &after)?;
    let (now, running) = (house.domains()?, house.guest_processes()?);
    let now = format!("{now}{running}");
    for line in domains.lines().chain(processes.lines()) {
        let stays = now.lines().any(|other| other == line);
        ensure!(stays, "the switch touched '{line}':\n{now}");
    }
    in_order(house)?;
    // Nothing stops it in this boot.
    manager_is(house, "xendomains")
}

/// What Domus starts after a shutdown in which xendomains was active still, and knew none of the guests any more: it saves those
/// alone that it would start (`XENDOMAINS_AUTO_ONLY`).
fn started_by_domus(house: &mut House, others: &[Guest]) -> Result<()> {
    let reboot = Reboot::of(house)?;
    ended_by_domus(house, others)?;
    reboot.came_back(house)?;
    manager_is(house, "domus")?;
    let first = times(house, IN_ORDER[0])?;
    for guest in others {
        ensure!(
            times(house, &guest.name)?.active <= first.begun,
            "{} starts before {}, which is of a lower order, is there",
            IN_ORDER[0],
            guest.name
        );
    }
    in_order(house)?;
    console::line_after(
        &mut house.world.dom0,
        "app",
        reboot.mark("app")?,
        CONNECTION,
        1,
    )?;
    for name in ["db", "app"] {
        let unit = house.world.dom0.ok(&format!(
            "systemctl status --no-pager domus-guest@{name}; journalctl -b -t xen-guest-{name} -o cat"
        ))?;
        for what in [
            "Active: active (running)",
            "Status: \"running\"",
            &format!("Waiting for domain {name}"),
        ] {
            ensure!(unit.contains(what), "{what} is not in:\n{unit}");
        }
    }
    Ok(())
}

/// The switch to xendomains, in a boot in which Domus started the guests; and that outside of a shutdown nothing ends them.
fn xendomains_takes_over(house: &mut House) -> Result<()> {
    let guests = house.guests.clone();
    let before = house.world.states(&guests, 60)?;
    let (domains, processes) = (house.domains()?, house.guest_processes()?);
    house.declare(FILE, &module("xendomains"))?;
    manager_is(house, "domus")?;
    let by_hand = house
        .world
        .dom0
        .run("systemctl stop domus-shutdown; domus host-shutdown")?;
    ensure!(
        by_hand.error_text().contains("refused")
            && by_hand.text().contains("the system is not going down"),
        "domus-shutdown was stopped while the system runs:\n{}{}",
        by_hand.text(),
        by_hand.error_text()
    );
    let (now, running) = (house.domains()?, house.guest_processes()?);
    ensure!(
        now == domains && running == processes,
        "guests were touched:\n{domains}{processes}\nand now:\n{now}{running}"
    );
    let after = house.world.states(&guests, 60)?;
    console::all_go_on(&before, &after)
}

/// What xendomains starts after a shutdown in which it was not active.
fn started_by_xendomains(house: &mut House, others: &[Guest]) -> Result<()> {
    let reboot = Reboot::of(house)?;
    ended_by_domus(house, others)?;
    reboot.came_back(house)?;
    manager_is(house, "xendomains")
}

/// Asserts that at the last shutdown Domus saved the guests, and shut db down, in the reverse of their order.
fn ended_by_domus(house: &mut House, others: &[Guest]) -> Result<()> {
    let said = "journalctl -b -1 -u domus-shutdown.service -o cat";
    let said = house.world.dom0.ok(said)?;
    let at = |what: &str| {
        said.find(what)
            .with_context(|| format!("'{what}' is not what domus-shutdown said:\n{said}"))
    };
    let mut ends = vec![
        at("web: saved in")?,
        at("app: saved in")?,
        at("db: shut down")?,
    ];
    let others = others.iter();
    let others = others.map(|guest| at(&format!("{}: saved in", guest.name)));
    // These are of one order.
    ends.extend(others.collect::<Result<Vec<_>>>()?.into_iter().min());
    ensure!(ends.is_sorted(), "not in the reverse of the order:\n{said}");
    Ok(())
}

/// A reboot of the Dom0: how its guests were before, and where their consoles ended.
struct Reboot {
    guests: Vec<Guest>,
    before: Vec<State>,
    marks: Vec<u64>,
}

impl Reboot {
    fn of(house: &mut House) -> Result<Self> {
        let guests = house.guests.clone();
        let before = house.world.states(&guests, 60)?;
        let dom0 = &mut house.world.dom0;
        let marks = guests.iter().map(|guest| console::mark(dom0, &guest.name));
        let marks = marks.collect::<Result<_>>()?;
        dom0.reboot()?;
        dom0.wait_booted(Duration::from_secs(400))?;
        Ok(Self {
            guests,
            before,
            marks,
        })
    }

    fn mark(&self, guest: &str) -> Result<u64> {
        let mut guests = self.guests.iter().zip(&self.marks);
        let found = guests.find(|(known, _)| known.name == guest);
        found.map(|(_, mark)| *mark).context("no such guest")
    }

    /// Asserts that db was shut down and runs anew, that the others go on, and that no save file is left.
    fn came_back(&self, house: &mut House) -> Result<()> {
        let after = house.world.states(&self.guests, 90)?;
        let guests = self.guests.iter().zip(self.before.iter().zip(&after));
        for (guest, (before, after)) in guests {
            if guest.name == "db" {
                let dom0 = &mut house.world.dom0;
                console::line_after(dom0, "db", self.mark("db")?, "poweroff asked for", 1)?;
                console::line_after(dom0, "db", self.mark("db")?, "command line", 1)?;
            } else {
                after.goes_on_from(before)?;
            }
        }
        house.no_save_is_left()?;
        let plan = house.world.domus("plan")?;
        ensure!(plan == "nothing to do\n", "after the reboot:\n{plan}");
        Ok(())
    }
}

/// When a unit's start began, and when its guest ran; since the Dom0 booted.
struct Times {
    begun: Duration,
    active: Duration,
}

fn times(house: &mut House, guest: &str) -> Result<Times> {
    let said = house.world.dom0.ok(&format!(
        "systemctl show -P InactiveExitTimestampMonotonic -P ActiveEnterTimestampMonotonic domus-guest@{guest}"
    ))?;
    let times: Vec<Duration> = said
        .split_whitespace()
        .map(|word| Ok(Duration::from_micros(word.parse()?)))
        .collect::<Result<_>>()?;
    match times[..] {
        [begun, active] if !begun.is_zero() && begun <= active => Ok(Times { begun, active }),
        _ => bail!("the unit of {guest} says of its times: {said}"),
    }
}

/// Asserts that each guest of the module was started when the one before it was ready.
fn in_order(house: &mut House) -> Result<()> {
    let said = "journalctl -b -u domus-guests.service -o cat";
    let said = house.world.dom0.ok(said)?;
    ensure!(
        said.contains("web: ") && !said.contains("not ready"),
        "not all got ready, as domus-guests said:\n{said}"
    );
    let [db, app, web] = IN_ORDER.map(|name| times(house, name));
    let (db, app, web) = (db?, app?, web?);
    let after_db = app.begun.saturating_sub(db.begun);
    ensure!(
        after_db >= UP,
        "app was started {after_db:?} after db, which is not up for {UP:?} by then"
    );
    let after_app = web.begun.saturating_sub(app.active);
    ensure!(
        after_app >= DELAY,
        "web was started {after_app:?} after app ran, without its delay"
    );
    Ok(())
}

/// Asserts who started the guests of this boot, and so saves them at its end.
fn manager_is(house: &mut House, manager: &str) -> Result<()> {
    let state = house.world.dom0.run("systemctl is-active xendomains")?;
    let active = state.text().trim() == "active";
    ensure!(
        active == (manager == "xendomains"),
        "xendomains is {}, and {manager} started the guests",
        state.text()
    );
    Ok(())
}
