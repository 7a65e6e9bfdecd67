//! What is not Domus's and that xendomains saw to: with Domus's own manager nobody does, and that is said.

use std::collections::BTreeSet;

use guest_spec::Document;

use crate::observe::Observed;
use crate::record::Records;

/// The save files that nobody restores, and the entries of `auto` that nobody starts.
pub(super) fn notes(document: &Document, records: &Records, observed: &Observed) -> Vec<String> {
    let declared = document.guests.iter().map(|guest| guest.name.as_str());
    let known = records.iter().map(|(name, _)| name);
    let names: BTreeSet<&str> = declared.chain(known).collect();
    let mut uuids: BTreeSet<_> = document.guests.iter().map(|guest| guest.uuid).collect();
    let readable = records
        .iter()
        .filter_map(|(_, record)| record.as_ref().ok());
    uuids.extend(readable.map(|record| record.uuid));
    let saves = observed.save_files.that_hold_memory();
    let saves = saves.filter(|(name, save)| {
        let own = save.uuid.is_some_and(|uuid| uuids.contains(&uuid));
        save.is_of_xl() && !own && !names.contains(name)
    });
    let saves = saves.map(|(name, _)| {
        format!(
            "/var/lib/xen/save/{name} is a save file that is not Domus's: xendomains, which does not start (autostartManager = \"domus\"), would restore it, and nobody else does. `xl restore /var/lib/xen/save/{name}` restores it; remove the file then"
        )
    });
    let entries = observed.auto_entries.iter();
    let entries = entries.filter(|name| !names.contains(name.as_str()));
    let entries = entries.map(|name| {
        format!(
            "/etc/xen/auto/{name} is not Domus's: xendomains, which does not start (autostartManager = \"domus\"), would start it with the Dom0, and nobody else does. Declare that guest and run `domus adopt`, or start it yourself (`xl create`)"
        )
    });
    saves.chain(entries).collect()
}
