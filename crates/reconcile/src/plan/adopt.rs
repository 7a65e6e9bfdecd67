//! Taking over a guest that was made by hand: only where it is, by what its configuration means, as it is declared.
//!
//! It reads the domain and the files as they are; what is written then says what is Domus's own, and changes no domain.

mod files_by_hand;

use guest_spec::{Guest, Secrets};
use uuid::Uuid;
use xl_cfg::Config;

use super::live;
use crate::compare;
use crate::domains::{Domain, State};
use crate::files::{self, Entry, FileError};
use crate::layout::Layout;
use crate::observe::{Domains, GuestFiles, Observed};
use crate::record::{Record, Records, Running};
use crate::secret::{ConfigText, hide};

/// What is to be remembered of a guest that is taken over.
#[derive(Debug)]
pub struct Adoption {
    record: Record,
    /// Whether what stands in `auto` is to become Domus's own link.
    replaces_auto: bool,
    /// Whether it was Domus's own already.
    pub known: bool,
    /// The declared keys of which nobody can tell what the running guest has.
    pub unknown: Vec<String>,
}

/// Where a guest that was made by hand is not as it is declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Where: `the running domain`, or the path of a file.
    pub place: String,
    /// The key of xl.cfg.
    pub key: String,
    /// For a device, its name in the guest.
    pub device: Option<String>,
    /// What is there; empty for nothing.
    pub theirs: String,
    /// What is declared; empty for nothing.
    pub declared: String,
}

/// Why a guest is not taken over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NotAdopted {
    /// Where it is not as declared.
    pub differences: Vec<Difference>,
    /// What else is in the way, and what to do.
    pub problems: Vec<String>,
}

/// Judges a guest that was made by hand.
///
/// # Errors
/// With all that is in the way, if anything is.
pub fn adopt(
    guest: &Guest,
    records: &Records,
    observed: &Observed,
    layout: &Layout,
) -> Result<Adoption, NotAdopted> {
    let mut judge = Judge {
        guest,
        observed,
        layout,
        against: NotAdopted::default(),
    };
    let adoption = judge.adoption(records);
    match adoption {
        Some(adoption) if judge.against == NotAdopted::default() => Ok(adoption),
        _ => Err(judge.against),
    }
}

impl Adoption {
    /// Remembers the guest as Domus's own; then its link in `auto` is Domus's.
    ///
    /// # Errors
    /// When a file cannot be written. The same again goes on.
    pub fn carry_out(&self, layout: &Layout) -> Result<(), FileError> {
        self.record.save(layout)?;
        if self.replaces_auto {
            let name = &self.record.name;
            files::replace_by_link(&layout.auto(name), &Layout::auto_target(name))?;
        }
        Ok(())
    }
}

struct Judge<'a> {
    guest: &'a Guest,
    observed: &'a Observed,
    layout: &'a Layout,
    against: NotAdopted,
}

