//! The power goes in the middle of a switch: QEMU is killed at a random moment of it, more than once.
//!
//! What the Dom0 had not written is lost then, and what a guest had made durable is not: QEMU gives every write of the
//! Dom0 to the host at once, and the host lives on.

use std::env;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::house::House;
use super::stage::Stage;
use crate::switch::Action;
use crate::vm::console::State;
use crate::vm::{micro, world};

/// The guest whose declaration changes with each switch, and the sizes that it changes between.
const GUEST: &str = "mrkitty";
const MIB: [u64; 2] = [320, 256];

/// How often the power is cut in a test run, and how often with `--long`.
const CUTS: u32 = 3;
const MANY_CUTS: u32 = 20;

/// How long the switch is left alone at most, in milliseconds; it takes about this long.
const LONGEST_MS: u64 = 9_000;

/// The boot that looks at the guests' disks first: no more of it than commands and Xen's own tools need.
const HELD_BACK: &str = "systemd.unit=basic.target systemd.wants=domus-agent.service systemd.wants=xen-init-dom0.service systemd.wants=xenconsoled.service";

/// Runs the scenario.
pub fn run(stage: &mut Stage) -> Result<()> {
    let cuts = if stage.long { MANY_CUTS } else { CUTS };
    let seed = match env::var("DOMUS_SEED") {
        Ok(seed) => seed.parse().context("DOMUS_SEED is no number")?,
        Err(_) => 4_711,
    };
    let mut moments = Moments(seed);
    anstream::println!("  {cuts} cuts, DOMUS_SEED={seed}");
    let house = stage.house()?;
    for (cut, mib) in (0..cuts).zip(MIB.into_iter().cycle()) {
        let moment = moments.next_below(LONGEST_MS);
        one_cut(house, cut, mib, moment)
            .with_context(|| format!("cut {cut}, {moment} ms into the switch"))?;
    }
    // Guests that the next scenarios do not know.
    stage.clear();
    Ok(())
}

/// A switch to a generation with a changed guest and a new one, during which the power goes.
fn one_cut(house: &mut House, cut: u32, mib: u64, moment: u64) -> Result<()> {
    house.configuration.set_memory(GUEST, mib)?;
    let module = new_guest(cut);
    house
        .configuration
        .add_module(&format!("new-{cut}.nix"), &module)?;
    let generation = house.configuration.evaluate_offline()?;
    let before = house.world.states(&house.guests, 90)?;
    house.world.switch(&generation, Action::Boot)?.ok()?;
    let apply = format!(
        "sync; systemd-run --quiet --unit=switch-{cut} domus apply --spec {}",
        generation.guests_json_path
    );
    house.world.dom0.ok(&apply)?;
    thread::sleep(Duration::from_millis(moment));
    let dom0 = &mut house.world.dom0;
    dom0.power_cut(HELD_BACK)?;
    // Copies: the disks themselves are for nobody but their guests.
    let checked = dom0.run_for(CHECK, Duration::from_secs(300))?;
    ensure!(
        checked.status == 0,
        "a guest's file system does not survive: {}{}",
        checked.text(),
        checked.error_text()
    );
    // The rest of the boot.
    dom0.run_for(
        "systemctl start multi-user.target",
        Duration::from_secs(300),
    )?;
    dom0.wait_booted(Duration::from_secs(60))?;
    house.world.domus("apply")?;
    let plan = house.world.domus("plan")?;
    ensure!(plan == "nothing to do\n", "after the cut:\n{plan}");
    let after = house.world.states(&house.guests, 120)?;
    for (before, after) in before.iter().zip(&after) {
        nothing_durable_is_lost(before, after)?;
    }
    let left = house
        .world
        .dom0
        .ok("find /etc/xen /vmdisks /var/lib/domus -name '.*' -not -name '.' -not -name '..'")?;
    ensure!(left.is_empty(), "something half-made is left: {left}");
    house.guests = world::guests(&generation)?
        .into_iter()
        .filter(|guest| house.guests.iter().any(|known| known.name == guest.name))
        .collect();
    Ok(())
}

/// A guest with a disk of its own that is made by the switch; it boots a kernel of the Dom0, and runs at once.
fn new_guest(cut: u32) -> String {
    format!(
        "{{
  virtualisation.xen.guests.new{cut} = {{
    type = \"pv\";
    memory = 96;
    bootloader = \"direct\";
    kernel = \"{}\";
    initrd = \"{}\";
    cmdline = \"console=hvc0\";
    disks.data = {{ path = \"/vmdisks/new{cut}.img\"; size = \"64MiB\"; filesystem.label = \"data\"; }};
    autostart = {};
  }};
}}
",
        micro::KERNEL,
        micro::INITRD,
        // A Dom0 of this size has room for few.
        cut < 2
    )
}

/// Checks a copy of each guest's disk that is a file system: repaired or clean, and then clean.
const CHECK: &str = "for image in /vmdisks/*.img; do
    kind=$(blkid -o value -s TYPE \"$image\") || true
    case $kind in ext*) ;; *) continue ;; esac
    cp --sparse=always \"$image\" /var/tmp/copy.img
    e2fsck -fp /var/tmp/copy.img >/var/tmp/said 2>&1 || test $? = 1 || { echo \"$image:\"; cat /var/tmp/said; exit 1; }
    e2fsck -fn /var/tmp/copy.img >/var/tmp/said 2>&1 || { echo \"$image, repaired:\"; cat /var/tmp/said; exit 1; }
done
rm -f /var/tmp/copy.img";

/// A guest counts its writes on its disk, each made durable before it is told of.
fn nothing_durable_is_lost(before: &State, after: &State) -> Result<()> {
    ensure!(
        after.writes >= before.writes,
        "a guest lost what it had made durable:\n  {}\n  {}",
        before.line,
        after.line
    );
    Ok(())
}

/// Moments that are the same for one seed: Knuth's MMIX generator is enough.
struct Moments(u64);

impl Moments {
    fn next_below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}
