//! Reading a whole file, by the rules of Xen's `libxlu_cfg_y.y`.

use std::fmt;

use crate::lexer::{Kind, Lexer, Token};
use crate::write::DEEPEST_LIST;
use crate::{Config, Key, Value};

const PYTHON: &str = "this looks likely to be Python, which xl no longer reads";

/// The first place in a file that xl would refuse.
///
/// Its `Display` has the place, the message, and the line with a caret under the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong, and what to write instead.
    pub message: String,
    /// The line itself.
    pub source_line: String,
}

impl std::error::Error for ParseError {}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "line {}, column {}: {}",
            self.line, self.column, self.message
        )?;
        let number = self.line.to_string();
        // A control character would move the caret, or the terminal; a tab becomes a space for the same reason.
        let shown: String = self
            .source_line
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        writeln!(f, "  {number} | {shown}")?;
        write!(
            f,
            "  {:width$} | {:indent$}^",
            "",
            "",
            width = number.len(),
            indent = self.column - 1
        )
    }
}

/// A failure at a byte offset, before it is known on which line that is.
#[derive(Debug)]
pub(crate) struct Failure {
    position: usize,
    message: String,
}

impl Failure {
    pub(crate) fn new(position: usize, message: impl Into<String>) -> Self {
        Self {
            position,
            message: message.into(),
        }
    }

    fn locate(self, text: &str) -> ParseError {
        let before = &text[..self.position];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        ParseError {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            message: self.message,
            source_line: text[line_start..]
                .lines()
                .next()
                .unwrap_or_default()
                .to_owned(),
        }
    }
}

pub(crate) fn config(text: &str) -> Result<Config, ParseError> {
    file(text).map_err(|failure| failure.locate(text))
}

fn file(text: &str) -> Result<Config, Failure> {
    let mut parser = Parser::new(text)?;
    let mut config = Config::new();
    loop {
        match parser.token.kind.clone() {
            Kind::End => return Ok(config),
            Kind::Newline | Kind::Semicolon => parser.advance()?,
            Kind::Identifier(name) => parser.assignment(&mut config, name)?,
            other => {
                return Err(parser.fail(format!("expected a key, found {}", other.describe())));
            }
        }
    }
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    token: Token,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Result<Self, Failure> {
        let mut lexer = Lexer::new(text);
        let token = lexer.next()?;
        Ok(Self { lexer, token })
    }

    fn advance(&mut self) -> Result<(), Failure> {
        self.token = self.lexer.next()?;
        Ok(())
    }

    fn fail(&self, message: impl Into<String>) -> Failure {
        Failure::new(self.token.start, message)
    }

    fn assignment(&mut self, config: &mut Config, name: String) -> Result<(), Failure> {
        let start = self.token.start;
        self.advance()?;
        let append = match &self.token.kind {
            Kind::Equals => false,
            Kind::PlusEquals => true,
            Kind::Identifier(_)
                if matches!(name.as_str(), "import" | "from" | "def" | "if" | "for") =>
            {
                return Err(Failure::new(start, PYTHON));
            }
            other => {
                let message = format!(
                    "expected `=` after the key `{name}`, found {}",
                    other.describe()
                );
                return Err(self.fail(message));
            }
        };
        self.advance()?;
        let value_start = self.token.start;
        let value = self.value(0)?;
        match &self.token.kind {
            Kind::Newline | Kind::Semicolon | Kind::End => {}
            other => {
                let message = format!(
                    "expected the end of the line or `;` after the value, found {}",
                    other.describe()
                );
                return Err(self.fail(message));
            }
        }
        let value = match config.get(&name) {
            Some(present) if append => joined(present, value)
                .map_err(|message| Failure::new(value_start, format!("`{name}` {message}")))?,
            _ => value,
        };
        config.set(Key::from_lexer(name), value);
        Ok(())
    }

    fn value(&mut self, depth: usize) -> Result<Value, Failure> {
        let value = match &mut self.token.kind {
            Kind::Number(text) => number(std::mem::take(text)),
            Kind::String(text) => Value::String(std::mem::take(text)),
            Kind::Open if depth >= DEEPEST_LIST => {
                return Err(self.fail(format!(
                    "lists are nested more than {DEEPEST_LIST} deep here"
                )));
            }
            Kind::Open => return self.list(depth),
            Kind::Identifier(word) if word.contains('.') || self.lexer.at('(') => {
                return Err(self.fail(PYTHON));
            }
            Kind::Identifier(word) => {
                let message = format!("put text between quotes: \"{word}\"");
                return Err(self.fail(message));
            }
            other => {
                let message = format!("expected a value, found {}", other.describe());
                return Err(self.fail(message));
            }
        };
        self.advance()?;
        Ok(value)
    }

    fn list(&mut self, depth: usize) -> Result<Value, Failure> {
        let start = self.token.start;
        self.advance()?;
        let mut items = Vec::new();
        loop {
            self.skip_newlines()?;
            match self.token.kind {
                Kind::Close => break,
                Kind::End => return Err(unclosed(start)),
                _ => {}
            }
            items.push(self.value(depth + 1)?);
            self.skip_newlines()?;
            match &self.token.kind {
                Kind::Comma => self.advance()?,
                Kind::Close => break,
                other => {
                    let message = format!(
                        "expected `,` or `]` in the list, found {}",
                        other.describe()
                    );
                    return Err(self.fail(message));
                }
            }
        }
        self.advance()?;
        Ok(Value::List(items))
    }

    fn skip_newlines(&mut self) -> Result<(), Failure> {
        while self.token.kind == Kind::Newline {
            self.advance()?;
        }
        Ok(())
    }
}

fn unclosed(start: usize) -> Failure {
    Failure::new(start, "this list has no closing `]`")
}

/// A bare number is an integer when its text is how that integer is written; `010` and `0x10` keep their text, as in
/// xl, because a string setting (a name, say) would be given exactly that.
fn number(text: String) -> Value {
    match text.parse::<i64>() {
        Ok(number) if number.to_string() == text => Value::Integer(number),
        _ => Value::String(text),
    }
}

/// `+=` joins strings and lists; xl refuses to mix them.
fn joined(present: &Value, added: Value) -> Result<Value, &'static str> {
    match (present, added) {
        (Value::List(present), Value::List(added)) => {
            Ok(Value::List([present.clone(), added].concat()))
        }
        (Value::List(_), _) => Err("is a list; `+=` can add only a list to it"),
        (_, Value::List(_)) => Err("is not a list; `+=` cannot add a list to it"),
        (present, added) => {
            let text = [present.as_text(), added.as_text()]
                .map(Option::unwrap_or_default)
                .concat();
            Ok(Value::String(text))
        }
    }
}
