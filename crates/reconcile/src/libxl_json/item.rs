//! An object of the JSON, such as a device, of which each field is asked for by name.

use std::str::FromStr;

use serde_json::Value as Json;

use super::source;

/// An object, and what has been read of it.
///
/// A field that is asked for and has another shape makes the whole object unreadable: a device of which half is known
/// is not guessed at.
pub(super) struct Item<'j> {
    pointer: String,
    json: &'j Json,
    read: Vec<String>,
    broken: bool,
}

impl<'j> Item<'j> {
    pub(super) fn new(pointer: String, json: &'j Json) -> Self {
        Self {
            pointer,
            json,
            read: Vec::new(),
            broken: !json.is_object(),
        }
    }

    /// Where it is, and the places in it that were read; none when it cannot be read.
    pub(super) fn finish(self) -> (String, Option<Vec<String>>) {
        (self.pointer, (!self.broken).then_some(self.read))
    }

    pub(super) fn get(&self, name: &str) -> Option<&'j Json> {
        self.json.get(name)
    }

    /// A field that `convert` understands.
    pub(super) fn take<T>(
        &mut self,
        name: &str,
        convert: impl FnOnce(&'j Json) -> Option<T>,
    ) -> Option<T> {
        let value = convert(self.get(name)?);
        match value {
            Some(_) => self.done(name),
            None => self.broken = true,
        }
        value
    }

    /// A field that says nothing of its own when it is `usual`; otherwise it stays unread.
    pub(super) fn skip(&mut self, name: &str, usual: impl FnOnce(&Json) -> bool) {
        if self.get(name).is_some_and(usual) {
            self.done(name);
        }
    }

    fn done(&mut self, name: &str) {
        self.read.push(format!("{}/{name}", self.pointer));
    }

    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        self.take(name, source::text).map(str::to_owned)
    }

    pub(super) fn number<T: TryFrom<u64>>(&mut self, name: &str) -> Option<T> {
        self.take(name, |json| T::try_from(json.as_u64()?).ok())
    }

    /// A flag of any kind: true or false, a number, or one that may be unset.
    pub(super) fn flag(&mut self, name: &str) -> Option<bool> {
        let number = |json: &Json| match json.as_u64() {
            Some(0) => Some(Some(false)),
            Some(1) => Some(Some(true)),
            _ => None,
        };
        self.take(name, |json| source::flag(json).or_else(|| number(json)))
            .flatten()
    }

    pub(super) fn on(&mut self, name: &str) -> bool {
        self.flag(name) == Some(true)
    }

    /// A word that one of xl's grammars knows.
    pub(super) fn word<T: FromStr>(&mut self, name: &str) -> Option<T> {
        self.take(name, |json| source::text(json)?.parse().ok())
    }

    /// Numbers in a list, such as a bitmap; none when there is no list.
    pub(super) fn numbers(&mut self, name: &str) -> Vec<u32> {
        self.take(name, source::numbers).unwrap_or_default()
    }

    /// The device's number, which xl gives by the place in the list; another one stays unread.
    pub(super) fn place(&mut self, place: usize) {
        self.skip("devid", |json| json.as_u64() == u64::try_from(place).ok());
    }

    /// The domain that serves the device, by name or else by number; Dom0 when there is none.
    pub(super) fn backend(&mut self) -> Option<String> {
        let name = self.text("backend_domname").filter(|name| !name.is_empty());
        let number = self
            .number::<u32>("backend_domid")
            .filter(|domid| *domid != 0);
        name.or_else(|| number.map(|domid| domid.to_string()))
    }

    /// What `read` makes of an object within; it gets nothing when there is none.
    pub(super) fn within<T: Default>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Item<'j>) -> T,
    ) -> T {
        let Some(json) = self.get(name) else {
            return T::default();
        };
        let mut child = Item::new(format!("{}/{name}", self.pointer), json);
        let value = read(&mut child);
        self.absorb(child);
        value
    }

    /// What `read` makes of each object in a list within.
    pub(super) fn each<T>(
        &mut self,
        name: &str,
        mut read: impl FnMut(&mut Item<'j>) -> T,
    ) -> Vec<T> {
        let Some(json) = self.get(name) else {
            return Vec::new();
        };
        let Some(items) = json.as_array() else {
            self.broken = true;
            return Vec::new();
        };
        let mut values = Vec::new();
        for (index, json) in items.iter().enumerate() {
            let mut child = Item::new(format!("{}/{name}/{index}", self.pointer), json);
            values.push(read(&mut child));
            self.absorb(child);
        }
        values
    }

    fn absorb(&mut self, child: Item<'j>) {
        match child.finish() {
            (_, Some(read)) => self.read.extend(read),
            (_, None) => self.broken = true,
        }
    }
}
