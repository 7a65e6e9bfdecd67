//! What comes of asking both about one text.

use crate::Verdict;

/// What xl-cfg and Xen make of one text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Both read it, and the same.
    Accepted,
    /// Both refuse it.
    Refused,
    /// Xen reads it, xl-cfg refuses it, and means to: the name of the difference in [`crate::stricter`].
    Stricter(&'static str),
    /// xl-cfg reads it and warns that Xen does not, and Xen does not: what.
    Warned(&'static str),
    /// Xen's parser cannot be asked about it: the reason. xl-cfg refuses it.
    Unasked(&'static str),
    /// Anything else.
    Disagreement(String),
}

/// What xl-cfg and Xen understand must be the same.
pub(crate) fn same<T: PartialEq + std::fmt::Debug>(ours: &T, theirs: &T) -> Outcome {
    if ours == theirs {
        Outcome::Accepted
    } else {
        Outcome::Disagreement(format!("xl-cfg reads {ours:?}\nXen reads    {theirs:?}"))
    }
}

/// xl-cfg accepts, Xen does not.
pub(crate) fn laxer(theirs: &Verdict) -> Outcome {
    let xen = match theirs {
        Verdict::Refused(message) => format!("refuses it: {message}"),
        Verdict::Died => "ends the process".to_owned(),
        Verdict::Accepted(answer) => format!("reads {answer:?}"),
    };
    Outcome::Disagreement(format!("xl-cfg accepts it, Xen {xen}"))
}
