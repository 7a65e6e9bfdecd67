//! On which processors the vCPUs of running guests may run now: `xl vcpu-list`. libxl's JSON shows those of the start,
//! whatever `xl vcpu-pin` did since.
//!
//! xl is asked for the guests that are declared, or were made, to run on some processors only: for all of them at once,
//! and not at all where there is none.

use std::collections::{BTreeSet, HashMap};

use guest_spec::{Document, Guest, OneOrMany};
use xl_cfg::Value;
use xl_cfg::cpus::{CpuSet, CpuTerm};

use crate::domains::{Domain, State};
use crate::observe::Domains;
use crate::program::{self, Programs};
use crate::record::{Record, Records};

/// The keys of xl.cfg, in the order in which xl shows what comes of them.
pub(crate) const KEYS: [&str; 2] = ["cpus", "cpus_soft"];

const ALL: &str = "all";

/// Where vCPUs may run, and would rather.
type Affinity = [String; 2];

/// Where the vCPUs of running guests may run, as far as it was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pins {
    /// By domain, for each vCPU, also those that are not online.
    domains: HashMap<u32, Vec<Affinity>>,
    /// How many processors xl counts on the host, where that was asked.
    processors: Option<u32>,
    /// Why nothing is known, where it was asked.
    pub failure: Option<String>,
}

/// Where a domain's vCPUs may run, beside what is declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pinned {
    /// Nobody can tell.
    Unknown,
    /// As declared.
    Same,
    /// Otherwise, as xl.cfg would say it.
    Other(Value),
}

/// Asks xl, if somebody has to know.
pub(crate) fn look(
    document: &Document,
    records: &Records,
    domains: &Domains,
    programs: &Programs,
) -> Pins {
    let guests = document.guests.iter();
    let asked: Vec<(u32, &Guest)> = guests
        .filter_map(|guest| {
            let record = records.of(guest);
            let domain = domains.of_guest(guest, record)?;
            let runs = matches!(domain.state, State::Running | State::Paused);
            (runs && is_pinned(guest, record, domain)).then_some((domain.domid, guest))
        })
        .collect();
    if asked.is_empty() {
        return Pins::default();
    }
    let mut pins = Pins::default();
    let domids: Vec<String> = asked.iter().map(|(domid, _)| domid.to_string()).collect();
    let args: Vec<&str> = std::iter::once("vcpu-list")
        .chain(domids.iter().map(String::as_str))
        .collect();
    match program::run(&programs.xl, &args, programs.answer_limit) {
        Ok(text) => pins.domains = parse(&text),
        Err(error) => pins.failure = Some(error.to_string()),
    }
    // Only the host says whether all its processors are those that are declared.
    let is_clear = |(domid, guest): &(u32, &Guest)| {
        let plain = [&guest.cpu.cpus, &guest.cpu.cpus_soft];
        let by_settings = KEYS.iter().any(|key| guest.settings.contains_key(*key));
        let mut declared = KEYS.into_iter().zip(plain);
        !by_settings
            && declared.all(|(key, declared)| {
                let Some(declared) = declared else {
                    return true;
                };
                let value = match declared {
                    OneOrMany::One(text) => text.as_str().into(),
                    OneOrMany::Many(texts) => texts.clone().into(),
                };
                pins.against(*domid, key, Some(&value)) == Pinned::Same
            })
    };
    if pins.failure.is_none() && !asked.iter().all(is_clear) {
        let text = program::run(&programs.xl, &["info"], programs.answer_limit).unwrap_or_default();
        let mut lines = text.lines().filter_map(|line| line.split_once(':'));
        let last = lines.find(|(key, _)| key.trim() == "max_cpu_id");
        pins.processors = last
            .and_then(|(_, number)| number.trim().parse::<u32>().ok())
            .map(|last| last.saturating_add(1));
    }
    pins
}

