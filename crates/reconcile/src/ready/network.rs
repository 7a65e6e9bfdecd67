//! The addresses of a guest: those that are declared, or those that the Dom0 has heard of.

use std::net::{IpAddr, SocketAddr, SocketAddrV6};

use guest_spec::Network;
use serde::Deserialize;

use super::interface_index;
use crate::program::{self, Programs};

/// An entry of the Dom0's neighbour table, as `ip -json neigh` shows it.
#[derive(Deserialize)]
struct Neighbour {
    dst: IpAddr,
    #[serde(default)]
    dev: String,
    #[serde(default)]
    lladdr: String,
    #[serde(default)]
    state: Vec<String>,
}

/// Where a port of the guest may answer: at the `ip` of its networks, else where the Dom0's neighbour table has their MACs.
/// It has none of a guest that has not spoken to the Dom0 yet.
pub(super) fn addresses(networks: &[Network], port: u16, programs: &Programs) -> Vec<SocketAddr> {
    let declared: Vec<SocketAddr> = networks
        .iter()
        .filter_map(|network| network.ip.as_deref())
        .flat_map(declared)
        .map(|ip| SocketAddr::new(ip, port))
        .collect();
    if !declared.is_empty() {
        return declared;
    }
    let text = program::run(&programs.ip, &["-json", "neigh"], programs.answer_limit);
    known(&text.unwrap_or_default(), networks, port)
}

/// xl's `ip` is a list for the hotplug script: addresses, with spaces between them, and perhaps with the length of a prefix.
fn declared(text: &str) -> impl Iterator<Item = IpAddr> {
    let words = text.split([' ', ',', ';']);
    words.filter_map(|word| word.split('/').next()?.parse().ok())
}

fn known(json: &str, networks: &[Network], port: u16) -> Vec<SocketAddr> {
    let neighbours: Vec<Neighbour> = serde_json::from_str(json).unwrap_or_default();
    let known = neighbours.into_iter().filter(|neighbour| {
        let mac = |network: &Network| {
            let mac = network.mac.to_string();
            mac.eq_ignore_ascii_case(&neighbour.lladdr)
        };
        !neighbour.state.iter().any(|state| state == "FAILED") && networks.iter().any(mac)
    });
    known
        .map(|neighbour| match neighbour.dst {
            IpAddr::V6(ip) if ip.is_unicast_link_local() => {
                let scope = interface_index(&neighbour.dev).unwrap_or(0);
                SocketAddrV6::new(ip, port, 0, scope).into()
            }
            ip => SocketAddr::new(ip, port),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network() -> Network {
        let network = serde_json::json!({ "name": "lan", "mac": "00:16:3e:00:00:01" });
        serde_json::from_value(network).unwrap()
    }

    #[test]
    fn addresses_come_from_the_declaration_or_the_neighbours() {
        let ips: Vec<IpAddr> = declared("10.0.0.2/24 fd00::2,junk").collect();
        assert_eq!(
            ips,
            [
                "10.0.0.2".parse::<IpAddr>().unwrap(),
                "fd00::2".parse().unwrap()
            ]
        );
        let table = r#"[
            {"dst":"10.10.0.2","dev":"xenbr0","lladdr":"00:16:3E:00:00:01","state":["STALE"]},
            {"dst":"10.10.0.3","dev":"xenbr0","lladdr":"00:16:3e:00:00:02","state":["REACHABLE"]},
            {"dst":"10.10.0.4","dev":"xenbr0","state":["FAILED"]},
            {"dst":"10.10.0.5","dev":"xenbr0","lladdr":"00:16:3e:00:00:01","state":["FAILED"]},
            {"dst":"fe80::216:3eff:fe00:1","dev":"none","lladdr":"00:16:3e:00:00:01","router":null,"state":["REACHABLE"]}
        ]"#;
        let found: Vec<String> = known(table, &[network()], 22)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(found, ["10.10.0.2:22", "[fe80::216:3eff:fe00:1]:22"]);
        assert!(known("junk", &[network()], 22).is_empty());
    }
}
