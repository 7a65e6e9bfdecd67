//! From an xl configuration to the Nix that declares the same guest.
//!
//! What an option stands for becomes that option, the rest `settings`. What xl ignores is left out, and said. Passwords
//! are never taken over: an option that names a file is put in their place.

mod boot;
mod comments;
mod cpu;
mod devices;
mod disks;
mod graphics;
mod networks;
mod python;
mod scalars;
mod tree;

use std::collections::HashMap;
use std::fmt;

use xl_cfg::check::{self, Finding, Options, Severity};
use xl_cfg::document::Document;
use xl_cfg::keys::GuestType;
use xl_cfg::{Config, Place, Value};

pub use self::python::{listed, python_lines};

use self::comments::Source;
use self::tree::{Comments, Tree};
use crate::module::{self, Binding};
use crate::{NixValue, WriteError};

/// A guest, as options of `virtualisation.xen.guests.<name>`.
#[derive(Debug)]
pub struct Imported {
    /// The guest's name.
    pub name: String,
    /// What the person who imports it should know: what was left out, what to do before the switch.
    pub notes: Vec<String>,
    bindings: Vec<Binding>,
    above: Vec<String>,
}

/// Why a configuration cannot be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportError {
    /// Where it stands, where there is a file.
    pub place: Option<Place>,
    /// The key, where it is about one.
    pub key: Option<String>,
    /// What is wrong, and what to do.
    pub message: String,
}

impl std::error::Error for ImportError {}

/// The place and the message; [`ImportError::place`] has the line.
impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "line {}, column {}: ", place.line, place.column)?;
        }
        if let Some(key) = &self.key {
            write!(f, "{key}: ")?;
        }
        f.write_str(&self.message)
    }
}

/// Imports a file.
///
/// # Errors
///
/// All mistakes that make xl refuse the file, or read something else than what stands there; and what no option can
/// carry.
pub fn document(document: &Document<'_>) -> Result<Imported, Vec<ImportError>> {
    let config = document.config();
    let findings = check::document(document, Options::default());
    import(&config, &Source::file(document), findings)
}

/// Imports a configuration that is not in a file, such as a running domain's.
///
/// # Errors
///
/// As [`document`].
pub fn config(config: &Config) -> Result<Imported, Vec<ImportError>> {
    let findings = check::config(config, Options::default());
    import(config, &Source::Nowhere, findings)
}

/// The file that declares guests: a module for `imports`, formatted as nixfmt does.
///
/// # Errors
///
/// When Nix has no text for a value, or two guests have one name.
pub fn file(header: &[String], guests: &[Imported]) -> Result<String, WriteError> {
    let bindings: Vec<_> = guests
        .iter()
        .map(|guest| {
            let path = ["virtualisation", "xen", "guests", guest.name.as_str()];
            let mut binding = Binding::set(path, guest.bindings.clone());
            binding.above.clone_from(&guest.above);
            binding
        })
        .collect();
    module::module(header, &bindings)
}

/// A guest that is being imported.
struct Importing<'a> {
    config: &'a Config,
    source: &'a Source<'a>,
    name: String,
    guest: GuestType,
    options: Tree,
    notes: Vec<String>,
    errors: Vec<ImportError>,
    /// Comments that wait for the next option.
    waiting: Vec<String>,
}

fn import(
    config: &Config,
    source: &Source<'_>,
    findings: Vec<Finding>,
) -> Result<Imported, Vec<ImportError>> {
    let (ignored, wrong): (Vec<_>, Vec<_>) = findings
        .into_iter()
        .filter(|finding| finding.severity == Severity::Error || finding.is_ignored_by_xl())
        .partition(Finding::is_ignored_by_xl);
    let mut errors: Vec<_> = wrong
        .into_iter()
        .map(|finding| ImportError {
            place: finding.span.and_then(|span| source.place(span.start)),
            key: finding.key,
            message: finding.message,
        })
        .collect();
    let name = config.get("name").and_then(Value::as_text);
    let guest = check::guest_type(config);
    let (Some(name), Some(guest), true) = (name, guest, errors.is_empty()) else {
        if errors.is_empty() {
            errors.push(ImportError {
                place: source.place_of("name"),
                key: Some("name".to_owned()),
                message: "the guest has no name that is text".to_owned(),
            });
        }
        return Err(errors);
    };
    if let Some(why) = guest_spec::name_problem(&name) {
        return Err(vec![ImportError {
            place: source.place_of("name"),
            key: Some("name".to_owned()),
            message: format!("\"{}\" {why}; rename the guest", name.escape_debug()),
        }]);
    }
    let mut importing = Importing {
        config,
        source,
        name: name.into_owned(),
        guest,
        options: Tree::default(),
        notes: Vec::new(),
        errors,
        waiting: Vec::new(),
    };
    // Of several findings at one key the first says why.
    let why: HashMap<&str, &Finding> = ignored
        .iter()
        .rev()
        .filter_map(|finding| Some((finding.key.as_deref()?, finding)))
        .collect();
    for (key, value) in config {
        let key = key.as_str();
        let why = why.get(key);
        match (why, source) {
            (Some(finding), Source::File(..)) => importing.leave_out(key, &finding.message),
            // Nobody has written it: libxl fills in more than has an effect.
            (Some(_), Source::Nowhere) => {}
            (None, _) => importing.key(key, value),
        }
    }
    importing.finish()
}

