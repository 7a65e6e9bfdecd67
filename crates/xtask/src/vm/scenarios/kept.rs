//! Whether libxl keeps of a domain every disk that it tells of it: a guest's start relies on that.

use anyhow::{Context as _, Result, ensure};
use reconcile::Layout;
use reconcile::domains::{DomainConfig, parse_stored};
use serde_json::Value;
use uuid::Uuid;

use super::house::House;

/// Asserts that what libxl keeps names every disk that it tells; both are its JSON of one domain. Gives how many it tells.
///
/// # Errors
/// It does not, or cannot be read.
pub fn names_every_disk(kept: &str, told: &str) -> Result<usize> {
    let kept = parse_stored(kept).context("what libxl keeps cannot be read")?;
    let told: DomainConfig = serde_json::from_str(told)?;
    for disk in &told.disks {
        ensure!(
            kept.disks.contains(disk),
            "libxl tells {disk:?}, and keeps {:?}",
            kept.disks
        );
    }
    Ok(told.disks.len())
}

/// The same of a guest that runs and has this many disks.
///
/// # Errors
/// As [`names_every_disk`]; or it does not run, or has others.
pub fn of_guest(house: &mut House, guest: &str, disks: usize) -> Result<()> {
    let domid = house.domid(guest)?;
    let dom0 = &mut house.world.dom0;
    let told: Value = serde_json::from_str(&dom0.ok(&format!("xl list -l {domid}"))?)?;
    let config = &told[0]["config"];
    let uuid = config["c_info"]["uuid"].as_str().context("no UUID")?;
    let file = Layout::stored_json(domid, Uuid::parse_str(uuid)?);
    let kept = dom0.ok(&format!("cat /var/lib/xen/{file}"))?;
    let count =
        names_every_disk(&kept, &config.to_string()).with_context(|| format!("guest {guest}"))?;
    ensure!(count == disks, "{guest} has {count} disks, not {disks}");
    Ok(())
}
