//! The comments of a file, by the key that they stand at.

use xl_cfg::Place;
use xl_cfg::document::{Assignment, AtItem, Comment, Document, Operator};
use xl_cfg::keys;
use xl_cfg::vfb::Vfb;

use super::tree::Comments;

/// Where a configuration comes from.
pub(super) enum Source<'a> {
    /// From a file, with comments.
    File(&'a Document<'a>),
    /// From elsewhere.
    Nowhere,
}

impl Source<'_> {
    /// The place of a byte.
    pub(super) fn place(&self, offset: usize) -> Option<Place> {
        match self {
            Self::File(document) => Some(document.place(offset)),
            Self::Nowhere => None,
        }
    }

    /// Where a key is set, for the last time.
    pub(super) fn place_of(&self, key: &str) -> Option<Place> {
        let Self::File(document) = self else {
            return None;
        };
        let assignment = last(document, key)?;
        Some(document.place(assignment.key_span.start))
    }

    /// The comments at a key; not those at the items of its list.
    pub(super) fn comments(&self, key: &str) -> Comments {
        let Self::File(document) = self else {
            return Comments::default();
        };
        let mut comments = Comments::default();
        for assignment in document.assignments() {
            if assignment.key.as_str() != key {
                continue;
            }
            let attached = document.attached(assignment);
            let above = attached.above.iter().chain(attached.inside);
            comments.merge(Comments {
                above: above.map(|comment| said(document, comment)).collect(),
                beside: attached.after.map(|comment| said(document, comment)),
            });
        }
        comments
    }

    /// The comments at each item of a key's list, all assignments of the key together.
    pub(super) fn item_comments(&self, key: &str) -> Vec<Comments> {
        let Self::File(document) = self else {
            return Vec::new();
        };
        let words = |comments: &[&Comment]| -> Vec<String> {
            comments
                .iter()
                .map(|comment| said(document, comment))
                .collect()
        };
        document
            .assignments()
            .iter()
            .filter(|assignment| assignment.key.as_str() == key)
            .fold(Vec::new(), |mut items, assignment| {
                if assignment.operator == Operator::Set {
                    items.clear();
                }
                let attached = document.attached(assignment);
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
        let Self::File(document) = self else {
            return Vec::new();
        };
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
            .map(|comment| said(document, comment))
            .collect()
    }
}

fn last<'d>(document: &'d Document<'_>, key: &str) -> Option<&'d Assignment> {
    document
        .assignments()
        .iter()
        .rev()
        .find(|assignment| assignment.key.as_str() == key)
}

/// What a comment says, unless it could hold a password, as a line that was commented out does.
fn said(document: &Document<'_>, comment: &Comment) -> String {
    let text = document.comment_text(comment).to_string();
    if text.is_empty() {
        return text;
    }
    let lower = text.to_lowercase();
    let known = secrets(document).any(|secret| text.contains(&secret));
    let named = ["passwd", "password", "passwort", "secret", "pwd"]
        .iter()
        .any(|word| lower.contains(word));
    if known || named {
        return "(a comment is left out: it may hold a password)".to_owned();
    }
    text
}

/// The passwords of a file.
fn secrets<'d>(document: &'d Document<'_>) -> impl Iterator<Item = String> + 'd {
    document.assignments().iter().flat_map(|assignment| {
        let value = assignment.value.value();
        let own = keys::get(assignment.key.as_str()).is_some_and(|info| info.secret);
        let inside = assignment.key.as_str() == "vfb";
        let texts: Vec<String> = match &value {
            xl_cfg::Value::List(items) if inside => items
                .iter()
                .filter_map(|item| Vfb::parse(&item.as_text()?).ok()?.vnc_password)
                .map(|password| password.0)
                .collect(),
            one if own => one
                .as_text()
                .map(std::borrow::Cow::into_owned)
                .into_iter()
                .collect(),
            _ => Vec::new(),
        };
        texts.into_iter().filter(|text| !text.is_empty())
    })
}
