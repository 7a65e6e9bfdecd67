//! Passwords: where a guest's stand, and what they may be. Whoever reads the files gives them to
//! [`crate::lower()`]; nothing here does.

use std::fmt;

use crate::{Guest, GuestType};

/// Who asks for a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PasswordOf {
    /// VNC.
    Vnc,
    /// SPICE.
    Spice,
}

impl PasswordOf {
    /// The option that names the password's file.
    #[must_use]
    pub const fn option(self) -> &'static str {
        match self {
            Self::Vnc => "graphics.vnc.passwordFile",
            Self::Spice => "graphics.spice.passwordFile",
        }
    }

    /// The key of xl.cfg, or of a `vfb`, that carries it.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Vnc => "vncpasswd",
            Self::Spice => "spicepasswd",
        }
    }

    /// Both.
    pub const ALL: [Self; 2] = [Self::Vnc, Self::Spice];
}

/// A password. It shows itself to nobody but [`Password::reveal`]'s callers.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

/// Why the bytes of a file are no password. It does not tell the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// There is nothing in it.
    #[error("is empty; write the password into it, on one line")]
    Empty,
    /// It has several lines, or a NUL.
    #[error(
        "has a line break or another control character inside; write the password into it, on one line"
    )]
    Control,
    /// It is not text.
    #[error("is not text in UTF-8; write the password into it, on one line")]
    NotText,
    /// It has a comma, and a comma ends the password there.
    #[error("has a comma, at which {0} ends the password; choose a password without")]
    Comma(&'static str),
    /// It is longer than what SPICE takes.
    #[error("is longer than the {MAX_SPICE} bytes that SPICE takes; choose a shorter password")]
    TooLong,
}

/// The longest password of SPICE, in bytes (`SPICE_MAX_PASSWORD_LENGTH` less its terminating zero).
const MAX_SPICE: usize = 59;

/// The bytes of a password that VNC's protocol uses (RFC 6143, 7.2.2); QEMU takes a longer one, and cuts it.
pub const VNC_BYTES: usize = 8;

impl Password {
    /// The password that a file holds: its bytes, without the line break at their end.
    ///
    /// # Errors
    /// When it is none, or the guest's configuration, or QEMU's command line, cannot carry it.
    pub fn parse(of: PasswordOf, guest: &Guest, bytes: &[u8]) -> Result<Self, PasswordError> {
        let text = std::str::from_utf8(bytes).map_err(|_| PasswordError::NotText)?;
        let text = text.strip_suffix('\n').unwrap_or(text);
        if text.is_empty() {
            return Err(PasswordError::Empty);
        }
        if text.contains(char::is_control) {
            return Err(PasswordError::Control);
        }
        // xl splits a vfb at commas (xl_parse.c, strtok), and libxl puts SPICE's password between the commas
        // of a QEMU option (libxl_dm.c, dm_spice_options).
        let splits = match of {
            PasswordOf::Spice => Some("QEMU's option -spice"),
            PasswordOf::Vnc if guest.guest_type != GuestType::Hvm => Some("xl's vfb syntax"),
            PasswordOf::Vnc => None,
        };
        if let Some(what) = splits.filter(|_| text.contains(',')) {
            return Err(PasswordError::Comma(what));
        }
        if of == PasswordOf::Spice && text.len() > MAX_SPICE {
            return Err(PasswordError::TooLong);
        }
        Ok(Self(text.to_owned()))
    }

    /// A password as a configuration has it.
    #[must_use]
    pub fn known(text: String) -> Self {
        Self(text)
    }

    /// The password, for a file that nobody else reads.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether VNC uses its first bytes only.
    #[must_use]
    pub fn is_cut_by_vnc(&self) -> bool {
        self.0.len() > VNC_BYTES
    }
}

/// A guest's passwords, as far as they were read. Where one was not, what is written for it says where it is:
/// `<from /run/keys/vnc>`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Secrets {
    vnc: Option<Password>,
    spice: Option<Password>,
}

