//! What the tests of the rules share: guests that break one, and what they are told.

use serde_json::{Value, json};

use super::tests::{GUEST, document};
use crate::Document;

/// A guest of a type, with these fields in place of its own.
pub(super) fn guest(kind: &str, fields: &Value) -> Value {
    let mut guest: Value = serde_json::from_str(GUEST).unwrap();
    guest["type"] = kind.into();
    guest["maxMemoryMib"] = Value::Null;
    // Some have what cannot be saved.
    guest["lifecycle"] = json!({ "onHostShutdown": "shutdown" });
    if kind == "hvm" {
        guest["boot"] = json!({ "bootloader": "firmware" });
    }
    for (name, field) in fields.as_object().unwrap() {
        guest[name] = field.clone();
    }
    guest
}

pub(super) fn problems(guests: &[Value]) -> Vec<String> {
    let guests: Vec<String> = guests.iter().map(ToString::to_string).collect();
    let document = Document::parse(&document(&guests.join(", "))).unwrap();
    document
        .problems()
        .iter()
        .map(ToString::to_string)
        .collect()
}

/// What each guest is told.
pub(super) fn told(cases: &[(&str, Value)]) -> String {
    let shown: Vec<String> = cases
        .iter()
        .map(|(kind, fields)| {
            let found = problems(&[guest(kind, fields)]);
            assert!(!found.is_empty(), "no problem found in {kind} {fields}");
            found.join("\n")
        })
        .collect();
    shown.join("\n")
}
