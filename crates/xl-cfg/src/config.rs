//! A whole configuration.

use bstr::BString;
use indexmap::IndexMap;

use crate::document::{Document, Operator};
use crate::parse::ParseError;
use crate::write::{self, WriteError, WriteReason};
use crate::{Key, Value};

/// The settings of one xl.cfg file, in their order, each key once.
#[derive(Debug, Clone, Default)]
pub struct Config {
    entries: IndexMap<Key, Value>,
}

impl Config {
    /// A configuration without settings.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a key. One that is already there keeps its place and gets the new value, which is then the one that xl
    /// would use as well: in a file, the last assignment wins.
    pub fn set(&mut self, key: Key, value: Value) {
        self.entries.insert(key, value);
    }

    /// Carries out an assignment of a file; a list and a text are never joined here, the reader has refused that.
    pub(crate) fn assign(&mut self, key: Key, operator: Operator, value: Value) {
        match (operator, self.entries.get_mut(key.as_str())) {
            (Operator::Append, Some(present)) => match (&mut *present, value) {
                (Value::List(items), Value::List(added)) => items.extend(added),
                (Value::String(text), added) => {
                    text.extend_from_slice(&added.as_bytes().unwrap_or_default());
                }
                (_, added) => {
                    let mut text = present.as_bytes().unwrap_or_default().into_owned();
                    text.extend_from_slice(&added.as_bytes().unwrap_or_default());
                    *present = Value::String(text.into());
                }
            },
            _ => self.set(key, value),
        }
    }

    /// The value of a key, if it is set.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.entries.get(key)
    }

    /// Takes a key out, and gives the value that it had.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        self.entries.shift_remove(key)
    }

    /// All settings in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Value)> {
        self.entries.iter()
    }

    /// How many settings there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no setting at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The text of the file, one `key = value` a line, in the order in which the keys were first set.
    ///
    /// A list of several items, or a long one, has one item a line. Reading the text gives an equal configuration.
    ///
    /// # Errors
    ///
    /// When a value cannot be written so that xl reads it back, or is no UTF-8 ([`Config::to_bytes`] writes that
    /// too); the error names the key and the reason.
    pub fn to_text(&self) -> Result<String, WriteError> {
        let mut text = String::new();
        let mut setting = Vec::new();
        for (key, value) in &self.entries {
            setting.clear();
            write::setting(&mut setting, key, value)?;
            text.push_str(str::from_utf8(&setting).map_err(|_| WriteError {
                key: key.clone(),
                reason: WriteReason::NotUtf8,
            })?);
        }
        Ok(text)
    }

    /// As [`Config::to_text`], with whatever bytes the strings hold: xl passes them through.
    ///
    /// # Errors
    ///
    /// When a value cannot be written so that xl reads it back.
    pub fn to_bytes(&self) -> Result<BString, WriteError> {
        let mut text = Vec::new();
        for (key, value) in &self.entries {
            write::setting(&mut text, key, value)?;
        }
        Ok(text.into())
    }

    /// Reads a file's text as xl does.
    ///
    /// # Errors
    ///
    /// The first place that xl would refuse, or read as something else than what stands there.
    pub fn parse(text: &(impl AsRef<[u8]> + ?Sized)) -> Result<Self, ParseError> {
        Document::parse(text).map(Document::into_config)
    }
}

/// Equal with the same settings in the same order.
impl PartialEq for Config {
    fn eq(&self, other: &Self) -> bool {
        self.entries.as_slice() == other.entries.as_slice()
    }
}

impl Eq for Config {}

impl<'a> IntoIterator for &'a Config {
    type Item = (&'a Key, &'a Value);
    type IntoIter = indexmap::map::Iter<'a, Key, Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.iter()
    }
}
