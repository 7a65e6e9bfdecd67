//! The ways to boot, with plain xl: one grub.cfg by pygrub and by GRUB's Xen image, and PVH with a kernel from the Dom0.

use anyhow::{Context as _, Result, ensure};

use super::stage::Stage;
use crate::vm::console;
use crate::vm::dom0::Dom0;
use crate::vm::micro::{self, Disks};
use crate::vm::world::{GRUB_CFG, SINGLE_DISK_GRUB_CFG};

/// Runs the scenario.
pub fn run(stage: &mut Stage) -> Result<()> {
    let image = stage.image.clone();
    let dom0 = stage.plain_dom0()?;
    micro::push(dom0, &image)?;
    dom0.ok("mkdir -p /vmdisks
        mke2fs -q -t ext4 -L NIXBOOT /vmdisks/boot.img 96M
        mke2fs -q -t ext4 -L NIXROOT /vmdisks/root.img 64M
        mke2fs -q -t ext4 -L nixos /vmdisks/single.img 128M")?;
    let two = Disks {
        root: "/vmdisks/root.img",
        boot: Some("/vmdisks/boot.img"),
    };
    micro::install(dom0, two, GRUB_CFG)?;
    let single = Disks {
        root: "/vmdisks/single.img",
        boot: None,
    };
    micro::install(dom0, single, SINGLE_DISK_GRUB_CFG)?;

    let two_disks = "'format=raw, vdev=xvda, access=rw, target=/vmdisks/boot.img',
        'format=raw, vdev=xvdb, access=rw, target=/vmdisks/root.img'";
    let one_disk = "'format=raw, vdev=xvda, access=rw, target=/vmdisks/single.img'";
    let pvgrub = "kernel = '/usr/lib/grub-xen/grub-x86_64-xen.bin'";
    boot(
        dom0,
        "by-pygrub",
        "pv",
        &format!("bootloader = 'pygrub'\ndisk = [ {two_disks} ]"),
        "root /dev/xvdb, boot /dev/xvda",
    )?;
    boot(
        dom0,
        "by-pvgrub",
        "pv",
        &format!("{pvgrub}\ndisk = [ {two_disks} ]"),
        "root /dev/xvdb, boot /dev/xvda",
    )?;
    boot(
        dom0,
        "single-pvgrub",
        "pv",
        &format!("{pvgrub}\ndisk = [ {one_disk} ]"),
        "root /dev/xvda, boot on root",
    )?;
    boot(
        dom0,
        "single-pygrub",
        "pv",
        &format!("bootloader = 'pygrub'\ndisk = [ {one_disk} ]"),
        "root /dev/xvda, boot on root",
    )?;
    let direct = format!(
        "kernel = '{}'\nramdisk = '{}'\ncmdline = 'console=hvc0 quiet'",
        micro::KERNEL,
        micro::INITRD
    );
    boot(dom0, "by-pvh", "pvh", &direct, "PVH, Linux")?;

    let writes = dom0.ok("m=$(mktemp -d); mount -o loop /vmdisks/root.img $m; cat $m/var/lib/micro-guest/boots; umount $m")?;
    ensure!(
        writes.trim() == "2",
        "two boots from one root disk counted {} boots",
        writes.trim()
    );
    Ok(())
}

/// Boots a guest, waits for its own words, shuts it down gracefully.
fn boot(dom0: &mut Dom0, name: &str, kind: &str, rest: &str, says: &str) -> Result<()> {
    let config = format!(
        "name = '{name}'\ntype = '{kind}'\nmemory = 192\nvcpus = 1\non_reboot = 'destroy'\n{rest}\n"
    );
    dom0.push(&format!("/root/{name}.cfg"), config.as_bytes(), "644")?;
    let since = std::time::Instant::now();
    dom0.ok(&format!("xl create /root/{name}.cfg"))
        .with_context(|| format!("guest {name}"))?;
    let line = console::line_after(dom0, name, 0, says, 90)?;
    anstream::println!("  {line} ({:.0} s)", since.elapsed().as_secs_f64());
    console::state_after(dom0, name, 0, 20)?;
    dom0.ok(&format!("xl shutdown -w {name}"))
        .with_context(|| format!("guest {name} does not shut down"))?;
    console::line_after(dom0, name, 0, "poweroff asked for", 5).map(|_| ())
}
