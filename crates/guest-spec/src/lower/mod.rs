//! From a guest to its xl.cfg.
//!
//! This is where an option of a guest gets its key: each group of options has a file, and [`keys`] says
//! which key belongs to which option.

pub(crate) mod boot;
pub(crate) mod cpu;
mod devices;
mod graphics;
mod keys;
mod pci;
mod shares;
mod usb;

use std::collections::BTreeSet;

use xl_cfg::{Config, Key, SpecError, Value, WriteError};

use crate::{Guest, Secrets, Setting};

pub(crate) use devices::{disk_spec, vif_spec};
pub(crate) use keys::owner_of_key;
pub use keys::{OWNED_KEYS, option_of_key};

/// Why a guest cannot be written as xl.cfg. [`crate::Document::problems`] finds these beforehand,
/// so that it is met only by a document that was not checked.
#[derive(Debug, thiserror::Error)]
pub enum LowerError {
    /// A device has a value that xl's syntax cannot carry.
    #[error("guest {guest}, option {option}: {source}")]
    Device {
        /// The guest's name.
        guest: String,
        /// Which disk or network.
        option: String,
        /// What cannot be carried.
        source: SpecError,
    },
    /// A key of `settings` is none.
    #[error("guest {guest}, option settings.{key}: {source}")]
    Key {
        /// The guest's name.
        guest: String,
        /// The key.
        key: String,
        /// Why it is none.
        source: xl_cfg::KeyError,
    },
    /// A value cannot be written.
    #[error("guest {guest}: {source}")]
    Write {
        /// The guest's name.
        guest: String,
        /// Which key, and why.
        source: WriteError,
    },
}

/// A configuration that is being written.
struct Lowering<'a> {
    guest: &'a Guest,
    secrets: &'a Secrets,
    config: Config,
}

impl<'a> Lowering<'a> {
    fn new(guest: &'a Guest, secrets: &'a Secrets) -> Self {
        Self {
            guest,
            secrets,
            config: Config::new(),
        }
    }

    /// Sets a key.
    fn set(&mut self, name: &str, value: impl Into<Value>) -> Result<(), LowerError> {
        let key = Key::new(name).map_err(|source| LowerError::Key {
            guest: self.guest.name.clone(),
            key: name.to_owned(),
            source,
        })?;
        self.config.set(key, value.into());
        Ok(())
    }

    /// Sets a key that has a value.
    fn some<T: Into<Value>>(&mut self, name: &str, value: Option<T>) -> Result<(), LowerError> {
        value.map_or(Ok(()), |value| self.set(name, value))
    }

    /// Sets a key to a list that has items.
    fn list<T: Into<Value>>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
    ) -> Result<(), LowerError> {
        let items: Vec<Value> = items.into_iter().map(Into::into).collect();
        if items.is_empty() {
            return Ok(());
        }
        self.set(name, Value::List(items))
    }

    /// A device string, or of which option it is that it cannot be written.
    fn device(&self, option: String, spec: Result<String, SpecError>) -> Result<Value, LowerError> {
        self.checked(option, spec).map(Value::from)
    }

    /// What a grammar carries, or of which option it is that it does not.
    fn checked<T>(&self, option: String, spec: Result<T, SpecError>) -> Result<T, LowerError> {
        spec.map_err(|source| LowerError::Device {
            guest: self.guest.name.clone(),
            option,
            source,
        })
    }
}

/// The typed options of a guest.
fn options(out: &mut Lowering) -> Result<(), LowerError> {
    let guest = out.guest;
    out.set("name", guest.name.as_str())?;
    out.set("type", guest.guest_type.as_str())?;
    out.set("uuid", guest.uuid.to_string())?;
    out.set("memory", guest.memory_mib.get())?;
    out.some("maxmem", guest.max_memory_mib.map(crate::Mib::get))?;
    out.set("vcpus", guest.vcpus)?;
    out.some("maxvcpus", guest.max_vcpus)?;
    boot::kernel(out)?;
    devices::write(out)?;
    out.set("on_poweroff", guest.on_poweroff.as_str())?;
    out.set("on_reboot", guest.on_reboot.as_str())?;
    out.set("on_crash", guest.on_crash.as_str())?;
    out.some("on_watchdog", guest.on_watchdog.map(crate::Action::as_str))?;
    out.some(
        "on_soft_reset",
        guest.on_soft_reset.map(crate::Action::as_str),
    )?;
    cpu::write(out)?;
    boot::firmware(out)?;
    pci::write(out)?;
    usb::write(out)?;
    graphics::write(out)?;
    shares::write(out)?;
    boot::device_model(out)
}

/// The guest's configuration: the typed options in a fixed order, then `settings` by name.
///
/// A password that `secrets` do not hold is written as [`crate::placeholder`] says.
///
/// # Errors
/// When xl's syntax cannot carry a value; not for a guest without [`crate::Problem`]s.
pub fn lower(guest: &Guest, secrets: &Secrets) -> Result<Config, LowerError> {
    let mut out = Lowering::new(guest, secrets);
    options(&mut out)?;
    settings(out)
}

/// Adds the settings to what the options have written.
fn settings(mut out: Lowering) -> Result<Config, LowerError> {
    let guest = out.guest;
    for (key, setting) in &guest.settings {
        out.set(key, value_of(setting))?;
    }
    Ok(out.config)
}

/// The keys that the guest's options write, each of which `settings` cannot, as far as they can be written; and the whole
/// configuration, when it can be. Of passwords it holds where they come from.
pub(crate) fn lowered_in_parts(guest: &Guest) -> (BTreeSet<String>, Result<Config, LowerError>) {
    let secrets = Secrets::hidden();
    let mut out = Lowering::new(guest, &secrets);
    let options = options(&mut out);
    let keys = out.config.iter().map(|(key, _)| key.as_str().to_owned());
    let written = keys.collect();
    (written, options.and_then(|()| settings(out)))
}

/// The text of the guest's xl configuration, as it stands in `/etc/xen/<name>.cfg`.
///
/// # Errors
/// As [`lower()`].
pub fn render(guest: &Guest, secrets: &Secrets) -> Result<String, LowerError> {
    let text = lower(guest, secrets)?
        .to_text()
        .map_err(|source| LowerError::Write {
            guest: guest.name.clone(),
            source,
        })?;
    Ok(format!(
        "# Written by Domus from virtualisation.xen.guests.{}; a change made here is not kept.\n{text}",
        guest.name
    ))
}

fn value_of(setting: &Setting) -> Value {
    match setting {
        Setting::Boolean(value) => Value::Integer(i64::from(*value)),
        Setting::Integer(value) => Value::Integer(*value),
        Setting::String(value) => value.as_str().into(),
        Setting::List(values) => Value::List(values.iter().map(value_of).collect()),
    }
}

#[cfg(test)]
pub(crate) mod tests;
