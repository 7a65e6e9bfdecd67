//! xl configurations, imported.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

use nix_config::import::{self, Imported};
use proptest::prelude::*;
use xl_cfg::{Config, Document};

fn imported(text: &str) -> Imported {
    import::document(&Document::parse(text).unwrap()).unwrap()
}

fn nix(text: &str) -> String {
    let guest = imported(text);
    let notes = guest.notes.join("\n");
    let nix = import::file(&[], &[guest]).unwrap();
    format!("{nix}\n{notes}\n")
}

fn errors(text: &str) -> String {
    let errors = import::document(&Document::parse(text).unwrap()).unwrap_err();
    let lines: Vec<_> = errors.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

#[test]
fn the_wikis_guest() {
    insta::assert_snapshot!(nix("\
name = 'mrkitty'
memory = 512
kernel = '/usr/lib/xen/boot/pv-grub-x86_64.gz'
extra = '(hd0)/boot/grub/menu.lst'
disk = [ 'file:/vmdisks/mrkitty-root.img,xvda1,w' ]
vif = [ '' ]
"));
}

#[test]
fn comments_stay_at_their_keys() {
    insta::assert_snapshot!(nix("\
# The web server.
# Ask Ann before you touch it.

# Names are forever.
name = 'web' # the first of them
type = 'pvh'

# Enough for the cache:
memory = 4096 # MiB
# vncpasswd = 'hush'
maxmem = 8192 # when it is busy

bootloader = 'pygrub' # reads the guest's own grub.cfg
disk = [ # two of them
  # the system
  '/dev/vg0/web,raw,xvda,rw', # on the fast disks
  '/srv/iso/tools.iso,raw,xvdb,ro', # tools
  # more to come
]
vif = [ 'bridge=br0,mac=00:16:3E:00:00:01', # inside
        'bridge=br1' ] # outside
cpus = '0-3'; cpu_weight = 512 # a big one
vncviewer = 1 # nobody looks
vfb = [ 'vnc=1' ]
# The end.
"));
}

#[test]
fn no_password_is_taken_over() {
    let hvm = nix("\
name = 'win'
type = 'hvm'
disk = [ '/a,raw,hda' ]
vnc = 1
vncpasswd = 'hunter2' # the VNC password is hunter2
spice = 1
spiceport = 6000
spicepasswd = 'hunter3'
# vncpasswd was hunter1
");
    let pv = nix("\
name = 'pv'
kernel = '/k'
vfb = [ 'vnc=1,vncpasswd=hunter2' ] # hunter2 is the password
");
    for text in [&hvm, &pv] {
        assert!(!text.contains("hunter"), "{text}");
    }
    insta::assert_snapshot!(format!("{hvm}\n{pv}"));
}

#[test]
fn what_cannot_be_imported() {
    let all = [
        "name = 'a'\nmemory = 1\n",
        "name = 'a'\nbootloader = '/usr/bin/frob'\n",
        "name = 'a'\nkernel = '/k'\ndisk = [ '/a,row,xvda' ]\nvif = [ 'brigde=x' ]\n",
        "name = 'a'\nkernel = '/k'\nvfb = [ 'vncpasswd=hunter2', 'vnc=1' ]\n",
        "kernel = '/k'\n",
    ]
    .map(errors)
    .join("\n\n");
    assert!(!all.contains("hunter"));
    insta::assert_snapshot!(all);
}

#[test]
fn bytes_that_are_no_text() {
    let text =
        b"name = 'a'\nkernel = '/k'\nserial = 'x'\ntype = 'hvm'\nserial = '\xff'\n".as_slice();
    let errors = import::document(&Document::parse(text).unwrap()).unwrap_err();
    insta::assert_snapshot!(errors[0], @"line 5, column 1: serial: the value is no valid UTF-8, which Nix options cannot carry; change it");
}

#[test]
fn several_guests_in_one_file() {
    let config = Config::parse("name = 'b'\nkernel = '/k'\nnomigrate = 1\n").unwrap();
    let guests = [
        imported("name = 'a.example'\ntype = 'hvm'\n"),
        import::config(&config).unwrap(),
    ];
    insta::assert_snapshot!(import::file(&["Two.".into()], &guests).unwrap());
}

fn corpus() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../xl-cfg/tests/corpus");
    let mut files: Vec<_> = ["pv", "pvh", "hvm"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(root.join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

/// That the result means the same is shown where Nix is: `cargo xtask test` evaluates all of it.
#[test]
fn every_file_of_the_corpus_is_imported_and_formatted() {
    let mut refused = Vec::new();
    for path in corpus() {
        let text = std::fs::read(&path).unwrap();
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        match import::document(&Document::parse(&text).unwrap()) {
            Ok(guest) => {
                let nix = import::file(&[], &[guest]).unwrap();
                assert_eq!(nixfmt_rs::format(&nix).unwrap(), nix, "{file}");
                assert!(!nix.contains("passwd ="), "{file}");
            }
            Err(errors) => refused.push(format!("{file}: {}", errors[0])),
        }
    }
    assert_eq!(refused, [""; 0]);
}

proptest! {
    /// Lines of the corpus, in any order: whatever can be read is imported or refused, and what is written is Nix.
    #[test]
    fn any_lines_end_in_nix_or_a_message(picks in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..12)) {
        let corpus = corpus();
        let mut text = String::from("name = 'x'\n");
        for (file, line) in picks {
            let file = std::fs::read_to_string(&corpus[file.index(corpus.len())]).unwrap();
            let lines: Vec<_> = file.lines().collect();
            text.push_str(lines[line.index(lines.len())]);
            text.push('\n');
        }
        if let Ok(document) = Document::parse(&text) {
            match import::document(&document) {
                Ok(guest) => {
                    let nix = import::file(&[], &[guest]).unwrap();
                    nix_config::check(&nix).unwrap();
                }
                Err(errors) => prop_assert!(errors.iter().all(|error| !error.message.is_empty())),
            }
        }
    }
}
