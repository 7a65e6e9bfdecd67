//! The types of `guests.json`. Their doc comments are the schema's descriptions.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Mib;

mod cpu;
mod device_model;
mod disk;
mod firmware;
mod graphics;
mod lifecycle;
mod network;
mod pci;
mod shares;
mod usb;
pub(crate) mod vdev;

pub use cpu::{Cpu, OneOrMany, Time, TimerMode, TscMode, Viridian, Vnode};
pub use device_model::{DeviceModel, DeviceModelVersion, Stubdomain};
pub use disk::{
    Disk, DiskBackend, DiskColo, DiskFormat, DiskSpecification, FileSystem, FileSystemType, is_dom0,
};
pub use firmware::{Bios, BootDevice, Firmware, HdType, PvShim};
pub use graphics::{Graphics, ImageCompression, Sdl, Spice, StreamingVideo, Vga, Vnc};
pub use lifecycle::{
    AutostartManager, Detach, Lifecycle, OnChange, OnHostShutdown, OnRemove, OnStaleSave,
    OnTimeout, Ready, Startup,
};
pub use network::{Network, VifType};
pub use pci::{GfxKind, GfxPassthru, Passthrough, Pci, PciDevice, Rdm, RdmPolicy, RdmStrategy};
pub use shares::{Channel, Connection, MultiTouch, Share, ShareType, Vkb, VkbBackend, Vtpm};
pub use usb::{Usb, UsbController, UsbControllerType, UsbDevice};

/// What is declared of this Dom0's guests. Written by `modules/dom0`, read by `domus`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Document {
    /// The version of this format: 1.
    pub version: u32,
    /// The folder of xl configurations; `auto` below it is what xendomains starts.
    #[serde(default = "default_config_dir")]
    pub config_dir: String,
    /// Who starts guests with the Dom0.
    #[serde(default)]
    pub autostart_manager: AutostartManager,
    /// The bridges that Domus makes.
    #[serde(default)]
    pub bridges: Vec<Bridge>,
    /// The enabled guests.
    pub guests: Vec<Guest>,
}

fn default_config_dir() -> String {
    "/etc/xen".to_owned()
}

/// A bridge of the Dom0 for guests' vifs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Bridge {
    /// The interface's name, at most 15 characters.
    pub name: String,
    /// The Dom0's own address on it, with its prefix length: `10.10.0.1/24`.
    #[serde(default)]
    pub address: Option<String>,
    /// The interface of the Dom0 that becomes a port of it.
    #[serde(default)]
    pub uplink: Option<String>,
}

/// A guest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Guest {
    /// The domain's name.
    pub name: String,
    /// How the guest is virtualised.
    #[serde(rename = "type")]
    pub guest_type: GuestType,
    /// The domain's UUID, the same at every start; it is how Domus knows its own.
    pub uuid: Uuid,
    /// Memory at start, in MiB.
    pub memory_mib: Mib,
    /// The most memory that the guest can be given while it runs, in MiB; `memoryMib` when null.
    #[serde(default)]
    pub max_memory_mib: Option<Mib>,
    /// Virtual CPUs at start.
    pub vcpus: u32,
    /// The most virtual CPUs that the guest can be given while it runs; `vcpus` when null.
    #[serde(default)]
    pub max_vcpus: Option<u32>,
    /// What the guest boots.
    pub boot: Boot,
    /// Its disks.
    #[serde(default)]
    pub disks: Vec<Disk>,
    /// Its network interfaces, in the order in which the guest numbers them.
    #[serde(default)]
    pub networks: Vec<Network>,
    /// Whether it starts with the Dom0.
    #[serde(default)]
    pub autostart: bool,
    /// When it does.
    #[serde(default)]
    pub startup: Startup,
    /// What becomes of it when its declaration, or its host, changes.
    #[serde(default)]
    pub lifecycle: Lifecycle,
    /// What happens when the guest powers off.
    pub on_poweroff: Action,
    /// What happens when the guest reboots.
    pub on_reboot: Action,
    /// What happens when the guest crashes.
    pub on_crash: Action,
    /// What happens when the guest's watchdog runs out.
    #[serde(default)]
    pub on_watchdog: Option<Action>,
    /// What happens when the guest asks for a soft reset.
    #[serde(default)]
    pub on_soft_reset: Option<Action>,
    /// Where its vCPUs run, how much they get, and what they look like.
    #[serde(default)]
    pub cpu: Cpu,
    /// The NUMA nodes that it sees.
    #[serde(default)]
    pub vnuma: Vec<Vnode>,
    /// Its clocks.
    #[serde(default)]
    pub time: Time,
    /// Microsoft's Hyper-V interfaces.
    #[serde(default)]
    pub viridian: Option<Viridian>,
    /// What its machine starts with.
    #[serde(default)]
    pub firmware: Firmware,
    /// PCI devices of the host.
    #[serde(default)]
    pub pci: Pci,
    /// Its USB.
    #[serde(default)]
    pub usb: Usb,
    /// Its screen.
    #[serde(default)]
    pub graphics: Graphics,
    /// Folders that it can mount.
    #[serde(default)]
    pub shares: Vec<Share>,
    /// Byte streams to the Dom0.
    #[serde(default)]
    pub channels: Vec<Channel>,
    /// Its virtual TPM.
    #[serde(default)]
    pub vtpm: Vtpm,
    /// Paravirtual input devices.
    #[serde(default)]
    pub vkb: Vec<Vkb>,
    /// Its QEMU.
    #[serde(default)]
    pub device_model: DeviceModel,
    /// Whether it is a PV guest in a PVH container.
    #[serde(default)]
    pub pv_shim: PvShim,
    /// Further keys of xl.cfg.
    #[serde(default)]
    pub settings: BTreeMap<String, Setting>,
}

