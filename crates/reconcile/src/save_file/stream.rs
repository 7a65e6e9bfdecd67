//! xl's header, and libxl's stream.

use std::io::{self, Read, Seek};

use serde::de::IgnoredAny;

use super::image::{self, Image};
use super::source::{Source, Stop, le};
use super::{Content, NotKnown, Part, Problem, Saved, SavedConfig, State};

/// `savefileheader_magic`
pub(super) const MAGIC: &[u8; 32] = b"Xen saved domain, xl format\n \0 \r";
/// How much of it xendomains compares (`HEADCOMP`).
pub(super) const SHORT_MAGIC: usize = 16;
/// `XL_MANDATORY_FLAG_JSON`
pub(super) const FLAG_JSON: u32 = 1;
/// `XL_MANDATORY_FLAG_STREAMv2`
pub(super) const FLAG_STREAM_2: u32 = 2;
/// `SAVEFILE_BYTEORDER_VALUE`
pub(super) const BYTE_ORDER: u32 = 0x0102_0304;
/// `sizeof(struct save_file_header)`
const HEADER: usize = 48;
/// `RESTORE_STREAM_IDENT`
pub(super) const STREAM_MARK: &[u8; 8] = b"LibxlFmt";

/// Types of libxl's records.
pub(super) mod kind {
    pub const END: u32 = 0;
    pub const LIBXC_CONTEXT: u32 = 1;
    pub const EMULATOR_XENSTORE_DATA: u32 = 2;
    pub const EMULATOR_CONTEXT: u32 = 3;
    pub const CHECKPOINT_END: u32 = 4;
    pub const CHECKPOINT_STATE: u32 = 5;
    /// Those from here on may be passed over.
    pub const OPTIONAL: u32 = 0x8000_0000;
}

/// xl's own has some ten KiB: 64 vCPUs with their maps of 4,096 processors, and hundreds of disks.
const CONFIG_LIMIT: u32 = 16 << 20;

/// What is known so far.
#[derive(Default)]
struct Findings {
    config: Option<SavedConfig>,
    image: Image,
}

/// Looks at the whole file.
pub(super) fn read<S: Read + Seek>(source: &mut Source<S>) -> io::Result<Content> {
    judge(source, walk)
}

/// Looks at the beginning and at the end; if they are not those of a whole file, at all of it.
pub(super) fn glance<S: Read + Seek>(source: &mut Source<S>) -> io::Result<Content> {
    judge(source, |source, findings| {
        let begin = source.at;
        if ends_well(source)? {
            return Ok(State::EndsWell);
        }
        source.at = begin;
        walk(source, findings)
    })
}

/// Reads what both begin with, and what comes after it as `rest` does.
fn judge<S: Read + Seek>(
    source: &mut Source<S>,
    rest: impl FnOnce(&mut Source<S>, &mut Findings) -> Result<State, Stop>,
) -> io::Result<Content> {
    if source.size == 0 {
        return Ok(Content::Empty);
    }
    let (begin, length) = source.take_up_to::<HEADER>()?;
    let (magic, _) = begin[..length].split_at(length.min(MAGIC.len()));
    let mut findings = Findings::default();
    let state = if MAGIC.starts_with(magic) {
        source.at = 0;
        header(source, &mut findings).and_then(|()| rest(source, &mut findings))
    } else if magic.starts_with(&MAGIC[..SHORT_MAGIC]) {
        Err(Stop::not_known(NotKnown::OtherFormat))
    } else {
        return Ok(Content::Foreign);
    };
    let state = match state {
        Ok(state) | Err(Stop::Known(state)) => state,
        Err(Stop::Failed(error)) => return Err(error),
    };
    Ok(Content::Saved(Saved {
        state,
        config: findings.config,
        memory_bytes: findings.image.memory_bytes,
        xen: findings.image.xen,
    }))
}

/// `struct save_file_header`, the configuration, and the header of libxl's stream.
fn header<S: Read + Seek>(source: &mut Source<S>, findings: &mut Findings) -> Result<(), Stop> {
    let header = source.take::<HEADER>()?;
    // xl gives the optional flags, at 40, no meaning, and looks at none.
    let [byte_order, mandatory, room] = [32, 36, 44].map(|at| le(&header, at));
    if byte_order != BYTE_ORDER {
        return Err(Stop::not_known(NotKnown::ByteOrder));
    }
    match mandatory & !(FLAG_JSON | FLAG_STREAM_2) {
        0 => {}
        flags => return Err(Stop::not_known(NotKnown::Flags(flags))),
    }
    if mandatory & FLAG_STREAM_2 == 0 {
        return Err(Stop::not_known(NotKnown::OldStream));
    } else if mandatory & FLAG_JSON == 0 {
        return Err(Stop::not_known(NotKnown::NoJson));
    }
    config(source, findings, room)?;
    stream_header(source)
}