/// Whether somebody said where the guest's vCPUs run: now, or when it was started.
fn is_pinned(guest: &Guest, record: Option<&Record>, domain: &Domain) -> bool {
    let declared = guest.cpu.cpus.is_some()
        || guest.cpu.cpus_soft.is_some()
        || KEYS.iter().any(|key| guest.settings.contains_key(*key));
    let remembered = |record: &Record| {
        let running = record.running.as_ref();
        KEYS.iter().any(|key| record.live.contains_key(*key))
            || running.is_some_and(|running| running.pinned.is_some())
    };
    let started = record
        .and_then(|record| record.running.as_ref())
        .and_then(|running| running.config.as_deref());
    let at_start = || match (started, &domain.json) {
        (Some(text), _) => text.lines().any(|line| line.starts_with(KEYS[0])),
        (None, Some(json)) => ["vcpu_hard_affinity", "vcpu_soft_affinity"]
            .iter()
            .any(|name| json.contains(name)),
        (None, None) => false,
    };
    declared || record.is_some_and(remembered) || at_start()
}

/// Reads what `xl vcpu-list` prints: `NAME ID VCPU CPU STATE TIME HARD / SOFT` (`xl_vcpu.c`, `print_vcpuinfo`, the same from
/// 4.17 to 4.22). A name may have spaces, so it is read from the right.
fn parse(text: &str) -> HashMap<u32, Vec<Affinity>> {
    let mut domains: HashMap<u32, Vec<Affinity>> = HashMap::new();
    for line in text.lines().skip(1) {
        let Some((line, soft)) = line.rsplit_once(" / ") else {
            continue;
        };
        let mut words = line.split_whitespace().rev();
        let (Some(hard), Some(domid)) = (words.next(), words.nth(4)) else {
            continue;
        };
        if let Ok(domid) = domid.parse() {
            let affinity = [hard.to_owned(), soft.trim().to_owned()];
            domains.entry(domid).or_default().push(affinity);
        }
    }
    domains
}

impl Pins {
    /// What is known of a domain, for a digest.
    pub(crate) fn of(&self, domid: u32) -> Option<&[Affinity]> {
        self.domains.get(&domid).map(Vec::as_slice)
    }

    /// Holds what a domain has against what is declared for a key.
    pub(crate) fn against(&self, domid: u32, key: &str, declared: Option<&Value>) -> Pinned {
        let at = KEYS.iter().position(|known| *known == key);
        let (Some(at), Some(vcpus)) = (at, self.of(domid)) else {
            return Pinned::Unknown;
        };
        let has: Vec<&str> = vcpus.iter().map(|affinity| affinity[at].as_str()).collect();
        let mut same = true;
        for (vcpu, has) in has.iter().enumerate() {
            let wanted = match declared {
                None => None,
                // What the list leaves over may run anywhere.
                Some(Value::List(sets)) => sets.get(vcpu).and_then(Value::as_text),
                Some(one) => one.as_text(),
            };
            match self.is_same(wanted.as_deref().unwrap_or(ALL), has) {
                Some(equal) => same &= equal,
                None => return Pinned::Unknown,
            }
        }
        if same {
            return Pinned::Same;
        }
        let first = has.first().copied().unwrap_or(ALL);
        Pinned::Other(if has.iter().all(|set| *set == first) {
            first.into()
        } else {
            has.into()
        })
    }

    /// Whether a declared set is the one that xl shows; nothing where nobody can tell.
    fn is_same(&self, wanted: &str, has: &str) -> Option<bool> {
        let wanted = CpuSet::parse(wanted).ok()?;
        if *wanted.terms() == [CpuTerm::All] {
            return Some(has == ALL);
        }
        let shown = if has == ALL {
            None
        } else {
            Some(members(&CpuSet::parse(has).ok()?, None)?)
        };
        if let (Some(shown), Some(wanted)) = (&shown, members(&wanted, None))
            && wanted == *shown
        {
            return Some(true);
        }
        // Processors that the host does not have are no difference (`libxl_bitmap_set`).
        let host = self.processors?;
        let wanted = members(&wanted, Some(host))?;
        Some(wanted == shown.unwrap_or_else(|| (0..host).collect()))
    }
}

