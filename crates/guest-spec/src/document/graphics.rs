//! A guest's screen.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Mib;
use crate::words::words;

/// The graphics card and who serves the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Graphics {
    /// The emulated graphics card.
    pub vga: Option<Vga>,
    /// Its memory, in MiB.
    pub video_ram_mib: Option<Mib>,
    /// The layout of the viewer's keyboard.
    pub keymap: Option<String>,
    /// VNC.
    pub vnc: Vnc,
    /// SPICE.
    pub spice: Spice,
    /// A window of an X server.
    pub sdl: Sdl,
}

words! {
    /// An emulated graphics card; xl.cfg's `vga`.
    Vga {
        /// None.
        None = "none",
        /// VBE.
        Stdvga = "stdvga",
        /// Cirrus Logic's.
        Cirrus = "cirrus",
        /// SPICE's.
        Qxl = "qxl",
    }
}

/// VNC.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Vnc {
    /// Whether the screen is served; for HVM it is when null.
    pub enable: Option<bool>,
    /// The Dom0's address; 127.0.0.1 when null.
    pub listen: Option<String>,
    /// The display's number.
    pub display: Option<u32>,
    /// Whether the next free display is taken.
    pub unused: Option<bool>,
    /// The file that holds the password.
    pub password_file: Option<String>,
}

/// SPICE.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Spice {
    /// Whether the screen is served.
    pub enable: Option<bool>,
    /// The Dom0's address; all when null.
    pub host: Option<String>,
    /// The TCP port.
    pub port: Option<u16>,
    /// The TCP port for TLS.
    pub tls_port: Option<u16>,
    /// Whether clients need no password.
    pub disable_ticketing: Option<bool>,
    /// The file that holds the password.
    pub password_file: Option<String>,
    /// Whether the guest's agent moves the pointer.
    pub agent_mouse: Option<bool>,
    /// Whether the guest's agent can reach the client.
    pub vdagent: Option<bool>,
    /// Whether the clipboard is shared.
    pub clipboard_sharing: Option<bool>,
    /// How many USB devices of the client can be lent, 1 to 4.
    pub usb_redirection: Option<u8>,
    /// How images are compressed.
    pub image_compression: Option<ImageCompression>,
    /// What is sent as video.
    pub streaming_video: Option<StreamingVideo>,
}

impl Spice {
    /// Whether anything is set beside `enable`.
    pub(crate) fn has_details(&self) -> bool {
        let alone = Self {
            enable: self.enable,
            ..Self::default()
        };
        *self != alone
    }
}

words! {
    /// How SPICE compresses images.
    ImageCompression {
        /// GLZ or QUIC.
        AutoGlz = "auto_glz",
        /// LZ or QUIC.
        AutoLz = "auto_lz",
        /// QUIC.
        Quic = "quic",
        /// GLZ.
        Glz = "glz",
        /// LZ.
        Lz = "lz",
        /// Not at all.
        Off = "off",
    }
}

words! {
    /// What SPICE sends as video.
    StreamingVideo {
        /// What looks like one.
        Filter = "filter",
        /// All that moves.
        All = "all",
        /// Nothing.
        Off = "off",
    }
}

/// A window of an X server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Sdl {
    /// Whether there is one.
    pub enable: Option<bool>,
    /// Whether it uses OpenGL.
    pub opengl: Option<bool>,
    /// The X display.
    pub display: Option<String>,
    /// The file that lets QEMU onto it.
    pub xauthority: Option<String>,
}
