//! Rates of vifs: what Xen accepts and refuses, and what both understand.
#![no_main]

use libfuzzer_sys::fuzz_target;
use xen_peer::{Outcome, Subject, compare};

fuzz_target!(|spec: &str| {
    if let Outcome::Disagreement(why) = compare(Subject::Rate, spec.as_bytes()) {
        panic!("{why}");
    }
});
