//! The grammars inside strings against Xen's.

use std::cell::Cell;

use xl_cfg::SpecError;

use crate::outcome::{Outcome, laxer, same};
use crate::stricter::{InStrings, Repair, Stricter};
use crate::{Answer, Verdict};

/// A structure, in the shape that the shim gives it.
macro_rules! members {
    ($($name:literal: $value:expr,)+) => {
        Answer::List(vec![$(Answer::List(vec![Answer::from($name), Answer::from($value)]),)+])
    };
}

mod disk;
mod pci;
mod rate;
mod rdm;

pub use disk::{KNOWS_GRANT_USAGE, KNOWS_TRUSTED, disk, disk_written};
pub use pci::{pci_bdf, pci_spec};
pub use rate::rate;
pub use rdm::rdm;

/// What xl-cfg reads, in the shape of what Xen answers, and how it writes that.
type Ours = (Answer, Result<String, SpecError>);

/// A grammar, in xl-cfg and in Xen.
struct Grammar {
    ours: fn(&str) -> Result<Ours, SpecError>,
    /// What Xen reads; nothing when it must not be asked, with the reason.
    theirs: fn(&str) -> Result<Verdict, &'static str>,
    differences: &'static [InStrings],
}

/// Each repair takes one mistake away, and which place it stands at takes some trying; no honest string needs so many.
const REPAIRS: u32 = 300;

impl Grammar {
    fn compare(&self, spec: &str) -> Outcome {
        self.compare_or_repair(spec, &Cell::new(REPAIRS))
    }

    fn compare_or_repair(&self, spec: &str, repairs: &Cell<u32>) -> Outcome {
        if spec.contains('\0') {
            // Xen's parsers take C strings; a file cannot give them one with a NUL.
            return Outcome::Unasked("a NUL");
        }
        let theirs = match (self.theirs)(spec) {
            Ok(theirs) => theirs,
            Err(why) => {
                return match (self.ours)(spec) {
                    Ok((ours, _)) => Outcome::Disagreement(format!(
                        "xl-cfg reads {ours:?}\nXen must not even be asked: {why}"
                    )),
                    Err(_) => Outcome::Unasked(why),
                };
            }
        };
        match ((self.ours)(spec), &theirs) {
            (Ok((ours, written)), Verdict::Accepted(theirs)) => match same(&ours, theirs) {
                Outcome::Accepted => self.written(written, theirs),
                other => other,
            },
            (Ok(_), _) => laxer(&theirs),
            (Err(error), Verdict::Accepted(theirs)) => {
                let stricter = Stricter {
                    spec,
                    error: &error,
                    theirs,
                };
                self.known(&stricter, repairs).unwrap_or_else(|| {
                    Outcome::Disagreement(format!("xl-cfg: {error}\nXen reads {theirs:?}"))
                })
            }
            (Err(_), _) => Outcome::Refused,
        }
    }

    /// Whether Xen reads this in what xl-cfg has written.
    fn written(&self, written: Result<String, SpecError>, meant: &Answer) -> Outcome {
        match written {
            Err(error) => {
                Outcome::Disagreement(format!("xl-cfg reads it and cannot write it: {error}"))
            }
            Ok(spec) => match (self.theirs)(&spec) {
                Ok(Verdict::Accepted(theirs)) if theirs == *meant => Outcome::Accepted,
                theirs => Outcome::Disagreement(format!(
                    "xl-cfg means  {meant:?}\nand writes    {spec:?}\nXen reads     {theirs:?}"
                )),
            },
        }
    }

    /// The difference that it is.
    fn known(&self, stricter: &Stricter, repairs: &Cell<u32>) -> Option<Outcome> {
        repairs.set(repairs.get().checked_sub(1)?);
        let good = |spec: &str| {
            matches!(
                self.compare_or_repair(spec, repairs),
                Outcome::Accepted | Outcome::Stricter(_)
            )
        };
        let proven = |difference: &InStrings| match (difference.repair)(stricter) {
            None => false,
            Some(Repair::AsItStands) => true,
            Some(Repair::At(places, length, new)) => places.iter().any(|&at| {
                let spec = stricter.spec;
                good(&[&spec[..at], &new, &spec[at + length..]].concat())
            }),
            // Xen must read the repaired string as it reads this one.
            Some(Repair::Text(spec)) => str::from_utf8(&spec).is_ok_and(|spec| {
                good(spec) && (self.theirs)(spec) == Ok(Verdict::Accepted(stricter.theirs.clone()))
            }),
        };
        let difference = self
            .differences
            .iter()
            .find(|difference| proven(difference))?;
        Some(Outcome::Stricter(difference.name))
    }
}