impl Secrets {
    /// None: for what people and logs see.
    #[must_use]
    pub const fn hidden() -> Self {
        Self {
            vnc: None,
            spice: None,
        }
    }

    /// Adds one.
    pub fn set(&mut self, of: PasswordOf, password: Password) {
        match of {
            PasswordOf::Vnc => self.vnc = Some(password),
            PasswordOf::Spice => self.spice = Some(password),
        }
    }

    /// One of them, if it is known.
    #[must_use]
    pub const fn get(&self, of: PasswordOf) -> Option<&Password> {
        match of {
            PasswordOf::Vnc => self.vnc.as_ref(),
            PasswordOf::Spice => self.spice.as_ref(),
        }
    }

    /// What is written for a password that stands in a file.
    pub(crate) fn text(&self, of: PasswordOf, file: &str) -> String {
        self.get(of).map_or_else(
            || placeholder(file),
            |password| password.reveal().to_owned(),
        )
    }
}

/// What stands for the password of a file where it is not told.
#[must_use]
pub fn placeholder(file: &str) -> String {
    format!("<from {file}>")
}

impl Guest {
    /// The files that hold this guest's passwords.
    pub fn password_files(&self) -> impl Iterator<Item = (PasswordOf, &str)> {
        PasswordOf::ALL.into_iter().filter_map(|of| {
            let file = match of {
                PasswordOf::Vnc => &self.graphics.vnc.password_file,
                PasswordOf::Spice => &self.graphics.spice.password_file,
            };
            Some((of, file.as_deref()?))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::tests::GUEST;

    fn guest(kind: &str) -> Guest {
        serde_json::from_str(&GUEST.replace("\"pv\"", &format!("\"{kind}\""))).unwrap()
    }

    #[test]
    fn what_a_file_may_hold() {
        let (pv, hvm) = (guest("pv"), guest("hvm"));
        let reveal = |of, guest, bytes: &[u8]| {
            Password::parse(of, guest, bytes).map(|password| password.reveal().to_owned())
        };
        let good = |text: &str| Ok(text.to_owned());
        assert_eq!(reveal(PasswordOf::Vnc, &pv, b"hunter2\n"), good("hunter2"));
        assert_eq!(
            reveal(PasswordOf::Vnc, &pv, b" a=\"b' \\ "),
            good(" a=\"b' \\ ")
        );
        assert_eq!(reveal(PasswordOf::Vnc, &hvm, b"a,b"), good("a,b"));
        for (of, guest, bytes, wrong) in [
            (PasswordOf::Vnc, &pv, &b""[..], PasswordError::Empty),
            (PasswordOf::Vnc, &pv, b"\n", PasswordError::Empty),
            (PasswordOf::Vnc, &pv, b"a\nb\n", PasswordError::Control),
            (PasswordOf::Vnc, &pv, b"a\n\n", PasswordError::Control),
            (PasswordOf::Vnc, &pv, b"a\r\n", PasswordError::Control),
            (PasswordOf::Vnc, &pv, b"a\0", PasswordError::Control),
            (PasswordOf::Vnc, &pv, b"\xff", PasswordError::NotText),
            (
                PasswordOf::Vnc,
                &pv,
                b"a,b",
                PasswordError::Comma("xl's vfb syntax"),
            ),
            (
                PasswordOf::Spice,
                &hvm,
                b"a,b",
                PasswordError::Comma("QEMU's option -spice"),
            ),
            (PasswordOf::Spice, &hvm, &[b'a'; 60], PasswordError::TooLong),
        ] {
            assert_eq!(reveal(of, guest, bytes), Err(wrong));
        }
    }

    #[test]
    fn nothing_shows_a_password() {
        let mut secrets = Secrets::hidden();
        secrets.set(PasswordOf::Vnc, Password::known("hunter2".into()));
        assert_eq!(
            format!("{secrets:?}"),
            "Secrets { vnc: Some(Password), spice: None }"
        );
    }
}
