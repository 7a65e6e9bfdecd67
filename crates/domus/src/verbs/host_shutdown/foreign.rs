//! Domains that are not Domus's, in a boot in which xendomains did not start: it shuts down what it does not save
//! (`xendomains.in`, `XENDOMAINS_SHUTDOWN_ALL`), and with Domus's manager nobody else would; they would end as by a power cut.

use std::collections::BTreeSet;

use guest_spec::Lifecycle;
use reconcile::domains::{Domain, State};
use reconcile::ending::{self, Ended, Target};

use super::Said;
use crate::known::Known;
use crate::output;

/// How long they may take, in seconds: Xen's own `XENDOMAINS_STOP_MAXWAIT`.
const LIMIT_SECONDS: u32 = 300;

/// Shuts them down, all at once. `own` are the numbers of Domus's.
pub fn shut_down(domains: &[Domain], own: &BTreeSet<u32>, known: &Known, said: &mut Said) {
    let is_foreign = |one: &&Domain| !one.serves(domains) && !own.contains(&one.domid);
    let foreign = || domains.iter().filter(is_foreign);
    for domain in foreign().filter(|domain| domain.state == State::Paused) {
        output::warning(&format!(
            "domain {} ({}) is not Domus's and is paused, so that it hears nothing, and is left",
            domain.name, domain.domid
        ));
    }
    let targets: Vec<Target> = foreign()
        .filter(|domain| domain.state == State::Running)
        .map(|domain| Target {
            name: domain.name.clone(),
            names: vec![domain.name.clone()],
            uuids: vec![domain.uuid],
            lifecycle: Lifecycle {
                shutdown_timeout_seconds: LIMIT_SECONDS,
                ..Lifecycle::default()
            },
            at_once: false,
        })
        .collect();
    if targets.is_empty() {
        return;
    }
    let results = ending::end(&targets, &known.layout, &known.programs, &mut |_| {});
    for (target, result) in targets.iter().zip(results) {
        match result {
            Ok(Ended::NotRunning | Ended::Stopped | Ended::Destroyed) => {
                said.done(&target.name, "shut down, though it is not Domus's: xendomains is not active");
            }
            Err(_) => said.failed(
                &target.name,
                &format!("it is not Domus's, and did not shut down within {LIMIT_SECONDS} s; it ends as by a power cut"),
            ),
        }
    }
}
