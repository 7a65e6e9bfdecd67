//! The lines that xm, up to Xen 4.4, ran as Python.

use std::ops::RangeInclusive;

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
                let line = error.place.line - 1;
                let Some(whole) = statement(&lines, line) else {
                    // Brackets that nothing closes: what follows cannot be told from what stands in them.
                    found.push(line + 1);
                    found.sort_unstable();
                    return Some(found);
                };
                for line in whole {
                    if found.contains(&(line + 1)) {
                        return None;
                    }
                    *lines.get_mut(line)? = b"";
                    found.push(line + 1);
                }
            }
        }
    }
    None
}

/// The lines of the statement that a line belongs to, from 0: those from which brackets are open around it, and until
/// they are closed. Nothing when they never are.
fn statement(lines: &[&[u8]], line: usize) -> Option<RangeInclusive<usize>> {
    let mut depth = 0_usize;
    let mut first = 0;
    for (number, text) in lines.iter().enumerate() {
        if depth == 0 {
            first = number;
        }
        depth = after(depth, text);
        if depth == 0 && number >= line {
            return Some(first..=number);
        }
    }
    None
}

/// How many brackets are open after a line, of so many before it.
fn after(mut depth: usize, line: &[u8]) -> usize {
    let mut quote = None;
    let mut bytes = line.iter().copied();
    while let Some(byte) = bytes.next() {
        match (quote, byte) {
            (Some(_), b'\\') => drop(bytes.next()),
            (Some(open), _) if open == byte => quote = None,
            (None, b'#') => break,
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'[' | b'(' | b'{') => depth += 1,
            (None, b']' | b')' | b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    depth
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
        assert_eq!(python_lines(")\n".repeat(60).as_bytes()), None);
        assert_eq!(python_lines("(\n".repeat(60).as_bytes()), Some(vec![1]));
    }

    #[test]
    fn a_list_in_the_style_of_python_is_one_statement() {
        let text = b"name = 'x'\ndisk = [ 'phy:%s,xvda,w' % one,\n         'phy:b,xvdb,w', # ]\n         'phy:],xvdc,w' ]\nvif = [ '' ]\nmemory = 256\n";
        assert_eq!(python_lines(text), Some(vec![2, 3, 4]));
        let text =
            b"name = 'x'\ndisk = [ 'phy:a,xvda,w',\n  'phy:%s,xvdb,w' % two,\n]\nmemory = 256\n";
        assert_eq!(python_lines(text), Some(vec![2, 3, 4]));
        // Without its end, only where it is seen first.
        let text =
            b"name = 'x'\ndisk = [ 'phy:a,xvda,w',\n  'phy:%s,xvdb,w' % two,\nmemory = 256\n";
        assert_eq!(python_lines(text), Some(vec![3]));
    }
}
