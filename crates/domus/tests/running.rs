//! `domus import --running`, of what xl says.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use support::{Dom0, HAND, guest};

/// A Dom0 in which one guest is ours, and one was made by hand.
fn dom0() -> Dom0 {
    let dom0 = Dom0::new();
    dom0.declare(&[guest("web", 1)]);
    let ran = dom0.run(&["apply"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    dom0.write("/srv/hand.img", "a system");
    let more = "vcpus = 2\nkernel = '/k'\nmaxmem = 256\ndisk = [ 'vdev=xvda,target=/srv/hand.img' ]\nvif = [ 'mac=00:16:3e:00:00:99,bridge=xenbr0' ]\n";
    dom0.create(&format!("{HAND}{more}"));
    dom0
}

#[test]
fn what_runs_and_is_not_declared_is_imported() {
    let dom0 = dom0();
    let ran = dom0.run(&["import", "--running"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    insta::assert_snapshot!(format!("{}\n{}", ran.stdout, ran.stderr));
}

#[test]
fn a_domain_can_be_named() {
    let dom0 = dom0();
    let ran = dom0.run(&["import", "--running", "web"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("virtualisation.xen.guests.web ="));
    assert!(!ran.stdout.contains("hand"));
    let ran = dom0.run(&["import", "--running", "nobody"]);
    assert_eq!(ran.status, 1);
    insta::assert_snapshot!(ran.stderr, @"error: no domain nobody runs; `xl list` says which do");
}

#[test]
fn xl_that_fails_is_an_error() {
    let mut dom0 = dom0();
    dom0.fault(Some("fail:list"));
    let ran = dom0.run(&["import", "--running"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (1, ""), "{}", ran.stderr);
    assert!(ran.stderr.contains("error: "), "{}", ran.stderr);
}
