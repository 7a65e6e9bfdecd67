//! Differences in reading a file.

use xl_cfg::{ParseError, ParseErrorKind};

use super::Repair;

/// A difference in reading a file.
pub struct InFiles {
    /// Its name.
    pub name: &'static str,
    /// Why xl-cfg refuses it.
    pub reason: &'static str,
    /// A file that has it.
    pub example: &'static [u8],
    /// What Xen really reads, when the file has this difference at the error's place, a byte offset.
    pub(crate) repair: fn(text: &[u8], offset: usize, error: &ParseError) -> Option<Repair>,
}

/// The differences in reading a file.
pub const IN_FILES: &[InFiles] = &[
    InFiles {
        name: "a stray last byte",
        reason: "Xen reports a byte that means nothing only when it sees the next one, so one at the very end of the \
                 file is dropped without a word: `a = 0x1F` is read as 0x1, and of `a = 10-` the sign is lost",
        example: b"a = 0x1F",
        repair: |text, offset, _| {
            let stray = !text.last()?.is_ascii_lowercase();
            (stray && offset + 1 == text.len()).then(|| Repair::Text(text[..offset].to_vec()))
        },
    },
    InFiles {
        name: "an octal escape",
        reason: "Xen reads the digits as decimal, and drops the character that they stand for",
        example: b"a = 'x\\0101y'",
        repair: |text, offset, _| {
            let digits = text.get(offset..)?.strip_prefix(b"\\")?;
            if !matches!(digits.first()?, b'0'..=b'7') {
                return None;
            }
            // What strtoul takes of the three bytes after the first digit: blanks, a sign, decimal digits.
            let number = digits.get(1..)?;
            let number = &number[..number.len().min(3)];
            let blanks = number
                .iter()
                .take_while(|byte| b" \t\r\x0b\x0c".contains(byte))
                .count();
            let sign = usize::from(number.get(blanks).is_some_and(|byte| b"+-".contains(byte)));
            let decimal = number[blanks + sign..]
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .count();
            let taken = 2 + blanks + sign + decimal;
            (decimal > 0).then(|| Repair::Text([&text[..offset], &text[offset + taken..]].concat()))
        },
    },
    InFiles {
        name: "lists deeper than 32",
        reason: "no setting nests more than two lists; the limit keeps a hostile file from using up the stack",
        example: b"a = [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
        repair: |text, offset, error| {
            let deep = error.kind == ParseErrorKind::TooDeep && text.get(offset) == Some(&b'[');
            deep.then_some(Repair::AsItStands)
        },
    },
];
