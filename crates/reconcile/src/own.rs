//! Which domains are Domus's own.
//!
//! That a domain has a declared UUID does not make it Domus's: somebody may have made it by hand, and declared it to adopt it.
//! It is Domus's where the record says that Domus wrote its configuration or its link, or started or adopted it.

use guest_spec::Guest;
use uuid::Uuid;
use xl_cfg::{Config, Value};

use crate::domains::Domain;
use crate::files::{self, digest};
use crate::layout::Layout;
use crate::observe::{GuestFiles, Observed};
use crate::record::{Record, RecordError, Records};
use crate::secret::{ConfigText, passwords_in};

/// Whether the domain of this UUID is the one that a record is about: by the record; or, where the guest got another UUID since
/// it was last seen, by the configuration that Domus wrote and that it was started from.
#[must_use]
pub fn is_own(uuid: Uuid, record: &Record, config: Option<&str>) -> bool {
    let written = |text: &str| {
        record.config_digests.contains(&digest(text.as_bytes())) && uuid_in(text) == Some(uuid)
    };
    record.is_of_domus() && (record.uuid == uuid || config.is_some_and(written))
}

/// The live domain of a declared guest, which is remembered by these names; nothing where none is Domus's own.
#[must_use]
pub fn domain<'a, 'n>(
    guest: &Guest,
    names: impl IntoIterator<Item = &'n str>,
    records: &Records,
    observed: &'a Observed,
) -> Option<&'a Domain> {
    let files = observed.guests.get(&guest.name);
    let config = files.and_then(GuestFiles::config_text);
    let mut declared = observed.domains.of(guest.uuid);
    for name in names {
        let Some(Ok(record)) = records.get(name) else {
            continue;
        };
        // A domain that was started under another UUID (the seed changed) is still this guest.
        let mut found = observed.domains.of(record.uuid).into_iter().chain(declared);
        if let Some(domain) = found.find(|domain| is_own(domain.uuid, record, config)) {
            return Some(domain);
        }
    }
    // The record was lost, and what stands there is what Domus writes.
    declared.take_if(|_| config.is_some_and(|text| is_rendered(guest, text)))
}

/// The UUIDs that a guest's own domain may have, as remembered of its start and as declared; none where no domain can be its
/// own. What cannot be read of the record is taken from the declaration: such a guest must be stoppable.
#[must_use]
pub fn uuids(
    record: Option<&Result<Record, RecordError>>,
    guest: Option<&Guest>,
    layout: &Layout,
) -> Vec<Uuid> {
    let declared = guest.map(|guest| guest.uuid);
    let config = || {
        files::read_text(&layout.config(&guest?.name))
            .ok()
            .flatten()
    };
    match record {
        Some(Err(_)) => declared.into_iter().collect(),
        Some(Ok(record)) if record.is_of_domus() => {
            let other = declared.filter(|uuid| *uuid != record.uuid);
            let other = other.filter(|uuid| is_own(*uuid, record, config().as_deref()));
            std::iter::once(record.uuid).chain(other).collect()
        }
        _ => {
            let lost = |guest: &&Guest| config().is_some_and(|text| is_rendered(guest, &text));
            guest
                .filter(lost)
                .map(|guest| guest.uuid)
                .into_iter()
                .collect()
        }
    }
}

fn uuid_in(text: &str) -> Option<Uuid> {
    let config = Config::parse(text).ok()?;
    config.get("uuid").and_then(Value::as_text)?.parse().ok()
}

fn is_rendered(guest: &Guest, text: &str) -> bool {
    let rendered = ConfigText::render(guest, &passwords_in(text));
    rendered.is_ok_and(|rendered| rendered.reveal() == text)
}
