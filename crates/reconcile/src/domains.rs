//! The domains that Xen has, as xl tells them.
//!
//! `xl list -v` names every domain with its UUID and state; `xl list -l` gives libxl's configuration
//! of those whose configuration it can read. A domain that only the first knows is still known.

mod config;
mod stored;

use std::collections::HashMap;
use std::thread;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::program::{self, ProgramError, Programs};
pub use config::{BuildInfo, CreateInfo, DiskConfig, DomainConfig, NicConfig, SchedParams};
pub use stored::{list_stored, parse_stored};

/// A domain of this host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    /// Its number, until it ends.
    pub domid: u32,
    /// Its name.
    pub name: String,
    /// Its UUID.
    pub uuid: Uuid,
    /// The memory that it has now, in MiB.
    pub memory_mib: u64,
    /// The vCPUs that are online.
    pub vcpus: u32,
    /// What it is doing.
    pub state: State,
    /// libxl's configuration of it, where libxl has one.
    pub config: Option<DomainConfig>,
    /// The same as libxl's JSON has it, whole.
    pub json: Option<Box<str>>,
}

impl Domain {
    /// Whether it is no guest, but what guests need: the Dom0, xenstored's own domain, or a device model's of one of `all`.
    /// libxl has no configuration of these, they have no disks of their own, and they end after the others.
    #[must_use]
    pub fn serves(&self, all: &[Self]) -> bool {
        let of = self.name.strip_suffix("-dm");
        self.domid == 0
            || self.name == "Xenstore"
            || of.is_some_and(|of| all.iter().any(|other| other.name == of))
    }
}

/// What a domain is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It runs, or waits for something to do.
    Running,
    /// It is paused, or still being built.
    Paused,
    /// It shut down and is not gone yet.
    Shutdown,
    /// It is suspended: it is being saved, or the xl that saved it was killed, and its memory is the only copy.
    Suspended,
    /// It crashed.
    Crashed,
    /// It is being taken apart.
    Dying,
}

impl State {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Shutdown => "shut down",
            Self::Suspended => "suspended",
            Self::Crashed => "crashed",
            Self::Dying => "dying",
        }
    }

    /// From xl's six columns: runs, is blocked, is paused, has shut down, why, is dying (`xl_info.c`, `list_domains`).
    fn parse(columns: &str) -> Option<Self> {
        let [runs, blocked, paused, shut_down, why, dying] = *columns.as_bytes() else {
            return None;
        };
        let flag = |column: u8, letter: u8| column == letter || column == b'-';
        let known = flag(runs, b'r')
            && flag(blocked, b'b')
            && flag(paused, b'p')
            && flag(shut_down, b's')
            && flag(dying, b'd')
            && b"-rscwS?".contains(&why);
        match () {
            () if !known => None,
            () if dying == b'd' => Some(Self::Dying),
            () if shut_down == b's' => Some(match why {
                // A watchdog that ran out is a crash, too.
                b'c' | b'w' => Self::Crashed,
                b's' => Self::Suspended,
                _ => Self::Shutdown,
            }),
            () if paused == b'p' => Some(Self::Paused),
            () => Some(Self::Running),
        }
    }
}

/// Why the domains are not known.
#[derive(Debug, thiserror::Error)]
pub enum DomainsError {
    /// xl did not answer.
    #[error("{error}{}", where_to_look(error))]
    Program {
        /// Why; said in full, and so no source beside it.
        error: ProgramError,
    },
    /// xl's answer makes no sense.
    #[error("`xl list {option}` answered what Domus cannot read ({why}): {line:?}")]
    Junk {
        /// Which list.
        option: &'static str,
        /// What is wrong.
        why: String,
        /// Where.
        line: String,
    },
}

impl From<ProgramError> for DomainsError {
    fn from(error: ProgramError) -> Self {
        Self::Program { error }
    }
}

fn where_to_look(error: &ProgramError) -> &'static str {
    match error {
        ProgramError::Start { .. } => "",
        _ => ". Look at `systemctl status xenstored` and the journal",
    }
}

