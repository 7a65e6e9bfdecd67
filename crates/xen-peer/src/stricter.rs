//! Where xl-cfg refuses what Xen reads, on purpose: all of it.
//!
//! A difference is recognised by xl-cfg's own error and by what stands at its place. Where it can be, it is proven as
//! well: the text is repaired as Xen silently does it, and then both must read the same. So no difference hides another.

mod disks;
mod files;
mod pci;
mod rates;
mod rdm;

pub use disks::IN_DISKS;
pub use files::{IN_FILES, InFiles};
pub use pci::IN_PCI;
pub use rates::IN_RATES;
pub use rdm::IN_RDM;

use xl_cfg::SpecError;

use crate::Answer;

/// What Xen makes of a difference.
pub(crate) enum Repair {
    /// It reads this text.
    Text(Vec<u8>),
    /// It reads this in one of these places, in the place of so many bytes: which, only trying can tell.
    At(Vec<usize>, usize, String),
    /// What stands there, which xl-cfg cannot read in any other way.
    AsItStands,
}

/// A difference in reading the string of a device.
pub struct InStrings {
    /// Its name.
    pub name: &'static str,
    /// Why xl-cfg refuses it.
    pub reason: &'static str,
    /// A string that has it.
    pub example: &'static str,
    /// What Xen really reads, when the string has this difference.
    pub(crate) repair: fn(&Stricter) -> Option<Repair>,
}

/// A string that xl-cfg refuses and Xen reads.
pub(crate) struct Stricter<'a> {
    /// The string.
    pub(crate) spec: &'a str,
    /// What xl-cfg says.
    pub(crate) error: &'a SpecError,
    /// What Xen reads.
    pub(crate) theirs: &'a Answer,
}

impl Stricter<'_> {
    /// The value that is refused, when it is one of this key: up to the next comma, where the error has it cut short.
    fn value(&self, of: &str) -> Option<&str> {
        let SpecError::Value { key, value, .. } = self.error else {
            return None;
        };
        let shown = value.strip_suffix('…').unwrap_or(value);
        let (_, rest) = self.spec.split_once(shown).filter(|_| *key == of)?;
        let cut = shown.len() < value.len();
        let more = if cut {
            rest.find(',').unwrap_or(rest.len())
        } else {
            0
        };
        let start = self.spec.len() - rest.len() - shown.len();
        self.spec.get(start..start + shown.len() + more)
    }

    /// The value that is refused, when Xen has just that for this member.
    fn value_is(&self, of: &str, member: &str) -> Option<&str> {
        let (SpecError::Value { key, value, .. }, Answer::String(theirs)) =
            (self.error, self.theirs.member(member))
        else {
            return None;
        };
        let theirs = str::from_utf8(theirs).ok().filter(|_| *key == of)?;
        shows(value, theirs).then_some(theirs)
    }

    /// Whether the error is that this is missing.
    fn missing(&self, of: &str) -> bool {
        matches!(self.error, SpecError::Missing { key, .. } if *key == of)
    }

    /// The string with one occurrence of `old` made `new`; each of them in turn.
    fn with(&self, old: &str, new: &str) -> Repair {
        // A value stands between these; what looks like it within another word is not it.
        let after = |rest: &str| rest.is_empty() || rest.starts_with([',', ':', '@', '=']);
        let places = (0..self.spec.len()).filter(|&at| {
            let Some((front, rest)) = self.spec.split_at_checked(at) else {
                return false;
            };
            let before = front.is_empty() || front.ends_with([',', ':', '@', '=', ' ', '\t']);
            before && rest.strip_prefix(old).is_some_and(after)
        });
        Repair::At(places.collect(), old.len(), new.to_owned())
    }
}

/// Whether a message shows this text, perhaps cut short.
fn shows(shown: &str, text: &str) -> bool {
    shown == text
        || shown
            .strip_suffix('…')
            .is_some_and(|front| text.starts_with(front))
}
