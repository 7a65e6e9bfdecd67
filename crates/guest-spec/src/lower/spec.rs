//! Device strings: `key=value` with commas between.

use xl_cfg::SpecError;

/// A device string that is being written.
#[derive(Default)]
pub(super) struct Fields(Vec<String>);

impl Fields {
    /// Adds `key=value`; nothing without a value.
    ///
    /// # Errors
    /// When the value has what ends it.
    pub(super) fn add<T: ToString>(
        mut self,
        key: &'static str,
        value: Option<T>,
    ) -> Result<Self, SpecError> {
        if let Some(value) = value {
            let value = value.to_string();
            if value.contains(|c: char| c == ',' || c.is_control()) {
                let reason = "a comma or a control character ends it; choose another".to_owned();
                return Err(SpecError::Value { key, value, reason });
            }
            self.0.push(format!("{key}={value}"));
        }
        Ok(self)
    }

    /// Adds `key=1` or `key=0`; nothing without a value.
    pub(super) fn flag(mut self, key: &'static str, value: Option<bool>) -> Self {
        if let Some(value) = value {
            self.0.push(format!("{key}={}", u8::from(value)));
        }
        self
    }

    /// The string.
    pub(super) fn text(self) -> String {
        self.0.join(",")
    }
}
