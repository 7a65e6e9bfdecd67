//! A guest's USB.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::words::words;

/// USB controllers and devices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Usb {
    /// The controllers, in the order in which they are numbered.
    pub controllers: Vec<UsbController>,
    /// The host's devices on them.
    pub devices: Vec<UsbDevice>,
    /// Whether an HVM guest has the emulated bus of `emulatedDevices`.
    pub emulate: Option<bool>,
    /// The version, 1 to 3, of an HVM guest's emulated controller.
    pub version: Option<u8>,
    /// Devices on the emulated bus, in QEMU's words.
    pub emulated_devices: Vec<String>,
}

/// A USB controller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UsbController {
    /// What the declaration calls it: `usb.controllers.<name>`.
    pub name: String,
    /// Who serves it.
    #[serde(default, rename = "type")]
    pub kind: Option<UsbControllerType>,
    /// 1, 2 or 3; 2 when null.
    #[serde(default)]
    pub version: Option<u8>,
    /// How many ports it has, at most 31; what its type has when null.
    #[serde(default)]
    pub ports: Option<u8>,
}

words! {
    /// Who serves a USB controller; xl.cfg's `usbctrl` `type`.
    UsbControllerType {
        /// As is right for the guest's type.
        Auto = "auto",
        /// The Dom0's kernel.
        Pv = "pv",
        /// QEMU, as a paravirtual one.
        Qusb = "qusb",
        /// QEMU, as an emulated one.
        DeviceModel = "devicemodel",
    }
}

/// A USB device of the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UsbDevice {
    /// What the declaration calls it: `usb.devices.<name>`.
    pub name: String,
    /// The host's bus.
    pub hostbus: u8,
    /// Its number on that bus.
    pub hostaddr: u8,
    /// The name of the controller that it is plugged into.
    #[serde(default)]
    pub controller: Option<String>,
    /// The controller's port, from 1.
    #[serde(default)]
    pub port: Option<u8>,
}
