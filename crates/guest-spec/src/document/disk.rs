//! A guest's disks.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Detach;
use crate::ByteSize;
use crate::words::words;

/// A disk of a guest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own"
)]
pub struct Disk {
    /// What the declaration calls it: `disks.<name>`.
    pub name: String,
    /// The image or block device in the Dom0; or what a script or a driver domain knows the disk by. Null for a CD
    /// drive without a disc.
    #[serde(default)]
    pub path: Option<String>,
    /// The declared mount that holds it, other than `/`; no image is made there unless it is mounted.
    #[serde(default)]
    pub mount_point: Option<String>,
    /// The size of an image that is made; null where the disk is not made by Domus.
    #[serde(default)]
    pub size: Option<ByteSize>,
    /// The image's format. Never probed: a guest could write another's signature into a raw disk.
    pub format: DiskFormat,
    /// The name in the guest: `xvda`.
    pub vdev: String,
    /// Where it stands among the guest's disks, the first of which boots, when that is not what its vdev says.
    #[serde(default)]
    pub order: Option<u32>,
    /// Whether the guest may only read it.
    #[serde(default)]
    pub read_only: bool,
    /// Whether it is a CD-ROM.
    #[serde(default)]
    pub cdrom: bool,
    /// The file system that a new image gets.
    #[serde(default)]
    pub filesystem: Option<FileSystem>,
    /// The domain that serves it, by name or number; the Dom0 when null.
    #[serde(default)]
    pub backend: Option<String>,
    /// The software that serves it; libxl chooses when null.
    #[serde(default)]
    pub backend_type: Option<DiskBackend>,
    /// The program that makes a device of `path`.
    #[serde(default)]
    pub script: Option<String>,
    /// Whether it is on no network, so that QEMU may bypass the Dom0's page cache.
    #[serde(default)]
    pub direct_io_safe: bool,
    /// Whether the guest may say that blocks are free; when null, it may where it may write.
    #[serde(default)]
    pub discard: Option<bool>,
    /// Whether the guest need not guard itself against the domain that serves it.
    #[serde(default = "yes")]
    pub trusted: bool,
    /// The protocol between the guest and what serves it; Xen's own when null.
    #[serde(default)]
    pub specification: Option<DiskSpecification>,
    /// Whether a virtio disk uses grants; when null, it does where the Dom0 does not serve it.
    #[serde(default)]
    pub grant_usage: Option<bool>,
    /// When the disk is taken from the running guest, once it is no longer declared.
    #[serde(default)]
    pub detach: Detach,
    /// Its copy on another host.
    #[serde(default)]
    pub colo: DiskColo,
}

pub(super) const fn yes() -> bool {
    true
}

impl Disk {
    /// Whether the guest may write to it; a CD-ROM is only ever read.
    #[must_use]
    pub const fn is_writable(&self) -> bool {
        !self.read_only && !self.cdrom
    }

    /// The file or device of the Dom0 that it is; nothing for what only a script or a driver domain knows,
    /// and for a CD drive without a disc.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        let path = self.path.as_deref()?;
        let here = self.script.is_none() && self.driver_domain().is_none();
        (here && path.starts_with('/')).then_some(path)
    }

    /// The domain that serves it, where that is not the Dom0.
    #[must_use]
    pub fn driver_domain(&self) -> Option<&str> {
        self.backend.as_deref().filter(|backend| !is_dom0(backend))
    }

    /// Whether it is a virtio disk, which something that only reads xenstore serves.
    #[must_use]
    pub fn is_virtio(&self) -> bool {
        self.specification == Some(DiskSpecification::Virtio)
    }
}

/// Whether a `backend` names the Dom0 itself. What has digits only is a number to libxl, however many zeros it is
/// (`libxl_domain_qualifier_to_domid` in `libxl_utils.c`).
#[must_use]
pub fn is_dom0(backend: &str) -> bool {
    backend == "Domain-0" || backend.bytes().all(|byte| byte == b'0')
}

/// An image's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DiskFormat {
    /// The disk's bytes, as they are.
    Raw,
    /// QEMU's copy-on-write format.
    Qcow2,
    /// QEMU's first copy-on-write format.
    Qcow,
    /// Microsoft's.
    Vhd,
    /// QEMU's enhanced disk.
    Qed,
}

impl DiskFormat {
    /// As xl.cfg writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Qcow2 => "qcow2",
            Self::Qcow => "qcow",
            Self::Vhd => "vhd",
            Self::Qed => "qed",
        }
    }
}

words! {
    /// The software that serves a disk.
    DiskBackend {
        /// The kernel of the domain that serves it; block devices only.
        Phy = "phy",
        /// QEMU.
        Qdisk = "qdisk",
        /// blktap.
        Tap = "tap",
        /// Something that only reads xenstore; virtio disks only.
        Standalone = "standalone",
    }
}

words! {
    /// The protocol between the guest and what serves its disk.
    DiskSpecification {
        /// Xen's own.
        Xen = "xen",
        /// virtio-mmio.
        Virtio = "virtio",
    }
}

/// What keeps a second copy of a disk in step: Xen's COLO.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct DiskColo {
    /// Whether the disk is replicated.
    pub enable: bool,
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

/// The file system that a new image gets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FileSystem {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: FileSystemType,
    /// Its label, at most 16 bytes.
    #[serde(default)]
    pub label: Option<String>,
}

/// A file system that Domus makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FileSystemType {
    /// ext4
    Ext4,
    /// ext3
    Ext3,
    /// ext2
    Ext2,
}
