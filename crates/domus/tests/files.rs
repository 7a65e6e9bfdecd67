//! Plain xl configurations: `domus check FILE…` and `domus import FILE…`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::{Command, Stdio};

/// What a run printed and gave, with the folder's path taken out.
fn domus(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_domus"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("JOURNAL_STREAM")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    format!(
        "$ domus {}\n{}--- standard error, status {}\n{}",
        arguments.join(" "),
        String::from_utf8(output.stdout).unwrap(),
        output.status.code().unwrap(),
        String::from_utf8(output.stderr).unwrap()
    )
}

/// Files with these names and contents, and what each run prints.
fn runs(files: &[(&str, &[u8])], runs: &[&[&str]]) -> String {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let printed: Vec<_> = runs
        .iter()
        .map(|arguments| domus(folder.path(), arguments))
        .collect();
    printed.join("\n")
}

const GOOD: &[u8] = b"name = 'web'\nbootloader = 'pygrub'\nmemory = 512 # MiB\ndisk = [ '/dev/vg0/web,raw,xvda' ]\n";
const BAD: &[u8] =
    b"name = 'mail'\ntype = 'hv'\nmemroy = 512\nvncpasswd = [ 'hunter2' ]\nroot = '/dev/xvda'\n";
const PYTHON: &[u8] = b"import os\narch = os.uname()[4]\nname = 'old'\nif arch == 'x':\n  memory = 1\nkernel = '/k'\nmemory = 2\n";

#[test]
fn check_is_a_linter() {
    insta::assert_snapshot!(runs(
        &[
            ("good.cfg", GOOD),
            ("bad.cfg", BAD),
            ("python.cfg", PYTHON),
            ("cut.cfg", b"disk = [ 'a")
        ],
        &[
            &["check", "good.cfg"],
            &[
                "check",
                "good.cfg",
                "bad.cfg",
                "python.cfg",
                "cut.cfg",
                "missing.cfg"
            ],
            &["check", "--json", "bad.cfg", "cut.cfg"],
            &["check", "--xen", "4.17", "good.cfg"],
            &["check", "--xen", "five", "good.cfg"],
        ]
    ));
}

#[test]
fn import_prints_a_module() {
    insta::assert_snapshot!(runs(
        &[
            ("good.cfg", GOOD),
            ("bad.cfg", BAD),
            ("python.cfg", PYTHON),
            ("same.cfg", GOOD)
        ],
        &[
            &["import", "good.cfg"],
            &[
                "import",
                "good.cfg",
                "bad.cfg",
                "python.cfg",
                "same.cfg",
                "missing.cfg"
            ],
            &["import", "--json", "good.cfg"],
        ]
    ));
}

#[test]
fn hostile_files_end_in_a_message() {
    let mut long = b"a = '".to_vec();
    long.resize(10_000_000, b'x');
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in [
        ("long", long),
        (
            "junk",
            (0..100_000_u32).flat_map(u32::to_le_bytes).collect(),
        ),
        ("deep", vec![b'['; 1_000_000]),
        ("nul", b"name = 'a\0b'\n".to_vec()),
        ("escape", b"name = '\x1b[31m'\n\x1b = 1\n".to_vec()),
        ("upper", b"NAME = 'x'\n".to_vec()),
        ("mark", b"\xef\xbb\xbfname = 'x'\n".to_vec()),
        ("dos", b"name = 'x'\r\n".to_vec()),
    ] {
        std::fs::write(folder.path().join(name), bytes).unwrap();
        for verb in ["check", "import"] {
            let said = domus(folder.path(), &[verb, name]);
            assert!(said.contains(name), "{said}");
            assert!(
                said.contains("status 2") || said.contains("status 1"),
                "{said}"
            );
            assert!(said.len() < 2_000, "{verb} {name}: {} bytes", said.len());
            assert!(
                !said.contains('\x1b') && !said.contains("panicked"),
                "{said}"
            );
        }
    }
}

#[test]
fn no_password_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    for (number, line) in [
        "vncpassword = \"hunter2\"",
        "vnc_password = \"hunter2\"",
        "vncpass = \"hunter2\"",
        "spicepass = \"hunter2\"",
        "vncpaswd = \"hunter2\"",
        "vfb = [ \"vncpassword=hunter2\" ]",
        "vfb = [ \"vncpasswd=a,hunter2\" ]",
        "VNCPASSWD = \"hunter2\"",
        "vncpasswd = hunter2",
        "vncpasswd = hunter2.b",
        "vncpasswd = \"x\" hunter2",
        "vncpasswd hunter2",
        "vncpasswd = [\"x\",\n\"hunter2\" \"b\"]",
        "vncpasswd = [\"x\",\n\nhunter2]",
        "vncpasswd = \"hunter2",
        "vncpasswd = [\"hunter2\"]",
        "memory = \"hunter2\" # the password",
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("{number}.cfg");
        let text = format!("name = 'web'\ntype = 'hvm'\nmemory = 512\n{line}\n");
        std::fs::write(folder.path().join(&name), text).unwrap();
        for arguments in [
            &["check", &name][..],
            &["check", "--json", &name],
            &["import", &name],
            &["import", "--json", &name],
        ] {
            let said = domus(folder.path(), arguments);
            assert!(!said.contains("hunter2"), "{line}\n{said}");
            // It is not silent about what is wrong, nor about where.
            if arguments.len() == 2 && arguments[0] == "check" {
                assert!(said.contains(&format!("{name}:")), "{line}\n{said}");
            }
        }
    }
}

#[test]
fn what_holds_no_password_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let text = "name = 'web'\ntype = 'hvm'\nmemroy = 512\nvncpasswd = 'x'\nmemory = 'much'\n";
    std::fs::write(folder.path().join("a.cfg"), text).unwrap();
    let said = domus(folder.path(), &["check", "a.cfg"]);
    assert!(
        said.contains("memroy = 512") && said.contains("memory = 'much'"),
        "{said}"
    );
}

#[test]
fn names_are_judged() {
    assert_names("name = ''".as_bytes());
    assert_names(b"name = '\xff'");
}

fn assert_names(line: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let text = [b"memory = 512\nbootloader = 'pygrub'\n", line, b"\n"].concat();
    std::fs::write(folder.path().join("a.cfg"), text).unwrap();
    let said = domus(folder.path(), &["check", "a.cfg"]);
    assert!(said.contains("a.cfg:3:8: error: name: "), "{said}");
    let said = domus(folder.path(), &["import", "a.cfg"]);
    assert!(said.contains("line 3, column 8: name: "), "{said}");
}

#[test]
fn import_reads_standard_input_and_names_running() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("good.cfg"), GOOD).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_domus"))
        .args(["import", "-"])
        .stdin(std::fs::File::open(folder.path().join("good.cfg")).unwrap())
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success() && printed.contains("guests.web"),
        "{printed}"
    );
    let said = domus(folder.path(), &["import"]);
    assert!(
        said.contains("--running") && said.contains("status 2"),
        "{said}"
    );
}
