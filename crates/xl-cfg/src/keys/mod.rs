//! The keys that xl reads, as data: what each holds, for which guests, since which Xen, and how it can be changed.
//!
//! xl asks for keys by name and ignores the rest without a word, so the keys that it asks for are the language. The
//! table holds all of them, of Xen 4.2 to 4.23: tests compare it with the names found in the source of each version,
//! and a scenario with what a running xl asks for.
//!
//! ```
//! use xl_cfg::keys::{self, Change, GuestType};
//!
//! let vcpus = keys::get("vcpus").ok_or("no such key")?;
//! assert!(matches!(vcpus.change, Change::Live { .. }));
//! let boot = keys::get("boot").ok_or("no such key")?;
//! assert!(boot.types.contains(GuestType::Hvm) && !boot.types.contains(GuestType::Pv));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Sources: what xl reads and refuses is from Xen's `tools/xl/xl_parse.c`; what has an effect, from
//! `tools/libs/light/libxl_{create,dom,dm,x86,arm,pci}.c`; words and the names in JSON, from `libxl_types.idl`; what
//! happens at a guest's reboot, from `xl_vmcontrol.c` (`reload_domain_config`) and `libxl_domain.c`
//! (`libxl_retrieve_domain_configuration`); units and defaults, also from xl.cfg(5). The facts are those of Xen 4.23 of
//! 2026-08, unless a key says otherwise.

mod arm;
mod boot;
mod device_model;
mod devices;
mod display;
mod events;
mod identity;
mod info;
mod memory;
mod page;
mod passthrough;
mod platform;
mod processors;
mod shape;

use std::sync::LazyLock;

pub use info::{Arch, Change, Deprecated, GuestType, KeyInfo, Seen, Treatment, Types};
pub use page::reference_page;
pub use shape::{Matching, Range, Shape, Words};

/// Keys that belong together.
#[derive(Debug, Clone, Copy)]
pub struct Group {
    /// What they are about.
    pub title: &'static str,
    /// The keys, in the order in which a person would read about them.
    pub keys: &'static [KeyInfo],
}

/// The table. A new key is one entry in the file of its group.
static GROUPS: &[Group] = &[
    Group {
        title: "Name, type and identity",
        keys: identity::KEYS,
    },
    Group {
        title: "Processors and scheduling",
        keys: processors::KEYS,
    },
    Group {
        title: "Memory",
        keys: memory::KEYS,
    },
    Group {
        title: "Boot",
        keys: boot::KEYS,
    },
    Group {
        title: "What happens at shutdown",
        keys: events::KEYS,
    },
    Group {
        title: "Paravirtual devices",
        keys: devices::KEYS,
    },
    Group {
        title: "Devices of the host",
        keys: passthrough::KEYS,
    },
    Group {
        title: "Platform of an HVM guest",
        keys: platform::KEYS,
    },
    Group {
        title: "Display, sound and USB of an HVM guest",
        keys: display::KEYS,
    },
    Group {
        title: "Device model",
        keys: device_model::KEYS,
    },
    Group {
        title: "Arm",
        keys: arm::KEYS,
    },
];

static SORTED: LazyLock<Vec<&'static KeyInfo>> = LazyLock::new(|| {
    let mut keys: Vec<_> = GROUPS.iter().flat_map(|group| group.keys).collect();
    keys.sort_unstable_by_key(|info| info.name);
    keys
});

/// All keys, sorted by name.
#[must_use]
pub fn all() -> &'static [&'static KeyInfo] {
    &SORTED
}

/// What is known about a key; nothing when no xl reads it. The search takes logarithmic time.
#[must_use]
pub fn get(name: &str) -> Option<&'static KeyInfo> {
    SORTED
        .binary_search_by_key(&name, |info| info.name)
        .ok()
        .and_then(|index| SORTED.get(index).copied())
}

/// The keys in their groups, in the order of the reference page.
#[must_use]
pub fn groups() -> &'static [Group] {
    GROUPS
}
