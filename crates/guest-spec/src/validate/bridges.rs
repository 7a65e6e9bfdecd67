//! The rules about the Dom0's bridges.

use std::collections::{HashMap, HashSet};

use super::Problem;
use super::text::{address_problem, interface_problem};
use crate::Bridge;

/// Judges all bridges of a document.
pub(super) fn problems(bridges: &[Bridge]) -> Vec<Problem> {
    let names: HashSet<&str> = bridges.iter().map(|bridge| bridge.name.as_str()).collect();
    let mut seen: HashSet<&str> = HashSet::new();
    let mut uplinks: HashMap<&str, &str> = HashMap::new();
    let mut problems = Vec::new();
    for bridge in bridges {
        let name = bridge.name.as_str();
        let mut add = |part: &str, message: String| {
            problems.push(Problem {
                guest: None,
                option: format!("bridges.{name}{part}"),
                message,
            });
        };
        if let Some(why) = interface_problem(name) {
            add("", why);
        }
        if !seen.insert(name) {
            add("", "it is declared twice; rename or remove one".to_owned());
        }
        if let Some(why) = bridge.address.as_deref().and_then(address_problem) {
            add(".address", why);
        }
        let Some(uplink) = bridge.uplink.as_deref() else {
            continue;
        };
        if let Some(why) = interface_problem(uplink) {
            add(".uplink", why);
        } else if uplink == name {
            add(
                ".uplink",
                "it is the bridge itself; name a network interface of the host, or remove it"
                    .to_owned(),
            );
        } else if names.contains(uplink) {
            add(
                ".uplink",
                format!(
                    "{uplink} is a bridge itself, and Linux puts no bridge into another; name a network interface of the host"
                ),
            );
        } else if let Some(other) = uplinks.insert(uplink, name) {
            add(
                ".uplink",
                format!(
                    "{uplink} is also the uplink of bridge {other}, and an interface is in one bridge only; give each its own, or remove one bridge"
                ),
            );
        }
    }
    problems
}
