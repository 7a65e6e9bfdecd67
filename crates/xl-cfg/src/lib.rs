//! The xl.cfg language of Xen: values, quoting, device grammars, reader and writer.
//!
//! Nothing here reads a file or runs a program: text goes in, text comes out.
//!
//! ```
//! use xl_cfg::{Config, Key, Value};
//!
//! let mut config = Config::new();
//! config.set(Key::new("name")?, Value::from("mrkitty"));
//! config.set(Key::new("memory")?, Value::from(256_i64));
//! let text = config.to_text()?;
//! assert_eq!(text, "name = \"mrkitty\"\nmemory = 256\n");
//! assert_eq!(Config::parse(&text)?, config);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! One file per grammar: [`grammar`] names those inside strings, `lexer` and `parse` hold that of the file.
//! The rules are those of Xen's own `libxlu_cfg_l.l`, `libxlu_cfg_y.y` and `libxlu_disk_l.l`.

pub mod arm_sci;
pub mod channel;
pub mod check;
mod config;
pub mod cpuid;
pub mod cpus;
pub mod disk;
pub mod document;
pub mod grammar;
pub mod iomem;
pub mod ioports;
mod key;
mod keyed;
pub mod keys;
mod lexer;
pub mod llc_colors;
pub mod meaning;
mod nearest;
mod number;
pub mod p9;
mod parse;
pub mod pci;
mod place;
pub mod pvcalls;
mod ranges;
pub mod rdm;
pub mod smbios;
mod spec;
pub mod usbctrl;
pub mod usbdev;
mod value;
pub mod vdispl;
pub mod vfb;
pub mod vif;
pub mod viridian;
pub mod virtio;
pub mod vkb;
pub mod vnuma;
pub mod vsnd;
pub mod vtpm;
mod words;
mod write;
pub mod xenstore_quota;

pub use config::Config;
pub use document::Document;
pub use grammar::{Grammar, Spelling, Unit};
pub use key::{Key, KeyError};
pub use parse::{ParseError, ParseErrorKind};
pub use place::Place;
pub use spec::SpecError;
pub use value::{Value, ValueError};
pub use write::{WriteError, WriteReason};
