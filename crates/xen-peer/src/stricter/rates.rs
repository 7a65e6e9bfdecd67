//! Differences in reading a vif's rate.

use super::{InStrings, Repair};
use crate::Answer;

/// The differences in reading a vif's rate.
pub const IN_RATES: &[InStrings] = &[
    InStrings {
        name: "a rate of not one byte",
        reason: "a guest that may send nothing in an interval never sends",
        example: "1b/s",
        repair: |stricter| {
            let none = *stricter.theirs.member("rate_bytes_per_interval") == Answer::Integer(0);
            none.then_some(Repair::AsItStands)
        },
    },
    InStrings {
        name: "a digit that is not octal",
        reason: "after a leading zero Xen reads up to the first 8 or 9, and takes that for the unit",
        example: "0789000b/s@1s",
        repair: |stricter| {
            let numbers = stricter.spec.split('@');
            let mut digits =
                numbers.map(|number| number.trim_end_matches(|c: char| !c.is_ascii_digit()));
            let octal = |digits: &str| digits.starts_with('0') && digits.contains(['8', '9']);
            digits.any(octal).then_some(Repair::AsItStands)
        },
    },
];
