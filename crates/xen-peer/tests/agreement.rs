//! xl-cfg and libxlutil understand the same: 100,000 generated cases of each kind.
//!
//! `XEN_PEER_SEED` gives other cases, `XEN_PEER_CASES` another number of them; `cargo xtask fuzz --cases` runs a million
//! fresh ones of each.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use bstr::ByteSlice as _;
use xen_peer::{Outcome, Subject, compare, corpus, run};

/// Runs the cases, and wants at least so many of a hundred to be read by both: cases that all refuse would prove little.
fn agree(subject: Subject, read_of_a_hundred: u64) {
    let variable = |name| std::env::var(name).ok().map(|value| value.parse::<u64>());
    let number = |name, otherwise| variable(name).map_or(otherwise, |value| value.unwrap());
    let cases = number("XEN_PEER_CASES", 100_000);
    let tally = run(subject, number("XEN_PEER_SEED", 1), cases);
    println!("{tally}");
    let disagreements = tally.disagreements.join("\n\n");
    assert!(disagreements.is_empty(), "{disagreements}");
    let enough = cases * read_of_a_hundred / 100;
    assert!(
        tally.accepted() >= enough,
        "too few were read by both: {tally}"
    );
}

#[test]
fn what_is_written_is_read_by_xen() {
    agree(Subject::Writer, 95);
}

#[test]
fn files_are_read_as_xen_reads_them() {
    agree(Subject::Reader, 40);
}

#[test]
fn disks_that_are_written_are_read_by_xen() {
    agree(Subject::DiskWriter, 60);
}

#[test]
fn disks_are_read_as_xen_reads_them() {
    agree(Subject::Disk, 8);
}

#[test]
fn rates_are_read_as_xen_reads_them() {
    agree(Subject::Rate, 6);
}

#[test]
fn addresses_of_pci_devices_are_read_as_xen_reads_them() {
    agree(Subject::PciBdf, 10);
}

#[test]
fn pci_devices_are_read_as_xen_reads_them() {
    agree(Subject::PciSpec, 8);
}

#[test]
fn reserved_memory_is_read_as_xen_reads_it() {
    agree(Subject::Rdm, 3);
}

/// The corpus has no generated file: each is written for the purpose, and each is read alike.
#[test]
fn the_corpus_is_read_as_xen_reads_it() {
    let files = corpus();
    assert!(files.len() > 60, "the corpus is not there");
    let mut items = 0;
    for file in files {
        let text = file.to_str_lossy();
        assert_eq!(compare(Subject::Reader, &file), Outcome::Accepted, "{text}");
        let config = xl_cfg::Config::parse(&file).unwrap();
        for (key, subject) in [("disk", Subject::Disk), ("pci", Subject::PciSpec)] {
            let strings = config
                .get(key)
                .and_then(xl_cfg::Value::as_list)
                .unwrap_or_default();
            for item in strings {
                items += 1;
                let item = item.as_bytes().unwrap();
                assert_eq!(
                    compare(subject, &item),
                    Outcome::Accepted,
                    "{key}: {}",
                    item.as_bstr()
                );
            }
        }
    }
    assert!(items > 50, "{items} disks and PCI devices");
}
