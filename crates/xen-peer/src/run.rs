//! Many cases in a row, and what came of them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use crate::outcome::Outcome;
use crate::random::Random;
use crate::strings::Alphabet;
use crate::{configuration, devices, disks, mutate, reader, strings, text};

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Subject {
    /// Configurations that xl-cfg writes.
    Writer,
    /// Texts that xl-cfg reads.
    Reader,
    /// Disks that xl-cfg writes.
    DiskWriter,
    /// Disk strings.
    Disk,
    /// Rates of vifs.
    Rate,
    /// Addresses of PCI devices.
    PciBdf,
    /// Items of `pci`.
    PciSpec,
    /// Strings of `rdm`.
    Rdm,
}

impl Subject {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::Writer,
        Self::Reader,
        Self::DiskWriter,
        Self::Disk,
        Self::Rate,
        Self::PciBdf,
        Self::PciSpec,
        Self::Rdm,
    ];
}

/// A run: what came of its cases.
#[derive(Debug)]
pub struct Tally {
    subject: Subject,
    seed: u64,
    accepted: u64,
    refused: u64,
    stricter: BTreeMap<&'static str, u64>,
    warned: BTreeMap<&'static str, u64>,
    unasked: BTreeMap<&'static str, u64>,
    /// What must not be: each with the input, made as small as it gets.
    pub disagreements: Vec<String>,
}

/// After so many disagreements, a run ends: more would say no more.
const ENOUGH: usize = 10;

/// Asks both about so many cases made from the seed.
#[must_use]
pub fn run(subject: Subject, seed: u64, cases: u64) -> Tally {
    let mut tally = Tally {
        subject,
        seed,
        accepted: 0,
        refused: 0,
        stricter: BTreeMap::new(),
        warned: BTreeMap::new(),
        unasked: BTreeMap::new(),
        disagreements: Vec::new(),
    };
    let corpus = corpus();
    for number in 0..cases {
        let mut random = Random::of_case(seed, number);
        let (outcome, input) = match subject {
            Subject::Writer => {
                let config = configuration::configuration(&mut random);
                (reader::written(&config), Vec::new())
            }
            Subject::Reader => {
                let input = text::text(&mut random, &corpus);
                (reader::text(&input), input)
            }
            Subject::DiskWriter => {
                let outcome = devices::disk_written(&disks::disk(&mut random));
                (outcome, Vec::new())
            }
            Subject::Disk => of_string(subject, &mut random, &strings::DISK),
            Subject::Rate => of_string(subject, &mut random, &strings::RATE),
            Subject::PciBdf => of_string(subject, &mut random, &strings::PCI_BDF),
            Subject::PciSpec => of_string(subject, &mut random, &strings::PCI_SPEC),
            Subject::Rdm => of_string(subject, &mut random, &strings::RDM),
        };
        match outcome {
            Outcome::Accepted => tally.accepted += 1,
            Outcome::Refused => tally.refused += 1,
            Outcome::Stricter(name) => *tally.stricter.entry(name).or_default() += 1,
            Outcome::Warned(name) => *tally.warned.entry(name).or_default() += 1,
            Outcome::Unasked(name) => *tally.unasked.entry(name).or_default() += 1,
            Outcome::Disagreement(why) => {
                tally
                    .disagreements
                    .push(explained(subject, seed, number, input, &why));
                if tally.disagreements.len() == ENOUGH {
                    break;
                }
            }
        }
    }
    tally
}

/// What both make of a text.
#[must_use]
pub fn compare(subject: Subject, input: &[u8]) -> Outcome {
    match subject {
        Subject::Writer | Subject::Reader => reader::text(input),
        Subject::DiskWriter | Subject::Disk => of_text(input, devices::disk),
        Subject::Rate => of_text(input, devices::rate),
        Subject::PciBdf => of_text(input, devices::pci_bdf),
        Subject::PciSpec => of_text(input, devices::pci_spec),
        Subject::Rdm => of_text(input, devices::rdm),
    }
}

/// xl-cfg's grammars read text; a caller has refused other bytes before.
fn of_text(input: &[u8], compare: fn(&str) -> Outcome) -> Outcome {
    str::from_utf8(input).map_or(Outcome::Unasked("no UTF-8"), compare)
}

fn of_string(subject: Subject, random: &mut Random, alphabet: &Alphabet) -> (Outcome, Vec<u8>) {
    let input = strings::string(random, alphabet).into_bytes();
    (compare(subject, &input), input)
}

fn explained(subject: Subject, seed: u64, case: u64, input: Vec<u8>, why: &str) -> String {
    let head = format!("{subject:?}, XEN_PEER_SEED={seed}, case {case}");
    if matches!(subject, Subject::Writer | Subject::DiskWriter) {
        return format!("{head}:\n{why}");
    }
    let disagree = |input: &[u8]| matches!(compare(subject, input), Outcome::Disagreement(_));
    let small = mutate::shrunk(input, disagree);
    let why = match compare(subject, &small) {
        Outcome::Disagreement(why) => why,
        _ => why.to_owned(),
    };
    format!("{head}: b\"{}\"\n{why}", small.escape_ascii())
}

/// The files that are written for tests beside xl-cfg, in the order of their names.
///
/// # Panics
///
/// When the folder is there and cannot be read.
#[must_use]
pub fn corpus() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../xl-cfg/tests/corpus");
    if !folder.exists() {
        return Vec::new();
    }
    let mut files = Vec::new();
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "cfg") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
        .iter()
        .map(|path| {
            std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        })
        .collect()
}

impl Tally {
    /// How many cases both read alike.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.accepted
    }

    /// How many cases both refused.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = format!("{:?}", self.subject).to_lowercase();
        write!(
            f,
            "{name}, seed {}: {} read alike, {} refused by both, {} disagreements",
            self.seed,
            self.accepted,
            self.refused,
            self.disagreements.len()
        )?;
        for (name, count) in &self.stricter {
            write!(f, "\n  xl-cfg is stricter, {count} times: {name}")?;
        }
        for (name, count) in &self.warned {
            write!(
                f,
                "\n  xl-cfg reads it and warns, Xen refuses it, {count} times: {name}"
            )?;
        }
        for (name, count) in &self.unasked {
            write!(
                f,
                "\n  refused by xl-cfg, Xen not asked, {count} times: {name}"
            )?;
        }
        Ok(())
    }
}
