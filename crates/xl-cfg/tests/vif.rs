//! Network interface strings.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use xl_cfg::vif::Vif;

#[test]
fn written() {
    assert_eq!(Vif::default().to_spec().unwrap(), "");
    let vif = Vif {
        mac: Some("00:16:3e:01:02:0A".into()),
        bridge: Some("xenbr0".into()),
        ip: Some("10.0.0.2 fe80::1".into()),
        vifname: Some("web-lan".into()),
        others: vec![
            ("type".into(), "vif".into()),
            ("untrusted".into(), String::new()),
        ],
        ..Vif::default()
    };
    let spec = "mac=00:16:3e:01:02:0A,bridge=xenbr0,ip=10.0.0.2 fe80::1,vifname=web-lan,type=vif,untrusted";
    assert_eq!(vif.to_spec().unwrap(), spec);
    assert_eq!(Vif::parse(spec).unwrap(), vif);
    assert_eq!(Vif::parse("").unwrap(), Vif::default());
    assert_eq!(
        Vif::parse(" bridge=a, mac=x").unwrap().mac.as_deref(),
        Some("x")
    );
}

#[test]
fn refused() {
    let error = |vif: Vif| vif.to_spec().unwrap_err().to_string();
    let bridge = |name: &str| Vif {
        bridge: Some(name.into()),
        ..Vif::default()
    };
    insta::assert_snapshot!(error(bridge("a,b")), @"bridge `a,b`: a comma ends the value in xl, and there is no way to quote one");
    insta::assert_snapshot!(error(bridge("")), @"bridge ``: it is empty; leave it out to get xl's default");
    insta::assert_snapshot!(error(bridge("a\nb")), @r#"bridge `a\nb`: it holds the control character U+000A"#);
    insta::assert_snapshot!(error(Vif { mac: Some("00:16:3e".into()), ..Vif::default() }), @"mac `00:16:3e`: a hardware address is six pairs of hexadecimal digits, like 00:16:3e:01:02:03");
    insta::assert_snapshot!(error(Vif { vifname: Some("a-very-long-name".into()), ..Vif::default() }), @"vifname `a-very-long-name`: a network interface's name has at most 15 bytes; this has 16");
    insta::assert_snapshot!(error(Vif { others: vec![("brigde".into(), "a".into())], ..Vif::default() }), @"`brigde`: xl knows no such key for a network interface");
    let read = |spec: &str| Vif::parse(spec).unwrap_err().to_string();
    insta::assert_snapshot!(read("brigde=xenbr0"), @"`brigde=xenbr0`: xl knows no `brigde` for a network interface");
    insta::assert_snapshot!(read("xenbr0"), @"`xenbr0`: a network interface is described by key=value, separated by commas");
    insta::assert_snapshot!(read("mac=a,mac=b"), @"mac is given twice");
}
