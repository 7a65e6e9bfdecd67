//! Passwords in a guest's configuration: read from their files, and shown and remembered nowhere.
//!
//! A configuration with passwords is *sealed* where it is compared, remembered or shown: the digest of each
//! password stands in its place. Only the file that xl reads has the passwords, and only root reads that.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};

use guest_spec::{Guest, LowerError, Password, PasswordOf, Secrets};
use xl_cfg::{Config, Key, Value};

use crate::files::digest;
use crate::layout::Layout;

/// A guest's xl configuration.
#[derive(Clone, PartialEq, Eq)]
pub struct ConfigText {
    text: String,
    sealed: Option<String>,
}

impl fmt::Debug for ConfigText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hide(self.sealed(), self.sealed()).1.fmt(f)
    }
}

impl ConfigText {
    /// The configuration of a guest with these passwords.
    ///
    /// # Errors
    /// As [`guest_spec::render`].
    pub fn render(guest: &Guest, secrets: &Secrets) -> Result<Self, LowerError> {
        let text = guest_spec::render(guest, secrets)?;
        Ok(Self::new(text))
    }

    /// A text that Domus wrote.
    #[must_use]
    pub fn new(text: String) -> Self {
        let sealed = match seal(&text) {
            Some(Cow::Borrowed(_)) => None,
            Some(Cow::Owned(sealed)) => Some(sealed),
            // It has a password somewhere, and nobody can say where.
            None => Some("# (not shown: it has a password, and cannot be read)\n".to_owned()),
        };
        Self { text, sealed }
    }

    /// The text, for the file that xl reads.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// The text with the digest of each password in its place: to compare with another, and to remember.
    #[must_use]
    pub fn sealed(&self) -> &str {
        self.sealed.as_deref().unwrap_or(&self.text)
    }

    /// Whether there is a password in it.
    #[must_use]
    pub const fn has_password(&self) -> bool {
        self.sealed.is_some()
    }

    /// The mode of the file that holds it.
    #[must_use]
    pub const fn mode(&self) -> u32 {
        if self.has_password() { 0o600 } else { 0o644 }
    }
}

/// Seals a configuration. Nothing for one that cannot be read and may hold a password.
#[must_use]
pub fn seal(text: &str) -> Option<Cow<'_, str>> {
    if !PasswordOf::ALL.iter().any(|of| text.contains(of.key())) {
        return Some(Cow::Borrowed(text));
    }
    let mut config = Config::parse(text).ok()?;
    // So that one password of two guests does not look the same.
    let name = config.get("name").and_then(Value::as_text);
    let name = name.unwrap_or_default().into_owned();
    let mut found = false;
    let mut token = |password: &str| {
        found = true;
        format!(
            "<password {}>",
            digest(format!("{name}\0{password}").as_bytes())
        )
    };
    let keys: Vec<Key> = config.iter().map(|(key, _)| key.clone()).collect();
    for key in keys {
        let Some(value) = config.get(key.as_str()) else {
            continue;
        };
        if let Some(sealed) = sealed_value(key.as_str(), value, &mut token) {
            config.set(key, sealed);
        }
    }
    if !found {
        return Some(Cow::Borrowed(text));
    }
    let heading = text.lines().take_while(|line| line.starts_with('#'));
    let heading: String = heading.flat_map(|line| [line, "\n"]).collect();
    Some(Cow::Owned(heading + &config.to_text().ok()?))
}

/// A value with a token for each password; nothing where there is none.
fn sealed_value(key: &str, value: &Value, token: &mut impl FnMut(&str) -> String) -> Option<Value> {
    if PasswordOf::ALL.iter().any(|of| of.key() == key) {
        return Some(token(&value.as_text()?).into());
    }
    if key != "vfb" {
        return None;
    }
    let items = value.as_list()?.iter().map(|item| {
        let Some(text) = item.as_text().filter(|_| password_of_vfb(item).is_some()) else {
            return item.clone();
        };
        let fields = text.split(',').map(|field| match vfb_password(field) {
            Some(password) => format!("vncpasswd={}", token(password)),
            None => field.to_owned(),
        });
        fields.collect::<Vec<_>>().join(",").into()
    });
    Some(Value::List(items.collect()))
}

/// The password of a field of a `vfb`, as xl splits it: at commas, whatever stands around.
fn vfb_password(field: &str) -> Option<&str> {
    field.trim_start_matches(' ').strip_prefix("vncpasswd=")
}

fn password_of_vfb(item: &Value) -> Option<String> {
    let text = item.as_text()?;
    text.split(',').find_map(vfb_password).map(str::to_owned)
}

/// The passwords that a configuration has.
#[must_use]
pub(crate) fn passwords_in(text: &str) -> Secrets {
    let mut secrets = Secrets::hidden();
    let Ok(config) = Config::parse(text) else {
        return secrets;
    };
    for of in PasswordOf::ALL {
        let own = config.get(of.key()).and_then(Value::as_text);
        if let Some(password) = own {
            secrets.set(of, Password::known(password.into_owned()));
        }
    }
    let framebuffers = config.get("vfb").and_then(Value::as_list);
    if let Some(password) = framebuffers.into_iter().flatten().find_map(password_of_vfb) {
        secrets.set(PasswordOf::Vnc, Password::known(password));
    }
    secrets
}

/// Two sealed texts as a person may see them: without the digests, but so that a password that changed looks
/// different.
#[must_use]
pub fn hide(old: &str, new: &str) -> (String, String) {
    let known: BTreeSet<&str> = tokens(old).collect();
    let show = |text: &str, of: &dyn Fn(&str) -> &'static str| {
        tokens(text).fold(text.to_owned(), |shown, token| {
            shown.replace(token, of(token))
        })
    };
    let hidden_new = show(new, &|token| {
        if known.is_empty() || known.contains(token) {
            "<password>"
        } else {
            "<another password>"
        }
    });
    (show(old, &|_| "<password>"), hidden_new)
}

