//! What is wrong with a document that can be read.
//!
//! The NixOS module asserts the same at evaluation, in the words of its options; this is what holds
//! for a `guests.json` from anywhere. Each rule is a function; [`Document::problems`] calls them all.

use std::collections::{HashMap, HashSet};
use std::fmt;

use crate::lower::owner_of_key;
use crate::{Bootloader, Disk, Document, Guest, GuestType, Setting, matches_as_word, name_problem};

/// Something wrong with the document: the place, the problem, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// The guest, where it is about one.
    pub guest: Option<String>,
    /// The option below the guest, such as `disks.root.path`; for no guest, the top-level field.
    pub option: String,
    /// What is wrong, and what to do.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.guest {
            Some(guest) => write!(f, "guest {guest}, option {}: {}", self.option, self.message),
            None => write!(f, "option {}: {}", self.option, self.message),
        }
    }
}

/// The problems found so far in one guest.
struct Report<'a> {
    guest: &'a Guest,
    problems: Vec<Problem>,
}

impl Report<'_> {
    fn add(&mut self, option: impl Into<String>, message: impl Into<String>) {
        let guest = Some(self.guest.name.clone());
        self.problems.push(Problem {
            guest,
            option: option.into(),
            message: message.into(),
        });
    }
}

impl Document {
    /// Everything that is wrong, in the order of the document; empty for a good one.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if let Some(why) = path_problem(&self.config_dir) {
            problems.push(Problem {
                guest: None,
                option: "configDir".into(),
                message: why,
            });
        }
        for bridge in &self.bridges {
            if let Some(why) = interface_problem(&bridge.name) {
                let option = format!("bridges.{}", bridge.name);
                problems.push(Problem {
                    guest: None,
                    option,
                    message: why,
                });
            }
        }
        for guest in &self.guests {
            let mut report = Report {
                guest,
                problems: Vec::new(),
            };
            resources(&mut report);
            boot(&mut report);
            disks(&mut report);
            networks(&mut report);
            settings(&mut report);
            problems.append(&mut report.problems);
        }
        let guests = names(&self.guests, &mut problems);
        shared_disks(&guests, &mut problems);
        macs_and_uuids(&guests, &mut problems);
        problems
    }
}

fn resources(report: &mut Report) {
    let guest = report.guest;
    if let Some(why) = name_problem(&guest.name) {
        report.add(
            "name",
            format!("the name {:?} {why}; choose another", guest.name),
        );
    }
    if guest.max_memory() < guest.memory_mib {
        let message = format!(
            "{} is less than the {} that memory asks for; raise it, or lower memory",
            guest.max_memory(),
            guest.memory_mib
        );
        report.add("maxMemory", message);
    }
    if guest.vcpus == 0 {
        report.add("vcpus", "a guest needs at least one vCPU; write 1 or more");
    }
    if guest.max_vcpus.is_some_and(|max| max < guest.vcpus) {
        report.add(
            "maxVcpus",
            format!("it is less than the {} of vcpus; raise it", guest.vcpus),
        );
    }
}

