use super::{near, text};
use proptest::collection::btree_map;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use xl_cfg::vif::{ColoKey, Mac, Rate, Tagging, Vif, VifKind, VlanTerm, Vlans};

fn rate() -> impl Strategy<Value = Rate> {
    let bytes = prop_oneof![
        1..=u64::from(u32::MAX),
        (1..=4_294_967_295_u64).prop_map(|n| n * 125)
    ];
    (bytes, prop_oneof![Just(50_000), 1..=u32::MAX])
        .prop_filter_map("xl takes no such rate", |(bytes, us)| {
            Rate::with_interval(bytes, us).ok()
        })
}

fn vlans() -> impl Strategy<Value = Vlans> {
    let term = (1..=1000_u16, 1..=100_u16, 0..=30_u16, any::<bool>()).prop_map(
        |(first, step, more, untagged)| VlanTerm {
            first,
            step,
            more,
            tagging: if untagged {
                Tagging::Untagged
            } else {
                Tagging::Tagged
            },
        },
    );
    (1..=4094_u16, prop::collection::vec(term, 0..4)).prop_map(|(first, mut terms)| {
        let tagging = Tagging::Primary;
        terms.push(VlanTerm {
            first,
            step: 1,
            more: 0,
            tagging,
        });
        Vlans::new(terms).unwrap()
    })
}

prop_compose! {
    fn vif()(
        mac in of(any::<[u8; 6]>().prop_map(Mac)),
        (bridge, ip, script) in (of(text()), of(text()), of(text())),
        vifname in of("[^,\\x00-\\x1f\\x7f-\\x{10ffff}]{1,15}"),
        (model, gatewaydev, backend) in (of(text()), of(text()), of(text())),
        kind in of(select(VifKind::ALL)),
        rate in of(rate()),
        vlan in of(vlans()),
        (devid, mtu) in (of(0..=0x7fff_ffff_u32), of(0..=0x7fff_ffff_u32)),
        untrusted in any::<bool>(),
        colo in btree_map(select(ColoKey::ALL), text(), 0..4),
    ) -> Vif {
        Vif { mac, bridge, ip, script, vifname, model, kind, gatewaydev, backend, rate, devid, mtu, vlan, untrusted, colo }
    }
}

super::laws!(
    Vif,
    vif(),
    near(&[
        "mac=",
        "00:16:3e:01:02:03",
        "bridge=",
        "xenbr0",
        "ip=",
        "type=",
        "vif",
        "ioemu",
        "rate=",
        "MB/s",
        "Kb/s",
        "ms",
        "vlan=",
        "p",
        "u",
        "+10x4",
        "mtu=",
        "devid=",
        "trusted",
        "untrusted",
        "netdev=",
        "gatewaydev=",
        "forwarddev=",
    ])
);

proptest! {
    #[test]
    fn what_is_a_rate_can_be_written(text in "(0|08|0x)?[0-9]{1,10}[GMK]?[Bb]/s(@[0-9]{1,5}[mu]?s?)?") {
        if let Ok(rate) = text.parse::<Rate>() {
            prop_assert_eq!(rate.to_string().parse::<Rate>().unwrap(), rate, "{} became {}", text, rate);
        }
    }
}
