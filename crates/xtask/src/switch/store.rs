//! What a generation names in /nix/store, and what the Debian Dom0 puts there: its own programs and kernel by their names.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, bail};

use crate::evaluation::Evaluation;
use crate::vm::micro;

/// What lies at a store path in the Dom0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A file with this text.
    Text(String),
    /// The program that was just built.
    Domus,
    /// A link to a file of the Dom0.
    Link(String),
    /// A folder of links to the programs of these Debian packages.
    Programs(Vec<&'static str>),
    /// A script that may be run.
    Script(&'static str),
}

/// What lies where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The path below /nix/store, or deeper.
    pub path: String,
    /// What is there.
    pub content: Content,
}

/// The Debian packages whose programs a package of nixpkgs has. Xen's there also knows awk, sed and others by their
/// paths; here its scripts look for them on PATH.
const PACKAGES: &[(&str, &[&str])] = &[
    ("bash", &["bash"]),
    ("coreutils", &["coreutils"]),
    ("e2fsprogs", &["e2fsprogs"]),
    ("findutils", &["findutils"]),
    ("gnugrep", &["grep"]),
    ("gnused", &["sed"]),
    ("iproute2", &["iproute2"]),
    ("kmod", &["kmod"]),
    ("qemu_xen", &["qemu-utils"]),
    ("qemu-utils", &["qemu-utils"]),
    ("systemd", &["systemd", "systemd-sysv"]),
    ("util-linux", &["util-linux", "mount"]),
    (
        "xen",
        &[
            "xen-utils-common",
            "xen-utils-4.17",
            "xenstore-utils",
            "mawk",
            "bash",
            "procps",
        ],
    ),
];

/// Files that are named by their last part, wherever a package has them.
fn by_name(name: &str) -> Option<&'static str> {
    Some(match name {
        "grub-x86_64-xen.bin" => "/usr/lib/grub-xen/grub-x86_64-xen.bin",
        "grub-i386-xen_pvh.bin" => "/usr/lib/grub-xen/grub-i386-xen_pvh.bin",
        "bzImage" | "vmlinux" => micro::KERNEL,
        "initrd" => micro::INITRD,
        "xl" => "/usr/sbin/xl",
        "ip" => "/usr/sbin/ip",
        "systemctl" => "/bin/systemctl",
        "mke2fs" => "/usr/sbin/mke2fs",
        "qemu-img" => "/usr/bin/qemu-img",
        _ => return None,
    })
}

/// nixpkgs' own `ExecStartPre` of xendomains.
const XENDOMAINS_PRE_START: &str = "#!/bin/bash -e\nmkdir -p /var/lock/subsys -m 755\n";

/// All store paths in `text`, each as long as it goes.
fn paths(text: &str) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    for (start, _) in text.match_indices("/nix/store/") {
        let rest = text.get(start..).unwrap_or_default();
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || "+-._?=/".contains(c)))
            .unwrap_or(rest.len());
        found.extend(
            rest.get(..end)
                .map(|path| path.trim_end_matches(['.', '/'])),
        );
    }
    found
}

/// A store path's name without hash and version, and what is below it: `/nix/store/hash-xen-4.19/bin/xl` is `xen`, `bin/xl`.
fn split(path: &str) -> Option<(&str, &str)> {
    let (entry, below) = {
        let rest = path.strip_prefix("/nix/store/")?;
        rest.split_once('/').unwrap_or((rest, ""))
    };
    let (_, name) = entry.split_once('-')?;
    let version = name
        .match_indices('-')
        .find(|(at, _)| name[at + 1..].starts_with(|c: char| c.is_ascii_digit()));
    Some((version.map_or(name, |(at, _)| &name[..at]), below))
}

/// The entry of the store that a path is in: `/nix/store/hash-xen-4.19` of `/nix/store/hash-xen-4.19/bin/xl`.
pub fn entry(path: &str) -> Option<&str> {
    const STORE: &str = "/nix/store/";
    let name = path.strip_prefix(STORE)?;
    let end = name.find('/').unwrap_or(name.len());
    path.get(..STORE.len() + end)
}

