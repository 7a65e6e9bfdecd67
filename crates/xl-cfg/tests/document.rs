//! A file with its places and comments.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use xl_cfg::Document;
use xl_cfg::document::{Comment, NodeKind, Operator};

/// For each assignment its key and the comments at it, a line each.
fn comments(text: &str) -> String {
    let document = Document::parse(text).unwrap();
    let words = |comments: &[&Comment]| -> Vec<String> {
        comments
            .iter()
            .map(|comment| document.comment_text(comment).to_string())
            .collect()
    };
    let mut lines = Vec::new();
    for assignment in document.assignments() {
        let attached = document.attached(assignment);
        lines.push(format!(
            "{}: above {:?} inside {:?} after {:?}",
            assignment.key,
            words(&attached.above.iter().collect::<Vec<_>>()),
            words(&attached.inside),
            words(&attached.after.into_iter().collect::<Vec<_>>()),
        ));
        for (index, item) in attached.items.iter().enumerate() {
            lines.push(format!(
                "  {index}: above {:?} beside {:?}",
                words(&item.above),
                words(&item.beside)
            ));
        }
    }
    lines.join("\n")
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
  '/b,raw,xvdb', '/c,raw,xvdc', # third
  # nothing more
] # done
vnuma = [ [ 'a', # node
  # of the node
  'b' ] ]
a = 1; b = 2 # both
# The end.
";
    insta::assert_snapshot!(comments(text), @r#"
    memory: above ["One line,", "and a second."] inside [] after ["MiB"]
    vcpus: above [] inside [] after []
    disk: above [] inside ["all of them", "nothing more"] after ["done"]
      0: above ["the system"] beside ["first"]
      1: above [] beside []
      2: above [] beside ["third"]
    vnuma: above [] inside [] after []
      0: above [] beside ["node", "of the node"]
    a: above [] inside [] after []
    b: above [] inside [] after ["both"]
    "#);
    assert_eq!(Document::parse(text).unwrap().comments().len(), 15);
}

#[test]
fn a_comment_in_the_first_line_is_above() {
    insta::assert_snapshot!(comments("# x\na = 1"), @r#"a: above ["x"] inside [] after []"#);
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
