//! What a guest shares with the Dom0 or another domain.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::words::words;

/// A folder that the guest can mount; xl.cfg's `p9`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Share {
    /// The tag that the guest mounts it by: `shares.<name>`.
    pub name: String,
    /// The folder.
    pub path: String,
    /// Who serves it; `qemu` when null.
    #[serde(default, rename = "type")]
    pub kind: Option<ShareType>,
    /// The domain that serves it; the Dom0 when null.
    #[serde(default)]
    pub backend: Option<String>,
    /// The most files.
    #[serde(default)]
    pub max_files: Option<u32>,
    /// The most open files.
    #[serde(default)]
    pub max_open_files: Option<u32>,
    /// The most space, in MiB; no limit when 0.
    #[serde(default)]
    pub max_space_mib: Option<u32>,
    /// Whether the oldest file goes where a limit is reached.
    #[serde(default)]
    pub auto_delete: Option<bool>,
}

words! {
    /// Who serves a folder.
    ShareType {
        /// QEMU.
        Qemu = "qemu",
        /// Xen's own daemon.
        Xen9pfsd = "xen_9pfsd",
    }
}

/// A byte stream; xl.cfg's `channel`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Channel {
    /// The name that the guest finds it by: `channels.<name>`.
    pub name: String,
    /// What it ends at.
    pub connection: Connection,
    /// The socket.
    #[serde(default)]
    pub path: Option<String>,
    /// The domain that serves it; the Dom0 when null.
    #[serde(default)]
    pub backend: Option<String>,
}

words! {
    /// What a channel ends at.
    Connection {
        /// A terminal.
        Pty = "pty",
        /// A Unix socket.
        Socket = "socket",
    }
}

/// A virtual TPM; xl.cfg's `vtpm`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Vtpm {
    /// The domain that serves it; there is none when null.
    pub backend: Option<String>,
    /// What it is known by there.
    pub uuid: Option<Uuid>,
}

/// A paravirtual input device; xl.cfg's `vkb`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Vkb {
    /// The id that its backend knows it by: `vkb.<name>`.
    pub name: String,
    /// Who serves it.
    pub backend_type: VkbBackend,
    /// The domain that serves it; the Dom0 when null.
    #[serde(default)]
    pub backend: Option<String>,
    /// Whether it has keys; it does when null.
    #[serde(default)]
    pub keyboard: Option<bool>,
    /// Whether it points; it does when null.
    #[serde(default)]
    pub pointer: Option<bool>,
    /// Whether it gives positions.
    #[serde(default)]
    pub abs_pointer: Option<bool>,
    /// Whether these are not scaled.
    #[serde(default)]
    pub raw_pointer: Option<bool>,
    /// The width of the field of positions.
    #[serde(default)]
    pub width: Option<u32>,
    /// The height of the field of positions.
    #[serde(default)]
    pub height: Option<u32>,
    /// The touch screen, where it is one.
    #[serde(default)]
    pub multi_touch: MultiTouch,
}

words! {
    /// Who serves an input device.
    VkbBackend {
        /// QEMU.
        Qemu = "qemu",
        /// A Linux program.
        Linux = "linux",
    }
}

/// A touch screen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct MultiTouch {
    /// Its width.
    pub width: Option<u32>,
    /// Its height.
    pub height: Option<u32>,
    /// How many fingers it follows.
    pub contacts: Option<u32>,
}
