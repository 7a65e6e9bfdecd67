//! What a file in xendomains' save folder (`/var/lib/xen/save/NAME`) is, without running xl and without trusting it.
//!
//! [`read`] walks the whole file by the headers of its records and says whether it is whole; [`glance`] looks only at
//! its beginning and its end. Both give libxl's configuration of the domain that was saved. No memory page is read, so
//! that a guest of 16 GiB costs some thousand reads of 16 bytes; whatever the bytes are, time and memory are bounded.
//!
//! # The format
//!
//! 1. xl's header and, as JSON, the domain's configuration (`struct save_file_header` in `tools/xl/xl.h`,
//!    `save_domain_core_writeconfig` in `tools/xl/xl_saverestore.c`).
//! 2. libxl's stream, version 2: a header and records (`docs/specs/libxl-migration-stream.pandoc`).
//! 3. In its record `LIBXC_CONTEXT`, libxc's image, version 2 or 3: two headers and records padded to 8 bytes, the
//!    guest's memory in batches of at most 1,024 pages, an END (`docs/specs/libxc-migration-stream.pandoc`).
//! 4. libxl's further records (the state of an HVM guest's QEMU) and an END, which are the last 8 bytes of the file.
//!
//! It is the same from Xen 4.6 (image version 2) and 4.14 (version 3) to 4.22, the newest when this was written.
//!
//! # What a save that failed leaves
//!
//! `xl save` (`save_domain`, `tools/xl/xl_saverestore.c`, 4.17 to 4.22) opens the file under its final name with
//! `O_TRUNC`, never removes it, and neither syncs it nor looks at what `close` says. So:
//!
//! | what happens | the file | the domain |
//! |---|---|---|
//! | no space for the header | empty | goes on: it was not suspended yet |
//! | no space for the configuration | partial | the same |
//! | the guest does not answer the request to suspend itself, for 60 s | partial, without memory | the same |
//! | no space or an error later | partial | xl says "Failed to save domain, resuming domain": it goes on. Before Xen 4.20 the xl that watched it has ended, as it was suspended: nobody answers its reboot any more |
//! | xl is killed (xendomains' watchdog sends SIGTERM after `XENDOMAINS_STOP_MAXWAIT` seconds, 300) | partial: libxl-save-helper dies of SIGPIPE when it next tells xl how far it is | stays suspended (`---ss-` in `xl list`) with its memory, until someone destroys it or the host goes down |
//! | xl is killed after the last record | whole | stays suspended, and may not be resumed once the file was restored |
//! | the host loses power | what the file system kept: partial, or with zeros in it ([`State::Damaged`]) | gone |
//!
//! After a save that failed, xendomains' `stop` goes on to `xl shutdown --wait`: a resumed guest shuts down; of a
//! suspended one xl says after 60 s that it did not acknowledge the request. The file stays in either case.
//! No space for the header, no space later, and xl killed while it writes memory were seen on Xen 4.17; the rest is read
//! from the sources.
//!
//! # What xendomains makes of the folder at boot
//!
//! `start` in `tools/hotplug/Linux/xendomains.in`, the same from 4.17 to 4.22: for every file (links followed, names
//! with a dot in front not seen) whose first 16 bytes are `Xen saved domain`, it runs `xl restore FILE` and removes
//! the file if that succeeds. If it fails, it prints a line, loses the status (`rc_failed $?` follows an `echo`), and
//! leaves the file; libxl has destroyed what it had built of the domain. Files that begin otherwise are passed over
//! without a word.
//! Afterwards each entry of `/etc/xen/auto` is skipped, again without a word, if its name is a word (`grep -w`) of
//! what `ls` had shown in the save folder *before* the restores. So whatever stands there under a guest's name, whole
//! or partial, empty, a folder or junk, keeps that guest down if it was not restored. To move a file out of the way
//! inside the folder, give it a name that begins with a dot: seen on Xen 4.17, the guest is started anew then.
//!
//! # What this does not do
//!
//! - It does not prove that a restore succeeds: that depends on the host (its processor, its free memory, the guest's
//!   disks, bridges and kernel), and the contents of pages and registers are not looked at.
//! - It cannot tell whether the domain ran on after the save (`xl save -c`), and its disks with it.
//! - It cannot tell a save that was broken off from one that is being written now: ask whether the domain is still
//!   there.
//! - It reads what the kernel has of the file; xl does not sync it, so after a power cut the same file may be shorter.
//! - It does not follow links: xendomains does.
//! - Saves of ARM guests, of checkpointed streams (Remus, COLO), of 32-bit big-endian hosts and of Xen before 4.6 are
//!   [`State::NotKnown`]; those of xend and libvirt are [`Content::Foreign`].

