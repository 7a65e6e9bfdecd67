//! Keys that hold one value, or a list of texts.

use std::borrow::Cow;

use guest_spec::{argument_holds_secret, option_of_key, path_problem};
use xl_cfg::Value;
use xl_cfg::keys::{self, GuestType, Matching, Shape};

use super::Importing;
use crate::NixValue;

const NOT_TEXT: &str = "the value is no valid UTF-8, which Nix options cannot carry; change it";

impl Importing<'_> {
    /// A key with one value: its option, when there is one that can hold it, else `settings`.
    pub(super) fn scalar(&mut self, key: &str, value: &Value) {
        if let Some(why) = self.nothing_comes_of(key) {
            self.leave_out(key, why);
            return;
        }
        let Some(option) = option_of_key(key) else {
            self.setting(key, value);
            return;
        };
        let path: Vec<_> = option.split('.').collect();
        match keys::get(key).and_then(|info| typed(&info.shape, value)) {
            Some(nix) if option_takes(key, &nix) && self.is_on(key) => self.set(key, &path, nix),
            _ => self.setting(key, value),
        }
    }

    /// Why xl makes nothing of a key of the screen, when it does not: `xl_parse.c`, `parse_config_data`.
    pub(super) fn nothing_comes_of(&self, key: &str) -> Option<&'static str> {
        let of_vnc = matches!(key, "vnclisten" | "vncdisplay" | "vncunused" | "vncpasswd");
        let of_window = matches!(key, "sdl" | "opengl" | "display" | "xauthority");
        if !of_vnc && !of_window && key != "keymap" && key != "vnc" {
            return None;
        }
        let number = |key| self.config.get(key).and_then(Value::as_integer);
        let has_vfb = self
            .config
            .get("vfb")
            .and_then(Value::as_list)
            .is_some_and(|items| !items.is_empty());
        match self.guest {
            GuestType::Pv if has_vfb => Some("xl ignores it, because there is a vfb"),
            GuestType::Pv if number("vnc").unwrap_or(0) == 0 => {
                Some("there is no screen that it would be for")
            }
            GuestType::Hvm if of_vnc && number("vnc") == Some(0) => {
                Some("there is no VNC that it would be for")
            }
            _ => None,
        }
    }

    /// Whether what a key belongs to is switched on: the options of a thing that is off are refused.
    fn is_on(&self, key: &str) -> bool {
        let switch = match key {
            "display" | "opengl" | "xauthority" => "sdl",
            "spice" => return true,
            key if key.starts_with("spice") => "spice",
            _ => return true,
        };
        let switch = self.config.get(switch).and_then(Value::as_integer);
        switch.is_some_and(|on| on != 0)
    }

    /// A list of texts, or one text.
    pub(super) fn texts(&mut self, key: &str, value: &Value) {
        let texts = match value {
            Value::List(items) => items.iter().map(text).collect(),
            one => text(one)
                .filter(|text| !text.is_empty())
                .map(|text| vec![text]),
        };
        if texts
            .iter()
            .flatten()
            .any(|text| argument_holds_secret(text))
        {
            self.fail(key, "an argument holds a password, which everybody could read in the Nix store; remove it, and set graphics.vnc.passwordFile or graphics.spice.passwordFile");
            return;
        }
        match (texts, option_of_key(key)) {
            (Some(texts), Some(option)) if !texts.is_empty() => {
                let path: Vec<_> = option.split('.').collect();
                self.set(key, &path, texts);
            }
            _ => self.setting(key, value),
        }
    }
}

/// Whether the type of a key's option (`modules/types.nix`) takes a text; `settings` carry what it does not.
fn option_takes(key: &str, value: &NixValue) -> bool {
    let NixValue::String(text) = value else {
        return true;
    };
    let one_line = !text.contains(char::is_control);
    match (key, keys::get(key).map(|info| info.shape)) {
        ("vnclisten" | "spicehost", _) => {
            !text.is_empty()
                && text
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))
        }
        ("pool" | "keymap" | "device_model_user", _) => {
            text.starts_with(|c: char| c.is_ascii_alphanumeric())
                && text
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':' | '-'))
        }
        ("display", _) => {
            !text.is_empty() && !text.contains([',', '=', '\'', '"', '\\', ' ']) && one_line
        }
        (_, Some(Shape::Path)) => path_problem(text).is_none(),
        _ => one_line && !text.is_empty(),
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
            let gone = words.gone.iter().map(|(word, _)| *word);
            let mut all = words.of(None).chain(gone);
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
