//! The grammar of `vtpm = [ … ]`.

use uuid::Uuid;

use crate::SpecError;
use crate::keyed::{Keys, Spec};
use crate::spec::text;

/// A virtual TPM of a guest, or the link of a virtual TPM's own domain to its manager.
///
/// By xl.cfg(5) and the loop over `vtpm` in `parse_config_data` of `xl_parse.c`.
///
/// # Stricter than xl
///
/// - A word without `=`: xl drops it and everything after it.
/// - A key given twice: xl takes the last. An empty backend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vtpm {
    /// The domain of the virtual TPM, by name or number; for such a domain itself, its manager's.
    pub backend: String,
    /// What identifies it; a new one at every start when unset.
    pub uuid: Option<Uuid>,
}

static KEYS: Keys = Keys::new("a virtual TPM", &["backend", "uuid"]);

impl Vtpm {
    /// The string for xl.
    ///
    /// # Errors
    ///
    /// When the backend is empty or holds a comma or a control character.
    pub fn to_spec(&self) -> Result<String, SpecError> {
        let mut spec = Spec::default();
        spec.put("backend", text("backend", &self.backend)?);
        spec.put_some("uuid", self.uuid);
        Ok(spec.finish())
    }

    /// Reads the string of a virtual TPM.
    ///
    /// # Errors
    ///
    /// When xl would refuse it, or drop part of it.
    pub fn parse(spec: &str) -> Result<Self, SpecError> {
        let (mut backend, mut uuid) = (None, None);
        for word in KEYS.read(spec) {
            match word? {
                ("backend", value) => backend = Some(text("backend", value)?),
                (_, value) => uuid = Some(read_uuid(value)?),
            }
        }
        let backend = backend.ok_or(SpecError::Missing {
            key: "backend",
            reason: "xl asks for the domain of the virtual TPM",
        })?;
        Ok(Self { backend, uuid })
    }
}

/// Reads what libuuid's `uuid_parse` takes: the form with four hyphens and nothing else.
fn read_uuid(text: &str) -> Result<Uuid, SpecError> {
    // The crate also takes braces, `urn:uuid:` and no hyphens, each of another length.
    let hyphenated = (text.len() == 36).then_some(text);
    hyphenated
        .and_then(|text| Uuid::try_parse(text).ok())
        .ok_or_else(|| {
            SpecError::value(
                "uuid",
                text,
                "it must be like 0123abcd-0123-4567-89ab-0123456789ab",
            )
        })
}
