//! The kernel modules that a micro guest loads, taken from the Dom0's kernel.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::contents::GUEST_MODULES;

/// Copies the modules that a micro guest loads, and writes `order`: one file name a line, each after what it needs.
pub fn copy(root: &Path, to: &Path, version: &str) -> Result<()> {
    let from = root.join("lib/modules").join(version);
    let text = fs::read_to_string(from.join("modules.dep"))
        .context("the Dom0's kernel has no modules.dep")?;
    fs::create_dir_all(to)?;
    let mut order = String::new();
    for path in load_order(&text, GUEST_MODULES)? {
        let name = path.rsplit('/').next().unwrap_or(path);
        fs::copy(from.join(path), to.join(name))
            .with_context(|| format!("cannot copy the module {path}"))?;
        order.push_str(name);
        order.push('\n');
    }
    fs::write(to.join("order"), order)?;
    Ok(())
}

/// The paths of `wanted` modules and of all that they need by modules.dep's `text`, each after what it needs.
fn load_order<'a>(text: &'a str, wanted: &[&str]) -> Result<Vec<&'a str>> {
    let mut order: Vec<&str> = Vec::new();
    for name in wanted {
        let file = format!("{name}.ko");
        let line = text
            .lines()
            .find(|line| {
                line.split(':')
                    .next()
                    .and_then(|path| path.rsplit('/').next())
                    == Some(&file)
            })
            .with_context(|| format!("the Dom0's kernel has no module {name}"))?;
        let (path, needs) = line.split_once(':').unwrap_or((line, ""));
        // modules.dep lists all that a module needs, the deepest last.
        for module in needs.split_whitespace().rev().chain([path]) {
            if !order.contains(&module) {
                order.push(module);
            }
        }
    }
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_come_after_what_they_need() {
        let dep = "kernel/fs/ext4/ext4.ko: kernel/lib/crc16.ko kernel/fs/mbcache.ko kernel/fs/jbd2/jbd2.ko\n\
                   kernel/drivers/block/xen-blkfront.ko:\nkernel/lib/crc16.ko:\n";
        let order = load_order(dep, &["xen-blkfront", "ext4", "crc16"]).unwrap();
        assert_eq!(
            order,
            [
                "kernel/drivers/block/xen-blkfront.ko",
                "kernel/fs/jbd2/jbd2.ko",
                "kernel/fs/mbcache.ko",
                "kernel/lib/crc16.ko",
                "kernel/fs/ext4/ext4.ko"
            ]
        );
        assert!(
            load_order(dep, &["btrfs"])
                .unwrap_err()
                .to_string()
                .contains("no module btrfs")
        );
    }
}
