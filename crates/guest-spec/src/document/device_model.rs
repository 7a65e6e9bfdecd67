//! The QEMU that emulates a guest's machine or serves its devices.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Mib;
use crate::words::words;

/// The QEMU of a guest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct DeviceModel {
    /// Which one.
    pub version: Option<DeviceModelVersion>,
    /// The program, in place of Xen's.
    #[serde(rename = "override")]
    pub program: Option<String>,
    /// Further arguments, for guests of every type.
    pub args: Vec<String>,
    /// Further arguments for PV guests.
    pub args_pv: Vec<String>,
    /// Further arguments for HVM guests.
    pub args_hvm: Vec<String>,
    /// Whether it gives up what it does not need.
    pub restrict: Option<bool>,
    /// The user that it runs as then.
    pub user: Option<String>,
    /// The domain that it runs in, in place of the Dom0.
    pub stubdomain: Stubdomain,
}

words! {
    /// A device model; xl.cfg's `device_model_version`.
    DeviceModelVersion {
        /// QEMU as it is today.
        QemuXen = "qemu-xen",
        /// Xen's fork of old.
        QemuXenTraditional = "qemu-xen-traditional",
    }
}

/// A domain for a guest's QEMU.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Stubdomain {
    /// Whether there is one.
    pub enable: Option<bool>,
    /// Its kernel.
    pub kernel: Option<String>,
    /// Its initial RAM disk.
    pub ramdisk: Option<String>,
    /// Its kernel's command line.
    pub cmdline: Option<String>,
    /// Its memory, in MiB.
    pub memory_mib: Option<Mib>,
}
