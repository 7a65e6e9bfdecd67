//! Numbers inside strings.
//!
//! xl reads them by `atoi`, `strtoul` and `sscanf`, which stop at the first character that does not fit, take a sign
//! (`-1` becomes 18446744073709551615) and wrap or cut what is too large. Here all of that is an error, because the
//! number that xl would get is never the one that was written. White space in front is skipped, as in C.

use std::fmt::Display;
use std::ops::RangeInclusive;

use crate::SpecError;
use crate::spec::C_SPACE;

/// A number in decimal digits, as `atoi` and `strtoul` with base 10 read it.
pub(crate) fn decimal<T>(
    key: &'static str,
    text: &str,
    range: RangeInclusive<T>,
) -> Result<T, SpecError>
where
    T: TryFrom<u64> + PartialOrd + Display,
{
    within(digits(text, 10), &range).ok_or_else(|| {
        let reason = format!(
            "it must be a whole number from {} to {}, in decimal digits",
            range.start(),
            range.end()
        );
        SpecError::value(key, text, reason)
    })
}

/// A number as `strtoul` with base 0 reads it: `0x` is hexadecimal, a leading `0` octal.
pub(crate) fn any_base<T>(
    key: &'static str,
    text: &str,
    range: RangeInclusive<T>,
) -> Result<T, SpecError>
where
    T: TryFrom<u64> + PartialOrd + Display,
{
    within(any_base_digits(text), &range).ok_or_else(|| {
        let reason = format!(
            "it must be a whole number from {} to {} (xl reads 0x… as hexadecimal and 0… as octal)",
            range.start(),
            range.end()
        );
        SpecError::value(key, text, reason)
    })
}

/// A hexadecimal number, with or without `0x`, as `strtoul` with base 16 and `sscanf` with `%x` read it.
pub(crate) fn hexadecimal<T>(
    key: &'static str,
    text: &str,
    range: RangeInclusive<T>,
) -> Result<T, SpecError>
where
    T: TryFrom<u64> + PartialOrd + std::fmt::LowerHex,
{
    let number = text.trim_start_matches(C_SPACE);
    let bare = number
        .strip_prefix("0x")
        .or_else(|| number.strip_prefix("0X"))
        .unwrap_or(number);
    within(plain_digits(bare, 16), &range).ok_or_else(|| {
        let reason = format!(
            "it must be a hexadecimal number from {:x} to {:x}",
            range.start(),
            range.end()
        );
        SpecError::value(key, text, reason)
    })
}

/// A switch as xl reads it by `atoi`: 0 is off, any other number on.
pub(crate) fn switch(key: &'static str, text: &str) -> Result<bool, SpecError> {
    // Above what a C `int` holds it would wrap, and could come out as 0.
    let number = digits(text, 10).filter(|number| i32::try_from(*number).is_ok());
    on(key, text, number)
}

/// A switch as xl reads it by `strtoul` with base 0.
pub(crate) fn any_base_switch(key: &'static str, text: &str) -> Result<bool, SpecError> {
    on(key, text, any_base_digits(text))
}

fn on(key: &'static str, text: &str, number: Option<u64>) -> Result<bool, SpecError> {
    number.map(|number| number != 0).ok_or_else(|| {
        SpecError::value(
            key,
            text,
            "it must be 1 or 0; xl would read any other word as 0",
        )
    })
}

fn any_base_digits(text: &str) -> Option<u64> {
    let number = text.trim_start_matches(C_SPACE);
    if let Some(hex) = number
        .strip_prefix("0x")
        .or_else(|| number.strip_prefix("0X"))
    {
        // strtoul skips white space only in front of the whole.
        return plain_digits(hex, 16);
    }
    let base = if number.starts_with('0') { 8 } else { 10 };
    plain_digits(number, base)
}

fn digits(text: &str, base: u32) -> Option<u64> {
    plain_digits(text.trim_start_matches(C_SPACE), base)
}

fn plain_digits(text: &str, base: u32) -> Option<u64> {
    // from_str_radix takes a sign.
    if text.starts_with(['+', '-']) {
        return None;
    }
    u64::from_str_radix(text, base).ok()
}

fn within<T: TryFrom<u64> + PartialOrd>(
    number: Option<u64>,
    range: &RangeInclusive<T>,
) -> Option<T> {
    number
        .and_then(|number| T::try_from(number).ok())
        .filter(|number| range.contains(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_c_reads_them() {
        let decimal = |text| decimal::<u32>("key", text, 0..=u32::MAX).ok();
        assert_eq!(decimal("010"), Some(10));
        assert_eq!(decimal(" 7"), Some(7));
        let any_base = |text| any_base::<u32>("key", text, 0..=u32::MAX).ok();
        assert_eq!(any_base("010"), Some(8));
        assert_eq!(any_base("0x1F"), Some(31));
        assert_eq!(any_base("0"), Some(0));
        assert_eq!(any_base("08"), None);
        let hexadecimal = |text| hexadecimal::<u16>("key", text, 0..=0xffff).ok();
        assert_eq!(hexadecimal("2f8"), Some(0x2f8));
        assert_eq!(hexadecimal("0x2F8"), Some(0x2f8));
        assert_eq!(hexadecimal("10000"), None);
        for text in [
            "",
            " ",
            "+1",
            "-1",
            "1 ",
            "1a",
            "4294967296",
            "0x",
            "0x-1",
            "0x 1",
        ] {
            assert_eq!(decimal(text), None, "{text:?}");
            assert_eq!(any_base(text), None, "{text:?}");
        }
        assert_eq!(switch("key", "2"), Ok(true));
        assert_eq!(switch("key", "0"), Ok(false));
        assert!(switch("key", "yes").is_err());
    }
}
