//! Setting an option, in every way that a person may have written it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::process::Command;

use nix_config::{Edit, EditError, NixValue, find_value, guests, set_value};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::string::string_regex;
use proptest::test_runner::TestRunner;

const MEMORY: [&str; 5] = ["virtualisation", "xen", "guests", "mrkitty", "memory"];

fn set(text: &str, value: impl Into<NixValue>) -> Result<Edit, EditError> {
    set_value(text, &MEMORY, &value.into())
}

/// Sets memory to 512, checks that doing it again changes nothing, and gives the text.
fn edited(text: &str) -> String {
    let edit = set(text, 512).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert!(edit.changed);
    let again = set(&edit.text, 512).unwrap();
    assert_eq!(
        again,
        Edit {
            text: edit.text.clone(),
            changed: false
        }
    );
    assert_eq!(
        find_value(&edit.text, &MEMORY).unwrap().unwrap().value,
        Some(NixValue::Integer(512))
    );
    assert_eq!(guests(&edit.text).unwrap(), ["mrkitty"], "{}", edit.text);
    edit.text
}

/// Every nesting of the five names: each bit tells whether a brace stands between two of them.
fn nested(braces: u32, value: &str) -> String {
    let mut text = String::new();
    for (index, name) in MEMORY.iter().enumerate() {
        text.push_str(name);
        if index == 4 {
            write!(text, " = {value};").unwrap();
        } else if braces & (1 << index) == 0 {
            text.push('.');
        } else {
            text.push_str(" = {\n # here\n ");
        }
    }
    text.push_str(&"\n };".repeat(braces.count_ones() as usize));
    text
}

#[test]
fn every_nesting_and_every_module() {
    for braces in 0..16 {
        let binding = nested(braces, "256");
        for module in [
            format!("{{ {binding} }}"),
            format!(
                "{{ config, lib, pkgs, ... }}:\n{{\n  imports = [ ./x.nix ];\n  {binding} # MiB\n  a = 1;\n}}\n"
            ),
            format!(
                "{{ pkgs, ... }}@args: let virtualisation.xen.guests.mrkitty.memory = 1; in {{ {binding} }}"
            ),
            format!("{{ lib, ... }}: with lib; assert true; ({{ {binding} }})"),
            format!("args: rec {{ {binding} }}"),
            format!("{{ ... }}: {{ options.a = 1; config = {{ {binding} }}; }}"),
            format!("{{ ... }}: {{ imports = [ ]; config.{binding} }}"),
        ] {
            assert_eq!(edited(&module), module.replace("256", "512"));
        }
    }
}

#[test]
fn replaced() {
    for before in [
        "256",
        "-1",
        "1.5",
        "true",
        "null",
        "\"256\"",
        "''256''",
        "./x",
        "[ 1 ]",
        "{ a.b = 1; }",
        "(256)",
    ] {
        let text = nested(0, before);
        assert_eq!(
            edited(&format!("{{ {text} }}")),
            format!("{{ {} }}", nested(0, "512"))
        );
    }
    let text = "{ virtualisation.\"xen\".guests.${\"mrkitty\"}.memory = 256; }";
    assert_eq!(edited(text), text.replace("256", "512"));
}

