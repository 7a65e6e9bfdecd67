//! What `domus import --running` says of guests that run declares the same guests.

use anyhow::{Context as _, Result, ensure};
use xl_cfg::Config;
use xl_cfg::meaning::Meaning;

use super::stage::Stage;
use crate::eval::Options;
use crate::round_trip;

/// Runs the scenario.
pub fn run(stage: &mut Stage) -> Result<()> {
    let house = stage.house()?;
    // They are declared, so each has to be named.
    let none = house.world.domus("import --running")?;
    ensure!(
        !none.contains("virtualisation.xen.guests"),
        "declared guests are imported again:\n{none}"
    );
    let names: Vec<String> = house
        .guests
        .iter()
        .map(|guest| guest.name.clone())
        .collect();
    let nix = house.world.dom0.ok(&format!(
        "domus import --running {} 2>/run/import.err || {{ cat /run/import.err; false; }}",
        names.join(" ")
    ))?;
    let options = Options::offline();
    let document = round_trip::declared(&nix, &["xenbr0".to_owned()], &options)
        .with_context(|| format!("what was imported cannot be declared:\n{nix}"))?;
    for name in &names {
        let file = house.world.dom0.ok(&format!("cat '/etc/xen/{name}.cfg'"))?;
        let rendered = round_trip::rendered(&document, name)?;
        let (file, imported) = (Config::parse(&file)?, Config::parse(&rendered)?);
        let differences = Meaning::of(&file).differences(&Meaning::of(&imported));
        ensure!(
            differences.is_empty(),
            "{name}, imported, is another guest: {differences:?}\n{nix}"
        );
        ensure!(
            file.get("uuid") == imported.get("uuid"),
            "{name} has another UUID:\n{nix}"
        );
    }
    Ok(())
}
