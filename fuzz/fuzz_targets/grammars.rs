//! Every grammar inside strings: nothing panics, and what is written is read again as what it was written from.
#![no_main]

use std::fmt::Debug;

use libfuzzer_sys::fuzz_target;
use xl_cfg::{Grammar, SpecError};

// Which grammar, and a string of it; its lines are the strings of a list, and empty lines part the lists of a list.
fuzz_target!(|input: (u8, &str)| {
    let (number, text) = input;
    let grammar = Grammar::ALL[usize::from(number) % Grammar::ALL.len()];
    round_trip(&grammar.canonical(text), |spec| grammar.canonical(spec));

    let lines: Vec<&str> = text.split('\n').collect();
    round_trip(&grammar.canonical_list(&lines), |specs| {
        grammar.canonical_list(&borrowed(specs))
    });

    let lists: Vec<&[&str]> = lines.split(|line| line.is_empty()).collect();
    round_trip(&grammar.canonical_lists(&lists), |lists| {
        let lists: Vec<Vec<&str>> = lists.iter().map(|list| borrowed(list)).collect();
        let lists: Vec<&[&str]> = lists.iter().map(Vec::as_slice).collect();
        grammar.canonical_lists(&lists)
    });
});

fn borrowed(specs: &[String]) -> Vec<&str> {
    specs.iter().map(String::as_str).collect()
}

fn round_trip<T: Debug + PartialEq>(
    written: &Result<T, SpecError>,
    read_and_write: impl Fn(&T) -> Result<T, SpecError>,
) {
    match written {
        Ok(written) => assert_eq!(read_and_write(written).as_ref(), Ok(written)),
        Err(error) => assert!(error.to_string().len() < 200_000, "{error}"),
    }
}
