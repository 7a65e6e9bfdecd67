//! Files as people write them, and the mistakes in them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use xl_cfg::{Config, Value};

fn value(text: &str) -> Value {
    Config::parse(text)
        .unwrap_or_else(|error| panic!("{text:?}\n{error}"))
        .get("a")
        .unwrap()
        .clone()
}

fn message(text: &str) -> String {
    Config::parse(text).unwrap_err().to_string()
}

fn list(items: &[&str]) -> Value {
    Value::List(items.iter().map(|item| Value::from(*item)).collect())
}

#[test]
fn what_xl_reads() {
    // libxlutil 4.17 was seen to read these the same; that no test asks it yet is a gap.
    assert_eq!(value("a=[1,]"), list(&["1"]));
    assert_eq!(value("a=[\n1\n,\n2\n]"), list(&["1", "2"]));
    assert_eq!(value("a=[\n]"), list(&[]));
    assert_eq!(value("a=[ # c\n 1, # d\n 2 # e\n]"), list(&["1", "2"]));
    assert_eq!(
        value("a=[[1,2],['x'],]"),
        Value::List(vec![list(&["1", "2"]), list(&["x"])])
    );
    assert_eq!(value("a=1;a=2"), Value::from(2_i64));
    assert_eq!(value("a=1;;"), Value::from(1_i64));
    assert_eq!(value("# first\n\n a\t=\t1 # x\n"), Value::from(1_i64));
    assert_eq!(value(r#"a='x\"y'"#), Value::from("x\"y"));
    assert_eq!(
        value(r#"a="it's \\ \a\b\f\n\r\t\v""#),
        Value::from("it's \\ \x07\x08\x0c\n\r\t\x0b")
    );
    assert_eq!(value("a=\"tab\there # é\""), Value::from("tab\there # é"));
    assert_eq!(value("a+=1"), Value::from(1_i64));
    assert_eq!(value("a=1\na+=\"b\""), Value::from("1b"));
    assert_eq!(value("a=[1]\na+=[2]"), list(&["1", "2"]));
    assert_eq!(value("a=[1]\na=\"x\""), Value::from("x"));
    assert_eq!(value("a=0x1f").as_integer(), Some(31));
    assert_eq!(value("a=010"), Value::from("010"));
    assert_eq!(value("a=12abc"), Value::from("12abc"));
    assert!(Config::parse("").unwrap().is_empty());
}

#[test]
fn order_is_kept() {
    let config = Config::parse("b=1\na=2\nb=3\n").unwrap();
    let keys: Vec<_> = config.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["b", "a"]);
    assert_eq!(config.get("b"), Some(&Value::from(3_i64)));
}

#[test]
fn mistakes() {
    insta::assert_snapshot!(message("name = \"x\"\npae = True\n"), @r#"
    line 2, column 7: xl knows no True; write 1
      2 | pae = True
        |       ^
    "#);
    insta::assert_snapshot!(message("a = -1\n"), @r#"
    line 1, column 5: put a negative number between quotes; xl knows no sign
      1 | a = -1
        |     ^
    "#);
    insta::assert_snapshot!(message("a = 5MiB\n"), @r#"
    line 1, column 6: a number cannot hold letters; put text between quotes
      1 | a = 5MiB
        |      ^
    "#);
    insta::assert_snapshot!(message("a = b\n"), @r#"
    line 1, column 5: put text between quotes: "b"
      1 | a = b
        |     ^
    "#);
    insta::assert_snapshot!(message("import os\n"), @r#"
    line 1, column 1: this looks likely to be Python, which xl no longer reads
      1 | import os
        | ^
    "#);
    insta::assert_snapshot!(message("a = os.path\n"), @r#"
    line 1, column 5: this looks likely to be Python, which xl no longer reads
      1 | a = os.path
        |     ^
    "#);
    insta::assert_snapshot!(message("a = f(1)\n"), @r#"
    line 1, column 5: this looks likely to be Python, which xl no longer reads
      1 | a = f(1)
        |     ^
    "#);
    insta::assert_snapshot!(message("é = 1\n"), @r#"
    line 1, column 1: `é` has no meaning outside a string
      1 | é = 1
        | ^
    "#);
    insta::assert_snapshot!(message("\ta = \"x\n"), @r#"
    line 1, column 6: this string has no closing " on its line; write a line break as \n
      1 |  a = "x
        |      ^
    "#);
    insta::assert_snapshot!(message("a = 'x\\q'\n"), @r#"
    line 1, column 7: `\q` in a string: only \" \' \\ \a \b \f \n \r \t \v are escapes; write \\ for a backslash
      1 | a = 'x\q'
        |       ^
    "#);
    insta::assert_snapshot!(message("a = \"\\x41\"\n"), @r#"
    line 1, column 6: `\x` in a string: xl reads number escapes wrongly; put the character itself
      1 | a = "\x41"
        |      ^
    "#);
    insta::assert_snapshot!(message("a = 1 b = 2\n"), @r#"
    line 1, column 7: expected the end of the line or `;` after the value, found the word `b`
      1 | a = 1 b = 2
        |       ^
    "#);
    insta::assert_snapshot!(message("disk = [ 'a'\n 'b' ]\n"), @r#"
    line 2, column 2: expected `,` or `]` in the list, found a string
      2 |  'b' ]
        |  ^
    "#);
    insta::assert_snapshot!(message("a = 1\r\n"), @r#"
    line 1, column 6: a carriage return; the file has the line ends of Windows, and xl reads a newline alone
      1 | a = 1
        |      ^
    "#);
    insta::assert_snapshot!(message("a = 1 # no newline"), @r#"
    line 1, column 7: xl does not read a comment on a last line without a newline; end the line
      1 | a = 1 # no newline
        |       ^
    "#);
    insta::assert_snapshot!(message("Memory = 1\n"), @r#"
    line 1, column 1: `Memory`: keys have only small letters, and text stands between quotes
      1 | Memory = 1
        | ^
    "#);
    insta::assert_snapshot!(message("a = 0x1F\n"), @r#"
    line 1, column 8: write hexadecimal digits as small letters; xl would stop here
      1 | a = 0x1F
        |        ^
    "#);
    insta::assert_snapshot!(message("a = [1]\na += 2\n"), @r#"
    line 2, column 6: `a` is a list; `+=` can add only a list to it
      2 | a += 2
        |      ^
    "#);
    insta::assert_snapshot!(message("a\n= 1\n"), @r#"
    line 1, column 2: expected `=` after the key `a`, found the end of the line
      1 | a
        |  ^
    "#);
}

#[test]
fn a_list_that_is_not_closed_is_said_where_it_begins() {
    insta::assert_snapshot!(message("disk = [ 'a',\n"), @r#"
    line 1, column 8: this list has no closing `]`
      1 | disk = [ 'a',
        |        ^
    "#);
    insta::assert_snapshot!(message("disk = [ 'a'\nvcpus = 2\n"), @r#"
    line 1, column 8: this list has no closing `]`
      1 | disk = [ 'a'
        |        ^
    "#);
    insta::assert_snapshot!(message("vfb = [ 'vnc=1,vncpasswd=hunter2'\nvcpus = 2\n"), @"line 1, column 7: this list has no closing `]`");
}

#[test]
fn text_is_bytes() {
    let config = Config::parse(b"# \xff\na = \"\xff\xfe\"\n").unwrap();
    let value = config.get("a").unwrap();
    assert_eq!(value.as_bytes().unwrap().as_ref(), b"\xff\xfe");
    assert_eq!(value.as_text(), None);
    assert_eq!(value.to_string(), r"\xFF\xFE");
    assert_eq!(config.to_bytes().unwrap(), b"a = \"\xff\xfe\"\n");
    let message = Config::parse(b"a = 1\n\xff\n").unwrap_err().to_string();
    insta::assert_snapshot!(message, @r"
    line 2, column 1: `\xFF` has no meaning outside a string
      2 | �
        | ^
    ");
}

#[test]
fn files_from_elsewhere() {
    insta::assert_snapshot!(message("\u{feff}name = \"x\"\n"), @r#"
    line 1, column 1: the file begins with a byte order mark, which xl does not read; save it as UTF-8 without one
      1 |  name = "x"
        | ^
    "#);
    insta::assert_snapshot!(message("a = [\r\n 1 ]\r\n"), @r"
    line 1, column 6: a carriage return; the file has the line ends of Windows, and xl reads a newline alone
      1 | a = [
        |      ^
    ");
}

#[test]
fn joining_keeps_every_part() {
    let text = format!("a = []\n{}", "a += [ 1 ]\n".repeat(1000));
    assert_eq!(value(&text).as_list().unwrap().len(), 1000);
    let text = format!("a = 1\n{}", "a += 'x'\n".repeat(1000));
    assert_eq!(value(&text).as_text().unwrap().len(), 1001);
}

#[test]
fn also_refused_by_xl() {
    for text in [
        "a=[,]",
        "a=[1,,2]",
        "a=[\n,1]",
        "a=[1;2]",
        "=1",
        "a",
        "a=",
        "a=\n1",
        "a=(1)",
        "\x0ca=1",
        "a=1\na+=[2]",
        "a={}",
        "a=\"\0\"",
    ] {
        assert!(Config::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn nesting_does_not_exhaust_the_stack() {
    let text = format!("a = {}", "[".repeat(1_000_000));
    assert!(message(&text).contains("nested more than 32 deep"));
}
