//! The VLANs of a network interface.

use std::fmt;
use std::str::FromStr;

use crate::SpecError;
use crate::number::decimal;

/// The `vlan` of a network interface, since Xen 4.19: terms like `10p`, `20`, `100-110u` and `100+10x4`, joined by `/`.
///
/// By xl-network-configuration(5). xl hands the text unread to the hotplug script.
///
/// # Stricter than xl
///
/// What the manual does not allow is refused here, because the script would fail only when the guest starts: a number
/// that is no VLAN, a range that goes down, no primary VLAN or two.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Vlans(Vec<VlanTerm>);

/// One or more VLANs of a [`Vlans`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct VlanTerm {
    /// The first VLAN, 1 to 4094.
    pub first: u16,
    /// The distance from one to the next; 1 for a single VLAN and for a range.
    pub step: u16,
    /// How many come after the first; 0 for a single VLAN.
    pub more: u16,
    /// How frames leave and enter.
    pub tagging: Tagging,
}

/// How frames of a VLAN leave and enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tagging {
    /// With the VLAN's tag.
    Tagged,
    /// Without: `u`.
    Untagged,
    /// Without, and what enters without a tag belongs here: `p`, for one single VLAN.
    Primary,
}

const LAST: u16 = 4094;

impl Vlans {
    /// These VLANs. A single one is the primary one.
    ///
    /// # Errors
    ///
    /// When a number is no VLAN, or not exactly one is the primary one.
    pub fn new(mut terms: Vec<VlanTerm>) -> Result<Self, SpecError> {
        if let [only] = terms.as_mut_slice()
            && only.more == 0
        {
            only.tagging = Tagging::Primary;
        }
        for term in &mut terms {
            if term.more == 0 {
                term.step = 1;
            }
        }
        let vlans = Self(terms);
        let error = |reason: &str| Err(SpecError::value("vlan", &vlans.to_string(), reason));
        let mut primary = 0;
        for term in &vlans.0 {
            let last = u32::from(term.first) + u32::from(term.step) * u32::from(term.more);
            if term.first == 0 || term.step == 0 || last > LAST.into() {
                return error("a VLAN is a number from 1 to 4094");
            }
            if term.tagging == Tagging::Primary {
                primary += 1;
                if term.more > 0 {
                    return error("only a single VLAN can be the primary one (p)");
                }
            }
        }
        if primary != 1 {
            return error("exactly one VLAN must be the primary one: put p after it, like 10p/20");
        }
        Ok(vlans)
    }

    /// The terms.
    #[must_use]
    pub fn terms(&self) -> &[VlanTerm] {
        &self.0
    }
}

impl FromStr for Vlans {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        let terms = text.split('/').map(term).collect::<Result<_, _>>()?;
        Self::new(terms)
    }
}

fn term(text: &str) -> Result<VlanTerm, SpecError> {
    let number = |digits| decimal("vlan", digits, 1..=LAST);
    let (numbers, tagging) = if let Some(numbers) = text.strip_suffix('p') {
        (numbers, Tagging::Primary)
    } else if let Some(numbers) = text.strip_suffix('u') {
        (numbers, Tagging::Untagged)
    } else {
        (text, Tagging::Tagged)
    };
    let (first, step, more) = if let Some((first, last)) = numbers.split_once('-') {
        let (first, last) = (number(first)?, number(last)?);
        if last < first {
            return Err(SpecError::value("vlan", text, "the range goes down"));
        }
        (first, 1, last - first)
    } else if let Some((first, rest)) = numbers.split_once('+') {
        let Some((step, more)) = rest.split_once('x') else {
            return Err(SpecError::value(
                "vlan",
                text,
                "after + stand the distance, x, and how many more: 100+10x4",
            ));
        };
        (number(first)?, number(step)?, number(more)?)
    } else {
        (number(numbers)?, 1, 0)
    };
    Ok(VlanTerm {
        first,
        step,
        more,
        tagging,
    })
}

impl fmt::Display for Vlans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, term) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("/")?;
            }
            match (term.step, term.more) {
                (_, 0) => write!(f, "{}", term.first)?,
                (1, more) => write!(
                    f,
                    "{}-{}",
                    term.first,
                    u32::from(term.first) + u32::from(more)
                )?,
                (step, more) => write!(f, "{}+{step}x{more}", term.first)?,
            }
            f.write_str(match term.tagging {
                Tagging::Tagged => "",
                Tagging::Untagged => "u",
                Tagging::Primary => "p",
            })?;
        }
        Ok(())
    }
}
