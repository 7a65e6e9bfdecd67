//! The grammar of `arm_sci`.

use crate::SpecError;
use crate::keyed::{Keys, Spec};
use crate::words::words;

/// How an Arm guest reaches the platform's system control firmware; one string for a guest. Since Xen 4.21.
///
/// By xl.cfg(5) and `parse_arm_sci_config` in `xl_parse.c`.
///
/// # Stricter than xl
///
/// - A key that xl does not know: xl skips it without a word. `type` twice: xl takes the last.
/// - An empty string, which xl takes for `type=none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArmSci {
    /// Which way.
    pub kind: ArmSciKind,
}

words! {
    /// A way to the system control firmware.
    pub enum ArmSciKind: any_case "type" {
        /// None, what xl takes when nothing is said.
        None = "none",
        /// Calls of SCMI are handed on to the firmware.
        ScmiSmc = "scmi_smc",
    }
}

static KEYS: Keys = Keys::new("arm_sci", &["type"]);

impl ArmSci {
    /// The string for xl.
    ///
    /// # Errors
    ///
    /// None today: xl can read each of them.
    pub fn to_spec(&self) -> Result<String, SpecError> {
        let mut spec = Spec::default();
        spec.put("type", self.kind);
        Ok(spec.finish())
    }

    /// Reads the string.
    ///
    /// # Errors
    ///
    /// When xl would refuse it, or skip part of it.
    pub fn parse(spec: &str) -> Result<Self, SpecError> {
        let mut kind = None;
        for word in KEYS.read(spec) {
            let (_, value) = word?;
            kind = Some(value.parse()?);
        }
        let kind = kind.ok_or(SpecError::Missing {
            key: "type",
            reason: "it must be none or scmi_smc",
        })?;
        Ok(Self { kind })
    }
}
