//! Writing a setting so that xl reads exactly what was meant.

use bstr::ByteSlice;

use crate::{Key, Value};

/// How deep lists may be nested; nothing in xl needs more than two.
pub(crate) const DEEPEST_LIST: usize = 32;

/// A line longer than this, in characters, has its list spread out.
const LONG_LINE: usize = 100;

/// A value that xl.cfg cannot carry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {reason}")]
pub struct WriteError {
    /// The key whose value it is.
    pub key: Key,
    /// What stands in the way.
    pub reason: WriteReason,
}

/// Why a value cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WriteReason {
    /// xl ends every string at a NUL.
    #[error("the value holds a NUL character, where xl would cut it off; remove it")]
    Nul,
    /// A text was asked for, and the value holds bytes that are none.
    #[error("the value is no valid UTF-8, and cannot be part of a text")]
    NotUtf8,
    /// More lists inside lists than any setting has.
    #[error("its lists are nested more than {DEEPEST_LIST} deep")]
    TooDeep,
}

/// Appends `key = value` and a newline.
pub(crate) fn setting(text: &mut Vec<u8>, key: &Key, value: &Value) -> Result<(), WriteError> {
    let failed = |reason| WriteError {
        key: key.clone(),
        reason,
    };
    let start = text.len();
    text.extend_from_slice(key.as_str().as_bytes());
    text.extend_from_slice(b" = ");
    match value {
        Value::List(items) if items.len() > 1 => spread(text, items).map_err(failed)?,
        Value::List(items) => {
            let short = text.len();
            inline(text, value, 0).map_err(failed)?;
            if text[start..].chars().count() > LONG_LINE {
                text.truncate(short);
                spread(text, items).map_err(failed)?;
            }
        }
        Value::Integer(_) | Value::String(_) => inline(text, value, 0).map_err(failed)?,
    }
    text.push(b'\n');
    Ok(())
}

/// A list with one item a line. xl takes a comma after the last one.
fn spread(line: &mut Vec<u8>, items: &[Value]) -> Result<(), WriteReason> {
    line.extend_from_slice(b"[\n");
    for item in items {
        line.extend_from_slice(b"  ");
        inline(line, item, 1)?;
        line.extend_from_slice(b",\n");
    }
    line.push(b']');
    Ok(())
}

fn inline(line: &mut Vec<u8>, value: &Value, depth: usize) -> Result<(), WriteReason> {
    match value {
        Value::Integer(number) if *number < 0 => string(line, number.to_string().as_bytes()),
        Value::Integer(number) => {
            line.extend_from_slice(number.to_string().as_bytes());
            Ok(())
        }
        Value::String(text) => string(line, text),
        Value::List(_) if depth >= DEEPEST_LIST => Err(WriteReason::TooDeep),
        Value::List(items) if items.is_empty() => {
            line.extend_from_slice(b"[]");
            Ok(())
        }
        Value::List(items) => {
            line.extend_from_slice(b"[ ");
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    line.extend_from_slice(b", ");
                }
                inline(line, item, depth + 1)?;
            }
            line.extend_from_slice(b" ]");
            Ok(())
        }
    }
}

/// Every byte but NUL can stand between quotes; those that have an escape get it.
fn string(line: &mut Vec<u8>, text: &[u8]) -> Result<(), WriteReason> {
    line.reserve(text.len() + 2);
    line.push(b'"');
    for &byte in text {
        match escape_of(byte) {
            Some(letter) => line.extend_from_slice(&[b'\\', letter]),
            None if byte == 0 => return Err(WriteReason::Nul),
            None => line.push(byte),
        }
    }
    line.push(b'"');
    Ok(())
}

/// The letter after the backslash for a byte that needs one between double quotes.
fn escape_of(byte: u8) -> Option<u8> {
    Some(match byte {
        b'"' => b'"',
        b'\\' => b'\\',
        0x07 => b'a',
        0x08 => b'b',
        0x0c => b'f',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x0b => b'v',
        _ => return None,
    })
}

/// The byte that a legal escape stands for.
pub(crate) fn unescape(letter: u8) -> Option<u8> {
    Some(match letter {
        b'"' => b'"',
        b'\'' => b'\'',
        b'\\' => b'\\',
        b'a' => 0x07,
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 0x0b,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    fn text_of(key: &str, value: impl Into<Value>) -> Result<String, WriteError> {
        let mut config = Config::new();
        config.set(Key::new(key).unwrap(), value.into());
        config.to_text()
    }

    #[test]
    fn a_guest() {
        let mut config = Config::new();
        for (key, value) in [
            ("name", Value::from("mrkitty")),
            ("memory", Value::from(256_i64)),
            ("rtc_timeoffset", Value::from(-3600_i64)),
            ("pae", Value::from(true)),
            (
                "vif",
                Value::from(vec!["mac=00:16:3e:00:00:01,bridge=xenbr0"]),
            ),
            (
                "disk",
                Value::from(vec![
                    "format=raw,vdev=xvda,target=/a",
                    "format=raw,vdev=xvdb,target=/b",
                ]),
            ),
            ("bootloader_args", Value::List(Vec::new())),
            (
                "vnuma",
                Value::from(vec![
                    vec!["pnode=0", "size=128"],
                    vec!["pnode=1", "size=128"],
                ]),
            ),
            ("cmdline", Value::from("a=\"b c\" path=C:\\x 'y'\tend é")),
        ] {
            config.set(Key::new(key).unwrap(), value);
        }
        insta::assert_snapshot!(config.to_text().unwrap(), @r#"
        name = "mrkitty"
        memory = 256
        rtc_timeoffset = "-3600"
        pae = 1
        vif = [ "mac=00:16:3e:00:00:01,bridge=xenbr0" ]
        disk = [
          "format=raw,vdev=xvda,target=/a",
          "format=raw,vdev=xvdb,target=/b",
        ]
        bootloader_args = []
        vnuma = [
          [ "pnode=0", "size=128" ],
          [ "pnode=1", "size=128" ],
        ]
        cmdline = "a=\"b c\" path=C:\\x 'y'\tend é"
        "#);
    }

    #[test]
    fn a_long_list_is_spread() {
        let text = text_of("disk", vec!["x".repeat(100)]).unwrap();
        assert_eq!(text, format!("disk = [\n  \"{}\",\n]\n", "x".repeat(100)));
    }

    #[test]
    fn what_cannot_be_carried() {
        let message = |text: &str| text_of("cmdline", text).unwrap_err().to_string();
        insta::assert_snapshot!(message("a\0b"), @"cmdline: the value holds a NUL character, where xl would cut it off; remove it");
        let bytes = text_of("cmdline", bstr::BString::from(b"a\xff".as_slice()));
        insta::assert_snapshot!(bytes.unwrap_err(), @"cmdline: the value is no valid UTF-8, and cannot be part of a text");
        let deep = (0..40).fold(Value::from("x"), |value, _| Value::List(vec![value]));
        insta::assert_snapshot!(text_of("vnuma", deep).unwrap_err(), @"vnuma: its lists are nested more than 32 deep");
    }
}
