//! The reader of files: what Xen accepts and refuses, and what both understand; and what is read is written and read
//! again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use xen_peer::{Outcome, Subject, compare};
use xl_cfg::{Config, Document};

fuzz_target!(|text: &[u8]| {
    let read = Document::parse(text);
    // A NUL in a string ends Xen's parser; to ask it in a process of its own each time would be slow.
    if !text.contains(&0)
        && let Outcome::Disagreement(why) = compare(Subject::Reader, text)
    {
        panic!("{why}");
    }
    match read {
        Ok(document) => {
            for assignment in document.assignments() {
                let _ = document.attached(assignment);
            }
            let config = document.into_config();
            let written = config.to_bytes().expect("what was read can be written");
            assert_eq!(
                Config::parse(&written).expect("what was written can be read"),
                config
            );
        }
        Err(error) => {
            assert!(error.place.line >= 1 && error.place.column >= 1);
            assert!(!error.to_string().contains('\x1b'), "{error}");
            assert!(error.to_string().len() < 2_000, "{error}");
        }
    }
});
