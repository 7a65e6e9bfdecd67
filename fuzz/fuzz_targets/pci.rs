//! PCI devices and their addresses: what Xen accepts and refuses, and what both understand.
#![no_main]

use libfuzzer_sys::fuzz_target;
use xen_peer::{Outcome, Subject, compare};

fuzz_target!(|spec: &str| {
    for subject in [Subject::PciBdf, Subject::PciSpec] {
        if let Outcome::Disagreement(why) = compare(subject, spec.as_bytes()) {
            panic!("{why}");
        }
    }
});
