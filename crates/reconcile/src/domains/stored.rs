//! The configurations that libxl keeps of domains, read from its own files.

use std::path::Path;

use super::{Domain, DomainConfig, DomainsError, list, list_briefly};
use crate::files;
use crate::layout::Layout;
use crate::program::Programs;

/// Asks xl for all domains, and reads the configurations that libxl keeps of them in `folder`, for who only wants to know that
/// nobody has a disk.
///
/// `xl list -l` begins with these very files, and of their disks takes out those that are detached by now, and the discs that
/// are out of their drives (`libxl_retrieve_domain_configuration` in `libxl_domain.c`, `libxl__device_disk_merge` in
/// `libxl_disk.c`); for that, libxl asks xenstored for every device of every domain. So a disk that none of the files names
/// [`list`] would not tell either, and whether one that they name is attached only [`list`] tells. What a domain has at the
/// moment (its memory, its vCPUs) they do not tell. A domain without a file is being built, or is none of libxl's;
/// [`list`] has no configuration of it either.
///
/// Where a file cannot be read, or has a shape that Domus does not know, this is [`list`].
///
/// # Errors
/// As [`list`].
pub fn list_stored(programs: &Programs, folder: &Path) -> Result<Vec<Domain>, DomainsError> {
    let mut domains = list_briefly(programs)?;
    for domain in &mut domains {
        let file = folder.join(Layout::stored_json(domain.domid, domain.uuid));
        let Ok(text) = files::read_text(&file) else {
            return list(programs);
        };
        match text.map(|text| parse_stored(&text)).transpose() {
            Ok(config) => domain.config = config,
            Err(_) => return list(programs),
        }
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
