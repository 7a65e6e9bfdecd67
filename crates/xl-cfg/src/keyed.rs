//! Reading and writing `key=value,flag,…`, which most device strings are made of.
//!
//! xl cuts them at commas with `strtok`, so that empty words vanish, and drops spaces in front of a word
//! (`parse_config_data` and the `parse_…_config` functions of `xl_parse.c`). Some grammars also drop white space around
//! key and value (`split_string_into_pair`).

use std::fmt::{Display, Write as _};

use crate::SpecError;
use crate::spec::C_SPACE;

/// The keys of one device string.
#[derive(Debug)]
pub(crate) struct Keys {
    /// What the string describes, with its article: `a network interface`.
    pub device: &'static str,
    /// The words that stand before `=`; at most 128 with the flags.
    pub valued: &'static [&'static str],
    /// The words that stand alone.
    pub flags: &'static [&'static str],
    /// Whether xl drops white space around keys and values.
    pub trims: bool,
    /// Whether a value is secret, so that no word of the string may be shown.
    pub secret: bool,
}

impl Keys {
    /// Keys of the common kind: no flags, nothing trimmed, nothing secret.
    pub(crate) const fn new(device: &'static str, valued: &'static [&'static str]) -> Self {
        Self {
            device,
            valued,
            flags: &[],
            trims: false,
            secret: false,
        }
    }

    /// Every word of the string: a key and its value, or a flag and nothing. None comes twice.
    pub(crate) fn read<'s>(
        &'static self,
        spec: &'s str,
    ) -> impl Iterator<Item = Result<(&'static str, &'s str), SpecError>> {
        let mut seen = 0_u128;
        spec.split(',')
            .filter(|word| !word.is_empty())
            .map(move |word| self.word(word, &mut seen))
    }

    /// A string that is a single `key=value`.
    pub(crate) fn pair<'s>(
        &'static self,
        text: &'s str,
    ) -> Result<(&'static str, &'s str), SpecError> {
        let mut none = 0;
        self.word(text, &mut none)
    }

    fn word<'s>(
        &self,
        word: &'s str,
        seen: &mut u128,
    ) -> Result<(&'static str, &'s str), SpecError> {
        let bare = word.trim_start_matches(' ');
        if bare.is_empty() {
            return Err(SpecError::unknown(
                word,
                "there are only spaces between two commas; take one comma away",
            ));
        }
        let (bit, name, value) = if let Some((key, value)) = bare.split_once('=') {
            let trim = |text: &'s str| {
                if self.trims {
                    text.trim_matches(C_SPACE)
                } else {
                    text
                }
            };
            let index = self.key(trim(key))?;
            (index, self.valued[index], trim(value))
        } else {
            let index = self.flag(bare)?;
            (self.valued.len() + index, self.flags[index], "")
        };
        let bit = 1_u128 << (bit & 127);
        if *seen & bit != 0 {
            return Err(SpecError::Twice { key: name });
        }
        *seen |= bit;
        Ok((name, value))
    }

    fn key(&self, key: &str) -> Result<usize, SpecError> {
        self.valued
            .iter()
            .position(|known| *known == key)
            .ok_or_else(|| {
                if self.flags.contains(&key) {
                    SpecError::flag_with_value(key)
                } else {
                    SpecError::unknown_key(key, self.device, self.valued)
                }
            })
    }

    fn flag(&self, word: &str) -> Result<usize, SpecError> {
        if let Some(index) = self.flags.iter().position(|known| *known == word) {
            return Ok(index);
        }
        let reason = if self.valued.contains(&word) {
            format!("it needs a value: {word}=…")
        } else {
            format!(
                "{} is described by key=value, separated by commas",
                self.device
            )
        };
        let shown = if self.secret { "…" } else { word };
        Err(SpecError::unknown(shown, reason))
    }
}

/// A device string in the making. The values are already checked.
#[derive(Debug, Default)]
pub(crate) struct Spec(String);

impl Spec {
    /// A word that stands alone.
    pub(crate) fn word(&mut self, word: impl Display) {
        if !self.0.is_empty() {
            self.0.push(',');
        }
        // Writing to a String cannot fail.
        let _ = write!(self.0, "{word}");
    }

    /// `key=value`.
    pub(crate) fn put(&mut self, key: &str, value: impl Display) {
        self.word(format_args!("{key}={value}"));
    }

    /// `key=value`, when there is one.
    pub(crate) fn put_some(&mut self, key: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.put(key, value);
        }
    }

    /// `key=1` or `key=0`, when it is said.
    pub(crate) fn switch(&mut self, key: &str, value: Option<bool>) {
        self.put_some(key, value.map(u8::from));
    }

    pub(crate) fn finish(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static KEYS: Keys = Keys {
        flags: &["on"],
        ..Keys::new("a test", &["bridge", "size"])
    };
    static TRIMMED: Keys = Keys {
        trims: true,
        ..Keys::new("a test", &["bridge", "size"])
    };

    fn read(
        keys: &'static Keys,
        spec: &'static str,
    ) -> Result<Vec<(&'static str, &'static str)>, SpecError> {
        keys.read(spec).collect()
    }

    #[test]
    fn as_xl_reads_them() {
        let expected = vec![("bridge", " a = b "), ("on", ""), ("size", "")];
        assert_eq!(read(&KEYS, ",, bridge= a = b ,,  on,size=,"), Ok(expected));
        assert_eq!(
            read(&TRIMMED, " bridge =\ta b "),
            Ok(vec![("bridge", "a b")])
        );
        assert_eq!(read(&KEYS, ""), Ok(vec![]));
        let error = |keys, spec| read(keys, spec).unwrap_err().to_string();
        insta::assert_snapshot!(error(&KEYS, "brigde=a"), @"`brigde`: xl knows no such key for a test; did you mean `bridge`?");
        insta::assert_snapshot!(error(&KEYS, "colour=a"), @"`colour`: xl knows no such key for a test; it knows bridge and size");
        insta::assert_snapshot!(error(&KEYS, "bridge =a"), @"`bridge `: xl knows no such key for a test; did you mean `bridge`?");
        insta::assert_snapshot!(error(&KEYS, "bridge"), @"`bridge`: it needs a value: bridge=…");
        insta::assert_snapshot!(error(&KEYS, "a"), @"`a`: a test is described by key=value, separated by commas");
        insta::assert_snapshot!(error(&KEYS, "on, ,on"), @"` `: there are only spaces between two commas; take one comma away");
        insta::assert_snapshot!(error(&KEYS, "on,on"), @"on is given twice");
        insta::assert_snapshot!(error(&KEYS, "size=1,size=1"), @"size is given twice");
    }
}
