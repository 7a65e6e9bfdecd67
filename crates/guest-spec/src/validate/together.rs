//! The rules about guests beside each other.

use std::collections::{HashMap, HashSet};

use xl_cfg::pci::Bdf;

use super::Problem;
use super::text::{overlap, whole};
use crate::{Disk, Guest, matches_as_word};

/// Judges the names, and gives the guests without those declared a second time, about which
/// everything else would be said twice.
pub(super) fn names<'a>(guests: &'a [Guest], problems: &mut Vec<Problem>) -> Vec<&'a Guest> {
    let mut seen: HashSet<&str> = HashSet::new();
    let mut words: HashMap<&str, &str> = HashMap::new();
    let (guests, again): (Vec<_>, Vec<_>) =
        guests.iter().partition(|guest| seen.insert(&guest.name));
    for guest in again {
        problems.push(Problem {
            guest: Some(guest.name.clone()),
            option: "name".into(),
            message: "it is declared twice; rename or remove one".into(),
        });
    }
    // A name can only be a whole word of another where it begins and ends at a border of words, so
    // looking up each name's sub-words is linear where comparing all pairs would not be.
    for guest in &guests {
        for part in sub_words(&guest.name) {
            words.entry(part).or_insert(&guest.name);
        }
    }
    for guest in &guests {
        let Some(longer) = words
            .get(guest.name.as_str())
            .filter(|longer| **longer != guest.name)
        else {
            continue;
        };
        debug_assert!(matches_as_word(&guest.name, longer));
        problems.push(Problem {
            guest: Some(guest.name.clone()),
            option: "name".into(),
            message: format!(
                "it is a word of {longer}'s name, and xendomains would take one for the other when it looks for saved guests; rename one, for example {}1",
                guest.name
            ),
        });
    }
    guests
}

/// Every part of a name, but the whole, that `grep -w` could find in it.
pub(super) fn sub_words(name: &str) -> impl Iterator<Item = &str> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let starts = (0..name.len()).filter(|&at| !name[..at].ends_with(is_word));
    let pairs: Vec<(usize, usize)> = starts
        .flat_map(|start| {
            let ends = (start + 1..=name.len()).filter(|&at| !name[at..].starts_with(is_word));
            ends.map(move |end| (start, end))
        })
        .collect();
    pairs
        .into_iter()
        .map(move |(start, end)| &name[start..end])
        .filter(move |part| part.len() < name.len())
}

pub(super) fn shared_disks(guests: &[&Guest], problems: &mut Vec<Problem>) {
    // One path in two domains that serve disks is two disks; a script's target that is spelled like a file is it.
    let mut users: HashMap<_, Vec<(&Guest, &Disk)>> = HashMap::new();
    for guest in guests {
        for disk in &guest.disks {
            let Some(path) = disk.path.as_deref() else {
                continue;
            };
            let place = (disk.driver_domain(), path);
            users.entry(place).or_default().push((guest, disk));
        }
    }
    let mut shared: Vec<_> = users
        .into_iter()
        .filter(|(_, users)| users.len() > 1 && users.iter().any(|(_, disk)| disk.is_writable()))
        .collect();
    shared.sort_by_key(|(place, _)| *place);
    for ((_, path), users) in shared {
        let (first, first_disk) = users[0];
        for (guest, disk) in &users[1..] {
            problems.push(Problem {
                guest: Some(guest.name.clone()),
                option: format!("disks.{}.path", disk.name),
                message: format!(
                    "{path} is also disks.{} of guest {}, and one of them may write to it: two guests on one file system destroy it. Give each its own disk, or set readOnly = true on all of them",
                    first_disk.name, first.name
                ),
            });
        }
    }
}

/// Names of interfaces that two guests want in one domain at a time: Xen's scripts would take the one for the other.
pub(super) fn vifnames(guests: &[&Guest], problems: &mut Vec<Problem>) {
    let mut names: HashMap<(Option<&str>, &str), (&Guest, &str)> = HashMap::new();
    for guest in guests {
        for network in &guest.networks {
            let Some(vifname) = network.vifname.as_deref() else {
                continue;
            };
            let place = (network.driver_domain(), vifname);
            let Some((other, name)) = names.insert(place, (guest, &network.name)) else {
                continue;
            };
            let both_start = guest.autostart && other.autostart;
            if both_start && other.name != guest.name {
                problems.push(Problem {
                    guest: Some(guest.name.clone()),
                    option: format!("networks.{}.vifname", network.name),
                    message: format!(
                        "{vifname} is also networks.{name} of guest {}, and both start with the Dom0; give each its own",
                        other.name
                    ),
                });
            }
        }
    }
}

