//! What a guest's machine starts with.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::words::words;

/// Firmware of an emulated machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Firmware {
    /// Which one.
    pub bios: Option<Bios>,
    /// Its file, in place of Xen's.
    pub bios_path: Option<String>,
    /// The first stage, in place of Xen's.
    pub hvmloader: Option<String>,
    /// From what it tries to boot.
    pub boot_order: Vec<BootDevice>,
    /// The emulated disk controller.
    pub hd_type: Option<HdType>,
    /// Whether there are ACPI tables.
    pub acpi: Option<bool>,
    /// A file with further ACPI tables.
    pub acpi_tables: Option<String>,
    /// A file with SMBIOS structures.
    pub smbios_tables: Option<String>,
    /// SMBIOS strings, by xl.cfg's names.
    pub smbios: BTreeMap<String, String>,
    /// SMBIOS's OEM strings.
    pub oem_strings: Vec<String>,
}

words! {
    /// A firmware; xl.cfg's `bios`.
    Bios {
        /// `SeaBIOS`.
        Seabios = "seabios",
        /// OVMF, for UEFI.
        Ovmf = "ovmf",
        /// ROMBIOS.
        Rombios = "rombios",
    }
}

words! {
    /// What a machine boots from.
    BootDevice {
        /// The first disk.
        Disk = "disk",
        /// The first CD-ROM.
        Cdrom = "cdrom",
        /// The network.
        Network = "network",
    }
}

impl BootDevice {
    /// The letter of xl.cfg's `boot`.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Disk => 'c',
            Self::Cdrom => 'd',
            Self::Network => 'n',
        }
    }
}

words! {
    /// An emulated disk controller; xl.cfg's `hdtype`.
    HdType {
        /// IDE.
        Ide = "ide",
        /// AHCI.
        Ahci = "ahci",
    }
}

/// A PV guest in a PVH container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PvShim {
    /// Whether it is one.
    pub enable: Option<bool>,
    /// The shim, in place of Xen's.
    pub path: Option<String>,
    /// Its command line.
    pub cmdline: Option<String>,
    /// What is added to its command line.
    pub extra: Option<String>,
}