mod image;
mod source;
mod stream;
#[cfg(test)]
mod tests;
mod words;

use std::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::fs::{Advice, Mode, OFlags};

use source::Source;

/// What a file in the save folder is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaveFile {
    /// What is in it.
    pub content: Content,
    /// How long it is, in bytes, when it was opened. 0 for what is no file.
    pub size_bytes: u64,
    /// When it was last written.
    pub modified: SystemTime,
}

/// What stands at a path of the save folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A save file of xl, or the beginning of one.
    Saved(Saved),
    /// A file without a byte: a save that found no space, or somebody's `touch`.
    Empty,
    /// A file that xl did not write.
    Foreign,
    /// A folder.
    Folder,
    /// A symbolic link, which is not followed.
    Link,
    /// A device, a pipe or a socket.
    Special,
}

/// A save file of xl.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// Whether it is whole, and if not, why.
    pub state: State,
    /// The domain's configuration, unless the file breaks off before its end.
    pub config: Option<SavedConfig>,
    /// The guest's memory that the file has, in bytes, up to where it was read: of a whole file, the guest's memory and
    /// some special pages. [`glance`] gives 0.
    pub memory_bytes: u64,
    /// The Xen that it was saved on, as major and minor number. [`glance`] gives none.
    pub xen: Option<(u32, u32)>,
}

/// Whether a save file is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Every record was found, and the last of them ends the file. Only [`read`] says so.
    Whole,
    /// It begins and ends as a whole one does; the records between were not looked at. Only [`glance`] says so.
    EndsWell,
    /// It ends before the format says that it may.
    Partial(Break),
    /// It contradicts the format, so that xl could not restore it, or would find something else in it.
    Damaged(Damage),
    /// It may be whole: it uses what this does not know.
    NotKnown(NotKnown),
}

/// Where a partial save file breaks off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Break {
    /// In which part.
    pub part: Part,
    /// How many bytes there are.
    pub size_bytes: u64,
    /// How many bytes there would be at least, by what is there.
    pub at_least_bytes: u64,
}

/// A part of a save file, in the order in which they stand in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// xl's header.
    Header,
    /// The domain's configuration.
    Config,
    /// libxc's image: the guest's memory and vCPUs.
    Image,
    /// libxl's records: the beginning of its stream and, after the image, the state of QEMU.
    Stream,
}

/// What contradicts the format, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damage {
    /// At which byte.
    pub at: u64,
    /// What.
    pub problem: Problem,
}

/// What contradicts the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The header says that there is a configuration, and there is none.
    NoConfig,
    /// The configuration is longer than the room that the header gives it.
    ConfigLength,
    /// The configuration is no JSON.
    ConfigText,
    /// libxl's stream has another beginning.
    StreamMark,
    /// libxc's image has another beginning.
    ImageMark,
    /// A record has a length that it cannot have.
    RecordLength,
    /// There is a second image.
    SecondImage,
    /// The END comes before this record, which every save has.
    Missing(&'static str),
    /// There is something after the END.
    Trailing,
}

/// What is used in a save file that this does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotKnown {
    /// It begins as xendomains expects it of a save file, and not as xl does.
    OtherFormat,
    /// The byte order of another kind of machine.
    ByteOrder,
    /// These bits of xl's mandatory flags.
    Flags(u32),
    /// No configuration, or one that is not JSON, though the stream is of version 2: no xl writes that by itself.
    NoJson,
    /// libxl's stream before version 2: a save of Xen 4.5 or older.
    OldStream,
    /// A configuration of this many bytes.
    LongConfig(u32),
    /// This version of libxl's stream.
    StreamVersion(u32),
    /// This version of libxc's image.
    ImageVersion(u32),
    /// This type of guest.
    GuestType(u32),
    /// Pages of 2 to this power of bytes.
    PageShift(u16),
    /// A record of libxl of this type.
    StreamRecord(u32),
    /// A record of libxc of this type.
    ImageRecord(u32),
    /// A stream of checkpoints, as Remus and COLO make them.
    Checkpoints,
    /// More records than a guest of 16 TiB has.
    ManyRecords,
}

