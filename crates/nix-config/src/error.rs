//! What can go wrong with a configuration, in the user's words.

use std::fmt;

use crate::WriteError;

/// A text that is not Nix. Its `Display` has the place, the message, and the line with a caret under the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// The line itself.
    pub source_line: String,
}

impl std::error::Error for SyntaxError {}

impl SyntaxError {
    pub(crate) fn at(text: &str, offset: usize, message: String) -> Self {
        let (line, column) = place(text, offset);
        let source_line = text.lines().nth(line - 1).unwrap_or_default().to_owned();
        Self {
            line,
            column,
            message,
            source_line,
        }
    }
}

impl fmt::Display for SyntaxError {
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

/// Line and column of a byte, both from 1, the column in characters.
pub(crate) fn place(text: &str, offset: usize) -> (usize, usize) {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = &text[..offset];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (
        before.matches('\n').count() + 1,
        before[line_start..].chars().count() + 1,
    )
}

/// Why a configuration was not read, or not edited. Nothing is changed then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The text is not Nix.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    /// The path has no parts.
    #[error("no option is named")]
    EmptyPath,
    /// The value cannot be written.
    #[error("{path}: {source}")]
    Value {
        /// The option, as written in Nix.
        path: String,
        /// What is wrong with the value.
        source: WriteError,
    },
    /// The text is Nix, but not of a shape that is understood here.
    #[error("{path}: cannot {verb} line {line}, column {column}: {reason}{}", advice(paste.as_deref()))]
    Shape {
        /// The option, as written in Nix.
        path: String,
        /// `edit` or `read`.
        verb: &'static str,
        /// The line, from 1.
        line: usize,
        /// The column in characters, from 1.
        column: usize,
        /// What stands there, and why it is in the way.
        reason: String,
        /// What a person may write by hand.
        paste: Option<String>,
    },
    /// The edited text would not hold the value. It is a defect of this program, and was noticed before any harm.
    #[error(
        "{path}: the edit would not have done what it should, and was not made; please report this"
    )]
    Defect {
        /// The option, as written in Nix.
        path: String,
    },
}

fn advice(paste: Option<&str>) -> String {
    paste.map_or_else(String::new, |paste| {
        format!("\nWrite there by hand:\n  {paste}")
    })
}
