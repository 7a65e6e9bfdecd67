//! Reading a disk string.

use super::{Access, Disk, Format};
use crate::SpecError;

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
            if let Some(format) = prefix {
                read.set_format(format)?;
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
}

impl Reading {
    fn word(&mut self, word: &str) -> Result<(), SpecError> {
        match word {
            "cdrom" | "devtype=cdrom" => self.cdrom = true,
            "devtype=disk" => self.cdrom = false,
            // These are what xl does anyway.
            "discard" | "trusted" | "no-colo" | "specification=xen" => {}
            "no-discard" | "untrusted" | "direct-io-safe" | "colo" => return Err(not_held(word)),
            _ => match word.split_once('=') {
                Some((key, value)) => self.named(word, key, value)?,
                None => self.positional(word)?,
            },
        }
        Ok(())
    }

    fn named(&mut self, word: &str, key: &str, value: &str) -> Result<(), SpecError> {
        match key {
            "format" => self.set_format(value),
            "vdev" => once(&mut self.vdev, value, "vdev"),
            "access" => {
                self.access = Some(Access::parse(value)?);
                Ok(())
            }
            "devtype" => Err(SpecError::value(
                "devtype",
                value,
                "xl knows cdrom and disk",
            )),
            "backend" | "backendtype" | "script" | "specification" | "grant_usage"
            | "colo-host" | "colo-port" | "colo-export" | "active-disk" | "hidden-disk" => {
                Err(not_held(word))
            }
            _ => Err(SpecError::unknown(
                word,
                format!("xl knows no `{key}` for a disk"),
            )),
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
            self.access = Some(Access::parse(word)?);
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
        let format = Format::parse(word)?.map_or(Layout::Empty, Layout::Is);
        if self.format.is_some_and(|present| present != format) {
            return Err(SpecError::Twice { key: "format" });
        }
        self.format = Some(format);
        Ok(())
    }

    fn finish(self) -> Result<Disk, SpecError> {
        let vdev = self.vdev.filter(|vdev| !vdev.is_empty());
        let vdev = vdev.ok_or(SpecError::Missing {
            key: "vdev",
            reason: "every disk needs one, such as xvda",
        })?;
        let target = self.target.unwrap_or_default();
        if target.is_empty() && !self.cdrom {
            return Err(SpecError::Missing {
                key: "target",
                reason: "only a CD drive can be empty",
            });
        }
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
        })
    }
}

fn not_held(word: &str) -> SpecError {
    SpecError::unknown(word, "xl knows it, but this program does not read it yet")
}

/// Stores a value given once; an empty one may be given again, as in xl.
fn once(place: &mut Option<String>, value: &str, key: &'static str) -> Result<(), SpecError> {
    if place.as_deref().is_some_and(|present| !present.is_empty()) {
        return Err(SpecError::Twice { key });
    }
    *place = Some(value.to_owned());
    Ok(())
}

/// An old `phy:`-like prefix, the format that it says, and what comes after it.
fn old_prefix(rest: &str) -> Result<Option<(Option<&str>, &str)>, SpecError> {
    let Some((prefix, after)) = rest.split_once(':') else {
        return Ok(None);
    };
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if !prefix.starts_with(|c: char| c.is_ascii_lowercase()) || !prefix.chars().all(word) {
        return Ok(None);
    }
    match prefix {
        "raw" | "qcow" | "qcow2" | "vhd" => Ok(Some((Some(prefix), after))),
        "tapdisk" | "tap" | "tap2" | "aio" | "ioemu" | "file" | "phy" => Ok(Some((None, after))),
        "iscsi" | "nbd" | "enbd" | "drbd" => Err(not_held(&format!("{prefix}:"))),
        // The old `hdc:cdrom`, which is no prefix.
        _ if after.starts_with(word) => Ok(None),
        _ => Err(SpecError::unknown(
            &format!("{prefix}:"),
            "xl knows no such prefix",
        )),
    }
}
