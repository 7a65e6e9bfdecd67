//! Reading a disk string.

use super::{Access, BackendType, Colo, Disk, Format, Specification};
use crate::SpecError;
use crate::number::decimal;

/// The keys with a value, for messages.
const KEYS: [&str; 15] = [
    "target",
    "format",
    "vdev",
    "access",
    "devtype",
    "backend",
    "backendtype",
    "script",
    "specification",
    "grant_usage",
    "colo-host",
    "colo-port",
    "colo-export",
    "active-disk",
    "hidden-disk",
];

pub(super) fn disk(spec: &str) -> Result<Disk, SpecError> {
    // xl's lexer keeps or drops white space around a line break by rules that nobody would guess.
    if spec.contains('\n') {
        return Err(SpecError::unknown(
            spec,
            "a disk string must not hold a line break",
        ));
    }
    let mut read = Reading::default();
    let mut rest = spec;
    loop {
        rest = rest.trim_start_matches([' ', '\t']);
        if rest.is_empty() {
            return read.finish();
        }
        if let Some(target) = rest.strip_prefix("target=") {
            let target = target.strip_suffix(',').unwrap_or(target);
            once(&mut read.target, target, "target")?;
            return read.finish();
        }
        if let Some((prefix, after)) = old_prefix(rest)? {
            read.old_prefix = true;
            match prefix {
                "raw" | "qcow" | "qcow2" | "vhd" => read.set_format(prefix)?,
                "iscsi" | "nbd" | "enbd" | "drbd" => {
                    once(&mut read.script, &format!("block-{prefix}"), "script")?;
                }
                _ => {}
            }
            rest = after;
            continue;
        }
        let (word, after) = rest.split_once(',').unwrap_or((rest, ""));
        read.word(word)?;
        rest = after;
    }
}

/// What stands in the place of a format.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// `empty`: a drive without a disc.
    Empty,
    Is(Format),
}

#[derive(Default)]
struct Reading {
    target: Option<String>,
    format: Option<Layout>,
    vdev: Option<String>,
    access: Option<Access>,
    access_positional: bool,
    cdrom: bool,
    old_prefix: bool,
    backend: Option<String>,
    backend_type: Option<BackendType>,
    script: Option<String>,
    flags: Flags,
    specification: Option<Specification>,
    grant_usage: Option<bool>,
    colo: Colo,
}

/// The words that stand alone, besides `cdrom`. Of two that contradict each other the last holds, as in xl.
#[derive(Default)]
struct Flags {
    direct_io_safe: bool,
    discard: Option<bool>,
    untrusted: bool,
}

impl Reading {
    fn word(&mut self, word: &str) -> Result<(), SpecError> {
        match word {
            "cdrom" | "devtype=cdrom" => self.cdrom = true,
            "devtype=disk" => self.cdrom = false,
            "direct-io-safe" => self.flags.direct_io_safe = true,
            "discard" => self.flags.discard = Some(true),
            "no-discard" => self.flags.discard = Some(false),
            "trusted" => self.flags.untrusted = false,
            "untrusted" => self.flags.untrusted = true,
            "colo" => self.colo.enabled = true,
            "no-colo" => self.colo.enabled = false,
            "grant_usage=1" => self.grant_usage = Some(true),
            "grant_usage=0" => self.grant_usage = Some(false),
            _ => match word.split_once('=') {
                Some((key, value)) => self.named(key, value)?,
                None => self.positional(word)?,
            },
        }
        Ok(())
    }

    fn named(&mut self, key: &str, value: &str) -> Result<(), SpecError> {
        match key {
            "format" => self.set_format(value),
            "vdev" => once(&mut self.vdev, value, "vdev"),
            "access" => {
                self.access = Some(access(value)?);
                Ok(())
            }
            "devtype" => Err(SpecError::value(
                "devtype",
                value,
                "xl knows cdrom and disk",
            )),
            "grant_usage" => Err(SpecError::value("grant_usage", value, "xl knows 1 and 0")),
            "backend" => once(&mut self.backend, value, "backend"),
            "backendtype" => same(&mut self.backend_type, value.parse()?, "backendtype"),
            "script" => once(&mut self.script, value, "script"),
            "specification" => same(&mut self.specification, value.parse()?, "specification"),
            "colo-host" => once(&mut self.colo.host, value, "colo-host"),
            "colo-port" => {
                self.colo.port = Some(decimal("colo-port", value, 1..=u16::MAX)?);
                Ok(())
            }
            "colo-export" => once(&mut self.colo.export, value, "colo-export"),
            "active-disk" => once(&mut self.colo.active_disk, value, "active-disk"),
            "hidden-disk" => once(&mut self.colo.hidden_disk, value, "hidden-disk"),
            "cdrom" | "direct-io-safe" | "discard" | "no-discard" | "trusted" | "untrusted"
            | "colo" | "no-colo" => Err(SpecError::flag_with_value(key)),
            _ => Err(SpecError::unknown_key(key, "a disk", &KEYS)),
        }
    }

