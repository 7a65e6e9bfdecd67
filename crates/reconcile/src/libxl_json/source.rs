//! The JSON, the settings that it has become, and what of it has been read.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use xl_cfg::keys::{self, GuestType};
use xl_cfg::{Config, Key, SpecError, Value};

use super::Read;
use super::item::Item;

/// A domain's JSON on its way to a configuration.
pub(super) struct Source<'j> {
    json: &'j Json,
    settings: BTreeMap<&'static str, Value>,
    /// The places that have been read, with everything below them.
    read: BTreeSet<String>,
    /// The places that a person has to look at as a whole.
    doubtful: BTreeSet<String>,
}

impl<'j> Source<'j> {
    pub(super) fn new(json: &'j Json) -> Self {
        Self {
            json,
            settings: BTreeMap::new(),
            read: BTreeSet::new(),
            doubtful: BTreeSet::new(),
        }
    }

    /// What is at a place, unless it has been read.
    pub(super) fn get(&self, pointer: &str) -> Option<&'j Json> {
        self.json
            .pointer(pointer)
            .filter(|_| !self.read.contains(pointer) && !self.doubtful.contains(pointer))
    }

    /// Whether something is at a place, read or not.
    pub(super) fn has(&self, pointer: &str) -> bool {
        self.json.pointer(pointer).is_some()
    }

    pub(super) fn text(&self, pointer: &str) -> Option<&'j str> {
        text(self.get(pointer)?)
    }

    pub(super) fn number(&self, pointer: &str) -> Option<u64> {
        self.get(pointer)?.as_u64()
    }

    /// A flag that may be unset.
    pub(super) fn flag(&self, pointer: &str) -> Option<bool> {
        flag(self.get(pointer)?).flatten()
    }

    /// The type of the guest, when it is one that is known.
    pub(super) fn guest(&self) -> Option<GuestType> {
        let word = self.json.pointer("/c_info/type")?.as_str()?;
        GuestType::ALL
            .into_iter()
            .find(|guest| guest.word() == word)
    }

    /// Whether this is the JSON of a domain that runs: only then libxl asks Xen by which scheduler
    /// (`libxl_retrieve_domain_configuration`).
    pub(super) fn runs(&self) -> bool {
        self.json.pointer("/b_info/sched_params/sched").is_some()
    }

    /// Says that a place has become a setting, or that it says no more than others do.
    pub(super) fn done(&mut self, pointer: impl Into<String>) {
        self.read.insert(pointer.into());
    }

    /// Says that a place has not, or not exactly, become a setting.
    pub(super) fn doubt(&mut self, pointer: impl Into<String>) {
        self.doubtful.insert(pointer.into());
    }

    pub(super) fn set(&mut self, key: &'static str, value: impl Into<Value>) {
        self.settings.insert(key, value.into());
    }

    pub(super) fn is_set(&self, key: &str) -> bool {
        self.settings.contains_key(key)
    }

    /// Makes a key of a list, one value of each item of it that can be read.
    ///
    /// `make` gets an item and the place that its value will have in the key's list.
    pub(super) fn list(
        &mut self,
        key: &'static str,
        pointer: &str,
        mut make: impl FnMut(&mut Item<'j>, usize) -> Option<Value>,
    ) {
        let Some(items) = self.get(pointer).and_then(Json::as_array) else {
            return;
        };
        let mut values = Vec::new();
        for (index, json) in items.iter().enumerate() {
            let place = format!("{pointer}/{index}");
            if self.read.contains(&place) {
                continue;
            }
            let mut item = Item::new(place, json);
            let value = make(&mut item, values.len());
            values.extend(self.take(item, value));
        }
        if !values.is_empty() {
            self.set(key, Value::List(values));
        }
    }

    /// The value that was made of an item, when all that was asked of the item could be read.
    pub(super) fn take<T>(&mut self, item: Item<'j>, value: Option<T>) -> Option<T> {
        let (pointer, read) = item.finish();
        if let (Some(value), Some(read)) = (value, read) {
            self.read.extend(read);
            return Some(value);
        }
        self.doubt(pointer);
        None
    }

    pub(super) fn finish(mut self) -> Read {
        let mut unread = Vec::new();
        self.walk(self.json, &mut String::new(), &mut unread);
        let mut config = Config::new();
        for info in keys::groups().iter().flat_map(|group| group.keys) {
            if let (Some(value), Ok(key)) = (self.settings.remove(info.name), Key::new(info.name)) {
                config.set(key, value);
            }
        }
        Read { config, unread }
    }

    fn walk(&self, json: &Json, pointer: &mut String, unread: &mut Vec<String>) {
        if self.doubtful.contains(pointer) {
            unread.push(pointer.clone());
            return;
        }
        if self.read.contains(pointer) {
            return;
        }
        let length = pointer.len();
        match json {
            Json::Object(fields) if !(fields.is_empty() && pointer.is_empty()) => {
                for (name, value) in fields {
                    pointer.push('/');
                    pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
                    self.walk(value, pointer, unread);
                    pointer.truncate(length);
                }
            }
            Json::Array(items) if !pointer.is_empty() => {
                for (index, value) in items.iter().enumerate() {
                    pointer.push('/');
                    pointer.push_str(&index.to_string());
                    self.walk(value, pointer, unread);
                    pointer.truncate(length);
                }
            }
            _ => unread.push(pointer.clone()),
        }
    }
}

/// A text that a configuration can hold.
pub(super) fn text(json: &Json) -> Option<&str> {
    json.as_str().filter(|text| !text.contains('\0'))
}

/// A flag, and whether it is set at all; nothing when it is no flag.
#[expect(clippy::option_option, reason = "unset is a value of libxl's defbool")]
pub(super) fn flag(json: &Json) -> Option<Option<bool>> {
    match json {
        Json::Bool(flag) => Some(Some(*flag)),
        Json::String(text) => match text.as_str() {
            "True" => Some(Some(true)),
            "False" => Some(Some(false)),
            "<default>" => Some(None),
            _ => None,
        },
        _ => None,
    }
}

/// Numbers in a list, such as a bitmap.
pub(super) fn numbers(json: &Json) -> Option<Vec<u32>> {
    let number = |item: &Json| u32::try_from(item.as_u64()?).ok();
    json.as_array()?.iter().map(number).collect()
}

/// Runs of numbers that follow each other, with their first and last.
pub(super) fn runs_of(numbers: &[u32]) -> Vec<(u32, u32)> {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for number in numbers.iter().copied() {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(number) => *last = number,
            _ => runs.push((number, number)),
        }
    }
    runs
}

/// The value of a string that xl reads further.
pub(super) fn spec(text: Result<String, SpecError>) -> Option<Value> {
    text.ok().map(Value::from)
}
