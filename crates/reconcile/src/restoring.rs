//! Restoring a guest from its save file: by its unit, by `domus start`, or by an apply.
//!
//! A save file that outlives a guest that ran on would be restored at some later boot, with file systems in its memory
//! that the disks no longer hold: it would destroy them. So the guest is not let run before its save file is gone for
//! good, and the save file does not go before all of it is in memory. The order, and what stands after a kill of domus,
//! or a power cut, behind each step:
//!
//! | step | killed after it | power cut after it |
//! |---|---|---|
//! | 1. the mark in /run that Domus restores | the save is whole, and there is no domain | the save is whole |
//! | 2. `xl restore -p`: the domain, paused | the save is whole, the guest never ran; the next start ends the paused domain, and restores again | the save is whole, the guest never ran |
//! | 3. the save file is removed, its folder synced | the guest is there, paused; the next start goes on with step 4 | the guest starts afresh, as after a power cut at the moment of its save |
//! | 4. `xl unpause` | the guest runs | as every guest that runs |
//! | 5. the mark is removed | the guest runs | as every guest that runs |
//!
//! The mark, and that its vCPUs had no time yet, tell a domain that is paused by this from one that somebody paused by
//! hand, which ran.

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use uuid::Uuid;

use crate::domains::{self, Domain, DomainsError, State};
use crate::ending::destroy;
use crate::files::{self, Existing, FileError};
use crate::layout::Layout;
use crate::program::{self, ProgramError, Programs};
use crate::xl::Xl;

/// How long a domain may take to be there, to run, or to be gone, once xl was told so.
const SOON: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(200);
/// How long a restore may take: the memory of a large guest is read from a slow disk.
pub const RESTORE_LIMIT: Duration = Duration::from_secs(6 * 3600);

/// Why a guest is not restored, or stays paused, and what a person may do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RestoreError(String);

impl From<FileError> for RestoreError {
    fn from(error: FileError) -> Self {
        Self(error.to_string())
    }
}

impl From<DomainsError> for RestoreError {
    fn from(error: DomainsError) -> Self {
        Self(error.to_string())
    }
}

/// A guest that is to be restored.
#[derive(Clone, Debug)]
pub struct Restore {
    /// The guest.
    pub name: String,
    /// Its save file.
    pub file: PathBuf,
    /// The UUIDs that it may have been saved under.
    pub uuids: Vec<Uuid>,
    /// Where things are.
    pub layout: Layout,
    /// The paused domain that a killed restore left.
    pub again: Option<u32>,
    /// What it was started with before it was saved; sealed.
    pub started_with: Option<String>,
}

fn mark(layout: &Layout, name: &str) -> PathBuf {
    layout.below(format!("/run/domus/{name}.restoring"))
}

/// Whether a restore of this guest began, and its end is not known.
#[must_use]
pub fn is_restoring(layout: &Layout, name: &str) -> bool {
    // What cannot be read is no mark: without one nothing is destroyed.
    matches!(files::read_text(&mark(layout, name)), Ok(Some(_)))
}

/// Whether a domain that was restored has not run yet, by the time that its vCPUs had (`Time(s)` of `xl list`): whoever
/// unpaused it by hand, and paused it again, has a guest whose save file is of the past. Nor has one run that is being built.
///
/// # Errors
/// When xl does not say.
pub fn never_ran(domain: &Domain, programs: &Programs) -> Result<bool, ProgramError> {
    let text = program::run(&programs.xl, &["list", "-v"], programs.answer_limit)?;
    let (domid, uuid) = (domain.domid.to_string(), domain.uuid.to_string());
    let time = text.lines().find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let at = words.iter().rposition(|word| *word == uuid)?;
        let own = words[..at].contains(&domid.as_str());
        own.then(|| words[at - 1])
    });
    Ok(time == Some("0.0"))
}

/// What a restore that was killed left, and how it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interrupted {
    /// The save file is whole: the paused domain is ended, and the guest restored again.
    Again,
    /// The save file is gone, so the domain has all of its memory: it is let run ([`finish`]).
    Finish,
}

/// Whether this domain of a guest is what a restore by Domus left that was killed; `saved` says whether the save file is
/// there.
///
/// # Errors
/// As [`never_ran`].
pub fn interrupted(
    name: &str,
    domain: &Domain,
    saved: bool,
    layout: &Layout,
    programs: &Programs,
) -> Result<Option<Interrupted>, ProgramError> {
    let is_left =
        domain.state == State::Paused && is_restoring(layout, name) && never_ran(domain, programs)?;
    let how = if saved {
        Interrupted::Again
    } else {
        Interrupted::Finish
    };
    Ok(is_left.then_some(how))
}

impl Restore {
    /// The first step; what a killed restore left is ended before.
    ///
    /// # Errors
    /// When that cannot be ended, or the mark cannot be written: then nothing is restored.
    pub fn announce(&self, programs: &Programs) -> Result<(), RestoreError> {
        if let Some(domid) = self.again {
            destroy(domid, programs).map_err(|error| {
                RestoreError(format!("what an interrupted restore left: {error}"))
            })?;
        }
        let text = format!("{}\n", self.file.display());
        let mark = mark(&self.layout, &self.name);
        Ok(files::write(
            &mark,
            text.as_bytes(),
            0o600,
            Existing::Replace,
        )?)
    }

