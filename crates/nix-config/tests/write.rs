//! Values as text, read back by this crate and, where Nix is at hand, by Nix itself.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::Command;

use nix_config::{NixValue, find_value};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[^\\x00]{0,20}",
        // What the two kinds of strings trip over.
        "('|''|\\$|\\{|\\}|\\$\\{|\\\\|\"|\n|\r|\t| |  |a|é|#|n){0,16}",
    ]
}

fn value() -> impl Strategy<Value = NixValue> {
    let leaf = prop_oneof![
        Just(NixValue::Null),
        any::<bool>().prop_map(NixValue::Bool),
        (i64::MIN + 1..=i64::MAX).prop_map(NixValue::Integer),
        text().prop_map(NixValue::String),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let name = prop_oneof![
            "[a-z]{1,3}",
            "(if|with|or|rec|a-b|a'|_|1a|a\\.b|true|)",
            text()
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(NixValue::List),
            prop::collection::btree_map(name, inner, 0..4)
                .prop_map(|map| NixValue::AttrSet(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_reads_back(value in value()) {
        let module = format!("{{ x = {}; }}", value.to_text().unwrap());
        let found = find_value(&module, &["x"]).unwrap().unwrap();
        prop_assert_eq!(found.value, Some(value), "{}", module);
    }

    #[test]
    fn lines_have_no_white_space_at_their_end(value in value()) {
        let written = value.to_text().unwrap();
        // Inside a string they may: a person's text is not to be changed.
        if !written.contains("''") {
            prop_assert!(written.lines().all(|line| line.trim_end() == line));
        }
    }
}

fn json(value: &NixValue) -> serde_json::Value {
    match value {
        NixValue::Null => serde_json::Value::Null,
        NixValue::Bool(flag) => (*flag).into(),
        NixValue::Integer(number) => (*number).into(),
        NixValue::String(text) => text.clone().into(),
        NixValue::List(items) => items.iter().map(json).collect(),
        NixValue::AttrSet(bindings) => bindings
            .iter()
            .map(|(name, value)| (name.clone(), json(value)))
            .collect(),
        NixValue::Path(_) | NixValue::Raw(_) => unreachable!("not made here"),
    }
}

/// The items of a list, as Nix evaluates it; nothing where there is no Nix.
fn nix(folder: &Path, list: &str) -> Option<Vec<serde_json::Value>> {
    let file = folder.join("values.nix");
    std::fs::write(&file, list).unwrap();
    let output = Command::new("nix-instantiate")
        .args(["--eval", "--strict", "--json", "--readonly-mode"])
        .arg(&file)
        .env("NIX_STATE_DIR", folder)
        .env("HOME", folder)
        .output();
    match output {
        Ok(output) => {
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
            Some(serde_json::from_slice(&output.stdout).unwrap())
        }
        Err(error) => {
            eprintln!("skipped: cannot run nix-instantiate: {error}");
            None
        }
    }
}

/// The reader of this crate could share a mistake with its writer; Nix does not.
#[test]
fn nix_reads_the_same() {
    let mut runner = TestRunner::deterministic();
    let values: Vec<NixValue> = (0..400)
        .map(|_| value().new_tree(&mut runner).unwrap().current())
        .collect();
    let list = NixValue::List(values.clone()).to_text().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let Some(read) = nix(folder.path(), &list) else {
        return;
    };
    assert_eq!(read.len(), values.len());
    for (value, read) in values.iter().zip(&read) {
        assert_eq!(&json(value), read, "{}", value.to_text().unwrap());
    }
}

#[test]
fn as_nixfmt_leaves_it() {
    let value = NixValue::AttrSet(vec![
        ("null".into(), NixValue::Null),
        ("negative".into(), NixValue::Integer(-1)),
        ("negatives".into(), NixValue::from(vec![-1, 2])),
        ("smallest".into(), NixValue::Integer(i64::MIN)),
        ("empty".into(), NixValue::AttrSet(vec![])),
        ("single".into(), NixValue::from(vec!["one"])),
        (
            "sets".into(),
            NixValue::List(vec![
                NixValue::AttrSet(vec![("a".into(), 1.into())]),
                NixValue::AttrSet(vec![("a".into(), 1.into()), ("b".into(), 2.into())]),
            ]),
        ),
        ("long".into(), NixValue::from(vec!["x".repeat(90)])),
        ("a.b".into(), NixValue::from("a \"quote\" \\ ${x} $${y} $")),
        (
            "script".into(),
            NixValue::from("#!/bin/sh\n\n\techo ''${x} 'a' '$b'\n  exit\n"),
        ),
        ("open".into(), NixValue::from("a\nb'")),
        ("spaces".into(), NixValue::from("  a\n  b\n")),
        (
            "calls".into(),
            NixValue::List(vec![
                NixValue::Raw("pkgs.hello".into()),
                NixValue::Raw("f 1".into()),
            ]),
        ),
    ]);
    insta::assert_snapshot!(value.to_text().unwrap());
}

#[test]
fn paths() {
    for good in ["/a", "./a", "../a/b-c_d+e.f", "~/a", "/nix/store/x"] {
        let written = NixValue::Path(good.into()).to_text().unwrap();
        let found = find_value(&format!("{{ x = {written}; }}"), &["x"])
            .unwrap()
            .unwrap();
        assert_eq!(found.value, Some(NixValue::Path(good.into())), "{good}");
    }
    for bad in [
        "", "/", "a", "./", "/a/", "/a b", "/a//b", "./${x}", "/a;b", ".../a", "~a/b",
    ] {
        assert!(NixValue::Path(bad.into()).to_text().is_err(), "{bad}");
    }
}

#[test]
fn twice() {
    let value = NixValue::AttrSet(vec![("a".into(), 1.into()), ("a".into(), 2.into())]);
    insta::assert_snapshot!(value.to_text().unwrap_err(), @"the name `a` is twice in one set");
}

/// Strings as people write them, not only as this crate does.
#[test]
fn strings_are_read_as_nix_reads_them() {
    let folder = tempfile::tempdir().unwrap();
    let piece = "('''|''\\$|''\\\\x|\\$|a|'b|\\$\\$|é| |  |\n|\t|\n  |\n    )";
    let indented = proptest::string::string_regex(&format!("''{piece}{{0,12}}''")).unwrap();
    let quoted =
        proptest::string::string_regex("\"(\\\\[nrt\"\\\\$a]|a|'| |\n|\r|\r\n|\\$|''|é){0,10}\"")
            .unwrap();
    let mut runner = TestRunner::deterministic();
    let mut sources = Vec::new();
    for _ in 0..600 {
        sources.push(indented.new_tree(&mut runner).unwrap().current());
        sources.push(quoted.new_tree(&mut runner).unwrap().current());
    }
    let read = |source: &str| match find_value(&format!("{{ x = {source}; }}"), &["x"]) {
        Ok(Some(found)) if found.source == source => match found.value {
            Some(NixValue::String(text)) => Some(text),
            _ => None,
        },
        _ => None,
    };
    let ours: Vec<_> = sources
        .iter()
        .filter_map(|source| Some((source, read(source)?)))
        .collect();
    assert!(ours.len() > 600, "only {} could be read", ours.len());
    let list: Vec<&str> = ours.iter().map(|(source, _)| source.as_str()).collect();
    let Some(nixs) = nix(folder.path(), &format!("[ {} ]", list.join("\n"))) else {
        return;
    };
    for ((source, ours), nixs) in ours.iter().zip(nixs) {
        assert_eq!(ours, &nixs, "{source:?}");
    }
}
