//! The words of an xl.cfg file, by the rules of Xen's `libxlu_cfg_l.l`.
//!
//! A file is bytes: in strings and comments any byte but a line break may stand, whatever it means in whichever
//! encoding.

use bstr::{BString, ByteSlice};

use crate::key::{continues_key, starts_key};
use crate::parse::{Failure, ParseErrorKind, clipped};
use crate::write::unescape;

/// One word, and where it begins (a byte offset).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token<'t> {
    pub(crate) kind: Kind<'t>,
    pub(crate) start: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind<'t> {
    Identifier(&'t str),
    Number(&'t str),
    String(Quoted<'t>),
    Equals,
    PlusEquals,
    Comma,
    Open,
    Close,
    Semicolon,
    /// A line's end, with the comment before it.
    Newline {
        comment: bool,
    },
    End,
}

impl Kind<'_> {
    /// What to call it in a message.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Identifier(name) => format!("the word `{}`", clipped(name)),
            Self::Number(text) => format!("the number `{}`", clipped(text)),
            Self::String(_) => "a string".to_owned(),
            Self::Equals => "`=`".to_owned(),
            Self::PlusEquals => "`+=`".to_owned(),
            Self::Comma => "`,`".to_owned(),
            Self::Open => "`[`".to_owned(),
            Self::Close => "`]`".to_owned(),
            Self::Semicolon => "`;`".to_owned(),
            Self::Newline { .. } => "the end of the line".to_owned(),
            Self::End => "the end of the file".to_owned(),
        }
    }
}

/// What stands between quotes, its escapes seen to be legal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quoted<'t> {
    raw: &'t [u8],
    escaped: bool,
}

impl Quoted<'_> {
    /// The string that is meant.
    pub(crate) fn value(self) -> BString {
        if !self.escaped {
            return self.raw.into();
        }
        let mut value = Vec::with_capacity(self.raw.len());
        let mut rest = self.raw;
        while let Some(backslash) = rest.find_byte(b'\\') {
            value.extend_from_slice(&rest[..backslash]);
            value.extend(rest.get(backslash + 1).copied().and_then(unescape));
            rest = rest.get(backslash + 2..).unwrap_or_default();
        }
        value.extend_from_slice(rest);
        value.into()
    }
}

pub(crate) struct Lexer<'t> {
    text: &'t [u8],
    position: usize,
}

impl<'t> Lexer<'t> {
    pub(crate) fn new(text: &'t [u8]) -> Self {
        Self { text, position: 0 }
    }

    /// Where the last word ended.
    pub(crate) fn position(&self) -> usize {
        self.position
    }

    fn rest(&self) -> &'t [u8] {
        &self.text[self.position..]
    }

    /// Whether the next byte is this one.
    pub(crate) fn at(&self, byte: u8) -> bool {
        self.rest().first() == Some(&byte)
    }

    /// Takes bytes that fit, all of them ASCII.
    fn take_while(&mut self, fits: impl Fn(u8) -> bool) -> &'t str {
        let rest = self.rest();
        let length = rest
            .iter()
            .position(|&byte| !fits(byte))
            .unwrap_or(rest.len());
        self.position += length;
        rest[..length].to_str().unwrap_or_default()
    }

    /// The next word, [`Kind::End`] when there is none.
    pub(crate) fn next(&mut self) -> Result<Token<'t>, Failure> {
        while matches!(self.rest().first(), Some(b' ' | b'\t')) {
            self.position += 1;
        }
        let start = self.position;
        let Some(&first) = self.rest().first() else {
            return Ok(Token {
                kind: Kind::End,
                start,
            });
        };
        let kind = match first {
            _ if starts_key(first) => Kind::Identifier(self.take_while(continues_key)),
            b'"' | b'\'' => Kind::String(self.string(start, first)?),
            _ if first.is_ascii_digit() => Kind::Number(self.number()?),
            b'#' => self.comment(start)?,
            b'+' if self.rest().starts_with(b"+=") => {
                self.position += 2;
                Kind::PlusEquals
            }
            _ => {
                let kind = match first {
                    b'=' => Kind::Equals,
                    b',' => Kind::Comma,
                    b'[' => Kind::Open,
                    b']' => Kind::Close,
                    b';' => Kind::Semicolon,
                    b'\n' => Kind::Newline { comment: false },
                    _ => return Err(stray(start, self.rest())),
                };
                self.position += 1;
                kind
            }
        };
        Ok(Token { kind, start })
    }

    /// A comment counts as the end of its line. xl wants that end to be there.
    fn comment(&mut self, start: usize) -> Result<Kind<'t>, Failure> {
        match self.rest().find_byte(b'\n') {
            Some(length) => {
                self.position += length + 1;
                Ok(Kind::Newline { comment: true })
            }
            None => Err(Failure::new(
                start,
                "xl does not read a comment on a last line without a newline; end the line",
            )),
        }
    }

    fn number(&mut self) -> Result<&'t str, Failure> {
        let digits =
            self.take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f' | b'x'));
        match self.rest().first() {
            // Seen with libxlutil 4.17: `0x1F` is read as 0x1 without a word.
            Some(b'A'..=b'F') => Err(Failure::new(
                self.position,
                "write hexadecimal digits as small letters; xl would stop here",
            )),
            Some(byte) if byte.is_ascii_alphabetic() => Err(Failure::new(
                self.position,
                "a number cannot hold letters; put text between quotes",
            )),
            _ => Ok(digits),
        }
    }

    fn string(&mut self, start: usize, quote: u8) -> Result<Quoted<'t>, Failure> {
        let body = start + 1;
        let mut at = body;
        let mut escaped = false;
        while let Some(&byte) = self.text.get(at) {
            match byte {
                b'\n' => break,
                0 => {
                    return Err(Failure::new(
                        at,
                        "a NUL character; xl would cut the string here",
                    ));
                }
                b'\\' => {
                    escaped = true;
                    match self.text.get(at + 1) {
                        None | Some(b'\n') => break,
                        Some(&letter) if unescape(letter).is_some() => at += 2,
                        Some(_) => return Err(bad_escape(at, self.text)),
                    }
                }
                _ if byte == quote => {
                    self.position = at + 1;
                    let raw = &self.text[body..at];
                    return Ok(Quoted { raw, escaped });
                }
                _ => at += 1,
            }
        }
        Err(Failure::new(
            start,
            format!(
                "this string has no closing {} on its line; write a line break as \\n",
                char::from(quote)
            ),
        ))
    }
}

