//! Configurations for the writer.

use bstr::BString;
use xl_cfg::{Config, Key, Value};

use crate::random::Random;

/// What is between quotes in strings that have tripped other writers.
const PIECES: &[&[u8]] = &[
    b"\"",
    b"'",
    b"\\",
    b"\\n",
    b"\n",
    b"\r\n",
    b"\t",
    b"#",
    b";",
    b",",
    b"=",
    b"+=",
    b"[",
    b"]",
    b"0x1f",
    b"-1",
    b"\\x41",
    b"\\101",
    b"\\\"",
    b"${HOME}",
    b"%s",
    b"\xc3\xa9",
    b"\xf0\x9f\x90\xb1",
    b"\xff",
    b"\xc3",
    b"\xed\xa0\x80",
    b"/dev/vg/a,b",
    b"name = \"x\"\n",
    b"\xef\xbb\xbf",
    b"\x7f",
    b"\x1b[31m",
    b" ",
];
const NUMBERS: &[i64] = &[
    0,
    1,
    -1,
    8,
    9,
    10,
    256,
    4096,
    -3600,
    i64::MAX,
    i64::MIN,
    i64::MAX - 1,
    i64::MIN + 1,
    0x7fff_ffff,
    0xffff_ffff,
];

/// A configuration of up to a dozen keys. Once in some hundred, a value that cannot be written.
///
/// # Panics
///
/// When xl-cfg does not take a key that its rules allow.
#[must_use]
pub fn configuration(random: &mut Random) -> Config {
    let mut config = Config::new();
    for _ in 0..random.few(12) {
        let key = Key::new(&key(random));
        #[allow(clippy::expect_used, reason = "keys of these letters are legal")]
        config.set(key.expect("a legal key"), value(random, 0));
    }
    config
}

fn key(random: &mut Random) -> String {
    const FIRST: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
    const NEXT: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789._";
    let mut key = vec![FIRST[random.below(FIRST.len())]];
    key.extend((0..random.few(20)).map(|_| NEXT[random.below(NEXT.len())]));
    String::from_utf8_lossy(&key).into_owned()
}

fn value(random: &mut Random, depth: usize) -> Value {
    match random.below(10) {
        0 => Value::Integer(NUMBERS[random.below(NUMBERS.len())]),
        1 => Value::Integer(random.bits().cast_signed() >> random.below(64)),
        2..=6 => Value::String(string(random)),
        7 if depth == 0 && random.once_in(20) => {
            let levels = 24 + random.below(12);
            (0..levels).fold(Value::from("x"), |inner, _| Value::List(vec![inner]))
        }
        _ if depth < 5 => {
            let items = (0..random.few(10)).map(|_| value(random, depth + 1));
            Value::List(items.collect())
        }
        _ => Value::from("deep"),
    }
}

fn string(random: &mut Random) -> BString {
    let mut text = Vec::new();
    for _ in 0..random.few(16) {
        if random.once_in(3) {
            // Any byte; a NUL, which cannot be written, is left for once in a while.
            let byte = u8::try_from(random.below(256)).unwrap_or_default();
            let byte = if byte == 0 && !random.once_in(20) {
                b'0'
            } else {
                byte
            };
            text.push(byte);
        } else {
            text.extend_from_slice(random.pick(PIECES));
        }
    }
    text.into()
}
