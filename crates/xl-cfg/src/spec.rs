//! What the device strings have in common: their errors, and what is checked of every text in them.

use crate::nearest::{and, nearest};

/// A device string (`disk = [ … ]`, `vif = [ … ]`) that cannot be written or read.
///
/// Each says what is wrong, what xl knows at that place, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// A value that the string cannot carry.
    #[error("{key} `{}`: {reason}", value.escape_debug())]
    Value {
        /// The key of the device string, such as `target` or `bridge`.
        key: &'static str,
        /// The value as it was given, or its first 200 characters; a password is left out.
        value: String,
        /// What is wrong with it, and what would be right.
        reason: String,
    },
    /// Something that must be given is not.
    #[error("{key} is missing: {reason}")]
    Missing {
        /// The key of the device string.
        key: &'static str,
        /// Why it is needed.
        reason: &'static str,
    },
    /// A key given twice, of which xl would use one and drop the other.
    #[error("{key} is given twice")]
    Twice {
        /// The key of the device string.
        key: &'static str,
    },
    /// A word that xl does not know at that place.
    #[error("`{}`: {reason}", word.escape_debug())]
    Unknown {
        /// The word as it stands in the string, or its first 200 characters.
        word: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// So many keys still fit into a message.
const SHOWN: usize = 15;

impl SpecError {
    pub(crate) fn value(key: &'static str, value: &str, reason: impl Into<String>) -> Self {
        // An error is printed and logged; a password must be in neither.
        let shown = if key == "vncpasswd" { "…" } else { value };
        Self::Value {
            key,
            value: shortened(shown),
            reason: reason.into(),
        }
    }

    pub(crate) fn unknown(word: &str, reason: impl Into<String>) -> Self {
        Self::Unknown {
            word: shortened(word),
            reason: reason.into(),
        }
    }

    /// A flag that was given a value.
    pub(crate) fn flag_with_value(flag: &str) -> Self {
        Self::unknown(flag, "it stands alone, without = and a value")
    }

    /// A key that `device` (with its article) does not have.
    pub(crate) fn unknown_key(key: &str, device: &str, known: &[&str]) -> Self {
        let hint = match nearest(key, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.len() > SHOWN => format!(
                "it knows {} and {} more",
                known[..SHOWN].join(", "),
                known.len() - SHOWN
            ),
            None => format!("it knows {}", and(known)),
        };
        Self::unknown(key, format!("xl knows no such key for {device}; {hint}"))
    }
}

/// As much of a text as somebody needs to find it; a message of megabytes helps nobody.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST_SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// In characters.
const LONGEST_SHOWN: usize = 200;

/// A text that xl reads to the next comma, checked to come back from there as it is.
pub(crate) fn text(key: &'static str, value: &str) -> Result<String, SpecError> {
    if value.is_empty() {
        return Err(SpecError::value(
            key,
            value,
            "it is empty; leave it out to get xl's default",
        ));
    }
    may_be_empty(key, value)
}

/// As [`text`], where the empty text means something.
pub(crate) fn may_be_empty(key: &'static str, value: &str) -> Result<String, SpecError> {
    if value.contains(',') {
        return Err(SpecError::value(
            key,
            value,
            "a comma ends the value in xl, and there is no way to quote one",
        ));
    }
    no_control(key, value)
}

/// As [`text`], where xl also drops the white space around it.
pub(crate) fn trimmed(key: &'static str, value: &str) -> Result<String, SpecError> {
    if value != value.trim_matches(C_SPACE) {
        return Err(SpecError::value(
            key,
            value,
            "xl drops the white space around it; take it away",
        ));
    }
    text(key, value)
}

/// A text that may hold anything but control characters.
pub(crate) fn no_control(key: &'static str, value: &str) -> Result<String, SpecError> {
    if let Some(control) = value.chars().find(|c| c.is_control()) {
        let reason = format!(
            "it holds the control character U+{:04X}",
            u32::from(control)
        );
        return Err(SpecError::value(key, value, reason));
    }
    Ok(value.to_owned())
}

/// What C's `isspace` takes for white space.
pub(crate) const C_SPACE: [char; 6] = [' ', '\t', '\n', '\x0b', '\x0c', '\r'];
