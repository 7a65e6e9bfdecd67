//! The domains that Xen has, as xl tells them.
//!
//! `xl list -v` names every domain with its UUID and state; `xl list -l` gives libxl's configuration
//! of those whose configuration it can read. A domain that only the first knows is still known.

use std::collections::HashMap;
use std::thread;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::program::{self, ProgramError, Programs};

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

/// The part of libxl's configuration of a domain (`libxl_domain_config`) that Domus compares.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct DomainConfig {
    /// `c_info`
    #[serde(default)]
    pub c_info: CreateInfo,
    /// `b_info`
    #[serde(default)]
    pub b_info: BuildInfo,
    /// The disks.
    #[serde(default)]
    pub disks: Vec<DiskConfig>,
    /// The network interfaces.
    #[serde(default)]
    pub nics: Vec<NicConfig>,
}

/// `libxl_domain_create_info`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct CreateInfo {
    /// The name.
    pub name: Option<String>,
}

/// `libxl_domain_build_info`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct BuildInfo {
    /// The most memory, in KiB.
    pub max_memkb: Option<u64>,
    /// The memory that the guest is to have, in KiB.
    pub target_memkb: Option<u64>,
    /// The most vCPUs.
    pub max_vcpus: Option<u32>,
    /// The vCPUs that are to be online.
    pub avail_vcpus: Option<Vec<u32>>,
    /// How it is scheduled.
    #[serde(default)]
    pub sched_params: SchedParams,
}

/// `libxl_domain_sched_params`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct SchedParams {
    /// The scheduler that it is under: `credit2`.
    pub sched: Option<String>,
}

/// `libxl_device_disk`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct DiskConfig {
    /// The image or device.
    pub pdev_path: Option<String>,
    /// The name in the guest.
    pub vdev: Option<String>,
    /// 1 where the guest may write to it. libxl leaves out what is 0 (`get_default_expr` in `gentypes.py`).
    pub readwrite: Option<u8>,
    /// How it is laid out; `empty` for a CD drive without a disc.
    pub format: Option<String>,
    /// The script that makes a device of `pdev_path`.
    pub script: Option<String>,
    /// The domain that serves it, where it was named; that is not the Dom0.
    pub backend_domname: Option<String>,
    /// The number of the domain that serves it.
    pub backend_domid: Option<u32>,
}

impl DiskConfig {
    /// Whether the guest may write to it.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.readwrite.is_some_and(|flag| flag != 0)
    }

    /// The image or device, or what it is known by; empty for a CD drive without a disc, for which libxl may show
    /// a file of its own.
    #[must_use]
    pub fn target(&self) -> &str {
        let path = self.pdev_path.as_deref().unwrap_or_default();
        if self.format.as_deref() == Some("empty") {
            ""
        } else {
            path
        }
    }
}

/// `libxl_device_nic`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct NicConfig {
    /// The MAC address.
    pub mac: Option<String>,
    /// The bridge.
    pub bridge: Option<String>,
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
mod tests {
    use super::*;

    const SHORT: &str = "\
Name                                        ID   Mem VCPUs\tState\tTime(s)   UUID                            Reason-Code\tSecurity Label
Domain-0                                     0  1500     2     r-----      12.3 00000000-0000-0000-0000-000000000000        -                -
mrkitty                                      3   256     1     -b----       1.0 6d7e3a0c-3b0f-4a55-9d0e-2b8f6f3c0001        -                -
my guest                                     4   128     1     --p---       0.0 6d7e3a0c-3b0f-4a55-9d0e-2b8f6f3c0002        -                -
";

    #[test]
    fn reads_the_list() {
        let domains = parse_list(SHORT).unwrap();
        let seen: Vec<_> = domains
            .iter()
            .map(|d| (d.domid, d.name.as_str(), d.memory_mib, d.state))
            .collect();
        assert_eq!(
            seen,
            [
                (0, "Domain-0", 1500, State::Running),
                (3, "mrkitty", 256, State::Running),
                (4, "my guest", 128, State::Paused)
            ]
        );
    }

