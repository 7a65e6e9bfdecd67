//! The grammar of `xenstore_quota = [ … ]`.

use crate::SpecError;
use crate::number::any_base;
use crate::spec::no_control;

/// How many of something a guest may have in xenstore: `nodes=1000`. Since Xen 4.22.
///
/// By xl.cfg(5) and `parse_xsquota_item` in `xl_parse.c`. `xl xenstore-quota-get -g` lists the names.
///
/// # Stricter than xl
///
/// - An empty name, and a number with a sign or white space after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XenstoreQuota {
    /// What is limited.
    pub name: String,
    /// The most that it may be.
    pub value: u32,
}

const KEY: &str = "xenstore_quota";

impl XenstoreQuota {
    /// The string for xl.
    ///
    /// # Errors
    ///
    /// When the name is empty or holds `=` or a control character.
    pub fn to_spec(&self) -> Result<String, SpecError> {
        no_control(KEY, &self.name)?;
        if self.name.is_empty() || self.name.contains('=') {
            return Err(SpecError::value(
                KEY,
                &self.name,
                "the name of a quota may not be empty or hold `=`",
            ));
        }
        Ok(format!("{}={}", self.name, self.value))
    }

    /// Reads one quota.
    ///
    /// # Errors
    ///
    /// When xl would refuse it.
    pub fn parse(spec: &str) -> Result<Self, SpecError> {
        let Some((name, value)) = spec.split_once('=') else {
            return Err(SpecError::value(
                KEY,
                spec,
                "a quota is a name, = and a number, like nodes=1000",
            ));
        };
        let quota = Self {
            name: name.to_owned(),
            value: any_base(KEY, value, 0..=u32::MAX)?,
        };
        quota.to_spec()?;
        Ok(quota)
    }
}
