//! Texts for the reader: files as people write them, soup of tokens, and damaged ones.

use crate::mutate::damaged;
use crate::random::Random;

/// What the language has, and what people put there by mistake.
const TOKENS: &[&[u8]] = &[
    b"a",
    b"b",
    b"name",
    b"on_reboot",
    b"a.b_c9",
    b"=",
    b"=",
    b"+=",
    b"+",
    b"[",
    b"[",
    b"]",
    b"]",
    b",",
    b",",
    b"\n",
    b"\n",
    b"\n",
    b";",
    b"1",
    b"12",
    b"0x1f",
    b"0x1F",
    b"010",
    b"08",
    b"9x",
    b"1a2f",
    b"18446744073709551616",
    b"\"x\"",
    b"'y'",
    b"\"\"",
    b"''",
    b"\"a\\n\\t\\\"\"",
    b"'it\\'s'",
    b"\"\\q\"",
    b"\"\\x41\"",
    b"\"\\101\"",
    b"'\\0 1'",
    b"\"\\u00e9\"",
    b"\"\xc3\xa9\"",
    b"\"\xff\xfe\"",
    b"\"a'b\"",
    b"'a\"b'",
    b"\"#\"",
    b"\"a\\\nb\"",
    b"\"",
    b"'",
    b"\\",
    b" ",
    b" ",
    b"\t",
    b"\r\n",
    b"# comment\n",
    b"#\n",
    b"#",
    b"# \"quoted\" \\ [\n",
    b"\xc3\xa9",
    b"\xff",
    b"A",
    b"True",
    b"None",
    b"-",
    b"-1",
    b".",
    b":",
    b"(",
    b")",
    b"/",
    b"{",
    b"a = ",
    b"b = [",
    b"a=1\n",
    b"b=[\"u\"]\n",
    b"a+=\"v\"\n",
    b"b+=['w',]\n",
    b"a += ",
    b"name = \"guest\"\n",
    b"import os\n",
    b"\xef\xbb\xbf",
    b"\0",
    b"\"\0\"",
    b"\x0b",
    b"\x0c",
    b"a\n=\n1",
    b"[[1],[2]]",
    b"[\n1\n,\n]",
];

/// What an accepted file is made of.
const KEYS: &[&[u8]] = &[
    b"a",
    b"b",
    b"c",
    b"memory",
    b"name",
    b"disk",
    b"on_reboot",
    b"a.b_9",
    b"z",
];
const NUMBERS: &[&[u8]] = &[
    b"0",
    b"1",
    b"256",
    b"010",
    b"08",
    b"0x1f",
    b"0xff",
    b"1x",
    b"9a",
    b"00",
    b"1f0x",
    b"9223372036854775807",
    b"9223372036854775808",
    b"99999999999999999999",
];
const PIECES: &[&[u8]] = &[
    b"a",
    b"xen",
    b" ",
    b"=",
    b",",
    b"#",
    b";",
    b"[",
    b"]",
    b"0",
    b"-1",
    b"/dev/",
    b"\t",
    b"\\n",
    b"\\t",
    b"\\r",
    b"\\a",
    b"\\b",
    b"\\f",
    b"\\v",
    b"\\\\",
    b"\\\"",
    b"\\'",
    b"\xc3\xa9",
    b"\xe2\x82\xac",
    b"\xff",
    b"\x80",
    b"\x1b",
    b"\x7f",
    b"\x01",
    b"\r",
];
const BLANKS: &[&[u8]] = &[b"", b"", b" ", b"  ", b"\t"];
const ENDS: &[&[u8]] = &[
    b"\n",
    b"\n",
    b"\n",
    b";",
    b" # why\n",
    b"#\n",
    b"\n\n",
    b" ; ",
    b";\n",
];
const LINES: &[&[u8]] = &[b"", b"", b"", b"\n", b" \n ", b"# item\n"];

/// A text for the reader; about half of them are valid.
#[must_use]
pub fn text(random: &mut Random, corpus: &[Vec<u8>]) -> Vec<u8> {
    match random.below(8) {
        0 => (0..random.few(24))
            .flat_map(|_| random.pick(TOKENS).iter().copied())
            .collect(),
        1 => (0..random.few(40))
            .map(|_| u8::try_from(random.below(256)).unwrap_or_default())
            .collect(),
        2..=4 => file(random),
        5 if !corpus.is_empty() => {
            let text = corpus[random.below(corpus.len())].clone();
            damaged(random, text, TOKENS)
        }
        _ => {
            let text = file(random);
            damaged(random, text, TOKENS)
        }
    }
}

/// A file that Xen accepts, mostly: `+=` may meet a value of the other kind.
fn file(random: &mut Random) -> Vec<u8> {
    let mut text = Vec::new();
    for _ in 0..random.few(12) {
        text.extend_from_slice(random.pick(BLANKS));
        text.extend_from_slice(random.pick(KEYS));
        text.extend_from_slice(random.pick(BLANKS));
        text.extend_from_slice(if random.once_in(4) { b"+=" } else { b"=" });
        text.extend_from_slice(random.pick(BLANKS));
        value(random, &mut text, 0);
        text.extend_from_slice(random.pick(BLANKS));
        text.extend_from_slice(random.pick(ENDS));
    }
    if random.once_in(4) {
        // The last line need not end.
        while text.last().is_some_and(|byte| b"\n; ".contains(byte)) {
            text.pop();
        }
    }
    text
}

fn value(random: &mut Random, text: &mut Vec<u8>, depth: usize) {
    match random.below(if depth < 5 { 5 } else { 3 }) {
        0 => text.extend_from_slice(random.pick(NUMBERS)),
        1 | 2 => string(random, text),
        _ => list(random, text, depth),
    }
}

fn string(random: &mut Random, text: &mut Vec<u8>) {
    let quote = if random.once_in(3) { b'\'' } else { b'"' };
    text.push(quote);
    for _ in 0..random.few(12) {
        text.extend_from_slice(random.pick(PIECES));
    }
    text.push(quote);
}

fn list(random: &mut Random, text: &mut Vec<u8>, depth: usize) {
    // Deep lists are rare, and then as deep as xl-cfg takes them, or deeper.
    if depth == 0 && random.once_in(200) {
        let depth = 28 + random.below(12);
        text.extend(std::iter::repeat_n(b'[', depth));
        text.extend(std::iter::repeat_n(b']', depth));
        return;
    }
    text.push(b'[');
    let count = random.few(12);
    for item in 0..count {
        text.extend_from_slice(random.pick(LINES));
        text.extend_from_slice(random.pick(BLANKS));
        value(random, text, depth + 1);
        text.extend_from_slice(random.pick(BLANKS));
        text.extend_from_slice(random.pick(LINES));
        if item + 1 < count || random.once_in(3) {
            text.push(b',');
        }
    }
    text.extend_from_slice(random.pick(LINES));
    text.push(b']');
}
