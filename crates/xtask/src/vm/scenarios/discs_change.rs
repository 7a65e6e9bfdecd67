//! The disc in an HVM guest's drive is changed, taken out and put in while the guest runs, and the guest sees it; and it comes
//! back from its save file with the disc that it had.

use anyhow::{Result, ensure};

use super::house::House;
use super::kept;
use super::stage::Stage;
use crate::vm::micro;

const GUEST: &str = "with-drive";
const FILE: &str = "with-drive.nix";
/// What Domus says of a drive that the guest has open.
const LOCKED: &str = "the guest keeps drive hdc shut, because it uses the disc that is in it";
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

/// What can be in the drive.
#[derive(Clone, Copy)]
struct Disc {
    /// How it is declared.
    option: &'static str,
    /// How large the guest sees it; nothing where it sees none.
    mib: Option<u64>,
    /// What a switch says that puts it in, or takes out the one before.
    says: &'static str,
}

const ONE: Disc = Disc {
    option: "path = \"/vmdisks/one.iso\";",
    mib: Some(4),
    says: "insert /vmdisks/one.iso into drive hdc",
};
const TWO: Disc = Disc {
    option: "path = \"/vmdisks/two.iso\";",
    mib: Some(6),
    says: "insert /vmdisks/two.iso into drive hdc",
};
const NONE: Disc = Disc {
    option: "",
    mib: None,
    says: "eject the disc of drive hdc",
};

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
    house.declare(FILE, &module(ONE.option))?;
    let before = house.state_when(GUEST, 200, |state| {
        state.disks.get("sr0").copied() == ONE.mib
    })?;
    house.nothing_to_do(GUEST)?;
    let domid = house.domid(GUEST)?;
    for disc in [TWO, NONE, ONE] {
        disc_becomes(house, disc)?;
    }
    house.runs_on(GUEST, &before, domid)?;
    comes_back(house)?;
    house.take_back(FILE).map(drop)
}

/// Saved with what its qemu holds of it too, and restored with the disc that was in its drive.
fn comes_back(house: &mut House) -> Result<()> {
    disc_becomes(house, TWO)?;
    let before = house.state(GUEST, 60)?;
    house.save(GUEST)?;
    let saved = house.world.domus(&format!("status {GUEST}"))?;
    ensure!(
        saved.contains("saved") && !saved.contains("partial"),
        "status does not show that it is saved:\n{saved}"
    );
    house.start_saved(GUEST)?;
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

fn disc_becomes(house: &mut House, disc: Disc) -> Result<()> {
    let said = match house.declare(FILE, &module(disc.option)) {
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
        said.contains(disc.says),
        "the switch does not say '{}':\n{said}",
        disc.says
    );
    house.state_when(GUEST, 60, |state| {
        state.disks.get("sr0").copied() == disc.mib
    })?;
    // Its drive is one, with or without a disc.
    kept::of_guest(house, GUEST, 1)?;
    house.nothing_to_do(GUEST)
}
