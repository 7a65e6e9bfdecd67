//! Whatever the bytes are, the answer comes soon, and nothing panics.

use std::cell::Cell;
use std::io::{Read, Seek, SeekFrom};

use proptest::prelude::*;

use super::super::image::{HVM, IMAGE_ID, LENGTH_LIMIT};
use super::*;

/// A file of `size` bytes that begins with `begin`, goes on with `repeated` over and over, and counts how it is read.
struct Endless<'a> {
    begin: &'a [u8],
    repeated: &'a [u8],
    size: u64,
    at: u64,
    reads: &'a Cell<u64>,
    bytes: &'a Cell<u64>,
}

impl Read for Endless<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let begin = self.begin.len() as u64;
        let length = buffer
            .len()
            .min(usize::try_from(self.size - self.at).unwrap());
        for byte in &mut buffer[..length] {
            *byte = if self.at < begin {
                self.begin[usize::try_from(self.at).unwrap()]
            } else {
                let place = (self.at - begin) % self.repeated.len() as u64;
                self.repeated[usize::try_from(place).unwrap()]
            };
            self.at += 1;
        }
        self.reads.set(self.reads.get() + 1);
        self.bytes.set(self.bytes.get() + length as u64);
        Ok(length)
    }
}

impl Seek for Endless<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::End(back) => self.size.saturating_add_signed(back),
            SeekFrom::Current(by) => self.at.saturating_add_signed(by),
        };
        Ok(self.at)
    }
}

/// The bytes of an HVM guest's file up to its first `PAGE_DATA`.
fn before_memory() -> Vec<u8> {
    let mut writer = Writer::hvm();
    writer.image.truncate(2);
    writer.stream.clear();
    writer.bytes()
}

fn judged(begin: &[u8], repeated: &[u8], size: u64) -> (Saved, u64, u64) {
    let (reads, bytes) = (Cell::new(0), Cell::new(0));
    let endless = Endless {
        begin,
        repeated,
        size,
        at: 0,
        reads: &reads,
        bytes: &bytes,
    };
    let Content::Saved(saved) = parse(endless).unwrap() else {
        panic!();
    };
    (saved, reads.get(), bytes.get())
}

#[test]
fn a_guest_of_16_gib_costs_some_thousand_small_reads() {
    let begin = before_memory();
    let mut batch = Vec::new();
    put(&mut batch, image::kind::PAGE_DATA, &pages(1024, 1024));
    let batches = 4096;
    let size = begin.len() as u64 + batches * batch.len() as u64;
    let (saved, reads, bytes) = judged(&begin, &batch, size);
    assert!(matches!(saved.state, State::Partial(_)), "{saved:?}");
    assert_eq!(saved.memory_bytes, 16 << 30);
    assert!(reads < batches + 100, "{reads}");
    assert!(bytes < 16 * batches + 4096, "{bytes}");
}

#[test]
fn a_file_of_nothing_but_records_comes_to_an_end() {
    let begin = before_memory();
    let mut record = Vec::new();
    put(&mut record, image::kind::STATIC_DATA_END, &[]);
    let (saved, reads, _) = judged(&begin, &record, 1 << 40);
    assert_eq!(saved.state, State::NotKnown(NotKnown::ManyRecords));
    assert!(reads < 5_000_000, "{reads}");
}

#[test]
fn absurd_lengths_are_no_reason_to_read_or_to_allocate() {
    for (kind, length, expected_partial) in [
        (image::kind::HVM_CONTEXT, u32::MAX, false),
        (image::kind::HVM_CONTEXT, LENGTH_LIMIT + 1, false),
        (image::kind::HVM_CONTEXT, LENGTH_LIMIT, true),
        (0xffff_ffff, LENGTH_LIMIT, true),
        (image::kind::PAGE_DATA, u32::MAX, false),
    ] {
        let mut bytes = before_memory();
        bytes.extend(kind.to_le_bytes());
        bytes.extend(length.to_le_bytes());
        let state = saved(&bytes).state;
        let is_partial = matches!(state, State::Partial(_));
        assert!(
            is_partial || matches!(state, State::Damaged(_)),
            "{state:?}"
        );
        assert_eq!(is_partial, expected_partial, "{kind} {length}");
    }
    // libxl's records have no limit.
    let mut writer = Writer::hvm();
    writer.stream.clear();
    let mut bytes = writer.bytes();
    bytes.extend(stream::kind::EMULATOR_CONTEXT.to_le_bytes());
    bytes.extend(u32::MAX.to_le_bytes());
    let State::Partial(at) = saved(&bytes).state else {
        panic!();
    };
    assert_eq!(at.at_least_bytes, bytes.len() as u64 + (1 << 32));
    // The configuration's.
    for (at, number) in [(44, u32::MAX), (44, 0), (44, 3), (48, u32::MAX), (48, 0)] {
        let mut bytes = Writer::pv().bytes();
        bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
        assert_ne!(saved(&bytes).state, State::Whole, "{at} {number}");
    }
    let mut bytes = Writer::pv().bytes();
    bytes[44..48].copy_from_slice(&u32::MAX.to_le_bytes());
    bytes[48..52].copy_from_slice(&(u32::MAX - 4).to_le_bytes());
    assert_eq!(
        saved(&bytes).state,
        State::NotKnown(NotKnown::LongConfig(u32::MAX - 4))
    );
    assert_eq!((IMAGE_ID.to_be_bytes(), HVM), (*b"XENF", 2));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn junk_is_foreign_or_judged(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        judge(&bytes);
    }

    #[test]
    fn junk_after_any_beginning_is_judged(
        keep in 0_usize..8000,
        junk in prop::collection::vec(prop_oneof![Just(0_u8), Just(1), Just(0xff), any::<u8>()], 0..200),
        pv in any::<bool>(),
    ) {
        let mut bytes = if pv { Writer::pv() } else { Writer::hvm() }.bytes();
        bytes.truncate(keep);
        bytes.extend(junk);
        judge(&bytes);
    }

    /// Bytes that were changed never make a whole file of a cut one.
    #[test]
    fn mutated_files_are_judged(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<Option<prop::sample::Index>>(),
        pv in any::<bool>(),
    ) {
        let mut bytes = if pv { Writer::pv() } else { Writer::hvm() }.bytes();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        judge(&bytes);
    }

    /// Whatever the records are, the file is whole, and each of its cuts is not.
    #[test]
    fn any_records_make_a_whole_file(
        extra in prop::collection::vec(
            (prop_oneof![Just(5_u32), Just(6), Just(0xc), 0x8000_0000_u32..], prop::collection::vec(any::<u8>(), 0..40)),
            0..6,
        ),
        batches in prop::collection::vec((1_u32..5).prop_flat_map(|count| (Just(count), 0..=count as usize)), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut writer = Writer::hvm();
        writer.image.remove(2);
        let memory: usize = batches.iter().map(|(_, contents)| contents * PAGE).sum();
        for (count, contents) in batches {
            writer.image.insert(2, (image::kind::PAGE_DATA, pages(count, contents)));
        }
        for record in extra {
            writer.image.insert(2, record);
        }
        let bytes = writer.bytes();
        let whole = saved(&bytes);
        prop_assert_eq!(whole.state, State::Whole);
        prop_assert_eq!(whole.memory_bytes, memory as u64);
        let length = 1 + cut.index(bytes.len() - 1);
        prop_assert!(matches!(saved(&bytes[..length]).state, State::Partial(_)));
    }
}
