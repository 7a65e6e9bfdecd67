//! What the table says of one key.

use super::Shape;

/// What is known about a key.
///
/// The default of most fields is what holds for most keys: every guest type, every architecture, every Xen since 4.2
/// (the oldest that was looked at), and a change that waits for the next boot.
#[derive(Debug, Clone, Copy)]
pub struct KeyInfo {
    /// Its name.
    pub name: &'static str,
    /// What its value looks like.
    pub shape: Shape,
    /// The guest types on which it has an effect. On the others xl ignores it without a word, unless they are in
    /// [`KeyInfo::refused`](field@KeyInfo::refused).
    pub types: Types,
    /// The guest types on which setting it makes the guest fail: xl, libxl or Xen refuses it.
    pub refused: Types,
    /// Where it has an effect; elsewhere it has none, and the note says so when libxl refuses it there.
    pub arch: Arch,
    /// The first Xen that reads it, by its minor version (4.N); none when 4.2 did.
    pub since: Option<u32>,
    /// The last Xen that reads it, by its minor version; none when the newest does.
    pub until: Option<u32>,
    /// Whether something else should be written instead.
    pub deprecated: Option<Deprecated>,
    /// What it takes for a new value to reach a guest that runs.
    pub change: Change,
    /// Where its value is to be seen on a running guest.
    pub observed: &'static [Seen],
    /// What holds when it is not set; empty when that is simply nothing.
    pub default: &'static str,
    /// What it is for, in one line.
    pub about: &'static str,
    /// What surprises; often empty.
    pub note: &'static str,
    /// Whether its value must not be shown.
    pub secret: bool,
}

/// The types of guests that `type` chooses from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GuestType {
    /// Paravirtual.
    Pv,
    /// Hardware-virtualised without a device model; on Arm, every guest.
    Pvh,
    /// Hardware-virtualised with a device model.
    Hvm,
}

impl GuestType {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Pv, Self::Pvh, Self::Hvm];

    /// The word for it in `type`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pv => "pv",
            Self::Pvh => "pvh",
            Self::Hvm => "hvm",
        }
    }
}

/// A set of guest types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Types(u8);

impl Types {
    /// None.
    pub const NONE: Self = Self(0);
    /// PV alone.
    pub const PV: Self = Self(1);
    /// PVH alone.
    pub const PVH: Self = Self(2);
    /// HVM alone.
    pub const HVM: Self = Self(4);
    /// PV and PVH.
    pub const PV_PVH: Self = Self(3);
    /// PV and HVM.
    pub const PV_HVM: Self = Self(5);
    /// PVH and HVM.
    pub const PVH_HVM: Self = Self(6);
    /// All three.
    pub const ALL: Self = Self(7);

    /// Whether a type is in it.
    #[must_use]
    pub const fn contains(self, guest: GuestType) -> bool {
        let bit = match guest {
            GuestType::Pv => 1,
            GuestType::Pvh => 2,
            GuestType::Hvm => 4,
        };
        self.0 & bit != 0
    }

    /// The types in it.
    pub fn iter(self) -> impl Iterator<Item = GuestType> {
        GuestType::ALL
            .into_iter()
            .filter(move |guest| self.contains(*guest))
    }
}

/// An architecture of Xen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arch {
    /// All.
    Any,
    /// x86.
    X86,
    /// Arm.
    Arm,
}

/// A spelling that has a better one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deprecated {
    /// The Xen that brought the better one, by its minor version; none when 4.2 had it.
    pub since: Option<u32>,
    /// What to write instead.
    pub instead: &'static str,
    /// What xl does with it.
    pub treatment: Treatment,
}

/// What xl does with a deprecated key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    /// It does what the key says, without a word.
    Silent,
    /// It does what the key says, and warns.
    Warns,
    /// It warns and does nothing.
    Ignores,
    /// It does nothing, without a word.
    SilentlyIgnores,
}

/// What it takes for a new value to reach a guest that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// A command changes it while the guest runs. [`Change::NextBoot`] reaches it as well.
    Live {
        /// The command or commands.
        how: &'static str,
        /// What they cannot do, and how long it lasts.
        limits: &'static str,
    },
    /// The guest has to boot again: it is created anew from its file, or `xl config-update` stores the file and the
    /// guest reboots by itself. (xl reads the stored text only then: where it refuses it, the guest stays shut down.)
    NextBoot,
    /// It is what the guest is known by. Xen would take a new value at the next boot, but to everything that knows the
    /// guest by the old one it would be another guest: destroy and create it.
    Recreate(&'static str),
    /// No value has any effect, in the newest Xen.
    Nothing(&'static str),
}

/// Where the value of a key is to be seen on a running guest.
///
/// A path into the JSON of `xl list -l` is a JSON Pointer (RFC 6901) from an item's `config`, in which `*` stands for
/// each item of a list. What equals libxl's default is left out of that JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// In `xl list -l`, brought up to date when it is asked for.
    Now(&'static str),
    /// In `xl list -l`, as it was when the guest was created.
    Created(&'static str),
    /// In the output of a command.
    By(&'static str),
    /// In xenstore, below `/local/domain/<domid>`.
    Xenstore(&'static str),
}

impl Seen {
    /// The path into the JSON of `xl list -l`, if that is where.
    #[must_use]
    pub const fn pointer(self) -> Option<&'static str> {
        match self {
            Self::Now(pointer) | Self::Created(pointer) => Some(pointer),
            Self::By(_) | Self::Xenstore(_) => None,
        }
    }
}

/// A key of which everything else is as for most.
pub(super) const fn key(name: &'static str, shape: Shape, about: &'static str) -> KeyInfo {
    KeyInfo {
        name,
        shape,
        types: Types::ALL,
        refused: Types::NONE,
        arch: Arch::Any,
        since: None,
        until: None,
        deprecated: None,
        change: Change::NextBoot,
        observed: &[],
        default: "",
        about,
        note: "",
        secret: false,
    }
}

impl KeyInfo {
    /// Whether a Xen reads it, by its minor version (4.N).
    #[must_use]
    pub fn read_by(&self, minor: u32) -> bool {
        self.since.is_none_or(|since| since <= minor)
            && self.until.is_none_or(|until| minor <= until)
    }

    pub(super) const fn on(mut self, types: Types) -> Self {
        self.types = types;
        self
    }

    pub(super) const fn refused(mut self, types: Types) -> Self {
        self.refused = types;
        self
    }

    pub(super) const fn arch(mut self, arch: Arch) -> Self {
        self.arch = arch;
        self
    }

    pub(super) const fn since(mut self, minor: u32) -> Self {
        self.since = Some(minor);
        self
    }

    pub(super) const fn until(mut self, minor: u32) -> Self {
        self.until = Some(minor);
        self
    }

    pub(super) const fn old(
        mut self,
        since: Option<u32>,
        instead: &'static str,
        treatment: Treatment,
    ) -> Self {
        self.deprecated = Some(Deprecated {
            since,
            instead,
            treatment,
        });
        self
    }

    pub(super) const fn live(mut self, how: &'static str, limits: &'static str) -> Self {
        self.change = Change::Live { how, limits };
        self
    }

    pub(super) const fn change(mut self, change: Change) -> Self {
        self.change = change;
        self
    }

    pub(super) const fn seen(mut self, observed: &'static [Seen]) -> Self {
        self.observed = observed;
        self
    }

    pub(super) const fn default(mut self, default: &'static str) -> Self {
        self.default = default;
        self
    }

    pub(super) const fn note(mut self, note: &'static str) -> Self {
        self.note = note;
        self
    }

    pub(super) const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }
}