impl Judge<'_> {
    fn refuse(&mut self, why: impl Into<String>) {
        let why = why.into();
        if !self.against.problems.contains(&why) {
            self.against.problems.push(why);
        }
    }

    fn adoption(&mut self, records: &Records) -> Option<Adoption> {
        let (guest, observed) = (self.guest, self.observed);
        let name = guest.name.as_str();
        let record = match records.get(name) {
            Some(Err(error)) => {
                self.refuse(error.to_string());
                return None;
            }
            Some(Ok(record)) => Some(record),
            None => None,
        };
        match &observed.domains {
            Domains::Known(_) | Domains::NotXen => {}
            Domains::Unknown(why) => {
                self.refuse(why.clone());
                return None;
            }
            Domains::NotAsked => {
                self.refuse("xl was not asked");
                return None;
            }
        }
        let files = observed.guests.get(name)?;
        let foreign = observed.domains.foreign(name, guest.uuid);
        let domain = foreign.or_else(|| observed.domains.of(guest.uuid));
        let made = !matches!(
            (&files.config, &files.auto),
            (Ok(Entry::Absent), Ok(Entry::Absent))
        );
        if domain.is_none() && !made && !observed.saves.contains(name) {
            self.refuse(format!(
                "there is nothing to adopt: no domain {name} runs, and there is no {}; `domus apply` makes the guest",
                self.layout.config(name).display()
            ));
            return None;
        }
        if let Some(other) = record
            .filter(|record| record.uuid != guest.uuid)
            .and_then(|record| observed.domains.of(record.uuid))
        {
            self.refuse(format!(
                "it is Domus's own already, and runs as domain {} with the UUID {}",
                other.domid, other.uuid
            ));
            return None;
        }
        let text = self.declared(files)?;
        let declared = Config::parse(text.sealed()).unwrap_or_default();
        let theirs = self.config(files, &declared);
        let replaces_auto = self.auto(files, &declared);
        self.other_entries();
        let unknown = if let Some(domain) = domain {
            let started = theirs.as_ref().map(|(_, text)| text.as_str());
            self.domain(domain, &text, started)
        } else {
            self.saved();
            Vec::new()
        };
        let known = record.is_some_and(|record| {
            let ours = |(digest, _): &(String, String)| record.config_digests.contains(digest);
            record.uuid == guest.uuid && theirs.as_ref().is_none_or(ours) && !replaces_auto
        });
        let mut now = record
            .cloned()
            .unwrap_or_else(|| Record::new(name, guest.uuid));
        now.uuid = guest.uuid;
        now.lifecycle.clone_from(&guest.lifecycle);
        now.linked = !matches!(files.auto, Ok(Entry::Absent));
        if let Some((digest, _)) = &theirs {
            now.config_digests = vec![digest.clone()];
        }
        if let Some(domain) = domain.filter(|_| !known) {
            let boot = observed.boot_id.clone();
            let config = theirs.map(|(_, text)| text);
            now.running = Some(Running::new(boot, Some(domain.domid), config));
            now.live = live::applied(&declared);
        }
        let states = guest.disks.iter().zip(&files.disks);
        let there = states.filter(|(_, state)| state.as_ref().is_ok_and(|at| !at.ids.is_empty()));
        now.images
            .extend(there.filter_map(|(disk, _)| disk.file().map(str::to_owned)));
        Some(Adoption {
            record: now,
            replaces_auto,
            known,
            unknown,
        })
    }

    /// The declared configuration, with its passwords.
    fn declared(&mut self, files: &GuestFiles) -> Option<ConfigText> {
        let secrets = match &files.secrets {
            Some(Err(why)) => {
                self.refuse(why.clone());
                return None;
            }
            Some(Ok(secrets)) => secrets.clone(),
            None => Secrets::hidden(),
        };
        match ConfigText::render(self.guest, &secrets) {
            Ok(text) => Some(text),
            Err(error) => {
                self.refuse(error.to_string());
                None
            }
        }
    }

    fn differs(
        &mut self,
        place: &str,
        key: &str,
        device: Option<String>,
        theirs: &str,
        declared: &str,
    ) {
        let (theirs, declared) = hide(theirs, declared);
        self.against.differences.push(Difference {
            place: place.to_owned(),
            key: key.to_owned(),
            device,
            theirs,
            declared,
        });
    }

    /// Compares the domain with the declaration; gives the keys of which nobody can tell.
    fn domain(&mut self, domain: &Domain, text: &ConfigText, started: Option<&str>) -> Vec<String> {
        const PLACE: &str = "the running domain";
        if !matches!(domain.state, State::Running | State::Paused) {
            self.refuse(format!(
                "its domain {} is {}; adopt the guest when that runs, or is gone",
                domain.domid,
                domain.state.as_str()
            ));
        }
        if domain.name != self.guest.name {
            self.refuse(format!(
                "its domain {} is called {}; `xl rename {0} {}` gives it the name that is declared",
                domain.domid, domain.name, self.guest.name
            ));
        }
        self.identity(PLACE, Some(domain.uuid));
        let minor = self.observed.xen_minor;
        let json = domain.json.as_deref();
        let compared = compare::compare(text.sealed(), json, started, minor);
        for difference in compared.keys {
            if !matches!(difference.key.as_str(), "uuid" | "name") {
                let (theirs, declared) = (&difference.running, &difference.declared);
                self.differs(PLACE, &difference.key, None, theirs, declared);
            }
        }
        let disks = compared.disks.into_iter().map(|device| ("disk", device));
        let vifs = compared.vifs.into_iter().map(|device| ("vif", device));
        for (key, device) in disks.chain(vifs) {
            let (theirs, declared) = (device.running, device.declared);
            let (theirs, declared) = (theirs.unwrap_or_default(), declared.unwrap_or_default());
            self.differs(PLACE, key, Some(device.id), &theirs, &declared);
        }
        compared.unknown
    }

    /// Whoever adopts a guest does not change what it is known by.
    fn identity(&mut self, place: &str, uuid: Option<Uuid>) {
        let Some(uuid) = uuid.filter(|uuid| *uuid != self.guest.uuid) else {
            return;
        };
        let declared = self.guest.uuid.to_string();
        self.differs(place, "uuid", None, &uuid.to_string(), &declared);
        self.keep_identity(&uuid.to_string());
    }

    fn keep_identity(&mut self, uuid: &str) {
        self.refuse(format!(
            "its UUID is what it is known by, and is not changed: declare uuid = \"{uuid}\""
        ));
    }

    /// A guest that is saved is known by its save file only.
    fn saved(&mut self) {
        let name = &self.guest.name;
        let file = self.layout.save_dir().join(name);
        if self.observed.saves.contains(name)
            && !self.observed.save_files.is_of(name, self.guest.uuid)
        {
            self.refuse(format!(
                "{} is a save file of this name with another UUID; restore it (`xl restore {0}`), and adopt the guest when it runs",
                file.display()
            ));
        }
    }
}
