//! Network interface strings.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use xl_cfg::vif::{ColoKey, Mac, Rate, Vif, VifKind};

#[test]
fn written() {
    assert_eq!(Vif::default().to_spec().unwrap(), "");
    let vif = Vif {
        mac: Some(Mac([0, 0x16, 0x3e, 1, 2, 10])),
        bridge: Some("xenbr0".into()),
        ip: Some("10.0.0.2 fe80::1".into()),
        vifname: Some("web-lan".into()),
        kind: Some(VifKind::Vif),
        rate: Some(Rate::new(1_250_000).unwrap()),
        devid: Some(3),
        mtu: Some(9000),
        vlan: Some("10p/100-103u/200+10x4".parse().unwrap()),
        untrusted: true,
        colo: [(ColoKey::CheckpointHost, "10.0.0.3".to_owned())].into(),
        ..Vif::default()
    };
    let spec = "mac=00:16:3e:01:02:0a,bridge=xenbr0,ip=10.0.0.2 fe80::1,vifname=web-lan,type=vif,rate=1250KB/s,devid=3,mtu=9000,vlan=10p/100-103u/200+10x4,untrusted,colo_checkpoint_host=10.0.0.3";
    assert_eq!(vif.to_spec().unwrap(), spec);
    assert_eq!(Vif::parse(spec).unwrap(), vif);
    assert_eq!(Vif::parse("").unwrap(), Vif::default());
    let read = |spec: &str| Vif::parse(spec).unwrap().to_spec().unwrap();
    assert_eq!(
        read(" bridge=a, mac=0:16:3E:1:2:A,"),
        "mac=00:16:3e:01:02:0a,bridge=a"
    );
    assert_eq!(read("netdev=eth0,trusted"), "gatewaydev=eth0");
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
    insta::assert_snapshot!(error(Vif { vifname: Some("a-very-long-name".into()), ..Vif::default() }), @"vifname `a-very-long-name`: a network interface's name has at most 15 bytes; this has 16");
    insta::assert_snapshot!(error(Vif { mtu: Some(u32::MAX), ..Vif::default() }), @"mtu `4294967295`: xl takes numbers up to 2147483647");
    let read = |spec: &str| Vif::parse(spec).unwrap_err().to_string();
    insta::assert_snapshot!(read("mac=00:16:3e"), @"mac `00:16:3e`: a hardware address is six pairs of hexadecimal digits, like 00:16:3e:01:02:03");
    insta::assert_snapshot!(read("brigde=xenbr0"), @"`brigde`: xl knows no such key for a network interface; did you mean `bridge`?");
    insta::assert_snapshot!(read("colour=red"), @"`colour`: xl knows no such key for a network interface; it knows mac, bridge, ip, script, vifname, model, type, gatewaydev, netdev, backend, rate, devid, mtu, vlan, accel and 49 more");
    insta::assert_snapshot!(read("xenbr0"), @"`xenbr0`: a network interface is described by key=value, separated by commas");
    insta::assert_snapshot!(read("bridge"), @"`bridge`: it needs a value: bridge=…");
    insta::assert_snapshot!(read("mac=00:16:3e:01:02:03,mac=00:16:3e:01:02:03"), @"mac is given twice");
    insta::assert_snapshot!(read("type=paravirtual"), @"type `paravirtual`: xl knows ioemu and vif");
    insta::assert_snapshot!(read("type=VIF"), @"type `VIF`: xl takes it in small letters only; write `vif`");
    insta::assert_snapshot!(read("accel=on"), @"`accel`: it does nothing in xl; take it away");
    insta::assert_snapshot!(read("netdev=a,gatewaydev=b"), @"gatewaydev is given twice");
    insta::assert_snapshot!(read("trusted=1"), @"`trusted`: it stands alone, without = and a value");
    insta::assert_snapshot!(read("trusted,untrusted"), @"`trusted`: the interface cannot be both trusted and untrusted");
    insta::assert_snapshot!(read("mtu=1500k"), @"mtu `1500k`: it must be a whole number from 0 to 2147483647, in decimal digits");
    insta::assert_snapshot!(read("bridge=a, ,ip=b"), @"` `: there are only spaces between two commas; take one comma away");
}

