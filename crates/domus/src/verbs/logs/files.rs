//! The files with a guest's console: the newest, which xenconsoled writes, and the rotated ones.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use flate2::read::MultiGzDecoder;
use reconcile::Layout;
use reconcile::files::{FileError, names_in};

/// Where xenconsoled writes (`--log-dir`).
pub const FOLDER: &str = "/var/log/xen/console";

/// A file with a part of a guest's console.
pub struct LogFile {
    /// Where it is.
    pub path: PathBuf,
    compressed: bool,
}

/// The files that xenconsoled may write to now, by the guest's names, its own first. It opens a file when a domain starts,
/// and anew when it is told that logs were rotated, by the name that the domain has then (`io.c`, `create_console_log`): a
/// guest that was renamed goes on in the old one until either.
pub fn current(layout: &Layout, names: &[&str]) -> Vec<PathBuf> {
    let path = |name: &&str| layout.below(FOLDER).join(format!("guest-{name}.log"));
    names.iter().map(path).collect()
}

/// That of them which was written last; where there is none, the first.
pub fn newest(current: &[PathBuf]) -> Option<&PathBuf> {
    // Of two that are equally old, the one by the guest's own name.
    let there = current.iter().rev();
    let newest = there
        .filter_map(|path| Some((written(path)?, path)))
        .max_by_key(|(when, _)| *when);
    newest.map(|(_, path)| path).or(current.first())
}

fn written(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|found| found.modified()).ok()
}

/// All files of a guest, by all names that it had, the oldest first.
///
/// # Errors
/// As [`of_name`].
pub fn of_guest(layout: &Layout, names: &[&str]) -> Result<Vec<LogFile>, FileError> {
    let mut all = Vec::new();
    for name in names.iter().rev() {
        // Within a name the numbers say which is older, whatever was copied or touched since.
        let mut newest = None;
        for file in of_name(layout, name)? {
            newest = newest.max(written(&file.path));
            all.push((newest, file));
        }
    }
    all.sort_by_key(|(when, _)| *when);
    Ok(all.into_iter().map(|(_, file)| file).collect())
}

/// All files by a name, the oldest first: `guest-web.log.2.gz`, `guest-web.log.1`, `guest-web.log`.
///
/// # Errors
/// When the folder is there and cannot be read.
fn of_name(layout: &Layout, guest: &str) -> Result<Vec<LogFile>, FileError> {
    let folder = layout.below(FOLDER);
    let newest = format!("guest-{guest}.log");
    let mut found: Vec<(u32, LogFile)> = Vec::new();
    for name in names_in(&folder)? {
        let Some(rest) = name.strip_prefix(&newest) else {
            continue;
        };
        let (number, compressed) = match rest.strip_suffix(".gz") {
            Some(number) => (number, true),
            None => (rest, false),
        };
        let number = match number.strip_prefix('.') {
            Some(number) => number.parse().ok(),
            None => (number.is_empty() && !compressed).then_some(0),
        };
        let Some(number) = number else { continue };
        let path = folder.join(&name);
        found.push((number, LogFile { path, compressed }));
    }
    // While one is being compressed it is there twice; the plain one is whole.
    found.sort_by_key(|(number, file)| (std::cmp::Reverse(*number), file.compressed));
    found.dedup_by_key(|(number, _)| *number);
    Ok(found.into_iter().map(|(_, file)| file).collect())
}

impl LogFile {
    /// Opens it, to read what was written.
    ///
    /// # Errors
    /// As [`File::open`].
    pub fn open(&self) -> io::Result<Box<dyn Read>> {
        let file = File::open(&self.path)?;
        Ok(if self.compressed {
            Box::new(MultiGzDecoder::new(file))
        } else {
            Box::new(file)
        })
    }

    /// Whether it surely holds nothing.
    pub fn is_empty(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|metadata| metadata.len() == 0)
    }

    /// How many lines it has. What cannot be read has none; reading it for good says why.
    fn lines(&self) -> usize {
        let Ok(mut reader) = self.open() else {
            return 0;
        };
        let mut chunk = vec![0; super::CHUNK];
        let mut lines = 0;
        while let Ok(count @ 1..) = reader.read(&mut chunk) {
            lines += count_lines(&chunk[..count]);
        }
        lines
    }
}

/// How many lines end in this.
pub fn count_lines(bytes: &[u8]) -> usize {
    bytes.split(|byte| *byte == b'\n').count() - 1
}

/// The files that have the last lines, the oldest first.
pub fn needed(files: &[LogFile], wanted: usize) -> &[LogFile] {
    let mut lines = 0;
    for (at, file) in files.iter().enumerate().rev() {
        if lines > wanted {
            return &files[at + 1..];
        }
        lines += file.lines();
    }
    files
}
