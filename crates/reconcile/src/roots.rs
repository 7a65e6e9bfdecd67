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

/// Moves a guest's roots to another name; at every moment each is there.
///
/// # Errors
/// When a root cannot be made or removed.
pub(crate) fn rename(from: &str, to: &str, layout: &Layout) -> Result<(), FileError> {
    let all = layout.gc_roots_dir().join("domus");
    for name in files::names_in(&all.join(from))? {
        let old = all.join(from).join(&name);
        let new = all.join(to).join(&name);
        if let (Entry::Link(target), Entry::Absent) = (files::look(&old)?, files::look(&new)?) {
            files::link(&new, &target)?;
        }
        files::remove(&old)?;
    }
    // An empty folder is in nobody's way; it goes when it can.
    let _ = std::fs::remove_dir(all.join(from));
    Ok(())
}

/// The guests' roots that are there.
#[derive(Debug, Default)]
pub(crate) struct Roots {
    /// Where they are; nothing where there is no Nix, and nothing to root.
    folder: Option<PathBuf>,
    /// The guests that have some.
    guests: BTreeSet<String>,
}

impl Roots {
    /// Looks which guests have roots.
    ///
    /// # Errors
    /// When the folder is there and cannot be read.
    pub(crate) fn load(layout: &Layout) -> Result<Self, FileError> {
        let all = layout.gc_roots_dir();
        if !files::is_there(&all)? {
            return Ok(Self::default());
        }
        let folder = all.join("domus");
        Ok(Self {
            guests: files::names_in(&folder)?.into_iter().collect(),
            folder: Some(folder),
        })
    }

    /// Where it cannot be read which guests have roots: what needs one fails then, as it cannot be made either.
    pub(crate) fn unread(layout: &Layout) -> Self {
        Self {
            folder: Some(layout.gc_roots_dir().join("domus")),
            guests: BTreeSet::new(),
        }
    }

    /// Brings a guest's roots to what these configurations name; with none, it has none.
    ///
    /// # Errors
    /// When a root cannot be made or removed.
    pub(crate) fn keep(&self, guest: &str, configs: &[&str]) -> Result<(), FileError> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        let wanted: BTreeSet<&str> = configs
            .iter()
            .flat_map(|config| store_paths(config))
            .collect();
        if wanted.is_empty() && !self.guests.contains(guest) {
            return Ok(());
        }
        let folder = folder.join(guest);
        let there: BTreeSet<String> = files::names_in(&folder)?.into_iter().collect();
        let name_of = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        for path in &wanted {
            let name = name_of(path);
            if !there.contains(&name) {
                files::link(&folder.join(name), &PathBuf::from(path))?;
            }
        }
        let names: BTreeSet<String> = wanted.iter().map(|path| name_of(path)).collect();
        for name in there.difference(&names) {
            files::remove(&folder.join(name))?;
        }
        if wanted.is_empty() {
            // An empty folder is in nobody's way; it goes when it can.
            let _ = std::fs::remove_dir(&folder);
        }
        Ok(())
    }
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
