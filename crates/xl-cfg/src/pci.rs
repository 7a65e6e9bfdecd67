//! The grammar of `pci = [ … ]`.

use std::fmt;
use std::str::FromStr;

use crate::SpecError;
use crate::keyed::{Keys, Spec};
use crate::number::{hexadecimal, switch};
use crate::spec::text;
use crate::words::words;

/// A PCI device of the host that is handed to a guest.
///
/// By xl-pci-configuration(5) and `xlu_pci_parse_spec_string` in `libxlu_pci.c`. The positional forms (`03:00.0`,
/// `03:00.0@8,seize=1`) are read, and always written as `bdf=0000:03:00.0,vslot=8,seize=1`.
///
/// # Stricter than xl
///
/// - A key given twice, or an address both in front and after `bdf=`: xl takes the last.
/// - A switch that is no number: xl's `atoi` makes 0 of `yes` and `true`.
/// - An address or a slot with anything after it, a number with a sign, or white space within.
/// - `rdm_policy=invalid`, a word that libxl keeps for itself.
/// - An empty `name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pci {
    /// Which device it is.
    pub device: PciDevice,
    /// The slot in which the guest sees it, 0 to 31; a free one when unset.
    pub virtual_slot: Option<u8>,
    /// Whether the guest may write anywhere in the configuration space; `pci_permissive` when unset.
    pub permissive: Option<bool>,
    /// Whether MSI is turned into `INTx` for the guest; `pci_msitranslate` when unset.
    pub msitranslate: Option<bool>,
    /// Whether xl takes the device from Dom0's driver; `pci_seize` when unset.
    pub seize: Option<bool>,
    /// Whether an HVM guest may set its power state; `pci_power_mgmt` when unset.
    pub power_mgmt: Option<bool>,
    /// What happens when its reserved memory is in the way; the policy of `rdm` when unset. HVM on x86 only.
    pub rdm_policy: Option<RdmPolicy>,
}

/// How a PCI device is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PciDevice {
    /// By its place on the bus.
    At(Bdf),
    /// By the name that `xl pci-assignable-add` gave it. Since Xen 4.15.
    Named(String),
}

/// The place of a PCI device: `0000:03:00.0`, or `0000:03:00.*` for all its functions.
///
/// By `parse_bdf` in `libxlu_pci.c`. It is always shown with its domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Bdf {
    /// The PCI domain, also called segment.
    pub domain: u16,
    /// The bus.
    pub bus: u8,
    /// The slot on the bus, 0 to 31.
    pub slot: u8,
    /// The function, 0 to 7; none for all of them.
    pub function: Option<u8>,
}

words! {
    /// What happens when reserved device memory is in the way of the guest's own.
    pub enum RdmPolicy: any_case "policy" {
        /// The guest is not made, or the device not attached.
        Strict = "strict",
        /// The guest is made all the same, and may crash.
        Relaxed = "relaxed",
    }
}

static KEYS: Keys = Keys::new(
    "a PCI device",
    &[
        "bdf",
        "name",
        "vslot",
        "permissive",
        "msitranslate",
        "seize",
        "power_mgmt",
        "rdm_policy",
    ],
);

const LAST_SLOT: u8 = 31;
const LAST_FUNCTION: u8 = 7;

impl Pci {
    /// The device at that place, with xl's defaults.
    #[must_use]
    pub fn new(bdf: Bdf) -> Self {
        Self::of(PciDevice::At(bdf))
    }

    fn of(device: PciDevice) -> Self {
        Self {
            device,
            virtual_slot: None,
            permissive: None,
            msitranslate: None,
            seize: None,
            power_mgmt: None,
            rdm_policy: None,
        }
    }

    /// The string for xl.
    ///
    /// # Errors
    ///
    /// When a slot or function is too large, or the name is empty or holds a comma or a control character.
    pub fn to_spec(&self) -> Result<String, SpecError> {
        self.check()?;
        let mut spec = Spec::default();
        match &self.device {
            PciDevice::At(bdf) => spec.put("bdf", bdf),
            PciDevice::Named(name) => spec.put("name", name),
        }
        spec.put_some("vslot", self.virtual_slot.map(|slot| format!("{slot:x}")));
        spec.switch("permissive", self.permissive);
        spec.switch("msitranslate", self.msitranslate);
        spec.switch("seize", self.seize);
        spec.switch("power_mgmt", self.power_mgmt);
        spec.put_some("rdm_policy", self.rdm_policy);
        Ok(spec.finish())
    }

