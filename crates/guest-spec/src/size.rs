//! Sizes with their units.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A size in bytes, written as a whole number and a unit: `"512MiB"`, `"4G"`.
///
/// K, M, G and T are powers of 1024, with or without `iB`, as for `truncate(1)` and `qemu-img(1)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(u64);

/// Why a text is not a size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a size: write a whole number and a unit (KiB, MiB, GiB, TiB), such as \"4GiB\""
)]
pub struct SizeError {
    /// What was given.
    pub text: String,
}

const UNITS: [(char, u32); 4] = [('K', 10), ('M', 20), ('G', 30), ('T', 40)];

impl ByteSize {
    /// A size of so many bytes.
    #[must_use]
    pub const fn from_bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// The number of bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

impl FromStr for ByteSize {
    type Err = SizeError;

    fn from_str(text: &str) -> Result<Self, SizeError> {
        let error = || SizeError {
            text: text.to_owned(),
        };
        let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
        let unit = &text[digits.len()..];
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(error());
        }
        let shift = UNITS
            .iter()
            .find(|(letter, _)| {
                unit.strip_prefix(*letter)
                    .is_some_and(|rest| rest.is_empty() || rest == "iB")
            })
            .map(|(_, shift)| *shift)
            .ok_or_else(error)?;
        let number: u64 = digits.parse().map_err(|_| error())?;
        match number.checked_mul(1 << shift) {
            Some(bytes) if bytes > 0 && i64::try_from(bytes).is_ok() => Ok(Self(bytes)),
            _ => Err(error()),
        }
    }
}

impl fmt::Display for ByteSize {
    /// The largest unit that divides the size: `4GiB`, `1536MiB`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = UNITS
            .iter()
            .rev()
            .find(|(_, shift)| self.0 != 0 && self.0.is_multiple_of(1 << shift));
        match unit {
            Some((letter, shift)) => write!(f, "{}{letter}iB", self.0 >> shift),
            None => write!(f, "{} bytes", self.0),
        }
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for ByteSize {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ByteSize".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^[0-9]*[1-9][0-9]*[KMGT](iB)?$",
            "description": "A whole number and a unit, a power of 1024: \"512MiB\", \"4G\""
        })
    }
}

/// A positive number of MiB, as `memory` and `maxmem` of xl.cfg count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Mib(#[schemars(range(min = 1, max = 2_147_483_647))] u32);

impl Mib {
    /// So many MiB; `None` for zero and for what libxl cannot hold (it counts KiB in 64 bits, and
    /// xl reads the number as a C `long` that it multiplies by 1024).
    #[must_use]
    pub const fn new(mib: u32) -> Option<Self> {
        if mib == 0 || mib > i32::MAX as u32 {
            None
        } else {
            Some(Self(mib))
        }
    }

    /// The number of MiB.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Mib {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} MiB", self.0)
    }
}

impl<'de> Deserialize<'de> for Mib {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = i64::deserialize(deserializer)?;
        u32::try_from(number).ok().and_then(Self::new).ok_or_else(|| {
            serde::de::Error::custom(format_args!(
                "{number} is not a positive number of MiB: write how much memory the guest gets, such as 512"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_each_unit() {
        let bytes = |text: &str| text.parse::<ByteSize>().map(ByteSize::bytes);
        assert_eq!(bytes("1K"), Ok(1024));
        assert_eq!(bytes("3MiB"), Ok(3 << 20));
        assert_eq!(bytes("4GiB"), Ok(4 << 30));
        assert_eq!(bytes("2T"), Ok(2 << 40));
    }

    #[test]
    fn refuses_what_is_no_size() {
        for text in [
            "",
            "4",
            "4 gigs",
            "4GB",
            "4 GiB",
            "-1G",
            "0G",
            "1.5G",
            "G",
            "99999999999T",
            "4Gi",
            "٤G",
        ] {
            assert!(text.parse::<ByteSize>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn shows_what_it_reads(kib in 1_u64..(1 << 50)) {
            let size = ByteSize::from_bytes(kib << 10);
            prop_assert_eq!(size.to_string().parse::<ByteSize>().unwrap(), size);
        }
    }
}
