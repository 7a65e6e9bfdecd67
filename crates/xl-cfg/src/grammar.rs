//! The grammars that xl has inside strings, by name, so that one table can say which key has which.
//!
//! Every type in the modules below reads with `parse` and writes with `to_spec`, and what one writes the other reads
//! back as the same value. Their documentation names the places in Xen's source that they follow, and under *Stricter than
//! xl* what xl would take and they do not. Three things are the same in all of them:
//!
//! - A number ends where it ends: xl's `atoi`, `strtoul` and `sscanf` stop at the first character that does not fit and
//!   forget the rest, take signs, and wrap or cut what is too large.
//! - A control character is in no value. Nothing that xl hands on could make sense of one.
//! - Only spaces between two commas are an error; some grammars of xl refuse them, some skip them, and some drop
//!   everything behind them.

use crate::SpecError;
use crate::arm_sci::ArmSci;
use crate::channel::Channel;
use crate::cpuid::Cpuid;
use crate::cpus::Cpus;
use crate::disk::Disk;
use crate::iomem::IoMem;
use crate::ioports::IoPorts;
use crate::llc_colors::LlcColors;
use crate::p9::P9;
use crate::pci::Pci;
use crate::pvcalls::Pvcalls;
use crate::rdm::Rdm;
use crate::smbios::Smbios;
use crate::usbctrl::UsbCtrl;
use crate::usbdev::UsbDev;
use crate::vdispl::Vdispl;
use crate::vfb::Vfb;
use crate::vif::Vif;
use crate::viridian::Viridian;
use crate::virtio::Virtio;
use crate::vkb::Vkb;
use crate::vnuma::VirtualNode;
use crate::vsnd::Vsnd;
use crate::vtpm::Vtpm;
use crate::xenstore_quota::XenstoreQuota;

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

/// What one thing of a grammar is in the value of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// The value is a list, and each of its strings a thing by itself: `disk`.
    Item,
    /// The value is a list of lists, and each of these a thing by itself: `vnuma`.
    ItemList,
    /// The value is a list, whose strings are one thing together: `smbios`.
    List,
    /// The value is one string: `rdm`.
    Text,
    /// The value is one string (or number), or a list whose strings are one thing together: `cpus`.
    TextOrList,
}

impl Grammar {
    /// All of them.
    pub const ALL: [Self; 25] = [
        Self::Disk,
        Self::Vif,
        Self::Pci,
        Self::UsbCtrl,
        Self::UsbDev,
        Self::Vfb,
        Self::P9,
        Self::Channel,
        Self::Vtpm,
        Self::Vdispl,
        Self::Vsnd,
        Self::Vkb,
        Self::Virtio,
        Self::Pvcalls,
        Self::Rdm,
        Self::Vnuma,
        Self::Cpus,
        Self::Cpuid,
        Self::Smbios,
        Self::Viridian,
        Self::IoPorts,
        Self::IoMem,
        Self::XenstoreQuota,
        Self::LlcColors,
        Self::ArmSci,
    ];