    /// Reads the string of a PCI device.
    ///
    /// # Errors
    ///
    /// When xl would refuse it, or read something else than what is written.
    pub fn parse(spec: &str) -> Result<Self, SpecError> {
        let (first, rest) = spec.split_once(',').unwrap_or((spec, ""));
        let mut bdf = None;
        let mut virtual_slot = None;
        let keys = if first.contains('=') {
            spec
        } else {
            let (place, slot) = match first.split_once('@') {
                Some((place, slot)) => (place, Some(slot)),
                None => (first, None),
            };
            if place.is_empty() {
                return Err(MISSING);
            }
            bdf = Some(place.parse()?);
            virtual_slot = slot.map(virtual_slot_of).transpose()?;
            rest
        };
        // Unlike elsewhere, xl takes every comma and space here for part of a key.
        if keys.starts_with([',', ' ']) || keys.contains(",,") || keys.contains(", ") {
            return Err(SpecError::unknown(
                spec,
                "xl takes no space or second comma between the words of a PCI device",
            ));
        }
        let mut name = None;
        let mut pci = Self::of(PciDevice::Named(String::new()));
        for word in KEYS.read(keys) {
            let (key, value) = word?;
            match key {
                "bdf" => once(&mut bdf, value.parse()?, "bdf")?,
                "vslot" => once(&mut virtual_slot, virtual_slot_of(value)?, "vslot")?,
                "permissive" => pci.permissive = Some(switch(key, value)?),
                "msitranslate" => pci.msitranslate = Some(switch(key, value)?),
                "seize" => pci.seize = Some(switch(key, value)?),
                "power_mgmt" => pci.power_mgmt = Some(switch(key, value)?),
                "rdm_policy" => pci.rdm_policy = Some(value.parse()?),
                _ => name = Some(value.to_owned()),
            }
        }
        pci.virtual_slot = virtual_slot;
        pci.device = match (bdf, name) {
            (Some(bdf), None) => PciDevice::At(bdf),
            (None, Some(name)) => PciDevice::Named(name),
            (None, None) => return Err(MISSING),
            (Some(_), Some(name)) => {
                return Err(SpecError::value(
                    "name",
                    &name,
                    "a device has either a name or an address (bdf), not both",
                ));
            }
        };
        pci.check()?;
        Ok(pci)
    }

    fn check(&self) -> Result<(), SpecError> {
        match &self.device {
            PciDevice::At(bdf) => bdf.check()?,
            PciDevice::Named(name) => {
                text("name", name)?;
            }
        }
        match self.virtual_slot {
            Some(slot) if slot > LAST_SLOT => Err(SpecError::value(
                "vslot",
                &format!("{slot:x}"),
                "a slot is a hexadecimal number from 0 to 1f",
            )),
            _ => Ok(()),
        }
    }
}

const MISSING: SpecError = SpecError::Missing {
    key: "bdf",
    reason: "a PCI device needs an address, like 03:00.0, or a name",
};

fn once<T>(place: &mut Option<T>, value: T, key: &'static str) -> Result<(), SpecError> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(SpecError::Twice { key }),
    }
}

fn virtual_slot_of(text: &str) -> Result<u8, SpecError> {
    hexadecimal("vslot", text, 0..=LAST_SLOT)
}

impl Bdf {
    fn check(self) -> Result<(), SpecError> {
        if self.slot > LAST_SLOT
            || self
                .function
                .is_some_and(|function| function > LAST_FUNCTION)
        {
            return Err(SpecError::value(
                "bdf",
                &self.to_string(),
                "a slot is a hexadecimal number from 0 to 1f, a function one from 0 to 7",
            ));
        }
        Ok(())
    }
}

impl FromStr for Bdf {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        let error = || {
            SpecError::value(
                "bdf",
                text,
                "an address is like 03:00.0 or 0000:03:00.0, in hexadecimal, with * for all functions",
            )
        };
        let number = |digits: &str| {
            let fits = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            fits.then(|| u16::from_str_radix(digits, 16).ok()).flatten()
        };
        let byte = |digits| number(digits).and_then(|number| u8::try_from(number).ok());
        let (place, function) = text.split_once('.').ok_or_else(error)?;
        let mut places = place.rsplit(':');
        let slot = places.next().and_then(byte).ok_or_else(error)?;
        let bus = places.next().and_then(byte).ok_or_else(error)?;
        let domain = places.next().map_or(Some(0), number).ok_or_else(error)?;
        if places.next().is_some() {
            return Err(error());
        }
        let function = match function {
            "*" => None,
            _ => Some(byte(function).ok_or_else(error)?),
        };
        let bdf = Self {
            domain,
            bus,
            slot,
            function,
        };
        bdf.check()?;
        Ok(bdf)
    }
}

impl fmt::Display for Bdf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            domain, bus, slot, ..
        } = self;
        write!(f, "{domain:04x}:{bus:02x}:{slot:02x}.")?;
        match self.function {
            Some(function) => write!(f, "{function:x}"),
            None => f.write_str("*"),
        }
    }
}
