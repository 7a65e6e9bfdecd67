//! The grammar of `ioports = [ … ]`.

use crate::SpecError;
use crate::number::hexadecimal;

/// I/O ports of the host that a guest may use: `2f8-2ff`, in hexadecimal.
///
/// By xl.cfg(5) and the loop over `ioports` in `parse_config_data` of `xl_parse.c`.
///
/// # Stricter than xl
///
/// - A range that goes down: xl compares the wrong numbers and makes some four thousand million ports of it.
/// - A single port with anything after it: xl prints a message and goes on.
/// - A port above ffff, which there is not; Xen refuses it when the guest starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IoPorts {
    /// The first port.
    pub first: u16,
    /// The last port.
    pub last: u16,
}

impl IoPorts {
    /// The string for xl.
    ///
    /// # Errors
    ///
    /// When the range goes down.
    pub fn to_spec(&self) -> Result<String, SpecError> {
        let Self { first, last } = self;
        let text = if first == last {
            format!("{first:x}")
        } else {
            format!("{first:x}-{last:x}")
        };
        if last < first {
            return Err(SpecError::value("ioports", &text, "the range goes down"));
        }
        Ok(text)
    }

    /// Reads one port or range.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn parse(spec: &str) -> Result<Self, SpecError> {
        let port = |text| hexadecimal("ioports", text, 0..=u16::MAX);
        let (first, last) = match spec.split_once('-') {
            Some((first, last)) => (port(first)?, port(last)?),
            None => (port(spec)?, port(spec)?),
        };
        let ports = Self { first, last };
        ports.to_spec()?;
        Ok(ports)
    }
}
