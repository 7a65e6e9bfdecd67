//! Reading a whole file, by the rules of Xen's `libxlu_cfg_y.y`.

use std::collections::HashMap;
use std::fmt;

use bstr::ByteSlice as _;

use crate::document::{Assignment, Comment, Document, Node, NodeKind, Operator};
use crate::lexer::{Kind, Lexer, Token};
use crate::write::DEEPEST_LIST;
use crate::{Key, Place, secret};

const PYTHON: &str = "this looks likely to be Python, which xl no longer reads";

/// The first place in a file that xl would refuse.
///
/// Its `Display` has the place, the message, and the line with a caret under the place. Where a password could stand, it
/// has nothing of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// Where it is.
    pub place: Place,
    /// What is wrong, and what to write instead.
    pub message: String,
    /// What kind of mistake it is, for programs.
    pub kind: ParseErrorKind,
}

/// What kind of mistake stands in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// Something that xl.cfg does not have, or not there.
    Syntax,
    /// Lines of Python, as xm read them up to Xen 4.4.
    Python,
    /// Lists nested deeper than any setting has.
    TooDeep,
    /// `+=` that would join a list and a text.
    Mixed,
}

impl std::error::Error for ParseError {}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { line, column, .. } = self.place;
        write!(f, "line {line}, column {column}: {}", self.message)?;
        if self.place.hidden {
            return Ok(());
        }
        write!(f, "\n{}", self.place)
    }
}

/// A failure at a byte offset, before it is known on which line that is.
#[derive(Debug)]
pub(crate) struct Failure {
    position: usize,
    kind: ParseErrorKind,
    message: String,
}

impl Failure {
    pub(crate) fn new(position: usize, message: impl Into<String>) -> Self {
        Self {
            position,
            kind: ParseErrorKind::Syntax,
            message: message.into(),
        }
    }

    pub(crate) fn of(self, kind: ParseErrorKind) -> Self {
        Self { kind, ..self }
    }
}

pub(crate) fn document(text: &[u8]) -> Result<Document<'_>, ParseError> {
    let mut parser = Parser::new(text);
    match parser.file() {
        Ok(()) => Ok(Document::new(text, parser.assignments, parser.comments)),
        Err(failure) => Err(parser.error(failure)),
    }
}

struct Parser<'t> {
    text: &'t [u8],
    lexer: Lexer<'t>,
    token: Token<'t>,
    /// Where the word before this one ended.
    end: usize,
    /// Where the assignment begins that is being read, and its key.
    reading: Option<(usize, &'t str)>,
    assignments: Vec<Assignment>,
    comments: Vec<Comment>,
    /// Whether what a key holds is a list, for `+=`.
    lists: HashMap<&'t str, bool>,
}

impl<'t> Parser<'t> {
    fn new(text: &'t [u8]) -> Self {
        Self {
            text,
            lexer: Lexer::new(text),
            token: Token {
                kind: Kind::End,
                start: 0,
            },
            end: 0,
            reading: None,
            assignments: Vec::new(),
            comments: Vec::new(),
            lists: HashMap::new(),
        }
    }

    /// The error that a failure is. Where a password could stand, nothing of the text is in it.
    fn error(&self, failure: Failure) -> ParseError {
        let Failure {
            position,
            kind,
            message,
        } = failure;
        let place = Place::at(self.text, position);
        let start = self
            .reading
            .map_or(position, |(start, _)| start.min(position));
        let before = self.text.get(..start).unwrap_or_default();
        let first = before.rfind_byte(b'\n').map_or(0, |newline| newline + 1);
        let after = self.text.get(position..).unwrap_or_default();
        let last = position + after.find_byte(b'\n').unwrap_or(after.len());
        let lines = self.text.get(first..last).unwrap_or_default();
        let by_key = self.reading.is_some_and(|(_, key)| secret::is_key(key));
        if by_key || secret::has_word(lines) {
            ParseError {
                place: place.hide(),
                message: secret::mask(&message, lines),
                kind,
            }
        } else {
            ParseError {
                place,
                message,
                kind,
            }
        }
    }

    fn file(&mut self) -> Result<(), Failure> {
        self.advance()?;
        loop {
            match self.token.kind {
                Kind::End => return Ok(()),
                Kind::Newline { .. } | Kind::Semicolon => self.advance()?,
                Kind::Identifier(name) => self.assignment(name)?,
                other => {
                    return Err(self.fail(format!("expected a key, found {}", other.describe())));
                }
            }
        }
    }

