//! The grammar of `vfb = [ … ]`.

use std::fmt;

use crate::SpecError;
use crate::keyed::{Keys, Spec};
use crate::number::{decimal, switch};
use crate::spec::{may_be_empty, text};

/// A paravirtual framebuffer of a guest; each brings a keyboard and a pointer along.
///
/// By xl.cfg(5) and the loop over `vfb` in `parse_config_data` of `xl_parse.c`. What is unset is left to libxl.
/// No error of this type shows the password.
///
/// # Stricter than xl
///
/// - A key that xl does not know: xl skips it without a word.
/// - A word without `=`: xl drops it and everything after it.
/// - A key given twice: xl takes the last. An empty value, but for the password.
/// - A switch or number with anything after it: xl's `atoi` makes 0 of `yes` and `true`.
/// - A display number both in `vnclisten` and `vncdisplay`, of which QEMU would get both.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vfb {
    /// Whether the screen can be seen by VNC; yes when unset.
    pub vnc: Option<bool>,
    /// The address to listen on, which may end with `:` and the display's number; `127.0.0.1` when unset.
    pub vnc_listen: Option<String>,
    /// The display's number: TCP port 5900 and so many more.
    pub vnc_display: Option<u16>,
    /// Whether QEMU looks for a free display; yes when unset and no display is given.
    pub vnc_unused: Option<bool>,
    /// The password. An empty one lets everybody in.
    pub vnc_password: Option<Password>,
    /// Whether QEMU opens a window in Dom0; no when unset.
    pub sdl: Option<bool>,
    /// Whether that window draws by OpenGL.
    pub opengl: Option<bool>,
    /// The X display for the window.
    pub display: Option<String>,
    /// The X authority file for the window.
    pub xauthority: Option<String>,
    /// The keyboard's layout, such as `en-us`, as QEMU names it.
    pub keymap: Option<String>,
}

/// A password, which is written into the string but never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(pub String);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

static KEYS: Keys = Keys {
    secret: true,
    ..Keys::new(
        "a framebuffer",
        &[
            "vnc",
            "vnclisten",
            "vncdisplay",
            "vncunused",
            "vncpasswd",
            "sdl",
            "opengl",
            "display",
            "xauthority",
            "keymap",
        ],
    )
};

/// Display numbers whose TCP port there is.
const DISPLAYS: std::ops::RangeInclusive<u16> = 0..=u16::MAX - 5900;

impl Vfb {
    /// The string for xl. It holds the password as it is.
    ///
    /// # Errors
    ///
    /// When a value holds a comma or a control character, or the display's number is given twice or has no port.
    pub fn to_spec(&self) -> Result<String, SpecError> {
        self.check()?;
        let mut spec = Spec::default();
        spec.switch("vnc", self.vnc);
        spec.put_some("vnclisten", self.vnc_listen.as_ref());
        spec.put_some("vncdisplay", self.vnc_display);
        spec.switch("vncunused", self.vnc_unused);
        spec.put_some(
            "vncpasswd",
            self.vnc_password.as_ref().map(|password| &password.0),
        );
        spec.switch("sdl", self.sdl);
        spec.switch("opengl", self.opengl);
        spec.put_some("display", self.display.as_ref());
        spec.put_some("xauthority", self.xauthority.as_ref());
        spec.put_some("keymap", self.keymap.as_ref());
        Ok(spec.finish())
    }

    /// Reads the string of a framebuffer.
    ///
    /// # Errors
    ///
    /// When it has a word that xl would skip, or a value that xl would read otherwise than it is written.
    pub fn parse(spec: &str) -> Result<Self, SpecError> {
        let mut vfb = Self::default();
        for word in KEYS.read(spec) {
            let (key, value) = word?;
            let own = || Some(value.to_owned());
            match key {
                "vnc" => vfb.vnc = Some(switch(key, value)?),
                "vnclisten" => vfb.vnc_listen = own(),
                "vncdisplay" => vfb.vnc_display = Some(decimal(key, value, DISPLAYS)?),
                "vncunused" => vfb.vnc_unused = Some(switch(key, value)?),
                "vncpasswd" => vfb.vnc_password = own().map(Password),
                "sdl" => vfb.sdl = Some(switch(key, value)?),
                "opengl" => vfb.opengl = Some(switch(key, value)?),
                "display" => vfb.display = own(),
                "xauthority" => vfb.xauthority = own(),
                _ => vfb.keymap = own(),
            }
        }
        vfb.check()?;
        Ok(vfb)
    }

    fn check(&self) -> Result<(), SpecError> {
        for (key, value) in [
            ("vnclisten", &self.vnc_listen),
            ("display", &self.display),
            ("xauthority", &self.xauthority),
            ("keymap", &self.keymap),
        ] {
            if let Some(value) = value {
                text(key, value)?;
            }
        }
        if let Some(password) = &self.vnc_password {
            may_be_empty("vncpasswd", &password.0)?;
        }
        if let Some(display) = self.vnc_display {
            if !DISPLAYS.contains(&display) {
                let reason = format!("it must be at most {}", DISPLAYS.end());
                return Err(SpecError::value("vncdisplay", &display.to_string(), reason));
            }
            let listen = self.vnc_listen.as_ref();
            if let Some(listen) = listen.filter(|listen| display > 0 && listen.contains(':')) {
                return Err(SpecError::value(
                    "vnclisten",
                    listen,
                    "the display's number stands both here and in vncdisplay; take one away",
                ));
            }
        }
        Ok(())
    }
}
