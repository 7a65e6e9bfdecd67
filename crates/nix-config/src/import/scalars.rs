//! Keys that hold one value, or a list of texts.

use std::borrow::Cow;

use guest_spec::option_of_key;
use xl_cfg::Value;
use xl_cfg::keys::{self, Matching, Shape};

use super::Importing;
use crate::NixValue;

const NOT_TEXT: &str = "the value is no valid UTF-8, which Nix options cannot carry; change it";

impl Importing<'_> {
    /// A key with one value: its option, when there is one that can hold it, else `settings`.
    pub(super) fn scalar(&mut self, key: &str, value: &Value) {
        let Some(option) = option_of_key(key) else {
            self.setting(key, value);
            return;
        };
        let path: Vec<_> = option.split('.').collect();
        match keys::get(key).and_then(|info| typed(&info.shape, value)) {
            Some(nix) => self.set(key, &path, nix),
            None => self.setting(key, value),
        }
    }

    /// A list of texts, or one text.
    pub(super) fn texts(&mut self, key: &str, value: &Value) {
        let texts = match value {
            Value::List(items) => items.iter().map(text).collect(),
            one => text(one).map(|text| vec![text]),
        };
        match (texts, option_of_key(key)) {
            (Some(texts), Some(option)) if !texts.is_empty() => {
                let path: Vec<_> = option.split('.').collect();
                self.set(key, &path, texts);
            }
            _ => self.setting(key, value),
        }
    }
}

/// A value as its option takes it; nothing when the option would not.
pub(super) fn typed(shape: &Shape, value: &Value) -> Option<NixValue> {
    match shape {
        Shape::Integer(_) => value.as_integer().map(NixValue::Integer),
        Shape::Boolean => value.as_integer().map(|number| NixValue::Bool(number != 0)),
        Shape::Uuid => text(value).map(|text| text.to_ascii_lowercase().into()),
        Shape::Text | Shape::Path => text(value).map(NixValue::String),
        Shape::Words(words) => {
            let text = text(value)?;
            let mut all = words.of(None);
            let word = match words.matching {
                Matching::AnyCase => all.find(|word| word.eq_ignore_ascii_case(&text)),
                _ => all.find(|word| *word == text),
            };
            word.map(NixValue::from)
        }
        Shape::Either(shapes) => shapes
            .iter()
            .filter(|shape| shape.fits(value))
            .find_map(|shape| typed(shape, value)),
        // The numbers of words that xl still takes have to be looked up in Xen's headers.
        Shape::Old(_) | Shape::Letters(_) | Shape::Spec(_) | Shape::List(_) => None,
    }
}

/// A value of `settings`.
pub(super) fn setting(key: &str, value: &Value) -> Result<NixValue, String> {
    let is_switch = keys::get(key).is_some_and(|info| info.shape == Shape::Boolean);
    match value.as_integer() {
        Some(0) if is_switch => Ok(NixValue::Bool(false)),
        Some(1) if is_switch => Ok(NixValue::Bool(true)),
        _ => plain(value),
    }
}

fn plain(value: &Value) -> Result<NixValue, String> {
    match value {
        Value::Integer(number) => Ok(NixValue::Integer(*number)),
        Value::String(_) => text(value)
            .map(NixValue::String)
            .ok_or_else(|| NOT_TEXT.to_owned()),
        Value::List(items) => items
            .iter()
            .map(plain)
            .collect::<Result<_, _>>()
            .map(NixValue::List),
    }
}

/// A value's text, when it has one that is valid UTF-8.
pub(super) fn text(value: &Value) -> Option<String> {
    value.as_text().map(Cow::into_owned)
}

/// The texts of a list of texts.
pub(super) fn plain_texts(items: &[Value]) -> Option<Vec<String>> {
    items.iter().map(text).collect()
}