/// How a guest is virtualised; xl.cfg's `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum GuestType {
    /// Paravirtualised.
    Pv,
    /// Hardware-assisted, without an emulated machine.
    Pvh,
    /// Hardware-assisted, with an emulated PC.
    Hvm,
}

impl GuestType {
    /// As xl.cfg writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pv => "pv",
            Self::Pvh => "pvh",
            Self::Hvm => "hvm",
        }
    }
}

/// What a guest boots.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Boot {
    /// Who finds the kernel.
    pub bootloader: Bootloader,
    /// The kernel in the Dom0's file system; for `pvgrub`, GRUB's Xen image.
    #[serde(default)]
    pub kernel: Option<String>,
    /// The initial RAM disk in the Dom0's file system.
    #[serde(default)]
    pub initrd: Option<String>,
    /// The kernel's command line.
    #[serde(default)]
    pub cmdline: Option<String>,
}

/// Who finds a guest's kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Bootloader {
    /// pygrub reads the guest's grub.cfg in the Dom0.
    Pygrub,
    /// GRUB's Xen image runs inside the guest and reads its grub.cfg there.
    Pvgrub,
    /// The Dom0 gives kernel, initial RAM disk and command line.
    Direct,
    /// The emulated PC's firmware.
    Firmware,
}

impl Bootloader {
    /// As the option is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pygrub => "pygrub",
            Self::Pvgrub => "pvgrub",
            Self::Direct => "direct",
            Self::Firmware => "firmware",
        }
    }

    /// Whether it reads the guest's own disk before the guest's kernel runs.
    #[must_use]
    pub const fn reads_disk(self) -> bool {
        matches!(self, Self::Pygrub | Self::Pvgrub)
    }
}

/// What happens to a domain that ended; xl.cfg's `on_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// The domain goes.
    Destroy,
    /// It is created anew.
    Restart,
    /// It is kept under another name, and created anew.
    RenameRestart,
    /// It is kept as it is.
    Preserve,
    /// Its memory is written to `/var/lib/xen/dump`, then it goes.
    CoredumpDestroy,
    /// Its memory is written to `/var/lib/xen/dump`, then it is created anew.
    CoredumpRestart,
    /// It is reset in place, where its type can be.
    SoftReset,
}

impl Action {
    /// As xl.cfg writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Destroy => "destroy",
            Self::Restart => "restart",
            Self::RenameRestart => "rename-restart",
            Self::Preserve => "preserve",
            Self::CoredumpDestroy => "coredump-destroy",
            Self::CoredumpRestart => "coredump-restart",
            Self::SoftReset => "soft-reset",
        }
    }
}

/// A free-form value of xl.cfg.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "a setting is a string, a whole number, true, false, or a list of these"
)]
pub enum Setting {
    /// Written 1 or 0.
    Boolean(bool),
    /// A number.
    Integer(i64),
    /// A string.
    String(String),
    /// A list.
    List(Vec<Setting>),
}

impl Guest {
    /// The most memory that the guest can be given while it runs.
    #[must_use]
    pub fn max_memory(&self) -> Mib {
        self.max_memory_mib.unwrap_or(self.memory_mib)
    }

    /// The most virtual CPUs that the guest can be given while it runs.
    #[must_use]
    pub fn most_vcpus(&self) -> u32 {
        self.max_vcpus.unwrap_or(self.vcpus)
    }

    /// The disks as xl is to get them: those that can be booted first, in the order of their vdevs, or as is said.
    ///
    /// libxl gives the first disk of its list to the bootloader, whatever its vdev
    /// (`libxl_create.c`, `initiate_domain_create`: `bl.disk = &d_config->disks[0]`).
    #[must_use]
    pub fn disks_in_boot_order(&self) -> Vec<&Disk> {
        let mut disks: Vec<_> = self.disks.iter().collect();
        let by_vdev = disks.iter().all(|disk| disk.order.is_none());
        let rank = |disk: &Disk| match disk.order {
            _ if by_vdev => 0,
            Some(order) => order,
            None => vdev::place(&disk.vdev).map_or(u32::MAX, |place| place.disk),
        };
        // CD drives stand last, but where it is said where they stand.
        disks.sort_by_cached_key(|disk| {
            (
                disk.cdrom && disk.order.is_none(),
                rank(disk),
                vdev::position(&disk.vdev),
            )
        });
        disks
    }

    /// The disk that pygrub and GRUB's Xen image look at first.
    #[must_use]
    pub fn boot_disk(&self) -> Option<&Disk> {
        self.disks_in_boot_order()
            .into_iter()
            .find(|disk| !disk.cdrom)
    }
}
