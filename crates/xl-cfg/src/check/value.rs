//! A value against what the table says that xl reads from it.

use std::ops::Range;

use super::{Rule, Severity};
use crate::document::{Node, NodeKind};
use crate::grammar::{Grammar, Unit};
use crate::keys::{Matching, Range as Bounds, Shape, Words};
use crate::nearest::{and, nearest};

/// What is wrong with a value, or with a part of it.
pub(super) struct Issue {
    pub(super) severity: Severity,
    pub(super) rule: Rule,
    pub(super) span: Range<usize>,
    pub(super) message: String,
}

fn error(node: &Node, rule: Rule, message: impl Into<String>) -> Issue {
    Issue {
        severity: Severity::Error,
        rule,
        span: node.span.clone(),
        message: message.into(),
    }
}

fn warning(node: &Node, rule: Rule, message: impl Into<String>) -> Issue {
    Issue {
        severity: Severity::Warning,
        ..error(node, rule, message)
    }
}

/// Everything that is wrong with a value; `minor` is the Xen that reads it, if only one is meant.
pub(super) fn judge(shape: &Shape, node: &Node, minor: Option<u32>) -> Vec<Issue> {
    match shape {
        Shape::List(Shape::List(Shape::Spec(grammar))) if grammar.unit() == Unit::ItemList => {
            lists(*grammar, node)
        }
        Shape::List(Shape::Spec(grammar)) if grammar.unit() != Unit::Item => {
            whole_list(*grammar, node)
        }
        Shape::List(item) => list(item, node, minor),
        Shape::Either(shapes) => either(shapes, node, minor),
        Shape::Old(shape) => {
            let mut issues = judge(shape, node, minor);
            if !has_error(&issues) {
                let message = match shape {
                    Shape::Integer(_) => {
                        "xl still takes a number here, and warns; write the word that it stands for"
                    }
                    _ => "xl still takes one text here, and warns; write a list, [ … ]",
                };
                issues.push(warning(node, Rule::Deprecated, message));
            }
            issues
        }
        Shape::Spec(grammar) => spec(*grammar, node),
        _ if matches!(node.kind, NodeKind::List(_)) => vec![one_value(node)],
        Shape::Text | Shape::Path => Vec::new(),
        Shape::Integer(bounds) => integer(*bounds, node),
        Shape::Boolean => boolean(node),
        Shape::Uuid | Shape::Words(_) | Shape::Letters(_) => match text(node) {
            Ok(text) => texts(shape, &text, node, minor).into_iter().collect(),
            Err(issue) => vec![issue],
        },
    }
}

fn texts(shape: &Shape, text: &str, node: &Node, minor: Option<u32>) -> Option<Issue> {
    match shape {
        Shape::Words(known) => words(known, text, node, minor),
        Shape::Letters(letters) => {
            let bad = text.chars().find(|letter| !letters.contains(*letter))?;
            let message = format!("`{}` is none of the letters {letters}", bad.escape_debug());
            Some(error(node, Rule::UnknownWord, message))
        }
        Shape::Uuid if !shape.fits(&text.into()) => {
            let message = format!(
                "`{}` is no UUID, which is like 3f0e5c1a-7d3b-4c55-9a6e-2f0b6a1d4e77",
                clipped(text)
            );
            Some(error(node, Rule::Syntax, message))
        }
        _ => None,
    }
}

fn has_error(issues: &[Issue]) -> bool {
    issues.iter().any(|issue| issue.severity == Severity::Error)
}

fn one_value(node: &Node) -> Issue {
    let message = "xl wants one value here, and not a list";
    error(node, Rule::Shape, message)
}

fn not_a_list(node: &Node) -> Issue {
    let message = "xl wants a list here, [ … ], and not a single value";
    error(node, Rule::Shape, message)
}

/// The text of one value, for what must be readable as text.
fn text(node: &Node) -> Result<String, Issue> {
    match &node.kind {
        NodeKind::Number(text) => Ok(text.clone()),
        NodeKind::String(text) => String::from_utf8(text.to_vec())
            .map_err(|_| error(node, Rule::Syntax, "the value is not valid UTF-8")),
        NodeKind::List(_) => Err(one_value(node)),
    }
}

fn list(item: &Shape, node: &Node, minor: Option<u32>) -> Vec<Issue> {
    let NodeKind::List(items) = &node.kind else {
        return vec![not_a_list(node)];
    };
    items
        .iter()
        .flat_map(|node| judge(item, node, minor))
        .collect()
}

