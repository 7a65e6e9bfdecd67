//! Bad input: nothing panics, the work grows no faster than the text, and every message names its place.
//!
//! Work is counted in bytes that are allocated, which is the same in every run; `cargo xtask bench` shows times.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;

use xen_peer::counting::{Counting, Memory, count};
use xen_peer::{Outcome, Subject, compare, corpus};
use xl_cfg::{Config, Document, Key, ParseError, ParseErrorKind, Value};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const MIB: usize = 1 << 20;

/// The error of a text, which must have its place in front of its message, and fit on a screen.
fn error(text: impl AsRef<[u8]>) -> ParseError {
    let error = Config::parse(text.as_ref()).unwrap_err();
    let shown = error.to_string();
    let place = format!("line {}, column {}: ", error.place.line, error.place.column);
    assert!(shown.starts_with(&place), "{shown}");
    assert!(shown.len() < 2_000, "a message of {} bytes", shown.len());
    assert!(
        !shown.chars().any(|c| c.is_control() && c != '\n'),
        "{shown:?}"
    );
    error
}

/// Where the error of a text is, and what it says.
fn refused(text: impl AsRef<[u8]>, line: usize, column: usize, says: &str) {
    let error = error(text);
    assert_eq!(
        (error.place.line, error.place.column),
        (line, column),
        "{error}"
    );
    assert!(error.message.contains(says), "{error}");
}

fn read(text: &[u8]) -> Memory {
    let (read, memory) = count(|| Config::parse(text).map(|config| config.len()));
    // Both ways out are work.
    drop(read);
    memory
}

/// Reads a text of `size` and one four times as long, and wants four times the work and not more; and no more memory
/// than so many times the text.
fn linear(name: &str, size: usize, times: u64, text: impl Fn(usize) -> Vec<u8>) {
    let (small, large) = (text(size), text(4 * size));
    let (small_work, large_work) = (read(&small), read(&large));
    println!("{name}: {} bytes: {large_work:?}", large.len());
    let slack = 64 * 1024;
    assert!(
        large_work.asked <= small_work.asked * 9 / 2 + slack,
        "{name}: {small_work:?}, and of the text four times as long {large_work:?}"
    );
    assert!(
        large_work.peak <= times * large.len() as u64 + slack,
        "{name}: {large_work:?} for {} bytes",
        large.len()
    );
}

#[test]
fn every_prefix_of_every_corpus_file() {
    let files = corpus();
    assert!(files.len() > 60, "the corpus is not there");
    for file in files {
        // The end of the file is where they are all alike; the beginning of a long one is in the others.
        for end in 0..file.len() {
            let outcome = compare(Subject::Reader, &file[..end]);
            assert!(!matches!(outcome, Outcome::Disagreement(_)), "{outcome:?}");
            if let Err(error) = Document::parse(&file[..end]) {
                assert!(error.place.line >= 1 && error.place.column >= 1);
            }
        }
    }
}

#[test]
fn binary_junk() {
    let mut state = 1_u32;
    let mut byte = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_le_bytes()[3]
    };
    for size in [1, 10, 1_000, MIB] {
        let junk: Vec<u8> = (0..size).map(|_| byte()).collect();
        error(&junk);
        assert!(!matches!(
            compare(Subject::Reader, &junk),
            Outcome::Disagreement(_)
        ));
    }
    refused(b"\x7fELF\x02\x01\x01\0", 1, 1, "no meaning");
    refused(b"a = 1\n\x1f\x8b\x08\0", 2, 1, "no meaning");
}

#[test]
fn ten_mebibytes_of_one_line() {
    let size = 10 * MIB / 4;
    linear("a string", size, 3, |size| {
        [b"a = \"", &*vec![b'x'; size], b"\"\n"].concat()
    });
    linear("a string of escapes", size, 3, |size| {
        [b"a = \"", &*b"\\n".repeat(size / 2), b"\"\n"].concat()
    });
    linear("a comment", size, 1, |size| {
        [b"#", &*vec![b'x'; size], b"\n"].concat()
    });
    linear("blanks", size, 1, |size| vec![b' '; size]);
    linear("a key", size, 3, |size| {
        [&*vec![b'k'; size], b" = 1\n"].concat()
    });
    linear("a number", size, 3, |size| {
        [b"a = ", &*vec![b'1'; size], b"\n"].concat()
    });
    linear("statements", size, 40, |size| b"a = 1;".repeat(size / 6));
    linear("a list", size, 40, |size| {
        [b"a = [", &*b"'x', ".repeat(size / 5), b"]\n"].concat()
    });
    linear("an open string", size, 1, |size| {
        [b"a = \"", &*vec![b'x'; size]].concat()
    });
    linear("a capital letter at the end", size, 1, |size| {
        [&*vec![b' '; size], b"A"].concat()
    });
    refused(
        [b"a = \"", &*vec![b'x'; 10 * MIB]].concat(),
        1,
        5,
        "no closing",
    );
    refused(
        [&*vec![b' '; 10 * MIB], b"A"].concat(),
        1,
        10 * MIB + 1,
        "small letters",
    );
    refused(
        [&*vec![b'k'; 10 * MIB], b" 1"].concat(),
        1,
        10 * MIB + 2,
        "expected `=`",
    );
}

#[test]
fn a_hundred_thousand_items() {
    let list = |size: usize| {
        let mut text = String::from("vif = [\n");
        for number in 0..size {
            writeln!(text, "  'bridge=xenbr{number}',").unwrap();
        }
        (text + "]\n").into_bytes()
    };
    linear("items", 25_000, 12, list);
    let text = list(100_000);
    let config = Config::parse(&text).unwrap();
    assert_eq!(
        config.get("vif").and_then(Value::as_list).unwrap().len(),
        100_000
    );
    assert_eq!(compare(Subject::Reader, &text), Outcome::Accepted);
    let (written, memory) = count(|| config.to_bytes().unwrap());
    assert_eq!(Config::parse(&written).unwrap(), config);
    assert!(memory.asked < 8 * written.len() as u64, "{memory:?}");
}

