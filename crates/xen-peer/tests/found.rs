//! What the comparison has found, each by its name: mistakes of xl-cfg that are mended, and what Xen does that nobody
//! would expect.

use xen_peer::{Answer, Outcome, Subject, Verdict, compare, devices};

fn refused_by_both(subject: Subject, text: &str) {
    assert_eq!(
        compare(subject, text.as_bytes()),
        Outcome::Refused,
        "{text:?}"
    );
}

fn stricter(subject: Subject, text: &str, name: &'static str) {
    assert_eq!(
        compare(subject, text.as_bytes()),
        Outcome::Stricter(name),
        "{text:?}"
    );
}

/// `atoi` makes an int of it, and what is left of 2^32 is 0: off, where xl-cfg read on.
#[test]
fn a_switch_that_wraps_to_off() {
    for number in ["4294967296", "2147483648", "18446744073709551616"] {
        let spec = format!("03:00.0,permissive={number}");
        stricter(Subject::PciSpec, &spec, "a switch that is no number");
    }
}

/// `sscanf` skips white space in front of a number and not within it.
#[test]
fn white_space_after_0x() {
    refused_by_both(Subject::PciSpec, "03:00.0@0x\t5");
    // Here Xen takes the 0 and drops the rest.
    stricter(
        Subject::PciSpec,
        "03:00.0,vslot=0x 5",
        "a slot spelled as only sscanf reads it",
    );
}

/// Xen reads `foo=` as the target `foo`, and drops the `=` at the end.
#[test]
fn an_equals_sign_at_the_end_is_dropped() {
    stricter(
        Subject::Disk,
        "vdev=xvda,/a=",
        "a = at the end of a disk string",
    );
}

/// Why the reader refuses a NUL in a string: an assertion of libxlutil fails, and xl is gone.
#[test]
fn a_nul_in_a_string_ends_xl() {
    assert_eq!(xen_peer::config(b"a = 'x\0y'\n", &[b"a"]), Verdict::Died);
    assert_eq!(compare(Subject::Reader, b"a = 'x\0y'\n"), Outcome::Refused);
    assert_eq!(
        compare(Subject::Reader, b"# x\0y\na = 1\n"),
        Outcome::Accepted
    );
}

/// Why a disk string must not hold a line break.
#[test]
fn a_line_break_after_a_bad_disk_ends_xl() {
    assert_eq!(xen_peer::disk(b"=\n"), Verdict::Died);
    refused_by_both(Subject::Disk, "=\n");
}

/// `xlu_rdm_parse` takes the answer of `parse_rdm_policy` for its opposite. When this fails, Xen has been mended, and
/// `Rdm::ignored_by_xl` must learn since when.
#[test]
fn xen_gives_up_at_each_policy_of_rdm_that_it_knows() {
    for spec in ["strategy=host,policy=strict", "policy=relaxed"] {
        assert!(
            matches!(xen_peer::rdm(spec.as_bytes()), Verdict::Refused(_)),
            "{spec}"
        );
        assert!(
            matches!(compare(Subject::Rdm, spec.as_bytes()), Outcome::Warned(_)),
            "{spec}"
        );
    }
    let Verdict::Accepted(read) = xen_peer::rdm(b"policy=foo") else {
        panic!("Xen refuses a policy that it does not know");
    };
    assert_eq!(*read.member("policy"), Answer::from("invalid"));
}

/// Debian's Xen 4.17 takes `untrusted` for a path: its lexer was made before the word. So the two are told apart by
/// asking, not by the version.
#[test]
fn a_xen_that_does_not_know_untrusted_takes_it_for_the_target() {
    let Verdict::Accepted(read) = xen_peer::disk(b"untrusted,vdev=xvda") else {
        // It knows the word, and misses the target.
        assert!(*devices::KNOWS_TRUSTED);
        return;
    };
    assert!(!*devices::KNOWS_TRUSTED);
    assert_eq!(*read.member("pdev_path"), Answer::from("untrusted"));
}

/// Xen reads no number in a setting that was last assigned by `+=`, though its text is one.
#[test]
fn a_number_made_by_adding_is_none() {
    let Verdict::Accepted(read) = xen_peer::config(b"memory = 2\nmemory += 56\n", &[b"memory"])
    else {
        panic!("Xen refuses +=");
    };
    let setting = Answer::List(vec![Answer::from("256"), Answer::Nothing]);
    assert_eq!(read, Answer::List(vec![setting]));
}
