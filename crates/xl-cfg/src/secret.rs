//! What could be a password, and is not to be shown.

use bstr::ByteSlice;

use crate::keys;
use crate::nearest::nearest;

/// Whoever writes one of these, in capitals or not, could mean a password.
const WORDS: [&[u8]; 3] = [b"pass", b"pw", b"secret"];

/// Where such words begin in a text.
pub(crate) fn words(text: &[u8]) -> Vec<usize> {
    (0..text.len()).filter(|&at| begins(&text[at..])).collect()
}

/// Whether a text holds such a word.
pub(crate) fn has_word(text: &[u8]) -> bool {
    (0..text.len()).any(|at| begins(&text[at..]))
}

fn begins(text: &[u8]) -> bool {
    WORDS.iter().any(|word| {
        text.get(..word.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(word))
    })
}

/// Whether a key holds a password, or looks like a misspelling of one that does.
pub(crate) fn is_key(key: &str) -> bool {
    if let Some(info) = keys::get(key) {
        return info.secret;
    }
    let secret: Vec<_> = keys::all()
        .iter()
        .filter(|info| info.secret)
        .map(|info| info.name)
        .collect();
    nearest(key, &secret).is_some()
}

/// A message about a text, in which nothing is quoted from it but what stands before a `=`.
pub(crate) fn mask(message: &str, text: &[u8]) -> String {
    let mut masked = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(open) = rest.find(['`', '"']) {
        let (before, quoted) = rest.split_at(open + 1);
        masked.push_str(before);
        let quote = &rest[open..=open];
        let Some((inside, after)) = quoted.split_once(quote) else {
            rest = quoted;
            break;
        };
        let is_key =
            text.contains_str(format!("{inside}=")) || text.contains_str(format!("{inside} ="));
        // An ellipsis stands for what was cut off.
        let shown = inside.trim_end_matches('…');
        let is_mark = !shown.chars().any(char::is_alphanumeric);
        if is_key || is_mark || !text.contains_str(shown) {
            masked.push_str(inside);
        } else {
            masked.push('…');
        }
        masked.push_str(quote);
        rest = after;
    }
    masked + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_a_password() {
        for text in ["vncpasswd", "VNC_PassWord", "root-pw", "a Secret"] {
            assert!(has_word(text.as_bytes()), "{text}");
        }
        assert!(!has_word(b"memory = 512"));
        assert_eq!(words(b"pw pass"), [0, 3]);
        for key in ["vncpasswd", "spicepasswd", "vncpaswd", "vncpwasd"] {
            assert!(is_key(key), "{key}");
        }
        for key in ["memory", "vnclisten", "vncunused", "foo"] {
            assert!(!is_key(key), "{key}");
        }
    }

    #[test]
    fn a_message_without_the_value() {
        let text = b"vncpasswd = hunter2";
        assert_eq!(
            mask("put text between quotes: \"hunter2\"", text),
            "put text between quotes: \"…\""
        );
        assert_eq!(
            mask("expected `=` after the key `vncpasswd`, found `x`", text),
            "expected `=` after the key `vncpasswd`, found `x`"
        );
        assert_eq!(mask("one ` alone", text), "one ` alone");
    }
}
