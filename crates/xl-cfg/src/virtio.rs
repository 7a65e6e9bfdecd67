//! The grammar of `virtio = [ … ]`.

use crate::SpecError;
use crate::keyed::{Keys, Spec};
use crate::number::any_base_switch;
use crate::spec::{no_control, text};
use crate::words::words;

/// A virtio device of an Arm guest other than a disk. Since Xen 4.18.
///
/// By xl.cfg(5), `parse_virtio_config` and `parse_virtio_list` in `xl_parse.c`.
///
/// # Stricter than xl
///
/// - A key given twice: xl takes the last. An empty value.
/// - A type that begins with `virtio` and is not `virtio,device` with a number: to xl the next word belongs to it
///   whatever it is, and without a next word xl crashes.
/// - No type, of which libxl writes `(null)` for the guest.
/// - `transport=unknown`, which libxl keeps for itself; a `grant_usage` that is no number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Virtio {
    /// What the guest's device tree calls it: `virtio,device` with a number in hexadecimal, or another word.
    pub kind: String,
    /// How guest and backend reach each other; xl writes `unknown` when unset.
    pub transport: Option<Transport>,
    /// The domain that serves it, by name or number; Dom0 when unset.
    pub backend: Option<String>,
    /// Whether it uses grants; unset, it does when the backend is not Dom0.
    pub grant_usage: Option<bool>,
}

words! {
    /// How guest and backend reach each other.
    pub enum Transport: any_case "transport" {
        /// Registers in memory.
        Mmio = "mmio",
    }
}

static KEYS: Keys = Keys::new(
    "a virtio device",
    &["type", "transport", "backend", "grant_usage"],
);

const DEVICE: &str = "virtio,device";

impl Virtio {
    /// A device of that type, by memory.
    #[must_use]
    pub fn new(kind: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            transport: Some(Transport::Mmio),
            backend: None,
            grant_usage: None,
        }
    }

    /// The string for xl.
    ///
    /// # Errors
    ///
    /// When the type is none, or a value is empty or holds a comma or a control character.
    pub fn to_spec(&self) -> Result<String, SpecError> {
        self.check()?;
        let mut spec = Spec::default();
        spec.put("type", &self.kind);
        spec.put_some("transport", self.transport);
        spec.put_some("backend", self.backend.as_ref());
        spec.switch("grant_usage", self.grant_usage);
        Ok(spec.finish())
    }

    /// Reads the string of a device.
    ///
    /// # Errors
    ///
    /// When xl would refuse it, or read something else than what is written.
    pub fn parse(spec: &str) -> Result<Self, SpecError> {
        // The comma of the type is the one that ends no word.
        let (before, after, device) = match split_device(spec) {
            Some((before, device, after)) => (before, after, Some(device)),
            None => (spec, "", None),
        };
        let mut kind = device.map(|device| format!("{DEVICE}{device}"));
        let (mut transport, mut backend, mut grant_usage) = (None, None, None);
        let mut seen = Vec::new();
        for word in KEYS.read(before).chain(KEYS.read(after)) {
            let (key, value) = word?;
            if seen.contains(&key) || (key == "type" && kind.is_some()) {
                return Err(SpecError::Twice { key });
            }
            seen.push(key);
            match key {
                "type" => kind = Some(value.to_owned()),
                "transport" => transport = Some(value.parse()?),
                "backend" => backend = Some(value.to_owned()),
                _ => grant_usage = Some(any_base_switch("grant_usage", value)?),
            }
        }
        let device = Self {
            kind: kind.ok_or(SpecError::Missing {
                key: "type",
                reason: "it says what the device is, like virtio,device22",
            })?,
            transport,
            backend,
            grant_usage,
        };
        device.check()?;
        Ok(device)
    }

    fn check(&self) -> Result<(), SpecError> {
        if self.kind.starts_with("virtio") {
            let number = self.kind.strip_prefix(DEVICE);
            let fits = |number: &str| {
                number.len() <= 8
                    && number
                        .bytes()
                        .all(|digit| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit))
            };
            if !number.is_some_and(fits) {
                return Err(SpecError::value(
                    "type",
                    &self.kind,
                    "it must be virtio,device and a number in small hexadecimal digits, like virtio,device1a",
                ));
            }
            no_control("type", &self.kind)?;
        } else {
            text("type", &self.kind)?;
        }
        self.backend
            .as_ref()
            .map_or(Ok(()), |backend| text("backend", backend).map(drop))
    }
}

/// Cuts `type=virtio,device22` out: what stands before it, its number, and what stands behind it.
fn split_device(spec: &str) -> Option<(&str, &str, &str)> {
    let mut start = 0;
    for word in spec.split(',') {
        let end = start + word.len();
        if word.trim_start_matches(' ') == "type=virtio" {
            // xl takes the next word that is not empty.
            let rest = spec[end..].trim_start_matches(',');
            let (device, after) = rest.split_once(',').unwrap_or((rest, ""));
            let number = device.strip_prefix("device")?;
            return Some((&spec[..start], number, after));
        }
        start = end + 1;
    }
    None
}
