//! What a plan consists of: its steps, each with its reason, its risk and its time.

use disk_image::Growth;
use guest_spec::{ByteSize, Mib};

use crate::save_file::SaveFile;
use crate::saves::Reason;
use crate::secret::ConfigText;

/// A change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Make an image that was never there.
    MakeImage {
        /// The disk's name.
        disk: String,
        /// Its path in the Dom0.
        path: String,
        /// Its size.
        size: ByteSize,
    },
    /// Make an image larger, or finish doing so.
    GrowImage {
        /// The disk's name.
        disk: String,
        /// Its path in the Dom0.
        path: String,
        /// What is to be grown.
        growth: Growth,
        /// The size that is declared.
        to: ByteSize,
    },
    /// Undo what a run that was killed began to grow, where no size is declared any more.
    UndoGrowth {
        /// The disk's name.
        disk: String,
        /// Its path in the Dom0.
        path: String,
    },
    /// Take over what is remembered of the guest, its files and its save file from the name that it had.
    Rename {
        /// That name.
        from: String,
    },
    /// Tell Xen the running guest's new name.
    RenameDomain {
        /// The domain.
        domid: u32,
        /// What it is called.
        from: String,
    },
    /// Give the guest's save file the guest's name.
    RenameSave {
        /// What the file is called.
        from: String,
    },
    /// Write the xl configuration.
    WriteConfig {
        /// The text to write.
        text: ConfigText,
        /// The text that it replaces.
        old: Option<ConfigText>,
    },
    /// Let xendomains start the guest.
    LinkAuto,
    /// Let xendomains start the guest no longer.
    UnlinkAuto,
    /// Remove the xl configuration of a guest that is no longer declared.
    RemoveConfig,
    /// Change the guest while it runs.
    Live {
        /// The domain.
        domid: u32,
        /// What is changed.
        change: Live,
    },
    /// Store the declared configuration with the running domain, so that its own reboot takes it.
    StoreConfig {
        /// The domain.
        domid: u32,
    },
    /// Shut the guest down, and wait until it is gone.
    ShutDown {
        /// The domain.
        domid: u32,
        /// Why.
        why: Ending,
    },
    /// End the guest as by a power cut.
    Destroy {
        /// The domain.
        domid: u32,
    },
    /// Start the guest.
    Start,
    /// Restore the guest from its save file, where nobody else does.
    Restore,
    /// Forget a guest that is no longer declared and has no disks.
    Forget,
    /// Move the guest's save file aside, so that it does not keep the guest down.
    SetAsideSave {
        /// What it was when it was planned.
        file: SaveFile,
        /// Why, in short.
        reason: Reason,
        /// What is wrong with it; or the keys in which the declaration changed since.
        why: String,
    },
}

/// Why a guest that runs is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It is no longer declared.
    Removed,
    /// It is started again at once, as it is declared (`onChange = "restart"`).
    Restart,
}

/// What Xen changes in a guest that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Live {
    /// Its memory.
    Memory {
        /// What it has, in MiB.
        from: u64,
        /// What it gets.
        to: Mib,
    },
    /// How many of its vCPUs are online.
    Vcpus {
        /// What it has.
        from: u32,
        /// What it gets.
        to: u32,
    },
    /// Its share of the processors.
    Schedule {
        /// The scheduler that it is under, as libxl calls it: `credit2`.
        scheduler: String,
        /// Its weight, where that changes.
        weight: Option<u32>,
        /// Its cap, in percent of one processor, where that changes.
        cap: Option<u32>,
    },
    /// The processors that its vCPUs run on, as xl writes them, for each vCPU or for all.
    Pin {
        /// Those that it may use.
        hard: Vec<String>,
        /// Those that it rather uses.
        soft: Vec<String>,
    },
    /// A disk that comes.
    AttachDisk {
        /// Its name in the guest.
        vdev: String,
        /// As xl.cfg's `disk` has it.
        spec: String,
    },
    /// A disk that goes.
    DetachDisk {
        /// Its name in the guest.
        vdev: String,
    },
    /// A disc into a drive.
    InsertDisc {
        /// The drive's name in the guest.
        vdev: String,
        /// The image.
        path: String,
    },
    /// A disc out of a drive.
    EjectDisc {
        /// The drive's name in the guest.
        vdev: String,
    },
    /// A network interface that comes.
    AttachNetwork {
        /// Its hardware address.
        mac: String,
        /// As xl.cfg's `vif` has it.
        spec: String,
    },
    /// A network interface that goes.
    DetachNetwork {
        /// Its hardware address.
        mac: String,
        /// Whether it comes back otherwise, which interrupts it.
        comes_back: bool,
    },
}

