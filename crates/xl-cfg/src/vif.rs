//! The grammar of `vif = [ … ]`.

use std::collections::BTreeMap;

use crate::SpecError;
use crate::keyed::{Keys, Spec};
use crate::number::decimal;
use crate::spec::text;
use crate::words::words;

mod colo;
mod mac;
mod rate;
mod vlan;

pub use colo::ColoKey;
pub use mac::Mac;
pub use rate::Rate;
pub use vlan::{Tagging, VlanTerm, Vlans};

/// The longest name of a network interface that Linux takes, in bytes.
const LONGEST_NAME: usize = 15;

/// One network interface of a guest. Its place in the list is its number.
///
/// By xl-network-configuration(5) and `parse_nic_config` in `xl_parse.c`. What is unset is left to xl. `netdev` is
/// read as `gatewaydev`, its new name, and never written.
///
/// # Stricter than xl
///
/// - A key or word that xl does not know, or a `type` or `mac` that it cannot read: xl prints a message and goes on without it.
/// - A key given twice: xl takes the last.
/// - An empty value: xl takes it for a name that is empty.
/// - `accel`: xl prints that it does nothing.
/// - A `vifname` longer than Linux allows, a `devid` or `mtu` with anything after the number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vif {
    /// The hardware address. Unset, xl draws a new one at every start.
    pub mac: Option<Mac>,
    /// The bridge in Dom0; xl's default is `xenbr0`.
    pub bridge: Option<String>,
    /// The addresses that the script may use; several are separated by spaces.
    pub ip: Option<String>,
    /// The hotplug script; xl's default is `vif-bridge`.
    pub script: Option<String>,
    /// The name of the interface in Dom0, at most 15 bytes.
    pub vifname: Option<String>,
    /// The card that an HVM guest sees, such as `e1000`.
    pub model: Option<String>,
    /// Whether an HVM guest sees a card at all: `type`.
    pub kind: Option<VifKind>,
    /// The interface in Dom0 by which a routed guest is reached.
    pub gatewaydev: Option<String>,
    /// The domain that serves the interface, by name or number; Dom0 when unset.
    pub backend: Option<String>,
    /// How fast the guest may send; without limit when unset.
    pub rate: Option<Rate>,
    /// The interface's number, when it is not its place in the list.
    pub devid: Option<u32>,
    /// The largest packet, in bytes; the bridge's when unset.
    pub mtu: Option<u32>,
    /// The VLANs that the bridge lets through. Since Xen 4.19.
    pub vlan: Option<Vlans>,
    /// Whether the guest should guard itself against the backend: `untrusted`. Since Xen 4.17.
    pub untrusted: bool,
    /// What COLO's proxy needs.
    pub colo: BTreeMap<ColoKey, String>,
}

words! {
    /// What an HVM guest sees of a network interface.
    pub enum VifKind: exact "type" {
        /// An emulated card and a paravirtual interface, of which it takes one.
        Ioemu = "ioemu",
        /// The paravirtual interface alone.
        Vif = "vif",
    }
}

static KEYS: Keys = Keys {
    flags: &["trusted", "untrusted"],
    ..Keys::new("a network interface", &colo::KEYS)
};

impl Vif {
    /// The string for xl. The order of the keys is always the same.
    ///
    /// # Errors
    ///
    /// When a value holds a comma or a control character (xl has no way to write them here) or is empty, or the name
    /// is too long.
    pub fn to_spec(&self) -> Result<String, SpecError> {
        self.check()?;
        let mut spec = Spec::default();
        spec.put_some("mac", self.mac);
        spec.put_some("bridge", self.bridge.as_ref());
        spec.put_some("ip", self.ip.as_ref());
        spec.put_some("script", self.script.as_ref());
        spec.put_some("vifname", self.vifname.as_ref());
        spec.put_some("model", self.model.as_ref());
        spec.put_some("type", self.kind);
        spec.put_some("gatewaydev", self.gatewaydev.as_ref());
        spec.put_some("backend", self.backend.as_ref());
        spec.put_some("rate", self.rate);
        spec.put_some("devid", self.devid);
        spec.put_some("mtu", self.mtu);
        spec.put_some("vlan", self.vlan.as_ref());
        if self.untrusted {
            spec.word("untrusted");
        }
        for (key, value) in &self.colo {
            spec.put(key.as_str(), value);
        }
        Ok(spec.finish())
    }

    /// Reads a vif string.
    ///
    /// # Errors
    ///
    /// When it has a key that xl does not know, or one twice, or a value that xl cannot read.
    pub fn parse(spec: &str) -> Result<Self, SpecError> {
        let mut vif = Self::default();
        let mut trusted = false;
        for word in KEYS.read(spec) {
            match word? {
                ("trusted", _) => trusted = true,
                (key, value) => vif.set(key, value)?,
            }
        }
        if trusted && vif.untrusted {
            return Err(SpecError::unknown(
                "trusted",
                "the interface cannot be both trusted and untrusted",
            ));
        }
        vif.check()?;
        Ok(vif)
    }

    fn set(&mut self, key: &'static str, value: &str) -> Result<(), SpecError> {
        let own = || Some(value.to_owned());
        match key {
            "mac" => self.mac = Some(value.parse()?),
            "bridge" => self.bridge = own(),
            "ip" => self.ip = own(),
            "script" => self.script = own(),
            "vifname" => self.vifname = own(),
            "model" => self.model = own(),
            "type" => self.kind = Some(value.parse()?),
            "gatewaydev" | "netdev" => {
                if self.gatewaydev.replace(value.to_owned()).is_some() {
                    return Err(SpecError::Twice { key: "gatewaydev" });
                }
            }
            "backend" => self.backend = own(),
            "rate" => self.rate = Some(value.parse()?),
            "devid" => self.devid = Some(decimal("devid", value, NUMBERS)?),
            "mtu" => self.mtu = Some(decimal("mtu", value, NUMBERS)?),
            "vlan" => self.vlan = Some(value.parse()?),
            "accel" => {
                return Err(SpecError::unknown(
                    "accel",
                    "it does nothing in xl; take it away",
                ));
            }
            "untrusted" => self.untrusted = true,
            _ => {
                self.colo.insert(key.parse()?, value.to_owned());
            }
        }
        Ok(())
    }

    fn check(&self) -> Result<(), SpecError> {
        for (key, value) in [
            ("bridge", &self.bridge),
            ("ip", &self.ip),
            ("script", &self.script),
            ("vifname", &self.vifname),
            ("model", &self.model),
            ("gatewaydev", &self.gatewaydev),
            ("backend", &self.backend),
        ] {
            if let Some(value) = value {
                text(key, value)?;
            }
        }
        for (key, value) in &self.colo {
            text(key.as_str(), value)?;
        }
        for (key, number) in [("devid", self.devid), ("mtu", self.mtu)] {
            if let Some(number) = number.filter(|number| !NUMBERS.contains(number)) {
                let reason = format!("xl takes numbers up to {}", NUMBERS.end());
                return Err(SpecError::value(key, &number.to_string(), reason));
            }
        }
        if let Some(name) = self
            .vifname
            .as_ref()
            .filter(|name| name.len() > LONGEST_NAME)
        {
            let reason = format!(
                "a network interface's name has at most {LONGEST_NAME} bytes; this has {}",
                name.len()
            );
            return Err(SpecError::value("vifname", name, reason));
        }
        Ok(())
    }
}

/// What libxl's `integer` holds.
const NUMBERS: std::ops::RangeInclusive<u32> = 0..=0x7fff_ffff;
