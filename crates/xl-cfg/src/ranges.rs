//! Sets of numbers, kept as ranges.

use std::collections::BTreeMap;
use std::fmt;

use crate::SpecError;
use crate::number::decimal;

/// A set of numbers. What it takes grows with the number of ranges, not of numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Ranges {
    /// The last number of each range by its first. They neither overlap nor touch.
    last_by_first: BTreeMap<u32, u32>,
}

impl Ranges {
    pub(crate) fn is_empty(&self) -> bool {
        self.last_by_first.is_empty()
    }

    /// The ranges, each with its first and last number.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, u32)> {
        self.last_by_first
            .iter()
            .map(|(first, last)| (*first, *last))
    }

    pub(crate) fn insert(&mut self, mut first: u32, mut last: u32) {
        // Every range that overlaps or touches becomes part of this one.
        while let Some((other_first, other_last)) = self.at_or_before(last.saturating_add(1)) {
            if other_last.saturating_add(1) < first {
                break;
            }
            first = first.min(other_first);
            last = last.max(other_last);
            self.last_by_first.remove(&other_first);
        }
        self.last_by_first.insert(first, last);
    }

    pub(crate) fn remove(&mut self, first: u32, last: u32) {
        while let Some((other_first, other_last)) = self.at_or_before(last) {
            if other_last < first {
                break;
            }
            self.last_by_first.remove(&other_first);
            if last < other_last {
                self.last_by_first.insert(last + 1, other_last);
            }
            if other_first < first {
                self.last_by_first.insert(other_first, first - 1);
            }
        }
    }

    pub(crate) fn overlaps(&self, first: u32, last: u32) -> bool {
        self.at_or_before(last)
            .is_some_and(|(_, other_last)| other_last >= first)
    }

    fn at_or_before(&self, number: u32) -> Option<(u32, u32)> {
        let (first, last) = self.last_by_first.range(..=number).next_back()?;
        Some((*first, *last))
    }
}

/// `0-3,5`.
impl fmt::Display for Ranges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (first, last)) in self.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{}", Range(first, last))?;
        }
        Ok(())
    }
}

/// `0-3`, or `5` alone.
pub(crate) struct Range(pub(crate) u32, pub(crate) u32);

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == self.1 {
            write!(f, "{}", self.0)
        } else {
            write!(f, "{}-{}", self.0, self.1)
        }
    }
}

/// Reads `5` or `0-3`, as `parse_range` in `xl_parse.c` does.
pub(crate) fn range(key: &'static str, text: &str) -> Result<(u32, u32), SpecError> {
    let number = |digits| decimal(key, digits, 0..=u32::MAX);
    let Some((first, last)) = text.split_once('-') else {
        let only = number(text)?;
        return Ok((only, only));
    };
    let (first, last) = (number(first)?, number(last)?);
    if last < first {
        return Err(SpecError::value(key, text, "the range goes down"));
    }
    Ok((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn as_a_set_of_numbers(steps in prop::collection::vec((any::<bool>(), 0..40_u32, 0..10_u32), 0..20)) {
            let (mut ranges, mut numbers) = (Ranges::default(), BTreeSet::new());
            for (insert, first, more) in steps {
                let last = first + more;
                if insert {
                    ranges.insert(first, last);
                    numbers.extend(first..=last);
                } else {
                    ranges.remove(first, last);
                    numbers.retain(|number| !(first..=last).contains(number));
                }
                let listed: Vec<u32> = ranges.iter().flat_map(|(first, last)| first..=last).collect();
                prop_assert_eq!(&listed, &numbers.iter().copied().collect::<Vec<_>>());
                let touching = ranges.iter().zip(ranges.iter().skip(1)).any(|(a, b)| a.1 + 1 == b.0);
                prop_assert!(!touching, "{}", ranges);
            }
        }
    }

    #[test]
    fn at_the_ends() {
        let mut ranges = Ranges::default();
        ranges.insert(0, u32::MAX);
        ranges.remove(0, 0);
        ranges.remove(u32::MAX, u32::MAX);
        assert_eq!(ranges.to_string(), "1-4294967294");
        ranges.insert(u32::MAX, u32::MAX);
        assert_eq!(ranges.to_string(), "1-4294967295");
    }
}
