//! What a plan says of a guest beside its steps: how it differs, and what a person may want to know.

use guest_spec::{ByteSize, OnRemove};
use uuid::Uuid;

use crate::domains::State;
use crate::saves::Aside;

/// A key of xl.cfg, or a device, in which a running guest is not as it is declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The key.
    pub key: String,
    /// For a device, its name in the guest: its vdev, or its hardware address.
    pub device: Option<String>,
    /// What the running guest has; empty for nothing.
    pub running: String,
    /// What is declared; empty for nothing.
    pub declared: String,
    /// When it takes effect.
    pub when: When,
}

/// When a change takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// While the guest runs, by a step of this plan.
    Now,
    /// By a step of this plan that restarts the guest.
    AtRestart,
    /// When the guest boots, by itself or by others.
    AtNextBoot,
    /// When the guest is shut down and started again: its own reboot keeps what it is known by.
    AtNextStart,
    /// Not: it was made by hand, and is left.
    Never,
}

impl When {
    /// As a word, for programs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Now => "now",
            Self::AtRestart => "restart",
            Self::AtNextBoot => "next-boot",
            Self::AtNextStart => "next-start",
            Self::Never => "drift",
        }
    }
}

/// Who has a disk that is to grow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// Its guest, which runs or is paused.
    Running,
    /// Its guest, which is saved: its memory holds the file systems as they are.
    Saved,
    /// Somebody else, in words.
    By(String),
    /// Nobody can tell; why.
    Unknown(String),
}

/// Something that a person may want to know, and that nothing is done about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// Keys of which nobody can tell what the running guest has.
    Unknown {
        /// The keys of xl.cfg.
        keys: Vec<String>,
    },
    /// The guest was stopped, and stays so.
    Stopped,
    /// The guest has no domain, and is about to have one: it reboots by itself, or somebody starts it; who does it.
    ComesBack(String),
    /// The guest is saved, and only its save file may start it.
    Saved {
        /// Whether xendomains restores it when the Dom0 starts, and not Domus.
        by_xendomains: bool,
    },
    /// The guest's disk holds no system yet.
    EmptyDisk {
        /// The disk's name.
        disk: String,
        /// Its path.
        path: String,
    },
    /// A guest that is no longer declared is saved: nothing of it is lost, and Domus does not restore it.
    SavedAndRemoved {
        /// Its save file.
        path: String,
        /// Whether xendomains restores it at the next boot.
        restored_at_boot: bool,
        /// What becomes of it then.
        then: OnRemove,
    },
    /// A disk is to grow, and somebody has it.
    GrowsLater {
        /// The disk's name.
        disk: String,
        /// Its path.
        path: String,
        /// How large it is now, in bytes.
        from_bytes: u64,
        /// How large it is to be.
        to: ByteSize,
        /// Who has it.
        held: Held,
    },
    /// A disk cannot have the size that is declared of it, and the guest may use it as it is.
    Size {
        /// The disk's name.
        disk: String,
        /// Why, and what to do.
        why: String,
    },
    /// A guest that is no longer declared still runs, as it was declared to (`onRemove = "keep"`).
    StillRuns {
        /// The domain.
        domid: u32,
    },
    /// A guest that is no longer declared left its disks.
    Orphaned {
        /// Their paths.
        paths: Vec<String>,
    },
    /// A running guest is not in a state to be changed.
    NotRunning(State),
    /// VNC uses no more than the first bytes of the guest's password.
    LongPassword {
        /// The file that holds it.
        path: String,
    },
    /// A save file that Domus moved aside lies there still.
    SetAside(Aside),
    /// The guest's save file cannot be restored, and is not moved aside now.
    BrokenSave {
        /// The guest's domain, which is there.
        domid: Option<u32>,
        /// What is wrong with it.
        why: String,
    },
    /// The guest is suspended beside its save file: it is being saved, or the xl that saved it was killed.
    Suspended {
        /// The domain.
        domid: u32,
        /// What is wrong with the file; nothing where it is whole.
        why: Option<String>,
    },
    /// The declaration changed since the guest was saved.
    StaleSave {
        /// The keys of xl.cfg, and devices, that are declared otherwise.
        keys: Vec<String>,
        /// Whether the file is to be moved aside when the guest starts with the Dom0.
        discard: bool,
    },
    /// What stands under the guest's name in the save folder is nothing that xl wrote.
    NotASave {
        /// What it is.
        what: &'static str,
    },
    /// The file under the guest's name is of another domain.
    OthersSave {
        /// That one's UUID.
        uuid: Uuid,
    },
}