    /// All steps, by an xl that watches over the guest in the background, as after xendomains.
    ///
    /// # Errors
    /// When it does not run then: why, and what is left.
    pub fn by_xl(&self, programs: &Programs) -> Result<Domain, RestoreError> {
        self.announce(programs)?;
        if let Err(error) = Xl(programs).restore_paused(&self.file, RESTORE_LIMIT) {
            return Err(self.failed(&error.to_string(), programs));
        }
        self.release(programs)
    }

    /// The steps after xl has restored all of the guest's memory: lets it run.
    ///
    /// # Errors
    /// When it does not run then: why, and what is left.
    pub fn release(&self, programs: &Programs) -> Result<Domain, RestoreError> {
        let listed = listed(programs)?;
        let restored =
            |domain: &&Domain| self.uuids.contains(&domain.uuid) && domain.state == State::Paused;
        let Some(domain) = listed.iter().find(restored).cloned() else {
            // Paused, it never ran, so that ending it loses nothing: its save file is whole.
            let other = listed
                .iter()
                .find(|domain| domain.name == self.name && domain.state == State::Paused);
            if let Some(other) = other {
                let ended = destroy(other.domid, programs);
                ended.map_err(|error| RestoreError(error.to_string()))?;
            }
            self.unmark();
            let whose = other.map_or_else(
                || "xl restored it, and it is not there".to_owned(),
                |other| format!("the save file is of another domain (UUID {})", other.uuid),
            );
            return Err(RestoreError(format!("{whose}; {}", self.left())));
        };
        files::remove(&self.file).map_err(|error| {
            let domid = domain.domid;
            RestoreError(format!(
                "it is restored, and stays paused (domain {domid}): {error}"
            ))
        })?;
        run_on(&domain, &self.name, programs)?;
        self.unmark();
        Ok(domain)
    }

    /// What is said of a restore that failed. xl ends the domain itself; should one be left, it never ran.
    #[must_use]
    pub fn failed(&self, cause: &str, programs: &Programs) -> RestoreError {
        let listed = listed(programs).map_err(|error| error.to_string());
        let ended = listed.and_then(|domains| {
            let left = domains
                .iter()
                .find(|domain| self.uuids.contains(&domain.uuid) && domain.state == State::Paused);
            let ended = left.map(|domain| destroy(domain.domid, programs));
            ended.map_or(Ok(()), |ended| {
                ended.map(drop).map_err(|error| error.to_string())
            })
        });
        RestoreError(match ended {
            Ok(()) => {
                self.unmark();
                format!("{cause}. {}", self.left())
            }
            // The mark stays, so that the next start looks for it.
            Err(error) => format!(
                "{cause}. What it left could not be ended: {error}. {}",
                self.left()
            ),
        })
    }

    fn left(&self) -> String {
        format!(
            "The guest is down, and its save file is left: {0}. `domus start {1}` tries again; to give up what was in its memory, and start it afresh, move {0} away first",
            self.file.display(),
            self.name
        )
    }

    fn unmark(&self) {
        unmark(&self.layout, &self.name);
    }
}

/// Removes the mark. One that stays is looked at only beside a paused domain.
pub fn unmark(layout: &Layout, name: &str) {
    let _ = files::remove(&mark(layout, name));
}

/// The last steps for a guest whose restore was killed after its save file was removed.
///
/// # Errors
/// When it stays paused.
pub fn finish(
    name: &str,
    domain: &Domain,
    layout: &Layout,
    programs: &Programs,
) -> Result<(), RestoreError> {
    run_on(domain, name, programs)?;
    unmark(layout, name);
    Ok(())
}

/// All domains, from an xl that may fail to answer once.
fn listed(programs: &Programs) -> Result<Vec<Domain>, DomainsError> {
    let deadline = Instant::now() + SOON;
    loop {
        match domains::list_briefly(programs) {
            Ok(domains) => return Ok(domains),
            Err(error) if Instant::now() >= deadline => return Err(error),
            Err(_) => thread::sleep(POLL),
        }
    }
}

/// Unpauses a domain, and looks whether it is: `xl unpause` succeeds whatever happens.
fn run_on(domain: &Domain, name: &str, programs: &Programs) -> Result<(), RestoreError> {
    if domain.name != name {
        // It was renamed while it was saved. What fails here, the next apply does.
        let _ = Xl(programs).rename(domain.domid, name);
    }
    let domid = domain.domid.to_string();
    let asked = program::run(&programs.xl, &["unpause", &domid], programs.answer_limit);
    let paused = |known: &Domain| known.domid == domain.domid && known.state == State::Paused;
    let deadline = Instant::now() + SOON;
    loop {
        let listed = domains::list_briefly(programs);
        match &listed {
            Ok(domains) if !domains.iter().any(paused) => return Ok(()),
            _ if Instant::now() >= deadline || asked.is_err() => break,
            _ => thread::sleep(POLL),
        }
    }
    let why = asked
        .err()
        .map(|error| format!(": {error}"))
        .unwrap_or_default();
    Err(RestoreError(format!(
        "it is restored, its save file is gone, and it stays paused{why}. `xl unpause {domid}` lets it run"
    )))
}
