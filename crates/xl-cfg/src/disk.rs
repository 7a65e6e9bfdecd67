//! The grammar of `disk = [ … ]`, by Xen's `libxlu_disk_l.l` and xl-disk-configuration(5).

use std::fmt;

use crate::SpecError;

mod parse;

/// One disk of a guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disk {
    /// The file or device in Dom0, an absolute path. Empty only for a CD drive without a disc.
    pub target: String,
    /// How the target is laid out. It is always written, so that nothing is ever probed.
    pub format: Format,
    /// What the guest sees: `xvda`, `hda`, `sda`.
    pub vdev: String,
    /// Whether the guest may write. xl makes every CD drive read-only.
    pub access: Access,
    /// Whether it is a CD drive.
    pub cdrom: bool,
}

/// How an image is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Byte for byte.
    Raw,
    /// QEMU's first copy-on-write format.
    Qcow,
    /// QEMU's second copy-on-write format.
    Qcow2,
    /// Microsoft's.
    Vhd,
    /// QEMU's enhanced disk.
    Qed,
}

impl Format {
    /// The word that xl knows it by.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Qcow => "qcow",
            Self::Qcow2 => "qcow2",
            Self::Vhd => "vhd",
            Self::Qed => "qed",
        }
    }

    fn parse(word: &str) -> Result<Option<Self>, SpecError> {
        Ok(Some(match word {
            "" | "raw" => Self::Raw,
            "qcow" => Self::Qcow,
            "qcow2" => Self::Qcow2,
            "vhd" => Self::Vhd,
            "qed" => Self::Qed,
            // What an empty CD drive has; the format then says nothing.
            "empty" => return Ok(None),
            _ => {
                return Err(SpecError::value(
                    "format",
                    word,
                    "xl knows raw, qcow, qcow2, vhd and qed",
                ));
            }
        }))
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether a guest may write to a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It may: `rw`.
    ReadWrite,
    /// It may not: `ro`.
    ReadOnly,
}

impl Access {
    /// The word that xl knows it by.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadWrite => "rw",
            Self::ReadOnly => "ro",
        }
    }

    fn parse(word: &str) -> Result<Self, SpecError> {
        match word {
            "rw" | "w" | "" => Ok(Self::ReadWrite),
            "ro" | "r" => Ok(Self::ReadOnly),
            _ => Err(SpecError::value(
                "access",
                word,
                "xl knows rw (or w) and ro (or r)",
            )),
        }
    }
}

impl Disk {
    /// The string for xl, in the one form that carries any path: every key named, `target` last.
    ///
    /// ```
    /// use xl_cfg::disk::{Access, Disk, Format};
    /// let disk = Disk {
    ///     target: "/vmdisks/a,b.img".into(),
    ///     format: Format::Raw,
    ///     vdev: "xvda".into(),
    ///     access: Access::ReadWrite,
    ///     cdrom: false,
    /// };
    /// assert_eq!(disk.to_spec()?, "format=raw,vdev=xvda,access=rw,target=/vmdisks/a,b.img");
    /// # Ok::<(), xl_cfg::SpecError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the target is no absolute path or holds a control character, or the vdev is none.
    pub fn to_spec(&self) -> Result<String, SpecError> {
        check_vdev(&self.vdev)?;
        check_target(&self.target, self.cdrom)?;
        let cdrom = if self.cdrom { "cdrom," } else { "" };
        // xl forces a CD drive to be read-only; to say so keeps the file honest.
        let access = if self.cdrom {
            Access::ReadOnly
        } else {
            self.access
        };
        // xl's lexer strips one comma from the end of the target.
        let end = if self.target.ends_with(',') { "," } else { "" };
        let (vdev, target) = (&self.vdev, &self.target);
        if target.is_empty() {
            return Ok(format!("vdev={vdev},access=ro,cdrom,target="));
        }
        Ok(format!(
            "format={},vdev={vdev},access={},{cdrom}target={target}{end}",
            self.format,
            access.as_str()
        ))
    }

    /// Reads a disk string in any of xl's forms: named, positional, mixed, or with an old prefix such as `phy:`.
    ///
    /// # Errors
    ///
    /// When xl would refuse it, or it has a key that this type does not hold (`script`, `backendtype`, …).
    pub fn parse(spec: &str) -> Result<Self, SpecError> {
        parse::disk(spec)
    }
}

fn check_target(target: &str, cdrom: bool) -> Result<(), SpecError> {
    if target.is_empty() {
        return if cdrom {
            Ok(())
        } else {
            Err(SpecError::Missing {
                key: "target",
                reason: "a disk needs a path; only a CD drive can be empty",
            })
        };
    }
    if let Some(control) = target.chars().find(|c| c.is_control()) {
        let reason = format!(
            "a path with the control character U+{:04X} cannot be given to xl",
            u32::from(control)
        );
        return Err(SpecError::value("target", target, reason));
    }
    if !target.starts_with('/') {
        return Err(SpecError::value(
            "target",
            target,
            "the path must be absolute; xl would look for it in /dev",
        ));
    }
    Ok(())
}

fn check_vdev(vdev: &str) -> Result<(), SpecError> {
    let rest = ["xvd", "hd", "sd"]
        .iter()
        .find_map(|bus| vdev.strip_prefix(bus));
    let letters = rest.map_or(0, |rest| {
        rest.chars().take_while(char::is_ascii_lowercase).count()
    });
    let partition = rest.map_or("", |rest| &rest[letters..]);
    if letters == 0 || !partition.chars().all(|c| c.is_ascii_digit()) {
        return Err(SpecError::value(
            "vdev",
            vdev,
            "it must be like xvda, hda or sda, with a number for a partition",
        ));
    }
    Ok(())
}
