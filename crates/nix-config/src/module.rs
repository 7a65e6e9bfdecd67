//! A whole file of Nix, with comments, as nixfmt (RFC 166) leaves it.

use std::collections::HashSet;
use std::fmt::Write as _;

use crate::strings::attribute_name;
use crate::{NixValue, WriteError};

/// One `name = value;`, with the comments that stand at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The names on the way to the value, as in `networking.hostName`.
    pub path: Vec<String>,
    /// What is bound.
    pub value: Bound,
    /// Comments on lines of their own above it, without their `#`.
    pub above: Vec<String>,
    /// The comment after it on its line, without its `#`.
    pub beside: Option<String>,
}

/// What a name is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bound {
    /// A value.
    Value(NixValue),
    /// A set whose bindings can have comments.
    Set(Vec<Binding>),
}

impl Binding {
    /// A value under one name, without comments.
    #[must_use]
    pub fn value(name: &str, value: impl Into<NixValue>) -> Self {
        Self::new([name], Bound::Value(value.into()))
    }

    /// A set under a path of names, without comments.
    #[must_use]
    pub fn set<'n>(path: impl IntoIterator<Item = &'n str>, bindings: Vec<Self>) -> Self {
        Self::new(path, Bound::Set(bindings))
    }

    fn new<'n>(path: impl IntoIterator<Item = &'n str>, value: Bound) -> Self {
        Self {
            path: path.into_iter().map(str::to_owned).collect(),
            value,
            above: Vec::new(),
            beside: None,
        }
    }
}

/// A file that is one set: `header` as comments at its top, then the bindings, formatted as nixfmt does.
///
/// # Errors
///
/// When Nix has no text for a value, or a name is twice in one set.
pub fn module(header: &[String], bindings: &[Binding]) -> Result<String, WriteError> {
    let mut text = String::new();
    comments(&mut text, header);
    set(&mut text, bindings)?;
    text.push('\n');
    nixfmt_rs::format(&text).map_err(|error| {
        // Only a value that this crate wrote wrongly gets here.
        WriteError::Raw(nixfmt_rs::format_error(&text, None, &error))
    })
}

fn set(text: &mut String, bindings: &[Binding]) -> Result<(), WriteError> {
    text.push_str("{\n");
    let mut paths = HashSet::with_capacity(bindings.len());
    for binding in bindings {
        if !paths.insert(&binding.path) {
            return Err(WriteError::Twice(binding.path.join(".")));
        }
        comments(text, &binding.above);
        let path: Vec<_> = binding
            .path
            .iter()
            .map(|name| attribute_name(name))
            .collect();
        // Writing to a String cannot fail.
        let _ = write!(text, "{} = ", path.join("."));
        match &binding.value {
            Bound::Value(value) => text.push_str(&value.to_text()?),
            Bound::Set(bindings) => set(text, bindings)?,
        }
        text.push(';');
        if let Some(comment) = &binding.beside {
            text.push(' ');
            comments(text, std::slice::from_ref(comment));
        } else {
            text.push('\n');
        }
    }
    text.push('}');
    Ok(())
}

/// A line each. A line break in one would end it, and what follows would be Nix; other control characters are for
/// terminals.
fn comments(text: &mut String, comments: &[String]) {
    for comment in comments {
        for line in comment.split(['\n', '\r']) {
            let line: String = line
                .chars()
                .map(|c| if c.is_control() { ' ' } else { c })
                .collect();
            text.push_str("# ");
            text.push_str(line.trim());
            text.truncate(text.trim_end().len());
            text.push('\n');
        }
    }
}
