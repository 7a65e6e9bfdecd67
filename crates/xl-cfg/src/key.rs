//! The name of a setting.

use std::borrow::Borrow;
use std::fmt;

/// The name of an xl.cfg setting, such as `memory` or `on_reboot`.
///
/// xl's lexer takes `[a-z][._0-9a-z]*` and nothing else; a capital letter makes the whole file unreadable.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(String);

/// A name that xl would not read as a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// There is no name at all.
    #[error("a key of xl.cfg cannot be empty")]
    Empty,
    /// A character that the key may not hold at that place.
    #[error("`{}` is not a key of xl.cfg: {}", name.escape_debug(), reason(*character, *position))]
    Character {
        /// The name as it was given.
        name: String,
        /// The first character that does not fit.
        character: char,
        /// Its position in characters, from 1.
        position: usize,
    },
}

fn reason(character: char, position: usize) -> String {
    let shown = character.escape_debug();
    if position == 1 {
        format!("it must begin with a small letter a-z, not `{shown}`")
    } else {
        format!(
            "`{shown}` at character {position}; only small letters, digits, `.` and `_` are allowed"
        )
    }
}

impl Key {
    /// Takes a name and checks that xl reads it as a key.
    ///
    /// # Errors
    ///
    /// When it is empty or holds a character that xl's lexer does not take.
    pub fn new(name: &str) -> Result<Self, KeyError> {
        if name.is_empty() {
            return Err(KeyError::Empty);
        }
        for (index, character) in name.chars().enumerate() {
            let fits = u8::try_from(character).is_ok_and(|byte| {
                if index == 0 {
                    starts_key(byte)
                } else {
                    continues_key(byte)
                }
            });
            if !fits {
                return Err(KeyError::Character {
                    name: name.to_owned(),
                    character,
                    position: index + 1,
                });
            }
        }
        Ok(Self(name.to_owned()))
    }

    /// A key that the lexer has already seen to be one.
    pub(crate) fn from_lexer(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// The name itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a key may begin with this byte.
pub(crate) fn starts_key(byte: u8) -> bool {
    byte.is_ascii_lowercase()
}

/// Whether a key may hold this byte after its first.
pub(crate) fn continues_key(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_')
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// So that a map of settings can be asked by name.
impl Borrow<str> for Key {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Key {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_xl_takes() {
        for name in ["name", "on_reboot", "vm.cpumask", "e820_host", "a"] {
            assert_eq!(Key::new(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn names_that_xl_refuses() {
        assert_eq!(Key::new(""), Err(KeyError::Empty));
        let message = |name| Key::new(name).unwrap_err().to_string();
        insta::assert_snapshot!(message("Memory"), @"`Memory` is not a key of xl.cfg: it must begin with a small letter a-z, not `M`");
        insta::assert_snapshot!(message("max-mem"), @"`max-mem` is not a key of xl.cfg: `-` at character 4; only small letters, digits, `.` and `_` are allowed");
        insta::assert_snapshot!(message("a\nb"), @r"`a\nb` is not a key of xl.cfg: `\n` at character 2; only small letters, digits, `.` and `_` are allowed");
        assert!(Key::new("1a").is_err());
        assert!(Key::new("_a").is_err());
        assert!(Key::new("é").is_err());
    }
}
