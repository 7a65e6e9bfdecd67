//! What a key's value has to look like.

use crate::{Grammar, Value};

/// What xl reads from a key's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Text, taken as it is.
    Text,
    /// The path of a file in the Dom0.
    Path,
    /// A UUID, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`, in small or large hexadecimal digits.
    Uuid,
    /// A whole number by C's `strtol` with base 0, so `0x10` is 16 and `010` is 8.
    Integer(Range),
    /// A number: 0 is no, any other is yes. xl warns about anything else, such as `"yes"`, and keeps the default.
    Boolean,
    /// One of some words.
    Words(Words),
    /// Some of these letters, one after the other.
    Letters(&'static str),
    /// A string that xl reads further.
    Spec(Grammar),
    /// A list of this.
    List(&'static Shape),
    /// Any of these; xl tries them in this order.
    Either(&'static [Shape]),
    /// What xl still reads and warns about.
    Old(&'static Shape),
}

/// The numbers that make sense, and what they count.
///
/// xl itself looks at the bounds of few keys, and cuts the others to the size of the field that holds them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The smallest.
    pub min: i64,
    /// The largest.
    pub max: i64,
    /// What is counted, such as `MiB`; empty for a bare number.
    pub unit: &'static str,
}

/// The words of an enumeration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words {
    /// Those of every Xen that has the key, up to the newest.
    pub always: &'static [&'static str],
    /// Those that came later, with the minor version (4.N) that knew them first.
    pub later: &'static [(&'static str, u32)],
    /// Those that are gone, with the last minor version that took them.
    pub gone: &'static [(&'static str, u32)],
    /// How xl compares.
    pub matching: Matching,
}

/// How xl compares a value with a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matching {
    /// By `strcmp`: the word as it is.
    Exact,
    /// By `strcasecmp`, as all of libxl's `…_from_string` do: large and small letters are the same.
    AnyCase,
    /// By `strncmp` with the value's length: any beginning of a word is taken for it, and the empty string for the
    /// first. To write less than the whole word is a mistake that xl does not see.
    Prefix,
    /// Not at all: xl passes the text on, and QEMU looks at it when the guest starts.
    Qemu,
}

impl Words {
    /// Those of a Xen, by its minor version; of the newest when there is none.
    pub fn of(&self, minor: Option<u32>) -> impl Iterator<Item = &'static str> {
        let later = self
            .later
            .iter()
            .filter(move |(_, since)| minor.is_none_or(|minor| minor >= *since));
        let gone = self
            .gone
            .iter()
            .filter(move |(_, until)| minor.is_some_and(|minor| minor <= *until));
        let dated = later.chain(gone).map(|(word, _)| *word);
        self.always.iter().copied().chain(dated)
    }

    fn take(&self, text: &str) -> bool {
        let dated = self.later.iter().chain(self.gone).map(|(word, _)| *word);
        let mut all = self.always.iter().copied().chain(dated);
        match self.matching {
            Matching::Exact => all.any(|word| word == text),
            Matching::AnyCase => all.any(|word| word.eq_ignore_ascii_case(text)),
            Matching::Prefix => all.any(|word| word.starts_with(text)),
            Matching::Qemu => true,
        }
    }
}

impl Shape {
    /// Whether xl takes the value for this, in some Xen; what is inside a grammar's string is not looked at.
    #[must_use]
    pub fn fits(&self, value: &Value) -> bool {
        match self {
            Self::Text | Self::Path | Self::Spec(_) => value.as_text().is_some(),
            Self::Uuid => value.as_text().is_some_and(|text| is_uuid(&text)),
            Self::Integer(range) => value
                .as_integer()
                .is_some_and(|number| (range.min..=range.max).contains(&number)),
            Self::Boolean => value.as_integer().is_some(),
            Self::Words(words) => value.as_text().is_some_and(|text| words.take(&text)),
            Self::Letters(letters) => value
                .as_text()
                .is_some_and(|text| text.chars().all(|letter| letters.contains(letter))),
            Self::List(item) => value
                .as_list()
                .is_some_and(|items| items.iter().all(|value| item.fits(value))),
            Self::Either(shapes) => shapes.iter().any(|shape| shape.fits(value)),
            Self::Old(shape) => shape.fits(value),
        }
    }

    /// The grammars in it.
    #[must_use]
    pub fn grammars(&self) -> Vec<Grammar> {
        match self {
            Self::Spec(grammar) => vec![*grammar],
            Self::List(shape) | Self::Old(shape) => shape.grammars(),
            Self::Either(shapes) => shapes.iter().flat_map(Self::grammars).collect(),
            _ => Vec::new(),
        }
    }
}

/// As `uuid_parse` of libuuid reads it, which libxl calls on Linux.
fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// A whole number in a range of a unit.
pub(super) const fn int(min: i64, max: i64, unit: &'static str) -> Shape {
    Shape::Integer(Range { min, max, unit })
}

/// A number of mebibytes; xl counts in kibibytes, in a C `long`.
pub(super) const MIB: Shape = int(0, i64::MAX / 1024, "MiB");

/// Words that xl compares letter by letter.
pub(super) const fn exact(always: &'static [&'static str]) -> Words {
    Words {
        always,
        later: &[],
        gone: &[],
        matching: Matching::Exact,
    }
}

/// Words that libxl compares without regard to case.
pub(super) const fn any_case(always: &'static [&'static str]) -> Words {
    Words {
        matching: Matching::AnyCase,
        ..exact(always)
    }
}

/// Words of which xl takes any beginning.
pub(super) const fn prefix(always: &'static [&'static str]) -> Words {
    Words {
        matching: Matching::Prefix,
        ..exact(always)
    }
}
