//! The words of an xl.cfg file, by the rules of Xen's `libxlu_cfg_l.l`.

use crate::key::{continues_key, starts_key};
use crate::parse::Failure;
use crate::write::unescape;

/// One word, and where it begins (a byte offset).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) start: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Identifier(String),
    Number(String),
    String(String),
    Equals,
    PlusEquals,
    Comma,
    Open,
    Close,
    Semicolon,
    Newline,
    End,
}

impl Kind {
    /// What to call it in a message.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Identifier(name) => format!("the word `{name}`"),
            Self::Number(text) => format!("the number {text}"),
            Self::String(_) => "a string".to_owned(),
            Self::Equals => "`=`".to_owned(),
            Self::PlusEquals => "`+=`".to_owned(),
            Self::Comma => "`,`".to_owned(),
            Self::Open => "`[`".to_owned(),
            Self::Close => "`]`".to_owned(),
            Self::Semicolon => "`;`".to_owned(),
            Self::Newline => "the end of the line".to_owned(),
            Self::End => "the end of the file".to_owned(),
        }
    }
}

pub(crate) struct Lexer<'a> {
    text: &'a str,
    position: usize,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, position: 0 }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.position..]
    }

    /// Whether the next character is this one.
    pub(crate) fn at(&self, character: char) -> bool {
        self.rest().starts_with(character)
    }

    fn take_while(&mut self, fits: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest
            .find(|character| !fits(character))
            .unwrap_or(rest.len());
        self.position += length;
        &rest[..length]
    }

    /// The next word, [`Kind::End`] when there is none.
    pub(crate) fn next(&mut self) -> Result<Token, Failure> {
        self.take_while(|character| matches!(character, ' ' | '\t'));
        let start = self.position;
        let Some(first) = self.rest().chars().next() else {
            return Ok(Token {
                kind: Kind::End,
                start,
            });
        };
        let kind = match first {
            '#' => self.comment(start)?,
            '"' | '\'' => Kind::String(self.string(start, first)?),
            '+' if self.rest().starts_with("+=") => {
                self.position += 2;
                Kind::PlusEquals
            }
            _ if starts_key(first) => Kind::Identifier(self.take_while(continues_key).to_owned()),
            _ if first.is_ascii_digit() => Kind::Number(self.number()?),
            _ => {
                let kind = match first {
                    '=' => Kind::Equals,
                    ',' => Kind::Comma,
                    '[' => Kind::Open,
                    ']' => Kind::Close,
                    ';' => Kind::Semicolon,
                    '\n' => Kind::Newline,
                    _ => return Err(stray(start, first, self.rest())),
                };
                self.position += 1;
                kind
            }
        };
        Ok(Token { kind, start })
    }

    /// A comment counts as the end of its line. xl wants that end to be there.
    fn comment(&mut self, start: usize) -> Result<Kind, Failure> {
        let rest = self.rest();
        match rest.find('\n') {
            Some(length) => {
                self.position += length + 1;
                Ok(Kind::Newline)
            }
            None => Err(Failure::new(
                start,
                "xl does not read a comment on a last line without a newline; end the line",
            )),
        }
    }

    fn number(&mut self) -> Result<String, Failure> {
        let digits = self
            .take_while(|c| c.is_ascii_digit() || matches!(c, 'a'..='f' | 'x'))
            .to_owned();
        match self.rest().chars().next() {
            // Seen with libxlutil 4.17: `0x1F` is read as 0x1 without a word.
            Some('A'..='F') => Err(Failure::new(
                self.position,
                "write hexadecimal digits as small letters; xl would stop here",
            )),
            Some(c) if c.is_alphabetic() => Err(Failure::new(
                self.position,
                "a number cannot hold letters; put text between quotes",
            )),
            _ => Ok(digits),
        }
    }

    fn string(&mut self, start: usize, quote: char) -> Result<String, Failure> {
        let mut value = String::new();
        let mut characters = self.rest().char_indices().skip(1);
        while let Some((offset, character)) = characters.next() {
            match character {
                '\n' => break,
                '\0' => {
                    return Err(Failure::new(
                        start + offset,
                        "a NUL character; xl would cut the string here",
                    ));
                }
                '\\' => match characters.next() {
                    None | Some((_, '\n')) => break,
                    Some((_, letter)) => match unescape(letter) {
                        Some(meant) => value.push(meant),
                        None => return Err(bad_escape(start + offset, letter)),
                    },
                },
                _ if character == quote => {
                    self.position = start + offset + 1;
                    return Ok(value);
                }
                _ => value.push(character),
            }
        }
        Err(Failure::new(
            start,
            format!("this string has no closing {quote} on its line; write a line break as \\n"),
        ))
    }
}

fn bad_escape(start: usize, letter: char) -> Failure {
    let why = match letter {
        'x' | '0'..='9' => "xl reads number escapes wrongly; put the character itself",
        'u' => "xl knows no \\u; put the character itself",
        _ => {
            "only \\\" \\' \\\\ \\a \\b \\f \\n \\r \\t \\v are escapes; write \\\\ for a backslash"
        }
    };
    Failure::new(
        start,
        format!("`\\{}` in a string: {why}", letter.escape_debug()),
    )
}

fn stray(start: usize, character: char, rest: &str) -> Failure {
    let word: String = rest
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
        .collect();
    match character {
        '-' if rest[1..].starts_with(|c: char| c.is_ascii_digit()) => Failure::new(
            start,
            "put a negative number between quotes; xl knows no sign",
        ),
        ':' | '(' | ')' | '.' | '+' | '-' => Failure::new(
            start,
            format!(
                "`{character}` outside a string; this looks likely to be Python, which xl no longer reads"
            ),
        ),
        '\r' => Failure::new(start, "a carriage return; end lines with a newline alone"),
        'A'..='Z' if matches!(word.as_str(), "True" | "False") => {
            let number = i32::from(word == "True");
            Failure::new(start, format!("xl knows no {word}; write {number}"))
        }
        'A'..='Z' => Failure::new(
            start,
            format!("`{word}`: keys have only small letters, and text stands between quotes"),
        ),
        _ => Failure::new(
            start,
            format!(
                "`{}` has no meaning outside a string",
                character.escape_debug()
            ),
        ),
    }
}
