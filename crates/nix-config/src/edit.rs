//! Setting an option in a module's text.

use rnix::ast::{AttrpathValue, Expr};

use crate::find::{Search, dotted, shape};
use crate::insert::insertion;
use crate::literal::{literal, same};
use crate::tree::{has_comment, range, source, syntax};
use crate::{EditError, NixValue, WriteError, find_value};

/// What an edit gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The whole text, edited.
    pub text: String,
    /// Whether anything changed; if not, `text` is what came in.
    pub changed: bool,
}

/// Some bytes to be replaced by others.
pub(crate) struct Change {
    pub(crate) range: std::ops::Range<usize>,
    pub(crate) with: String,
}

/// Sets an option in the text of a module, such as configuration.nix.
///
/// A value that is plainly written is replaced. An option that is not set yet is added to the set that holds its
/// nearest relatives. All other bytes stay, and setting it again changes nothing.
///
/// # Errors
///
/// When the text is not Nix, or the option is set, or may be, by something that is not a plain value (`mkIf`, a name, a
/// computed string): then the error says where, and what to write by hand.
pub fn set_value(text: &str, path: &[&str], value: &NixValue) -> Result<Edit, EditError> {
    let search = Search::new(text, path)?;
    let failed = |source: WriteError| EditError::Value {
        path: dotted(path),
        source,
    };
    let plain = value.render("").map_err(failed)?;
    let by_hand = |name: &str| Some(format!("{name} = {plain};"));
    let whole = dotted(&search.path);
    let change = match search.exact.as_slice() {
        [entry] => match replacement(text, entry, value).map_err(failed)? {
            Replacement::None => {
                return Ok(Edit {
                    text: text.to_owned(),
                    changed: false,
                });
            }
            Replacement::Change(change) => change,
            Replacement::Refused(offset, reason) => {
                let name = entry
                    .attrpath()
                    .map(|path| source(&path))
                    .unwrap_or_default();
                return Err(search.error_at("edit", offset, &reason, by_hand(&name)));
            }
        },
        [_, second, ..] => {
            let reason = "it is set twice, which Nix refuses; remove one";
            return Err(search.error_at("edit", range(second).start, reason, None));
        }
        [] => {
            if let Some(unclear) = search.unclear.first() {
                return Err(search.error("edit", unclear, by_hand(&search.rest(unclear))));
            }
            if let Some((entry, _)) = search.inside.first() {
                let reason = "it is set in several parts, this being one";
                return Err(search.error_at("edit", range(entry).start, reason, by_hand(&whole)));
            }
            insertion(text, &search, value).map_err(failed)?
        }
    };
    let mut edited = text.to_owned();
    edited.replace_range(change.range, &change.with);
    verified(edited, path, value)
}

enum Replacement {
    None,
    Change(Change),
    Refused(usize, String),
}

fn replacement(
    text: &str,
    entry: &AttrpathValue,
    value: &NixValue,
) -> Result<Replacement, WriteError> {
    let Some(expression) = entry.value() else {
        return Ok(Replacement::None);
    };
    let range = range(&expression);
    if is(&expression, value) {
        return Ok(Replacement::None);
    }
    if literal(&expression).is_none() {
        return Ok(Replacement::Refused(range.start, shape(&expression)));
    }
    if has_comment(syntax(&expression)) {
        let reason = "the value has comments inside, which would be lost".to_owned();
        return Ok(Replacement::Refused(range.start, reason));
    }
    let with = value.render(indentation(text, crate::tree::range(entry).start))?;
    Ok(Replacement::Change(Change { range, with }))
}

/// Whether an expression is a value already.
fn is(expression: &Expr, value: &NixValue) -> bool {
    match value {
        NixValue::Raw(raw) => source(expression) == raw.trim(),
        _ => literal(expression).is_some_and(|present| same(&present, value)),
    }
}

/// The white space that a byte's line begins with.
pub(crate) fn indentation(text: &str, offset: usize) -> &str {
    let start = text[..offset].rfind('\n').map_or(0, |newline| newline + 1);
    let line = &text[start..];
    let end = line.find(|c| c != ' ' && c != '\t').unwrap_or(line.len());
    &line[..end]
}

/// The edited text, once it is seen to be Nix still and to hold the value.
fn verified(text: String, path: &[&str], value: &NixValue) -> Result<Edit, EditError> {
    let defect = || EditError::Defect { path: dotted(path) };
    let found = find_value(&text, path)
        .map_err(|_| defect())?
        .ok_or_else(defect)?;
    let holds = match value {
        NixValue::Raw(raw) => found.source == raw.trim(),
        // Written as a sum, because Nix has no literal for it.
        NixValue::Integer(i64::MIN) => true,
        _ => found.value.is_some_and(|present| same(&present, value)) || holds_raw(value),
    };
    if holds {
        Ok(Edit {
            text,
            changed: true,
        })
    } else {
        Err(defect())
    }
}

/// Whether a list or set has an expression in it, whose value is not known here.
fn holds_raw(value: &NixValue) -> bool {
    match value {
        NixValue::Raw(_) | NixValue::Integer(i64::MIN) => true,
        NixValue::List(items) => items.iter().any(holds_raw),
        NixValue::AttrSet(bindings) => bindings.iter().any(|(_, value)| holds_raw(value)),
        _ => false,
    }
}