/// The first shape that the value has; when it has none, what is wrong by the one that looks most like it.
fn either(shapes: &[Shape], node: &Node, minor: Option<u32>) -> Vec<Issue> {
    let is_list = matches!(node.kind, NodeKind::List(_));
    let mut best: Option<Vec<Issue>> = None;
    for shape in shapes.iter().filter(|shape| wants_list(shape) == is_list) {
        // A word without a slash is no path, but a word that is misspelled.
        if *shape == Shape::Path && best.is_some() && !has_slash(node) {
            continue;
        }
        let issues = judge(shape, node, minor);
        let taken = issues.iter().any(|issue| issue.rule == Rule::WordPrefix);
        if taken || !has_error(&issues) {
            return issues;
        }
        // Of several shapes that it could have had the last is what xl tries last, and blames.
        best = Some(issues);
    }
    if !is_list && let Some(issue) = no_word_of(shapes, node, minor) {
        return vec![issue];
    }
    best.unwrap_or_else(|| {
        shapes
            .first()
            .map(|shape| judge(shape, node, minor))
            .unwrap_or_default()
    })
}

/// Where there are several lists of words: that it is in none of them.
fn no_word_of(shapes: &[Shape], node: &Node, minor: Option<u32>) -> Option<Issue> {
    let lists: Vec<_> = shapes
        .iter()
        .filter_map(|shape| match shape {
            Shape::Words(words) => Some(words),
            _ => None,
        })
        .collect();
    if lists.len() < 2 {
        return None;
    }
    let all: Vec<_> = lists.iter().flat_map(|words| words.of(minor)).collect();
    Some(unknown_word(&text(node).ok()?, &all, node))
}

fn unknown_word(text: &str, all: &[&str], node: &Node) -> Issue {
    let near = match nearest(text, all) {
        Some(near) => format!("; did you mean \"{near}\"?"),
        None => String::new(),
    };
    let message = format!("\"{}\" is none of {}{near}", clipped(text), and(all));
    error(node, Rule::UnknownWord, message)
}

fn has_slash(node: &Node) -> bool {
    match &node.kind {
        NodeKind::String(text) => text.contains(&b'/'),
        NodeKind::Number(_) | NodeKind::List(_) => false,
    }
}

fn wants_list(shape: &Shape) -> bool {
    match shape {
        Shape::List(_) => true,
        Shape::Old(shape) => wants_list(shape),
        _ => false,
    }
}

fn syntax(node: &Node, failure: &crate::SpecError) -> Issue {
    error(node, Rule::Syntax, failure.to_string())
}

fn spec(grammar: Grammar, node: &Node) -> Vec<Issue> {
    match text(node).map(|text| grammar.canonical(&text)) {
        Ok(Ok(_)) => Vec::new(),
        Ok(Err(failure)) => vec![syntax(node, &failure)],
        Err(issue) => vec![issue],
    }
}

/// A list whose strings belong together, such as those of `smbios` or of one node of `vnuma`.
fn whole_list(grammar: Grammar, node: &Node) -> Vec<Issue> {
    let texts = match texts_of(node) {
        Ok(texts) => texts,
        Err(issue) => return vec![issue],
    };
    let texts: Vec<_> = texts.iter().map(String::as_str).collect();
    match grammar.canonical_list(&texts) {
        Ok(_) => Vec::new(),
        Err(failure) => vec![syntax(node, &failure)],
    }
}

/// A list of such lists, which belong together in their turn.
fn lists(grammar: Grammar, node: &Node) -> Vec<Issue> {
    let NodeKind::List(items) = &node.kind else {
        return vec![not_a_list(node)];
    };
    let issues: Vec<_> = items
        .iter()
        .flat_map(|node| whole_list(grammar, node))
        .collect();
    if !issues.is_empty() {
        return issues;
    }
    let texts: Vec<Vec<String>> = items
        .iter()
        .filter_map(|node| texts_of(node).ok())
        .collect();
    let texts: Vec<Vec<&str>> = texts
        .iter()
        .map(|texts| texts.iter().map(String::as_str).collect())
        .collect();
    let texts: Vec<&[&str]> = texts.iter().map(Vec::as_slice).collect();
    match grammar.canonical_lists(&texts) {
        Ok(_) => Vec::new(),
        Err(failure) => vec![syntax(node, &failure)],
    }
}

fn texts_of(node: &Node) -> Result<Vec<String>, Issue> {
    match &node.kind {
        NodeKind::List(items) => items.iter().map(text).collect(),
        _ => Err(not_a_list(node)),
    }
}

