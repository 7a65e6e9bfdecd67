//! Whole files, with comments.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use nix_config::{Binding, NixValue, WriteError, find_value, module};
use proptest::prelude::*;

#[test]
fn a_guest_with_comments() {
    let mut memory = Binding::value("memory", 256_i64);
    memory.above = vec!["As much as it needs.".into(), String::new()];
    memory.beside = Some("MiB\u{1b}[31m\n}".into());
    let mut disks = Binding::set(
        ["disks"],
        vec![Binding::set(
            ["xvda"],
            vec![Binding::value("path", "/vmdisks/web.img")],
        )],
    );
    disks.beside = Some("all of them".into());
    let arguments = vec!["a", "b"];
    let guest = Binding::set(
        ["virtualisation", "xen", "guests", "web-1.example"],
        vec![
            memory,
            disks,
            Binding::value(
                "settings",
                NixValue::AttrSet(vec![("x".into(), arguments.into())]),
            ),
        ],
    );
    let text = module(&["Written by a test.".into()], &[guest]).unwrap();
    insta::assert_snapshot!(text);
}

#[test]
fn a_name_twice_is_refused() {
    let bindings = [Binding::value("a", 1_i64), Binding::value("a", 2_i64)];
    assert_eq!(
        module(&[], &bindings),
        Err(WriteError::Twice("a".to_owned()))
    );
}

proptest! {
    #[test]
    fn no_comment_becomes_nix(
        above in prop::collection::vec(any::<String>(), 0..3),
        beside in prop::option::of(any::<String>()),
        value in "[^\\x00]{0,12}",
    ) {
        let mut binding = Binding::value("a", value.as_str());
        binding.above = above;
        binding.beside = beside;
        let text = module(&["x".into()], &[binding]).unwrap();
        let found = find_value(&text, &["a"]).unwrap().unwrap();
        prop_assert_eq!(found.value, Some(NixValue::String(value)), "{}", text);
        prop_assert_eq!(nixfmt_rs::format(&text).unwrap(), text);
    }
}
