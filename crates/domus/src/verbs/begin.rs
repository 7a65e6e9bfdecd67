//! What starting a guest means now: creating it, restoring it, or nothing; or why it cannot be.

use std::path::PathBuf;

use anyhow::bail;
use guest_spec::Guest;
use reconcile::domains::{Domain, State};
use reconcile::files::{self, Entry, digest};
use reconcile::holders::DiskId;
use reconcile::keepers::names_of;
use reconcile::observe::Domains;
use reconcile::own;
use reconcile::plan::Step;
use reconcile::restoring::{Interrupted, Restore, interrupted};
use reconcile::saves;
use reconcile::xl::either_way;
use reconcile::{Lock, Stages};
use uuid::Uuid;

use crate::context::{Context, Now};
use crate::output;
use crate::verbs::apply::verb;

/// What is looked at before a guest is started.
pub const LOOK: Stages = Stages {
    guests: true,
    ..Stages::NONE
};

/// What starting a guest means now.
pub enum Begin {
    /// Nothing: it runs.
    Runs(Domain),
    /// It is created from its configuration.
    Create,
    /// Its save file is restored.
    Restore(Restore),
    /// It was restored by a run that was killed, and is only to be let run.
    Finish(Domain),
}

/// Looks, and decides.
///
/// # Errors
/// When the guest cannot be started: why, and what to do.
pub fn begin(guest: &Guest, context: &Context) -> anyhow::Result<Begin> {
    // Whoever has the lock, and starts the unit, has counted; who starts it by hand has not.
    let is_counted = Lock::is_held(&context.layout);
    let (now, begin) = look(guest, is_counted, context)?;
    if !is_counted {
        fits(guest, &begin, &now, context)?;
    }
    if matches!(begin, Begin::Create) {
        set_aside(guest, &now, context)?;
    }
    Ok(begin)
}

/// Looks, at first by what libxl keeps of the domains. Where that shows nothing in the way of a guest that is to be created,
/// there is nothing; whatever else it shows, all that is there decides. Most starts are such, and where many guests start, each
/// of them asking for all devices of all others is most of what Domus adds to a boot.
fn look(guest: &Guest, is_counted: bool, context: &Context) -> anyhow::Result<(Now, Begin)> {
    let is_saved = files::is_there(&context.layout.save_dir().join(&guest.name))?;
    if is_counted && !is_saved {
        let now = context.now_as_stored(LOOK)?;
        match judge(guest, &now, context) {
            Ok(Begin::Create) => return Ok((now, Begin::Create)),
            // xl that does not answer is not asked again.
            Err(error) if matches!(now.observed.domains, Domains::Unknown(_)) => return Err(error),
            _ => {}
        }
    }
    let now = context.now(LOOK)?;
    let begin = judge(guest, &now, context)?;
    Ok((now, begin))
}

/// Moves a save file aside that nobody can restore: left under the guest's name, it would keep the guest down at some later
/// boot. An apply that starts the unit did so before.
fn set_aside(guest: &Guest, now: &Now, context: &Context) -> anyhow::Result<()> {
    let own = now.plan.guests.iter().find(|plan| plan.name == guest.name);
    for step in own.iter().flat_map(|plan| &plan.steps) {
        if let Step::SetAsideSave { file, reason, .. } = step {
            saves::set_aside(&guest.name, file, *reason, &context.layout)?;
            let what = verb(&guest.name, step, context);
            output::warning(&format!("guest {}: {what}, done", guest.name));
        }
    }
    Ok(())
}

/// Whether there is memory for it.
///
/// # Errors
/// When there is not: how much it needs, and how much is free.
pub fn fits(guest: &Guest, begin: &Begin, now: &Now, context: &Context) -> anyhow::Result<()> {
    let name = guest.name.as_str();
    let takes = match begin {
        Begin::Create => true,
        // What a killed restore left has that memory.
        Begin::Restore(restore) => restore.again.is_none(),
        Begin::Runs(_) | Begin::Finish(_) => false,
    };
    if takes
        && let Some(why) = context
            .without_memory(&[(name, None)], &now.observed)
            .remove(name)
    {
        bail!("{why}");
    }
    Ok(())
}

