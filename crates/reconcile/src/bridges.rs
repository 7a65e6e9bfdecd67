//! Bridges of the Dom0: made when missing, never removed, so that no running guest loses its own.

use guest_spec::Bridge;
use serde::Deserialize;

use crate::layout::Layout;
use crate::program::{self, ProgramError, Programs};

/// What is there of a declared bridge.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "four facts, each told apart")]
pub struct BridgeState {
    /// Whether an interface of its name is there.
    pub exists: bool,
    /// Whether the interface is up.
    pub up: bool,
    /// Whether it has the declared address; true where none is declared.
    pub has_address: bool,
    /// Whether the declared uplink is its port; true where none is declared.
    pub has_uplink: bool,
}

/// One command of `ip` that brings a bridge to what is declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BridgeStep {
    /// What it does, for the plan.
    pub what: String,
    args: Vec<String>,
}

#[derive(Deserialize)]
struct Link {
    #[serde(default)]
    flags: Vec<String>,
    #[serde(default)]
    linkinfo: LinkInfo,
    #[serde(default)]
    master: Option<String>,
    #[serde(default)]
    addr_info: Vec<Address>,
}

#[derive(Default, Deserialize)]
struct LinkInfo {
    #[serde(default)]
    info_kind: Option<String>,
}

#[derive(Deserialize)]
struct Address {
    local: Option<String>,
    prefixlen: Option<u32>,
}

/// Looks at a bridge.
///
/// # Errors
/// When `ip` fails, when an interface of that name is no bridge, or when the uplink is another's.
pub fn observe(
    bridge: &Bridge,
    layout: &Layout,
    programs: &Programs,
) -> Result<BridgeState, String> {
    let link = link(&bridge.name, layout, programs)?;
    if let Some(link) = &link
        && link.linkinfo.info_kind.as_deref() != Some("bridge")
    {
        return Err(format!(
            "there is a network interface {0} already, and it is no bridge; rename virtualisation.xen.bridges.{0}, or the interface",
            bridge.name
        ));
    }
    let mut has_uplink = true;
    if let Some(uplink) = &bridge.uplink {
        let Some(port) = self::link(uplink, layout, programs)? else {
            return Err(format!(
                "its uplink {uplink} is not there; `ip link` shows the interfaces of this host"
            ));
        };
        has_uplink = match port.master {
            None => false,
            Some(master) if master == bridge.name => true,
            Some(master) => {
                return Err(format!(
                    "its uplink {uplink} is a port of {master} already; take it out of there first"
                ));
            }
        };
    }
    let has_address = |wanted: &String| {
        link.iter().flat_map(|link| &link.addr_info).any(|address| {
            let (Some(local), Some(length)) = (&address.local, address.prefixlen) else {
                return false;
            };
            *wanted == format!("{local}/{length}")
        })
    };
    Ok(BridgeState {
        exists: link.is_some(),
        up: link
            .as_ref()
            .is_some_and(|link| link.flags.iter().any(|flag| flag == "UP")),
        has_address: bridge.address.as_ref().is_none_or(has_address),
        has_uplink,
    })
}

fn link(name: &str, layout: &Layout, programs: &Programs) -> Result<Option<Link>, String> {
    // Asking `ip` for an interface that is not there is an error, not an empty list.
    if !layout.below("/sys/class/net").join(name).exists() {
        return Ok(None);
    }
    let args = ["-json", "-details", "address", "show", "dev", name];
    let text = program::run(&programs.ip, &args, programs.answer_limit)
        .map_err(|error| error.to_string())?;
    let links: Vec<Link> = serde_json::from_str(&text)
        .map_err(|error| format!("`ip` answered what Domus cannot read: {error}"))?;
    Ok(links.into_iter().next())
}

/// What is to be done for a bridge; nothing when it is as declared.
#[must_use]
pub fn steps(bridge: &Bridge, state: &BridgeState) -> Vec<BridgeStep> {
    let name = bridge.name.as_str();
    let step = |what: String, args: &[&str]| BridgeStep {
        what,
        args: args.iter().map(|&arg| arg.to_owned()).collect(),
    };
    let mut steps = Vec::new();
    if !state.exists {
        // Without STP and its forward delay of 15 s, guests can be reached as soon as they are up.
        steps.push(step(
            format!("make bridge {name}"),
            &[
                "link",
                "add",
                "name",
                name,
                "type",
                "bridge",
                "forward_delay",
                "0",
            ],
        ));
    }
    if let Some(uplink) = bridge.uplink.as_deref().filter(|_| !state.has_uplink) {
        steps.push(step(
            format!("make {uplink} a port of {name}"),
            &["link", "set", "dev", uplink, "master", name],
        ));
        steps.push(step(
            format!("bring {uplink} up"),
            &["link", "set", "dev", uplink, "up"],
        ));
    }
    if let Some(address) = bridge.address.as_deref().filter(|_| !state.has_address) {
        steps.push(step(
            format!("give {name} the address {address}"),
            &["address", "replace", address, "dev", name],
        ));
    }
    if !state.up {
        steps.push(step(
            format!("bring {name} up"),
            &["link", "set", "dev", name, "up"],
        ));
    }
    steps
}

/// Carries out a step.
///
/// # Errors
/// When `ip` fails.
pub fn carry_out(step: &BridgeStep, programs: &Programs) -> Result<(), ProgramError> {
    program::run(&programs.ip, &step.args, programs.answer_limit).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn does_only_what_is_missing() {
        let bridge = Bridge {
            name: "xenbr0".into(),
            address: Some("10.0.0.1/24".into()),
            uplink: Some("eth0".into()),
        };
        let nothing = BridgeState {
            exists: false,
            up: false,
            has_address: false,
            has_uplink: false,
        };
        let all = BridgeState {
            exists: true,
            up: true,
            has_address: true,
            has_uplink: true,
        };
        assert_eq!(steps(&bridge, &all), []);
        let whats: Vec<_> = steps(&bridge, &nothing)
            .into_iter()
            .map(|step| step.args.join(" "))
            .collect();
        assert_eq!(
            whats,
            [
                "link add name xenbr0 type bridge forward_delay 0",
                "link set dev eth0 master xenbr0",
                "link set dev eth0 up",
                "address replace 10.0.0.1/24 dev xenbr0",
                "link set dev xenbr0 up",
            ]
        );
        let no_address = BridgeState {
            has_address: false,
            ..all
        };
        assert_eq!(steps(&bridge, &no_address).len(), 1);
    }
}
