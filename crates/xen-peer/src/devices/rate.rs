//! Rates of vifs.

use xl_cfg::vif::Rate;

use super::Grammar;
use crate::Answer;
use crate::outcome::Outcome;
use crate::stricter::IN_RATES;

/// Whether both accept a vif's rate and understand the same, or both refuse it.
#[must_use]
pub fn rate(spec: &str) -> Outcome {
    RATE.compare(spec)
}

const RATE: Grammar = Grammar {
    ours: |spec| {
        let rate: Rate = spec.parse()?;
        let product = u128::from(rate.bytes_per_second()) * u128::from(rate.interval_us());
        let bytes = u64::try_from(product / 1_000_000).unwrap_or(u64::MAX);
        let answer = members! {
            "rate_bytes_per_interval": Answer::Integer(bytes.cast_signed()),
            "rate_interval_usecs": Answer::Integer(rate.interval_us().into()),
        };
        Ok((answer, Ok(rate.to_string())))
    },
    theirs: |spec| Ok(crate::rate(spec.as_bytes())),
    differences: IN_RATES,
};
