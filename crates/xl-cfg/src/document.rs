//! A file as it stands: every assignment with its place, and the comments.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::OnceLock;

use bstr::{BStr, BString, ByteSlice};

use crate::parse::{self, ParseError};
use crate::place::Marks;
use crate::value::strtol;
use crate::{Config, Key, Place, Value, secret};

/// A file that xl can read, with all that a person wrote into it.
///
/// [`Config`] is what it means; this is for those who show a place in it, or carry its comments elsewhere.
#[derive(Debug, Clone)]
pub struct Document<'t> {
    text: &'t [u8],
    assignments: Vec<Assignment>,
    comments: Vec<Comment>,
    /// Made when the first place is asked for.
    marks: OnceLock<Marks>,
    /// Where words stand that go with passwords; looked for when it is first asked.
    secrets: OnceLock<Vec<usize>>,
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
    /// A value as if it stood at a place.
    #[must_use]
    pub fn from_value(value: &Value, span: Range<usize>) -> Self {
        let kind = match value {
            Value::Integer(number) if *number >= 0 => NodeKind::Number(number.to_string()),
            Value::Integer(number) => NodeKind::String(number.to_string().into()),
            Value::String(text) => NodeKind::String(text.clone()),
            Value::List(items) => NodeKind::List(
                items
                    .iter()
                    .map(|item| Self::from_value(item, span.clone()))
                    .collect(),
            ),
        };
        Self { span, kind }
    }

    /// Its text, when it is a number or a string of valid UTF-8; as [`Value::as_text`].
    #[must_use]
    pub fn as_text(&self) -> Option<Cow<'_, str>> {
        match &self.kind {
            NodeKind::Number(text) => Some(Cow::Borrowed(text)),
            NodeKind::String(text) => text.to_str().ok().map(Cow::Borrowed),
            NodeKind::List(_) => None,
        }
    }

    /// The number that xl reads from it; as [`Value::as_integer`].
    #[must_use]
    pub fn as_integer(&self) -> Option<i64> {
        strtol(&self.as_text()?)
    }

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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attached<'d> {
    /// Those alone on the lines directly above it, with no empty line between.
    pub above: &'d [Comment],
    /// Those inside its list, at no item of it: after the `[`, or after the last item's line.
    pub inside: Vec<&'d Comment>,
    /// For each item of its list, the comments at it. Those of a list inside the list are at the item that it is.
    pub items: Vec<AtItem<'d>>,
    /// The one after it on its last line.
    pub after: Option<&'d Comment>,
}

