//! Hardware addresses.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use crate::SpecError;

/// A hardware address of six octets.
///
/// By `parse_nic_config` in `xl_parse.c`, which reads six hexadecimal numbers with one character between them.
///
/// # Stricter than xl
///
/// - Between two numbers only `:` or `-`; xl takes any character.
/// - One or two digits in each; xl also takes a sign, white space, `0x` and zeroes in front.
/// - Nothing after the sixth; xl does not look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mac(pub [u8; 6]);

impl FromStr for Mac {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        let error = || {
            SpecError::value(
                "mac",
                text,
                "a hardware address is six pairs of hexadecimal digits, like 00:16:3e:01:02:03",
            )
        };
        let mut octets = [0; 6];
        let mut numbers = text.split([':', '-']);
        for octet in &mut octets {
            let digits = numbers
                .next()
                .filter(|digits| digits.len() <= 2 && !digits.starts_with('+'));
            *octet = u8::from_str_radix(digits.ok_or_else(error)?, 16).map_err(|_| error())?;
        }
        if numbers.next().is_some() {
            return Err(error());
        }
        Ok(Self(octets))
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Digit by digit: the formats of numbers take ten times as long.
        let digit = |number: u8| char::from(b"0123456789abcdef"[usize::from(number & 15)]);
        for (at, octet) in self.0.into_iter().enumerate() {
            if at > 0 {
                f.write_char(':')?;
            }
            f.write_char(digit(octet >> 4))?;
            f.write_char(digit(octet))?;
        }
        Ok(())
    }
}
