//! What an apply remembers of what it saw.

use std::borrow::Cow;

use guest_spec::Guest;

use crate::Stages;
use crate::disks::{declared_targets, disk_ids, live_targets};
use crate::domains::Domain;
use crate::files::{Entry, digest};
use crate::layout::Layout;
use crate::observe::{Domains, GuestFiles, Observed};
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
        let there = disk_ids(guest, &files.disks).filter_map(|(disk, _)| disk.file());
        record.images.extend(there.map(str::to_owned));
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
    let live = observed.domains.of(record.uuid);
    let live = live.or_else(|| observed.domains.of(guest.uuid));
    note_targets(record, guest, live, saved, &observed.domains);
    if !observed.knows_domains() {
        return;
    }
    let Some(domain) = live else {
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

/// Remembers what the guest's disks that are no files are known by: it has them while it runs and while it is saved,
/// and has what is declared as soon as somebody starts it.
fn note_targets(
    record: &mut Record,
    guest: &Guest,
    live: Option<&Domain>,
    saved: bool,
    domains: &Domains,
) {
    if saved {
        return;
    }
    let shown = live.and_then(|domain| live_targets(domain, domains));
    let gone = live.is_none() && matches!(domains, Domains::Known(_));
    if let Some(targets) = shown {
        record.targets = targets;
    } else if gone {
        record.targets.clear();
    }
    record.targets.extend(declared_targets(guest, domains));
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
