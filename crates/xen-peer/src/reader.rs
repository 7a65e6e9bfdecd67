//! The reader and the writer of files against Xen's.

use bstr::ByteSlice as _;
use xl_cfg::document::Operator;
use xl_cfg::{Config, Document, ParseError, Value, WriteReason};

use crate::outcome::{Outcome, laxer, same};
use crate::stricter::{IN_FILES, Repair};
use crate::{Answer, Verdict, config, words};

/// Whether both accept a text and understand the same, or both refuse it.
#[must_use]
pub fn text(text: &[u8]) -> Outcome {
    let keys = words(text);
    let theirs = config(text, &keys);
    match (read(text, &keys), &theirs) {
        (Ok(ours), Verdict::Accepted(theirs)) => same(&ours, theirs),
        (Ok(_), _) => laxer(&theirs),
        (Err(error), _) if error.place.line == 0 || error.place.column == 0 => {
            Outcome::Disagreement(format!("an error without a place: {error}"))
        }
        (Err(error), Verdict::Accepted(theirs)) => stricter(text, &error, &keys, theirs),
        (Err(_), _) => Outcome::Refused,
    }
}

/// What Xen reads is a known difference, and nothing else, when the text without it means the same.
fn stricter(text: &[u8], error: &ParseError, keys: &[&[u8]], theirs: &Answer) -> Outcome {
    let mut text = text.to_vec();
    let mut error = error.clone();
    let mut found = None;
    // A text may have several.
    for _ in 0..=text.len() {
        let offset = offset(&text, &error);
        let repaired = IN_FILES.iter().find_map(|difference| {
            Some((difference.name, (difference.repair)(&text, offset, &error)?))
        });
        match repaired {
            None => break,
            Some((name, Repair::AsItStands | Repair::At(..))) => {
                return Outcome::Stricter(name);
            }
            Some((name, Repair::Text(repaired))) => {
                found.get_or_insert(name);
                text = repaired;
            }
        }
        match (read(&text, keys), found) {
            (Ok(ours), Some(name)) if ours == *theirs => return Outcome::Stricter(name),
            (Ok(ours), _) => return same(&ours, theirs),
            (Err(next), _) => error = next,
        }
    }
    Outcome::Disagreement(format!("xl-cfg: {error}\nXen reads {theirs:?}"))
}

/// Where an error stands, in bytes.
fn offset(text: &[u8], error: &ParseError) -> usize {
    let line_start: usize = text
        .split_inclusive(|&byte| byte == b'\n')
        .take(error.place.line - 1)
        .map(<[u8]>::len)
        .sum();
    let line = &text[line_start..];
    line.char_indices()
        .nth(error.place.column - 1)
        .map_or(text.len(), |(start, _, _)| line_start + start)
}

/// What xl-cfg reads, in the shape of what Xen answers.
fn read(text: &[u8], keys: &[&[u8]]) -> Result<Answer, ParseError> {
    let document = Document::parse(text)?;
    // Xen reads no number in a setting whose last assignment was `+=`.
    let added = |key: &str| {
        let mut assignments = document.assignments().iter().rev();
        assignments
            .find(|assignment| assignment.key.as_str() == key)
            .is_some_and(|assignment| assignment.operator == Operator::Append)
    };
    let config = document.config();
    let mut found = 0;
    let answer = keys
        .iter()
        .map(|key| {
            let key = key.to_str_lossy();
            let value = config.get(&key);
            found += usize::from(value.is_some());
            value.map_or(Answer::Nothing, |value| setting(value, added(&key)))
        })
        .collect();
    assert_eq!(found, config.len(), "a key that is no word of the text");
    Ok(answer)
}

fn setting(value: &Value, added: bool) -> Answer {
    let mut setting = vec![plain(value)];
    if value.as_list().is_none() {
        let number = value.as_integer().filter(|_| !added);
        setting.push(number.map_or(Answer::Nothing, Answer::Integer));
    }
    Answer::List(setting)
}

fn plain(value: &Value) -> Answer {
    match value {
        Value::List(items) => items.iter().map(plain).collect(),
        _ => Answer::String(value.as_bytes().unwrap_or_default().into_owned()),
    }
}

/// Whether Xen reads what xl-cfg has written, value by value, and xl-cfg reads it back.
#[must_use]
pub fn written(config: &Config) -> Outcome {
    let text = match config.to_bytes() {
        Ok(text) => text,
        Err(error) => {
            let value = config.get(error.key.as_str());
            let justified = match error.reason {
                WriteReason::Nul => value.is_some_and(holds_nul),
                WriteReason::TooDeep => value.is_some_and(|value| depth(value) > 32),
                WriteReason::NotUtf8 => false,
            };
            return if justified {
                Outcome::Refused
            } else {
                Outcome::Disagreement(format!("xl-cfg does not write it: {error}"))
            };
        }
    };
    let keys: Vec<&[u8]> = config
        .iter()
        .map(|(key, _)| key.as_str().as_bytes())
        .collect();
    let meant: Answer = config
        .iter()
        .map(|(_, value)| setting(value, false))
        .collect();
    match crate::config(&text, &keys) {
        Verdict::Accepted(theirs) if theirs != meant => Outcome::Disagreement(format!(
            "xl-cfg means   {meant:?}\nand writes     {text:?}\nXen reads      {theirs:?}"
        )),
        Verdict::Accepted(_) => match Config::parse(&text) {
            Ok(read) if read == *config => Outcome::Accepted,
            Ok(read) => {
                Outcome::Disagreement(format!("xl-cfg writes {text:?}\nand reads     {read:?}"))
            }
            Err(error) => Outcome::Disagreement(format!(
                "xl-cfg does not read what it has written: {text:?}\n{error}"
            )),
        },
        theirs => match laxer(&theirs) {
            Outcome::Disagreement(why) => Outcome::Disagreement(format!("{text:?}\n{why}")),
            other => other,
        },
    }
}

fn holds_nul(value: &Value) -> bool {
    match value {
        Value::List(items) => items.iter().any(holds_nul),
        _ => value.as_bytes().is_some_and(|bytes| bytes.contains(&0)),
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::List(items) => 1 + items.iter().map(depth).max().unwrap_or_default(),
        _ => 0,
    }
}
