//! A whole configuration.

use crate::parse::{self, ParseError};
use crate::write::{self, WriteError};
use crate::{Key, Value};

/// The settings of one xl.cfg file, in their order, each key once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    entries: Vec<(Key, Value)>,
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
        match self.entries.iter_mut().find(|(present, _)| *present == key) {
            Some((_, present)) => *present = value,
            None => self.entries.push((key, value)),
        }
    }

    /// The value of a key, if it is set.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.entries
            .iter()
            .find(|(present, _)| present.as_str() == key)
            .map(|(_, value)| value)
    }

    /// Takes a key out, and gives the value that it had.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let index = self
            .entries
            .iter()
            .position(|(present, _)| present.as_str() == key)?;
        Some(self.entries.remove(index).1)
    }

    /// All settings in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Value)> {
        self.entries.iter().map(|(key, value)| (key, value))
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
    /// When a value cannot be written so that xl reads it back; the error names the key and the reason.
    pub fn to_text(&self) -> Result<String, WriteError> {
        let mut text = String::new();
        for (key, value) in &self.entries {
            write::setting(&mut text, key, value)?;
        }
        Ok(text)
    }

    /// Reads a file's text as xl does.
    ///
    /// # Errors
    ///
    /// The first place that xl would refuse, or read as something else than what stands there.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        parse::config(text)
    }
}

impl<'a> IntoIterator for &'a Config {
    type Item = &'a (Key, Value);
    type IntoIter = std::slice::Iter<'a, (Key, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.iter()
    }
}