/// The comments that stand at one item of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AtItem<'d> {
    /// Those alone on lines above it.
    pub above: Vec<&'d Comment>,
    /// Those inside it, and the one after it on its line.
    pub beside: Vec<&'d Comment>,
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
            marks: OnceLock::new(),
            secrets: OnceLock::new(),
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

    /// Where a byte offset of this file is, for a person. The first call reads the text once; after that a place costs
    /// the same wherever it is. It is hidden where [`Document::is_secret`].
    #[must_use]
    pub fn place(&self, offset: usize) -> Place {
        let place = self.marks().place(self.text, offset);
        if self.is_secret(offset) {
            place.hide()
        } else {
            place
        }
    }

    /// Whether a password could stand on an offset's line, or in the assignment that the offset is in: a word on any of
    /// its lines says so, or its key.
    #[must_use]
    pub fn is_secret(&self, offset: usize) -> bool {
        let index = self
            .assignments
            .partition_point(|assignment| assignment.key_span.start <= offset);
        let at = index
            .checked_sub(1)
            .and_then(|index| self.assignments.get(index))
            .filter(|at| offset <= at.value.span.end);
        let (start, end) = at.map_or((offset, offset), |at| {
            (at.key_span.start, at.value.span.end)
        });
        if at.is_some_and(|at| secret::is_key(at.key.as_str())) {
            return true;
        }
        let secrets = self.secrets.get_or_init(|| secret::words(self.text));
        let first_line = self.line_start(start);
        let next = secrets.partition_point(|&word| word < first_line);
        secrets
            .get(next)
            .is_some_and(|&word| word < end || self.line_start(word) == self.line_start(end))
    }

    /// The text of a span.
    pub(crate) fn text_of(&self, span: Range<usize>) -> &'t [u8] {
        self.text.get(span).unwrap_or_default()
    }

    fn marks(&self) -> &Marks {
        self.marks.get_or_init(|| Marks::new(self.text))
    }

    /// The comments that stand at an assignment.
    #[must_use]
    pub fn attached(&self, assignment: &Assignment) -> Attached<'_> {
        let start = assignment.key_span.start;
        let end = assignment.value.span.end;
        let first_inside = self.comments_before(start);
        let first_after = self.comments_before(end);
        let (inside, items) = self.at_items(
            &assignment.value,
            self.comments
                .get(first_inside..first_after)
                .unwrap_or_default(),
        );
        Attached {
            above: self.above(start),
            inside,
            items,
            after: self.after(end),
        }
    }

    /// How many comments begin before an offset.
    fn comments_before(&self, offset: usize) -> usize {
        self.comments
            .partition_point(|comment| comment.span.start < offset)
    }

    fn line_start(&self, offset: usize) -> usize {
        self.marks().line_start(self.text, offset)
    }

    /// The block of comments that ends on the line above an offset's. Over `a = 1; b = 2` it is a's.
    fn above(&self, offset: usize) -> &[Comment] {
        let mut below = self.line_start(offset);
        let index = self
            .assignments
            .partition_point(|other| other.key_span.start < offset);
        let earlier = index.checked_sub(1).and_then(|at| self.assignments.get(at));
        if earlier.is_some_and(|earlier| earlier.value.span.end > below) {
            return &[];
        }
        let end = self.comments_before(below);
        let mut first = end;
        while let Some(comment) = first.checked_sub(1).and_then(|at| self.comments.get(at)) {
            if !comment.alone || comment.span.end + 1 != below {
                break;
            }
            first -= 1;
            below = self.line_start(comment.span.start);
        }
        self.comments.get(first..end).unwrap_or_default()
    }

    /// The comment that ends the line on which a value ends. After `a = 1; b = 2 # …` it is b's.
    fn after(&self, end: usize) -> Option<&Comment> {
        let comment = self.comments.get(self.comments_before(end))?;
        let next = self
            .assignments
            .partition_point(|other| other.key_span.start < end);
        if let Some(other) = self.assignments.get(next)
            && other.key_span.start < comment.span.start
        {
            return None;
        }
        // Only white space and semicolons lie between, which no other assignment looks through.
        let between = self.text.get(end..comment.span.start)?;
        (!between.contains(&b'\n')).then_some(comment)
    }

    /// Shares the comments inside a list out to its items; first those that are at none.
    fn at_items<'d>(
        &self,
        list: &Node,
        comments: &'d [Comment],
    ) -> (Vec<&'d Comment>, Vec<AtItem<'d>>) {
        let NodeKind::List(nodes) = &list.kind else {
            return (comments.iter().collect(), Vec::new());
        };
        let mut items = vec![AtItem::default(); nodes.len()];
        let mut at_none = Vec::new();
        for comment in comments {
            // How many items begin before it, and whether the last of them ends on its line or after it.
            let begun = nodes.partition_point(|node| node.span.start < comment.span.start);
            let newest = begun.checked_sub(1);
            let beside = newest.is_some_and(|newest| {
                let end = nodes[newest].span.end;
                end > comment.span.start
                    || self.line_start(end) == self.line_start(comment.span.start)
            });
            match (newest.filter(|_| beside), items.get_mut(begun)) {
                (Some(newest), _) => items[newest].beside.push(comment),
                (None, Some(next)) if comment.alone => next.above.push(comment),
                _ => at_none.push(comment),
            }
        }
        (at_none, items)
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