#[test]
fn rates() {
    let read = |text: &str| {
        let rate: Rate = text.parse().unwrap();
        (
            rate.bytes_per_second(),
            rate.interval_us(),
            rate.to_string(),
        )
    };
    let expect = |bytes, us, text: &str| (bytes, us, text.to_owned());
    assert_eq!(read("10Mb/s"), expect(1_250_000, 50_000, "1250KB/s"));
    assert_eq!(read("250KB/s"), expect(250_000, 50_000, "250KB/s"));
    assert_eq!(read("1MB/s@20ms"), expect(1_000_000, 20_000, "1MB/s@20ms"));
    assert_eq!(read("1MB/s@20u"), expect(1_000_000, 20, "1MB/s@20us"));
    // Without a unit an interval is in seconds, whatever the manual says.
    assert_eq!(read("1MB/s@2"), expect(1_000_000, 2_000_000, "1MB/s@2s"));
    assert_eq!(read("80b/s@1s"), expect(10, 1_000_000, "10B/s@1s"));
    assert_eq!(read("010KB/s@50ms"), expect(8_000, 50_000, "8KB/s"));
    assert_eq!(
        read("4294967295Kb/s@1ms"),
        expect(536_870_911_875, 1_000, "4294967295Kb/s@1ms")
    );
    let error = |text: &str| text.parse::<Rate>().unwrap_err().to_string();
    insta::assert_snapshot!(error("10mb/s"), @"rate `10mb/s`: a rate is like 10Mb/s (bits) or 250KB/s (bytes), with an interval like 1MB/s@20ms");
    insta::assert_snapshot!(error("7b/s"), @"rate `0`: it must be at least one byte in a second and an interval");
    insta::assert_snapshot!(error("1B/s"), @"rate `1`: it allows not one byte in an interval; make the interval longer");
    insta::assert_snapshot!(error("4294967295GB/s@4294s"), @"rate `4294967295000000000`: xl cannot multiply it by the interval; make one of them smaller");
    insta::assert_snapshot!(Rate::new(u64::MAX / 50_000).unwrap_err(), @"rate `368934881474191`: xl takes at most 4294967295 of a unit; round it to whole kilobytes");
    for text in [
        "",
        "@",
        "0B/s",
        "08B/s",
        "1KB",
        "1 KB/s",
        "4294967296B/s",
        "1MB/s@",
        "1MB/s@0",
        "1MB/s@1h",
        "1MB/s@5000s",
    ] {
        assert!(text.parse::<Rate>().is_err(), "{text}");
    }
}

#[test]
fn vlans() {
    let vif = |vlan: &str| Vif::parse(&format!("vlan={vlan}")).map(|vif| vif.to_spec().unwrap());
    assert_eq!(vif("10").unwrap(), "vlan=10p");
    assert_eq!(vif("10p/20").unwrap(), "vlan=10p/20");
    assert_eq!(vif("10p/20-20u/30+1x4").unwrap(), "vlan=10p/20u/30-34");
    let error = |vlan: &str| vif(vlan).unwrap_err().to_string();
    insta::assert_snapshot!(error("10/20"), @"vlan `10/20`: exactly one VLAN must be the primary one: put p after it, like 10p/20");
    insta::assert_snapshot!(error("10p/20p"), @"vlan `10p/20p`: exactly one VLAN must be the primary one: put p after it, like 10p/20");
    insta::assert_snapshot!(error("0"), @"vlan `0`: it must be a whole number from 1 to 4094, in decimal digits");
    insta::assert_snapshot!(error("10p/4000+100x4"), @"vlan `10p/4000+100x4`: a VLAN is a number from 1 to 4094");
    insta::assert_snapshot!(error("10p/30-20"), @"vlan `30-20`: the range goes down");
    insta::assert_snapshot!(error("10p/30+20"), @"vlan `30+20`: after + stand the distance, x, and how many more: 100+10x4");
    insta::assert_snapshot!(error("10-20p"), @"vlan `10-20p`: only a single VLAN can be the primary one (p)");
    insta::assert_snapshot!(error(""), @"vlan ``: it must be a whole number from 1 to 4094, in decimal digits");
}
