//! Laws that hold for every grammar inside a string.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod grammars {
    /// What holds for a type, by a strategy for its values and one for text that is nearly its grammar.
    macro_rules! laws {
        ($type:ty, $values:expr, $texts:expr) => {
            proptest::proptest! {
                #[test]
                fn what_is_written_reads_back(value in $values) {
                    let spec = value.to_spec().unwrap();
                    proptest::prop_assert_eq!(<$type>::parse(&spec).unwrap(), value, "{}", spec);
                }

                #[test]
                fn what_is_read_can_be_written(
                    spec in proptest::prop_oneof![1 => proptest::prelude::any::<String>(), 9 => $texts],
                ) {
                    if let Ok(value) = <$type>::parse(&spec) {
                        let written = value.to_spec().unwrap();
                        let again = <$type>::parse(&written).unwrap();
                        proptest::prop_assert_eq!(&again, &value, "{} became {}", spec, written);
                        proptest::prop_assert_eq!(again.to_spec().unwrap(), written);
                    }
                }
            }
        };
    }
    pub(crate) use laws;

    pub mod devices;
    pub mod disk;
    pub mod lists;
    pub mod pci;
    pub mod rare;
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
