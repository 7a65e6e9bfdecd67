//! Garbage collection: what a guest was started with must outlive the generation that declared it.
//!
//! A guest's own reboot, `on_reboot = "restart"` and a restore create the guest anew from the
//! configuration that it was started with (Xen's `xl_vmcontrol.c`), whatever was switched to meanwhile. So the store
//! paths in that configuration are rooted in `/nix/var/nix/gcroots/domus/<guest>`, beside those of the
//! configuration that is declared, until the guest neither runs nor has a save file.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::files::{self, Entry, FileError};
use crate::layout::Layout;

/// The store paths that a text names, as they stand in the store: `/nix/store/<hash>-<name>`.
fn store_paths(text: &str) -> BTreeSet<&str> {
    const STORE: &str = "/nix/store/";
    let part_of_a_name = |c: char| c.is_ascii_alphanumeric() || "+-._?=".contains(c);
    text.match_indices(STORE)
        .map(|(at, _)| {
            let name = &text[at + STORE.len()..];
            let end = name.find(|c| !part_of_a_name(c)).unwrap_or(name.len());
            &text[at..at + STORE.len() + end]
        })
        .filter(|path| path.len() > STORE.len())
        .collect()
}

/// Brings a guest's roots to what these configurations name; with none, it has none. Where there is no
/// Nix, there is nothing to root.
///
/// # Errors
/// When a root cannot be made or removed.
pub(crate) fn keep(guest: &str, configs: &[&str], layout: &Layout) -> Result<(), FileError> {
    let all = layout.gc_roots_dir();
    if !all.exists() {
        return Ok(());
    }
    let folder = all.join("domus").join(guest);
    let wanted: BTreeSet<&str> = configs
        .iter()
        .flat_map(|config| store_paths(config))
        .collect();
    for path in &wanted {
        let target = PathBuf::from(path);
        let Some(name) = target.file_name() else {
            continue;
        };
        let root = folder.join(name);
        if files::look(&root)? == Entry::Absent {
            files::link(&root, &target)?;
        }
    }
    for name in files::names_in(&folder)? {
        if !wanted
            .iter()
            .any(|path| path.ends_with(&format!("/{name}")))
        {
            files::remove(&folder.join(&name))?;
        }
    }
    if wanted.is_empty() {
        // An empty folder is in nobody's way; it goes when it can.
        let _ = std::fs::remove_dir(&folder);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_each_path_once() {
        let text = "kernel = \"/nix/store/abc-linux-6.6/bzImage\"\nramdisk = \"/nix/store/abc-linux-6.6/initrd\"\ncmdline = \"init=/nix/store/def-system/init\"\ntarget=/nix/store/,x";
        let paths: Vec<_> = store_paths(text).into_iter().collect();
        assert_eq!(paths, ["/nix/store/abc-linux-6.6", "/nix/store/def-system"]);
    }
}