fn boot(report: &mut Report) {
    let guest = report.guest;
    let boot = &guest.boot;
    let kind = guest.guest_type.as_str();
    let has_disk = guest.boot_disk().is_some();
    match (boot.bootloader, guest.guest_type) {
        (Bootloader::Firmware, GuestType::Pv | GuestType::Pvh) => report.add(
            "bootloader",
            format!("\"firmware\" boots hvm guests only, and this one is {kind}; use \"pygrub\", \"pvgrub\" or \"direct\", or type = \"hvm\""),
        ),
        (Bootloader::Pygrub | Bootloader::Pvgrub, GuestType::Hvm) => report.add(
            "bootloader",
            format!("{:?} boots pv and pvh guests only, and this one is hvm; use \"firmware\" or \"direct\"", boot.bootloader.as_str()),
        ),
        (Bootloader::Firmware, GuestType::Hvm) if guest.disks.is_empty() && guest.networks.is_empty() => {
            report.add("disks", "the guest has neither a disk nor a network to boot from; declare one, or give it a kernel with bootloader = \"direct\"");
        }
        (Bootloader::Pygrub | Bootloader::Pvgrub, _) if !has_disk => report.add(
            "disks",
            format!("{:?} reads the kernel from the guest's disk, and there is none; declare disks.<name>, or use bootloader = \"direct\" with a kernel", boot.bootloader.as_str()),
        ),
        (Bootloader::Direct, _) if boot.kernel.is_none() => {
            report.add("kernel", "bootloader = \"direct\" needs a kernel; set it to a kernel in the Dom0, or use bootloader = \"pygrub\" with a disk");
        }
        (Bootloader::Pvgrub, _) if boot.kernel.is_none() => {
            report.add("kernel", "bootloader = \"pvgrub\" needs GRUB's Xen image as its kernel; leave the option to the module's default");
        }
        _ => {}
    }
    if boot.initrd.is_some() && boot.bootloader != Bootloader::Direct {
        report.add("initrd", format!("it is read with bootloader = \"direct\" only, and here it is {:?}; remove it, or change bootloader", boot.bootloader.as_str()));
    }
    for (option, path) in [("kernel", &boot.kernel), ("initrd", &boot.initrd)] {
        if let Some(why) = path.as_deref().and_then(path_problem) {
            report.add(option, why);
        }
    }
    if boot
        .cmdline
        .as_deref()
        .is_some_and(|line| line.contains(char::is_control))
    {
        report.add(
            "cmdline",
            "it has a line break or another control character; write it on one line",
        );
    }
}

fn disks(report: &mut Report) {
    let guest = report.guest;
    let mut by_vdev: HashMap<&str, &str> = HashMap::new();
    let mut names: HashSet<&str> = HashSet::new();
    for disk in &guest.disks {
        let place = |field: &str| format!("disks.{}.{field}", disk.name);
        if !names.insert(&disk.name) {
            report.add(
                format!("disks.{}", disk.name),
                "there are two disks of this name; rename one",
            );
        }
        if let Some(why) = path_problem(&disk.path) {
            report.add(place("path"), why);
        }
        if !is_vdev(&disk.vdev) {
            report.add(place("vdev"), format!("{:?} is no disk of a guest; write xvda, xvdb, … (or hda, sda, for emulated ones)", disk.vdev));
        }
        if let Some(other) = by_vdev.insert(&disk.vdev, &disk.name) {
            report.add(
                place("vdev"),
                format!(
                    "{} is disks.{other}'s too; give one of them another vdev",
                    disk.vdev
                ),
            );
        }
        filesystem(report, disk);
    }
}

fn filesystem(report: &mut Report, disk: &Disk) {
    let Some(filesystem) = &disk.filesystem else {
        return;
    };
    let place = |field: &str| format!("disks.{}.{field}", disk.name);
    if disk.cdrom {
        report.add(
            place("filesystem"),
            "a CD-ROM gets no file system; remove it",
        );
    }
    let label = filesystem.label.as_deref().unwrap_or_default();
    if label.len() > 16 {
        let message = format!(
            "{label:?} is longer than the 16 bytes that ext2, ext3 and ext4 hold; shorten it"
        );
        report.add(place("filesystem.label"), message);
    } else if label.contains(char::is_control) || label.contains('/') {
        let message = format!(
            "{label:?} has a slash or a control character, which /dev/disk/by-label cannot show; choose another"
        );
        report.add(place("filesystem.label"), message);
    }
}

fn networks(report: &mut Report) {
    let guest = report.guest;
    let mut names: HashSet<&str> = HashSet::new();
    for network in &guest.networks {
        let place = |field: &str| format!("networks.{}.{field}", network.name);
        if !names.insert(&network.name) {
            report.add(
                format!("networks.{}", network.name),
                "there are two networks of this name; rename one",
            );
        }
        if let Some(why) = network.bridge.as_deref().and_then(interface_problem) {
            report.add(place("bridge"), why);
        }
        for (field, value) in [("ip", &network.ip), ("script", &network.script)] {
            if value
                .as_deref()
                .is_some_and(|text| text.contains(|c: char| c == ',' || c.is_control()))
            {
                report.add(place(field), "it has a comma or a control character, which xl's vif syntax cannot carry; remove it");
            }
        }
    }
}

