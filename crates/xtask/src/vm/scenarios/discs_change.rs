//! The disc in an HVM guest's drive is changed, taken out and put in while the guest runs, and the guest sees it; and it comes
//! back from its save file with the disc that it had.

use anyhow::{Result, ensure};

use super::house::House;
use super::stage::Stage;
use crate::vm::micro;

const GUEST: &str = "with-drive";
const FILE: &str = "with-drive.nix";
/// What qemu says then.
const LOCKED: &str = "is locked and force was not specified, wait for tray to open and try again";
const INITRD: &str = "/srv/with-drive/initrd";

/// The micro guest's initrd with the modules of the emulated drive, from the Dom0's own kernel; and two discs.
const PREPARE: &str = r#"
mkdir -p /srv/with-drive/modules && cd /srv/with-drive
zcat INITRD | busybox cpio -id modules/order 2>/dev/null
for module in ata_piix sr_mod; do modprobe --show-depends "$module"; done | while read -r word path _; do
    name=${path##*/}
    [ "$word" = insmod ] && ! grep -qx "$name" modules/order || continue
    cp "$path" modules
    echo "$name" >>modules/order
done
find modules | busybox cpio -o -H newc 2>/dev/null | gzip | cat INITRD - >initrd
mkdir -p /vmdisks
truncate -s 4M /vmdisks/one.iso
truncate -s 6M /vmdisks/two.iso
"#;

/// The module, with this disc in the drive.
fn module(disc: &str) -> String {
    format!(
        r#"{{ config, ... }}:
{{
  virtualisation.xen.guests.{GUEST} = {{
    type = "hvm";
    memory = 160;
    kernel = "${{config.boot.kernelPackages.kernel}}/bzImage";
    initrd = "{INITRD}";
    cmdline = "console=hvc0";
    graphics.vnc.enable = false;
    autostart = true;
    disks.cd = {{ cdrom = true; {disc} }};
  }};
}}
"#
    )
}

/// Runs the scenario.
pub fn run(stage: &mut Stage) -> Result<()> {
    let house = stage.house()?;
    house
        .world
        .dom0
        .ok(&PREPARE.replace("INITRD", micro::INITRD))?;
    house.declare(FILE, &module("path = \"/vmdisks/one.iso\";"))?;
    let before = house.state_when(GUEST, 200, |state| state.disks.get("sr0") == Some(&4))?;
    house.nothing_to_do(GUEST)?;
    let domid = house.domid(GUEST)?;
    for (disc, size, says) in [
        (
            "path = \"/vmdisks/two.iso\";",
            Some(6),
            "insert /vmdisks/two.iso into drive hdc",
        ),
        ("", None, "eject the disc of drive hdc"),
        (
            "path = \"/vmdisks/one.iso\";",
            Some(4),
            "insert /vmdisks/one.iso into drive hdc",
        ),
    ] {
        disc_becomes(house, disc, size, says)?;
    }
    house.runs_on(GUEST, &before, domid)?;
    comes_back(house)?;
    house.take_back(FILE).map(drop)
}

/// Saved with what its qemu holds of it too, and restored with the disc that was in its drive.
fn comes_back(house: &mut House) -> Result<()> {
    disc_becomes(
        house,
        "path = \"/vmdisks/two.iso\";",
        Some(6),
        "insert /vmdisks/two.iso into drive hdc",
    )?;
    let before = house.state(GUEST, 60)?;
    let save = format!("/var/lib/xen/save/{GUEST}");
    house
        .world
        .dom0
        .ok(&format!("xl save {GUEST} {save} >/dev/null 2>&1"))?;
    let saved = house.world.domus(&format!("status {GUEST}"))?;
    ensure!(
        saved.contains("saved") && !saved.contains("partial"),
        "status does not show that it is saved:\n{saved}"
    );
    let said = house.world.domus(&format!("start {GUEST}"))?;
    ensure!(said.contains("restored from its save file"), "{said}");
    let after = house.state(GUEST, 90)?;
    after.goes_on_from(&before)?;
    ensure!(
        after.disks == before.disks,
        "it came back with another disc:\n  {}\n  {}",
        before.line,
        after.line
    );
    house.nothing_to_do(GUEST)
}

fn disc_becomes(house: &mut House, disc: &str, size: Option<u64>, says: &str) -> Result<()> {
    let said = match house.declare(FILE, &module(disc)) {
        Ok(said) => said,
        // At that moment the guest had the drive open, which locks its tray; it is tried again, as its administrator would.
        Err(error) if format!("{error:#}").contains(LOCKED) => {
            let again = "for i in 1 2 3 4 5; do domus apply && exit; sleep 2; done; exit 1";
            house.world.dom0.ok(&format!("({again})"))?;
            format!("{error:#}")
        }
        Err(error) => return Err(error),
    };
    ensure!(
        said.contains(says),
        "the switch does not say '{says}':\n{said}"
    );
    house.state_when(GUEST, 60, |state| state.disks.get("sr0").copied() == size)?;
    house.nothing_to_do(GUEST)
}
