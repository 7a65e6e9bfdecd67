//! Whether libxl keeps of a domain every disk that it tells of it: a guest's start relies on that.

use anyhow::{Context as _, Result, ensure};
use reconcile::domains::{DomainConfig, parse_stored};
use serde_json::Value;

use super::house::House;

/// Asserts that what libxl keeps names every disk that it tells; both are its JSON of one domain.
///
/// # Errors
/// It does not, or cannot be read.
pub fn names_every_disk(kept: &str, told: &str) -> Result<()> {
    let kept = parse_stored(kept).context("what libxl keeps cannot be read")?;
    let told: DomainConfig = serde_json::from_str(told)?;
    for disk in &told.disks {
        ensure!(
            kept.disks.contains(disk),
            "libxl tells {disk:?}, and keeps {:?}",
            kept.disks
        );
    }
    Ok(())
}

/// The same of a guest that runs; gives how many disks it keeps.
///
/// # Errors
/// As [`names_every_disk`]; or it does not run.
pub fn of_guest(house: &mut House, guest: &str) -> Result<usize> {
    let domid = house.domid(guest)?;
    let dom0 = &mut house.world.dom0;
    let kept = dom0.ok(&format!("cat /var/lib/xen/userdata-d.{domid}.*.libxl-json"))?;
    let told: Value = serde_json::from_str(&dom0.ok(&format!("xl list -l {domid}"))?)?;
    names_every_disk(&kept, &told[0]["config"].to_string())
        .with_context(|| format!("guest {guest}"))?;
    Ok(parse_stored(&kept)?.disks.len())
}
