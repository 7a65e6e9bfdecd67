//! The rules about network interfaces (`libxl_nic.c`, Xen's `vif-common.sh`).

use std::collections::HashMap;
use std::str::FromStr;

use xl_cfg::vif::{ColoKey, Rate, Vlans};

use super::report::Report;
use super::text::{domain_problem, field_problem, interface_problem};
use crate::lower::vif_spec;
use crate::{GuestType, Network, VifType};

pub(super) fn check(report: &mut Report) {
    let guest = report.guest;
    report.names(
        "networks",
        guest.networks.iter().map(|network| network.name.as_str()),
    );
    for network in &guest.networks {
        let before = report.judgement.problems.len();
        texts(report, network);
        card(report, network);
        numbers(report, network);
        // What no rule above has found, the grammar does.
        if report.judgement.problems.len() == before
            && let Err(error) = vif_spec(network)
        {
            report.add(format!("networks.{}", network.name), error.to_string());
        }
    }
    among(report);
}

fn texts(report: &mut Report, network: &Network) {
    let place = |field: &str| format!("networks.{}.{field}", network.name);
    let bridge = network.bridge.as_deref();
    if let Some(why) = bridge.and_then(|bridge| bridge_problem(network, bridge)) {
        report.add(place("bridge"), why);
    }
    for (field, value) in [
        ("vifname", &network.vifname),
        ("gatewaydev", &network.gatewaydev),
    ] {
        if let Some(why) = value.as_deref().and_then(interface_problem) {
            report.add(place(field), why);
        }
    }
    for (field, value) in [("ip", &network.ip), ("script", &network.script)] {
        if value
            .as_deref()
            .is_some_and(|text| text.contains(|c: char| c == ',' || c.is_control()))
        {
            report.add(place(field), "it has a comma or a control character, which xl's vif syntax cannot carry; remove it");
        }
    }
    for (field, value) in [("model", &network.model), ("backend", &network.backend)] {
        if let Some(why) = value.as_deref().and_then(field_problem) {
            report.add(place(field), why);
        }
    }
    if let Some(why) = network.backend.as_deref().and_then(domain_problem) {
        report.add(place("backend"), why);
    }
    for (field, value) in &network.colo {
        if let Err(error) = ColoKey::from_str(field) {
            report.add(place(&format!("colo.{field}")), error.to_string());
        } else if value.is_empty() || value.contains(|c: char| c == ',' || c.is_control()) {
            report.add(
                place(&format!("colo.{field}")),
                "it is empty, or has a comma or a control character, which xl's vif syntax cannot carry; correct it",
            );
        }
    }
}

/// Says why a bridge is none. For Open vSwitch's script VLANs may follow its name, as in `ovs0.10:20:30`.
fn bridge_problem(network: &Network, bridge: &str) -> Option<String> {
    let script = network.script.as_deref().unwrap_or_default();
    if script.rsplit('/').next() != Some("vif-openvswitch") {
        return interface_problem(bridge);
    }
    let end = bridge.find(['.', ':']).unwrap_or(bridge.len());
    let (name, vlans) = bridge.split_at(end);
    let vlan = |text: &str| text.parse::<u16>().is_ok_and(|vlan| vlan < 4096);
    let mut parts = vlans.split(':');
    let tag = parts.next().unwrap_or_default();
    if (tag.is_empty() || tag.strip_prefix('.').is_some_and(vlan)) && parts.all(vlan) {
        interface_problem(name)
    } else {
        Some(format!(
            "{bridge:?} is nothing that vif-openvswitch reads; write the bridge, then its VLAN and the VLANs of the trunk, as in \"ovs0.10:20:30\""
        ))
    }
}

/// What an HVM guest sees.
fn card(report: &mut Report, network: &Network) {
    let place = |field: &str| format!("networks.{}.{field}", network.name);
    if network.kind == Some(VifType::Ioemu) {
        report.only_for(&[GuestType::Hvm], &[(&place("type"), true)]);
    }
    let is_emulated =
        report.guest.guest_type == GuestType::Hvm && network.kind != Some(VifType::Vif);
    if let Some(name) = network.vifname.as_deref()
        && is_emulated
        && (12..=15).contains(&name.len())
    {
        report.add(
            place("vifname"),
            format!(
                "the emulated card's interface is called {name}-emu, which is {} characters and Linux takes 15; use at most 11, or set type = \"vif\"",
                name.len() + 4
            ),
        );
    }
}

fn numbers(report: &mut Report, network: &Network) {
    let place = |field: &str| format!("networks.{}.{field}", network.name);
    if let Some(mtu) = network.mtu.filter(|mtu| !(68..=65535).contains(mtu)) {
        report.add(
            place("mtu"),
            format!(
                "{mtu} is no size of a packet: IP needs 68 bytes and has at most 65535; correct it"
            ),
        );
    }
    if let Some(Err(error)) = network.rate.as_deref().map(Rate::from_str) {
        report.add(place("rate"), error.to_string());
    }
    if let Some(Err(error)) = network.vlan.as_deref().map(Vlans::from_str) {
        report.add(place("vlan"), error.to_string());
    }
}

/// Interfaces of one guest beside each other.
fn among(report: &mut Report) {
    let guest = report.guest;
    let mut numbers: HashMap<u64, &str> = HashMap::new();
    let mut names: HashMap<(Option<&str>, &str), &str> = HashMap::new();
    for (index, network) in guest.networks.iter().enumerate() {
        // xl numbers them by their places in the list.
        let number = network.devid.map_or(index as u64, u64::from);
        if let Some(other) = numbers.insert(number, &network.name) {
            report.add(
                format!("networks.{}.devid", network.name),
                format!("networks.{other} has the number {number} too (without devid it is the place in the list, from 0); give each its own"),
            );
        }
        let Some(vifname) = network.vifname.as_deref() else {
            continue;
        };
        if let Some(other) = names.insert((network.driver_domain(), vifname), &network.name) {
            report.add(
                format!("networks.{}.vifname", network.name),
                format!("{vifname} is networks.{other}'s too; give each its own"),
            );
        }
    }
}
