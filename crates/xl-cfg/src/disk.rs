//! The grammar of `disk = [ … ]`.

use crate::SpecError;
use crate::keyed::Spec;
use crate::spec::{no_control, text};
use crate::words::words;

mod parse;
mod vdev;

/// One disk of a guest.
///
/// By xl-disk-configuration(5), `libxlu_disk_l.l` and `xlu_disk_parse`. Written in the one form that carries any
/// path: every key named, `target` last. Read in all of xl's forms: named, positional, mixed, and with the old prefixes
/// (`phy:`, `tap:aio:`, `nbd:`), which are never written.
///
/// # Stricter than xl
///
/// - A line break in the string: xl keeps or drops white space around one by rules that nobody would guess, and in some
///   places its lexer ends the whole program.
/// - A `=` at the very end behind a word that is no key, or a flag: xl drops it and takes the word for a path.
/// - A vdev that `libxl__device_disk_dev_number` refuses later, and the bare `xvd` that it takes for disk -1.
/// - An empty target that is no CD drive, and `format=empty` with a target: libxl refuses them when the guest starts.
/// - `grant_usage=10`, which xl reads as `grant_usage=1` and a word `0`; a `colo-port` with anything after the number.
/// - An empty value of `backend`, `script`, `vdev` and the `colo` keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disk {
    /// The file or device, an absolute path; or what the script or the backend knows the disk by. Empty only for a CD
    /// drive without a disc.
    pub target: String,
    /// How the target is laid out. It is always written, so that nothing is ever probed.
    pub format: Format,
    /// What the guest sees: `xvda`, `hda`, `sda`, or in xl's other spellings `d0p0` and `51712`.
    pub vdev: String,
    /// Whether the guest may write. xl makes every CD drive read-only.
    pub access: Access,
    /// Whether it is a CD drive.
    pub cdrom: bool,
    /// The domain that serves the disk, by name or number; Dom0 when unset.
    pub backend: Option<String>,
    /// The software that serves the disk; libxl chooses when unset.
    pub backend_type: Option<BackendType>,
    /// The program that makes a device of the target, such as `block-nbd`.
    pub script: Option<String>,
    /// Whether the disk is on no network, so that QEMU may bypass Dom0's page cache: `direct-io-safe`.
    pub direct_io_safe: bool,
    /// Whether the guest may say that blocks are free. Unset, it may when it may write (`libxl__device_disk_setdefault`).
    pub discard: Option<bool>,
    /// Whether the guest should guard itself against the backend: `untrusted`. Since Xen 4.19: the lexer that comes
    /// with 4.17 and 4.18 was generated before its source got the word, and takes it for a path.
    pub untrusted: bool,
    /// The protocol between guest and backend. Since Xen 4.17.
    pub specification: Specification,
    /// Whether a virtio disk uses grants; unset, it does when the backend is not Dom0. Since Xen 4.19.
    pub grant_usage: Option<bool>,
    /// What keeps a second copy in step; xl calls these keys unstable.
    pub colo: Colo,
}

/// The `colo` keys of a disk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Colo {
    /// Whether the disk is replicated: `colo`.
    pub enabled: bool,
    /// The second host's address.
    pub host: Option<String>,
    /// The port of the second host's NBD server.
    pub port: Option<u16>,
    /// The name of the disk at that server.
    pub export: Option<String>,
    /// Where the second host buffers its own writes.
    pub active_disk: Option<String>,
    /// Where the second host keeps what the first overwrites.
    pub hidden_disk: Option<String>,
}

words! {
    /// How an image is laid out.
    pub enum Format: exact "format" {
        /// Byte for byte.
        Raw = "raw",
        /// QEMU's first copy-on-write format.
        Qcow = "qcow",
        /// QEMU's second copy-on-write format.
        Qcow2 = "qcow2",
        /// Microsoft's.
        Vhd = "vhd",
        /// QEMU's enhanced disk.
        Qed = "qed",
    }
}

words! {
    /// Whether a guest may write to a disk.
    pub enum Access: exact "access" {
        /// It may.
        ReadWrite = "rw",
        /// It may not.
        ReadOnly = "ro",
    }
}

words! {
    /// The software that serves a disk.
    pub enum BackendType: exact "backendtype" {
        /// The kernel of the backend domain; raw only.
        Phy = "phy",
        /// QEMU.
        Qdisk = "qdisk",
        /// blktap.
        Tap = "tap",
        /// Something that only reads xenstore; virtio and raw only. Since Xen 4.17.
        Standalone = "standalone",
    }
}

words! {
    /// The protocol between guest and backend.
    pub enum Specification: exact "specification" {
        /// Xen's own, what xl takes when nothing is said.
        Xen = "xen",
        /// virtio-mmio.
        Virtio = "virtio",
    }
}

impl Disk {
    /// A raw disk that the guest may write, with nothing special.
    #[must_use]
    pub fn new(target: impl Into<String>, vdev: impl Into<String>) -> Self {
        Self {
            target: target.into(),
            format: Format::Raw,
            vdev: vdev.into(),
            access: Access::ReadWrite,
            cdrom: false,
            backend: None,
            backend_type: None,
            script: None,
            direct_io_safe: false,
            discard: None,
            untrusted: false,
            specification: Specification::Xen,
            grant_usage: None,
            colo: Colo::default(),
        }
    }

