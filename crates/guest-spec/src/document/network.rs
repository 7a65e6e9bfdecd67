//! A guest's network interfaces.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::disk::{is_dom0, yes};
use crate::Mac;
use crate::words::words;

/// A network interface of a guest; a vif.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Network {
    /// What the declaration calls it: `networks.<name>`.
    pub name: String,
    /// The bridge that it joins, in the domain that serves it.
    #[serde(default)]
    pub bridge: Option<String>,
    /// Its MAC address.
    pub mac: Mac,
    /// The address that the hotplug script is told.
    #[serde(default)]
    pub ip: Option<String>,
    /// The hotplug script, in place of xl's `vif-bridge`.
    #[serde(default)]
    pub script: Option<String>,
    /// The name of the interface in the domain that serves it.
    #[serde(default)]
    pub vifname: Option<String>,
    /// The card that an HVM guest sees, such as `e1000`.
    #[serde(default)]
    pub model: Option<String>,
    /// Whether an HVM guest sees a card at all.
    #[serde(default, rename = "type")]
    pub kind: Option<VifType>,
    /// The interface of the Dom0 by which a routed guest is reached.
    #[serde(default)]
    pub gatewaydev: Option<String>,
    /// The domain that serves it, by name or number; the Dom0 when null.
    #[serde(default)]
    pub backend: Option<String>,
    /// How fast the guest may send, as xl.cfg writes it: `10MB/s`, `250KB/s@20ms`.
    #[serde(default)]
    pub rate: Option<String>,
    /// Its number, when it is not its place in the list.
    #[serde(default)]
    pub devid: Option<u32>,
    /// The largest packet, in bytes; the bridge's when null.
    #[serde(default)]
    pub mtu: Option<u32>,
    /// The VLANs that the bridge lets through, as xl.cfg writes them: `10p/20/100+10x4`.
    #[serde(default)]
    pub vlan: Option<String>,
    /// Whether the guest need not guard itself against the domain that serves it.
    #[serde(default = "yes")]
    pub trusted: bool,
    /// What COLO's proxy needs, by xl's keys.
    #[serde(default)]
    pub colo: BTreeMap<String, String>,
}

impl Network {
    /// The domain that serves it, where that is not the Dom0.
    #[must_use]
    pub fn driver_domain(&self) -> Option<&str> {
        self.backend.as_deref().filter(|backend| !is_dom0(backend))
    }
}

words! {
    /// What an HVM guest sees of a network interface.
    VifType {
        /// An emulated card and a paravirtual interface, of which it takes one.
        Ioemu = "ioemu",
        /// The paravirtual interface alone.
        Vif = "vif",
    }
}