impl Importing<'_> {
    /// Imports one key, where no other has taken it with it.
    fn key(&mut self, key: &str, value: &Value) {
        match key {
            // It is the name of the set.
            "name" => {
                let comments = self.source.comments(key);
                self.waiting.extend(comments.above);
                self.waiting.extend(comments.beside);
            }
            "type" | "builder" => self.guest_type(key),
            "kernel" | "ramdisk" | "cmdline" | "root" | "extra" | "bootloader" | "firmware" => {
                self.boot(key);
            }
            "disk" => self.disks(value),
            "vif" => self.networks(value),
            "boot" => self.boot_order(value),
            "cpus" | "cpus_soft" | "cpuid" => self.one_or_many(key, value),
            "vnuma" => self.vnuma(value),
            "viridian" => self.viridian(value),
            "smbios" => self.smbios(value),
            "pci" => self.pci(value),
            "rdm" => self.rdm(value),
            "usbctrl" => self.usb_controllers(value),
            "usbdev" => self.usb_devices(value),
            "usbdevice" => self.texts(key, value),
            "device_model_args" | "device_model_args_pv" | "device_model_args_hvm" => {
                self.texts(key, value);
            }
            "p9" => self.shares(value),
            "channel" => self.channels(value),
            "vtpm" => self.vtpm(value),
            "vkb" => self.vkb(value),
            "vfb" => self.vfb(value),
            "vncpasswd" | "spicepasswd" => self.password(key),
            "stdvga" => self.stdvga(value),
            "bios" if self.firmware_wins() => {
                self.leave_out("bios", "firmware is set, and xl prefers it");
            }
            _ => self.scalar(key, value),
        }
    }

    /// Sets an option, with the comments of its key.
    fn set(&mut self, key: &str, path: &[&str], value: impl Into<NixValue>) {
        self.options.set(path, value.into());
        self.comment(key, path);
    }

    /// Puts a key's comments, and those that wait, at an option.
    fn comment(&mut self, key: &str, path: &[&str]) {
        let mut comments = Comments {
            above: std::mem::take(&mut self.waiting),
            beside: None,
        };
        comments.merge(self.source.comments(key));
        self.options.comment(path, comments);
    }

    /// A key that no option stands for.
    fn setting(&mut self, key: &str, value: &Value) {
        match scalars::setting(key, value) {
            Ok(nix) => self.set(key, &["settings", key], nix),
            Err(message) => self.fail(key, message),
        }
    }

    /// A key that has no effect: it is left out, and a comment stands in its place.
    fn leave_out(&mut self, key: &str, why: &str) {
        let comments = self.source.comments(key);
        self.waiting.extend(comments.above);
        self.waiting.extend(comments.beside);
        self.waiting.push(format!("{key} is left out: {why}"));
        self.notes.push(format!("{key} is left out: {why}"));
    }

    fn fail(&mut self, key: &str, message: impl Into<String>) {
        self.errors.push(ImportError {
            place: self.source.place_of(key),
            key: Some(key.to_owned()),
            message: message.into(),
        });
    }

    /// The text of a key, when it is set and is text.
    fn text(&self, key: &str) -> Option<String> {
        Some(self.config.get(key)?.as_text()?.into_owned())
    }

    fn guest_type(&mut self, key: &str) {
        // Only one of the two; they agree, or the check would have said so.
        if key == "builder" && self.config.get("type").is_some() {
            return;
        }
        self.set(key, &["type"], self.guest.word());
    }

    /// xendomains saves every guest; of one that cannot be saved the options must say what is done in place of that.
    fn host_shutdown(&mut self) {
        let cannot_move = self
            .config
            .get("nomigrate")
            .is_some_and(|value| value.as_integer() != Some(0));
        let devices = [
            &["pci", "devices"][..],
            &["vnuma"],
            &["settings", "pci"],
            &["settings", "vnuma"],
        ];
        let unsavable = devices.iter().any(|path| self.options.has(path))
            || cannot_move && self.options.has(&["settings", "nomigrate"]);
        if unsavable {
            self.options
                .set(&["onHostShutdown"], NixValue::String("shutdown".to_owned()));
            let comments = Comments {
                above: vec!["It cannot be saved and restored.".to_owned()],
                beside: None,
            };
            self.options.comment(&["onHostShutdown"], comments);
        }
    }

    fn finish(mut self) -> Result<Imported, Vec<ImportError>> {
        if !self.errors.is_empty() {
            return Err(self.errors);
        }
        if self.config.get("memory").is_none() {
            // libxl_create.c: `target_memkb` is `max_memkb`, and that is 32 MiB when nothing says it.
            let most = self.config.get("maxmem").and_then(Value::as_integer);
            self.options
                .set(&["memory"], NixValue::Integer(most.unwrap_or(32)));
            let comments = Comments {
                above: vec!["Nothing is said of it: this is what Xen takes.".to_owned()],
                beside: None,
            };
            self.options.comment(&["memory"], comments);
        }
        self.host_shutdown();
        let mut above = self.source.unattached();
        above.extend(self.waiting);
        Ok(Imported {
            name: self.name,
            notes: self.notes,
            bindings: self.options.bindings("settings"),
            above,
        })
    }
}
