//! Differences in reading reserved device memory.

use xl_cfg::SpecError;

use super::{InStrings, Repair};
use crate::Answer;

/// The differences in reading `rdm`.
pub const IN_RDM: &[InStrings] = &[
    InStrings {
        name: "a policy that there is not",
        reason: "Xen's parser gives up at each policy that it knows, and goes on at each that it does not",
        example: "strategy=host,policy=foo",
        repair: |stricter| {
            let policy = stricter.value("policy")?;
            let unknown = !["strict", "relaxed"]
                .iter()
                .any(|word| policy.eq_ignore_ascii_case(word));
            let unread = *stricter.theirs.member("policy") == Answer::from("invalid");
            (unknown && unread).then_some(Repair::AsItStands)
        },
    },
    InStrings {
        name: "a key of rdm twice",
        reason: "Xen takes the last",
        example: "strategy=host,strategy=host",
        repair: |stricter| {
            let twice = |key: &str| {
                stricter
                    .spec
                    .split(',')
                    .filter(|word| word.starts_with(key))
                    .count()
                    > 1
            };
            match stricter.error {
                SpecError::Twice { key } if twice(key) => Some(Repair::AsItStands),
                _ => None,
            }
        },
    },
];