/// Decides, of what was seen.
///
/// # Errors
/// As [`begin`].
pub fn judge(guest: &Guest, now: &Now, context: &Context) -> anyhow::Result<Begin> {
    let name = guest.name.as_str();
    let observed = &now.observed;
    match &observed.domains {
        Domains::Unknown(why) => bail!("{why}"),
        Domains::NotXen => bail!("this system is not booted under Xen"),
        Domains::NotAsked | Domains::Known(_) => {}
    }
    let record = match now.records.get(name) {
        Some(Ok(record)) => Some(record),
        Some(Err(error)) => bail!("{error}"),
        None => None,
    };
    // As remembered of its start, before as declared: the seed of UUIDs may have changed meanwhile.
    let mut uuids: Vec<Uuid> = record.map(|record| record.uuid).into_iter().collect();
    uuids.push(guest.uuid);
    let former = guest.lifecycle.previous_names.iter();
    let names = std::iter::once(&guest.name)
        .chain(former)
        .map(String::as_str);
    let own = own::domain(guest, names, &now.records, observed);
    let save = context.layout.save_dir().join(name);
    let restore = |again: Option<u32>| Restore {
        name: name.to_owned(),
        file: save.clone(),
        uuids: uuids.clone(),
        layout: context.layout.clone(),
        again,
        started_with: record
            .and_then(|record| record.running.as_ref())
            .and_then(|running| running.config.clone()),
    };
    let saved = observed.saves.contains(name);
    let of_another = observed
        .save_files
        .get(name)
        .and_then(|save| save.uuid)
        .filter(|uuid| !uuids.contains(uuid));
    if let Some(domain) = own {
        let saved = saved && of_another.is_none();
        let left = interrupted(name, domain, saved, &context.layout, &context.programs)?;
        return match (domain.state, left) {
            (State::Running, _) => Ok(Begin::Runs(domain.clone())),
            (_, Some(Interrupted::Again)) => Ok(Begin::Restore(restore(Some(domain.domid)))),
            (_, Some(Interrupted::Finish)) => Ok(Begin::Finish(domain.clone())),
            (State::Paused, None) if saved => bail!(
                "it is paused (domain {}), and there is a save file of it: {}. If its domain ran since it was restored, remove the save file, and `xl unpause {0}` lets it run on",
                domain.domid,
                save.display()
            ),
            _ => bail!("{}", cannot_run(domain)),
        };
    }
    let keepers = observed.holders.keepers();
    if let Some(keeper) = keepers.xl_of(&names_of(name, &now.records), &uuids) {
        bail!("it has no domain at this moment, but {keeper}");
    }
    if let Some(foreign) = observed.domains.foreign(name, guest.uuid) {
        bail!(
            "a domain of this name runs already (domain {}, UUID {}) that is not Domus's own; shut it down (`xl shutdown {0}`), or rename one of them",
            foreign.domid,
            foreign.uuid
        );
    }
    let problems = now.plan.guests.iter().find(|plan| plan.name == *name);
    // That it was not restored before is no reason not to restore it.
    let others = problems.iter().flat_map(|plan| {
        let own = plan.save_problem.as_ref();
        plan.problems.iter().filter(move |one| Some(*one) != own)
    });
    let others: Vec<&str> = others.map(String::as_str).collect();
    if !others.is_empty() {
        bail!("{}", others.join("; "));
    }
    if saved {
        if let Some(other) = of_another {
            bail!(
                "the save file is of another domain (UUID {other}): {}. Move it away, then start the guest",
                save.display()
            );
        }
        if let Some(why) = saved_disk_in_use(now, name, &uuids, context) {
            bail!("{why}");
        }
        return Ok(Begin::Restore(restore(None)));
    }
    if let Some(file) = saved_elsewhere(name, &uuids, now, context) {
        bail!(
            "it is saved under another name: its memory holds its mounted file systems, and a fresh start would destroy them. Restore it with `xl restore {0}`, or move {0} away to give up what it holds",
            file.display()
        );
    }
    if let Some(why) = observed.in_use(guest) {
        bail!("{why}");
    }
    configuration(now, name, context)?;
    Ok(Begin::Create)
}

