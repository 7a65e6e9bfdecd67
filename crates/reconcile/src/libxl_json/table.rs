//! Every key whose place and shape in the JSON the key table tells.

use serde_json::Value as Json;
use xl_cfg::Value;
use xl_cfg::keys::{self, KeyInfo, Range, Shape, Words};

use super::source::{self, Source};

/// Keys that say what others say as well, at the places of those: they are not needed.
const SAID_BY_OTHERS: [&str; 1] = [
    // `bios`, `firmware_override`, `kernel`
    "firmware",
];

pub(super) fn read(source: &mut Source) {
    let all = || keys::groups().iter().flat_map(|group| group.keys);
    let needed = |info: &&KeyInfo| !SAID_BY_OTHERS.contains(&info.name);
    // An old spelling only where no other has the place.
    for old in [false, true] {
        for info in all().filter(needed) {
            if info.deprecated.is_some() == old {
                key(source, info);
            }
        }
    }
}

fn key(source: &mut Source, info: &'static KeyInfo) {
    for pointer in info.observed.iter().filter_map(|seen| seen.pointer()) {
        if source.is_set(info.name) {
            return;
        }
        let Some(json) = source.get(pointer) else {
            continue;
        };
        // A flag that is there and unset says nothing.
        if matches!(info.shape, Shape::Boolean) && source::flag(json) == Some(None) {
            source.done(pointer);
            continue;
        }
        let value = value(&info.shape, json, pointer).filter(|value| info.shape.fits(value));
        if let Some(value) = value {
            // Of a domain that runs, nobody can tell whether libxl filled it in.
            let filled_in = source.runs() && is_default(info, &value);
            if !filled_in {
                source.set(info.name, value);
            }
            source.done(pointer);
        }
    }
}

/// Whether a value is what holds without the key.
pub(super) fn is_default(info: &KeyInfo, value: &Value) -> bool {
    match info.default.parse::<i64>() {
        Ok(default) => value.as_integer() == Some(default),
        Err(_) => {
            !info.default.is_empty() && value.as_text().is_some_and(|text| text == info.default)
        }
    }
}

fn value(shape: &Shape, json: &Json, pointer: &str) -> Option<Value> {
    match shape {
        Shape::Text | Shape::Path | Shape::Uuid | Shape::Letters(_) => {
            source::text(json).map(Value::from)
        }
        Shape::Integer(range) => number(*range, json, pointer),
        Shape::Boolean => source::flag(json).flatten().map(Value::from),
        Shape::Words(words) => word(words, json.as_str()?).map(Value::from),
        Shape::List(item) => {
            let items = json.as_array()?.iter();
            let items: Option<Vec<Value>> = items.map(|json| value(item, json, pointer)).collect();
            items.map(Value::List)
        }
        Shape::Either(shapes) => shapes
            .iter()
            .find_map(|shape| value(shape, json, pointer).filter(|value| shape.fits(value))),
        Shape::Old(shape) => value(shape, json, pointer),
        Shape::Spec(_) => None,
    }
}

fn number(range: Range, json: &Json, pointer: &str) -> Option<Value> {
    let number = json.as_u64()?;
    // libxl counts in KiB what xl counts in MiB, and says so in the name.
    if range.unit == "MiB" && pointer.ends_with("_memkb") {
        return (number % 1024 == 0)
            .then(|| Value::try_from(number / 1024).ok())
            .flatten();
    }
    Value::try_from(number).ok()
}

/// The word for one of libxl's enumerations. libxl joins words by `_` where xl has `-`.
fn word(words: &Words, text: &str) -> Option<&'static str> {
    let text = match text {
        "std" => "stdvga",
        same => same,
    };
    let gone = words.gone.iter().map(|(word, _)| *word);
    let same = |word: &&str| {
        word.len() == text.len()
            && word
                .bytes()
                .zip(text.bytes())
                .all(|(one, other)| one == other || (one == b'-' && other == b'_'))
    };
    words.of(None).chain(gone).find(same)
}
