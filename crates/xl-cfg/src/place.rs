//! Places in a file, as a person finds them.

use std::fmt;

use bstr::ByteSlice;
use unicode_width::UnicodeWidthChar;

/// How much of a line is shown around a place, in columns of a terminal.
const SHOWN_COLUMNS: usize = 100;

/// How many characters are shown on either side of a place; marks that combine with a letter have no columns.
const SHOWN_CHARACTERS: usize = 400;

/// How many bytes hold more characters than are shown: one has at most four.
const WINDOW: usize = 4 * (SHOWN_CHARACTERS + 1);

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
    /// Whether a password could stand here: then there is no excerpt, and nothing should quote the line.
    pub hidden: bool,
}

impl Place {
    /// The place at a byte offset; an offset past the end is the end.
    ///
    /// It reads the text up to there, and shows what stands there, even a password. Who asks for many places of one text asks [`Document::place`](crate::Document::place).
    #[must_use]
    pub fn at(text: &[u8], offset: usize) -> Self {
        Self::after(Mark::default(), text, offset)
    }

    /// The place at an offset, read from a mark that is not behind it.
    fn after(mark: Mark, text: &[u8], offset: usize) -> Self {
        let offset = offset.min(text.len());
        let between = text.get(mark.offset..offset).unwrap_or_default();
        let (column, in_line) = match between.rfind_byte(b'\n') {
            Some(newline) => (0, &between[newline + 1..]),
            None => (mark.column, between),
        };
        let (excerpt, caret) = excerpt(text, offset);
        Self {
            line: mark.line + between.find_iter(b"\n").count() + 1,
            column: column + in_line.chars().count() + 1,
            excerpt,
            caret,
            hidden: false,
        }
    }

    /// The place without what stands there.
    pub(crate) fn hide(self) -> Self {
        Self {
            excerpt: String::new(),
            caret: 0,
            hidden: true,
            ..self
        }
    }
}

/// So many bytes, or up to three more, lie between two marks.
const BETWEEN_MARKS: usize = 1024;

/// A place that is known, from which others near it are counted. All is counted from 0.
#[derive(Debug, Clone, Copy, Default)]
struct Mark {
    offset: usize,
    line: usize,
    column: usize,
    line_start: usize,
}

/// Known places all over a text: with them a place costs the search for the nearest, and a kilobyte.
#[derive(Debug, Clone)]
pub(crate) struct Marks(Vec<Mark>);

impl Marks {
    /// Reads the whole text once.
    pub(crate) fn new(text: &[u8]) -> Self {
        let mut marks = Vec::with_capacity(text.len() / BETWEEN_MARKS + 1);
        let mut here = Mark::default();
        for (start, end, character) in text.char_indices() {
            here.offset = start;
            if start >= marks.len() * BETWEEN_MARKS {
                marks.push(here);
            }
            if character == '\n' {
                here.line += 1;
                here.column = 0;
                here.line_start = end;
            } else {
                here.column += 1;
            }
        }
        Self(marks)
    }

    /// The last mark that is not behind an offset.
    fn before(&self, offset: usize) -> Mark {
        let behind = self.0.partition_point(|mark| mark.offset <= offset);
        let before = behind.checked_sub(1).and_then(|index| self.0.get(index));
        before.copied().unwrap_or_default()
    }

    /// The place at an offset of the text of these marks.
    pub(crate) fn place(&self, text: &[u8], offset: usize) -> Place {
        let offset = offset.min(text.len());
        Place::after(self.before(offset), text, offset)
    }

    /// Where the line of an offset begins.
    pub(crate) fn line_start(&self, text: &[u8], offset: usize) -> usize {
        let offset = offset.min(text.len());
        let mark = self.before(offset);
        let between = text.get(mark.offset..offset).unwrap_or_default();
        between
            .rfind_byte(b'\n')
            .map_or(mark.line_start, |newline| mark.offset + newline + 1)
    }
}

/// The line with a caret under the place, each on a line of its own, without a line break at the end; nothing when it is
/// hidden.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.hidden {
            return Ok(());
        }
        let number = self.line.to_string();
        let margin = number.len();
        writeln!(f, "  {number} | {}", self.excerpt)?;
        write!(f, "  {:margin$} | {:caret$}^", "", "", caret = self.caret)
    }
}

/// What is shown of the line of an offset, and where in it the offset is. It looks at so many bytes around the offset as
/// can be shown, however long the line is.
fn excerpt(text: &[u8], offset: usize) -> (String, usize) {
    let (before, after) = text.split_at(offset);
    let before = &before[before.len().saturating_sub(WINDOW)..];
    let before = before
        .rfind_byte(b'\n')
        .map_or(before, |newline| &before[newline + 1..]);
    let after = &after[..after.len().min(WINDOW)];
    let after = after
        .find_byte(b'\n')
        .map_or(after, |newline| &after[..newline]);

    let mut back = Vec::new();
    let mut columns = 0;
    for (count, character) in before.chars().rev().enumerate() {
        let (shown, width) = show(character);
        if columns + width > SHOWN_COLUMNS * 2 / 3 || count == SHOWN_CHARACTERS {
            back.push('…');
            columns += 1;
            break;
        }
        back.push(shown);
        columns += width;
    }
    let caret = columns;
    let mut line: String = back.into_iter().rev().collect();
    for (count, character) in after.chars().enumerate() {
        let (shown, width) = show(character);
        if columns + width > SHOWN_COLUMNS || count == SHOWN_CHARACTERS {
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

    #[test]
    fn with_marks_and_without_a_place_is_the_same() {
        let mut text = b"name = 'x'\n\n".to_vec();
        text.extend("\u{6f22}\u{e9}a\u{301}".repeat(1_000).bytes());
        text.extend(b"\n\xff\xe6\xbc\xf0\x9f".repeat(300));
        text.extend(b"\n".repeat(3_000));
        text.extend(b"\x80".repeat(3_000));
        let marks = Marks::new(&text);
        for offset in 0..=text.len() + 1 {
            let place = Place::at(&text, offset);
            assert_eq!(marks.place(&text, offset), place, "{offset}");
            let before = &text[..offset.min(text.len())];
            let start = before.rfind(b"\n").map_or(0, |newline| newline + 1);
            assert_eq!(marks.line_start(&text, offset), start, "{offset}");
        }
    }

    #[test]
    fn between_two_marks_is_little() {
        for text in [&b"\n"[..], b"x", "\u{1f427}".as_bytes(), b"\xff"] {
            let text = text.repeat(100_000);
            let marks = Marks::new(&text);
            let offsets: Vec<_> = marks.0.iter().map(|mark| mark.offset).collect();
            assert!(
                offsets
                    .windows(2)
                    .all(|two| two[1] - two[0] <= BETWEEN_MARKS + 3)
            );
            assert!(text.len() - offsets.last().unwrap() <= BETWEEN_MARKS + 3);
        }
    }

    #[test]
    fn characters_without_a_width_are_cut_as_well() {
        let text = "\u{301}".repeat(1_000_000);
        let place = Place::at(text.as_bytes(), 1_000_000);
        assert!(place.excerpt.chars().count() <= 2 * SHOWN_CHARACTERS + 2);
    }
}