/// The save file of a guest that is not called after it.
fn saved_elsewhere(name: &str, uuids: &[Uuid], now: &Now, context: &Context) -> Option<PathBuf> {
    let observed = &now.observed;
    let mut own = uuids.iter();
    let uuid = own.find(|uuid| observed.is_saved(name, **uuid))?;
    let says = observed.save_files.file_of(*uuid);
    let known = observed.saved_as.get(uuid).map(String::as_str);
    let folder = context.layout.save_dir();
    Some(folder.join(says.or(known).unwrap_or(name)))
}

/// Why a domain that is there does not run, and what to do.
pub fn cannot_run(domain: &Domain) -> String {
    let domid = domain.domid;
    match domain.state {
        State::Running => format!("it runs (domain {domid})"),
        State::Paused => format!(
            "it is paused (domain {domid}), or xl still builds it; `xl unpause {domid}` lets it run on"
        ),
        State::Crashed => format!(
            "it has crashed, and its domain {domid} is kept to be looked at; `xl destroy {domid}` ends it, and then it can be started"
        ),
        State::Shutdown => format!(
            "it has shut down, and its domain {domid} is still there; `xl destroy {domid}` ends it, and then it can be started"
        ),
        State::Suspended => format!(
            "its domain {domid} is suspended: somebody saves it, or the xl that saved it was killed, and then its memory is the only copy; {}",
            either_way(domid)
        ),
        State::Dying => format!(
            "its domain {domid} is being taken apart; try again when `xl list` shows it no longer"
        ),
    }
}

/// The disk of a saved guest that somebody else has by now: what it was saved with, whatever is declared.
fn saved_disk_in_use(now: &Now, name: &str, own: &[Uuid], context: &Context) -> Option<String> {
    let record = now.records.get(name)?.as_ref().ok()?;
    let files = record.images.iter().filter_map(|path| {
        let found = disk_image::inspect(&context.layout.below(path)).ok()?;
        Some((path, DiskId::of(&found)?))
    });
    let others = record.targets.iter();
    let others = others.map(|target| (&target.text, DiskId::Target(target.clone())));
    let (disk, holder) = files.chain(others).find_map(|(disk, id)| {
        let holder = now.observed.holders.conflict(&id, own, true)?;
        Some((disk, holder))
    })?;
    Some(format!(
        "its disk {disk} is in use by {}, and two systems on one file system destroy it; the guest stays saved. Shut the other down first",
        holder.who
    ))
}

/// Refuses a configuration that is missing, not Domus's own, or not as declared.
fn configuration(now: &Now, name: &str, context: &Context) -> anyhow::Result<()> {
    let path = context.layout.config(name);
    let path = path.display();
    let declared = now.plan.guests.iter().find(|plan| plan.name == *name);
    let declared = declared.and_then(|plan| plan.config.as_ref());
    let record = now
        .records
        .get(name)
        .and_then(|record| record.as_ref().ok());
    let ours =
        |bytes: &[u8]| record.is_some_and(|record| record.config_digests.contains(&digest(bytes)));
    let Some(files) = now.observed.guests.get(name) else {
        bail!("it has no xl configuration yet; run `domus apply`");
    };
    match &files.config {
        Ok(Entry::File(bytes))
            if declared.is_some_and(|text| text.reveal().as_bytes() == bytes.as_slice()) =>
        {
            Ok(())
        }
        Ok(Entry::File(bytes)) if ours(bytes) => {
            bail!("{path} is not yet as declared; run `domus apply`, which writes it")
        }
        Ok(Entry::Absent) => bail!("it has no xl configuration yet; run `domus apply`"),
        Ok(_) => bail!(
            "{path} is not Domus's, or was changed by hand, and is not started. Move it away, then run `domus apply`"
        ),
        Err(error) => bail!("{error}"),
    }
}
