//! A file as it stands: every assignment with its place, and the comments.

use std::ops::Range;

use bstr::{BStr, BString, ByteSlice};

use crate::parse::{self, ParseError};
use crate::{Config, Key, Place, Value};

/// A file that xl can read, with all that a person wrote into it.
///
/// [`Config`] is what it means; this is for those who show a place in it, or carry its comments elsewhere.
#[derive(Debug, Clone)]
pub struct Document<'t> {
    text: &'t [u8],
    assignments: Vec<Assignment>,
    comments: Vec<Comment>,
}

/// One `key = value` or `key += value`.
#[derive(Debug, Clone)]
pub struct Assignment {
    /// The key.
    pub key: Key,
    /// Where the key stands, in bytes.
    pub key_span: Range<usize>,
    /// How it is assigned.
    pub operator: Operator,
    /// What is assigned.
    pub value: Node,
}

/// How a value is assigned to its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `=`: it takes the place of what was there.
    Set,
    /// `+=`: it is joined to what was there. xl then refuses to read the setting as a number.
    Append,
}

/// A value where it stands.
#[derive(Debug, Clone)]
pub struct Node {
    /// Where it stands, in bytes, its quotes or brackets included.
    pub span: Range<usize>,
    /// What it is.
    pub kind: NodeKind,
}

/// What stands there.
#[derive(Debug, Clone)]
pub enum NodeKind {
    /// A word of digits without quotes.
    Number(String),
    /// Text between quotes, its escapes read.
    String(BString),
    /// A list.
    List(Vec<Node>),
}

impl Node {
    /// What it means to xl.
    #[must_use]
    pub fn value(&self) -> Value {
        self.clone().into_value()
    }

    /// As [`Node::value`], without a copy.
    #[must_use]
    pub fn into_value(self) -> Value {
        match self.kind {
            NodeKind::Number(text) => number(text),
            NodeKind::String(text) => Value::String(text),
            NodeKind::List(items) => Value::List(items.into_iter().map(Self::into_value).collect()),
        }
    }
}

/// A bare number is an integer when its text is how that integer is written; `010` and `0x10` keep their text, as in
/// xl, because a string setting (a name, say) would be given exactly that.
fn number(text: String) -> Value {
    match text.parse::<i64>() {
        Ok(number) if text == "0" || !text.starts_with('0') => Value::Integer(number),
        _ => Value::String(text.into()),
    }
}

/// A comment, from its `#` to the end of its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Where it stands, in bytes, without the line's end.
    pub span: Range<usize>,
    /// Whether nothing but white space stands before it on its line.
    pub alone: bool,
}

/// The comments that stand at an assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attached<'d> {
    /// Those alone on the lines directly above it, with no empty line between.
    pub above: &'d [Comment],
    /// Those inside its list, and the one after it on its last line.
    pub beside: &'d [Comment],
}

impl<'t> Document<'t> {
    /// Reads a file's text as xl does.
    ///
    /// # Errors
    ///
    /// The first place that xl would refuse, or read as something else than what stands there.
    pub fn parse(text: &'t (impl AsRef<[u8]> + ?Sized)) -> Result<Self, ParseError> {
        parse::document(text.as_ref())
    }

    pub(crate) fn new(
        text: &'t [u8],
        assignments: Vec<Assignment>,
        comments: Vec<Comment>,
    ) -> Self {
        Self {
            text,
            assignments,
            comments,
        }
    }

    /// All assignments in their order, those that a later one replaces included.
    #[must_use]
    pub fn assignments(&self) -> &[Assignment] {
        &self.assignments
    }

    /// All comments in their order.
    #[must_use]
    pub fn comments(&self) -> &[Comment] {
        &self.comments
    }

    /// What a comment says, without its `#` and the white space around.
    #[must_use]
    pub fn comment_text(&self, comment: &Comment) -> &'t BStr {
        let text = self.text.get(comment.span.clone()).unwrap_or_default();
        text.strip_prefix(b"#").unwrap_or(text).trim().as_bstr()
    }

    /// Where a byte offset of this file is, for a person.
    #[must_use]
    pub fn place(&self, offset: usize) -> Place {
        Place::at(self.text, offset)
    }

    /// The comments that stand at an assignment.
    #[must_use]
    pub fn attached(&self, assignment: &Assignment) -> Attached<'_> {
        let start = assignment.key_span.start;
        let line_start = self.text[..start]
            .rfind_byte(b'\n')
            .map_or(0, |newline| newline + 1);
        let first = self
            .comments
            .partition_point(|comment| comment.span.start < line_start);
        let mut top = first;
        let mut below = line_start;
        while let Some(comment) = top.checked_sub(1).map(|index| &self.comments[index]) {
            if !comment.alone || comment.span.end + 1 != below {
                break;
            }
            top -= 1;
            below = self.text[..comment.span.start]
                .rfind_byte(b'\n')
                .map_or(0, |newline| newline + 1);
        }
        let end = assignment.value.span.end;
        let line_end = self.text[end..]
            .find_byte(b'\n')
            .map_or(self.text.len(), |length| end + length);
        // After `a = 1; b = 2 # …` the comment is b's.
        let next = self
            .assignments
            .partition_point(|other| other.key_span.start < end);
        let limit = match self.assignments.get(next) {
            Some(other) if other.key_span.start < line_end => end,
            _ => line_end,
        };
        let inside = self
            .comments
            .partition_point(|comment| comment.span.start < start);
        let after = self
            .comments
            .partition_point(|comment| comment.span.start < limit);
        Attached {
            above: &self.comments[top..first],
            beside: &self.comments[inside..after.max(inside)],
        }
    }

    /// What the file means: each key once, the last assignment's value, `+=` joined to what was there.
    #[must_use]
    pub fn config(&self) -> Config {
        let mut config = Config::new();
        for assignment in &self.assignments {
            config.assign(
                assignment.key.clone(),
                assignment.operator,
                assignment.value.value(),
            );
        }
        config
    }

    /// As [`Document::config`], without a copy.
    #[must_use]
    pub fn into_config(self) -> Config {
        let mut config = Config::new();
        for assignment in self.assignments {
            let Assignment {
                key,
                operator,
                value,
                ..
            } = assignment;
            config.assign(key, operator, value.into_value());
        }
        config
    }
}
