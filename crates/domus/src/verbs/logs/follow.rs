//! `domus logs --follow`: what is written from now on, through rotations.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::Sink;
use super::files::count_lines;
use crate::text::Lines;

/// How often it is looked whether more was written.
const POLL: Duration = Duration::from_millis(250);

/// A file that is followed.
pub struct Followed {
    /// Where it is.
    pub path: PathBuf,
    /// What was read already; nothing where it is not there yet.
    pub open: Option<Open>,
    /// The rest of its last line.
    pub lines: Lines,
}

impl Followed {
    /// What comes from now on.
    pub fn from_now(path: PathBuf) -> Self {
        let mut open = Open::at(&path);
        if let Some(open) = &mut open {
            let _ = open.skip_to_last(0);
        }
        Self {
            path,
            open,
            lines: Lines::default(),
        }
    }
}

/// Prints what is written to these files until whoever reads has had enough, or the program is ended: xenconsoled goes on
/// by another name, once, when a guest was renamed.
///
/// logrotate renames the file, and xenconsoled goes on in a new one once it was told (or the file is copied and cut): the
/// old one is read to its end, and looked at once more, after the new one is there.
///
/// # Errors
/// When nothing can be printed any more.
pub fn follow(files: Vec<Followed>, sink: &mut Sink) -> io::Result<()> {
    let mut files: Vec<(Followed, Option<Open>)> =
        files.into_iter().map(|file| (file, None)).collect();
    loop {
        for (Followed { path, open, lines }, before) in &mut files {
            for open in before.take().iter_mut().chain(&mut *open) {
                open.read(|bytes| sink.take(bytes, lines))?;
            }
            if open.as_ref().is_none_or(|open| open.is_replaced(path))
                && let Some(new) = Open::at(path)
            {
                *before = open.replace(new);
            }
        }
        sink.flush()?;
        thread::sleep(POLL);
    }
}

/// A file that is read on.
pub struct Open {
    file: File,
    offset: u64,
}

impl Open {
    /// Opens a file; nothing where that cannot be done.
    pub fn at(path: &Path) -> Option<Self> {
        File::open(path).ok().map(|file| Self { file, offset: 0 })
    }

    /// Whether another file has its name by now.
    fn is_replaced(&self, path: &Path) -> bool {
        path.exists() && !self.is_at(path)
    }

    /// Whether it is the file at a path.
    pub fn is_at(&self, path: &Path) -> bool {
        match (self.file.metadata(), fs::metadata(path)) {
            (Ok(own), Ok(there)) => (there.dev(), there.ino()) == (own.dev(), own.ino()),
            _ => false,
        }
    }

    /// How many lines it has; it is read from its beginning afterwards.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn count_lines(&mut self) -> io::Result<usize> {
        let mut lines = 0;
        self.read(|bytes| {
            lines += count_lines(bytes);
            Ok(())
        })?;
        self.offset = self.file.seek(SeekFrom::Start(0))?;
        Ok(lines)
    }

    /// Goes to its last bytes, wherever a line begins.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn skip_to_last(&mut self, bytes: u64) -> io::Result<()> {
        let length = self.file.metadata()?.len();
        self.offset = self
            .file
            .seek(SeekFrom::Start(length.saturating_sub(bytes)))?;
        Ok(())
    }

    /// Reads on to its end.
    ///
    /// # Errors
    /// When it cannot be read, or what came cannot be taken.
    pub fn read(&mut self, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        if self
            .file
            .metadata()
            .is_ok_and(|metadata| metadata.len() < self.offset)
        {
            // It was copied, and cut to nothing.
            self.offset = self.file.seek(SeekFrom::Start(0))?;
        }
        let mut chunk = vec![0; super::CHUNK];
        loop {
            match self.file.read(&mut chunk) {
                Ok(0) => return Ok(()),
                Ok(count) => {
                    self.offset += count as u64;
                    take(&chunk[..count])?;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}
