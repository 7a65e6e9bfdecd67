//! A file with its places and comments.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use xl_cfg::Document;
use xl_cfg::document::{Comment, NodeKind, Operator};

/// For each assignment: its key, the comments above it, and those beside it.
fn comments(text: &str) -> Vec<(String, Vec<String>, Vec<String>)> {
    let document = Document::parse(text).unwrap();
    let words = |comments: &[Comment]| {
        comments
            .iter()
            .map(|comment| document.comment_text(comment).to_string())
            .collect()
    };
    document
        .assignments()
        .iter()
        .map(|assignment| {
            let attached = document.attached(assignment);
            (
                assignment.key.to_string(),
                words(attached.above),
                words(attached.beside),
            )
        })
        .collect()
}

fn stands(key: &str, above: &[&str], beside: &[&str]) -> (String, Vec<String>, Vec<String>) {
    let texts = |items: &[&str]| items.iter().map(ToString::to_string).collect();
    (key.to_owned(), texts(above), texts(beside))
}

#[test]
fn a_comment_stands_at_its_key() {
    let text = "\
# The whole file.

# One line,
  # and a second.
memory = 256 # MiB
vcpus = 2
# Far away.

disk = [ # all of them
  # the system
  '/a,raw,xvda', # first
  '/b,raw,xvdb',
] # done
a = 1; b = 2 # both
# The end.
";
    assert_eq!(
        comments(text),
        [
            stands("memory", &["One line,", "and a second."], &["MiB"]),
            stands("vcpus", &[], &[]),
            stands("disk", &[], &["all of them", "the system", "first", "done"]),
            stands("a", &[], &[]),
            stands("b", &[], &["both"]),
        ]
    );
    assert_eq!(Document::parse(text).unwrap().comments().len(), 11);
}

#[test]
fn a_comment_in_the_first_line_is_above() {
    assert_eq!(comments("# x\na = 1"), [stands("a", &["x"], &[])]);
}

#[test]
fn every_place_is_where_it_stands() {
    let text = "a = 1\nb += [ 'x', [ 2 ] ]\n";
    let document = Document::parse(text).unwrap();
    let [a, b] = document.assignments() else {
        panic!("two assignments")
    };
    assert_eq!(&text[a.key_span.clone()], "a");
    assert_eq!(&text[a.value.span.clone()], "1");
    assert_eq!((a.operator, b.operator), (Operator::Set, Operator::Append));
    assert_eq!(&text[b.value.span.clone()], "[ 'x', [ 2 ] ]");
    let NodeKind::List(items) = &b.value.kind else {
        panic!("a list")
    };
    let spans: Vec<_> = items.iter().map(|item| &text[item.span.clone()]).collect();
    assert_eq!(spans, ["'x'", "[ 2 ]"]);
    let place = document.place(b.key_span.start);
    assert_eq!((place.line, place.column), (2, 1));
}
