//! Small damage to a text: cut, insert, swap, repeat.

use crate::random::Random;

/// Bytes that often mean something, and some that never do.
const BYTES: &[u8] = b"\0\t\n\r\x0b\x0c\x1b \"#%'()*+,-./0189:;<=>?@AFZ[\\]^_`abfgnrtvxz{|}~\x7f\x80\xbf\xc3\xa9\xe2\x82\xac\xff";

/// Damages a text one to four times. `tokens` is what is inserted beside single bytes.
#[must_use]
pub fn damaged(random: &mut Random, mut text: Vec<u8>, tokens: &[&[u8]]) -> Vec<u8> {
    for _ in 0..=random.few(3) {
        damage(random, &mut text, tokens);
    }
    text
}

fn damage(random: &mut Random, text: &mut Vec<u8>, tokens: &[&[u8]]) {
    let at = random.below(text.len() + 1);
    let end = (at + 1 + random.few(12)).min(text.len());
    match random.below(9) {
        // The file ends here, as after a full disk.
        0 => text.truncate(at),
        1 => drop(text.drain(at..end)),
        2 => text.insert(at, BYTES[random.below(BYTES.len())]),
        3 => drop(text.splice(at..at, random.pick(tokens).iter().copied())),
        4 if at < text.len() => text[at] = BYTES[random.below(BYTES.len())],
        5 => {
            let again = text[at..end].to_vec();
            drop(text.splice(at..at, again));
        }
        6 => {
            // Two neighbours change places.
            let middle = at + (end - at) / 2;
            text[at..end].rotate_left(middle - at);
        }
        7 => {
            // A piece goes somewhere else.
            let piece: Vec<u8> = text.drain(at..end).collect();
            let to = random.below(text.len() + 1);
            drop(text.splice(to..to, piece));
        }
        _ if at < text.len() => text[at] ^= 1 << random.below(8),
        _ => text.extend_from_slice(random.pick(tokens)),
    }
}

/// The smallest text that can be made of `text` by leaving bytes out for which `wanted` still holds.
pub fn shrunk(mut text: Vec<u8>, wanted: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut size = text.len().div_ceil(2).max(1);
    loop {
        let mut at = 0;
        let before = text.len();
        while at < text.len() {
            let mut shorter = text.clone();
            shorter.drain(at..(at + size).min(text.len()));
            if wanted(&shorter) {
                text = shorter;
            } else {
                at += size;
            }
        }
        if size > 1 {
            size = size.div_ceil(2);
        } else if text.len() == before {
            return text;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shrinks_to_what_matters() {
        let text = b"aaaa\"bbbb,cccc\"dd".to_vec();
        let quotes = |text: &[u8]| text.split(|&byte| byte == b'"').count() == 3;
        assert_eq!(shrunk(text, quotes), b"\"\"");
        assert_eq!(shrunk(b"abc".to_vec(), |_| true), b"");
    }

    #[test]
    fn damage_is_of_every_kind_and_never_panics() {
        for case in 0..20_000 {
            let mut random = Random::of_case(7, case);
            let text = vec![b'a'; random.below(4)];
            let _ = damaged(&mut random, text, &[b"token"]);
        }
    }
}
