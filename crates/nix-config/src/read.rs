//! Reading options out of a module.

use rnix::ast::{Entry, HasEntry};

use crate::error::place;
use crate::find::{Search, body};
use crate::literal::literal;
use crate::tree::{name, parse, range, source};
use crate::{EditError, NixValue, SyntaxError};

/// An option as it stands in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The line of its value, from 1.
    pub line: usize,
    /// The column of its value in characters, from 1.
    pub column: usize,
    /// The value as it is written.
    pub source: String,
    /// The value, when it is plainly one.
    pub value: Option<NixValue>,
}

/// Says whether a text is Nix at all.
///
/// # Errors
///
/// When it is not; with line and column.
pub fn check(text: &str) -> Result<(), SyntaxError> {
    parse(text).map(drop)
}

/// Finds where a module sets an option; nothing when it does not.
///
/// # Errors
///
/// When the text is not Nix, or has a shape in which the option may be set out of sight (`mkIf`, `inherit`, `//`).
pub fn find_value(text: &str, path: &[&str]) -> Result<Option<Found>, EditError> {
    let search = Search::new(text, path)?;
    match search.exact.as_slice() {
        [entry] => {
            let Some(expression) = entry.value() else {
                return Ok(None);
            };
            let start = range(&expression).start;
            let (line, column) = place(text, start);
            Ok(Some(Found {
                line,
                column,
                source: source(&expression),
                value: literal(&expression),
            }))
        }
        [] => {
            if let Some(unclear) = search.unclear.first() {
                return Err(search.error("read", unclear, None));
            }
            match search.inside.first() {
                Some((entry, _)) => Err(search.error_at(
                    "read",
                    range(entry).start,
                    "it is set in several parts, this being one",
                    None,
                )),
                None => Ok(None),
            }
        }
        [_, second, ..] => {
            Err(search.error_at("read", range(second).start, "it is set twice", None))
        }
    }
}

/// The names of the guests that a module declares under `virtualisation.xen.guests`, in their order.
///
/// # Errors
///
/// As [`find_value`]; also when a name is computed.
pub fn guests(text: &str) -> Result<Vec<String>, EditError> {
    let search = Search::new(text, &["virtualisation", "xen", "guests"])?;
    if let Some(unclear) = search.unclear.first() {
        return Err(search.error("read", unclear, None));
    }
    // By their place in the text, whichever way each is written.
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut add = |offset: usize, name: Option<String>| match name {
        Some(name) => {
            found.push((offset, name));
            Ok(())
        }
        None => Err(search.error_at("read", offset, "the name of a guest is computed here", None)),
    };
    for (entry, guest) in &search.inside {
        add(range(entry).start, guest.clone())?;
    }
    for entry in &search.exact {
        let Some(expression) = entry.value() else {
            continue;
        };
        let set = body(&expression).map_err(|unclear| search.error("read", &unclear, None))?;
        for entry in set.entries() {
            match entry {
                Entry::AttrpathValue(entry) => {
                    let first = entry.attrpath().and_then(|path| path.attrs().next());
                    add(range(&entry).start, first.as_ref().and_then(name))?;
                }
                Entry::Inherit(inherit) => {
                    for attribute in inherit.attrs() {
                        add(range(&attribute).start, name(&attribute))?;
                    }
                }
            }
        }
    }
    found.sort();
    let mut names = Vec::new();
    for (_, name) in found {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}
