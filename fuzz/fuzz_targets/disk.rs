//! Disks: what Xen accepts and refuses, and what both understand.
#![no_main]

use libfuzzer_sys::fuzz_target;
use xen_peer::{Outcome, Subject, compare};
use xl_cfg::disk::Disk;

fuzz_target!(|spec: &str| {
    // With some of these the library ends the process that asks it; xl-cfg refuses them all.
    if spec.contains('\n') {
        assert!(Disk::parse(spec).is_err());
        return;
    }
    if let Outcome::Disagreement(why) = compare(Subject::Disk, spec.as_bytes()) {
        panic!("{why}");
    }
});