/// Asks xl for all domains.
///
/// # Errors
/// When xl fails, hangs, or answers what cannot be read.
pub fn list(programs: &Programs) -> Result<Vec<Domain>, DomainsError> {
    let long = || program::run(&programs.xl, &["list", "-l"], programs.answer_limit);
    let (short, long) = thread::scope(|scope| {
        let long = scope.spawn(long);
        (list_briefly(programs), long.join())
    });
    let mut domains = short?;
    let long = long.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
    let mut configs = parse_configs(&long)?;
    for domain in &mut domains {
        if let Some((config, json)) = configs.remove(&domain.domid) {
            domain.config = Some(config);
            domain.json = Some(json);
        }
    }
    Ok(domains)
}

/// Asks xl for all domains, without their configurations.
///
/// # Errors
/// As [`list`].
pub fn list_briefly(programs: &Programs) -> Result<Vec<Domain>, DomainsError> {
    parse_list(&program::run(
        &programs.xl,
        &["list", "-v"],
        programs.answer_limit,
    )?)
}

/// Asks xl for libxl's configurations, by domid: those that libxl can read itself.
///
/// # Errors
/// As [`list`].
pub fn configurations(
    programs: &Programs,
) -> Result<HashMap<u32, serde_json::Value>, DomainsError> {
    let text = program::run(&programs.xl, &["list", "-l"], programs.answer_limit)?;
    let configs = parse_configs(&text)?;
    Ok(configs
        .into_iter()
        .map(|(domid, (config, _))| (domid, config))
        .collect())
}

/// Reads what `xl list -v` prints.
fn parse_list(text: &str) -> Result<Vec<Domain>, DomainsError> {
    let mut lines = text.lines();
    let junk = |why: &str, line: &str| DomainsError::Junk {
        option: "-v",
        why: why.to_owned(),
        line: line.chars().take(80).collect(),
    };
    match lines.next() {
        Some(header) if header.starts_with("Name ") => {}
        header => return Err(junk("no header", header.unwrap_or_default())),
    }
    lines
        .map(|line| parse_line(line).ok_or_else(|| junk("not a domain's line", line)))
        .collect()
}

/// `NAME ID MEM VCPUS STATE TIME UUID REASON LABEL`; a name may have spaces, so it is read from the UUID
/// to the left.
fn parse_line(line: &str) -> Option<Domain> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let at = words
        .iter()
        .rposition(|word| word.len() == 36 && Uuid::parse_str(word).is_ok())?;
    let [name @ .., domid, memory, vcpus, state, _time] = &words[..at] else {
        return None;
    };
    Some(Domain {
        domid: domid.parse().ok()?,
        name: name.join(" "),
        uuid: words[at].parse().ok()?,
        memory_mib: memory.parse().ok()?,
        vcpus: vcpus.parse().ok()?,
        state: State::parse(state)?,
        config: None,
        json: None,
    })
}

/// Reads what `xl list -l` prints: libxl's configurations, by domid.
fn parse_configs<T: DeserializeOwned>(
    text: &str,
) -> Result<HashMap<u32, (T, Box<str>)>, DomainsError> {
    #[derive(Deserialize)]
    struct Entry<'a> {
        domid: u32,
        #[serde(borrow)]
        config: &'a RawValue,
    }
    let entries: Vec<Entry> = serde_json::from_str(text).map_err(|error| DomainsError::Junk {
        option: "-l",
        why: error.to_string(),
        // libxl tells passwords too.
        line: text
            .lines()
            .nth(error.line().saturating_sub(1))
            .filter(|line| !line.contains("passwd"))
            .unwrap_or_default()
            .chars()
            .take(80)
            .collect(),
    })?;
    // A domain whose configuration has a shape that Domus does not know is one that is not known further.
    let known = entries.into_iter().filter_map(|entry| {
        let json = entry.config.get();
        Some((entry.domid, (serde_json::from_str(json).ok()?, json.into())))
    });
    Ok(known.collect())
}

#[cfg(test)]
mod tests;
