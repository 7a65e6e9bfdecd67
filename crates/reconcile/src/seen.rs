//! What an apply remembers of what it saw.

use std::borrow::Cow;
use std::collections::BTreeSet;

use guest_spec::{Detach, Disk, DiskFormat, Guest};
use xl_cfg::Config;

use crate::Stages;
use crate::compare::compare;
use crate::disks::{declared_targets, disk_ids, live_targets};
use crate::domains::Domain;
use crate::files::{Entry, digest};
use crate::keepers;
use crate::layout::Layout;
use crate::observe::{Domains, GuestFiles, Observed};
use crate::plan::{GuestPlan, live, sets_aside};
use crate::record::{Record, Running};
use crate::secret::seal;

/// Remembers what was seen of a guest: the images that are there, the domain that runs, and what of it is as declared.
pub(crate) fn note_seen(
    record: &mut Record,
    guest: &Guest,
    plan: &GuestPlan,
    observed: &Observed,
    stages: Stages,
) {
    let Some(files) = observed.guests.get(&guest.name) else {
        return;
    };
    if stages.files || stages.guests {
        record.lifecycle.clone_from(&guest.lifecycle);
    }
    if stages.images {
        // A disc in a drive is not the guest's own, whether the guest is there or not.
        let discs = guest.disks.iter().filter(|disk| disk.cdrom);
        for path in discs.filter_map(Disk::file) {
            record.images.remove(path);
        }
        let there = disk_ids(guest, &files.disks).filter(|(disk, _)| !disk.cdrom);
        for (disk, path) in there.filter_map(|(disk, _)| Some((disk, disk.file()?))) {
            record.images.insert(path.to_owned());
            if disk.format == DiskFormat::Qcow2 {
                record.qcow2.insert(path.to_owned());
            }
        }
    }
    if let (Ok(Entry::File(bytes)), Some(text)) = (&files.config, &plan.config)
        && text.reveal().as_bytes() == bytes.as_slice()
    {
        record.config_digests = vec![digest(bytes)];
        let ours = Layout::auto_target(&guest.name);
        record.linked = matches!(&files.auto, Ok(Entry::Link(target)) if *target == ours);
    }
    let saved = observed.is_saved(&guest.name, record.uuid);
    if saved && stages.images && !stages.guests && !sets_aside(plan) {
        record.restored_in_boot = Some(observed.boot_id.clone());
    }
    let live = observed.domains.of_guest(guest, Some(record));
    let is_kept = || {
        let names = keepers::names(&guest.name, Some(record));
        let keepers = observed.holders.keepers();
        keepers.of(&names, &[record.uuid]).is_some()
    };
    // It is as it was when it comes back from its save file, or from its own reboot.
    let stays = saved || (live.is_none() && is_kept());
    note_targets(record, guest, live, stays, &observed.domains);
    if !observed.knows_domains() {
        return;
    }
    let Some(domain) = live else {
        // Nothing runs under the old identity any more, nor an older name; a save file would be of it.
        if !stays {
            record.uuid = guest.uuid;
            record.former_names.clear();
            record.domain_name = None;
        }
        return;
    };
    record.uuid = domain.uuid;
    record.restarting = false;
    if domain.name == record.name {
        record.domain_name = None;
    }
    let config = started_with(Some(record), files, observed, domain);
    let before = record.running.take();
    let same = before.filter(|running| {
        running.boot_id == observed.boot_id && running.domid == Some(domain.domid)
    });
    let mut running =
        same.unwrap_or_else(|| Running::new(observed.boot_id.clone(), Some(domain.domid), None));
    running.config = config;
    let stored = files.stored.as_deref().and_then(seal);
    running.next_boot = stored.map(Cow::into_owned);
    record.running = Some(running);
    if stages.guests {
        note_applied(record, plan, observed);
        note_detachable(record, guest);
    }
}

/// Remembers what of the declaration is true by now: all that Xen changes live and that does not differ.
fn note_applied(record: &mut Record, plan: &GuestPlan, observed: &Observed) {
    let known = observed.compared.get(&plan.name);
    if known.is_some() && known == plan.compared.as_ref() && !record.live.is_empty() {
        // It was as declared before, which was remembered, and is.
        return;
    }
    let Some(declared) = plan
        .config
        .as_ref()
        .and_then(|text| Config::parse(text.sealed()).ok())
    else {
        return;
    };
    let mut applied = live::applied(&declared);
    for change in &plan.changes {
        let key = match &change.device {
            Some(device) => format!("{} {device}", change.key),
            None => change.key.clone(),
        };
        match record.live.get(&key) {
            Some(known) => applied.insert(key, known.clone()),
            None => applied.remove(&key),
        };
    }
    record.live = applied;
}

/// Remembers which disks may be taken from the running guest: those that say so, and those that said so and wait.
fn note_detachable(record: &mut Record, guest: &Guest) {
    let declared: BTreeSet<&str> = guest.disks.iter().map(|disk| disk.vdev.as_str()).collect();
    let live = &record.live;
    record.detachable.retain(|vdev| {
        !declared.contains(vdev.as_str()) && live.contains_key(&format!("disk {vdev}"))
    });
    let detachable = guest
        .disks
        .iter()
        .filter(|disk| disk.detach == Detach::Live);
    record
        .detachable
        .extend(detachable.map(|disk| disk.vdev.clone()));
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

/// What was stored for a guest's own reboot, or what it ran with before: whichever is more like what it has.
fn more_like(domain: &Domain, before: &Running, minor: u32) -> Option<String> {
    let differences = |text: &String| {
        compare(text, domain.json.as_deref(), None, minor)
            .keys
            .len()
    };
    let candidates = before.next_boot.iter().chain(&before.config);
    candidates.min_by_key(|text| differences(text)).cloned()
}

/// The xl configuration that a running guest was started with, where that can be known; sealed.
pub(crate) fn started_with(
    record: Option<&Record>,
    files: &GuestFiles,
    observed: &Observed,
    domain: &Domain,
) -> Option<String> {
    let on_disk = || seal(files.config_text()?).map(Cow::into_owned);
    let started = || files.started.clone();
    let Some((record, running)) =
        record.and_then(|record| Some((record, record.running.as_ref()?)))
    else {
        return started().or_else(on_disk);
    };
    let restored = record.restored_in_boot.as_deref() == Some(observed.boot_id.as_str());
    if running.boot_id == observed.boot_id {
        if running.domid.is_none_or(|domid| domid == domain.domid) {
            return running.config.clone().or_else(started);
        }
        // Another number is another start: the guest's own reboot, which takes what was stored for it; a restore by
        // hand, which takes what it was saved with; or one by hand, from the file that `domus run` tells of.
        return started()
            .filter(|text| Some(text) != running.config.as_ref())
            .or_else(|| more_like(domain, running, observed.xen_minor));
    }
    match started() {
        Some(started) => Some(started),
        None if restored => running.config.clone(),
        // xendomains started it at boot, from the file.
        None => on_disk(),
    }
}
