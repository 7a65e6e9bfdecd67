//! Asks Xen's own parsers, in libxlutil, what a text means, and compares xl-cfg with them.
//!
//! For tests only. The authority on the xl.cfg language is the code that xl runs; what that code accepts, refuses and
//! understands is asked here and not described: [`config`], [`disk`], [`pci_bdf`], [`pci_spec`], [`rdm`], [`rate`].

mod answer;
mod ask;
pub mod configuration;
pub mod counting;
pub mod devices;
pub mod disks;
pub mod mutate;
mod outcome;
pub mod random;
pub mod reader;
mod run;
pub mod stricter;
pub mod strings;
pub mod text;

pub use answer::{Answer, Verdict};
pub use ask::read_only;
pub use outcome::Outcome;
pub use run::{Subject, Tally, compare, corpus, run};

use ask::Kind;

/// What Xen reads in a configuration: for each of the keys, nothing, or a list of the string and the number that it
/// reads in it, or a list of the list.
#[must_use]
pub fn config(text: &[u8], keys: &[&[u8]]) -> Verdict {
    // Where a string holds a NUL, an assertion of libxlutil fails.
    ask::ask(Kind::Config, text.contains(&0), text, keys)
}

/// What Xen reads in a disk string. It must hold no NUL: to Xen it would end there.
#[must_use]
pub fn disk(spec: &[u8]) -> Verdict {
    ask::ask(Kind::Disk, spec.contains(&b'\n'), spec, &[])
}

/// What Xen reads in the address of a PCI device. It must hold no NUL.
#[must_use]
pub fn pci_bdf(spec: &[u8]) -> Verdict {
    ask::ask(Kind::PciBdf, false, spec, &[])
}

/// What Xen reads in an item of `pci`. It must hold no NUL.
#[must_use]
pub fn pci_spec(spec: &[u8]) -> Verdict {
    ask::ask(Kind::PciSpec, false, spec, &[])
}

/// What Xen reads in `rdm`. It must hold no NUL.
#[must_use]
pub fn rdm(spec: &[u8]) -> Verdict {
    ask::ask(Kind::Rdm, false, spec, &[])
}

/// What Xen reads in the rate of a vif. It must hold no NUL.
#[must_use]
pub fn rate(spec: &[u8]) -> Verdict {
    ask::ask(Kind::Rate, false, spec, &[])
}

/// All words in a text that could be keys, each once: of a text that Xen accepts, every key is among them, because a
/// key stands at the beginning, or after a blank, a newline or a semicolon.
#[must_use]
pub fn words(text: &[u8]) -> Vec<&[u8]> {
    let continues =
        |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._".contains(byte);
    let mut words: Vec<&[u8]> = text
        .split(|byte| !continues(byte))
        .filter(|word| word.first().is_some_and(u8::is_ascii_lowercase))
        .collect();
    words.sort_unstable();
    words.dedup();
    words
}
