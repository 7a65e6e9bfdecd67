//! Reading `guests.json`, with errors that name the guest and the option.

use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use crate::{Document, VERSION};

/// Why a text is not a `guests.json`.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// It is not JSON: cut in half, or edited by hand.
    #[error("it is not whole JSON: {0}. Run nixos-rebuild to write it again")]
    NotJson(serde_json::Error),
    /// It is of a version that this program does not read.
    #[error(
        "it has version {found}, and this domus reads version {VERSION}: modules and program come from two releases of Domus; take both from one"
    )]
    Version {
        /// The version found, as JSON shows it.
        found: String,
    },
    /// A field is unknown, missing, or has a value that it cannot have.
    #[error("{place}: {message}")]
    Field {
        /// The guest and the option, or the field, in the user's words.
        place: String,
        /// What is wrong.
        message: String,
    },
}

impl Document {
    /// Reads a `guests.json`. It is not judged yet: see [`Document::problems`].
    ///
    /// # Errors
    /// When it is no JSON, has another version, or a field is unknown, missing or ill-typed.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        match serde_json::from_str::<Self>(text) {
            Ok(document) if document.version == VERSION => Ok(document),
            Ok(document) => Err(ParseError::Version {
                found: document.version.to_string(),
            }),
            Err(error) => Err(explain(text, error)),
        }
    }
}

/// Reads the text once more to say where the error is; only a document that was refused pays for it.
fn explain(text: &str, error: serde_json::Error) -> ParseError {
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => return ParseError::NotJson(error),
    };
    match value.get("version") {
        Some(version) if *version != VERSION => {
            return ParseError::Version {
                found: version.to_string(),
            };
        }
        _ => {}
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    match serde_path_to_error::deserialize::<_, Document>(&mut deserializer) {
        Ok(_) => ParseError::NotJson(error),
        Err(error) => {
            let place = place(&value, error.path());
            ParseError::Field {
                place,
                message: error.into_inner().to_string(),
            }
        }
    }
}

/// `guests[3].disks[0].size` becomes `guest web, option disks.root.size`.
fn place(document: &Value, path: &Path) -> String {
    let mut here = document;
    let mut words = Vec::new();
    for segment in path {
        match segment {
            Segment::Map { key } => {
                here = here.get(key).unwrap_or(&Value::Null);
                words.push(key.clone());
            }
            Segment::Seq { index } => {
                here = here.get(index).unwrap_or(&Value::Null);
                let name = here.get("name").and_then(Value::as_str);
                words.push(name.map_or_else(|| format!("number {}", index + 1), str::to_owned));
            }
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    match words.as_slice() {
        [] => "the document".to_owned(),
        [list, name] if list == "guests" => format!("guest {name}"),
        [list, name, option @ ..] if list == "guests" => {
            format!("guest {name}, option {}", option_name(&option.join(".")))
        }
        words => words.join("."),
    }
}

/// The option of the NixOS module that a field comes from: sizes have their unit in the field's name.
fn option_name(field: &str) -> &str {
    let field = field.strip_suffix("Mib").unwrap_or(field);
    field.strip_prefix("boot.").unwrap_or(field)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::tests::{GUEST, document};

    fn message(text: &str) -> String {
        Document::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn reads_what_nix_writes() {
        let parsed = Document::parse(&document(GUEST)).unwrap();
        assert_eq!(parsed.guests[0].name, "web");
        assert_eq!(parsed.config_dir, "/etc/xen");
    }

    #[test]
    fn null_and_absent_are_the_same() {
        let without = document(GUEST);
        let with = without.replacen("\"vcpus\"", "\"maxVcpus\": null, \"vcpus\"", 1);
        assert_ne!(without, with);
        assert_eq!(
            Document::parse(&without).unwrap(),
            Document::parse(&with).unwrap()
        );
    }

    #[test]
    fn errors_name_guest_and_option() {
        let whole = document(GUEST);
        let cut = &whole[..whole.len() / 2];
        let cases = [
            ("cut in half", cut.to_owned()),
            (
                "version 2",
                whole.replace("\"version\": 1", "\"version\": 2"),
            ),
            (
                "version 2, another shape",
                r#"{"version": 2, "domains": []}"#.to_owned(),
            ),
            ("no version", r#"{"guests": []}"#.to_owned()),
            ("empty", String::new()),
            ("unknown field", whole.replace("\"vcpus\"", "\"vCpus\"")),
            ("4 gigs", whole.replace("4GiB", "4 gigs")),
            (
                "negative memory",
                whole.replace("\"memoryMib\": 512", "\"memoryMib\": -5"),
            ),
            (
                "no memory",
                whole.replace("\"memoryMib\": 512", "\"memoryMib\": 0"),
            ),
            ("a type", whole.replace("\"pv\"", "\"p\"")),
            (
                "no memory of a node",
                whole.replace(
                    "\"vcpus\": 2",
                    r#""vcpus": 2, "vnuma": [ { "pnode": 0, "memoryMib": 0, "vcpus": "0" } ]"#,
                ),
            ),
            (
                "a word",
                whole.replace(
                    "\"vcpus\": 2",
                    r#""vcpus": 2, "pci": { "gfxPassthru": "nvidia" }"#,
                ),
            ),
            (
                "a MAC",
                whole.replace("00:16:3e:00:00:01", "00:16:3e:00:00"),
            ),
        ];
        let shown: Vec<_> = cases
            .iter()
            .map(|(name, text)| format!("{name}: {}", message(text)))
            .collect();
        insta::assert_snapshot!(shown.join("\n"));
    }
}
