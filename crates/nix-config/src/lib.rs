//! Reads and edits configuration.nix, and writes Nix values.
//!
//! Text goes in, text comes out; no file is read and nothing is evaluated. An edit changes the bytes of one binding and
//! no other, and is refused where the text is not understood: a wrong guess would be somebody's configuration.
//!
//! ```
//! use nix_config::{NixValue, set_value};
//!
//! let text = "{ ... }:\n{\n  virtualisation.xen.guests.mrkitty = {\n    memory = 256; # MiB\n  };\n}\n";
//! let path = ["virtualisation", "xen", "guests", "mrkitty", "memory"];
//! let edit = set_value(text, &path, &NixValue::Integer(512))?;
//! assert_eq!(edit.text, text.replace("256", "512"));
//! # Ok::<(), nix_config::EditError>(())
//! ```

mod edit;
mod error;
mod find;
pub mod import;
mod insert;
mod literal;
mod module;
mod read;
mod strings;
mod tree;
mod value;

pub use edit::{Edit, set_value};
pub use error::{EditError, SyntaxError};
pub use module::{Binding, Bound, module};
pub use read::{Found, check, find_value, guests};
pub use strings::attribute_name;
pub use value::{NixValue, WriteError};