fn settings(report: &mut Report) {
    let guest = report.guest;
    for key in guest.settings.keys() {
        let place = format!("settings.{key}");
        if xl_cfg::Key::new(key).is_err() {
            report.add(place, "this is no key of xl.cfg: those are lower case letters, digits, dots and underscores, and begin with a letter");
        } else if holds_secret(key, &guest.settings[key]) {
            report.add(place, "it holds a password, which everybody could read in the Nix store; remove it, and let the server listen on 127.0.0.1 only");
        } else if let Some(option) = owner_of_key(guest, key) {
            report.add(
                place,
                format!(
                    "the option {option} writes this key too; set it there, and remove it here"
                ),
            );
        }
    }
}

/// VNC's and SPICE's passwords, as keys of their own or inside a `vfb`.
fn holds_secret(key: &str, setting: &Setting) -> bool {
    let secret = |name: &str| matches!(name.trim(), "vncpasswd" | "spicepasswd");
    match setting {
        Setting::String(text) => {
            (secret(key) && !text.is_empty())
                || text.split(',').any(|part| {
                    part.split_once('=')
                        .is_some_and(|(name, value)| secret(name) && !value.is_empty())
                })
        }
        Setting::List(items) => items.iter().any(|item| holds_secret(key, item)),
        Setting::Boolean(_) | Setting::Integer(_) => secret(key),
    }
}

/// Judges the names, and gives the guests without those declared a second time, about which
/// everything else would be said twice.
fn names<'a>(guests: &'a [Guest], problems: &mut Vec<Problem>) -> Vec<&'a Guest> {
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
fn sub_words(name: &str) -> impl Iterator<Item = &str> {
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

fn shared_disks(guests: &[&Guest], problems: &mut Vec<Problem>) {
    let mut users: HashMap<&str, Vec<(&Guest, &Disk)>> = HashMap::new();
    for guest in guests {
        for disk in &guest.disks {
            users.entry(&disk.path).or_default().push((guest, disk));
        }
    }
    let mut shared: Vec<_> = users
        .into_iter()
        .filter(|(_, users)| users.len() > 1 && users.iter().any(|(_, disk)| !disk.read_only))
        .collect();
    shared.sort_by_key(|(path, _)| *path);
    for (path, users) in shared {
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

fn macs_and_uuids(guests: &[&Guest], problems: &mut Vec<Problem>) {
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

/// Says why a path cannot be a guest's; `None` for a good one.
fn path_problem(path: &str) -> Option<String> {
    let why = if !path.starts_with('/') {
        "does not begin with a slash; write the whole path"
    } else if path.contains(|c: char| c.is_control()) {
        "has a line break or another control character; rename the file"
    } else if path.contains(',') {
        "has a comma, which separates fields in xl's disk syntax; rename the file"
    } else if path.contains(['"', '\'', '\\']) {
        "has a quote or a backslash, which xl's configuration syntax reads for itself; rename the file"
    } else if path.split('/').any(|part| part == "..") {
        "has \"..\" in it; write where the file really is"
    } else if path.ends_with('/') {
        "is a folder; write the path of a file or block device"
    } else {
        return None;
    };
    Some(format!("{path:?} {why}"))
}

/// Linux's `IFNAMSIZ` leaves 15 bytes for a name (`dev_valid_name` in net/core/dev.c).
fn interface_problem(name: &str) -> Option<String> {
    let bad = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '/' | ':' | ',');
    if name.is_empty() || name.len() > 15 || name == "." || name == ".." || name.contains(bad) {
        Some(format!(
            "{name:?} is no name for a network interface: at most 15 characters, without spaces, slashes, colons and commas"
        ))
    } else {
        None
    }
}

/// `xvda`, `xvda1`, `hdc`, `sdb`; docs/man/xen-vbd-interface.7 has the limits.
fn is_vdev(vdev: &str) -> bool {
    let rest = ["xvd", "hd", "sd"]
        .iter()
        .find_map(|prefix| vdev.strip_prefix(prefix));
    rest.is_some_and(|rest| {
        let letters = rest.trim_end_matches(|c: char| c.is_ascii_digit());
        let digits = &rest[letters.len()..];
        (1..=2).contains(&letters.len())
            && letters.bytes().all(|b| b.is_ascii_lowercase())
            && digits.len() <= 2
            && !digits.starts_with('0')
    })
}

#[cfg(test)]
#[path = "validate_tests.rs"]
pub(crate) mod tests;
