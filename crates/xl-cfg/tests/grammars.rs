//! Laws that hold for every grammar inside a string.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod grammars {
    pub mod disk;
    pub mod vif;

    use proptest::prelude::*;

    /// Any text that stands between two commas.
    pub fn text() -> impl Strategy<Value = String> {
        "[^,\\x00-\\x1f\\x7f-\\x{9f}]{1,12}"
    }

    /// Text with much of what grammars are made of.
    pub fn near(words: &'static [&'static str]) -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            4 => prop::sample::select(words).prop_map(str::to_owned),
            3 => prop::sample::select(vec!["=", ",", ":", "/", "-", "@", ";", "^", "!", " ", "0x", "\t", "\n"])
                .prop_map(str::to_owned),
            2 => any::<u16>().prop_map(|number| number.to_string()),
            1 => "\\PC{0,4}",
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }
}