/// The character at the front, escaped for a message: a byte that is no UTF-8 as `\xff`.
fn front(text: &[u8]) -> String {
    match text.char_indices().next() {
        Some((_, end, char::REPLACEMENT_CHARACTER)) if !text.starts_with("\u{fffd}".as_bytes()) => {
            text[..end.max(1)].escape_bytes().to_string()
        }
        Some((_, _, character)) => character.escape_debug().to_string(),
        None => String::new(),
    }
}

fn bad_escape(backslash: usize, text: &[u8]) -> Failure {
    let letter = &text[backslash + 1..];
    let why = match letter.first() {
        Some(b'x' | b'0'..=b'9') => "xl reads number escapes wrongly; put the character itself",
        Some(b'u') => "xl knows no \\u; put the character itself",
        _ => {
            "only \\\" \\' \\\\ \\a \\b \\f \\n \\r \\t \\v are escapes; write \\\\ for a backslash"
        }
    };
    Failure::new(
        backslash,
        format!("`\\{}` in a string: {why}", front(letter)),
    )
}

fn stray(start: usize, rest: &[u8]) -> Failure {
    if start == 0 && rest.starts_with("\u{feff}".as_bytes()) {
        return Failure::new(
            start,
            "the file begins with a byte order mark, which xl does not read; save it as UTF-8 without one",
        );
    }
    let word_end = rest
        .iter()
        .position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_')
        .unwrap_or(rest.len());
    let word = rest[..word_end].to_str().unwrap_or_default();
    let message = match rest.first() {
        Some(b'-') if rest.get(1).is_some_and(u8::is_ascii_digit) => {
            "put a negative number between quotes; xl knows no sign".to_owned()
        }
        Some(&mark @ (b':' | b'(' | b')' | b'.' | b'+' | b'-')) => {
            let message = format!(
                "`{}` outside a string; this looks likely to be Python, which xl no longer reads",
                char::from(mark)
            );
            return Failure::new(start, message).of(ParseErrorKind::Python);
        }
        Some(b'\r') if rest.get(1) == Some(&b'\n') => {
            "a carriage return; the file has the line ends of Windows, and xl reads a newline alone"
                .to_owned()
        }
        Some(b'\r') => "a carriage return; end lines with a newline alone".to_owned(),
        Some(b'A'..=b'Z') if matches!(word, "True" | "False") => {
            format!("xl knows no {word}; write {}", i32::from(word == "True"))
        }
        Some(b'A'..=b'Z') => {
            let word = clipped(word);
            format!("`{word}`: keys have only small letters, and text stands between quotes")
        }
        _ => format!("`{}` has no meaning outside a string", front(rest)),
    };
    Failure::new(start, message)
}
