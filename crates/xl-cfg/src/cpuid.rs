//! The grammar of `cpuid`.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::SpecError;
use crate::grammar::Spelling;
use crate::nearest::nearest;
use crate::words::words;

mod leaf;
mod names;

pub use leaf::{Leaf, Mask, Register};

/// What a guest sees of the processor's features.
///
/// By xl.cfg(5), the branch for `cpuid` in `parse_config_data` of `xl_parse.c`, `libxl_cpuid_parse_config` and
/// `libxl_cpuid_parse_config_xend` in `libxl_cpuid.c`. A string names features (`host,tm=0,sse3=0`); a list gives
/// registers bit by bit (`1:ecx=xxx…`). Older names of a feature (`sse4_1`, `tm`) become those of Xen's header
/// (`sse4-1`, `tm1`).
///
/// # Stricter than xl
///
/// - Whatever xl prints an error about and then ignores: an unknown feature (Xen 4.17 knows some fewer than this
///   table), a value that there is not, a first word other than `host`, a list item that cannot be read.
/// - A feature or register given twice: xl takes the last.
/// - A number too large for its field, of which xl takes the low bits; another number than 0 and 1 for a single bit.
/// - Anything between a register's name and its `=`, a bit other than `0`, `1`, `x`, `k` and `s`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cpuid {
    /// Features by name, on top of what the host has.
    Features(BTreeMap<CpuidKey, CpuidValue>),
    /// Registers bit by bit.
    Leaves(BTreeMap<Leaf, BTreeMap<Register, Mask>>),
}

/// The name of a feature that xl knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CpuidKey(&'static str);

/// What a feature is set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CpuidValue {
    /// A single bit, or every bit of a number alike.
    Bit(CpuidBit),
    /// A number, for the keys that take one.
    Number(u32),
}

words! {
    /// What happens to a bit. The old `s` is read as `k`.
    pub enum CpuidBit: exact "bit" {
        /// It is 0.
        Clear = "0",
        /// It is 1.
        Set = "1",
        /// It is what Xen thinks safe.
        Default = "x",
        /// It is what the host has.
        Host = "k",
    }
}

impl CpuidBit {
    fn of(letter: char) -> Option<Self> {
        match letter {
            '0' => Some(Self::Clear),
            '1' => Some(Self::Set),
            'x' => Some(Self::Default),
            'k' | 's' => Some(Self::Host),
            _ => None,
        }
    }
}

impl CpuidKey {
    /// The name as libxl spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// The largest number that it takes, if it takes one.
    #[must_use]
    pub fn largest_number(self) -> Option<u32> {
        let (name, bits) = names::NUMBERS.iter().find(|(name, _)| *name == self.0)?;
        Some(match *name {
            // Spread over two fields of which the second counts from the first's last value (`cpuid_add`).
            "family" => 15 + 255,
            _ => u32::MAX >> (32 - bits),
        })
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        let numbers = names::NUMBERS.iter().map(|(name, _)| *name);
        numbers
            .chain(names::BITS.split_ascii_whitespace())
            .map(Self)
    }
}

impl FromStr for CpuidKey {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        let alias = names::ALIASES.iter().find(|(old, _)| *old == text);
        let name = alias.map_or(text, |(_, name)| *name);
        Self::all().find(|known| known.0 == name).ok_or_else(|| {
            let known: Vec<&str> = Self::all().map(Self::as_str).collect();
            let hint = nearest(text, &known)
                .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            SpecError::unknown(text, format!("xl knows no such processor feature{hint}"))
        })
    }
}

impl fmt::Display for CpuidKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Display for CpuidValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bit(bit) => bit.fmt(f),
            Self::Number(number) => number.fmt(f),
        }
    }
}

impl CpuidValue {
    fn read(key: CpuidKey, text: &str) -> Result<Self, SpecError> {
        let mut letters = text.chars();
        if let (Some(letter), None) = (letters.next(), letters.next())
            && (key.largest_number().is_none() || !letter.is_ascii_digit())
            && let Some(bit) = CpuidBit::of(letter)
        {
            return Ok(Self::Bit(bit));
        }
        match key.largest_number() {
            Some(largest) => crate::number::any_base(key.0, text, 0..=largest).map(Self::Number),
            None => Err(bad_bit(key, text)),
        }
    }

    fn check(self, key: CpuidKey) -> Result<(), SpecError> {
        match (self, key.largest_number()) {
            (Self::Bit(_), None) | (Self::Bit(CpuidBit::Default | CpuidBit::Host), Some(_)) => {
                Ok(())
            }
            (Self::Number(number), Some(largest)) if number <= largest => Ok(()),
            (_, Some(largest)) => {
                let reason = format!("it takes a number from 0 to {largest}, x or k");
                Err(SpecError::value(key.0, &self.to_string(), reason))
            }
            (_, None) => Err(bad_bit(key, &self.to_string())),
        }
    }
}

fn bad_bit(key: CpuidKey, text: &str) -> SpecError {
    SpecError::value(
        key.0,
        text,
        "xl knows 0, 1, x (what is safe) and k (what the host has)",
    )
}

impl Cpuid {
    /// Reads the string with names.
    ///
    /// # Errors
    ///
    /// When xl would ignore part of it or all.
    pub fn parse(text: &str) -> Result<Self, SpecError> {
        let mut words = text.split(',').filter(|word| !word.is_empty());
        if words.next() != Some("host") {
            return Err(SpecError::value(
                "cpuid",
                text,
                "the first word must be host; xl would ignore it all",
            ));
        }
        let mut features = BTreeMap::new();
        for word in words {
            let Some((key, value)) = word.split_once('=') else {
                return Err(SpecError::unknown(word, "it needs a value, like tm1=0"));
            };
            if key.starts_with(' ') {
                return Err(SpecError::unknown(
                    word,
                    "xl takes no space here; take it away",
                ));
            }
            let key: CpuidKey = key.parse()?;
            if features
                .insert(key, CpuidValue::read(key, value)?)
                .is_some()
            {
                return Err(SpecError::Twice { key: key.0 });
            }
        }
        Ok(Self::Features(features))
    }

    /// Reads the list with registers.
    ///
    /// # Errors
    ///
    /// When xl would ignore part of it.
    pub fn parse_list(items: &[&str]) -> Result<Self, SpecError> {
        let mut leaves: BTreeMap<Leaf, BTreeMap<Register, Mask>> = BTreeMap::new();
        for item in items {
            let (leaf, registers) = leaf::read(item)?;
            let known = leaves.entry(leaf).or_default();
            for (register, mask) in registers {
                if known.insert(register, mask).is_some() {
                    let key = register.as_str();
                    return Err(SpecError::Twice { key });
                }
            }
        }
        Ok(Self::Leaves(leaves))
    }

    /// The string or the list for xl.
    ///
    /// # Errors
    ///
    /// When a value does not go with its key, or a leaf has no register.
    pub fn to_spec(&self) -> Result<Spelling, SpecError> {
        match self {
            Self::Features(features) => {
                let mut text = "host".to_owned();
                for (key, value) in features {
                    value.check(*key)?;
                    text.extend([",", key.0, "=", &value.to_string()]);
                }
                Ok(Spelling::Text(text))
            }
            Self::Leaves(leaves) => {
                let items = leaves
                    .iter()
                    .map(|(leaf, registers)| leaf::write(*leaf, registers));
                items.collect::<Result<_, _>>().map(Spelling::List)
            }
        }
    }
}
