//! What is declared against what is there.
//!
//! [`observe()`](observe::observe) looks, [`plan()`](plan::plan) decides (it is pure), and
//! [`Executor::apply`] carries out. Only `observe`, `apply`, `record` and `files` touch the disk, and only
//! `domains`, `bridges` and `apply` call programs, through `program`.

mod apply;
pub mod bridges;
pub mod difference;
pub mod domains;
pub mod files;
mod images;
mod layout;
mod lock;
pub mod observe;
pub mod plan;
pub mod program;
mod record;
mod seen;

pub use apply::{Event, Executor, Failure, Starter};
pub use layout::Layout;
pub use lock::{Lock, LockError};
pub use program::Programs;
pub use record::{ImageRecord, Record, RecordError, Records, Running};

/// Which parts of the work a plan covers. They happen at different moments of a boot or a switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a set of four")]
pub struct Stages {
    /// The bridges that guests name.
    pub bridges: bool,
    /// The xl configurations and the links that xendomains starts.
    pub files: bool,
    /// The images that are missing.
    pub images: bool,
    /// The domains: it asks xl.
    pub guests: bool,
}

impl Stages {
    /// No part.
    pub const NONE: Self = Self {
        bridges: false,
        files: false,
        images: false,
        guests: false,
    };
    /// Every part.
    pub const ALL: Self = Self {
        bridges: true,
        files: true,
        images: true,
        guests: true,
    };
}
