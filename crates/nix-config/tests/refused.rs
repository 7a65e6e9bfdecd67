//! What is not edited, and what is said about it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use nix_config::{Edit, EditError, NixValue, guests, set_value};

const MEMORY: [&str; 5] = ["virtualisation", "xen", "guests", "mrkitty", "memory"];

fn set(text: &str, value: impl Into<NixValue>) -> Result<Edit, EditError> {
    set_value(text, &MEMORY, &value.into())
}

fn refusal(text: &str) -> String {
    set(text, 512).unwrap_err().to_string()
}

#[test]
fn not_nix() {
    insta::assert_snapshot!(refusal("{ ... }:\n{\n  a = ;\n}\n"), @r#"
    line 3, column 7: `;` does not belong here; `(` or rec or `{` or `[` or a string or a name is missing
      3 |   a = ;
        |       ^
    "#);
    insta::assert_snapshot!(refusal("{ ... }:\n{\n  a = 1\n  b = 2;\n}\n"), @r#"
    line 4, column 5: `=` does not belong here; `;` is missing
      4 |   b = 2;
        |     ^
    "#);
    insta::assert_snapshot!(refusal("{ a = [ 1 2; }"), @r#"
    line 1, column 12: `;` does not belong here; `(` or rec or `{` or `[` or a string or a name is missing
      1 | { a = [ 1 2; }
        |            ^
    "#);
    insta::assert_snapshot!(refusal("{ a = 1;"), @r#"
    line 1, column 9: the file ends too early
      1 | { a = 1;
        |         ^
    "#);
    insta::assert_snapshot!(refusal(""), @r#"
    line 1, column 1: the file ends too early
      1 | 
        | ^
    "#);
}

#[test]
fn shapes_that_are_not_understood() {
    insta::assert_snapshot!(refusal("{ lib, ... }:\n{\n  virtualisation.xen.guests.mrkitty.memory = lib.mkDefault 256;\n}\n"), @r#"
    virtualisation.xen.guests.mrkitty.memory: cannot edit line 3, column 46: `lib.mkDefault 256` calls a function, and what it gives is not known here
    Write there by hand:
      virtualisation.xen.guests.mrkitty.memory = 512;
    "#);
    insta::assert_snapshot!(refusal("{\n  virtualisation.xen.guests.mrkitty = lib.mkIf true {\n    memory = 256;\n  };\n}\n"), @r#"
    virtualisation.xen.guests.mrkitty.memory: cannot edit line 2, column 39: `lib.mkIf true { memory = 256; }` calls a function, and what it gives is not known here
    Write there by hand:
      memory = 512;
    "#);
    insta::assert_snapshot!(refusal("{ ... }: { config = lib.mkIf true { }; }"), @r#"
    config.virtualisation.xen.guests.mrkitty.memory: cannot edit line 1, column 21: `lib.mkIf true { }` calls a function, and what it gives is not known here
    Write there by hand:
      virtualisation.xen.guests.mrkitty.memory = 512;
    "#);
    insta::assert_snapshot!(refusal("lib.mkMerge [ { } ]"), @r#"
    virtualisation.xen.guests.mrkitty.memory: cannot edit line 1, column 1: `lib.mkMerge [ { } ]` calls a function, and what it gives is not known here
    Write there by hand:
      virtualisation.xen.guests.mrkitty.memory = 512;
    "#);
    insta::assert_snapshot!(refusal("{ } // { }"), @r#"
    virtualisation.xen.guests.mrkitty.memory: cannot edit line 1, column 1: `{ } // { }` is put together from several parts
    Write there by hand:
      virtualisation.xen.guests.mrkitty.memory = 512;
    "#);
    insta::assert_snapshot!(refusal("import ./x.nix"), @r#"
    virtualisation.xen.guests.mrkitty.memory: cannot edit line 1, column 1: `import ./x.nix` calls a function, and what it gives is not known here
    Write there by hand:
      virtualisation.xen.guests.mrkitty.memory = 512;
    "#);
    insta::assert_snapshot!(refusal("{ virtualisation.xen.guests.${name}.memory = 256; }"), @r#"
    virtualisation.xen.guests.mrkitty.memory: cannot edit line 1, column 3: a name is computed here, and may be this one
    Write there by hand:
      virtualisation.xen.guests.mrkitty.memory = 512;
    "#);
    insta::assert_snapshot!(refusal("{ virtualisation.xen.guests = { inherit (x) mrkitty; }; }"), @r#"
    virtualisation.xen.guests.mrkitty.memory: cannot edit line 1, column 33: `mrkitty` is taken from elsewhere with `inherit`
    Write there by hand:
      mrkitty.memory = 512;
    "#);
    insta::assert_snapshot!(refusal("{ virtualisation.xen.guests.mrkitty = { inherit memory; }; }"), @r#"
    virtualisation.xen.guests.mrkitty.memory: cannot edit line 1, column 41: `memory` is taken from elsewhere with `inherit`
    Write there by hand:
      memory = 512;
    "#);
    insta::assert_snapshot!(refusal("{ virtualisation.xen.guests.mrkitty.memory = \"${x}\"; }"), @r#"
    virtualisation.xen.guests.mrkitty.memory: cannot edit line 1, column 46: `"${x}"` has a computed part
    Write there by hand:
      virtualisation.xen.guests.mrkitty.memory = 512;
    "#);
    insta::assert_snapshot!(refusal("{ virtualisation.xen.guests.mrkitty.memory = if a then 1 else 2; }"), @r#"
    virtualisation.xen.guests.mrkitty.memory: cannot edit line 1, column 46: `if a then 1 else 2` depends on a condition
    Write there by hand:
      virtualisation.xen.guests.mrkitty.memory = 512;
    "#);
    insta::assert_snapshot!(refusal("{ virtualisation.xen.guests.mrkitty.memory = [ 1 /* one */ ]; }"), @r#"
    virtualisation.xen.guests.mrkitty.memory: cannot edit line 1, column 46: the value has comments inside, which would be lost
    Write there by hand:
      virtualisation.xen.guests.mrkitty.memory = 512;
    "#);
    insta::assert_snapshot!(refusal("{ virtualisation.xen.guests.mrkitty.memory.a = 1; }"), @r#"
    virtualisation.xen.guests.mrkitty.memory: cannot edit line 1, column 3: it is set in several parts, this being one
    Write there by hand:
      virtualisation.xen.guests.mrkitty.memory = 512;
    "#);
    insta::assert_snapshot!(refusal("{ virtualisation.xen.guests.mrkitty.memory = 1; virtualisation.xen.guests.mrkitty = { memory = 2; }; }"), @"virtualisation.xen.guests.mrkitty.memory: cannot edit line 1, column 87: it is set twice, which Nix refuses; remove one");
}

#[test]
fn values_that_cannot_be_written() {
    insta::assert_snapshot!(set("{ }", "a\0b").unwrap_err(), @r#"virtualisation.xen.guests.mrkitty.memory: the text `a\0b` holds a NUL character, which Nix cannot hold; remove it"#);
    insta::assert_snapshot!(set("{ }", NixValue::Raw("1; boom = 2".into())).unwrap_err(), @"virtualisation.xen.guests.mrkitty.memory: `1; boom = 2` is not one Nix expression");
    insta::assert_snapshot!(set("{ }", NixValue::Raw("1 # one".into())).unwrap_err(), @"virtualisation.xen.guests.mrkitty.memory: `1 # one` is not one Nix expression");
    assert_eq!(
        set_value("{ }", &[], &NixValue::Null),
        Err(EditError::EmptyPath)
    );
}

#[test]
fn guests_by_name() {
    let text = "{ ... }: {
      virtualisation.xen.guests.web.memory = 1;
      virtualisation.xen = { guests = { \"db.one\" = { }; inherit (x) mail; }; enable = true; };
      virtualisation.xen.guests.web.vcpus = 1;
      other.guests.no = 1;
    }";
    assert_eq!(guests(text).unwrap(), ["web", "db.one", "mail"]);
    assert_eq!(guests("{ }").unwrap(), Vec::<String>::new());
    insta::assert_snapshot!(guests("{ virtualisation.xen.guests = lib.genAttrs [ \"a\" ] f; }").unwrap_err(), @r#"virtualisation.xen.guests: cannot read line 1, column 31: `lib.genAttrs [ "a" ] f` calls a function, and what it gives is not known here"#);
    insta::assert_snapshot!(guests("{ virtualisation.xen.guests.${x} = { }; }").unwrap_err(), @"virtualisation.xen.guests: cannot read line 1, column 3: the name of a guest is computed here");
}
