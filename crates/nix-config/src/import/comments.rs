//! The comments of a file, by the key that they stand at.

use std::borrow::Cow;
use std::collections::HashMap;

use xl_cfg::document::{Assignment, AtItem, Comment, Document, Operator};
use xl_cfg::keys;
use xl_cfg::vfb::Vfb;
use xl_cfg::{Place, Value};

use super::tree::Comments;

/// Where a configuration comes from.
pub(super) enum Source<'a> {
    /// From a file, with comments.
    File(File<'a>),
    /// From elsewhere.
    Nowhere,
}

/// A file, and what is looked for in it again and again.
pub(super) struct File<'a> {
    document: &'a Document<'a>,
    /// The assignments of each key, in their order.
    by_key: HashMap<&'a str, Vec<&'a Assignment>>,
    /// The passwords in it.
    secrets: Vec<String>,
}

impl<'a> Source<'a> {
    /// A file.
    pub(super) fn file(document: &'a Document<'a>) -> Self {
        let mut by_key: HashMap<_, Vec<_>> = HashMap::new();
        for assignment in document.assignments() {
            by_key
                .entry(assignment.key.as_str())
                .or_default()
                .push(assignment);
        }
        Self::File(File {
            document,
            by_key,
            secrets: document.assignments().iter().flat_map(secrets).collect(),
        })
    }

    /// The file and the assignments of a key, where there is a file.
    fn at(&self, key: &str) -> Option<(&File<'a>, &[&'a Assignment])> {
        match self {
            Self::File(file) => {
                let assignments = file.by_key.get(key).map(Vec::as_slice);
                Some((file, assignments.unwrap_or_default()))
            }
            Self::Nowhere => None,
        }
    }

    /// The place of a byte.
    pub(super) fn place(&self, offset: usize) -> Option<Place> {
        match self {
            Self::File(file) => Some(file.document.place(offset)),
            Self::Nowhere => None,
        }
    }

    /// Where a key is set, for the last time.
    pub(super) fn place_of(&self, key: &str) -> Option<Place> {
        let (file, assignments) = self.at(key)?;
        Some(file.document.place(assignments.last()?.key_span.start))
    }

    /// The comments at a key; not those at the items of its list.
    pub(super) fn comments(&self, key: &str) -> Comments {
        let mut comments = Comments::default();
        let Some((file, assignments)) = self.at(key) else {
            return comments;
        };
        for assignment in assignments {
            let attached = file.document.attached(assignment);
            let above = attached.above.iter().chain(attached.inside);
            comments.merge(Comments {
                above: above.map(|comment| file.said(comment)).collect(),
                beside: attached.after.map(|comment| file.said(comment)),
            });
        }
        comments
    }

    /// The comments at each item of a key's list, all assignments of the key together.
    pub(super) fn item_comments(&self, key: &str) -> Vec<Comments> {
        let Some((file, assignments)) = self.at(key) else {
            return Vec::new();
        };
        let words = |comments: &[&Comment]| -> Vec<String> {
            comments.iter().map(|comment| file.said(comment)).collect()
        };
        assignments
            .iter()
            .fold(Vec::new(), |mut items, assignment| {
                if assignment.operator == Operator::Set {
                    items.clear();
                }
                let attached = file.document.attached(assignment);
                items.extend(attached.items.iter().map(|AtItem { above, beside }| {
                    let mut beside = words(beside);
                    let last = beside.pop();
                    let mut above = words(above);
                    above.append(&mut beside);
                    Comments {
                        above,
                        beside: last,
                    }
                }));
                items
            })
    }

    /// The comments at no key: a file's head, paragraphs between empty lines.
    pub(super) fn unattached(&self) -> Vec<String> {
        let Self::File(file) = self else {
            return Vec::new();
        };
        let document = file.document;
        let mut attached: Vec<usize> = Vec::new();
        for assignment in document.assignments() {
            let at = document.attached(assignment);
            let inside = at.inside.iter().copied();
            let items = at
                .items
                .iter()
                .flat_map(|item| item.above.iter().chain(&item.beside).copied());
            let all = at.above.iter().chain(inside).chain(items).chain(at.after);
            attached.extend(all.map(|comment| comment.span.start));
        }
        attached.sort_unstable();
        document
            .comments()
            .iter()
            .filter(|comment| attached.binary_search(&comment.span.start).is_err())
            .map(|comment| file.said(comment))
            .collect()
    }
}

impl File<'_> {
    /// What a comment says, unless it could hold a password, as a line that was commented out does.
    fn said(&self, comment: &Comment) -> String {
        let text = self.document.comment_text(comment).to_string();
        let lower = text.to_lowercase();
        let known = self.secrets.iter().any(|secret| text.contains(secret));
        let named = ["passwd", "password", "passwort", "secret", "pwd"]
            .iter()
            .any(|word| lower.contains(word));
        if known || named {
            return "(a comment is left out: it may hold a password)".to_owned();
        }
        text
    }
}

/// The passwords that an assignment holds.
fn secrets(assignment: &Assignment) -> Vec<String> {
    let key = assignment.key.as_str();
    let is_secret = keys::get(key).is_some_and(|info| info.secret);
    if !is_secret && key != "vfb" {
        return Vec::new();
    }
    let value = assignment.value.value();
    let texts: Vec<String> = match &value {
        Value::List(items) => items
            .iter()
            .filter_map(|item| Vfb::parse(&item.as_text()?).ok()?.vnc_password)
            .map(|password| password.0)
            .collect(),
        one => one.as_text().map(Cow::into_owned).into_iter().collect(),
    };
    texts.into_iter().filter(|text| !text.is_empty()).collect()
}