/// Everything that `generation` names in the store, with what is to lie there.
///
/// # Errors
/// It names something for which the Dom0 has nothing; the message says what, and where it is named.
pub fn items(generation: &Evaluation) -> Result<Vec<Item>> {
    let mut items = Vec::new();
    let mut put = |path: &str, content: Content| {
        if items.iter().all(|item: &Item| item.path != path) {
            items.push(Item {
                path: path.to_owned(),
                content,
            });
        }
    };
    put(
        &generation.guests_json_path,
        Content::Text(generation.guests_json.clone()),
    );
    put(
        &format!("{}/bin/domus", generation.domus_package),
        Content::Domus,
    );
    put(
        &format!("{}/bin/xl", generation.xen_package),
        Content::Link("/usr/sbin/xl".to_owned()),
    );
    let mut texts = vec![
        ("guests.json", generation.guests_json.as_str()),
        ("the activation script", generation.activation.as_str()),
    ];
    texts.extend(
        generation
            .units
            .iter()
            .map(|(name, unit)| (name.as_str(), unit.text.as_str())),
    );
    texts.extend(
        generation
            .etc
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str())),
    );
    for (place, text) in texts {
        for path in paths(text) {
            let (name, below) = split(path)
                .with_context(|| format!("{place} names {path}, which is no store path"))?;
            let last = below.rsplit('/').next().unwrap_or_default();
            if path == generation.guests_json_path
                || path == format!("{}/bin/domus", generation.domus_package)
            {
                continue;
            }
            if below == "bin" || below == "sbin" {
                let Some((_, packages)) = PACKAGES.iter().find(|(package, _)| *package == name)
                else {
                    bail!(
                        "{place} has {path} on its PATH: the Dom0 in QEMU knows no Debian package for {name}; add it to crates/xtask/src/switch/store.rs"
                    );
                };
                put(path, Content::Programs(packages.to_vec()));
            } else if last == "xendomains-pre-start" {
                put(path, Content::Script(XENDOMAINS_PRE_START));
            } else if below == "etc/default/xendomains" {
                put(
                    path,
                    Content::Link("/usr/lib/domus-dom0/xendomains.defaults".to_owned()),
                );
            } else if let Some(target) = by_name(last) {
                put(path, Content::Link(target.to_owned()));
            } else {
                bail!(
                    "{place} names {path}: the Dom0 in QEMU has nothing for it; add it to crates/xtask/src/switch/store.rs"
                );
            }
        }
    }
    Ok(items)
}

/// A bash script that puts `items` in place in the Dom0, but for texts and domus, which are pushed.
pub fn script(items: &[Item]) -> String {
    use std::fmt::Write as _;
    let mut script = String::from("mkdir -p /nix/store /nix/var/nix/gcroots\n");
    for Item { path, content } in items {
        let _ = match content {
            Content::Text(_) | Content::Domus => Ok(()),
            Content::Link(target) => writeln!(script, "mkdir -p \"$(dirname '{path}')\"; ln -sfn '{target}' '{path}'"),
            Content::Script(text) => {
                writeln!(script, "mkdir -p \"$(dirname '{path}')\"; cat >'{path}' <<'END'\n{text}END\nchmod 755 '{path}'")
            }
            Content::Programs(packages) => writeln!(
                script,
                "if mkdir -p '{path}' && [ ! -e '{path}/.filled' ]; then
                  dpkg -L {} | grep -E '^(/usr)?/s?bin/[^/]+$' | while read -r program; do ln -sfn \"$program\" '{path}/'; done
                  ln -sfn /bin/bash '{path}/sh'; touch '{path}/.filled'
                fi",
                packages.join(" ")
            ),
        };
    }
    script
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn generation(activation: &str) -> Evaluation {
        Evaluation {
            guests_json_path: "/nix/store/a0-guests.json".into(),
            guests_json: r#"{"boot":{"kernel":"/nix/store/b0-linux-6.12/bzImage"}}"#.into(),
            domus_package: "/nix/store/c0-domus-0.1.0".into(),
            xen_package: "/nix/store/d0-xen-4.19.1".into(),
            activation: activation.into(),
            units: BTreeMap::new(),
            etc: BTreeMap::new(),
            logrotate: String::new(),
            warnings: vec![],
            failed_assertions: vec![],
        }
    }

    #[test]
    fn every_store_path_gets_its_content() {
        let text = "/nix/store/c0-domus-0.1.0/bin/domus apply --spec /nix/store/a0-guests.json PATH=/nix/store/e0-coreutils-9.5/bin:/x";
        let items = items(&generation(text)).unwrap();
        let of = |path: &str| {
            items
                .iter()
                .find(|item| item.path == path)
                .map(|item| item.content.clone())
        };
        assert_eq!(
            of("/nix/store/c0-domus-0.1.0/bin/domus"),
            Some(Content::Domus)
        );
        assert_eq!(
            of("/nix/store/b0-linux-6.12/bzImage"),
            Some(Content::Link(micro::KERNEL.into()))
        );
        assert_eq!(
            of("/nix/store/e0-coreutils-9.5/bin"),
            Some(Content::Programs(vec!["coreutils"]))
        );
        assert_eq!(
            of("/nix/store/d0-xen-4.19.1/bin/xl"),
            Some(Content::Link("/usr/sbin/xl".into()))
        );
    }

    #[test]
    fn what_the_dom0_has_not_is_refused_by_name() {
        let error = items(&generation("/nix/store/f0-frobnicator-1/bin/frob"))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("the activation script names /nix/store/f0-frobnicator-1/bin/frob"),
            "{error}"
        );
        let error = items(&generation("PATH=/nix/store/f0-frobnicator-1/bin"))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("no Debian package for frobnicator"),
            "{error}"
        );
    }

    #[test]
    fn names_lose_hash_and_version() {
        assert_eq!(
            split("/nix/store/a0-qemu_xen-4.17/bin/x"),
            Some(("qemu_xen", "bin/x"))
        );
        assert_eq!(
            split("/nix/store/a0-util-linux-2.40-bin"),
            Some(("util-linux", ""))
        );
        assert_eq!(split("/nix/store/a0-xen"), Some(("xen", "")));
        assert_eq!(split("/etc/x"), None);
        assert_eq!(entry("/nix/store/a0-xen/bin/xl"), Some("/nix/store/a0-xen"));
        assert_eq!(entry("/nix/store/a0-xen"), Some("/nix/store/a0-xen"));
        assert_eq!(entry("/etc/x"), None);
    }
}
