//! What a guest says on its console, from a moment on, in the file that xenconsoled writes.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use regex::Regex;

/// What is kept of a line, in bytes. A longer one is looked at in parts of this length, each of which begins with the end of
/// the one before it.
const LONGEST_LINE: usize = 8 * 1024;
const OVERLAP: usize = 1024;
/// What is read at one look, in bytes: a guest that writes faster is read later, and does not keep us.
const MOST_AT_ONCE: u64 = 4 * 1024 * 1024;

/// The log of a guest's console.
#[derive(Debug)]
pub(super) struct Console {
    path: PathBuf,
    pattern: Regex,
    /// The file that is read: it stays open when it is put aside, so that what is still written to it is read too.
    file: Option<File>,
    offset: u64,
    line: Vec<u8>,
    matched: bool,
}

impl Console {
    /// What is written from now on. Nothing for a pattern that cannot be used, which the document's rules refuse.
    pub(super) fn after_now(path: &Path, pattern: &str) -> Option<Self> {
        let file = File::open(path).ok();
        let length = file.as_ref().and_then(|file| file.metadata().ok());
        Some(Self {
            path: path.to_owned(),
            pattern: Regex::new(pattern).ok()?,
            offset: length.map_or(0, |metadata| metadata.len()),
            file,
            line: Vec::new(),
            matched: false,
        })
    }

    pub(super) const fn matched(&self) -> bool {
        self.matched
    }

    pub(super) fn pattern(&self) -> &str {
        self.pattern.as_str()
    }

    /// Reads what is new. A file that cannot be read says nothing; the next look may find another.
    pub(super) fn look(&mut self) {
        if self.matched {
            return;
        }
        self.read_on();
        let same = |one: &File, other: &File| {
            let (one, other) = (one.metadata().ok()?, other.metadata().ok()?);
            Some((one.dev(), one.ino()) == (other.dev(), other.ino()))
        };
        let Ok(current) = File::open(&self.path) else {
            return;
        };
        let is_same = self.file.as_ref().and_then(|file| same(file, &current));
        if is_same != Some(true) {
            // The old one has been read to its end; xenconsoled opens the new one when it is told to.
            self.file = Some(current);
            self.offset = 0;
            self.read_on();
        }
    }

    fn read_on(&mut self) {
        let Some(file) = &mut self.file else { return };
        let length = file.metadata().map_or(0, |metadata| metadata.len());
        if length < self.offset {
            // It was emptied in its place.
            self.offset = 0;
        }
        if file.seek(SeekFrom::Start(self.offset)).is_err() {
            return;
        }
        let mut new = Vec::new();
        // What was read before an error counts.
        let _ = file.take(MOST_AT_ONCE).read_to_end(&mut new);
        self.offset += new.len() as u64;
        for byte in new {
            if matches!(byte, b'\n' | b'\r') {
                self.end_of_line();
                self.line.clear();
            } else {
                self.line.push(byte);
                if self.line.len() >= LONGEST_LINE {
                    self.end_of_line();
                    self.line.drain(..LONGEST_LINE - OVERLAP);
                }
            }
            if self.matched {
                return;
            }
        }
        // A prompt has no end of line.
        self.end_of_line();
    }

    fn end_of_line(&mut self) {
        self.matched = !self.line.is_empty() && self.pattern.is_match(&plain(&self.line));
    }
}

/// A line without what is for a terminal: control sequences (ECMA-48, `ESC [ … letter`) and control characters.
fn plain(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c == '\u{1b}' {
            if rest.next() == Some('[') {
                // Up to its last character.
                let _ = rest.find(|c| ('\u{40}'..='\u{7e}').contains(c));
            }
        } else if !c.is_control() || c == '\t' {
            plain.push(c);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use std::fs::{self, OpenOptions};
    use std::io::Write;

    use super::*;

    struct Log {
        folder: tempfile::TempDir,
    }

    impl Log {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            Self { folder }
        }

        fn path(&self) -> PathBuf {
            self.folder.path().join("guest-web.log")
        }

        fn say(&self, text: impl AsRef<[u8]>) {
            let mut file = OpenOptions::new()
                .create(true)
                .append(true)
                .open(self.path())
                .unwrap();
            file.write_all(text.as_ref()).unwrap();
        }

        fn watch(&self) -> Console {
            Console::after_now(&self.path(), "login:").unwrap()
        }
    }

    fn matches(console: &mut Console) -> bool {
        console.look();
        console.matched()
    }

    #[test]
    fn only_what_comes_after_the_start_counts() {
        let log = Log::new();
        log.say("web login: \n");
        let mut console = log.watch();
        assert!(!matches(&mut console));
        log.say("booting\n");
        assert!(!matches(&mut console));
        log.say("web log");
        assert!(!matches(&mut console));
        log.say("in: ");
        assert!(matches(&mut console));
    }

    #[test]
    fn a_log_that_is_not_there_yet() {
        let log = Log::new();
        let mut console = log.watch();
        assert!(!matches(&mut console));
        log.say("web login: ");
        assert!(matches(&mut console));
    }

    #[test]
    fn a_log_that_is_put_aside_or_emptied() {
        let log = Log::new();
        log.say("old\n");
        let mut console = log.watch();
        fs::rename(log.path(), log.folder.path().join("guest-web.log.1")).unwrap();
        let mut aside = OpenOptions::new()
            .append(true)
            .open(log.folder.path().join("guest-web.log.1"))
            .unwrap();
        aside.write_all(b"web lo").unwrap();
        assert!(!matches(&mut console));
        // Written on until xenconsoled is told; the line goes on in the new file.
        log.say("gin: \n");
        assert!(matches(&mut console));

        let mut console = log.watch();
        fs::write(log.path(), "").unwrap();
        assert!(!matches(&mut console));
        log.say("login:\n");
        assert!(matches(&mut console));
    }

    #[test]
    fn what_is_for_a_terminal_is_no_part_of_a_line() {
        assert_eq!(
            plain(b"[\x1b[0;32m  OK  \x1b[0m] Reached \x07target"),
            "[  OK  ] Reached target"
        );
        assert_eq!(plain(b"\x1b]0;title\xff\x9b"), "0;title\u{fffd}\u{fffd}");
        let log = Log::new();
        let mut console = log.watch();
        log.say("web \x1b[1mlogin\x1b[0m\x00: ");
        assert!(matches(&mut console));
    }

    #[test]
    fn a_line_without_an_end_is_not_kept() {
        let log = Log::new();
        let mut console = log.watch();
        log.say(vec![b'x'; 3 * LONGEST_LINE]);
        assert!(!matches(&mut console));
        assert!(console.line.len() < LONGEST_LINE, "{}", console.line.len());
        log.say("login:");
        assert!(matches(&mut console));
    }
}
