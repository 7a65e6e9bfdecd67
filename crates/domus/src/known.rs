//! The guests that a person names, and the domains that are theirs.
//!
//! A guest that runs must be found, and be stoppable, whatever is declared now: by what is declared, where that can be
//! read, and by what Domus remembers.

use std::fs;

use anyhow::bail;
use guest_spec::{Document, Guest, Lifecycle};
use reconcile::domains::{Domain, State};
use reconcile::{Layout, Programs, Records, own};
use uuid::Uuid;

use crate::cli::Common;
use crate::context::{programs, spec_path};
use crate::output;

/// What is known of this Dom0's guests.
pub struct Known {
    /// What is declared; nothing where that cannot be read.
    pub document: Option<Document>,
    /// What Domus remembers.
    pub records: Records,
    /// Where things are.
    pub layout: Layout,
    /// The programs to call.
    pub programs: Programs,
}

/// A guest that somebody named.
#[derive(Debug)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// The UUIDs that it may run under: as remembered of its start, and as declared.
    pub uuids: Vec<Uuid>,
    /// Its declaration.
    pub declared: Option<Guest>,
    /// What becomes of it.
    pub lifecycle: Lifecycle,
}

/// The domain of a guest's name or identity.
#[derive(Debug)]
pub enum Found<'a> {
    /// Its own.
    Own(&'a Domain),
    /// One of its name that is somebody else's.
    Foreign(&'a Domain),
    /// None.
    Nothing,
}

impl Known {
    /// Reads what is declared and what is remembered.
    ///
    /// # Errors
    /// When what Domus remembers cannot be read at all.
    pub fn load(common: &Common) -> anyhow::Result<Self> {
        let document = fs::read_to_string(spec_path(common)).ok();
        let document = document.and_then(|text| Document::parse(&text).ok());
        let layout = match &document {
            Some(document) => Layout::new(&common.root, document),
            None => Layout::without_document(&common.root),
        };
        Ok(Self {
            records: Records::load(&layout)?,
            document,
            layout,
            programs: programs(common),
        })
    }

    /// A guest, by its name.
    ///
    /// # Errors
    /// When there is none, or it is declared no longer and what Domus remembers of it is damaged.
    pub fn named(&self, name: &str) -> anyhow::Result<Named> {
        let guests = self.document.iter().flat_map(|document| &document.guests);
        let declared = guests.clone().find(|guest| guest.name == name).cloned();
        let former = declared
            .iter()
            .flat_map(|guest| guest.lifecycle.previous_names.iter().rev());
        let mut former = former.filter_map(|name| self.records.get(name));
        let remembered = self.records.get(name).or_else(|| former.next());
        // A unit keeps the name that its guest had when it was started.
        let unit = || self.records.formerly(name).filter(|_| declared.is_none());
        let record = match remembered {
            Some(Err(error)) if declared.is_none() => bail!("{error}"),
            Some(record) => record.as_ref().ok(),
            None => unit(),
        };
        let uuids = match (remembered, record) {
            (None, Some(record)) => vec![record.uuid],
            _ => own::uuids(remembered, declared.as_ref(), &self.layout),
        };
        if declared.is_none() && record.is_none() {
            let names: Vec<&str> = guests.map(|guest| guest.name.as_str()).collect();
            bail!("{}", nobody(name, &names));
        }
        let lifecycle = declared
            .as_ref()
            .map(|guest| guest.lifecycle.clone())
            .or_else(|| Some(record?.lifecycle.clone()))
            .unwrap_or_default();
        Ok(Named {
            name: name.to_owned(),
            uuids,
            declared,
            lifecycle,
        })
    }
}

/// That there is no guest of this name.
pub fn nobody(name: &str, declared: &[&str]) -> String {
    if declared.is_empty() {
        format!("no guest {name} is declared, and Domus has started none")
    } else {
        let names = declared.join(", ");
        format!("no guest {name} is declared; there are: {names}")
    }
}

/// Says why something of a guest failed.
pub fn say_failure(name: &str, why: &str) {
    // It names the guest itself.
    if why.starts_with("no guest ") {
        output::error(why);
    } else {
        output::error(&format!("guest {name}: {why}"));
    }
}

impl Named {
    /// Its domain among all domains. One that is being taken apart may have its successor beside it.
    pub fn find<'a>(&self, domains: &'a [Domain]) -> Found<'a> {
        let own = || {
            domains
                .iter()
                .filter(|domain| self.uuids.contains(&domain.uuid))
        };
        let lives = |domain: &&Domain| domain.state != State::Dying;
        if let Some(domain) = own().find(lives).or_else(|| own().next()) {
            return Found::Own(domain);
        }
        let namesake = domains.iter().find(|domain| domain.name == self.name);
        namesake.map_or(Found::Nothing, Found::Foreign)
    }
}
