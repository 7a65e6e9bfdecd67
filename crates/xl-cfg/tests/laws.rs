//! Laws that hold for every configuration.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use xl_cfg::{Config, Key, Value};

fn value() -> impl Strategy<Value = Value> {
    let atom = prop_oneof![
        any::<i64>().prop_map(Value::Integer),
        // All that xl.cfg can carry: no NUL.
        prop::collection::vec(1..=u8::MAX, 0..40).prop_map(|text| Value::String(text.into())),
        r#"[\\"'#;,=\[\] \n\t0-9a-]{0,12}"#.prop_map(Value::from),
    ];
    atom.prop_recursive(3, 12, 4, |inner| {
        prop::collection::vec(inner, 0..4).prop_map(Value::List)
    })
}

fn config() -> impl Strategy<Value = Config> {
    prop::collection::vec(("[a-z][._0-9a-z]{0,8}", value()), 0..8).prop_map(|entries| {
        let mut config = Config::new();
        for (key, value) in entries {
            config.set(Key::new(&key).unwrap(), value);
        }
        config
    })
}

proptest! {
    #[test]
    fn what_is_written_reads_back(config in config()) {
        let text = config.to_bytes().unwrap();
        let read = Config::parse(&text).unwrap();
        prop_assert_eq!(&read, &config);
        prop_assert_eq!(read.to_bytes().unwrap(), text);
    }

    #[test]
    fn a_number_stays_a_number(number in 0..=i64::MAX) {
        let mut config = Config::new();
        config.set(Key::new("memory").unwrap(), Value::Integer(number));
        let read = Config::parse(&config.to_text().unwrap()).unwrap();
        prop_assert!(matches!(read.get("memory"), Some(Value::Integer(read)) if *read == number));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(text in any::<Vec<u8>>()) {
        if let Err(error) = Config::parse(&text) {
            prop_assert!(error.place.line >= 1 && error.place.column >= 1);
            prop_assert!(!error.to_string().is_empty());
        }
    }

    #[test]
    fn no_near_text_makes_the_reader_panic(text in "([a-c]|\\+?=|[0-9x]|[\"'\\\\#;,\\[\\]\n\t\r :.-]|é){0,30}") {
        let _ = Config::parse(&text);
    }
}
