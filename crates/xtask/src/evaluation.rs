//! What evaluating a configuration.nix gives: the seam between `eval` and `switch`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A generation of a Dom0's system, as far as Domus has a part in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Evaluation {
    /// The store path of guests.json.
    pub guests_json_path: String,
    /// The text of guests.json.
    pub guests_json: String,
    /// The store path of the domus package; the program is `bin/domus` below it.
    pub domus_package: String,
    /// The store path of `virtualisation.xen.package`; xl is `bin/xl` below it.
    pub xen_package: String,
    /// The text of the activation snippet `domus`.
    pub activation: String,
    /// systemd units by name, such as `domus-guests.service`.
    pub units: BTreeMap<String, Unit>,
    /// Files below /etc that matter, by their path below it, such as `default/xendomains`.
    pub etc: BTreeMap<String, String>,
    /// What logrotate is told of the guests' consoles; empty where they are not kept.
    pub logrotate: String,
    /// The configuration's warnings.
    pub warnings: Vec<String>,
    /// Assertions that do not hold.
    pub failed_assertions: Vec<String>,
}

/// A systemd unit of a generation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unit {
    /// Its text.
    pub text: String,
    /// Whether the text is a drop-in for a unit that a package brings.
    pub drop_in: bool,
    /// Units that want it.
    pub wanted_by: Vec<String>,
    /// Units that require it.
    pub required_by: Vec<String>,
}
