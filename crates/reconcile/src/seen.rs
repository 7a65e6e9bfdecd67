//! What an apply remembers of what it saw.

use disk_image::Found;
use guest_spec::Guest;

use crate::Stages;
use crate::files::{Entry, digest};
use crate::observe::{Domains, Observed};
use crate::record::{ImageRecord, Record, Running};

/// Remembers what was seen of a guest, whose xl configuration is declared to be `declared`: the images that are there, and the domain that runs.
pub(crate) fn note_seen(
    record: &mut Record,
    guest: &Guest,
    declared: Option<&str>,
    observed: &Observed,
    stages: Stages,
) {
    let Some(files) = observed.guests.get(&guest.name) else {
        return;
    };
    for (disk, state) in guest.disks.iter().zip(&files.disks) {
        let there = matches!(state, Ok(state) if matches!(state.found, Found::File { .. } | Found::BlockDevice { .. }));
        if there && stages.images {
            record
                .images
                .entry(disk.path.clone())
                .or_insert(ImageRecord { made: false });
        }
    }
    if let (Ok(Entry::File(bytes)), Some(text)) = (&files.config, declared)
        && text.as_bytes() == bytes.as_slice()
    {
        let now = digest(bytes);
        if record.config_digests != [now.as_str()] {
            record.config_digests = vec![now];
        }
    }
    let saved = observed.saves.contains(&guest.name);
    if saved && stages.images && !stages.guests {
        record.restored_in_boot = Some(observed.boot_id.clone());
    }
    let (true, Some(domain)) = (
        matches!(observed.domains, Domains::Known(_)),
        observed.domains.of(guest.uuid),
    ) else {
        return;
    };
    let same_boot = record
        .running
        .as_ref()
        .is_some_and(|running| running.boot_id == observed.boot_id);
    if !same_boot {
        let restored = record.restored_in_boot.as_deref() == Some(observed.boot_id.as_str());
        let before = record
            .running
            .take()
            .filter(|_| restored)
            .and_then(|running| running.config);
        let config = before.or_else(|| match &files.config {
            Ok(Entry::File(bytes)) => String::from_utf8(bytes.clone()).ok(),
            _ => None,
        });
        record.running = Some(Running {
            boot_id: observed.boot_id.clone(),
            config,
        });
    }
    let target = domain
        .config
        .as_ref()
        .and_then(|config| config.b_info.target_memkb)
        .map(|kib| kib / 1024);
    if target == Some(u64::from(guest.memory_mib.get())) {
        record.memory_mib = Some(guest.memory_mib.get());
    }
}