/// What a step can do to a guest that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Risk {
    /// Nothing: it is about files, or about a guest that does not run.
    None,
    /// The guest notices, and runs on.
    Live,
    /// Its network is away for a moment.
    Interruption,
    /// It is down: until it is started again, or for good.
    Downtime,
    /// It loses what it has not written.
    PowerCut,
}

impl Risk {
    /// As a word, for programs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Live => "live",
            Self::Interruption => "interruption",
            Self::Downtime => "downtime",
            Self::PowerCut => "power-cut",
        }
    }
}

/// When, within an apply, a step is carried out: all guests' steps of one phase before any of the next, so that what
/// ends makes room for what starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Files, images, and what changes while the guest runs.
    Change,
    /// Guests end.
    End,
    /// Guests start, and those that are gone are forgotten.
    Start,
}

impl Step {
    /// What it can do to a guest that runs.
    #[must_use]
    pub const fn risk(&self) -> Risk {
        match self {
            Self::MakeImage { .. }
            | Self::GrowImage { .. }
            | Self::UndoGrowth { .. }
            | Self::Rename { .. }
            | Self::RenameDomain { .. }
            | Self::RenameSave { .. }
            | Self::WriteConfig { .. }
            | Self::LinkAuto
            | Self::UnlinkAuto
            | Self::RemoveConfig
            | Self::StoreConfig { .. }
            | Self::Start
            | Self::Restore
            | Self::Forget
            | Self::SetAsideSave { .. } => Risk::None,
            Self::Live { change, .. } => match change {
                Live::DetachNetwork { .. } => Risk::Interruption,
                _ => Risk::Live,
            },
            Self::ShutDown { .. } => Risk::Downtime,
            Self::Destroy { .. } => Risk::PowerCut,
        }
    }

    /// Why it is in the plan, in a few words.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::MakeImage { .. } => "it was never there",
            Self::GrowImage {
                growth: Growth::Unfinished,
                ..
            } => {
                "an apply that was killed began it, and the guest does not start before it is finished"
            }
            Self::GrowImage { .. } => "a larger size is declared, and nobody uses it",
            Self::UndoGrowth { .. } => {
                "an apply that was killed began it, and no size is declared any more"
            }
            Self::Rename { .. } => "it is the same guest: previousNames or its UUID says so",
            Self::RenameDomain { .. } => {
                "the guest was renamed, and Xen can rename it while it runs"
            }
            Self::RenameSave { .. } => {
                "xendomains knows by the file's name that the guest is saved, and does not start it anew"
            }
            Self::WriteConfig { old: None, .. } => "it is not there",
            Self::WriteConfig { .. } => "the declaration changed",
            Self::LinkAuto => "autostart is set",
            Self::UnlinkAuto | Self::RemoveConfig => "it is not to start",
            Self::Live { .. } => {
                "the declaration changed, and Xen can change it while the guest runs"
            }
            Self::StoreConfig { .. } => {
                "what waits for the next boot is to be there at the guest's own reboot"
            }
            Self::ShutDown { why, .. } => match why {
                Ending::Removed => "the guest is no longer declared",
                Ending::Restart => "the declaration changed, and onChange is \"restart\"",
            },
            Self::Destroy { .. } => "the guest is no longer declared, and onRemove is \"destroy\"",
            Self::Start => "it is to run, and does not",
            Self::Restore => "it was saved when the Dom0 went down",
            Self::Forget => "it is no longer declared, and left nothing",
            Self::SetAsideSave { reason, .. } => match reason {
                Reason::Partial => "it cannot be restored, and would keep the guest down",
                Reason::Discarded => {
                    "the declaration changed since it was saved, and onStaleSave is \"discard\""
                }
                Reason::Old | Reason::Unfinished => "the guest ran on since",
            },
        }
    }

    pub(crate) const fn phase(&self) -> Phase {
        match self {
            Self::ShutDown { .. } | Self::Destroy { .. } => Phase::End,
            Self::Start | Self::Restore | Self::Forget => Phase::Start,
            _ => Phase::Change,
        }
    }
}
