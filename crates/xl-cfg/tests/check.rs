//! What the linter says, of wrong files and of right ones.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use xl_cfg::check::{self, Finding, Options, Severity};
use xl_cfg::{Config, Document, Value};

/// A line for each finding: its place, its severity, its rule, its key, and what it says.
fn findings(text: &str, options: Options) -> String {
    let document = Document::parse(text).unwrap();
    let mut lines = String::new();
    for finding in check::document(&document, options) {
        let place = finding.span.map_or("-".to_owned(), |span| {
            let place = document.place(span.start);
            format!("{}:{}", place.line, place.column)
        });
        writeln!(
            lines,
            "{place} {} [{}] {}: {}",
            finding.severity.as_str(),
            finding.rule.as_str(),
            finding.key.unwrap_or_default(),
            finding.message
        )
        .unwrap();
    }
    lines
}

fn said(text: &str) -> String {
    findings(text, Options::default())
}

const PV: &str = "name = 'web'\nkernel = '/boot/vmlinuz'\n";
const HVM: &str = "name = 'web'\ntype = 'hvm'\n";

#[test]
fn a_good_file() {
    assert_eq!(said(PV), "");
    assert_eq!(said(HVM), "");
}

#[test]
fn keys() {
    insta::assert_snapshot!(
        "keys",
        said(&format!(
            "{PV}memroy = 256\nfrobnicate = 1\nmemory = 256\nmemory = 512\nboot = 'c'\nvcpus = 1\nvcpus += 1\nroot = '/dev/xvda'\nvif2 = []\n"
        ))
    );
    insta::assert_snapshot!("empty", said(""));
}

#[test]
fn numbers_and_words() {
    insta::assert_snapshot!(
        "numbers",
        said(&format!(
            "{HVM}memory = '4G'\nmaxmem = 01000\nvcpus = '2'\ncpu_weight = 70000\nhap = 'yes'\nnestedhvm = 7\nrtc_timeoffset = '-3600'\nacpi = [ 1 ]\ndisk = '/a,raw,xvda'\nuuid = '42'\nboot = 'cx'\n"
        ))
    );
    insta::assert_snapshot!(
        "words",
        said(
            "name = 'web'\ntype = 'hv'\nfirmware = 'uef'\nvga = 'stdvgaa'\non_crash = 'Destroy'\non_reboot = 'reboot'\ntsc_mode = 'NATIVE'\ntimer_mode = 1\nhdtype = 'scsi'\n"
        )
    );
    insta::assert_snapshot!("firmware", said(&format!("{HVM}firmware = 'ovnf'\n")));
}

#[test]
fn what_does_not_go_together() {
    insta::assert_snapshot!(
        "together",
        [
            "name = 'a'\n",
            "name = 'a'\nkernel = '/k'\nfirmware = 'pvgrub64'\n",
            "name = 'a'\nfirmware = 'ovmf'\n",
            "name = 'a'\ntype = 'pvh'\nfirmware = 'pvgrub64'\n",
            "name = 'a'\ntype = 'pvh'\nbuilder = 'hvm'\nkernel = '/k'\n",
            "name = 'a'\nramdisk = '/r'\nbootloader = 'pygrub'\n",
            "name = 'a'\ntype = 'hvm'\nramdisk = '/r'\ncmdline = 'x'\nbios = 'rombios'\n",
            "name = 'a'\ntype = 'hvm'\nkernel = '/usr/lib/xen/boot/hvmloader'\nbios_path_override = '/b'\n",
            "name = 'a'\nkernel = '/k'\nmemory = 512\nmaxmem = 256\nvcpus = 4\nmaxvcpus = 2\n",
            "name = 'a'\nkernel = '/k'\ncmdline = 'x'\nextra = 'y'\n",
            "name = 'a'\nkernel = '/k'\ndisk = [ '/a,raw,xvda', '/b,raw,xvdb' ]\ndisk += [ '/c,raw,xvda' ]\n",
            "name = 'a'\nkernel = '/k'\ndisk = [ 'vg/a,raw,xvda' ]\np9 = [ 'tag=a,path=/a,security_model=none,backend=x', 'tag=b,path=/b,security_model=none' ]\n",
            "name = 'a'\ntype = 'hvm'\nrdm = 'strategy=host,policy=strict'\n",
        ]
        .map(said)
        .join("\n")
    );
}

#[test]
fn for_one_xen() {
    let text =
        format!("{HVM}smbios = [ 'oem=x' ]\ndevice_model_version = 'qemu-xen-traditional'\n");
    let of = |minor| {
        findings(
            &text,
            Options {
                xen_minor: Some(minor),
            },
        )
    };
    insta::assert_snapshot!("xen", [of(17), of(18), of(22)].join("\n"));
}

#[test]
fn strings_with_a_grammar() {
    insta::assert_snapshot!(
        "grammars",
        said(&format!(
            "{PV}disk = [\n  '/a,raw,xvda', '/b,rwa,xvdb',\n]\nvif = [ 'brigde=xenbr0', 'mac=1' ]\npci = [ '07:00' ]\nvnuma = [ [ 'pnode=0' ] ]\ncpus = '1-x'\nirqs = [ 3, 'x' ]\n"
        ))
    );
}

#[test]
fn a_configuration_has_no_places() {
    let config = xl_cfg::Config::parse("name = 'a'\nmemroy = 1\n").unwrap();
    let findings = check::config(&config, Options::default());
    assert!(findings.iter().all(|finding| finding.span.is_none()));
    assert_eq!(findings.len(), 2);
}

fn corpus() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut files: Vec<_> = ["pv", "pvh", "hvm"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(root.join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

/// Of each key alone, and of a configuration in which every value is another kind of value.
#[test]
fn of_a_chosen_key_the_same_is_found() {
    for path in corpus() {
        let right = Config::parse(&std::fs::read(&path).unwrap()).unwrap();
        let mut wrong = Config::new();
        for (key, value) in &right {
            let other = match value {
                Value::List(_) => Value::Integer(0),
                _ => Value::List(vec!["0x".into()]),
            };
            wrong.set(key.clone(), other);
        }
        for config in [right, wrong] {
            let all = check::config(&config, Options::default());
            for (chosen, _) in &config {
                let chosen = chosen.as_str();
                let of_it = |mut findings: Vec<Finding>| {
                    findings.retain(|finding| finding.key.as_deref() == Some(chosen));
                    findings
                };
                let alone = check::config_of(&config, &|key| key == chosen, Options::default());
                assert_eq!(
                    of_it(alone),
                    of_it(all.clone()),
                    "{} {chosen}",
                    path.display()
                );
            }
        }
    }
}

/// xl takes every file of the corpus; what is wrong with some of them all the same is read here.
#[test]
fn of_the_corpus() {
    let mut report = String::new();
    for path in corpus() {
        let text = std::fs::read(&path).unwrap();
        let document = Document::parse(&text).unwrap();
        for finding in check::document(&document, Options::default()) {
            if finding.severity == Severity::Error {
                let file = path.file_name().unwrap().to_string_lossy();
                let key = finding.key.unwrap_or_default();
                writeln!(report, "{file}: {key}: {}", finding.message).unwrap();
            }
        }
    }
    insta::assert_snapshot!("corpus", report);
}
