//! The grammar of `llc_colors = [ … ]`.

use crate::SpecError;
use crate::ranges::{Range, range};

/// Colors of the last-level cache that a guest's memory has: `0-4`. Arm only. Since Xen 4.20.
///
/// By xl.cfg(5) and the loop over `llc_colors` in `parse_config_data` of `xl_parse.c`.
///
/// # Stricter than xl
///
/// - Anything after the number or the range, which xl does not look at: it makes 5 of `5-`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LlcColors {
    /// The first color.
    pub first: u32,
    /// The last color.
    pub last: u32,
}

impl LlcColors {
    /// The string for xl.
    ///
    /// # Errors
    ///
    /// When the range goes down.
    pub fn to_spec(&self) -> Result<String, SpecError> {
        let text = Range(self.first, self.last).to_string();
        if self.last < self.first {
            return Err(SpecError::value("llc_colors", &text, "the range goes down"));
        }
        Ok(text)
    }

    /// Reads one color or range.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn parse(spec: &str) -> Result<Self, SpecError> {
        let (first, last) = range("llc_colors", spec)?;
        Ok(Self { first, last })
    }
}
