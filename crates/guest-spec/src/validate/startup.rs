//! When guests start with the Dom0: what tells that one is ready, and which waits for which.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use regex::Regex;

use super::Problem;
use super::report::Report;
use crate::Guest;
use crate::document::AutostartManager;

/// The longest path of xenstore (`XENSTORE_REL_PATH_MAX`, for one that begins at the guest's folder).
const LONGEST_PATH: usize = 2048;

/// What of the startup is set, by the names of the options.
fn set(guest: &Guest) -> Vec<&'static str> {
    let startup = &guest.startup;
    let ready = &startup.ready;
    [
        ("order", startup.order != 0),
        ("after", !startup.after.is_empty()),
        ("delay", startup.delay_seconds != 0),
        ("ready.console", ready.console.is_some()),
        ("ready.xenstore", ready.xenstore.is_some()),
        ("ready.port", ready.port.is_some()),
    ]
    .into_iter()
    .filter_map(|(option, is_set)| is_set.then_some(option))
    .collect()
}

/// The rules about one guest.
pub(super) fn check(report: &mut Report) {
    let guest = report.guest;
    let ready = &guest.startup.ready;
    if !guest.autostart {
        for option in set(guest) {
            report.add(
                format!("autostart.{option}"),
                "it has no effect without autostart.enable; set autostart.enable = true, or remove it",
            );
        }
    }
    if let Some(why) = ready.console.as_deref().and_then(pattern_problem) {
        report.add("autostart.ready.console", why);
    }
    if let Some(path) = &ready.xenstore
        && let Some(why) = xenstore_problem(path)
    {
        report.add("autostart.ready.xenstore", format!("{path:?} {why}"));
    }
    if ready.timeout_seconds == 0 {
        report.add(
            "autostart.ready.timeout",
            "0 seconds is no time at all; choose at least 1",
        );
    }
    if ready.port == Some(0) {
        report.add(
            "autostart.ready.port",
            "0 is no TCP port; choose one from 1 to 65535",
        );
    }
    if ready.port.is_some() && guest.networks.is_empty() {
        report.add(
            "autostart.ready.port",
            "the guest has no network that it could answer on; declare one in networks, or use ready.console or ready.xenstore",
        );
    }
}

/// What is wrong with a regular expression, in the words of the library that reads it.
fn pattern_problem(pattern: &str) -> Option<String> {
    if pattern.is_empty() {
        return Some(
            "an empty pattern matches every line; say what the line has, or remove it".into(),
        );
    }
    if pattern.contains(['\n', '\r']) {
        return Some(
            "it has more than one line, and is matched with single lines; remove the line break"
                .into(),
        );
    }
    let error = Regex::new(pattern).err()?.to_string();
    // It shows the pattern on lines of its own, and then says what is wrong.
    let why = error.lines().last().unwrap_or_default();
    let why = why
        .strip_prefix("error: ")
        .unwrap_or(why)
        .trim_end_matches('.');
    Some(format!(
        "{pattern:?} cannot be used as a regular expression: {why}; correct it (characters such as ( [ * + ? . stand for themselves after a backslash)"
    ))
}

/// What is wrong with a path of xenstore, as xenstored judges it (`xenstored_core.c`, `is_valid_nodename`).
fn xenstore_problem(path: &str) -> Option<&'static str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '/' | '_' | '@');
    if path.is_empty() || path == "/" {
        Some("is no path of xenstore that a guest could write; name one, such as data/ready")
    } else if !path.chars().all(allowed) {
        Some("has a character that xenstore refuses; use letters, digits, -, _, @ and slashes")
    } else if path.ends_with('/') || path.contains("//") {
        Some("has an empty name between or after its slashes; remove the slash")
    } else if path.len() > LONGEST_PATH {
        Some("is longer than xenstore takes, 2048 characters; shorten it")
    } else {
        None
    }
}

/// Warns of what xendomains does not know.
pub(super) fn manager(guests: &[&Guest], manager: AutostartManager, warnings: &mut Vec<Problem>) {
    if manager != AutostartManager::Xendomains {
        return;
    }
    for guest in guests.iter().filter(|guest| guest.autostart) {
        for option in set(guest) {
            warnings.push(problem(
                guest,
                &format!("autostart.{option}"),
                "it has no effect: virtualisation.xen.autostartManager is \"xendomains\", which starts guests by name, one after the other; set it to \"domus\", or remove it".into(),
            ));
        }
    }
}