pub(super) fn macs_and_uuids(guests: &[&Guest], problems: &mut Vec<Problem>) {
    let mut macs = HashMap::new();
    let mut uuids = HashMap::new();
    for guest in guests {
        if let Some(other) = uuids.insert(guest.uuid, &guest.name) {
            problems.push(Problem {
                guest: Some(guest.name.clone()),
                option: "uuid".into(),
                message: format!(
                    "guest {other} has the same; give each its own, or leave both to their defaults"
                ),
            });
        }
        for network in &guest.networks {
            let here = (&guest.name, &network.name);
            if let Some((other, name)) = macs.insert(network.mac, here) {
                problems.push(Problem {
                    guest: Some(guest.name.clone()),
                    option: format!("networks.{}.mac", network.name),
                    message: format!("{} is also networks.{name} of guest {other}; give each its own, or leave both to their defaults", network.mac),
                });
            }
        }
    }
}

/// PCI devices, by address or by name, that two guests which start by themselves both want.
pub(super) fn pci_devices(guests: &[&Guest], problems: &mut Vec<Problem>) {
    let mut places: HashMap<Bdf, Vec<(Bdf, &Guest, &str)>> = HashMap::new();
    let mut names: HashMap<&str, (&Guest, &str)> = HashMap::new();
    for guest in guests.iter().filter(|guest| guest.autostart) {
        for device in &guest.pci.devices {
            let mut add = |field: &str, shown: &str, name: &str, other: &Guest| {
                problems.push(Problem {
                    guest: Some(guest.name.clone()),
                    option: format!("pci.devices.{}.{field}", device.name),
                    message: format!(
                        "{shown} is also pci.devices.{name} of guest {}, and both start with the Dom0; take it from one, or set autostart = false there",
                        other.name
                    ),
                });
            };
            if let Some(text) = device.bdf.as_deref()
                && let Ok(bdf) = text.parse::<Bdf>()
            {
                let known = places.entry(whole(bdf)).or_default();
                let other = known
                    .iter()
                    .find(|(other, holder, _)| overlap(*other, bdf) && holder.name != guest.name);
                if let Some((_, other, name)) = other {
                    add("bdf", text, name, other);
                }
                known.push((bdf, guest, &device.name));
            } else if device.bdf.is_none()
                && let Some(text) = device.assignable_name.as_deref()
                && let Some((other, name)) = names.insert(text, (guest, &device.name))
                && other.name != guest.name
            {
                add("assignableName", text, name, other);
            }
        }
    }
}

/// USB devices that guests which start by themselves both want, and users that two have.
pub(super) fn usb_devices_and_users(guests: &[&Guest], problems: &mut Vec<Problem>) {
    let mut usb = HashMap::new();
    let mut users: HashMap<&str, &str> = HashMap::new();
    for guest in guests {
        let mut add = |option: String, message: String| {
            problems.push(Problem {
                guest: Some(guest.name.clone()),
                option,
                message,
            });
        };
        if let Some(user) = guest.device_model.user.as_deref()
            && let Some(other) = users.insert(user, &guest.name)
        {
            add(
                "deviceModel.user".to_owned(),
                format!(
                    "guest {other} has the user {user} too, and whoever breaks into one QEMU has the other; give each its own"
                ),
            );
        }
        if !guest.autostart {
            continue;
        }
        for device in &guest.usb.devices {
            let here = (&guest.name, &device.name);
            let Some((other, name)) = usb.insert((device.hostbus, device.hostaddr), here) else {
                continue;
            };
            if *other != guest.name {
                add(
                    format!("usb.devices.{}.hostaddr", device.name),
                    format!(
                        "bus {} device {} is also usb.devices.{name} of guest {other}, and both start with the Dom0; take it from one, or set autostart = false there",
                        device.hostbus, device.hostaddr
                    ),
                );
            }
        }
    }
}
