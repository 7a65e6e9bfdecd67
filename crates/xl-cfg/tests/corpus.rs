//! The corpus: configurations as administrators have them, which together use every key of the table.
//!
//! That xl takes each of them is shown by the scenario `xl-reads-the-corpus`. A file's first line is a comment that says
//! what it shows, and before it `since: 4.N.`, `until: 4.N.` or `arch: arm.` when it is not for an x86 Xen of 4.17. Older
//! versions take a newer file too, and ignore what they do not know, unless it says `since: 4.N, refused before.`

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use xl_cfg::Config;
use xl_cfg::keys::{self, Arch, GuestType};

/// The Xen that a file is for when it does not say.
const XEN: u32 = 17;

struct File {
    path: String,
    guest: GuestType,
    head: String,
    config: Config,
}

impl File {
    /// What the first line says behind a word, such as 18 for `since: 4.18.`
    fn minor(&self, word: &str) -> Option<u32> {
        let (_, rest) = self.head.split_once(&format!("{word}: 4."))?;
        let digits = rest.split(|digit: char| !digit.is_ascii_digit());
        Some(digits.into_iter().next().unwrap().parse().unwrap())
    }

    /// The Xen that it is for.
    fn xen(&self) -> u32 {
        self.minor("since").or(self.minor("until")).unwrap_or(XEN)
    }
}

fn corpus() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut files = Vec::new();
    for guest in GuestType::ALL {
        for entry in std::fs::read_dir(root.join(guest.word())).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            let path = path.strip_prefix(&root).unwrap().display().to_string();
            let config = Config::parse(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
            let head = text.lines().next().unwrap().to_owned();
            files.push(File {
                path,
                guest,
                head,
                config,
            });
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

#[test]
fn is_large_and_each_file_says_what_it_shows() {
    let files = corpus();
    assert!(files.len() >= 60, "{} files", files.len());
    let mut names = BTreeSet::new();
    for file in &files {
        assert!(file.head.starts_with("# "), "{}: {}", file.path, file.head);
        assert_eq!(
            Path::new(&file.path).extension(),
            Some("cfg".as_ref()),
            "{}",
            file.path
        );
        let name = file.config.get("name").unwrap().as_text().unwrap();
        assert!(
            names.insert(name.into_owned()),
            "{}: its name is another's too",
            file.path
        );
    }
}

#[test]
fn each_file_is_of_its_folders_type() {
    for file in corpus() {
        let word = |key| file.config.get(key).map(|value| value.as_text().unwrap());
        let word = word("type").or(word("builder"));
        let word = match word.as_deref() {
            None | Some("generic") => "pv",
            Some(word) => word,
        };
        assert_eq!(word, file.guest.word(), "{}", file.path);
    }
}

#[test]
fn each_key_is_known_to_the_xen_of_its_file_and_its_value_fits() {
    let mut unknown = Vec::new();
    for file in corpus() {
        for (key, value) in file.config.iter() {
            let Some(info) = keys::get(key.as_str()) else {
                unknown.push(format!("{} {key}", file.path));
                continue;
            };
            let place = format!("{}: {key} = {value:?}", file.path);
            assert!(info.read_by(file.xen()), "{place}: not read by that Xen");
            assert!(info.shape.fits(value), "{place}: not {:?}", info.shape);
            if info.arch == Arch::Arm {
                assert!(file.head.contains("arch: arm"), "{place}: for Arm only");
            }
            assert!(!info.refused.contains(file.guest), "{place}: refused");
        }
    }
    assert_eq!(unknown, ["pv/from-xm.cfg dhcp"]);
}

#[test]
fn every_key_of_the_table_is_used_where_it_has_an_effect() {
    let mut used: BTreeMap<String, Vec<GuestType>> = BTreeMap::new();
    for file in corpus() {
        for (key, _) in file.config.iter() {
            used.entry(key.to_string()).or_default().push(file.guest);
        }
    }
    let missing: Vec<&str> = keys::all()
        .iter()
        .filter(|info| {
            let anywhere = info.types.iter().next().is_none();
            !used.get(info.name).is_some_and(|guests| {
                anywhere || guests.iter().any(|guest| info.types.contains(*guest))
            })
        })
        .map(|info| info.name)
        .collect();
    assert!(missing.is_empty(), "no file of the corpus uses {missing:?}");
}
