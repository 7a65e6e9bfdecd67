//! What a setting holds.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use bstr::{BString, ByteSlice};

/// The value of a setting: a number, a string, or a list of values.
///
/// Text is bytes: xl passes through whatever stands between the quotes, valid UTF-8 or not.
///
/// xl itself keeps numbers as text, so `memory = 256` and `memory = "256"` are one and the same to it. Two values
/// are therefore equal when xl reads the same text: `Value::Integer(256) == Value::String("256".into())`.
#[derive(Debug, Clone)]
pub enum Value {
    /// A whole number. A negative one is written in quotes, because xl's lexer knows no sign.
    Integer(i64),
    /// Text.
    String(BString),
    /// A list, which may hold lists (`vnuma`, `vsnd`).
    List(Vec<Value>),
}

/// A number that xl cannot hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is too large: xl reads whole numbers up to 9223372036854775807")]
pub struct ValueError(u64);

impl Value {
    /// The bytes that xl keeps for a number or a string; nothing for a list.
    #[must_use]
    pub fn as_bytes(&self) -> Option<Cow<'_, [u8]>> {
        match self {
            Self::Integer(number) => Some(Cow::Owned(number.to_string().into_bytes())),
            Self::String(text) => Some(Cow::Borrowed(text)),
            Self::List(_) => None,
        }
    }

    /// As [`Value::as_bytes`], where they are valid UTF-8.
    #[must_use]
    pub fn as_text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Integer(number) => Some(Cow::Owned(number.to_string())),
            Self::String(text) => text.to_str().ok().map(Cow::Borrowed),
            Self::List(_) => None,
        }
    }

    /// The number that xl would read here, by C's `strtol` with base 0: `0x` is hexadecimal, a leading `0` is octal.
    ///
    /// Nothing when it is a list, not a number, or too large.
    #[must_use]
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            Self::String(text) => text.to_str().ok().and_then(strtol),
            Self::List(_) => None,
        }
    }

    /// The items, when it is a list.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Self::List(items) => Some(items),
            Self::Integer(_) | Self::String(_) => None,
        }
    }
}

pub(crate) fn strtol(text: &str) -> Option<i64> {
    // The white space of C's isspace, which strtol skips in front and nowhere else.
    let text = text.trim_start_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c']);
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (base, digits) = if let Some(hex) = digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0X"))
    {
        (16, hex)
    } else if digits.len() > 1 && digits.starts_with('0') {
        (8, &digits[1..])
    } else {
        (10, digits)
    };
    // A second sign is not a number; from_str_radix would take it.
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let magnitude = i128::from_str_radix(digits, base).ok()?;
    i64::try_from(if negative { -magnitude } else { magnitude }).ok()
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => a == b,
            (Self::List(a), Self::List(b)) => a == b,
            (Self::List(_), _) | (_, Self::List(_)) => false,
            (a, b) => a.as_bytes() == b.as_bytes(),
        }
    }
}

impl Eq for Value {}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl TryFrom<u64> for Value {
    type Error = ValueError;

    fn try_from(number: u64) -> Result<Self, ValueError> {
        i64::try_from(number)
            .map(Self::Integer)
            .map_err(|_| ValueError(number))
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Integer(number.into())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text.into())
    }
}

impl From<BString> for Value {
    fn from(text: BString) -> Self {
        Self::String(text)
    }
}

/// On one line, as a person reads it: text without its quotes, bytes that are no UTF-8 as `\xff`, control characters
/// escaped. It is for messages, not for files.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(number) => number.fmt(f),
            Self::String(text) => text.utf8_chunks().try_for_each(|chunk| {
                for character in chunk.valid().chars() {
                    if character.is_control() {
                        write!(f, "{}", character.escape_debug())?;
                    } else {
                        f.write_char(character)?;
                    }
                }
                write!(f, "{}", chunk.invalid().escape_bytes())
            }),
            Self::List(items) => {
                f.write_str("[ ")?;
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        f.write_str(", ")?;
                    }
                    item.fmt(f)?;
                }
                f.write_str(" ]")
            }
        }
    }
}

/// xl knows no True or False: it takes 1 or 0.
impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Integer(flag.into())
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(items: Vec<T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_from_what_programs_hold() {
        assert_eq!(Value::from(true), Value::Integer(1));
        assert_eq!(
            Value::from(vec!["a", "b"]),
            Value::List(vec!["a".into(), "b".into()])
        );
        assert_eq!(Value::try_from(7_u64), Ok(Value::Integer(7)));
        insta::assert_snapshot!(
            Value::try_from(u64::MAX).unwrap_err(),
            @"18446744073709551615 is too large: xl reads whole numbers up to 9223372036854775807"
        );
    }

    #[test]
    fn equal_as_xl_reads_it() {
        assert_eq!(Value::Integer(-5), Value::from("-5"));
        assert_ne!(Value::Integer(16), Value::from("0x10"));
        assert_ne!(Value::from(""), Value::List(Vec::new()));
    }

    #[test]
    fn numbers_as_strtol_reads_them() {
        let read = |text: &str| Value::from(text).as_integer();
        assert_eq!(read("256"), Some(256));
        assert_eq!(read("-3600"), Some(-3600));
        assert_eq!(read("0x1F"), Some(31));
        assert_eq!(read("010"), Some(8));
        assert_eq!(read("0"), Some(0));
        assert_eq!(read("-9223372036854775808"), Some(i64::MIN));
        assert_eq!(read("9223372036854775808"), None);
        assert_eq!(read(" 1"), Some(1));
        for text in [
            "", " ", "-", "1 ", "--1", "0x", "0x-1", "08", "1a", "4 gigs",
        ] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }
}
