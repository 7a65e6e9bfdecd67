//! The lines that xm, up to Xen 4.4, ran as Python.

use xl_cfg::document::Document;

/// How many lines are looked for; who has more of them has no use for their list.
const MOST: usize = 50;

/// The numbers of the lines, from 1, without which the rest could be read; nothing when there are too many.
///
/// Each is found by reading what is left after the earlier ones are gone, so that a line that only follows from another
/// (the body of an `if`) is found as well.
#[must_use]
pub fn python_lines(text: &[u8]) -> Option<Vec<usize>> {
    let mut lines: Vec<&[u8]> = text.split(|&byte| byte == b'\n').collect();
    let mut found = Vec::new();
    while found.len() < MOST {
        match Document::parse(&lines.join(&b'\n')) {
            Ok(_) => {
                found.sort_unstable();
                return Some(found);
            }
            Err(error) => {
                *lines.get_mut(error.place.line - 1)? = b"";
                if found.contains(&error.place.line) {
                    return None;
                }
                found.push(error.place.line);
            }
        }
    }
    None
}

/// `1, 3-5 and 9`.
#[must_use]
pub fn listed(lines: &[usize]) -> String {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for &line in lines {
        match ranges.last_mut() {
            Some((_, end)) if *end + 1 == line => *end = line,
            _ => ranges.push((line, line)),
        }
    }
    let words: Vec<_> = ranges
        .iter()
        .map(|(start, end)| {
            if start == end {
                start.to_string()
            } else {
                format!("{start}-{end}")
            }
        })
        .collect();
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xm_ran() {
        let text = b"import os, re\narch = os.uname()[4]\nif re.search('64', arch):\n    arch_libdir = 'lib64'\nelse:\n    arch_libdir = 'lib'\nname = 'x'\nkernel = \"/usr/\" + arch_libdir\nmemory = 256\n";
        let lines = python_lines(text).unwrap();
        assert_eq!(lines, [1, 2, 3, 5, 8]);
        assert_eq!(listed(&lines), "1-3, 5 and 8");
        assert_eq!(listed(&[]), "");
        assert_eq!(python_lines(b"a = 1\n"), Some(vec![]));
        assert_eq!(python_lines("(\n".repeat(60).as_bytes()), None);
    }
}
