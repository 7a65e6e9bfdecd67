//! Places in a file, as a person finds them.

use std::fmt;

use bstr::ByteSlice;
use unicode_width::UnicodeWidthChar;

/// How much of a line is shown around a place, in columns of a terminal.
const SHOWN_COLUMNS: usize = 100;

/// A place in a file: its line, its column, and what stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1. A byte that is no UTF-8 counts as one.
    pub column: usize,
    /// The part of the line around the place, fit for a terminal: no control characters, at most a hundred columns.
    pub excerpt: String,
    /// Where the place stands in the excerpt, in columns of a terminal, from 0.
    pub caret: usize,
}

impl Place {
    /// The place at a byte offset; an offset past the end is the end.
    #[must_use]
    pub fn at(text: &[u8], offset: usize) -> Self {
        let offset = offset.min(text.len());
        let before = &text[..offset];
        let line_start = before.rfind_byte(b'\n').map_or(0, |newline| newline + 1);
        let line_end = text[offset..]
            .find_byte(b'\n')
            .map_or(text.len(), |length| offset + length);
        let (excerpt, caret) = excerpt(&text[line_start..offset], &text[offset..line_end]);
        Self {
            line: before.find_iter(b"\n").count() + 1,
            column: text[line_start..offset].chars().count() + 1,
            excerpt,
            caret,
        }
    }
}

/// The line with a caret under the place, each on a line of its own, without a line break at the end.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.line.to_string();
        let margin = number.len();
        writeln!(f, "  {number} | {}", self.excerpt)?;
        write!(f, "  {:margin$} | {:caret$}^", "", "", caret = self.caret)
    }
}

/// What is shown of a line, and where in it the second part begins.
fn excerpt(before: &[u8], after: &[u8]) -> (String, usize) {
    let mut back = Vec::new();
    let mut columns = 0;
    let mut characters = before.chars().rev();
    for character in characters.by_ref() {
        let (shown, width) = show(character);
        if columns + width > SHOWN_COLUMNS * 2 / 3 {
            back.push('…');
            columns += 1;
            break;
        }
        back.push(shown);
        columns += width;
    }
    let caret = columns;
    let mut line: String = back.into_iter().rev().collect();
    for character in after.chars() {
        let (shown, width) = show(character);
        if columns + width > SHOWN_COLUMNS {
            line.push('…');
            break;
        }
        line.push(shown);
        columns += width;
    }
    line.truncate(line.trim_end().len());
    (line, caret)
}

/// A control character would move the caret, or the terminal, a tab has no width of its own, and marks of direction
/// and of no width would hide what stands there: a space for each.
fn show(character: char) -> (char, usize) {
    let unseen = matches!(
        character,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    );
    match character.width() {
        Some(width) if !unseen && !character.is_control() => (character, width),
        _ => (' ', 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_under_the_place() {
        let text = "a = 1\n\u{6f22}\u{5b57}\t\u{e9} = x\n".as_bytes();
        let place = Place::at(text, text.find(b"x").unwrap());
        assert_eq!((place.line, place.column), (2, 8));
        // Two characters that are two columns wide each.
        assert_eq!(place.caret, 9);
        assert_eq!(place.excerpt, "\u{6f22}\u{5b57} \u{e9} = x");
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let text = format!("{}X{}", "a".repeat(1_000_000), "b".repeat(1_000_000));
        let place = Place::at(text.as_bytes(), 1_000_000);
        assert_eq!(place.column, 1_000_001);
        assert!(
            place.excerpt.chars().count() <= SHOWN_COLUMNS + 2,
            "{place}"
        );
        assert_eq!(place.excerpt.chars().nth(place.caret), Some('X'));
    }

    #[test]
    fn any_bytes_have_a_place() {
        let text = b"\xff\xfe\x1b[31m";
        let place = Place::at(text, 4);
        assert_eq!((place.line, place.column), (1, 5));
        assert!(!place.to_string().contains('\x1b'));
        assert_eq!(Place::at(text, 99).column, 8);
    }
}
