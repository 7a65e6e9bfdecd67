//! What is declared against what is there.
//!
//! [`observe()`](observe::observe) looks, [`plan()`](plan::plan) decides (it is pure), and
//! [`Executor::apply`] carries out. Only `observe`, `apply`, `record` and `files` change the disk, and
//! programs are called through `program` only.

mod apply;
pub mod bridges;
pub mod budget;
pub mod compare;

pub mod disks;
pub mod domains;
pub mod ending;
pub mod files;
pub mod holders;
mod images;
pub mod keepers;
mod layout;
pub mod libxl_json;
mod lock;
pub mod observe;
pub mod own;
pub mod pins;
pub mod plan;
pub mod program;
pub mod ready;
mod record;
pub mod restoring;
mod roots;
pub mod save_file;
mod saved;
pub mod saves;
pub mod secret;
mod seen;
pub mod startup;
pub mod units;
pub mod xl;

pub use apply::{Event, Executor, Failure, Starter};
pub use layout::Layout;
pub use lock::{Holder, Lock, LockError};
pub use plan::adopt::{Adoption, Difference, NotAdopted, adopt};
pub use plan::orphans::{Image, Orphan, Size, Users, images, orphans};
pub use program::Programs;
pub use record::{Record, RecordError, Records, Running};

/// Which parts of the work a plan covers. They happen at different moments of a boot or a switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a set")]
pub struct Stages {
    /// The bridges that guests name.
    pub bridges: bool,
    /// The xl configurations and the links that xendomains starts.
    pub files: bool,
    /// The images that are missing.
    pub images: bool,
    /// The domains: it asks xl.
    pub guests: bool,
    /// Asks xl although no domain is changed: in a live switch, where files are written while guests run.
    pub asks_xl: bool,
}

impl Stages {
    /// No part.
    pub const NONE: Self = Self {
        bridges: false,
        files: false,
        images: false,
        guests: false,
        asks_xl: false,
    };
    /// Every part.
    pub const ALL: Self = Self {
        bridges: true,
        files: true,
        images: true,
        guests: true,
        asks_xl: true,
    };

    /// Whether there is anything to do for guests.
    #[must_use]
    pub const fn looks_at_guests(self) -> bool {
        self.files || self.images || self.guests
    }
}
