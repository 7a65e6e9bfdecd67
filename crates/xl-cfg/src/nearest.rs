//! The word that somebody may have meant.

use std::fmt::Write as _;

/// A longer word is no misspelling of a key, and to compare it would take long.
const LONGEST: usize = 48;

/// The known word that is nearest to a misspelled one, when one is near.
///
/// Capitals count as small letters and `_` as `-`, so that `Max_Files` finds `max-files`.
pub(crate) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    if word.is_empty() || word.len() > LONGEST {
        return None;
    }
    let plain = |word: &str| word.to_ascii_lowercase().replace('_', "-");
    let word = plain(word);
    let (distance, near) = known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(&word, &plain(known)), *known))
        .min_by_key(|(distance, _)| *distance)?;
    let most = (word.chars().count().max(near.len()) / 3).max(1);
    // Two short words that share no letter are not near.
    (distance <= most && distance < near.len()).then_some(near)
}

/// `a, b and c`.
pub(crate) fn and(words: &[&str]) -> String {
    let mut list = String::new();
    for (index, word) in words.iter().enumerate() {
        let before = match index {
            0 => "",
            _ if index + 1 == words.len() => " and ",
            _ => ", ",
        };
        // Writing to a String cannot fail.
        let _ = write!(list, "{before}{word}");
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_and_far() {
        let known = ["bridge", "backend", "max-files", "ip", "mac"];
        assert_eq!(nearest("brigde", &known), Some("bridge"));
        assert_eq!(nearest("Max_Files", &known), Some("max-files"));
        assert_eq!(nearest("bakend", &known), Some("backend"));
        assert_eq!(nearest("colour", &known), None);
        assert_eq!(nearest("xy", &known), None);
        assert_eq!(nearest("", &known), None);
        assert_eq!(nearest(&"m".repeat(1_000_000), &known), None);
    }

    #[test]
    fn listed() {
        assert_eq!(and(&["a"]), "a");
        assert_eq!(and(&["a", "b"]), "a and b");
        assert_eq!(and(&["a", "b", "c"]), "a, b and c");
    }
}
