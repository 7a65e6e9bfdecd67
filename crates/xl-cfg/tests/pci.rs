//! PCI device strings.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use xl_cfg::pci::{Bdf, Pci, PciDevice, RdmPolicy};

#[test]
fn forms() {
    let read = |spec: &str| Pci::parse(spec).unwrap().to_spec().unwrap();
    assert_eq!(read("03:00.0"), "bdf=0000:03:00.0");
    assert_eq!(read("3:0.0,"), "bdf=0000:03:00.0");
    assert_eq!(read("0001:03:1F.*@1F"), "bdf=0001:03:1f.*,vslot=1f");
    // The three forms that the manual calls equivalent, but with a slot that there is.
    for spec in [
        "36:00.0@10,seize=1",
        "36:00.0,vslot=10,seize=1",
        "bdf=36:00.0,vslot=0x10,seize=2",
    ] {
        assert_eq!(read(spec), "bdf=0000:36:00.0,vslot=10,seize=1");
    }
    assert_eq!(
        Pci::parse("name=nic,permissive=1,msitranslate=0,power_mgmt=1,rdm_policy=RELAXED").unwrap(),
        Pci {
            device: PciDevice::Named("nic".into()),
            permissive: Some(true),
            msitranslate: Some(false),
            power_mgmt: Some(true),
            rdm_policy: Some(RdmPolicy::Relaxed),
            ..Pci::new("0:0.0".parse().unwrap())
        }
    );
    assert_eq!(
        "0000:00:1b.0".parse::<Bdf>().unwrap().to_string(),
        "0000:00:1b.0"
    );
}

#[test]
fn refused() {
    let error = |spec: &str| Pci::parse(spec).unwrap_err().to_string();
    insta::assert_snapshot!(error(""), @"bdf is missing: a PCI device needs an address, like 03:00.0, or a name");
    insta::assert_snapshot!(error("seize=1"), @"bdf is missing: a PCI device needs an address, like 03:00.0, or a name");
    insta::assert_snapshot!(error("03:00"), @"bdf `03:00`: an address is like 03:00.0 or 0000:03:00.0, in hexadecimal, with * for all functions");
    insta::assert_snapshot!(error("03:00.8"), @"bdf `0000:03:00.8`: a slot is a hexadecimal number from 0 to 1f, a function one from 0 to 7");
    insta::assert_snapshot!(error("03:20.0"), @"bdf `0000:03:20.0`: a slot is a hexadecimal number from 0 to 1f, a function one from 0 to 7");
    insta::assert_snapshot!(error("36:00.0@20"), @"vslot `20`: it must be a hexadecimal number from 0 to 1f");
    insta::assert_snapshot!(error("03:00.0,name=nic"), @"name `nic`: a device has either a name or an address (bdf), not both");
    insta::assert_snapshot!(error("03:00.0,bdf=03:00.0"), @"bdf is given twice");
    insta::assert_snapshot!(error("03:00.0, seize=1"), @"`03:00.0, seize=1`: xl takes no space or second comma between the words of a PCI device");
    insta::assert_snapshot!(error("03:00.0,seize=yes"), @"seize `yes`: it must be 1 or 0; xl would read any other word as 0");
    insta::assert_snapshot!(error("03:00.0,sieze=1"), @"`sieze`: xl knows no such key for a PCI device; did you mean `seize`?");
    insta::assert_snapshot!(error("03:00.0,permissive"), @"`permissive`: it needs a value: permissive=…");
    insta::assert_snapshot!(error("03:00.0,rdm_policy=invalid"), @"policy `invalid`: xl knows strict and relaxed");
    insta::assert_snapshot!(error("name=,seize=1"), @"name ``: it is empty; leave it out to get xl's default");
    for spec in [
        " 03:00.0",
        "+3:00.0",
        "0x3:00.0",
        "10000:03:00.0",
        "03:00.0.0",
        "a:b:c:d.0",
        "03:00.0@",
        "bdf=03:00.0x",
    ] {
        assert!(Pci::parse(spec).is_err(), "{spec}");
    }
    let bdf = Bdf {
        domain: 0,
        bus: 0,
        slot: 32,
        function: None,
    };
    insta::assert_snapshot!(Pci::new(bdf).to_spec().unwrap_err(), @"bdf `0000:00:20.*`: a slot is a hexadecimal number from 0 to 1f, a function one from 0 to 7");
}
