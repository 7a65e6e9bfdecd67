//! Which save file is whose.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io::Read;
use std::path::Path;

use uuid::Uuid;

use crate::layout::Layout;
use crate::record::{Record, Records};

/// The guests that are saved, with the names of their files: a guest's own name; or, where it was renamed and its domain
/// was not yet, what that is called, if the file is of that domain.
pub(crate) fn saved_as(
    records: &Records,
    saves: &BTreeSet<String>,
    layout: &Layout,
) -> HashMap<Uuid, String> {
    let readable = records
        .iter()
        .filter_map(|(_, record)| record.as_ref().ok());
    let file = |record: &Record| {
        if saves.contains(&record.name) {
            return Some(record.name.clone());
        }
        let name = record.domain_name.as_ref()?;
        let theirs = saves.contains(name) && is_of(&layout.save_dir().join(name), record.uuid);
        theirs.then(|| name.clone())
    };
    readable
        .filter_map(|record| Some((record.uuid, file(record)?)))
        .collect()
}

/// Whether a save file is of the domain of this UUID: xl writes libxl's JSON into it before all else
/// (`xl_saverestore.c`, `save_domain_core_writeconfig`), and that begins with `c_info`.
pub(crate) fn is_of(path: &Path, uuid: Uuid) -> bool {
    const BEGINNING: u64 = 64 * 1024;
    let mut bytes = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(BEGINNING).read_to_end(&mut bytes));
    let uuid = uuid.to_string();
    read.is_ok()
        && bytes
            .windows(uuid.len())
            .any(|part| part == uuid.as_bytes())
}
