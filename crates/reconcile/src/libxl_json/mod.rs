//! From libxl's JSON of a domain back to the xl configuration that makes it: the inverse of `xl_parse.c`.
//!
//! The JSON is a `libxl_domain_config`, as `xl list -l` has it under `config` and `xl create -n` prints it. Its names
//! are those of `libxl_types.idl`, its form is that of `gentypes.py`: what equals libxl's default is left out, a flag
//! that may be unset (`defbool`) is `"True"`, `"False"` or `"<default>"`, memory is in KiB.
//!
//! The key table of `xl_cfg` says where each key is seen and what it looks like; `table` reads all that is regular by
//! it. What xl spells in a language of its own is written with that language's types, by the other files.
//!
//! Nothing is dropped: what has become no setting is told by its place. Passwords become settings and are shown
//! nowhere.

mod displays;
mod guest;
mod item;
mod kept;
mod networks;
mod passthrough;
mod processors;
mod services;
mod source;
mod storage;
mod table;

use std::fmt;

use serde_json::Value as Json;
use xl_cfg::Config;

pub use kept::{Comparison, compare, differences};

use source::Source;

/// What a domain's JSON says.
#[derive(Clone, PartialEq, Eq)]
pub struct Read {
    /// The configuration that makes the same domain, its keys in the order of the key table.
    ///
    /// Of a domain that runs, what equals the default of its key is left out: libxl fills defaults in, and nobody can
    /// tell them from what was set.
    pub config: Config,
    /// The places, as JSON Pointers, that hold something which is not, or not exactly, in the configuration: no key is
    /// known for it, or the key cannot say it. Each is for a person to look at.
    pub unread: Vec<String>,
}

/// Without the values, which may be passwords.
impl fmt::Debug for Read {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<&str> = self.config.iter().map(|(key, _)| key.as_str()).collect();
        f.debug_struct("Read")
            .field("keys", &keys)
            .field("unread", &self.unread)
            .finish()
    }
}

/// The configuration that makes the domain which this JSON describes.
///
/// It never fails: whatever does not have the shape of a `libxl_domain_config` is in [`Read::unread`].
///
/// ```
/// let json = serde_json::json!({
///     "c_info": { "type": "pv", "name": "mrkitty" },
///     "b_info": { "max_memkb": 524_288, "target_memkb": 262_144, "kernel": "/boot/vmlinuz" },
///     "on_reboot": "restart", "on_soft_reset": "soft_reset",
///     "novelty": 1
/// });
/// let read = reconcile::libxl_json::config(&json);
/// assert_eq!(
///     read.config.to_text()?,
///     "name = \"mrkitty\"\ntype = \"pv\"\nmemory = 256\nmaxmem = 512\nkernel = \"/boot/vmlinuz\"\n"
/// );
/// assert_eq!(read.unread, ["/novelty"]);
/// # Ok::<(), xl_cfg::WriteError>(())
/// ```
#[must_use]
pub fn config(json: &Json) -> Read {
    let mut source = Source::new(json);
    guest::read(&mut source);
    processors::read(&mut source);
    storage::read(&mut source);
    networks::read(&mut source);
    passthrough::read(&mut source);
    displays::read(&mut source);
    services::read(&mut source);
    table::read(&mut source);
    source.finish()
}
