//! The domains of this host, as far as they are known.

use std::collections::HashMap;

use guest_spec::Guest;
use uuid::Uuid;

use crate::domains::{Domain, State};
use crate::record::Record;

/// The domains of this host, as far as they are known.
#[derive(Debug)]
pub enum Domains {
    /// The system is not booted under Xen.
    NotXen,
    /// This stage does not ask xl: at boot xenstored is not up when files are written.
    NotAsked,
    /// xl did not say.
    Unknown(String),
    /// All of them.
    Known(DomainTable),
}

impl Domains {
    /// The live domain of this UUID.
    #[must_use]
    pub fn of(&self, uuid: Uuid) -> Option<&Domain> {
        let Self::Known(table) = self else {
            return None;
        };
        table.by_uuid.get(&uuid).map(|&at| &table.domains[at])
    }

    /// The live domain of a declared guest: of the UUID that is remembered of it, or else of the declared one.
    #[must_use]
    pub fn of_guest(&self, guest: &Guest, record: Option<&Record>) -> Option<&Domain> {
        let recorded = record.and_then(|record| self.of(record.uuid));
        recorded.or_else(|| self.of(guest.uuid))
    }

    /// All domains; none where they are not known.
    #[must_use]
    pub fn all(&self) -> &[Domain] {
        match self {
            Self::Known(table) => &table.domains,
            _ => &[],
        }
    }

    /// A domain whose disks nobody can tell, because libxl cannot read its configuration.
    #[must_use]
    pub fn opaque(&self) -> Option<&Domain> {
        let all = self.all();
        all.iter()
            .find(|domain| domain.config.is_none() && !domain.serves(all))
    }

    /// A domain of this name that has another UUID.
    #[must_use]
    pub fn foreign(&self, name: &str, uuid: Uuid) -> Option<&Domain> {
        let Self::Known(table) = self else {
            return None;
        };
        let domain = table.by_name.get(name).map(|&at| &table.domains[at])?;
        (domain.uuid != uuid).then_some(domain)
    }
}

/// All domains of this host, to be found by UUID and by name.
#[derive(Debug)]
pub struct DomainTable {
    domains: Vec<Domain>,
    /// The live ones: a domain that is dying may have its successor beside it.
    by_uuid: HashMap<Uuid, usize>,
    by_name: HashMap<String, usize>,
}

impl From<Vec<Domain>> for DomainTable {
    fn from(domains: Vec<Domain>) -> Self {
        let numbered = || domains.iter().enumerate();
        let live = numbered().filter(|(_, domain)| domain.state != State::Dying);
        let by_uuid = live.map(|(at, domain)| (domain.uuid, at)).collect();
        let by_name = numbered()
            .map(|(at, domain)| (domain.name.clone(), at))
            .collect();
        Self {
            domains,
            by_uuid,
            by_name,
        }
    }
}
