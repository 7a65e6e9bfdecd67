//! The xl.cfg language of Xen: reader and writer, device grammars, a table of every key, and a linter.
//!
//! Nothing here reads a file or runs a program: bytes go in, bytes come out.
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
//! | for | there is |
//! |---|---|
//! | what a file means | [`Config`] |
//! | what stands in it, with places and comments | [`Document`] |
//! | the strings inside: `disk`, `vif`, `pci`, `cpus` … | [`grammar`], and a module for each, with a type that reads and writes it |
//! | which keys there are, and what xl does with them | [`keys`] |
//! | what is wrong with a configuration | [`check`] |
//! | whether two configurations mean the same | [`meaning`] |
//!
//! Text that xl would read as something else than what stands there is refused, never guessed at: xl itself ignores
//! keys that it does not know, takes a beginning of a word for the word, and reads a leading zero as octal.
//!
//! The rules are those of Xen's own `libxlu_cfg_l.l`, `libxlu_cfg_y.y`, `libxlu_disk_l.l` and `xl_parse.c`. Tests hold
//! the reader, the writer and the grammars that libxlutil has to that library, on random and on mutated text.

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
mod secret;
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
