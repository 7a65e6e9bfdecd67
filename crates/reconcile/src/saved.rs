//! Which save file is whose.

use std::collections::{BTreeSet, HashMap};

use uuid::Uuid;

use crate::record::{Record, Records};
use crate::saves::Saves;

/// The guests that are saved, with the names of their files: a guest's own name; or, where it was renamed and its domain
/// was not yet, what that is called, if the file is of that domain. `names` are those that hold memory.
pub(crate) fn saved_as(
    records: &Records,
    names: &BTreeSet<String>,
    saves: &Saves,
) -> HashMap<Uuid, String> {
    let readable = records
        .iter()
        .filter_map(|(_, record)| record.as_ref().ok());
    let file = |record: &Record| {
        if names.contains(&record.name) {
            return Some(record.name.clone());
        }
        let name = record.domain_name.as_ref()?;
        let theirs = names.contains(name) && saves.is_of(name, record.uuid);
        theirs.then(|| name.clone())
    };
    readable
        .filter_map(|record| Some((record.uuid, file(record)?)))
        .collect()
}
