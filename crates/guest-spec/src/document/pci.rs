//! PCI devices of the host that a guest gets.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Mib;
use crate::words::words;

/// PCI devices, and what holds for all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Pci {
    /// The devices, in the order in which the guest finds those without a slot.
    pub devices: Vec<PciDevice>,
    /// Whether the guest may write all of a device's configuration space.
    pub permissive: Option<bool>,
    /// Whether devices use MSI where the guest asks for `INTx`.
    pub msitranslate: Option<bool>,
    /// Whether xl takes devices from the Dom0's drivers.
    pub seize: Option<bool>,
    /// Whether the guest may change devices' power states.
    pub power_management: Option<bool>,
    /// How the IOMMU maps the guest's memory.
    pub passthrough: Option<Passthrough>,
    /// Whether a device is the primary graphics card.
    pub gfx_passthru: Option<GfxPassthru>,
    /// Whether a PV guest sees the host's memory map.
    pub e820_host: Option<bool>,
    /// Memory that devices reserve.
    pub rdm: Rdm,
}

/// A PCI device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PciDevice {
    /// What the declaration calls it: `pci.devices.<name>`.
    pub name: String,
    /// Domain, bus, device and function: `0000:03:00.0`; `*` for all functions.
    #[serde(default)]
    pub bdf: Option<String>,
    /// In place of it, the name that `xl pci-assignable-add -n` gave.
    #[serde(default)]
    pub assignable_name: Option<String>,
    /// The slot in the guest, 0 to 31.
    #[serde(default)]
    pub vslot: Option<u8>,
    /// As for all devices.
    #[serde(default)]
    pub permissive: Option<bool>,
    /// As for all devices.
    #[serde(default)]
    pub msitranslate: Option<bool>,
    /// As for all devices.
    #[serde(default)]
    pub seize: Option<bool>,
    /// As for all devices.
    #[serde(default)]
    pub power_management: Option<bool>,
    /// What happens where memory that it reserves collides.
    #[serde(default)]
    pub rdm_policy: Option<RdmPolicy>,
}

/// Memory that devices reserve in the host; xl.cfg's `rdm`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Rdm {
    /// Whether that of all devices of the host is reserved in the guest.
    pub strategy: Option<RdmStrategy>,
    /// What happens where it collides.
    pub policy: Option<RdmPolicy>,
    /// Below this address, in MiB, the policy decides.
    pub mem_boundary_mib: Option<Mib>,
}

words! {
    /// Which reserved memory is reserved in the guest.
    RdmStrategy {
        /// That of all devices of the host.
        Host = "host",
    }
}

words! {
    /// What happens where reserved memory collides.
    RdmPolicy {
        /// The guest is not created.
        Strict = "strict",
        /// It is, and may crash.
        Relaxed = "relaxed",
    }
}

words! {
    /// How the IOMMU maps the guest's memory; xl.cfg's `passthrough`.
    Passthrough {
        /// Not at all.
        Disabled = "disabled",
        /// As is best on this host.
        Enabled = "enabled",
        /// By tables of its own.
        SyncPt = "sync_pt",
        /// By the guest's tables.
        SharePt = "share_pt",
    }
}

/// Whether a device is the primary graphics card; xl.cfg's `gfx_passthru`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "true, false, \"default\" or \"igd\" is wanted")]
pub enum GfxPassthru {
    /// Whether, of whatever kind it is.
    Enable(bool),
    /// It is, of this kind.
    Kind(GfxKind),
}

impl GfxPassthru {
    /// Whether a device is the graphics card.
    #[must_use]
    pub const fn is_on(self) -> bool {
        !matches!(self, Self::Enable(false))
    }
}

words! {
    /// The kind of a graphics card.
    GfxKind {
        /// xl finds out.
        Default = "default",
        /// Intel's.
        Igd = "igd",
    }
}