fn problem(guest: &Guest, option: &str, message: String) -> Problem {
    Problem {
        guest: Some(guest.name.clone()),
        option: option.to_owned(),
        message,
    }
}

/// Judges what guests wait for.
pub(super) fn together(guests: &[&Guest], problems: &mut Vec<Problem>) {
    let by_name: HashMap<&str, &Guest> = guests
        .iter()
        .map(|guest| (guest.name.as_str(), *guest))
        .collect();
    let mut waits_for: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for guest in guests {
        let mut seen = HashSet::new();
        for other in &guest.startup.after {
            let why = if !seen.insert(other.as_str()) {
                format!("{other} is there twice; remove one")
            } else if *other == guest.name {
                format!("{other} is the guest itself; remove it")
            } else if let Some(first) = by_name.get(other.as_str()) {
                if !first.autostart {
                    format!(
                        "{other} does not start with the Dom0; set autostart.enable = true there, or remove it here"
                    )
                } else if first.startup.order > guest.startup.order {
                    format!(
                        "{other} has the order {}, and this guest {}, by which it is started first; raise it to at least {}, or remove {other}",
                        first.startup.order, guest.startup.order, first.startup.order
                    )
                } else {
                    if guest.autostart {
                        waits_for.entry(&guest.name).or_default().push(other);
                    }
                    continue;
                }
            } else {
                format!(
                    "there is no guest {other}, or it is not enabled; correct the name, or remove it"
                )
            };
            problems.push(problem(guest, "autostart.after", why));
        }
    }
    // What waits for a guest of a higher order was refused above, so that orders close no circle.
    for way in cycles(&waits_for) {
        let Some(guest) = by_name.get(way[0]) else {
            continue;
        };
        problems.push(problem(
            guest,
            "autostart.after",
            format!(
                "each of these guests waits for the next: {}; remove one of them",
                way.join(" -> ")
            ),
        ));
    }
}

/// The circles, each from the first of its names back to it, at least one of each group of guests that wait for each other.
fn cycles<'a>(waits_for: &BTreeMap<&'a str, Vec<&'a str>>) -> Vec<Vec<&'a str>> {
    let in_circles = in_circles(waits_for);
    let names = waits_for.keys().filter(|name| in_circles.contains(*name));
    let ways = names.filter_map(|name| {
        let way = way_back(name, waits_for, &in_circles)?;
        way.iter().all(|other| name <= other).then_some(way)
    });
    ways.collect()
}

/// The guests that are left when those that wait for nobody that is left are taken away, again and again: those of circles, and
/// those that wait for them. A document without a circle is judged in linear time that way.
fn in_circles<'a>(waits_for: &BTreeMap<&'a str, Vec<&'a str>>) -> HashSet<&'a str> {
    let mut left: HashSet<&str> = waits_for.keys().copied().collect();
    let mut waiting: HashMap<&str, Vec<&str>> = HashMap::new();
    for (name, others) in waits_for {
        for other in others {
            waiting.entry(other).or_default().push(name);
        }
    }
    let mut open: HashMap<&str, usize> = waits_for
        .iter()
        .map(|(name, others)| (*name, others.iter().filter(|o| left.contains(*o)).count()))
        .collect();
    let mut free: Vec<&str> = open
        .iter()
        .filter_map(|(name, count)| (*count == 0).then_some(*name))
        .collect();
    while let Some(name) = free.pop() {
        left.remove(name);
        for other in waiting.get(name).into_iter().flatten() {
            if let Some(count) = open.get_mut(other) {
                *count -= 1;
                if *count == 0 {
                    free.push(other);
                }
            }
        }
    }
    left
}

/// The shortest way from a guest to itself.
fn way_back<'a>(
    name: &'a str,
    waits_for: &BTreeMap<&'a str, Vec<&'a str>>,
    within: &HashSet<&'a str>,
) -> Option<Vec<&'a str>> {
    let mut from: HashMap<&str, &str> = HashMap::new();
    let mut queue = VecDeque::from([name]);
    while let Some(at) = queue.pop_front() {
        for next in waits_for.get(at).into_iter().flatten().copied() {
            if next == name {
                let mut way = vec![name, at];
                let mut back = at;
                while back != name {
                    back = from.get(back)?;
                    way.push(back);
                }
                way.reverse();
                return Some(way);
            }
            if within.contains(next) && !from.contains_key(next) {
                from.insert(next, at);
                queue.push_back(next);
            }
        }
    }
    None
}
