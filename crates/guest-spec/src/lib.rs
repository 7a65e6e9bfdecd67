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
mod secrets;
mod size;
mod validate;
mod words;

pub use document::{
    Action, AutostartManager, Bios, Boot, BootDevice, Bootloader, Bridge, Channel, Connection, Cpu,
    Detach, DeviceModel, DeviceModelVersion, Disk, DiskBackend, DiskColo, DiskFormat,
    DiskSpecification, Document, FileSystem, FileSystemType, Firmware, GfxKind, GfxPassthru,
    Graphics, Guest, GuestType, HdType, ImageCompression, Lifecycle, MultiTouch, Network, OnChange,
    OnHostShutdown, OnRemove, OnStaleSave, OnTimeout, OneOrMany, Passthrough, Pci, PciDevice,
    PvShim, Rdm, RdmPolicy, RdmStrategy, Ready, Sdl, Setting, Share, ShareType, Spice, Startup,
    StreamingVideo, Stubdomain, Time, TimerMode, TscMode, Usb, UsbController, UsbControllerType,
    UsbDevice, Vga, VifType, Viridian, Vkb, VkbBackend, Vnc, Vnode, Vtpm, is_dom0,
};
pub use lower::{LowerError, OWNED_KEYS, lower, option_of_key, render};
pub use mac::Mac;
pub use name::{matches_as_word, name_problem};
pub use parse::ParseError;
pub use schema::schema;
pub use secrets::{Password, PasswordError, PasswordOf, Secrets, VNC_BYTES, placeholder};
pub use size::{ByteSize, Mib, SizeError};
pub use validate::{Judgement, Problem, argument_holds_secret, disk_path_problem, path_problem};

/// The version of `guests.json` that this crate reads.
pub const VERSION: u32 = 1;
