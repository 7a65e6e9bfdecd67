//! Adding an option to the set that fits it best.

use rnix::ast::{AttrSet, Entry, HasEntry};
use rnix::{NodeOrToken, SyntaxKind};

use crate::edit::{Change, indentation};
use crate::find::{Search, dotted};
use crate::tree::{range, syntax};
use crate::{NixValue, WriteError};

/// Where a binding goes.
struct Spot {
    set: AttrSet,
    depth: usize,
    /// The relatives that it shares the most names with.
    common: usize,
    /// After which entry; nothing in an empty set.
    after: Option<Entry>,
}

/// The change that adds the option.
pub(crate) fn insertion(
    text: &str,
    search: &Search<'_>,
    value: &NixValue,
) -> Result<Change, WriteError> {
    // Every readable module has at least its own set, so there is a best one; deeper sets win over equal names.
    let best = search
        .sets
        .iter()
        .map(|(depth, set)| spot(search, *depth, set));
    let Some(best) = best.max_by_key(|spot| (spot.depth + spot.common, spot.depth)) else {
        return Ok(Change {
            range: text.len()..text.len(),
            with: String::new(),
        });
    };
    let name = dotted(&search.path[best.depth..]);
    match &best.after {
        Some(entry) => after(text, entry, &name, value),
        None => into_empty(text, &best.set, &name, value),
    }
}

fn spot(search: &Search<'_>, depth: usize, set: &AttrSet) -> Spot {
    let common_of = |entry: &Entry| match entry {
        Entry::AttrpathValue(entry) => search.common(entry, depth),
        Entry::Inherit(_) => 0,
    };
    let common = set
        .entries()
        .map(|entry| common_of(&entry))
        .max()
        .unwrap_or(0);
    let after = set
        .entries()
        .filter(|entry| common_of(entry) == common)
        .last();
    Spot {
        set: set.clone(),
        depth,
        common,
        after,
    }
}

fn written(name: &str, value: &NixValue, indent: &str) -> Result<String, WriteError> {
    Ok(format!("{name} = {};", value.render(indent)?))
}

fn after(text: &str, entry: &Entry, name: &str, value: &NixValue) -> Result<Change, WriteError> {
    let whole = range(entry);
    let indent = indentation(text, whole.start);
    let line_start = text[..whole.start]
        .rfind('\n')
        .map_or(0, |newline| newline + 1);
    let binding = written(name, value, indent)?;
    if line_start + indent.len() != whole.start {
        // Something stands before it on its line: `{ a = 1; }` stays on one line.
        return Ok(Change {
            range: whole.end..whole.end,
            with: format!(" {binding}"),
        });
    }
    let end = end_with_comment(entry);
    Ok(Change {
        range: end..end,
        with: format!("\n{indent}{binding}"),
    })
}

/// The end of an entry, or of the comment behind it on the same line.
fn end_with_comment(entry: &Entry) -> usize {
    let mut end = range(entry).end;
    let mut next = syntax(entry).next_sibling_or_token();
    while let Some(NodeOrToken::Token(token)) = next {
        match token.kind() {
            SyntaxKind::TOKEN_WHITESPACE if !token.text().contains('\n') => {}
            SyntaxKind::TOKEN_COMMENT if !token.text().contains('\n') => {
                end = token.text_range().end().into();
            }
            _ => break,
        }
        next = token.next_sibling_or_token();
    }
    end
}

fn into_empty(
    text: &str,
    set: &AttrSet,
    name: &str,
    value: &NixValue,
) -> Result<Change, WriteError> {
    let whole = range(set);
    let indent = indentation(text, whole.start);
    let deeper = format!("{indent}  ");
    let binding = written(name, value, &deeper)?;
    let close = whole.end - 1;
    let open = set
        .l_curly_token()
        .map_or(whole.start + 1, |token| token.text_range().end().into());
    if text[open..close].trim().is_empty() {
        return Ok(Change {
            range: open..close,
            with: format!("\n{deeper}{binding}\n{indent}"),
        });
    }
    // Only comments are in it; the binding comes after them, on a line of its own.
    let kept = text[open..close].trim_end().len();
    Ok(Change {
        range: open + kept..close,
        with: format!("\n{deeper}{binding}\n{indent}"),
    })
}
