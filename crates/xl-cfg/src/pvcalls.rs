//! The grammar of `pvcalls = [ … ]`.

use crate::SpecError;
use crate::keyed::{Keys, Spec};
use crate::spec::text;

/// A connection by which a guest's socket calls are done in another domain.
///
/// By xl.cfg(5) and the loop over `pvcalls` in `parse_config_data` of `xl_parse.c`.
///
/// # Stricter than xl
///
/// - A word without `=`: xl drops it and everything after it.
/// - The key given twice: xl takes the last. An empty value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pvcalls {
    /// The domain that does the calls, by name or number; Dom0 when unset.
    pub backend: Option<String>,
}

static KEYS: Keys = Keys::new("a pvcalls connection", &["backend"]);

impl Pvcalls {
    /// The string for xl.
    ///
    /// # Errors
    ///
    /// When the backend is empty or holds a comma or a control character.
    pub fn to_spec(&self) -> Result<String, SpecError> {
        let mut spec = Spec::default();
        if let Some(backend) = &self.backend {
            spec.put("backend", text("backend", backend)?);
        }
        Ok(spec.finish())
    }

    /// Reads the string of a connection.
    ///
    /// # Errors
    ///
    /// When xl would refuse it, or drop part of it.
    pub fn parse(spec: &str) -> Result<Self, SpecError> {
        let mut pvcalls = Self::default();
        for word in KEYS.read(spec) {
            let (key, value) = word?;
            pvcalls.backend = Some(text(key, value)?);
        }
        Ok(pvcalls)
    }
}
