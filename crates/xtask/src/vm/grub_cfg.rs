//! Reads what the tests need from a grub.cfg as NixOS writes it: which files each entry boots, and with what.

use anyhow::{Context as _, Result, bail};

/// One entry of a grub.cfg that boots Linux.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What the menu shows.
    pub title: String,
    /// The kernel's path as GRUB reads it, on the disk that GRUB has as its root.
    pub kernel: String,
    /// The initrd's path, likewise.
    pub initrd: String,
    /// The kernel's command line.
    pub command_line: String,
    /// The path in `init=`, in the guest's root.
    pub init: String,
}

/// The entries of `text`, in their order.
///
/// # Errors
/// An entry lacks its kernel, its initrd or `init=`, or there is no entry at all.
pub fn entries(text: &str) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut title = None;
    let mut linux: Option<(String, String)> = None;
    for line in text.lines().map(str::trim) {
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        match word {
            "menuentry" => title = Some(quoted(rest)),
            "linux" => {
                let (path, arguments) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
                linux = Some((without_device(path), arguments.trim().to_owned()));
            }
            "initrd" => {
                let name = title
                    .clone()
                    .context("an initrd line outside of a menuentry")?;
                let Some((kernel, command_line)) = linux.take() else {
                    bail!("{name}: an initrd without a kernel")
                };
                let init = command_line
                    .split_whitespace()
                    .find_map(|word| word.strip_prefix("init="))
                    .with_context(|| format!("{name}: no init= in its command line"))?
                    .to_owned();
                let initrd = without_device(rest.split_whitespace().next().unwrap_or_default());
                entries.push(Entry {
                    title: name,
                    kernel,
                    initrd,
                    command_line,
                    init,
                });
            }
            "}" => {
                if let (Some(name), Some(_)) = (&title, &linux) {
                    bail!("{name}: a kernel without an initrd");
                }
                title = None;
            }
            _ => {}
        }
    }
    if entries.is_empty() {
        bail!("no entry of this grub.cfg boots Linux");
    }
    Ok(entries)
}

/// The first quoted text, such as a menuentry's title.
fn quoted(text: &str) -> String {
    let mut parts = text.splitn(3, ['"', '\'']);
    match (parts.next(), parts.next()) {
        (Some(""), Some(inner)) => inner.to_owned(),
        _ => text
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .to_owned(),
    }
}

/// `($drive1)/kernels/x` and `(xen/xvda)/kernels/x` are `/kernels/x` on that device.
fn without_device(path: &str) -> String {
    match path.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        Some((_, path)) => path.to_owned(),
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entries_of_a_nixos_grub_cfg() {
        let text = r#"
set root=(hd0)
menuentry "NixOS" --unrestricted {

  linux /kernels/aaa-linux-6.12-bzImage init=/nix/store/bbb-nixos-system-g-24.11/init console=hvc0 loglevel=4
  initrd /kernels/ccc-initrd-linux-6.12-initrd
}

submenu "NixOS - All configurations" --class submenu {
menuentry "NixOS - Configuration 1" {
  linux ($drive1)/kernels/ddd-bzImage init=/nix/store/eee/init
  initrd ($drive1)/kernels/fff-initrd
}
}
"#;
        let entries = entries(text).unwrap();
        assert_eq!(entries.len(), 2);
        assert_eq!(
            entries[0],
            Entry {
                title: "NixOS".into(),
                kernel: "/kernels/aaa-linux-6.12-bzImage".into(),
                initrd: "/kernels/ccc-initrd-linux-6.12-initrd".into(),
                command_line:
                    "init=/nix/store/bbb-nixos-system-g-24.11/init console=hvc0 loglevel=4".into(),
                init: "/nix/store/bbb-nixos-system-g-24.11/init".into(),
            }
        );
        assert_eq!(entries[1].title, "NixOS - Configuration 1");
        assert_eq!(
            (entries[1].kernel.as_str(), entries[1].initrd.as_str()),
            ("/kernels/ddd-bzImage", "/kernels/fff-initrd")
        );
    }

    #[test]
    fn an_incomplete_grub_cfg_is_refused() {
        let no_initrd = "menuentry \"a\" {\n linux /k init=/i\n}\n";
        assert!(
            entries(no_initrd)
                .unwrap_err()
                .to_string()
                .contains("a: a kernel without an initrd")
        );
        let no_init = "menuentry \"a\" {\n linux /k quiet\n initrd /i\n}\n";
        assert!(
            entries(no_init)
                .unwrap_err()
                .to_string()
                .contains("no init=")
        );
        assert!(
            entries("set timeout=5\n")
                .unwrap_err()
                .to_string()
                .contains("no entry")
        );
    }
}
