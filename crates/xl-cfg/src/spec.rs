//! What the device strings have in common.

/// A device string (`disk = [ … ]`, `vif = [ … ]`) that cannot be written or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// A value that the string cannot carry.
    #[error("{key} `{}`: {reason}", value.escape_debug())]
    Value {
        /// The key of the device string, such as `target` or `bridge`.
        key: &'static str,
        /// The value as it was given.
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
    /// A key given twice, with different values.
    #[error("{key} is given twice")]
    Twice {
        /// The key of the device string.
        key: &'static str,
    },
    /// A word that xl does not know at that place.
    #[error("`{}`: {reason}", word.escape_debug())]
    Unknown {
        /// The word as it stands in the string.
        word: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl SpecError {
    pub(crate) fn value(key: &'static str, value: &str, reason: impl Into<String>) -> Self {
        Self::Value {
            key,
            value: value.to_owned(),
            reason: reason.into(),
        }
    }

    pub(crate) fn unknown(word: &str, reason: impl Into<String>) -> Self {
        Self::Unknown {
            word: word.to_owned(),
            reason: reason.into(),
        }
    }
}
