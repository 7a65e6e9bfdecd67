//! The grammar of `usbdev = [ … ]`.

use crate::SpecError;
use crate::keyed::{Keys, Spec};
use crate::number::{any_base, decimal};
use crate::words::words;

/// A USB device of the host that is handed to a guest when it starts.
///
/// By xl.cfg(5), `parse_usbdev_config` in `xl_parse.c` and the checks of `libxl_usb.c`. xl reads `hostbus` and `hostaddr`
/// with `strtoul` and base 0, so that `010` is 8; they are written without zeroes in front. `lsusb` prints them with
/// such zeroes: take these away.
///
/// # Stricter than xl
///
/// - A key given twice: xl takes the last. A number with anything after it: xl does not look.
/// - A device without `hostbus` and `hostaddr`, or a `port` without a `controller`: libxl refuses them when the guest
///   starts. A `hostbus` or `hostaddr` above 255, of which libxl keeps eight bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsbDev {
    /// What kind of device it is.
    pub kind: UsbDevKind,
    /// The number of the bus on the host, from 1.
    pub host_bus: u8,
    /// The number of the device on that bus, from 1.
    pub host_address: u8,
    /// Where the guest gets it; a free port, or a new controller, when unset.
    pub controller: Option<u32>,
    /// The port of the controller, from 1; only with a controller.
    pub port: Option<u8>,
}

words! {
    /// What kind of USB device it is.
    pub enum UsbDevKind: any_case "type" {
        /// A device of the host, the only kind that there is.
        HostDev = "hostdev",
    }
}

static KEYS: Keys = Keys::new(
    "a USB device",
    &["type", "hostbus", "hostaddr", "controller", "port"],
);

const PORTS: std::ops::RangeInclusive<u8> = 1..=31;
const CONTROLLERS: std::ops::RangeInclusive<u32> = 0..=0x7fff_ffff;

impl UsbDev {
    /// The device at that place of the host.
    #[must_use]
    pub fn new(host_bus: u8, host_address: u8) -> Self {
        Self {
            kind: UsbDevKind::HostDev,
            host_bus,
            host_address,
            controller: None,
            port: None,
        }
    }

    /// The string for xl.
    ///
    /// # Errors
    ///
    /// When a number is out of its range, or a port is given without a controller.
    pub fn to_spec(&self) -> Result<String, SpecError> {
        self.check()?;
        let mut spec = Spec::default();
        spec.put("type", self.kind);
        spec.put("hostbus", self.host_bus);
        spec.put("hostaddr", self.host_address);
        spec.put_some("controller", self.controller);
        spec.put_some("port", self.port);
        Ok(spec.finish())
    }

    /// Reads the string of a USB device.
    ///
    /// # Errors
    ///
    /// When xl or libxl would refuse it.
    pub fn parse(spec: &str) -> Result<Self, SpecError> {
        let (mut bus, mut address) = (None, None);
        let mut device = Self::new(0, 0);
        for word in KEYS.read(spec) {
            match word? {
                ("type", value) => device.kind = value.parse()?,
                ("hostbus", value) => bus = Some(any_base("hostbus", value, 1..=u8::MAX)?),
                ("hostaddr", value) => address = Some(any_base("hostaddr", value, 1..=u8::MAX)?),
                ("controller", value) => {
                    device.controller = Some(decimal("controller", value, CONTROLLERS)?);
                }
                (_, value) => device.port = Some(decimal("port", value, PORTS)?),
            }
        }
        let reason = "a USB device of the host is given by hostbus and hostaddr";
        device.host_bus = bus.ok_or(SpecError::Missing {
            key: "hostbus",
            reason,
        })?;
        device.host_address = address.ok_or(SpecError::Missing {
            key: "hostaddr",
            reason,
        })?;
        device.check()?;
        Ok(device)
    }

    fn check(self) -> Result<(), SpecError> {
        for (key, number) in [("hostbus", self.host_bus), ("hostaddr", self.host_address)] {
            if number == 0 {
                return Err(SpecError::value(key, "0", "it counts from 1"));
            }
        }
        if let Some(controller) = self
            .controller
            .filter(|number| !CONTROLLERS.contains(number))
        {
            let reason = "there are not so many controllers";
            return Err(SpecError::value(
                "controller",
                &controller.to_string(),
                reason,
            ));
        }
        match self.port {
            Some(port) if !PORTS.contains(&port) => Err(SpecError::value(
                "port",
                &port.to_string(),
                "a controller has at most 31 ports, from 1",
            )),
            Some(_) if self.controller.is_none() => Err(SpecError::Missing {
                key: "controller",
                reason: "a port belongs to a controller",
            }),
            _ => Ok(()),
        }
    }
}