/// The tokens of a sealed text.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    const START: &str = "<password ";
    // What `digest` gives.
    const DIGITS: usize = 32;
    text.match_indices(START).filter_map(|(at, _)| {
        let token = text.get(at..=at + START.len() + DIGITS)?;
        let digits = &token[START.len()..START.len() + DIGITS];
        let whole = token.ends_with('>') && digits.bytes().all(|b| b.is_ascii_hexdigit());
        whole.then_some(token)
    })
}

/// The largest file that is read for a password, in bytes.
const MAX_FILE: u64 = 4096;

/// Reads a guest's passwords from their files.
///
/// # Errors
/// The first that cannot be had: option, file, why, and what to do.
pub(crate) fn read(guest: &Guest, layout: &Layout) -> Result<Secrets, String> {
    let mut secrets = Secrets::hidden();
    for (of, file) in guest.password_files() {
        let place = |why: String| format!("option {}: {file} {why}", of.option());
        let bytes = read_file(file, layout).map_err(place)?;
        let password =
            Password::parse(of, guest, &bytes).map_err(|error| place(error.to_string()))?;
        secrets.set(of, password);
    }
    Ok(secrets)
}

fn read_file(file: &str, layout: &Layout) -> Result<Vec<u8>, String> {
    let path = layout.below(file);
    // A link may lead where the option's type cannot see.
    if fs::canonicalize(&path).is_ok_and(|target| target.starts_with(layout.below("/nix/store"))) {
        return Err("leads into the Nix store, which everybody can read; write the password into a file outside, for root alone to read".to_owned());
    }
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => {
            "is not there; write the password into it, on one line, then switch again".to_owned()
        }
        ErrorKind::PermissionDenied => format!("cannot be read: {error}; run domus as root"),
        _ => format!("cannot be read: {error}; put the password there, then switch again"),
    };
    // Looked at before it is opened: a pipe would be waited for.
    let metadata = fs::metadata(&path).map_err(failed)?;
    if !metadata.is_file() {
        return Err("is no file; write the password into one, on one line".to_owned());
    }
    let mut bytes = Vec::new();
    let opened = File::open(&path).map_err(failed)?;
    opened
        .take(MAX_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(format!(
            "is larger than {MAX_FILE} bytes, and so no password; write the password into it, on one line"
        ));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Written by Domus\nname = \"web\"\nvncpasswd = \"hunter2\"\nvfb = [ \"vnc=1, vncpasswd=a=b,keymap=de\", \"sdl=1\" ]\n";

    #[test]
    fn a_sealed_text_has_no_password_and_changes_with_it() {
        let sealed = seal(TEXT).unwrap();
        assert!(
            !sealed.contains("hunter2") && !sealed.contains("a=b"),
            "{sealed}"
        );
        assert!(
            sealed.starts_with("# Written by Domus\nname = \"web\"\n"),
            "{sealed}"
        );
        assert_eq!(tokens(&sealed).count(), 2);
        let again = TEXT.replace("  ", " ");
        assert_eq!(seal(&again).unwrap(), sealed);
        let changed = TEXT.replace("hunter2", "hunter3");
        assert_ne!(seal(&changed).unwrap(), sealed);
        // Of another guest, the same password looks different.
        let other = TEXT.replace("\"web\"", "\"mail\"");
        let of = |text: &str| tokens(&seal(text).unwrap()).map(str::to_owned).next();
        assert_ne!(of(&other), of(TEXT));
    }

    #[test]
    fn what_people_see_has_no_digest() {
        let old = seal(TEXT).unwrap();
        let changed = TEXT.replace("hunter2", "hunter3");
        let new = seal(&changed).unwrap();
        let (shown_old, shown_new) = hide(&old, &new);
        assert!(
            shown_old.contains("vncpasswd = \"<password>\""),
            "{shown_old}"
        );
        assert!(
            shown_new.contains("vncpasswd = \"<another password>\""),
            "{shown_new}"
        );
        assert!(
            shown_new.contains("vncpasswd=<password>,keymap=de"),
            "{shown_new}"
        );
        assert_eq!(tokens(&shown_old).chain(tokens(&shown_new)).count(), 0);
        let text = ConfigText::new(TEXT.to_owned());
        assert!(!format!("{text:?}").contains("hunter2"));
        assert!(text.has_password() && text.mode() == 0o600);
    }

    #[test]
    fn a_text_without_passwords_is_itself() {
        for text in ["name = \"web\"\n", "name = \"vncpasswd\"\n", "junk {"] {
            assert_eq!(seal(text).unwrap(), text);
            assert_eq!(ConfigText::new(text.to_owned()).mode(), 0o644);
        }
        assert_eq!(seal("vncpasswd = {"), None);
        assert!(
            !ConfigText::new("vncpasswd = {hunter2".to_owned())
                .sealed()
                .contains("hunter2")
        );
    }

    #[test]
    fn passwords_are_found_where_they_are() {
        let secrets = passwords_in("spicepasswd = \"a\"\nvfb = [ \"sdl=1\", \"vncpasswd=b\" ]\n");
        let reveal = |of| secrets.get(of).map(Password::reveal);
        assert_eq!(reveal(PasswordOf::Spice), Some("a"));
        assert_eq!(reveal(PasswordOf::Vnc), Some("b"));
    }
}