/// A domain's configuration as libxl tells it: JSON, the form of [`crate::libxl_json`] and [`crate::domains::DomainConfig`].
///
/// It may hold VNC and SPICE passwords. `Debug` shows its length alone.
#[derive(Clone, PartialEq, Eq)]
pub struct SavedConfig(String);

impl SavedConfig {
    /// The JSON: one value, which was parsed once.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SavedConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SavedConfig({} bytes)", self.0.len())
    }
}

/// Why it is not known what a file in the save folder is.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the save file {path}: {error}{}", remedy(error))]
pub struct SaveFileError {
    path: PathBuf,
    error: io::Error,
}

impl SaveFileError {
    /// Whether there is nothing at the path: never so because it cannot be read.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        self.error.kind() == ErrorKind::NotFound
    }
}

fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::PermissionDenied => ". Run domus as root",
        ErrorKind::UnexpectedEof => ". It became shorter meanwhile: try again when no save runs",
        _ => "",
    }
}

impl SaveFile {
    /// Whether it is a save file in which every record was found.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        matches!(
            self.content,
            Content::Saved(Saved {
                state: State::Whole,
                ..
            })
        )
    }

    /// Whether xendomains runs `xl restore` on it at boot; it passes over everything else. Nothing for a link, which
    /// it follows.
    #[must_use]
    pub const fn xendomains_tries(&self) -> Option<bool> {
        match self.content {
            Content::Link => None,
            Content::Saved(_) => Some(self.size_bytes >= stream::SHORT_MAGIC as u64),
            _ => Some(false),
        }
    }

    /// The domain's configuration, where the file has one.
    #[must_use]
    pub const fn config(&self) -> Option<&SavedConfig> {
        match &self.content {
            Content::Saved(saved) => saved.config.as_ref(),
            _ => None,
        }
    }
}

/// Says what stands at `path`, walking over all records of a save file.
///
/// # Errors
/// It cannot be opened or read; also when there is nothing ([`SaveFileError::is_absent`]).
pub fn read(path: &Path) -> Result<SaveFile, SaveFileError> {
    look(path, stream::read)
}

/// Says what stands at `path` by its beginning and its end: four short reads and the configuration. Where they are not
/// those of a whole file, it says what [`read`] says, and costs the same.
///
/// What it calls [`State::EndsWell`] may still be partial (where it breaks off within memory full of zeros), damaged or
/// not known.
///
/// # Errors
/// As [`read`].
pub fn glance(path: &Path) -> Result<SaveFile, SaveFileError> {
    look(path, stream::glance)
}

fn look(
    path: &Path,
    judge: fn(&mut Source<File>) -> io::Result<Content>,
) -> Result<SaveFile, SaveFileError> {
    let failed = |error: io::Error| SaveFileError {
        path: path.to_owned(),
        error,
    };
    let seen = fs::symlink_metadata(path).map_err(failed)?;
    let of_no_file = |content| {
        Ok(SaveFile {
            content,
            size_bytes: 0,
            modified: seen.modified().map_err(failed)?,
        })
    };
    if seen.is_symlink() {
        return of_no_file(Content::Link);
    } else if seen.is_dir() {
        return of_no_file(Content::Folder);
    } else if !seen.is_file() {
        return of_no_file(Content::Special);
    }
    // Should it have been replaced meanwhile, neither a link nor a pipe is waited for.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file =
        rustix::fs::open(path, flags, Mode::empty()).map_err(|error| failed(error.into()))?;
    let file = File::from(file);
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return of_no_file(Content::Special);
    }
    // Otherwise the kernel reads memory pages ahead of each record. It is advice: a file system may have none of it.
    let _ = rustix::fs::fadvise(&file, 0, None, Advice::Random);
    let size_bytes = metadata.len();
    Ok(SaveFile {
        content: judge(&mut Source::new(file, size_bytes)).map_err(failed)?,
        size_bytes,
        modified: metadata.modified().map_err(failed)?,
    })
}

/// Says what the bytes of a file are, as [`read`] does.
///
/// # Errors
/// Of reading.
pub fn parse(mut bytes: impl Read + Seek) -> io::Result<Content> {
    let size_bytes = bytes.seek(io::SeekFrom::End(0))?;
    stream::read(&mut Source::new(bytes, size_bytes))
}