/// The processors of a set, of which a host has so many; nothing where only the host knows them.
fn members(set: &CpuSet, host: Option<u32>) -> Option<BTreeSet<u32>> {
    /// More than Xen can have (`CONFIG_NR_CPUS`).
    const MOST: u32 = 16384;
    let mut members = BTreeSet::new();
    for term in set.terms() {
        match *term {
            CpuTerm::All => members.extend(0..host?),
            CpuTerm::Cpus {
                except,
                first,
                last,
            } => {
                let processors = first..=last.min(host.unwrap_or(MOST));
                if except {
                    members.retain(|processor| !processors.contains(processor));
                } else {
                    members.extend(processors);
                }
            }
            CpuTerm::Nodes { .. } => return None,
        }
    }
    members.retain(|processor| host.is_none_or(|host| *processor < host));
    Some(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Xen 4.17's `printf` writes it: columns run into each other only where numbers are as wide as these.
    const LIST: &str = "\
Name                                ID  VCPU   CPU State   Time(s) Affinity (Hard / Soft)
web                                  3     0    1   -b-       2.4  2-3 / all
web                                  3     1    -   --p       0.0  0,2-3 / 2
my guest                            14     0    7   r--    1234.5  all / all
";

    fn pins(processors: Option<u32>) -> Pins {
        Pins {
            domains: parse(LIST),
            processors,
            failure: None,
        }
    }

    #[test]
    fn what_xl_prints_is_read() {
        let pins = pins(None);
        let of = |domid| format!("{:?}", pins.of(domid).unwrap());
        assert_eq!(of(3), r#"[["2-3", "all"], ["0,2-3", "2"]]"#);
        assert_eq!(of(14), r#"[["all", "all"]]"#);
        assert_eq!(parse(""), HashMap::new());
        assert_eq!(parse("Segmentation fault\n/ / /\n"), HashMap::new());
    }

    #[test]
    fn what_only_the_host_knows_is_asked_of_it() {
        let (unasked, four, eight) = (pins(None), pins(Some(4)), pins(Some(8)));
        for (pins, wanted, has, expected) in [
            (&unasked, "all", "all", Some(true)),
            (&unasked, "all", "2-3", Some(false)),
            (&unasked, "3,2", "2-3", Some(true)),
            (&unasked, "0-3,^1", "0,2-3", Some(true)),
            (&unasked, "2", "2-3", None),
            (&eight, "2", "2-3", Some(false)),
            (&unasked, "0-3", "all", None),
            (&four, "0-3", "all", Some(true)),
            (&eight, "0-3", "all", Some(false)),
            (&four, "all,^0", "1-3", Some(true)),
            (&eight, "all,^0", "1-3", Some(false)),
            (&four, "2-15", "2-3", Some(true)),
            (&eight, "all", "2-3", Some(false)),
            (&eight, "nodes:0", "2-3", None),
            (&eight, "0", "none", None),
        ] {
            assert_eq!(pins.is_same(wanted, has), expected, "{wanted} {has}");
        }
    }

    #[test]
    fn each_vcpu_counts() {
        let pins = pins(Some(8));
        let list = Value::from(vec!["2-3", "0,2,3"]);
        assert_eq!(pins.against(3, "cpus", Some(&list)), Pinned::Same);
        let other = Pinned::Other(vec!["2-3", "0,2-3"].into());
        assert_eq!(pins.against(3, "cpus", Some(&"2-3".into())), other);
        let short = Value::from(vec!["2-3"]);
        assert_eq!(pins.against(3, "cpus", Some(&short)), other);
        assert_eq!(pins.against(14, "cpus", None), Pinned::Same);
        assert_eq!(pins.against(15, "cpus", None), Pinned::Unknown);
    }
}