fn integer(bounds: Bounds, node: &Node) -> Vec<Issue> {
    let text = match text(node) {
        Ok(text) => text,
        Err(issue) => return vec![issue],
    };
    let of = match bounds.unit {
        "" => String::new(),
        unit => format!(" of {unit}"),
    };
    let Some(number) = node.as_integer() else {
        let message = format!("`{}` is no whole number{of}", clipped(&text));
        return vec![error(node, Rule::NotANumber, message)];
    };
    let mut issues = as_written(&text, number, node);
    if number < bounds.min || number > bounds.max {
        let unit = match bounds.unit {
            "" => String::new(),
            unit => format!(" {unit}"),
        };
        let Bounds { min, max, .. } = bounds;
        // The greatest of these is where xl's arithmetic ends, which is no size that anybody wants to know.
        let message = if max < i64::MAX / 1024 {
            format!("{number} is out of range: {min} to {max}{unit}")
        } else if number < min {
            format!("{number} is too small; the least is {min}{unit}")
        } else {
            format!("{number} is too large; the most is {max}{unit}")
        };
        issues.push(error(node, Rule::OutOfRange, message));
    }
    issues
}

fn boolean(node: &Node) -> Vec<Issue> {
    let text = match text(node) {
        Ok(text) => text,
        Err(issue) => return vec![issue],
    };
    let Some(number) = node.as_integer() else {
        let meant = match text.to_ascii_lowercase().as_str() {
            "yes" | "true" | "on" | "y" | "enabled" => "1",
            "no" | "false" | "off" | "n" | "disabled" => "0",
            _ => "1 or 0",
        };
        let message = format!(
            "xl reads 1 for yes and 0 for no, and not `{}`; write {meant}",
            clipped(&text)
        );
        return vec![error(node, Rule::NotANumber, message)];
    };
    let mut issues = as_written(&text, number, node);
    if !(0..=1).contains(&number) {
        let message = format!("xl takes {number} for yes; write 1");
        issues.push(warning(node, Rule::OutOfRange, message));
    }
    issues
}

/// What is odd about how a number is written.
fn as_written(text: &str, number: i64, node: &Node) -> Vec<Issue> {
    let digits = text.trim_start().trim_start_matches(['+', '-']);
    let octal = digits.len() > 1
        && digits.starts_with('0')
        && !digits.starts_with("0x")
        && !digits.starts_with("0X");
    if octal {
        let message = format!("xl reads the 0 in front as octal: {text} is {number}");
        return vec![warning(node, Rule::Octal, message)];
    }
    // A negative one cannot do without.
    if matches!(node.kind, NodeKind::String(_)) && number.to_string() == text && number >= 0 {
        let message = format!("a number needs no quotes; write {text}");
        return vec![warning(node, Rule::QuotedNumber, message)];
    }
    Vec::new()
}

fn words(known: &Words, text: &str, node: &Node, minor: Option<u32>) -> Option<Issue> {
    let all: Vec<_> = known.of(minor).collect();
    if all.contains(&text) {
        return None;
    }
    let list = and(&all);
    if known.matching == Matching::AnyCase
        && let Some(word) = all.iter().find(|word| word.eq_ignore_ascii_case(text))
    {
        let message = format!("write it in small letters: \"{word}\"");
        return Some(warning(node, Rule::UnknownWord, message));
    }
    if known.matching == Matching::Prefix
        && let Some(word) = all.iter().find(|word| word.starts_with(text))
    {
        let message = format!(
            "xl takes \"{text}\" for \"{word}\", as it takes any beginning of a word; write one of {list}"
        );
        return Some(error(node, Rule::WordPrefix, message));
    }
    if let Some((_, since)) = known.later.iter().find(|(word, _)| *word == text) {
        let message = format!("Xen knows \"{text}\" since 4.{since}; older ones know {list}");
        return Some(error(node, Rule::UnknownWord, message));
    }
    if let Some((_, until)) = known.gone.iter().find(|(word, _)| *word == text) {
        let message = format!("Xen knew \"{text}\" up to 4.{until}; newer ones know {list}");
        return Some(match minor {
            Some(_) => error(node, Rule::UnknownWord, message),
            None => warning(node, Rule::OtherXen, message),
        });
    }
    let issue = unknown_word(text, &all, node);
    // QEMU's words are its own, and a newer one may have more.
    let severity = if known.matching == Matching::Qemu {
        Severity::Warning
    } else {
        Severity::Error
    };
    Some(Issue { severity, ..issue })
}

/// Enough of a text to know it by, fit for a terminal.
fn clipped(text: &str) -> String {
    const MOST: usize = 60;
    let mut shown: String = text
        .chars()
        .take(MOST)
        .flat_map(char::escape_debug)
        .collect();
    if text.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    shown
}
