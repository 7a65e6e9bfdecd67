//! Each difference on purpose is one: xl-cfg refuses its example, Xen reads it, and it is known by its own name.

use std::collections::BTreeSet;

use xen_peer::stricter::{IN_DISKS, IN_FILES, IN_PCI, IN_RATES, IN_RDM, InStrings};
use xen_peer::{Outcome, Subject, Verdict, compare};

#[test]
fn in_files() {
    for difference in IN_FILES {
        let outcome = compare(Subject::Reader, difference.example);
        assert_eq!(outcome, Outcome::Stricter(difference.name));
        assert!(xl_cfg::Config::parse(difference.example).is_err());
        let theirs = xen_peer::config(difference.example, &[b"a"]);
        assert!(
            matches!(theirs, Verdict::Accepted(_)),
            "{}: {theirs:?}",
            difference.name
        );
    }
}

fn in_strings(subject: Subject, differences: &[InStrings], ask: fn(&[u8]) -> Verdict) {
    for difference in differences {
        let example = difference.example.as_bytes();
        assert_eq!(
            compare(subject, example),
            Outcome::Stricter(difference.name)
        );
        assert!(
            matches!(ask(example), Verdict::Accepted(_)),
            "{}",
            difference.name
        );
    }
}

#[test]
fn in_disks() {
    in_strings(Subject::Disk, IN_DISKS, xen_peer::disk);
    for difference in IN_DISKS {
        assert!(
            xl_cfg::disk::Disk::parse(difference.example).is_err(),
            "{}",
            difference.name
        );
    }
}

#[test]
fn in_rates() {
    in_strings(Subject::Rate, IN_RATES, xen_peer::rate);
}

#[test]
fn in_pci_devices() {
    in_strings(Subject::PciSpec, IN_PCI, xen_peer::pci_spec);
}

#[test]
fn in_reserved_memory() {
    in_strings(Subject::Rdm, IN_RDM, xen_peer::rdm);
}

#[test]
fn each_has_a_name_and_a_reason() {
    let files = IN_FILES
        .iter()
        .map(|difference| (difference.name, difference.reason));
    let strings = [IN_DISKS, IN_RATES, IN_PCI, IN_RDM].into_iter().flatten();
    let all: Vec<_> = files
        .chain(strings.map(|difference| (difference.name, difference.reason)))
        .collect();
    let names: BTreeSet<_> = all.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), all.len());
    assert!(
        all.iter()
            .all(|(name, reason)| !name.is_empty() && !reason.is_empty())
    );
}

/// What nobody would mean otherwise is never excused.
#[test]
fn what_is_no_difference() {
    for text in [
        "a = 1\n",
        "a = [ 'x', [ 2 ] ]\nb = 'it\\'s' ; b += '!'",
        "# only a comment\n",
    ] {
        assert_eq!(
            compare(Subject::Reader, text.as_bytes()),
            Outcome::Accepted,
            "{text}"
        );
    }
    for text in [
        "a = -1\n",
        "a = 1x g",
        "a",
        "a = [1",
        "a = \"x\n\"",
        "A = 1\n",
        "a = '\\x41'\n",
        "a = '\0'\n",
    ] {
        assert_eq!(
            compare(Subject::Reader, text.as_bytes()),
            Outcome::Refused,
            "{text}"
        );
    }
    for spec in [
        "/a,raw,xvda,rw",
        "vdev=hdc,cdrom",
        "format=qcow2,vdev=sda1,access=ro,target=/a,b=c",
    ] {
        assert_eq!(
            compare(Subject::Disk, spec.as_bytes()),
            Outcome::Accepted,
            "{spec}"
        );
    }
    for spec in [
        "",
        "/a,raw,xvda,rw,extra",
        "foo=bar,vdev=xvda,target=/a",
        "/a,raw",
        "vdev=xvda",
    ] {
        assert_eq!(
            compare(Subject::Disk, spec.as_bytes()),
            Outcome::Refused,
            "{spec}"
        );
    }
}