fn config<S: Read + Seek>(
    source: &mut Source<S>,
    findings: &mut Findings,
    room: u32,
) -> Result<(), Stop> {
    source.part = Part::Config;
    let begin = source.at;
    let Some(room_for_text) = room.checked_sub(4) else {
        return Err(Stop::damaged(begin, Problem::NoConfig));
    };
    let length = le(&source.take::<4>()?, 0);
    if length > room_for_text {
        return Err(Stop::damaged(begin, Problem::ConfigLength));
    } else if length > CONFIG_LIMIT {
        return Err(Stop::not_known(NotKnown::LongConfig(length)));
    }
    let mut text = source.take_bytes(length)?;
    // xl writes the NUL at its end, and reads to the first.
    let end = text.iter().position(|&byte| byte == 0);
    text.truncate(end.unwrap_or(text.len()));
    match String::from_utf8(text) {
        Ok(text) if text.is_empty() => return Err(Stop::damaged(begin, Problem::NoConfig)),
        Ok(text) if serde_json::from_str::<IgnoredAny>(&text).is_ok() => {
            findings.config = Some(SavedConfig(text));
        }
        _ => return Err(Stop::damaged(begin, Problem::ConfigText)),
    }
    source.skip_to(begin + u64::from(room))
}

/// `libxl__sr_hdr`
fn stream_header<S: Read + Seek>(source: &mut Source<S>) -> Result<(), Stop> {
    source.part = Part::Stream;
    let at = source.at;
    let header = source.take::<16>()?;
    let [version, options] = [8, 12].map(|at| le(&header, at).swap_bytes());
    if !header.starts_with(STREAM_MARK) {
        return Err(Stop::damaged(at, Problem::StreamMark));
    } else if version != 2 {
        return Err(Stop::not_known(NotKnown::StreamVersion(version)));
    } else if options & 1 != 0 {
        return Err(Stop::not_known(NotKnown::ByteOrder));
    }
    Ok(())
}

/// Walks over libxl's records, and over the image between them.
fn walk<S: Read + Seek>(source: &mut Source<S>, findings: &mut Findings) -> Result<State, Stop> {
    let mut seen_image = false;
    loop {
        source.part = Part::Stream;
        let record = source.record()?;
        let problem = |problem| Err(Stop::damaged(record.at, problem));
        match record.kind {
            kind::END | kind::LIBXC_CONTEXT if record.length != 0 => {
                return problem(Problem::RecordLength);
            }
            kind::END if !seen_image => return problem(Problem::Missing("LIBXC_CONTEXT")),
            kind::END if source.at < source.size => {
                return Err(Stop::damaged(source.at, Problem::Trailing));
            }
            kind::END => return Ok(State::Whole),
            kind::LIBXC_CONTEXT if seen_image => return problem(Problem::SecondImage),
            kind::LIBXC_CONTEXT => {
                seen_image = true;
                image::walk(source, &mut findings.image)?;
            }
            kind::EMULATOR_XENSTORE_DATA | kind::EMULATOR_CONTEXT if record.length < 8 => {
                return problem(Problem::RecordLength);
            }
            kind::EMULATOR_XENSTORE_DATA | kind::EMULATOR_CONTEXT | kind::OPTIONAL.. => {
                source.skip(record)?;
            }
            kind::CHECKPOINT_END | kind::CHECKPOINT_STATE => {
                return Err(Stop::not_known(NotKnown::Checkpoints));
            }
            other => return Err(Stop::not_known(NotKnown::StreamRecord(other))),
        }
    }
}

/// Whether the last 8 bytes are an END, where one can stand: every record begins at a multiple of 8 from the first.
fn ends_well<S: Read + Seek>(source: &mut Source<S>) -> io::Result<bool> {
    let length = source.size - source.at;
    if length < 8 || !length.is_multiple_of(8) {
        return Ok(false);
    }
    source.at = source.size - 8;
    let (end, _) = source.take_up_to::<8>()?;
    Ok(end == [0; 8])
}
