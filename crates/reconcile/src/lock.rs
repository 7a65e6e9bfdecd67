//! One that changes things at a time.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::files::{FileError, open_lock};
use crate::layout::Layout;

/// How often it is tried again.
const POLL: Duration = Duration::from_millis(100);
/// It is said again who has the lock when that does something else by now, but not more often than this,
const AT_MOST: Duration = Duration::from_secs(3);
/// and when this has passed.
const AGAIN: Duration = Duration::from_secs(60);
/// More is not read of what the file says.
const LONGEST: usize = 4096;

/// The right to change things, until it is dropped; the kernel takes it back from a killed process.
#[derive(Debug)]
pub struct Lock {
    file: File,
    who: String,
}

/// Who has the lock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holder {
    /// Its command and its process, in words.
    pub who: String,
    /// What it does, or waits for, in words; nothing where it did not say.
    pub doing: Option<String>,
}

/// Why the lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// The file that it is taken on cannot be opened.
    #[error(transparent)]
    File(#[from] FileError),
    /// The kernel refused it.
    #[error("cannot lock /var/lib/domus/lock: {0}")]
    Flock(#[from] Errno),
}

impl Lock {
    /// Waits for the right to change things. `command` is what others are told of this process meanwhile; `waiting` is told
    /// at once who has the lock, if somebody does, and again when that does something else.
    ///
    /// # Errors
    /// When the lock cannot be taken at all.
    pub fn take(
        layout: &Layout,
        command: &str,
        waiting: &mut dyn FnMut(&Holder),
    ) -> Result<Self, LockError> {
        let file = open_lock(&layout.state_dir().join("lock"))?;
        let mut said: Option<(Holder, Instant)> = None;
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => break,
                Err(Errno::WOULDBLOCK | Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            let holder = Holder::read(&file);
            let is_due = said.as_ref().is_none_or(|(before, when)| {
                let due = if *before == holder { AGAIN } else { AT_MOST };
                when.elapsed() >= due
            });
            if is_due {
                waiting(&holder);
                said = Some((holder, Instant::now()));
            }
            thread::sleep(POLL);
        }
        let lock = Self {
            file,
            who: format!("`{command}` (process {})", std::process::id()),
        };
        lock.say("");
        Ok(lock)
    }

    /// Tells those who wait for the lock what they wait for.
    pub fn doing(&self, what: &str) {
        self.say(what);
    }

    /// Who has it is for people; the lock itself does not depend on what the file says.
    fn say(&self, doing: &str) {
        // In one write, and with an end: who reads it meanwhile reads the one or the other.
        let text = format!("{}\n{}\n\n", self.who, doing.replace('\n', " "));
        if self.file.write_all_at(text.as_bytes(), 0).is_ok() {
            let _ = self.file.set_len(text.len() as u64);
        }
    }

    /// Whether some process has it now; nobody where that cannot be told.
    #[must_use]
    pub fn is_held(layout: &Layout) -> bool {
        File::open(layout.state_dir().join("lock"))
            .is_ok_and(|file| flock(&file, FlockOperation::NonBlockingLockShared).is_err())
    }
}

impl Holder {
    fn read(file: &File) -> Self {
        let mut bytes = [0; LONGEST];
        let length = file.read_at(&mut bytes, 0).unwrap_or(0);
        let text = String::from_utf8_lossy(&bytes[..length]);
        let mut lines = text.lines();
        let mut line = || lines.next().map(str::trim).unwrap_or_default().to_owned();
        let (who, doing) = (line(), line());
        Self {
            who: if who.is_empty() {
                "another domus".to_owned()
            } else {
                who
            },
            doing: (!doing.is_empty()).then_some(doing),
        }
    }
}