    /// A word without `=` fills the next of target, format, vdev, access that is not filled yet.
    fn positional(&mut self, word: &str) -> Result<(), SpecError> {
        if self.target.is_none() {
            self.target = Some(word.to_owned());
        } else if self.format.is_none() && !self.old_prefix {
            if self.target.as_deref() == Some("") && self.vdev_and_type(word)? {
                self.format = Some(Layout::Empty);
            } else {
                self.set_format(word)?;
            }
        } else if self.vdev.is_none() {
            if !self.vdev_and_type(word)? {
                self.vdev = Some(word.to_owned());
            }
        } else if self.access_positional {
            return Err(SpecError::unknown(
                word,
                "there are already a target, a format, a vdev and an access; a path with a comma must come last, as target=…",
            ));
        } else {
            self.access_positional = true;
            self.access = Some(access(word)?);
        }
        Ok(())
    }

    /// The old `hdc:cdrom`.
    fn vdev_and_type(&mut self, word: &str) -> Result<bool, SpecError> {
        let Some((vdev, kind)) = word.rsplit_once(':') else {
            return Ok(false);
        };
        self.cdrom = match kind {
            "cdrom" => true,
            "disk" => false,
            _ => {
                return Err(SpecError::unknown(
                    word,
                    "after the vdev's `:` xl knows only cdrom and disk",
                ));
            }
        };
        once(&mut self.vdev, vdev, "vdev")?;
        Ok(true)
    }

    fn set_format(&mut self, word: &str) -> Result<(), SpecError> {
        let format = match word {
            "" => Layout::Is(Format::Raw),
            // What an empty CD drive has; the format then says nothing.
            "empty" => Layout::Empty,
            _ => Layout::Is(word.parse()?),
        };
        same(&mut self.format, format, "format")
    }

    fn finish(self) -> Result<Disk, SpecError> {
        let vdev = self.vdev.filter(|vdev| !vdev.is_empty());
        let vdev = vdev.ok_or(SpecError::Missing {
            key: "vdev",
            reason: "every disk needs one, such as xvda",
        })?;
        let target = self.target.unwrap_or_default();
        let format = match self.format {
            // xl gives a drive without a disc the format `empty`, whatever the string says.
            _ if target.is_empty() => Format::Raw,
            Some(Layout::Is(format)) => format,
            None => Format::Raw,
            Some(Layout::Empty) => {
                return Err(SpecError::value(
                    "format",
                    "empty",
                    "an empty drive has no target",
                ));
            }
        };
        let access = if self.cdrom {
            Access::ReadOnly
        } else {
            self.access.unwrap_or(Access::ReadWrite)
        };
        Ok(Disk {
            target,
            format,
            vdev,
            access,
            cdrom: self.cdrom,
            backend: self.backend,
            backend_type: self.backend_type,
            script: self.script,
            direct_io_safe: self.flags.direct_io_safe,
            discard: self.flags.discard,
            untrusted: self.flags.untrusted,
            specification: self.specification.unwrap_or(Specification::Xen),
            grant_usage: self.grant_usage,
            colo: self.colo,
        })
    }
}

fn access(word: &str) -> Result<Access, SpecError> {
    match word {
        "rw" | "w" | "" => Ok(Access::ReadWrite),
        "ro" | "r" => Ok(Access::ReadOnly),
        _ => Err(SpecError::value(
            "access",
            word,
            "xl knows rw (or w) and ro (or r)",
        )),
    }
}

/// Stores a value that may be given again, but not differently.
fn same<T: PartialEq>(place: &mut Option<T>, value: T, key: &'static str) -> Result<(), SpecError> {
    if place.as_ref().is_some_and(|present| *present != value) {
        return Err(SpecError::Twice { key });
    }
    *place = Some(value);
    Ok(())
}

/// Stores a value given once; an empty one may be given again, as in xl.
fn once(place: &mut Option<String>, value: &str, key: &'static str) -> Result<(), SpecError> {
    if place.as_deref().is_some_and(|present| !present.is_empty()) {
        return Err(SpecError::Twice { key });
    }
    *place = Some(value.to_owned());
    Ok(())
}

/// An old `phy:`-like prefix, and what comes after it.
fn old_prefix(rest: &str) -> Result<Option<(&str, &str)>, SpecError> {
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    // Looks no further than the word goes, so that many words take no longer than one.
    let end = rest.find(|c| !word(c)).unwrap_or(rest.len());
    let (prefix, after) = rest.split_at(end);
    let Some(after) = after.strip_prefix(':') else {
        return Ok(None);
    };
    if !prefix.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Ok(None);
    }
    match prefix {
        "raw" | "qcow" | "qcow2" | "vhd" | "iscsi" | "nbd" | "enbd" | "drbd" | "tapdisk"
        | "tap" | "tap2" | "aio" | "ioemu" | "file" | "phy" => Ok(Some((prefix, after))),
        // The old `hdc:cdrom`, which is no prefix.
        _ if after.starts_with(word) => Ok(None),
        _ => Err(SpecError::unknown(
            &format!("{prefix}:"),
            "xl knows no such prefix",
        )),
    }
}
