//! `guests.json`: what is declared of Xen guests.
//!
//! The NixOS module `modules/dom0` writes this document into the system closure; `domus` reads it.
//! [`Document::parse`] reads it, [`Document::problems`] judges it, [`lower()`] turns a guest into xl.cfg.
//! Nothing here reads a file or runs a program.

mod document;
mod lower;
mod mac;
mod name;
mod parse;
mod schema;
mod size;
mod validate;

pub use document::{
    Action, Boot, Bootloader, Bridge, Disk, DiskFormat, Document, FileSystem, FileSystemType,
    Guest, GuestType, Network, Setting,
};
pub use lower::{LowerError, lower, render};
pub use mac::Mac;
pub use name::{matches_as_word, name_problem};
pub use parse::ParseError;
pub use schema::schema;
pub use size::{ByteSize, Mib, SizeError};
pub use validate::Problem;

/// The version of `guests.json` that this crate reads.
pub const VERSION: u32 = 1;