    fn advance(&mut self) -> Result<(), Failure> {
        self.end = self.lexer.position();
        self.token = self.lexer.next()?;
        if self.token.kind == (Kind::Newline { comment: true }) {
            let start = self.token.start;
            let alone = self.text[self.end..start]
                .iter()
                .all(|&byte| byte == b' ' || byte == b'\t')
                && (self.end == 0 || self.text[self.end - 1] == b'\n');
            self.comments.push(Comment {
                span: start..self.lexer.position() - 1,
                alone,
            });
        }
        Ok(())
    }

    fn fail(&self, message: impl Into<String>) -> Failure {
        Failure::new(self.token.start, message)
    }

    fn assignment(&mut self, name: &'t str) -> Result<(), Failure> {
        let start = self.token.start;
        self.reading = Some((start, name));
        self.advance()?;
        let operator = match &self.token.kind {
            Kind::Equals => Operator::Set,
            Kind::PlusEquals => Operator::Append,
            Kind::Identifier(_) if matches!(name, "import" | "from" | "def" | "if" | "for") => {
                return Err(Failure::new(start, PYTHON).of(ParseErrorKind::Python));
            }
            other => {
                let message = format!(
                    "expected `=` after the key `{}`, found {}",
                    clipped(name),
                    other.describe()
                );
                return Err(self.fail(message));
            }
        };
        self.advance()?;
        let value = self.value(0)?;
        match &self.token.kind {
            Kind::Newline { .. } | Kind::Semicolon | Kind::End => {}
            other => {
                let message = format!(
                    "expected the end of the line or `;` after the value, found {}",
                    other.describe()
                );
                return Err(self.fail(message));
            }
        }
        let list = matches!(value.kind, NodeKind::List(_));
        let before = self.lists.insert(name, list);
        if operator == Operator::Append && before.is_some_and(|before| before != list) {
            let message = if list {
                "is not a list; `+=` cannot add a list to it"
            } else {
                "is a list; `+=` can add only a list to it"
            };
            let message = format!("`{}` {message}", clipped(name));
            return Err(Failure::new(value.span.start, message).of(ParseErrorKind::Mixed));
        }
        self.assignments.push(Assignment {
            key: Key::from_lexer(name),
            key_span: start..start + name.len(),
            operator,
            value,
        });
        self.reading = None;
        Ok(())
    }

    fn value(&mut self, depth: usize) -> Result<Node, Failure> {
        let start = self.token.start;
        let kind = match self.token.kind {
            Kind::Number(text) => NodeKind::Number(text.to_owned()),
            Kind::String(text) => NodeKind::String(text.value()),
            Kind::Open if depth >= DEEPEST_LIST => {
                let message = format!("lists are nested more than {DEEPEST_LIST} deep here");
                return Err(self.fail(message).of(ParseErrorKind::TooDeep));
            }
            Kind::Open => NodeKind::List(self.list(depth)?),
            Kind::Identifier(word) if word.contains('.') || self.lexer.at(b'(') => {
                return Err(self.fail(PYTHON).of(ParseErrorKind::Python));
            }
            Kind::Identifier(word) => {
                let message = format!("put text between quotes: \"{}\"", clipped(word));
                return Err(self.fail(message));
            }
            other => {
                let message = format!("expected a value, found {}", other.describe());
                return Err(self.fail(message));
            }
        };
        self.advance()?;
        Ok(Node {
            span: start..self.end,
            kind,
        })
    }

    /// From `[` to `]`, which stays the current word.
    fn list(&mut self, depth: usize) -> Result<Vec<Node>, Failure> {
        let start = self.token.start;
        self.advance()?;
        let mut items = Vec::new();
        loop {
            self.skip_newlines()?;
            match self.token.kind {
                Kind::Close => return Ok(items),
                Kind::End => return Err(unclosed(start)),
                _ => {}
            }
            items.push(self.value(depth + 1)?);
            let ends_line = matches!(self.token.kind, Kind::Newline { .. });
            self.skip_newlines()?;
            match &self.token.kind {
                // A word that begins a line is the next key.
                Kind::Identifier(_) if ends_line => return Err(unclosed(start)),
                Kind::Comma => self.advance()?,
                Kind::Close => return Ok(items),
                Kind::End => return Err(unclosed(start)),
                other => {
                    let message = format!(
                        "expected `,` or `]` in the list, found {}",
                        other.describe()
                    );
                    return Err(self.fail(message));
                }
            }
        }
    }

    fn skip_newlines(&mut self) -> Result<(), Failure> {
        while matches!(self.token.kind, Kind::Newline { .. }) {
            self.advance()?;
        }
        Ok(())
    }
}

fn unclosed(start: usize) -> Failure {
    Failure::new(start, "this list has no closing `]`")
}

/// Enough of a word to know it by: one of a megabyte would make a message of a megabyte.
pub(crate) fn clipped(word: &str) -> &str {
    &word[..word.len().min(40)]
}