#[test]
fn added_beside_its_relatives() {
    let snapshot = |text: &str| edited(text);
    insta::assert_snapshot!(snapshot("{ ... }:\n{\n}\n"), @r#"
    { ... }:
    {
      virtualisation.xen.guests.mrkitty.memory = 512;
    }
    "#);
    insta::assert_snapshot!(snapshot("{ }"), @r#"
    {
      virtualisation.xen.guests.mrkitty.memory = 512;
    }
    "#);
    insta::assert_snapshot!(snapshot("{ ... }:\n{\n  networking.hostName = \"dom0\"; # the host\n\n  # end\n}\n"), @r#"
    { ... }:
    {
      networking.hostName = "dom0"; # the host
      virtualisation.xen.guests.mrkitty.memory = 512;

      # end
    }
    "#);
    insta::assert_snapshot!(snapshot("{\n  virtualisation.xen.guests.mrkitty.vcpus = 1; # one\n  a = 1;\n}\n"), @r#"
    {
      virtualisation.xen.guests.mrkitty.vcpus = 1; # one
      virtualisation.xen.guests.mrkitty.memory = 512;
      a = 1;
    }
    "#);
    insta::assert_snapshot!(snapshot("{\n  virtualisation.xen = {\n    enable = true;\n    guests.mrkitty.vcpus = 1;\n    trace = true;\n  };\n}\n"), @r#"
    {
      virtualisation.xen = {
        enable = true;
        guests.mrkitty.vcpus = 1;
        guests.mrkitty.memory = 512;
        trace = true;
      };
    }
    "#);
    insta::assert_snapshot!(snapshot("{\n  virtualisation = {\n    xen.guests = {\n      mrkitty = {\n        vcpus = 1; /* one */\n\n        disks = {\n          a = 1;\n        };\n        # end\n      };\n    };\n  };\n}\n"), @r#"
    {
      virtualisation = {
        xen.guests = {
          mrkitty = {
            vcpus = 1; /* one */

            disks = {
              a = 1;
            };
            memory = 512;
            # end
          };
        };
      };
    }
    "#);
    insta::assert_snapshot!(snapshot("{\n  virtualisation.xen.guests = { mrkitty = { vcpus = 1; }; };\n}\n"), @r#"
    {
      virtualisation.xen.guests = { mrkitty = { vcpus = 1; memory = 512; }; };
    }
    "#);
    insta::assert_snapshot!(snapshot("{\n  virtualisation.xen.guests.mrkitty = { };\n}\n"), @r#"
    {
      virtualisation.xen.guests.mrkitty = {
        memory = 512;
      };
    }
    "#);
    insta::assert_snapshot!(snapshot("{\n  virtualisation.xen.guests.mrkitty = {\n    # nothing yet\n  };\n}\n"), @r#"
    {
      virtualisation.xen.guests.mrkitty = {
        # nothing yet
        memory = 512;
      };
    }
    "#);
    insta::assert_snapshot!(snapshot("{ ... }: { options = { }; config = { a = 1; }; }"), @"{ ... }: { options = { }; config = { a = 1; virtualisation.xen.guests.mrkitty.memory = 512; }; }");
    insta::assert_snapshot!(snapshot("{\n  virtualisation.xen.enable = true; a = 1;\n}\n"), @r#"
    {
      virtualisation.xen.enable = true;
      virtualisation.xen.guests.mrkitty.memory = 512; a = 1;
    }
    "#);
}

#[test]
fn values_of_every_kind() {
    let path = ["services", "a.b", "with"];
    let value = NixValue::AttrSet(vec![
        ("list".into(), NixValue::from(vec!["one", "two"])),
        ("text".into(), NixValue::from("first ${x}\n  second\n")),
        ("empty".into(), NixValue::List(vec![])),
        ("path".into(), NixValue::Path("./a/b.nix".into())),
        ("package".into(), NixValue::Raw("pkgs.hello".into())),
    ]);
    let edit = set_value("{ pkgs, ... }:\n{\n  services.x = 1;\n}\n", &path, &value).unwrap();
    insta::assert_snapshot!(edit.text, @r#"
    { pkgs, ... }:
    {
      services.x = 1;
      services."a.b"."with" = {
        list = [
          "one"
          "two"
        ];
        text = ''
          first ''${x}
            second
        '';
        empty = [ ];
        path = ./a/b.nix;
        package = pkgs.hello;
      };
    }
    "#);
    assert!(
        !set_value(&edit.text, &path, &NixValue::Null)
            .unwrap_err()
            .to_string()
            .is_empty()
    );
}

#[test]
fn order_in_a_set_does_not_count() {
    let text = "{ a = { c.d = 2; b = 1; }; }";
    let value = NixValue::AttrSet(vec![
        ("b".into(), 1.into()),
        ("c".into(), NixValue::AttrSet(vec![("d".into(), 2.into())])),
    ]);
    assert!(!set_value(text, &["a"], &value).unwrap().changed);
}

#[test]
fn found() {
    let text = "{\n  é = { a = 1; b = f 2; };\n}";
    let a = find_value(text, &["é", "a"]);
    assert!(a.is_err(), "Nix has no such name without quotes");
    let text = "{\n  x = { a = 1; b = f 2; };\n}";
    let b = find_value(text, &["x", "b"]).unwrap().unwrap();
    assert_eq!(
        (b.line, b.column, b.source.as_str(), b.value),
        (2, 20, "f 2", None)
    );
    assert_eq!(find_value(text, &["x", "c"]).unwrap(), None);
    assert_eq!(find_value(text, &["y"]).unwrap(), None);
}

proptest! {
    /// An edit holds the value, keeps everything else, and is the last one.
    #[test]
    fn once_is_enough(braces in 0_u32..16, start in "[a-z ]{0,10}", number in any::<i32>(), text in ".{0,12}") {
        let module = format!("# {start}\n{{ ... }}: {{ a = 1;\n {}\n}}", nested(braces, "256"));
        for value in [NixValue::Integer(number.into()), NixValue::from(text.replace('\0', ""))] {
            let edit = set_value(&module, &MEMORY, &value).unwrap();
            prop_assert_eq!(&edit.text, &module.replace("256", &value.to_text().unwrap()));
            prop_assert!(!set_value(&edit.text, &MEMORY, &value).unwrap().changed);
            prop_assert_eq!(set_value(&edit.text, &MEMORY, &256.into()).unwrap().text, module.clone());
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "([abx]|virtualisation|[={};.\\[\\]()\"':$ \n]|''|\\$\\{|let |in |with |inherit |rec |# |/\\*|\\*/|é|1){0,25}") {
        let _ = set_value(&text, &["a", "b"], &512.into());
        let _ = set_value(&text, &["virtualisation"], &512.into());
        let _ = guests(&text);
    }

    /// Added anywhere, the option is there, the file is Nix, and nothing that was there is gone.
    #[test]
    fn added_anywhere(names in prop::collection::vec("[abc](\\.[abc]){0,2}", 0..4), path in prop::collection::vec("[abc]", 1..4)) {
        let mut bindings = String::new();
        for (index, name) in names.iter().enumerate() {
            let value = if index % 2 == 0 { "1" } else { "{ b = 1; }" };
            writeln!(bindings, "  {name} = {value}; # {index}").unwrap();
        }
        let module = format!("{{ ... }}:\n{{\n{bindings}}}\n");
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        if let Ok(edit) = set_value(&module, &path, &512.into()) {
            prop_assert_eq!(find_value(&edit.text, &path).unwrap().unwrap().value, Some(NixValue::Integer(512)));
            prop_assert!(!set_value(&edit.text, &path, &512.into()).unwrap().changed);
        }
    }
}

/// Nix refuses a set that is declared in two ways at once; an addition must not make one of a text that was right.
#[test]
fn what_nix_took_it_still_takes() {
    let folder = tempfile::tempdir().unwrap();
    let takes = |text: &str| {
        let file = folder.path().join("module.nix");
        std::fs::write(&file, text).unwrap();
        let output = Command::new("nix-instantiate")
            .arg("--parse")
            .arg(&file)
            .env("NIX_STATE_DIR", folder.path())
            .output();
        output.map(|output| output.status.success())
    };
    if let Err(error) = takes("{ }") {
        eprintln!("skipped: cannot run nix-instantiate: {error}");
        return;
    }
    let value = "(1|\\{ \\}|\\{ b = 1; \\}|rec \\{ a.c = 1; \\}|let x = 1; in \\{ c = x; \\}|f \\{ a = 1; \\})";
    let module = string_regex(&format!(
        "\\{{\n(  [ab](\\.[abc]){{0,2}} = {value}; # c\n){{0,4}}\\}}\n"
    ))
    .unwrap();
    let mut runner = TestRunner::deterministic();
    let mut tried = 0;
    for index in 0..150 {
        let text = module.new_tree(&mut runner).unwrap().current();
        let path = [["a", "b", "c"], ["b", "a", "d"], ["a", "c", "x"]][index % 3];
        if !takes(&text).unwrap() {
            continue;
        }
        if let Ok(edit) = set_value(&text, &path, &512.into()) {
            assert!(takes(&edit.text).unwrap(), "{text}\n{}", edit.text);
            tried += 1;
        }
    }
    assert!(tried > 40, "only {tried}");
}
