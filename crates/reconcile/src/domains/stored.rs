//! The configurations that libxl keeps of domains, read from its own files.

use std::fmt::Display;
use std::path::Path;

use super::{Domain, DomainConfig, DomainsError, list_briefly};
use crate::files;
use crate::layout::Layout;
use crate::program::Programs;

/// Asks xl for all domains, and reads the configurations that libxl keeps of them in `folder` in place of those that it tells:
/// who has which disk, or has had it.
///
/// libxl writes each device into its file before it attaches it, and may leave it there when it is detached: "we maintain an
/// invariant that every entry in xenstore must have a corresponding entry in JSON" (`retrieve_domain_configuration_end` in
/// `libxl_domain.c`). So a disk that none of these files names nobody has, and whether one has a disk still that it names, only
/// [`super::list`] can tell. For that one libxl asks xenstored for every device of every domain; this reads a file of each.
///
/// What a domain has at the moment (its memory, its vCPUs, a detached disk) these configurations do not tell. A domain without
/// a file is still being built, or libxl keeps none of it; of such [`super::list`] has no configuration either.
///
/// # Errors
/// As [`list_briefly`]; and when a file cannot be read, or makes no sense.
pub fn list_stored(programs: &Programs, folder: &Path) -> Result<Vec<Domain>, DomainsError> {
    let mut domains = list_briefly(programs)?;
    for domain in &mut domains {
        domain.config = stored(folder, domain)?;
    }
    Ok(domains)
}

/// Reads what libxl keeps of a domain.
///
/// # Errors
/// It is no configuration of libxl's.
pub fn parse_stored(text: &str) -> Result<DomainConfig, serde_json::Error> {
    // With the end of the string (`libxl__set_domain_configuration`).
    serde_json::from_str(text.trim_end_matches('\0'))
}

fn stored(folder: &Path, domain: &Domain) -> Result<Option<DomainConfig>, DomainsError> {
    let name = Layout::stored_json(domain.domid, domain.uuid);
    let unreadable = |why: &dyn Display| DomainsError::Stored {
        name: name.clone(),
        why: why.to_string(),
    };
    let text = files::read_text(&folder.join(&name)).map_err(|error| unreadable(&error))?;
    let config = text.map(|text| parse_stored(&text)).transpose();
    config.map_err(|error| unreadable(&error))
}
