//! One apply at a time.

use std::fs::File;
use std::io::{Read, Write};

use rustix::fs::{FlockOperation, flock};

use crate::files::{FileError, open_lock};
use crate::layout::Layout;

/// The right to change things, until it is dropped; the kernel takes it back from a killed process.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held, not read")] File);

/// Why the lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// The file that it is taken on cannot be opened.
    #[error(transparent)]
    File(#[from] FileError),
    /// The kernel refused it.
    #[error("cannot lock /var/lib/domus/lock: {0}")]
    Flock(#[from] rustix::io::Errno),
}

impl Lock {
    /// Waits for the right to change things; `waiting` is told who has it, if somebody does.
    ///
    /// # Errors
    /// When the lock cannot be taken at all.
    pub fn take(layout: &Layout, waiting: impl FnOnce(&str)) -> Result<Self, LockError> {
        let mut file = open_lock(&layout.state_dir().join("lock"))?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            waiting(holder.trim());
            flock(&file, FlockOperation::LockExclusive)?;
        }
        // Who has it is for people; the lock itself does not depend on what the file says.
        let _ = file.set_len(0);
        let _ = write!(file, "process {}", std::process::id());
        Ok(Self(file))
    }

    /// Whether some process has it now; nobody where that cannot be told.
    #[must_use]
    pub fn is_held(layout: &Layout) -> bool {
        File::open(layout.state_dir().join("lock"))
            .is_ok_and(|file| flock(&file, FlockOperation::NonBlockingLockShared).is_err())
    }
}
