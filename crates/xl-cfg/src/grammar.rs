//! The grammars that xl has inside strings, by name, so that one table can say which key has which.

/// The grammar of a string, or of a list's item, that xl reads further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Grammar {
    /// `disk`: xl-disk-configuration(5).
    Disk,
    /// `vif`: xl-network-configuration(5).
    Vif,
    /// `pci`: xl-pci-configuration(5).
    Pci,
    /// `usbctrl`.
    UsbCtrl,
    /// `usbdev`.
    UsbDev,
    /// `vfb`.
    Vfb,
    /// `p9`.
    P9,
    /// `channel`.
    Channel,
    /// `vtpm`.
    Vtpm,
    /// `vdispl`.
    Vdispl,
    /// `vsnd`, each item a list.
    Vsnd,
    /// `vkb`.
    Vkb,
    /// `virtio`.
    Virtio,
    /// `pvcalls`.
    Pvcalls,
    /// `rdm`.
    Rdm,
    /// `vnuma`, each item a list.
    Vnuma,
    /// `cpus` and `cpus_soft`: sets of physical processors.
    Cpus,
    /// `cpuid`.
    Cpuid,
    /// `smbios`.
    Smbios,
    /// `viridian`.
    Viridian,
    /// `ioports`.
    IoPorts,
    /// `iomem`.
    IoMem,
    /// `xenstore_quota`.
    XenstoreQuota,
    /// `llc_colors`.
    LlcColors,
    /// `arm_sci`.
    ArmSci,
}

/// A value that is either one string or a list of strings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spelling {
    /// One string, or a number.
    Text(String),
    /// A list.
    List(Vec<String>),
}
