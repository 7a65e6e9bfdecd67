//! Guests that have another name than when they were last applied.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use guest_spec::{Document, Guest};
use uuid::Uuid;

use crate::Stages;
use crate::files::{Entry, digest};
use crate::layout::Layout;
use crate::observe::{GuestFiles, Observed};
use crate::plan::{GuestPlan, Step};
use crate::record::{Record, Records};

/// Which guests that Domus remembers are declared by another name now.
#[derive(Debug, Default)]
pub(super) struct Renames<'a> {
    /// By the name that is declared: the names that are remembered, that of the record to go by first; or why it cannot be
    /// renamed.
    by_name: BTreeMap<&'a str, Result<Vec<&'a str>, String>>,
    /// The names that are remembered and are a declared guest's, or may be: no guest that is to be removed.
    claimed: BTreeSet<&'a str>,
}

impl<'a> Renames<'a> {
    /// By `previousNames`; and by UUID, which is what a guest is known by: a rollback over a renaming takes the name back
    /// without saying so.
    pub(super) fn find(document: &'a Document, records: &'a Records) -> Self {
        let declared: BTreeSet<&str> = document
            .guests
            .iter()
            .map(|guest| guest.name.as_str())
            .collect();
        let mut left: HashMap<Uuid, Vec<&str>> = HashMap::new();
        for (name, record) in records.iter() {
            if let (false, Ok(record)) = (declared.contains(name), record) {
                left.entry(record.uuid).or_default().push(name);
            }
        }
        let mut renames = Self::default();
        for guest in &document.guests {
            let previous = guest.lifecycle.previous_names.iter().map(String::as_str);
            let mut names: Vec<&str> = previous
                .filter(|name| !declared.contains(name) && records.get(name).is_some())
                .collect();
            let same = left.get(&guest.uuid).into_iter().flatten();
            let unnamed: Vec<&str> = same.copied().filter(|name| !names.contains(name)).collect();
            names.splice(0..0, unnamed);
            if names.is_empty() {
                continue;
            }
            renames.claimed.extend(names.iter().copied());
            renames
                .by_name
                .insert(&guest.name, judge(guest, names, records));
        }
        renames
    }

    /// The names that a declared guest is remembered by; nothing where it is no other than its own.
    pub(super) fn of(&self, name: &str) -> Option<&Result<Vec<&'a str>, String>> {
        self.by_name.get(name)
    }

    /// Whether what is remembered by this name is a declared guest's, or may be.
    pub(super) fn claims(&self, name: &str) -> bool {
        self.claimed.contains(name)
    }
}

/// The names in the order of their records' worth, or why nobody can tell.
fn judge<'a>(
    guest: &Guest,
    mut names: Vec<&'a str>,
    records: &Records,
) -> Result<Vec<&'a str>, String> {
    let mut uuids = Vec::new();
    for name in &names {
        match records.get(name) {
            Some(Ok(record)) => uuids.push(record.uuid),
            Some(Err(error)) => {
                return Err(format!("it was called {name} before, and {error}"));
            }
            None => {}
        }
    }
    let own = records.get(&guest.name).and_then(|own| own.as_ref().ok());
    let newest = uuids.last().copied();
    let uuid = own.map(|record| record.uuid).or(newest);
    if let Some((name, _)) = names
        .iter()
        .zip(&uuids)
        .find(|(_, other)| Some(**other) != uuid)
    {
        let two = own.map_or_else(|| *names.last().unwrap_or(name), |_| guest.name.as_str());
        return Err(format!(
            "option previousNames: Domus knows two guests, {name} and {two}, with disks of their own, and this can be one of them only. Take {name} out of previousNames, and it is removed as its onRemove says; or, if it is this guest, declare neither, switch, give up {two} (/var/lib/domus/guests/{two}.json), and declare this one again"
        ));
    }
    // The newest name is the last that is declared.
    names.reverse();
    Ok(names)
}

/// Plans the renaming, and gives what is remembered of the guest, by its new name; nothing where it cannot be renamed now,
/// and nothing else is to be done.
pub(super) fn plan(
    plan: &mut GuestPlan,
    old: &Result<Vec<&str>, String>,
    records: &Records,
    observed: &Observed,
    layout: &Layout,
    stages: Stages,
) -> Option<Record> {
    let names = match old {
        Ok(names) => names,
        Err(why) => {
            plan.held = true;
            plan.problems.push(why.clone());
            return None;
        }
    };
    let name = plan.name.clone();
    let own = records.get(&name).and_then(|record| record.as_ref().ok());
    let first = names.first().copied().unwrap_or_default();
    let base = || records.get(first).and_then(|record| record.as_ref().ok());
    let record = own.cloned().or_else(|| Some(base()?.renamed(&name)))?;
    let problem = if stages.files {
        in_the_way(&name, own, record.uuid, names, observed, layout)
    } else {
        Some(format!(
            "Domus knows it as {first}; `domus apply` renames it, and nothing else is done before"
        ))
    };
    if let Some(problem) = problem {
        plan.held = true;
        plan.problems.push(problem);
        return None;
    }
    for from in names {
        plan.renamed_from.push((*from).to_owned());
        let from = (*from).to_owned();
        plan.steps.push(Step::Rename { from });
    }
    Some(record)
}

/// What stands where the guest's files come to be, and is not its own.
fn in_the_way(
    name: &str,
    own: Option<&Record>,
    known: Uuid,
    names: &[&str],
    observed: &Observed,
    layout: &Layout,
) -> Option<String> {
    let files: &GuestFiles = observed.guests.get(name)?;
    let taken = |path: std::path::PathBuf| {
        format!(
            "it was called {}, and cannot be renamed, because {} is there already and is not Domus's. Move it away, then switch again",
            names.first().unwrap_or(&name),
            path.display()
        )
    };
    match &files.config {
        Ok(Entry::Absent) => {}
        Ok(Entry::File(bytes))
            if own.is_some_and(|own| own.config_digests.contains(&digest(bytes))) => {}
        Ok(_) => return Some(taken(layout.config(name))),
        Err(error) => return Some(error.to_string()),
    }
    match &files.auto {
        Ok(Entry::Absent) => {}
        Ok(Entry::Link(target))
            if own.is_some_and(|own| own.linked) && *target == Layout::auto_target(name) => {}
        Ok(_) => return Some(taken(layout.auto(name))),
        Err(error) => return Some(error.to_string()),
    }
    // A save file of another domain under an old name is left there.
    let others = |old: &str| {
        let uuid = observed.save_files.get(old).and_then(|save| save.uuid);
        uuid.is_some_and(|uuid| uuid != known)
    };
    let holds = |old: &str| observed.saves.contains(old) && !others(old);
    let old = names.iter().find(|old| holds(old));
    match old {
        _ if !observed.saves.contains(name) => None,
        Some(old) => Some(format!(
            "it was called {old}, and there are two save files, {} and {}; move the one away that is not this guest's",
            layout.save_dir().join(old).display(),
            layout.save_dir().join(name).display()
        )),
        // Moved already by a run that was killed.
        None if own.is_some() => None,
        None => Some(taken(layout.save_dir().join(name))),
    }
}
