//! Reserved device memory.

use xl_cfg::pci::RdmPolicy;
use xl_cfg::rdm::{Rdm, RdmStrategy};

use super::Grammar;
use crate::Answer;
use crate::Verdict;
use crate::outcome::Outcome;
use crate::stricter::IN_RDM;

/// Whether both accept the string of `rdm` and understand the same, or both refuse it, or xl-cfg says that xl ignores it
/// and Xen's parser does refuse it.
#[must_use]
pub fn rdm(spec: &str) -> Outcome {
    let ignored = Rdm::parse(spec).ok().and_then(Rdm::ignored_by_xl);
    match (ignored, crate::rdm(spec.as_bytes())) {
        (Some(_), Verdict::Refused(_)) => Outcome::Warned("a policy of rdm, at which Xen gives up"),
        _ => RDM.compare(spec),
    }
}

const RDM: Grammar = Grammar {
    ours: |spec| {
        let rdm = Rdm::parse(spec)?;
        let answer = members! {
            "strategy": rdm.strategy.map_or("ignore", RdmStrategy::as_str),
            "policy": rdm.policy.map_or("invalid", RdmPolicy::as_str),
        };
        Ok((answer, rdm.to_spec()))
    },
    theirs: |spec| Ok(crate::rdm(spec.as_bytes())),
    differences: IN_RDM,
};
