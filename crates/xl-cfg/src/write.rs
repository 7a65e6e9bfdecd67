//! Writing a setting so that xl reads exactly what was meant.

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
    /// A control character for which xl.cfg has no escape.
    #[error("the value holds the control character U+{:04X}, which xl.cfg has no way to write; remove it", u32::from(*.0))]
    Control(char),
    /// More lists inside lists than any setting has.
    #[error("its lists are nested more than {DEEPEST_LIST} deep")]
    TooDeep,
}

/// Appends `key = value` and a newline.
pub(crate) fn setting(text: &mut String, key: &Key, value: &Value) -> Result<(), WriteError> {
    let failed = |reason| WriteError {
        key: key.clone(),
        reason,
    };
    let mut line = format!("{key} = ");
    match value {
        Value::List(items) if items.len() > 1 => spread(&mut line, items).map_err(failed)?,
        Value::List(items) => {
            let short = line.len();
            inline(&mut line, value, 0).map_err(failed)?;
            if line.chars().count() > LONG_LINE {
                line.truncate(short);
                spread(&mut line, items).map_err(failed)?;
            }
        }
        Value::Integer(_) | Value::String(_) => inline(&mut line, value, 0).map_err(failed)?,
    }
    text.push_str(&line);
    text.push('\n');
    Ok(())
}

/// A list with one item a line. xl takes a comma after the last one.
fn spread(line: &mut String, items: &[Value]) -> Result<(), WriteReason> {
    line.push_str("[\n");
    for item in items {
        line.push_str("  ");
        inline(line, item, 1)?;
        line.push_str(",\n");
    }
    line.push(']');
    Ok(())
}

fn inline(line: &mut String, value: &Value, depth: usize) -> Result<(), WriteReason> {
    match value {
        Value::Integer(number) if *number < 0 => string(line, &number.to_string()),
        Value::Integer(number) => {
            line.push_str(&number.to_string());
            Ok(())
        }
        Value::String(text) => string(line, text),
        Value::List(_) if depth >= DEEPEST_LIST => Err(WriteReason::TooDeep),
        Value::List(items) if items.is_empty() => {
            line.push_str("[]");
            Ok(())
        }
        Value::List(items) => {
            line.push_str("[ ");
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    line.push_str(", ");
                }
                inline(line, item, depth + 1)?;
            }
            line.push_str(" ]");
            Ok(())
        }
    }
}

fn string(line: &mut String, text: &str) -> Result<(), WriteReason> {
    line.push('"');
    for character in text.chars() {
        if let Some(letter) = escape_of(character) {
            line.push('\\');
            line.push(letter);
        } else if character == '\0' {
            return Err(WriteReason::Nul);
        } else if character.is_ascii_control() {
            // xl would carry most of them raw, but its `\x` is wrong, and no setting has a use for them.
            return Err(WriteReason::Control(character));
        } else {
            line.push(character);
        }
    }
    line.push('"');
    Ok(())
}

/// The letter after the backslash for a character that needs one between double quotes.
fn escape_of(character: char) -> Option<char> {
    Some(match character {
        '"' => '"',
        '\\' => '\\',
        '\x07' => 'a',
        '\x08' => 'b',
        '\x0c' => 'f',
        '\n' => 'n',
        '\r' => 'r',
        '\t' => 't',
        '\x0b' => 'v',
        _ => return None,
    })
}

/// The character that a legal escape stands for.
pub(crate) fn unescape(letter: char) -> Option<char> {
    Some(match letter {
        '"' => '"',
        '\'' => '\'',
        '\\' => '\\',
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
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
        insta::assert_snapshot!(message("a\x1b[0m"), @"cmdline: the value holds the control character U+001B, which xl.cfg has no way to write; remove it");
        assert!(text_of("cmdline", "\x7f").is_err());
        let deep = (0..40).fold(Value::from("x"), |value, _| Value::List(vec![value]));
        insta::assert_snapshot!(text_of("vnuma", deep).unwrap_err(), @"vnuma: its lists are nested more than 32 deep");
    }
}
