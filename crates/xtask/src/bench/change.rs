//! One guest among many changed: its memory in the declaration, within what it may have.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};
use serde_json::json;

use super::dom0::Dom0;
use super::guests;
use super::measure::{Cost, best_of_each};

/// The best of several applies that have nothing to do, and of as many that give one running guest more memory.
///
/// # Errors
/// An apply fails, or does something else.
pub fn one_guest(runs: u32, dom0: &Dom0, domus: &Path) -> Result<[Cost; 2]> {
    // A PV guest in the middle, which has 256 of 512 MiB.
    let changed = dom0.count / 2 / 3 * 3;
    dom0.document("etc/domus/changed.json", |number| {
        let mut guest = guests::declared(number);
        if number == changed {
            guest["memoryMib"] = json!(320);
        }
        guest
    })?;
    let spec = dom0.path("etc/domus/changed.json").display().to_string();
    let idle = dom0.domus(domus, &["apply"]);
    let apply = dom0.domus(domus, &["apply", "--spec", &spec]);
    let files = [
        dom0.path(&format!("etc/xen/guest{changed}.cfg")),
        dom0.path(&format!("var/lib/domus/guests/guest{changed}.json")),
    ];
    let before = [fs::read(&files[0])?, fs::read(&files[1])?];
    let called = dom0.path("xl/called");
    let reset = || -> Result<()> {
        for (file, bytes) in files.iter().zip(&before) {
            fs::write(file, bytes)?;
        }
        Ok(fs::write(&called, "")?)
    };
    let costs = best_of_each(runs, [&idle, &apply], reset)?;
    // The last run is as it left things.
    let said = fs::read_to_string(&called)?;
    ensure!(
        said == format!("mem-set {} 320m\n", changed + 1),
        "one guest's memory was changed, and Domus called xl for: {said:?}"
    );
    let config = fs::read_to_string(&files[0])?;
    ensure!(
        config.contains("memory = 320\n"),
        "its configuration is not as declared"
    );
    reset()?;
    Ok(costs)
}
