//! The grammar of `usbctrl = [ … ]`.

use crate::SpecError;
use crate::keyed::{Keys, Spec};
use crate::number::decimal;
use crate::words::words;

/// A USB controller of a guest. Its place in the list is its number, from 0.
///
/// By xl.cfg(5), `parse_usbctrl_config` in `xl_parse.c` and the checks of `libxl__device_usbctrl_setdefault` in
/// `libxl_usb.c`. What is unset is left to libxl.
///
/// # Stricter than xl
///
/// - A key given twice: xl takes the last. A number with anything after it: xl's `atoi` does not look.
/// - A version or a number of ports that libxl refuses when the guest starts, where the type is said.
/// - `version=0` and `ports=0`, by which xl means nothing was said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UsbCtrl {
    /// What makes the controller; libxl chooses by the guest's type when unset.
    pub kind: Option<UsbCtrlKind>,
    /// USB 1.1, 2.0 or 3.0, as 1, 2 or 3; 2 when unset. 3 only for the device model.
    pub version: Option<u8>,
    /// The number of ports, at most 31; 8 when unset. The device model has 2 for version 1, 6 for version 2 and at most
    /// 15 for version 3.
    pub ports: Option<u8>,
}

words! {
    /// What makes a USB controller.
    pub enum UsbCtrlKind: any_case "type" {
        /// What fits: the device model for HVM, else the kernel's backend where it is loaded, else QEMU's.
        Auto = "auto",
        /// The kernel's backend.
        Pv = "pv",
        /// The emulated controller of the device model.
        DeviceModel = "devicemodel",
        /// QEMU's backend.
        Qusb = "qusb",
    }
}

static KEYS: Keys = Keys::new("a USB controller", &["type", "version", "ports"]);

const VERSIONS: std::ops::RangeInclusive<u8> = 1..=3;
const PORTS: std::ops::RangeInclusive<u8> = 1..=31;

impl UsbCtrl {
    /// The string for xl.
    ///
    /// # Errors
    ///
    /// When there is no such version, or that kind of controller does not have so many ports.
    pub fn to_spec(&self) -> Result<String, SpecError> {
        self.check()?;
        let mut spec = Spec::default();
        spec.put_some("type", self.kind);
        spec.put_some("version", self.version);
        spec.put_some("ports", self.ports);
        Ok(spec.finish())
    }

    /// Reads the string of a USB controller.
    ///
    /// # Errors
    ///
    /// When xl or libxl would refuse it.
    pub fn parse(spec: &str) -> Result<Self, SpecError> {
        let mut controller = Self::default();
        for word in KEYS.read(spec) {
            match word? {
                ("type", value) => controller.kind = Some(value.parse()?),
                ("version", value) => {
                    controller.version = Some(decimal("version", value, VERSIONS)?);
                }
                (_, value) => controller.ports = Some(decimal("ports", value, PORTS)?),
            }
        }
        controller.check()?;
        Ok(controller)
    }

    fn check(self) -> Result<(), SpecError> {
        let error =
            |key, number: u8, reason: &str| Err(SpecError::value(key, &number.to_string(), reason));
        if let Some(version) = self.version {
            if !VERSIONS.contains(&version) {
                return error("version", version, "it must be 1, 2 or 3");
            }
            let paravirtual = matches!(self.kind, Some(UsbCtrlKind::Pv | UsbCtrlKind::Qusb));
            if version == 3 && paravirtual {
                return error("version", 3, "only the type devicemodel has USB 3.0");
            }
        }
        let Some(ports) = self.ports else {
            return Ok(());
        };
        if !PORTS.contains(&ports) {
            return error("ports", ports, "a controller has 1 to 31 ports");
        }
        if self.kind == Some(UsbCtrlKind::DeviceModel) {
            match self.version.unwrap_or(2) {
                1 if ports != 2 => {
                    return error("ports", ports, "USB 1.1 of type devicemodel has 2");
                }
                2 if ports != 6 => {
                    return error("ports", ports, "USB 2.0 of type devicemodel has 6");
                }
                3 if ports > 15 => {
                    return error("ports", ports, "USB 3.0 of type devicemodel has at most 15");
                }
                _ => {}
            }
        }
        Ok(())
    }
}