    /// The string for xl, in the one form that carries any path: every key named, `target` last.
    ///
    /// ```
    /// use xl_cfg::disk::Disk;
    /// let disk = Disk::new("/vmdisks/a,b.img", "xvda");
    /// assert_eq!(disk.to_spec()?, "format=raw,vdev=xvda,access=rw,target=/vmdisks/a,b.img");
    /// # Ok::<(), xl_cfg::SpecError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the target holds a control character, the vdev is none, or another value holds a comma.
    pub fn to_spec(&self) -> Result<String, SpecError> {
        self.check()?;
        let mut spec = Spec::default();
        if !self.target.is_empty() {
            spec.put("format", self.format);
        }
        spec.put("vdev", &self.vdev);
        // xl forces a CD drive to be read-only; to say so keeps the file honest.
        let access = if self.cdrom {
            Access::ReadOnly
        } else {
            self.access
        };
        spec.put("access", access);
        if self.cdrom {
            spec.word("cdrom");
        }
        spec.put_some("backend", self.backend.as_ref());
        spec.put_some("backendtype", self.backend_type);
        spec.put_some("script", self.script.as_ref());
        if self.direct_io_safe {
            spec.word("direct-io-safe");
        }
        match self.discard {
            Some(true) => spec.word("discard"),
            Some(false) => spec.word("no-discard"),
            None => {}
        }
        if self.untrusted {
            spec.word("untrusted");
        }
        if self.specification != Specification::Xen {
            spec.put("specification", self.specification);
        }
        spec.switch("grant_usage", self.grant_usage);
        self.colo.write(&mut spec);
        spec.put("target", &self.target);
        let mut spec = spec.finish();
        // xl's lexer strips one comma from the end of the target.
        if self.target.ends_with(',') {
            spec.push(',');
        }
        Ok(spec)
    }

    /// Reads a disk string in any of xl's forms: named, positional, mixed, or with an old prefix such as `phy:`.
    ///
    /// # Errors
    ///
    /// When xl or libxl would refuse it, or read something else than what is written.
    pub fn parse(spec: &str) -> Result<Self, SpecError> {
        let disk = parse::disk(spec)?;
        disk.check()?;
        Ok(disk)
    }

    /// The same disk, without what says no more than libxl would do anyway.
    pub(crate) fn plain(mut self) -> Self {
        let writable = self.access == Access::ReadWrite && !self.cdrom;
        self.discard = self.discard.filter(|discard| *discard != writable);
        self
    }

    /// Whether the target is a path that libxl looks for in the directory where xl is started
    /// (`libxl__device_disk_set_backend`), which is nowhere in particular. xl-disk-configuration(5) promises `/dev`
    /// instead. With a `script`, a `backend` or `backendtype=qdisk` or `tap` the target may be anything.
    #[must_use]
    pub fn is_relative(&self) -> bool {
        let elsewhere = self.script.is_some()
            || self.backend.is_some()
            || matches!(
                self.backend_type,
                Some(BackendType::Qdisk | BackendType::Tap)
            );
        !elsewhere && !self.target.is_empty() && !self.target.starts_with('/')
    }

    /// The disk with its target below `/dev`, where xl-disk-configuration(5) says that a relative one is.
    #[must_use]
    pub fn below_dev(mut self) -> Self {
        if self.is_relative() {
            self.target.insert_str(0, "/dev/");
        }
        self
    }

    fn check(&self) -> Result<(), SpecError> {
        vdev::check(&self.vdev)?;
        self.check_target()?;
        let colo = &self.colo;
        for (key, value) in [
            ("backend", &self.backend),
            ("script", &self.script),
            ("colo-host", &colo.host),
            ("colo-export", &colo.export),
            ("active-disk", &colo.active_disk),
            ("hidden-disk", &colo.hidden_disk),
        ] {
            if let Some(value) = value {
                text(key, value)?;
            }
        }
        if colo.port == Some(0) {
            return Err(SpecError::value("colo-port", "0", "xl takes no port 0"));
        }
        Ok(())
    }

    fn check_target(&self) -> Result<(), SpecError> {
        if self.target.is_empty() {
            return if self.cdrom {
                Ok(())
            } else {
                Err(SpecError::Missing {
                    key: "target",
                    reason: "a disk needs a path; only a CD drive can be empty",
                })
            };
        }
        no_control("target", &self.target)?;
        Ok(())
    }
}

impl Colo {
    fn write(&self, spec: &mut Spec) {
        if self.enabled {
            spec.word("colo");
        }
        spec.put_some("colo-host", self.host.as_ref());
        spec.put_some("colo-port", self.port);
        spec.put_some("colo-export", self.export.as_ref());
        spec.put_some("active-disk", self.active_disk.as_ref());
        spec.put_some("hidden-disk", self.hidden_disk.as_ref());
    }
}
