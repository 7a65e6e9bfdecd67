//! How fast a guest may send.

use std::fmt;
use std::str::FromStr;

use crate::SpecError;

/// The `rate` of a network interface: so many bytes a second, topped up once an interval.
///
/// By `xlu_vif_parse_rate` in `libxlu_vif.c`: `NUMBER[GMK](B|b)/s[@NUMBER[u|m][s]]`, where `B` is a byte, `b` a bit, `K`
/// is 1000, and an interval without a unit is in seconds (the manual says microseconds; the code is what counts). Numbers
/// are read with `strtoull` and base 0, so that one with a leading zero is octal, and stop at 4294967295.
///
/// # Stricter than xl
///
/// - Less than 8 bits a second, of which xl makes no bytes at all.
/// - A number with a digit that its base does not have, such as `08`: xl stops there and takes the rest for the unit.
/// - An interval in which not one byte is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rate {
    bytes_per_second: u64,
    interval_us: u32,
}

/// What xl takes when there is no `@`.
const DEFAULT_INTERVAL_US: u32 = 50_000;

/// The units of a rate: how many bytes it stands for, times 8, and its spelling. The first that fits is written.
const UNITS: [(u64, &str); 7] = [
    (8_000_000_000, "GB"),
    (8_000_000, "MB"),
    (8_000, "KB"),
    (8, "B"),
    (1_000_000_000, "Gb"),
    (1_000_000, "Mb"),
    (1_000, "Kb"),
];

impl Rate {
    /// A rate, topped up every 50 ms.
    ///
    /// # Errors
    ///
    /// When no number and unit of xl give that rate: none at all, or too many digits.
    pub fn new(bytes_per_second: u64) -> Result<Self, SpecError> {
        Self::with_interval(bytes_per_second, DEFAULT_INTERVAL_US)
    }

    /// A rate, topped up every so many microseconds.
    ///
    /// # Errors
    ///
    /// When no number and unit of xl give that rate, or a product that xl forms does not fit into 64 bits.
    pub fn with_interval(bytes_per_second: u64, interval_us: u32) -> Result<Self, SpecError> {
        let error = |reason| SpecError::value("rate", &bytes_per_second.to_string(), reason);
        if bytes_per_second == 0 || interval_us == 0 {
            return Err(error(
                "it must be at least one byte in a second and an interval",
            ));
        }
        let Some(product) = bytes_per_second.checked_mul(interval_us.into()) else {
            return Err(error(
                "xl cannot multiply it by the interval; make one of them smaller",
            ));
        };
        if product < 1_000_000 {
            return Err(error(
                "it allows not one byte in an interval; make the interval longer",
            ));
        }
        if scaled(bytes_per_second).is_none() {
            return Err(error(
                "xl takes at most 4294967295 of a unit; round it to whole kilobytes",
            ));
        }
        Ok(Self {
            bytes_per_second,
            interval_us,
        })
    }

    /// The rate in bytes a second.
    #[must_use]
    pub fn bytes_per_second(self) -> u64 {
        self.bytes_per_second
    }

    /// How often the guest gets what it may send, in microseconds.
    #[must_use]
    pub fn interval_us(self) -> u32 {
        self.interval_us
    }
}

/// The number and the unit that xl makes that many bytes of.
fn scaled(bytes: u64) -> Option<(u64, &'static str)> {
    let bits = u128::from(bytes) * 8;
    UNITS.into_iter().find_map(|(size, unit)| {
        let size = u128::from(size);
        let number = u32::try_from(bits / size).ok()?;
        (bits % size == 0).then_some((number.into(), unit))
    })
}

impl FromStr for Rate {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        let error = || {
            SpecError::value(
                "rate",
                text,
                "a rate is like 10Mb/s (bits) or 250KB/s (bytes), with an interval like 1MB/s@20ms",
            )
        };
        let (amount, interval) = match text.split_once('@') {
            Some((amount, interval)) => (amount, Some(interval)),
            None => (text, None),
        };
        let (number, unit) = number(amount).ok_or_else(error)?;
        let unit = unit.strip_suffix("/s").ok_or_else(error)?;
        let bytes_per_second = if unit == "b" {
            number / 8
        } else {
            let known = UNITS.iter().find(|known| known.1 == unit);
            let (size, _) = known.ok_or_else(error)?;
            number * (size / 8)
        };
        let interval_us = match interval.map(|interval| number_of_us(interval).ok_or_else(error)) {
            None => DEFAULT_INTERVAL_US,
            Some(interval) => interval?,
        };
        Self::with_interval(bytes_per_second, interval_us)
    }
}

fn number_of_us(text: &str) -> Option<u32> {
    let (number, unit) = number(text)?;
    let us = match unit {
        "" | "s" => 1_000_000,
        "m" | "ms" => 1_000,
        "u" | "us" => 1,
        _ => return None,
    };
    u32::try_from(number * us).ok()
}

/// A number of at most 32 bits but not 0, and what comes after it.
fn number(text: &str) -> Option<(u64, &str)> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let number = crate::number::any_base::<u32>("rate", digits, 1..=u32::MAX).ok()?;
    Some((number.into(), rest))
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The constructor has seen to it that there is a unit.
        let (number, unit) = scaled(self.bytes_per_second).unwrap_or((self.bytes_per_second, "B"));
        write!(f, "{number}{unit}/s")?;
        match self.interval_us {
            DEFAULT_INTERVAL_US => Ok(()),
            us if us % 1_000_000 == 0 => write!(f, "@{}s", us / 1_000_000),
            us if us % 1_000 == 0 => write!(f, "@{}ms", us / 1_000),
            us => write!(f, "@{us}us"),
        }
    }
}
