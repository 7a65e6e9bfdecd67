//! What a guest wrote, made fit for a terminal: a guest may write anything, and a terminal obeys.

use anstream::adapter::strip_str;

/// The longest line that is kept whole, in bytes; a longer one is cut into several.
const LONGEST: usize = 16 * 1024;

/// Turns what a guest wrote to its console into lines of plain text.
///
/// Escape sequences and control characters go, but for tabs; so do the characters that change the direction of text. Of
/// a line that was written over with carriage returns, as progress is, what was written last stays.
#[derive(Default)]
pub struct Lines {
    /// The bytes since the last line feed.
    line: Vec<u8>,
}

impl Lines {
    /// Takes what comes next, and gives each line that it completes to `line`.
    pub fn feed(&mut self, bytes: &[u8], line: &mut impl FnMut(&str)) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let ends = part.ends_with(b"\n");
            self.line
                .extend_from_slice(part.strip_suffix(b"\n").unwrap_or(part));
            if ends {
                show(&std::mem::take(&mut self.line), line);
            } else if self.line.len() >= LONGEST {
                let rest = self.line.split_off(whole(&self.line));
                show(&std::mem::replace(&mut self.line, rest), line);
            }
        }
    }

    /// Gives what came after the last line feed.
    pub fn finish(&mut self, line: &mut impl FnMut(&str)) {
        if !self.line.is_empty() {
            show(&std::mem::take(&mut self.line), line);
        }
    }
}

/// Shows a line. Its escape sequences end with it: one that never ends does not swallow the next line.
fn show(bytes: &[u8], line: &mut impl FnMut(&str)) {
    let text = String::from_utf8_lossy(bytes);
    let mut written = String::with_capacity(text.len());
    for character in text.chars() {
        if character == '\u{8}' {
            written.pop();
        } else {
            written.push(character);
        }
    }
    line(&plain(&strip_str(&written).to_string()));
}

/// How many bytes there are before a character whose end is yet to come.
fn whole(bytes: &[u8]) -> usize {
    let last = bytes
        .iter()
        .rev()
        .take(3)
        .position(|byte| byte & 0xc0 != 0x80);
    match last {
        Some(back) if bytes[bytes.len() - 1 - back] >= 0xc0 => bytes.len() - 1 - back,
        _ => bytes.len(),
    }
}

/// A line without escape sequences as it was last seen.
fn plain(text: &str) -> String {
    let last = text
        .split('\r')
        .rfind(|part| !part.trim().is_empty())
        .unwrap_or_default();
    let shown =
        |character: &char| *character == '\t' || !(character.is_control() || turns(*character));
    let line: String = last.chars().filter(shown).collect();
    line.trim_end().to_owned()
}

/// Whether a character changes the direction of what follows (Unicode's bidirectional formatting).
const fn turns(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// One line of what somebody else wrote, fit for a terminal.
pub fn one_line(text: &str) -> String {
    let mut lines = Vec::new();
    let mut taken = Lines::default();
    let mut take = |line: &str| {
        if !line.is_empty() {
            lines.push(line.to_owned());
        }
    };
    taken.feed(text.as_bytes(), &mut take);
    taken.finish(&mut take);
    lines.join("; ")
}

/// Breaks a text into lines that fit a terminal, where there is one; all but the first begin with `indent` spaces. `taken`
/// columns of the first are in use already.
pub fn wrap(text: &str, terminal: Option<usize>, taken: usize, indent: usize) -> String {
    // So narrow that lines of a word each would be worse.
    let Some(width) = terminal.filter(|width| *width >= indent + 20) else {
        return text.to_owned();
    };
    let mut wrapped = String::with_capacity(text.len());
    let mut column = taken;
    for (at, word) in text.split(' ').enumerate() {
        let length = word.chars().count();
        if at > 0 && column + 1 + length > width {
            wrapped.push('\n');
            wrapped.extend(std::iter::repeat_n(' ', indent));
            column = indent;
        } else if at > 0 {
            wrapped.push(' ');
            column += 1;
        }
        wrapped.push_str(word);
        column += length;
    }
    wrapped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(chunks: &[&[u8]]) -> Vec<String> {
        let mut found = Vec::new();
        let mut lines = Lines::default();
        for chunk in chunks {
            lines.feed(chunk, &mut |line| found.push(line.to_owned()));
        }
        lines.finish(&mut |line| found.push(line.to_owned()));
        found
    }

    #[test]
    fn what_moves_a_terminal_goes() {
        let colours = b"\x1b[1;32m  OK  \x1b[0m\r\n\x1b]0;title\x07login: \x1b[6n\x1b[2J\r\n";
        assert_eq!(lines(&[colours]), ["  OK", "login:"]);
        // 8-bit controls, DEL, BEL, a turned direction, an end of input in a sequence.
        let odd = "a\u{9b}31mb\u{7f}\u{7}c\u{202e}d\x1b[".as_bytes();
        assert_eq!(
            lines(&[odd])[0].chars().filter(|c| c.is_control()).count(),
            0
        );
        assert!(!lines(&[odd])[0].contains('\u{202e}'));
    }

    #[test]
    fn utf_8_stays_whole_however_it_comes() {
        let text = "grün → ✓\tдом\n".as_bytes();
        for cut in 0..text.len() {
            assert_eq!(lines(&[&text[..cut], &text[cut..]]), ["grün → ✓\tдом"]);
        }
        assert_eq!(lines(&[b"a\xffb\n"]), ["a\u{fffd}b"]);
    }

    #[test]
    fn of_progress_the_last_stays() {
        assert_eq!(
            lines(&[b"10%\r50%\r100%\r\n\r\nnext\n\rlast"]),
            ["100%", "", "next", "last"]
        );
        assert_eq!(lines(&[b"wait |\x08/\x08-\n"]), ["wait -"]);
    }

    #[test]
    fn a_line_without_an_end_is_cut() {
        let long = vec![b'x'; 3 * LONGEST + 1];
        let found = lines(&[
            &long[..LONGEST],
            &long[LONGEST..2 * LONGEST],
            &long[2 * LONGEST..],
        ]);
        assert!(found.len() >= 3 && found.iter().map(String::len).sum::<usize>() == long.len());
    }

    #[test]
    fn a_long_text_is_wrapped_at_words() {
        let text = "one two three four five six seven";
        assert_eq!(wrap(text, None, 0, 4), text);
        assert_eq!(wrap(text, Some(10), 0, 4), text);
        assert_eq!(
            wrap(text, Some(24), 10, 2),
            "one two three\n  four five six seven"
        );
    }

    #[test]
    fn an_unfinished_sequence_swallows_no_line() {
        assert_eq!(lines(&[b"\x1b]0;never\nseen\n"])[1], "seen");
    }
}