    #[test]
    fn every_state_that_xl_shows_is_read() {
        let read = [
            "r-----", "-b----", "--p---", "---s--", "---sr-", "---ss-", "---sc-", "---sw-",
            "---sS-", "---s?-", "-----d", "---scd",
        ];
        let states: Vec<_> = read
            .iter()
            .filter_map(|text| Some(State::parse(text)?.as_str()))
            .collect();
        assert_eq!(
            states,
            [
                "running",
                "running",
                "paused",
                "shut down",
                "shut down",
                "suspended",
                "crashed",
                "crashed",
                "shut down",
                "shut down",
                "dying",
                "dying"
            ]
        );
        for junk in ["", "------d", "s-----", "---sx-", "-----é"] {
            assert_eq!(State::parse(junk), None, "{junk}");
        }
    }

    #[test]
    fn junk_is_an_error() {
        for text in [
            "",
            "hello\n",
            &SHORT.replace("-b----", "sure"),
            &SHORT.replace("256", "lots"),
        ] {
            assert!(parse_list(text).is_err(), "{text}");
        }
        for text in [
            "",
            "{}",
            "[{\"domid\": 3}]",
            "[{\"domid\": 3, \"config\": {\"b_info\": {}}}",
        ] {
            assert!(parse_configs::<DomainConfig>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn reads_configurations() {
        let configs = parse_configs::<DomainConfig>(r#"[{"domid":3,"config":{"c_info":{"name":"x","type":"pv"},"b_info":{"max_memkb":524288,"target_memkb":262145,"sched_params":{}},"disks":[{"pdev_path":"/a","vdev":"xvda"}],"on_reboot":"restart"}}]"#).unwrap();
        assert_eq!(configs[&3].0.b_info.max_memkb, Some(524_288));
        assert_eq!(configs[&3].0.disks[0].vdev.as_deref(), Some("xvda"));
    }

    #[test]
    fn one_odd_domain_hides_no_other() {
        let uuid = "6d7e3a0c-3b0f-4a55-9d0e-2b8f6f3c0001";
        let named_by_uuid = format!(
            "{SHORT}{uuid}     5    64     1     -b----       1.0 {uuid}        -                -\n"
        );
        assert_eq!(parse_list(&named_by_uuid).unwrap()[3].name, uuid);
        let text = r#"[{"domid":3,"config":{"b_info":{"max_memkb":"lots"}}},{"domid":4,"config":{"b_info":{"max_memkb":1024}}}]"#;
        let configs = parse_configs::<DomainConfig>(text).unwrap();
        assert_eq!(configs.keys().collect::<Vec<_>>(), [&4]);
    }

    /// What Xen 4.17's xl printed of the demo's three guests, after their memory and their Dom0 were changed.
    #[test]
    fn reads_what_the_real_xl_prints() {
        let domains = parse_list(include_str!("fixtures/xl-4.17-list-v.txt")).unwrap();
        let configs =
            parse_configs::<DomainConfig>(include_str!("fixtures/xl-4.17-list-l.json")).unwrap();
        let shown: Vec<String> = domains
            .iter()
            .map(|domain| {
                let (config, _) = &configs[&domain.domid];
                let build = &config.b_info;
                let disks: Vec<_> = config.disks.iter().filter_map(|disk| disk.vdev.as_deref()).collect();
                let nics: Vec<_> = config.nics.iter().filter_map(|nic| nic.bridge.as_deref()).collect();
                format!(
                    "{} {} {:?} {} MiB, target {:?}, max {:?} KiB, {:?} of {:?} vCPUs, {disks:?}, {nics:?}",
                    domain.domid, domain.name, domain.state, domain.memory_mib, build.target_memkb, build.max_memkb,
                    build.avail_vcpus.as_ref().map(Vec::len), build.max_vcpus,
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                "0 Domain-0 Running 1500 MiB, target Some(1535999), max Some(1536000) KiB, None of None vCPUs, [], []",
                "1 mrkitty Running 384 MiB, target Some(393216), max Some(524288) KiB, Some(1) of Some(1) vCPUs, [\"xvda\"], [\"xenbr0\"]",
                "2 pvh-guest Running 160 MiB, target Some(163840), max Some(163840) KiB, Some(1) of Some(1) vCPUs, [], [\"xenbr0\"]",
                "3 pygrub-guest Running 256 MiB, target Some(262144), max Some(262144) KiB, Some(1) of Some(1) vCPUs, [\"xvda\", \"xvdb\"], [\"xenbr0\"]",
            ]
        );
    }
}
