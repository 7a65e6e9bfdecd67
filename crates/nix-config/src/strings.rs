//! Nix strings, both kinds, and the names of attributes.
//!
//! The rules are those of Nix's lexer.l and of `stripIndentation` in its parser.

/// Words that cannot be a name without quotes. `or` could, but not everywhere; `__curPos` could, but not in rnix.
const KEYWORDS: [&str; 11] = [
    "assert", "else", "if", "in", "inherit", "let", "or", "rec", "then", "with", "__curPos",
];

/// An attribute's name as it stands before `=`: quoted only when it must be.
///
/// ```
/// use nix_config::attribute_name;
/// assert_eq!(attribute_name("mrkitty"), "mrkitty");
/// assert_eq!(attribute_name("web.example"), "\"web.example\"");
/// assert_eq!(attribute_name("with"), "\"with\"");
/// ```
#[must_use]
pub fn attribute_name(name: &str) -> String {
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let goes_on = name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '\'' | '-'));
    if starts && goes_on && !KEYWORDS.contains(&name) {
        name.to_owned()
    } else {
        quoted(name)
    }
}

/// `"text"`, on one line.
pub(crate) fn quoted(text: &str) -> String {
    let mut written = String::with_capacity(text.len() + 2);
    written.push('"');
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' => written.push_str("\\\""),
            '\\' => written.push_str("\\\\"),
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            '$' if characters.peek() == Some(&'{') => written.push_str("\\$"),
            _ => written.push(character),
        }
    }
    written.push('"');
    written
}

/// `''text''` over several lines, or nothing when the other kind serves better (one line) or only the other kind can
/// hold it unchanged.
///
/// Nix takes the smallest indentation of all lines away, and knows only spaces as such: the text must have a line that
/// does not begin with a space, and the lines around it none with a tab.
pub(crate) fn indented(text: &str, indent: &str) -> Option<String> {
    let lines: Vec<&str> = text.split('\n').collect();
    let only_spaces = |line: &&str| !line.is_empty() && line.trim_matches([' ', '\t']).is_empty();
    let at_margin = |line: &&str| !line.is_empty() && !line.starts_with(' ');
    if lines.len() < 2
        || text == "\n"
        || lines.iter().any(only_spaces)
        || !lines.iter().any(at_margin)
        || text
            .chars()
            .any(|c| c.is_control() && c != '\n' && c != '\t')
        || indent.contains(|c| c != ' ')
    {
        return None;
    }
    let mut written = "''\n".to_owned();
    for (index, line) in lines.iter().enumerate() {
        if index > 0 {
            written.push('\n');
        }
        if !line.is_empty() {
            written.push_str(indent);
            written.push_str("  ");
            escape_indented(&mut written, line, index + 1 == lines.len());
        }
    }
    if text.ends_with('\n') {
        written.push_str(indent);
    }
    written.push_str("''");
    Some(written)
}

fn escape_indented(written: &mut String, line: &str, last: bool) {
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, characters.peek()) {
            ('$', Some('{')) => written.push_str("''$"),
            ('\'', Some('\'')) => {
                characters.next();
                written.push_str("'''");
            }
            // Right before `''${` or the closing quotes it would become one of theirs.
            ('\'', Some('$')) => written.push_str("''\\'"),
            ('\'', None) if last => written.push_str("''\\'"),
            _ => written.push(character),
        }
    }
}

/// What stands between the quotes of a `"…"` without interpolation.
pub(crate) fn unquote(source: &str) -> String {
    let mut text = String::with_capacity(source.len());
    let mut characters = source.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' => text.extend(characters.next().map(unescape)),
            '\r' => {
                // Nix reads every kind of line end as one newline.
                characters.next_if_eq(&'\n');
                text.push('\n');
            }
            _ => text.push(character),
        }
    }
    text
}

fn unescape(letter: char) -> char {
    match letter {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        other => other,
    }
}

/// What stands between the quotes of a `''…''` without interpolation, indentation taken away.
pub(crate) fn unindent(source: &str) -> String {
    let characters = unescape_indented(source);
    let characters = without_first_line(&characters);
    let margin = smallest_indentation(characters);
    let mut text = String::new();
    let mut dropped = Some(0);
    for (character, escaped) in characters {
        match dropped {
            Some(count) if *character == ' ' && !escaped && count < margin => {
                dropped = Some(count + 1);
            }
            _ => {
                dropped = match dropped {
                    _ if *character == '\n' && !escaped => Some(0),
                    Some(count) if *character == ' ' && !escaped => Some(count + 1),
                    _ => None,
                };
                text.push(*character);
            }
        }
    }
    // The line of the closing quotes.
    if let Some(newline) = text.rfind('\n')
        && text[newline + 1..].chars().all(|c| c == ' ')
    {
        text.truncate(newline + 1);
    }
    text
}

/// The characters, and of each whether it was escaped (and is then no indentation).
fn unescape_indented(source: &str) -> Vec<(char, bool)> {
    let mut characters = Vec::new();
    let mut rest = source;
    while let Some(character) = rest.chars().next() {
        if rest.starts_with("'''") {
            characters.extend([('\'', true), ('\'', true)]);
            rest = &rest[3..];
        } else if rest.starts_with("''$") {
            characters.push(('$', true));
            rest = &rest[3..];
        } else if let Some(after) = rest.strip_prefix("''\\") {
            let mut after = after.chars();
            characters.extend(after.next().map(|letter| (unescape(letter), true)));
            rest = after.as_str();
        } else {
            characters.push((character, false));
            rest = &rest[character.len_utf8()..];
        }
    }
    characters
}

/// Spaces and a newline right after the opening quotes belong to them.
fn without_first_line(characters: &[(char, bool)]) -> &[(char, bool)] {
    let spaces = characters
        .iter()
        .take_while(|character| **character == (' ', false))
        .count();
    match characters.get(spaces) {
        Some(('\n', false)) => &characters[spaces + 1..],
        _ => characters,
    }
}

fn smallest_indentation(characters: &[(char, bool)]) -> usize {
    let mut smallest = usize::MAX;
    let mut here = Some(0);
    for character in characters {
        match (character, here) {
            (('\n', false), _) => here = Some(0),
            ((' ', false), Some(count)) => here = Some(count + 1),
            (_, Some(count)) => {
                smallest = smallest.min(count);
                here = None;
            }
            (_, None) => {}
        }
    }
    smallest
}
