//! `vif`.

use xl_cfg::Value;
use xl_cfg::keys::GuestType;
use xl_cfg::vif::{ColoKey, Rate, Vif, VifKind};

use super::item::Item;
use super::source::{Source, spec};

pub(super) fn read(source: &mut Source) {
    // libxl fills in the one kind of PV and PVH, and for HVM the emulated card (`libxl__device_nic_setdefault`).
    let filled_in = source.runs().then(|| match source.guest() {
        Some(GuestType::Hvm) => VifKind::Ioemu,
        _ => VifKind::Vif,
    });
    source.list("vif", "/nics", |item, place| vif(item, place, filled_in));
}

fn vif(item: &mut Item, place: usize, filled_in: Option<VifKind>) -> Option<Value> {
    let kind = item.take("nictype", |json| match json.as_str()? {
        "vif" => Some(VifKind::Vif),
        "vif_ioemu" => Some(VifKind::Ioemu),
        _ => None,
    });
    let mut vif = Vif {
        mac: item.word("mac"),
        bridge: item.text("bridge"),
        ip: item.text("ip"),
        script: item.text("script"),
        vifname: item.text("ifname"),
        model: item.text("model"),
        kind: kind.filter(|kind| Some(*kind) != filled_in),
        gatewaydev: item.text("gatewaydev"),
        backend: item.backend(),
        rate: rate(item)?,
        devid: item
            .number::<u32>("devid")
            .filter(|devid| u32::try_from(place) != Ok(*devid)),
        mtu: item.number("mtu"),
        vlan: item.word("vlan"),
        untrusted: item.flag("trusted") == Some(false),
        ..Vif::default()
    };
    for key in ColoKey::ALL {
        let field = match key.as_str() {
            "forwarddev" => "coloft_forwarddev",
            name => name,
        };
        vif.colo.extend(item.text(field).map(|value| (*key, value)));
    }
    spec(vif.to_spec())
}

/// The rate that gives this many bytes in an interval; none when there is no limit, nothing when it cannot be said.
///
/// `xlu_vif_parse_rate` drops what does not make a whole byte in an interval, so the smallest rate that fits is taken.
#[expect(clippy::option_option, reason = "no limit is no mistake")]
fn rate(item: &mut Item) -> Option<Option<Rate>> {
    let (bytes, interval_us) = (
        item.number::<u64>("rate_bytes_per_interval").unwrap_or(0),
        item.number::<u32>("rate_interval_usecs").unwrap_or(0),
    );
    if bytes == 0 {
        return Some(None);
    }
    let interval = u128::from(interval_us);
    let least = (u128::from(bytes) * 1_000_000).checked_add(interval.checked_sub(1)?)? / interval;
    let rate = Rate::with_interval(u64::try_from(least).ok()?, interval_us).ok()?;
    Some(Some(rate))
}
