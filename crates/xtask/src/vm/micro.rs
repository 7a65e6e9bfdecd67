//! Puts the micro guest (nixos-tests/micro-guest) into the Dom0 and onto guests' disks, as its installation would.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use super::cpio::Archive;
use super::dom0::Dom0;
use super::grub_cfg;
use super::image::Image;

const INIT: &str = include_str!("../../../../nixos-tests/micro-guest/init");
const SYSTEM: &str = include_str!("../../../../nixos-tests/micro-guest/system");
const POWEROFF: &str = include_str!("../../../../nixos-tests/micro-guest/poweroff");

/// Where its parts lie in the Dom0.
pub const FOLDER: &str = "/usr/lib/domus-dom0/micro";
/// The micro guest's initrd in the Dom0.
pub const INITRD: &str = "/usr/lib/domus-dom0/micro/initrd";
/// The Dom0's own kernel, which the guests boot too.
pub const KERNEL: &str = "/usr/lib/domus-dom0/micro/bzImage";

/// A guest's disks, by their image files in the Dom0 (raw).
#[derive(Debug, Clone, Copy)]
pub struct Disks<'a> {
    /// The disk labelled nixos or NIXROOT.
    pub root: &'a str,
    /// The disk labelled NIXBOOT, where /boot is one of its own.
    pub boot: Option<&'a str>,
}

/// Packs the initrd, compressed with gzip.
fn initrd(image: &Image) -> Result<Vec<u8>> {
    let busybox = fs::read(image.folder.join("busybox"))
        .context("the Dom0's image has no busybox beside it")?;
    let modules = image.folder.join("modules");
    let order = fs::read_to_string(modules.join("order"))
        .context("the Dom0's image has no modules beside it")?;
    let mut archive = Archive::new();
    for folder in ["bin", "sbin", "dev", "proc", "sys", "etc", "modules"] {
        archive.folder(folder);
    }
    archive.program("bin/busybox", &busybox);
    archive.program("init", INIT.as_bytes());
    archive.program("system", SYSTEM.as_bytes());
    archive.program("sbin/poweroff", POWEROFF.as_bytes());
    archive.program("sbin/reboot", POWEROFF.as_bytes());
    archive.file("modules/order", order.as_bytes());
    for name in order.lines() {
        let module = fs::read(modules.join(name))
            .with_context(|| format!("cannot read the module {name}"))?;
        archive.file(&format!("modules/{name}"), &module);
    }
    gzip(&archive.finish())
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut child = Command::new("gzip")
        .args(["-n", "-6"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run gzip")?;
    let mut input = child.stdin.take().context("gzip takes no input")?;
    let bytes = bytes.to_vec();
    let writer = std::thread::spawn(move || input.write_all(&bytes));
    let output = child.wait_with_output()?;
    let written = writer.join();
    if !output.status.success() || !matches!(written, Ok(Ok(()))) {
        bail!("gzip could not pack the initrd");
    }
    Ok(output.stdout)
}

/// Brings kernel, initrd and programs of the micro guest into the Dom0.
///
/// # Errors
/// A part is missing beside the image, or the Dom0 does not take it.
pub fn push(dom0: &mut Dom0, image: &Image) -> Result<()> {
    dom0.push(INITRD, &initrd(image)?, "644")?;
    dom0.push(&format!("{FOLDER}/system"), SYSTEM.as_bytes(), "755")?;
    dom0.push(&format!("{FOLDER}/poweroff"), POWEROFF.as_bytes(), "755")?;
    dom0.ok(&format!("ln -sfn /boot/vmlinuz-* {KERNEL}"))
        .map(|_| ())
}

/// Installs the micro guest on a guest's disks, which exist and carry their file systems, by the grub.cfg that the
/// guest's own NixOS would write: kernel and initrd go where its first entry looks for them.
///
/// # Errors
/// The grub.cfg boots nothing, or the disks cannot be mounted or written.
pub fn install(dom0: &mut Dom0, disks: Disks<'_>, grub_cfg: &str) -> Result<()> {
    let script = install_script(disks, grub_cfg)?;
    dom0.push("/run/domus-micro-grub.cfg", grub_cfg.as_bytes(), "644")?;
    dom0.ok(&script)
        .map(|_| ())
        .with_context(|| format!("cannot install the micro guest on {}", disks.root))
}

/// The administrator's own step of the wiki page: mount the image, put the system on it, unmount.
fn install_script(disks: Disks<'_>, grub_cfg: &str) -> Result<String> {
    let entries = grub_cfg::entries(grub_cfg)?;
    let root = disks.root;
    let mut lines = vec![
        "mnt=$(mktemp -d)".to_owned(),
        "trap 'umount -R \"$mnt\" 2>/dev/null; rmdir \"$mnt\"' EXIT".to_owned(),
        format!("mount -o loop '{root}' \"$mnt\""),
        "mkdir -p \"$mnt/boot\"".to_owned(),
    ];
    if let Some(boot) = disks.boot {
        lines.push(format!("mount -o loop '{boot}' \"$mnt/boot\""));
    }
    // GRUB's paths begin at the disk that holds /boot, which is the root unless /boot is a disk of its own.
    let grub_root = if disks.boot.is_some() { "/boot" } else { "" };
    let mut put = |source: &str, target: &str| {
        lines.push(format!("install -D -m 755 '{source}' \"$mnt{target}\""));
    };
    put("/run/domus-micro-grub.cfg", "/boot/grub/grub.cfg");
    put("/bin/busybox", "/bin/busybox");
    for name in ["poweroff", "reboot"] {
        put(&format!("{FOLDER}/poweroff"), &format!("/sbin/{name}"));
    }
    for entry in &entries {
        for path in [&entry.kernel, &entry.initrd, &entry.init] {
            if !path.starts_with('/')
                || path.contains(['\'', '"', '$', '`', '\\'])
                || path.contains("..")
            {
                bail!("grub.cfg, {}: {path} is no plain path", entry.title);
            }
        }
        put(KERNEL, &format!("{grub_root}{}", entry.kernel));
        put(INITRD, &format!("{grub_root}{}", entry.initrd));
        put(&format!("{FOLDER}/system"), &entry.init);
    }
    lines.push("sync".to_owned());
    Ok(lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CFG: &str = "menuentry \"NixOS\" {\n linux /kernels/k init=/nix/store/x-nixos-system/init\n initrd /kernels/i\n}\n";

    #[test]
    fn files_go_where_the_grub_cfg_looks() {
        let two = install_script(
            Disks {
                root: "/v/root.img",
                boot: Some("/v/boot.img"),
            },
            CFG,
        )
        .unwrap();
        assert!(
            two.contains("mount -o loop '/v/boot.img' \"$mnt/boot\""),
            "{two}"
        );
        assert!(two.contains("bzImage' \"$mnt/boot/kernels/k\""), "{two}");
        assert!(
            two.contains("system' \"$mnt/nix/store/x-nixos-system/init\""),
            "{two}"
        );
        let one = install_script(
            Disks {
                root: "/v/root.img",
                boot: None,
            },
            CFG,
        )
        .unwrap();
        assert!(one.contains("initrd' \"$mnt/kernels/i\""), "{one}");
    }

    #[test]
    fn a_path_that_leaves_the_disk_is_refused() {
        let bad = CFG.replace("/kernels/k", "/../k");
        let error = install_script(
            Disks {
                root: "/r",
                boot: None,
            },
            &bad,
        )
        .unwrap_err();
        assert!(error.to_string().contains("no plain path"));
    }
}
