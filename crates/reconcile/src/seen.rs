//! What an apply remembers of what it saw.

use std::borrow::Cow;

use guest_spec::Guest;

use crate::Stages;
use crate::domains::Domain;
use crate::files::{Entry, digest};
use crate::layout::Layout;
use crate::observe::{GuestFiles, Observed, disk_ids};
use crate::record::{Record, Running};
use crate::secret::{ConfigText, seal};

/// Remembers what was seen of a guest, whose xl configuration is declared to be `declared`: the images that are there, and the domain that runs.
pub(crate) fn note_seen(
    record: &mut Record,
    guest: &Guest,
    declared: Option<&ConfigText>,
    observed: &Observed,
    stages: Stages,
) {
    let Some(files) = observed.guests.get(&guest.name) else {
        return;
    };
    if stages.images {
        let there = disk_ids(guest, &files.disks);
        record
            .images
            .extend(there.map(|(disk, _)| disk.path.clone()));
    }
    if let (Ok(Entry::File(bytes)), Some(text)) = (&files.config, declared)
        && text.reveal().as_bytes() == bytes.as_slice()
    {
        record.config_digests = vec![digest(bytes)];
        let ours = Layout::auto_target(&guest.name);
        record.linked = matches!(&files.auto, Ok(Entry::Link(target)) if *target == ours);
    }
    let saved = observed.is_saved(&guest.name, record.uuid);
    if saved && stages.images && !stages.guests {
        record.restored_in_boot = Some(observed.boot_id.clone());
    }
    if !observed.knows_domains() {
        return;
    }
    let Some(domain) = observed
        .domains
        .of(record.uuid)
        .or_else(|| observed.domains.of(guest.uuid))
    else {
        // Nothing runs under the old identity any more; a save file would be of it.
        if !saved {
            record.uuid = guest.uuid;
        }
        return;
    };
    record.uuid = domain.uuid;
    let config = started_with(Some(record), files, observed, domain);
    record.running = Some(Running {
        boot_id: observed.boot_id.clone(),
        domid: Some(domain.domid),
        config,
    });
    let target = domain
        .config
        .as_ref()
        .and_then(|config| config.b_info.target_memkb)
        .map(|kib| kib / 1024);
    if target == Some(u64::from(guest.memory_mib.get())) {
        record.memory_mib = Some(guest.memory_mib.get());
    }
}

/// The xl configuration that a running guest was started with, where that can be known; sealed.
pub(crate) fn started_with(
    record: Option<&Record>,
    files: &GuestFiles,
    observed: &Observed,
    domain: &Domain,
) -> Option<String> {
    let on_disk = || seal(files.config_text()?).map(Cow::into_owned);
    if let Some(started) = &files.started {
        return Some(started.clone());
    }
    let Some((record, running)) =
        record.and_then(|record| Some((record, record.running.as_ref()?)))
    else {
        return on_disk();
    };
    let restored = record.restored_in_boot.as_deref() == Some(observed.boot_id.as_str());
    if running.boot_id == observed.boot_id {
        // Another number is another start: by hand, or the guest's own reboot.
        let same = running.domid.is_none_or(|domid| domid == domain.domid);
        running.config.clone().filter(|_| same)
    } else if restored {
        running.config.clone()
    } else {
        // xendomains started it at boot, from the file.
        on_disk()
    }
}