    /// The key that has this grammar; of two such keys the first.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Disk => "disk",
            Self::Vif => "vif",
            Self::Pci => "pci",
            Self::UsbCtrl => "usbctrl",
            Self::UsbDev => "usbdev",
            Self::Vfb => "vfb",
            Self::P9 => "p9",
            Self::Channel => "channel",
            Self::Vtpm => "vtpm",
            Self::Vdispl => "vdispl",
            Self::Vsnd => "vsnd",
            Self::Vkb => "vkb",
            Self::Virtio => "virtio",
            Self::Pvcalls => "pvcalls",
            Self::Rdm => "rdm",
            Self::Vnuma => "vnuma",
            Self::Cpus => "cpus",
            Self::Cpuid => "cpuid",
            Self::Smbios => "smbios",
            Self::Viridian => "viridian",
            Self::IoPorts => "ioports",
            Self::IoMem => "iomem",
            Self::XenstoreQuota => "xenstore_quota",
            Self::LlcColors => "llc_colors",
            Self::ArmSci => "arm_sci",
        }
    }

    /// What one thing of this grammar is in the value of its key.
    #[must_use]
    pub const fn unit(self) -> Unit {
        match self {
            Self::Vsnd | Self::Vnuma => Unit::ItemList,
            Self::Smbios => Unit::List,
            Self::Rdm | Self::ArmSci => Unit::Text,
            Self::Cpus | Self::Cpuid | Self::Viridian => Unit::TextOrList,
            _ => Unit::Item,
        }
    }

    /// The spelling that `to_spec` gives a string, so that two spellings of one thing become equal.
    ///
    /// For [`Unit::Item`] and [`Unit::List`] it takes one string of the list, otherwise the string that is the value.
    ///
    /// ```
    /// use xl_cfg::Grammar;
    /// let long = Grammar::Disk.canonical("format=raw, vdev=xvda, access=w, discard, target=/a")?;
    /// assert_eq!(Grammar::Disk.canonical("/a,,xvda")?, long);
    /// # Ok::<(), xl_cfg::SpecError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the string has a mistake, or the value must be a list of strings ([`Unit::ItemList`]).
    pub fn canonical(self, item: &str) -> Result<String, SpecError> {
        match self {
            Self::Disk => Disk::parse(item)?.plain().to_spec(),
            Self::Vif => Vif::parse(item)?.to_spec(),
            Self::Pci => Pci::parse(item)?.to_spec(),
            Self::UsbCtrl => UsbCtrl::parse(item)?.to_spec(),
            Self::UsbDev => UsbDev::parse(item)?.to_spec(),
            Self::Vfb => Vfb::parse(item)?.to_spec(),
            Self::P9 => P9::parse(item)?.to_spec(),
            Self::Channel => Channel::parse(item)?.to_spec(),
            Self::Vtpm => Vtpm::parse(item)?.to_spec(),
            Self::Vdispl => Vdispl::parse(item)?.to_spec(),
            Self::Vkb => Vkb::parse(item)?.to_spec(),
            Self::Virtio => Virtio::parse(item)?.to_spec(),
            Self::Pvcalls => Pvcalls::parse(item)?.to_spec(),
            Self::Rdm => Rdm::parse(item)?.to_spec(),
            Self::Smbios => Smbios::parse(item)?.to_spec(),
            Self::IoPorts => IoPorts::parse(item)?.to_spec(),
            Self::IoMem => IoMem::parse(item)?.to_spec(),
            Self::XenstoreQuota => XenstoreQuota::parse(item)?.to_spec(),
            Self::LlcColors => LlcColors::parse(item)?.to_spec(),
            Self::ArmSci => ArmSci::parse(item)?.to_spec(),
            Self::Cpus => self.text(item, Cpus::parse(item)?.to_spec()?),
            Self::Cpuid => self.text(item, Cpuid::parse(item)?.to_spec()?),
            Self::Viridian => self.text(item, Viridian::parse(item)?.to_spec()?),
            Self::Vsnd | Self::Vnuma => Err(SpecError::value(
                self.key(),
                item,
                "each item must be a list of strings, between [ and ]",
            )),
        }
    }

    /// The spelling that `to_spec` gives a list of strings.
    ///
    /// For [`Unit::Item`], [`Unit::List`] and [`Unit::TextOrList`] it takes the list that is the value, for
    /// [`Unit::ItemList`] one of the lists in it.
    ///
    /// # Errors
    ///
    /// When a string has a mistake, or they do not go together, or the value must be one string ([`Unit::Text`]).
    pub fn canonical_list(self, items: &[&str]) -> Result<Vec<String>, SpecError> {
        match self {
            Self::Cpus => self.list(Cpus::parse_list(items)?.to_spec()?),
            Self::Cpuid => self.list(Cpuid::parse_list(items)?.to_spec()?),
            Self::Viridian => self.list(Viridian::parse_list(items)?.to_spec()?),
            Self::Vsnd => Vsnd::parse(items)?.to_spec(),
            Self::Vnuma => VirtualNode::parse(items)?.to_spec(),
            Self::Smbios => {
                let texts = items.iter().map(|item| Smbios::parse(item));
                let mut texts = texts.collect::<Result<Vec<_>, _>>()?;
                Smbios::check_all(&texts)?;
                // Only `oem` comes more than once, and keeps its order.
                texts.sort_by_key(|text| text.field);
                texts.iter().map(Smbios::to_spec).collect()
            }
            Self::Rdm | Self::ArmSci => Err(self.one_string()),
            _ => items.iter().map(|item| self.canonical(item)).collect(),
        }
    }

    /// The spelling that `to_spec` gives a list of lists: the value of a key with [`Unit::ItemList`].
    ///
    /// # Errors
    ///
    /// When a string has a mistake, or the lists do not go together, or this grammar has no lists of lists.
    pub fn canonical_lists(self, items: &[&[&str]]) -> Result<Vec<Vec<String>>, SpecError> {
        match self {
            Self::Vnuma => {
                let nodes = items.iter().map(|options| VirtualNode::parse(options));
                let nodes = nodes.collect::<Result<Vec<_>, _>>()?;
                VirtualNode::check_all(&nodes)?;
                nodes.iter().map(VirtualNode::to_spec).collect()
            }
            Self::Vsnd => items.iter().map(|item| self.canonical_list(item)).collect(),
            Self::Rdm | Self::ArmSci => Err(self.one_string()),
            _ => Err(SpecError::unknown(
                self.key(),
                "it has no lists within its list; write a string for each item",
            )),
        }
    }

    fn one_string(self) -> SpecError {
        SpecError::unknown(self.key(), "it must be one string, not a list")
    }

    fn text(self, item: &str, spelling: Spelling) -> Result<String, SpecError> {
        match spelling {
            Spelling::Text(text) => Ok(text),
            Spelling::List(_) => Err(SpecError::value(self.key(), item, "it must be a list")),
        }
    }

    fn list(self, spelling: Spelling) -> Result<Vec<String>, SpecError> {
        match spelling {
            Spelling::List(items) => Ok(items),
            Spelling::Text(_) => Err(self.one_string()),
        }
    }
}

/// A value that is either one string or a list of strings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spelling {
    /// One string, or a number.
    Text(String),
    /// A list.
    List(Vec<String>),
}
