//! Names of guests: what xl, xendomains, systemd and a file system all accept.

/// The longest guest name. A file name may have 255 bytes; the rest is for `.cfg` and for the
/// temporary names beside it.
const LONGEST: usize = 200;

/// Says what is wrong with a guest's name, and `None` for a good one.
///
/// xl takes a name of digits for a domid (`libxl_utils.c`, `libxl_domain_qualifier_to_domid`); the
/// name is a file name in `/etc/xen/auto` and an instance of `domus-guest@.service`; a leading
/// hyphen would be read as an option of xl, and a leading dot would hide the file from xendomains.
#[must_use]
pub fn name_problem(name: &str) -> Option<&'static str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() {
        Some("is empty")
    } else if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        Some("does not begin with a letter or a digit")
    } else if !name.chars().all(allowed) {
        Some("has a character other than letters, digits, hyphen, underscore and dot")
    } else if name.bytes().all(|b| b.is_ascii_digit()) {
        Some("is all digits, which xl takes for a domain's number")
    } else if name.len() > LONGEST {
        Some("is longer than 200 characters")
    } else if name == "Domain-0" {
        Some("is Dom0's own")
    } else {
        None
    }
}

/// Whether `grep -w needle` finds a line `haystack`, the way xendomains looks up saved guests.
///
/// A match counts where neither neighbour is a word character (letter, digit, underscore).
#[must_use]
pub fn matches_as_word(needle: &str, haystack: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    haystack.match_indices(needle).any(|(at, found)| {
        !haystack[..at].ends_with(is_word) && !haystack[at + found.len()..].starts_with(is_word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in ["web", "web-01", "a", "9lives", "mail.example", "x_y"] {
            assert_eq!(name_problem(good), None, "{good}");
        }
        for bad in [
            "",
            "42",
            "-web",
            ".web",
            "we/b",
            "we b",
            "wéb",
            "web\n",
            "Domain-0",
            &"x".repeat(201),
        ] {
            assert!(name_problem(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn words_as_grep_sees_them() {
        assert!(matches_as_word("web", "web-01"));
        assert!(matches_as_word("01", "web-01"));
        assert!(matches_as_word("web", "web"));
        assert!(!matches_as_word("web", "web01"));
        assert!(!matches_as_word("web", "web_01"));
        assert!(!matches_as_word("web-01", "web"));
    }
}
