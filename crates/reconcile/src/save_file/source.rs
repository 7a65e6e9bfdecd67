//! Bytes of a known number, of which a few are read here and there.

use std::io::{self, Read, Seek, SeekFrom};

use super::{Break, Damage, NotKnown, Part, Problem, State};

/// Why a file is looked at no further.
pub(super) enum Stop {
    /// What it is, is known.
    Known(State),
    /// It cannot be read.
    Failed(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

impl Stop {
    pub const fn damaged(at: u64, problem: Problem) -> Self {
        Self::Known(State::Damaged(Damage { at, problem }))
    }

    pub const fn not_known(what: NotKnown) -> Self {
        Self::Known(State::NotKnown(what))
    }
}

/// A file that is read at a place which only moves on, and never beyond the size that it had in the beginning.
pub(super) struct Source<S> {
    bytes: S,
    /// How many bytes there are.
    pub size: u64,
    /// The next byte.
    pub at: u64,
    /// Where `bytes` stands.
    stands: Option<u64>,
    /// The part that is being read.
    pub part: Part,
    /// How many records may still be read.
    records_left: u32,
}

/// The type and the length of a record, and where it stands.
#[derive(Clone, Copy)]
pub(super) struct Record {
    pub at: u64,
    pub kind: u32,
    pub length: u32,
    /// The first 8 bytes of the body, if the file has so many after the record's header.
    pub first: Option<[u8; 8]>,
}

/// As many as a guest of 16 TiB has, in batches of 4 MiB: some seconds at most, should all of a file be such records.
const RECORDS: u32 = 1 << 22;

impl<S: Read + Seek> Source<S> {
    pub const fn new(bytes: S, size: u64) -> Self {
        Self {
            bytes,
            size,
            at: 0,
            stands: None,
            part: Part::Header,
            records_left: RECORDS,
        }
    }

    /// Reads bytes that were there when the file was opened.
    fn fill(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        if self.stands != Some(self.at) {
            self.bytes.seek(SeekFrom::Start(self.at))?;
        }
        self.stands = None;
        self.bytes.read_exact(buffer)?;
        self.at += buffer.len() as u64;
        self.stands = Some(self.at);
        Ok(())
    }

    /// The next `length` bytes must be there.
    fn need(&self, length: u64) -> Result<u64, Stop> {
        let end = self.at.saturating_add(length);
        if end > self.size {
            return Err(Stop::Known(State::Partial(Break {
                part: self.part,
                size_bytes: self.size,
                at_least_bytes: end,
            })));
        }
        Ok(end)
    }

    /// Reads the next bytes.
    pub fn take<const N: usize>(&mut self) -> Result<[u8; N], Stop> {
        self.need(N as u64)?;
        let mut buffer = [0; N];
        self.fill(&mut buffer)?;
        Ok(buffer)
    }

    /// Reads as many bytes as there are, up to `N`.
    pub fn take_up_to<const N: usize>(&mut self) -> io::Result<([u8; N], usize)> {
        let left = self.size.saturating_sub(self.at);
        let length = usize::try_from(left).unwrap_or(N).min(N);
        let mut buffer = [0; N];
        self.fill(&mut buffer[..length])?;
        Ok((buffer, length))
    }

    /// Reads the next `length` bytes, which the caller has bounded.
    pub fn take_bytes(&mut self, length: u32) -> Result<Vec<u8>, Stop> {
        self.need(u64::from(length))?;
        let mut buffer = vec![0; length as usize];
        self.fill(&mut buffer)?;
        Ok(buffer)
    }

    /// Goes to a later byte.
    pub fn skip_to(&mut self, at: u64) -> Result<(), Stop> {
        self.at = self.need(at.saturating_sub(self.at))?;
        Ok(())
    }

    /// Reads a record's header, and the beginning of its body.
    pub fn record(&mut self) -> Result<Record, Stop> {
        let Some(left) = self.records_left.checked_sub(1) else {
            return Err(Stop::not_known(NotKnown::ManyRecords));
        };
        self.records_left = left;
        let at = self.at;
        self.need(8)?;
        let ([header @ .., b0, b1, b2, b3, b4, b5, b6, b7], length) = self.take_up_to::<16>()?;
        self.at = at + 8;
        let [t0, t1, t2, t3, l0, l1, l2, l3] = header;
        Ok(Record {
            at,
            kind: u32::from_le_bytes([t0, t1, t2, t3]),
            length: u32::from_le_bytes([l0, l1, l2, l3]),
            first: (length == 16).then_some([b0, b1, b2, b3, b4, b5, b6, b7]),
        })
    }

    /// Goes beyond a record's body and its padding.
    pub fn skip(&mut self, record: Record) -> Result<(), Stop> {
        self.skip_to(record.at + 8 + u64::from(record.length).next_multiple_of(8))
    }
}

/// The little-endian number at `at`.
pub(super) fn le(bytes: &[u8], at: usize) -> u32 {
    bytes[at..]
        .iter()
        .take(4)
        .rev()
        .fold(0, |number, &byte| number << 8 | u32::from(byte))
}