#[test]
fn deep_nesting() {
    for depth in [33, 1_000, 1_000_000] {
        let open = [b"a = ".to_vec(), vec![b'['; depth]].concat();
        let closed = [open.clone(), vec![b']'; depth], b"\n".to_vec()].concat();
        for text in [open, closed] {
            let error = error(text);
            assert_eq!(error.kind, ParseErrorKind::TooDeep);
            assert_eq!((error.place.line, error.place.column), (1, 5 + 32));
        }
    }
    let deepest = [
        b"a = ".to_vec(),
        vec![b'['; 32],
        vec![b']'; 32],
        b"\n".to_vec(),
    ]
    .concat();
    assert_eq!(compare(Subject::Reader, &deepest), Outcome::Accepted);
}

#[test]
fn nul_bytes() {
    refused(b"a = \"x\0y\"\n", 1, 7, "NUL");
    refused(b"a = 1\n\0", 2, 1, "no meaning");
    assert!(Config::parse(b"# \0\na = 1\n").is_ok());
    let mut config = Config::new();
    config.set(Key::new("cmdline").unwrap(), Value::from("a\0b"));
    assert!(
        config
            .to_bytes()
            .unwrap_err()
            .to_string()
            .contains("cmdline")
    );
}

#[test]
fn invalid_utf8_passes_through_strings_and_comments() {
    let text = b"a = \"\xff\xfe\xed\xa0\x80\" # \xff\n";
    let config = Config::parse(text).unwrap();
    assert_eq!(
        config.get("a").unwrap().as_bytes().unwrap(),
        &b"\xff\xfe\xed\xa0\x80"[..]
    );
    assert_eq!(compare(Subject::Reader, text), Outcome::Accepted);
    assert_eq!(Config::parse(&config.to_bytes().unwrap()).unwrap(), config);
    refused(b"a = \"\xff\xff\" \xff\n", 1, 10, "no meaning");
}

#[test]
fn line_ends_of_windows_and_a_byte_order_mark() {
    refused(b"a = 1\r\nb = 2\r\n", 1, 6, "line ends of Windows");
    refused(b"a = [\r\n1,\r\n]\r\n", 1, 6, "line ends of Windows");
    refused(b"a = 1\rb = 2\r", 1, 6, "carriage return");
    refused(b"\xef\xbb\xbfa = 1\n", 1, 1, "byte order mark");
    refused(b"a = 1\n\xef\xbb\xbfb = 2\n", 2, 1, "no meaning");
    for text in [
        &b"a = 1\r\n"[..],
        b"\xef\xbb\xbfa = 1\n",
        b"# \r\na = 'x\r'\n",
    ] {
        assert!(!matches!(
            compare(Subject::Reader, text),
            Outcome::Disagreement(_)
        ));
    }
}

#[test]
fn capital_letters() {
    refused(b"name = 'x'\nMemory = 1\n", 2, 1, "small letters");
    refused(b"memOry = 1\n", 1, 4, "");
    refused(b"pae = True\n", 1, 7, "write 1");
}

#[test]
fn of_a_key_twice_the_last_counts() {
    let text = b"a = 1\nb = 2\na = [ 'x' ]\n";
    let config = Config::parse(text).unwrap();
    assert_eq!(config.get("a"), Some(&Value::from(vec!["x"])));
    assert_eq!(config.len(), 2);
    // All of them are there for those who warn.
    assert_eq!(Document::parse(text).unwrap().assignments().len(), 3);
    assert_eq!(compare(Subject::Reader, text), Outcome::Accepted);
}

#[test]
fn a_million_keys() {
    let keys = |size: usize| {
        let mut text = String::new();
        for number in 0..size {
            writeln!(text, "k{number} = {number}").unwrap();
        }
        text.into_bytes()
    };
    linear("keys", 250_000, 40, keys);
    let config = Config::parse(&keys(1_000_000)).unwrap();
    assert_eq!(config.len(), 1_000_000);
    assert_eq!(config.get("k999999"), Some(&Value::Integer(999_999)));
}

#[test]
fn a_hundred_thousand_additions_to_one_key() {
    linear("strings added", 25_000, 60, |size| {
        b"a += 'x'\n".repeat(size)
    });
    linear("lists added", 25_000, 60, |size| {
        b"a += ['x']\n".repeat(size)
    });
    let strings = Config::parse(&b"a += 'x'\n".repeat(100_000)).unwrap();
    assert_eq!(strings.get("a").unwrap().as_bytes().unwrap().len(), 100_000);
    let lists = Config::parse(&b"a += ['x']\n".repeat(100_000)).unwrap();
    assert_eq!(
        lists.get("a").and_then(Value::as_list).unwrap().len(),
        100_000
    );
    let mixed = [b"a += 'x'\n".repeat(100_000), b"a += []\n".to_vec()].concat();
    refused(mixed, 100_001, 6, "not a list");
}

/// A million mistakes: the first is told, and the others cost nothing.
#[test]
fn many_lines_after_a_mistake() {
    let text = [b"a = \n".to_vec(), b"b = (\n".repeat(1_000_000)].concat();
    let (error, memory) = count(|| error(&text));
    assert_eq!((error.place.line, error.place.column), (1, 5));
    assert!(memory.asked < 64 * 1024, "{memory:?}");
}
