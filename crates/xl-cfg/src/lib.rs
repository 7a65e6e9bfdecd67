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
//! One file per grammar: [`disk`] and [`vif`] hold those of device strings, `lexer` and `parse` that of the file.
//! The rules are those of Xen's own `libxlu_cfg_l.l`, `libxlu_cfg_y.y` and `libxlu_disk_l.l`.

pub mod channel;
mod config;
pub mod cpuid;
pub mod cpus;
pub mod disk;
pub mod document;
pub mod grammar;
mod key;
mod keyed;
pub mod keys;
mod lexer;
mod nearest;
mod number;
pub mod p9;
mod parse;
pub mod pci;
mod place;
mod ranges;
pub mod rdm;
pub mod smbios;
mod spec;
pub mod usbctrl;
pub mod usbdev;
mod value;
pub mod vfb;
pub mod vif;
pub mod viridian;
pub mod vnuma;
pub mod vtpm;
mod words;
mod write;

pub use config::Config;
pub use document::Document;
pub use grammar::Grammar;
pub use key::{Key, KeyError};
pub use parse::{ParseError, ParseErrorKind};
pub use place::Place;
pub use spec::SpecError;
pub use value::{Value, ValueError};
pub use write::{WriteError, WriteReason};
