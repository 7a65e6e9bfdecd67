//! The Dom0's image: Debian 12 with Xen, made by mmdebstrap, kept outside the checkout and keyed by what goes into it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use rustix::fs::{FlockOperation, flock};
use sha2::{Digest as _, Sha256};
use xshell::{Shell, cmd};

use super::progress::Step;

/// The Debian release that the Dom0 is.
const SUITE: &str = "bookworm";

/// What the Dom0 has beside the essential packages. qemu-system-xen serves file-backed disks; python3 runs
/// pygrub and the agent.
const PACKAGES: &[&str] = &[
    "bridge-utils",
    "busybox-static",
    "e2fsprogs",
    "grub-xen-host",
    "initramfs-tools",
    "iproute2",
    "kmod",
    "linux-image-amd64",
    "procps",
    "python3",
    "qemu-system-xen",
    "qemu-utils",
    "strace",
    "systemd",
    "systemd-sysv",
    "udev",
    "xen-hypervisor-4.17-amd64",
    "xen-utils-4.17",
    "xen-utils-common",
];

/// A file that is put into the Dom0.
struct Custom {
    path: &'static str,
    text: &'static str,
}

/// Xen's own units by the names that nixpkgs gives them too (Debian has init scripts instead), and the agent.
const CUSTOM: &[Custom] = &[
    Custom {
        path: "usr/lib/domus-dom0/agent.py",
        text: include_str!("dom0/agent.py"),
    },
    Custom {
        path: "usr/lib/domus-dom0/xendomains.defaults",
        text: include_str!("dom0/xendomains.defaults"),
    },
    Custom {
        path: "usr/lib/systemd/system/domus-agent.service",
        text: include_str!("dom0/domus-agent.service"),
    },
    Custom {
        path: "usr/lib/systemd/system/domus-shell.service",
        text: include_str!("dom0/domus-shell.service"),
    },
    Custom {
        path: "usr/lib/systemd/system/proc-xen.mount",
        text: include_str!("dom0/proc-xen.mount"),
    },
    Custom {
        path: "usr/lib/systemd/system/xenstored.service",
        text: include_str!("dom0/xenstored.service"),
    },
    Custom {
        path: "usr/lib/systemd/system/xen-init-dom0.service",
        text: include_str!("dom0/xen-init-dom0.service"),
    },
    Custom {
        path: "usr/lib/systemd/system/xenconsoled.service",
        text: include_str!("dom0/xenconsoled.service"),
    },
    Custom {
        path: "usr/lib/systemd/system/xen-qemu-dom0-disk-backend.service",
        text: include_str!("dom0/xen-qemu-dom0-disk-backend.service"),
    },
    Custom {
        path: "usr/lib/systemd/system/xendomains.service",
        text: include_str!("dom0/xendomains.service"),
    },
    Custom {
        path: "etc/default/xendomains",
        text: ". /usr/lib/domus-dom0/xendomains.defaults\n",
    },
    Custom {
        path: "etc/hostname",
        text: "dom0\n",
    },
    Custom {
        path: "etc/fstab",
        text: "/dev/vda / ext4 errors=remount-ro 0 1\n",
    },
    Custom {
        path: "etc/modules-load.d/domus.conf",
        text: "loop\nvirtio_console\nxen_gntdev\nxen_evtchn\nxen_gntalloc\nxen_blkback\nxen_netback\n",
    },
    Custom {
        path: "etc/modprobe.d/domus.conf",
        text: "options loop max_loop=64\n",
    },
    Custom {
        path: "etc/systemd/journald.conf.d/domus.conf",
        text: "[Journal]\nStorage=persistent\nRateLimitBurst=0\n",
    },
    Custom {
        path: "etc/systemd/system.conf.d/domus.conf",
        text: "[Manager]\nDefaultTimeoutStartSec=180s\n",
    },
];

/// Enabled at boot.
const ENABLED: &[&str] = &[
    "domus-agent.service",
    "xenstored.service",
    "xen-init-dom0.service",
    "xenconsoled.service",
    "xen-qemu-dom0-disk-backend.service",
    "xendomains.service",
];

/// Never started: Debian's init script for Xen, a login on Xen's console, and what only costs time.
const MASKED: &[&str] = &[
    "xen.service",
    "serial-getty@hvc0.service",
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "fstrim.timer",
    "getty@tty1.service",
    "systemd-pstore.service",
];

/// The units that the Dom0 has in every generation and that a generation may change by a drop-in, by name: their texts.
pub fn packaged_units() -> BTreeMap<&'static str, &'static str> {
    let units = CUSTOM.iter().filter_map(|custom| {
        Some((
            custom.path.strip_prefix("usr/lib/systemd/system/")?,
            custom.text,
        ))
    });
    units
        .filter(|(name, _)| !name.starts_with("domus-"))
        .collect()
}

/// The initramfs has no more than the disk needs: it is unpacked at every boot, by an emulated processor.
const INITRAMFS_CONF: &str = "MODULES=list\nCOMPRESS=gzip\n";
const INITRAMFS_MODULES: &str = "virtio_pci\nvirtio_blk\next4\n";

/// The modules that a micro guest needs, before those that they depend on are added.
const GUEST_MODULES: &[&str] = &["crc32c_generic", "ext4", "xen-blkfront", "xen-netfront"];

/// The size of the Dom0's disk; it is sparse.
const DISK_SIZE: &str = "8G";

/// A built image: a folder with `dom0.img` (raw ext4), `xen` (an ELF file, as QEMU's multiboot wants it), `vmlinuz`,
/// `initrd.img`, and for micro guests `busybox`, `modules/` and `modules/order`.
#[derive(Debug, Clone)]
pub struct Image {
    /// The folder.
    pub folder: PathBuf,
    /// What its name ends in.
    pub key: String,
}

/// Where images are kept: `$DOMUS_CACHE`, else `$XDG_CACHE_HOME/domus`, else `~/.cache/domus`.
pub fn cache() -> Result<PathBuf> {
    let from = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let folder = match (from("DOMUS_CACHE"), from("XDG_CACHE_HOME"), from("HOME")) {
        (Some(cache), _, _) => cache,
        (None, Some(cache), _) => cache.join("domus"),
        (None, None, Some(home)) => home.join(".cache/domus"),
        (None, None, None) => {
            bail!("set DOMUS_CACHE to a folder for the Dom0's image: neither it nor HOME is set")
        }
    };
    fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make the cache folder {}", folder.display()))?;
    folder
        .canonicalize()
        .with_context(|| format!("cannot use the cache folder {}", folder.display()))
}

/// A hash of everything that decides what the image holds, but for Debian's updates.
pub fn key() -> String {
    let mut hash = Sha256::new();
    let mut feed = |text: &str| {
        hash.update(text.len().to_le_bytes());
        hash.update(text.as_bytes());
    };
    feed(SUITE);
    feed(DISK_SIZE);
    feed(INITRAMFS_CONF);
    feed(INITRAMFS_MODULES);
    for list in [PACKAGES, ENABLED, MASKED, GUEST_MODULES] {
        feed(&list.join(" "));
    }
    for custom in CUSTOM {
        feed(custom.path);
        feed(custom.text);
    }
    let digest = hash.finalize();
    digest
        .iter()
        .take(6)
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// The image, built if it is not there; a second program that builds the same waits for the first. With `fresh` it is
/// built anew, with Debian's packages of today.
pub fn ensure(fresh: bool) -> Result<Image> {
    let cache = cache()?;
    let key = key();
    let image = Image {
        folder: cache.join(format!("dom0-{key}")),
        key,
    };
    anstream::eprintln!("Dom0 image {} in {}", image.key, cache.display());
    let lock = File::create(cache.join("lock")).context("cannot make the cache's lock file")?;
    if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
        let step = Step::begin("waiting for another program that builds the Dom0's image");
        flock(&lock, FlockOperation::LockExclusive).context("cannot lock the cache")?;
        step.done();
    }
    if image.folder.join("dom0.img").exists() && !fresh {
        return Ok(image);
    }
    if !rustix::process::geteuid().is_root() {
        bail!("building the Dom0's image needs root; as root run: cargo xtask vm build");
    }
    let step = Step::begin(format!("building the Dom0's image from Debian {SUITE}"));
    let work = cache.join(format!("tmp-{}-{}", image.key, std::process::id()));
    remove(&work)?;
    let built = build(&work);
    if built.is_err() {
        // What is half made is of no use; the error matters more than a folder that stays.
        let _ = remove(&work);
    }
    built?;
    remove(&image.folder)?;
    fs::rename(&work, &image.folder).context("cannot put the Dom0's image in its place")?;
    step.done();
    Ok(image)
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

fn build(work: &Path) -> Result<()> {
    let root = work.join("root");
    fs::create_dir_all(work)?;
    let shell = Shell::new()?;
    bootstrap(&shell, &root)?;
    customise(&root)?;

    let boot = root.join("boot");
    let kernel = one_named(&boot, "vmlinuz-")?;
    let xen = one_named(&boot, "xen-")?;
    fs::copy(boot.join(&kernel), work.join("vmlinuz"))?;
    fs::copy(
        boot.join(one_named(&boot, "initrd.img-")?),
        work.join("initrd.img"),
    )?;
    let compressed = boot.join(&xen);
    let plain = cmd!(shell, "gzip -dc {compressed}")
        .quiet()
        .output()?
        .stdout;
    fs::write(work.join("xen"), plain)?;
    fs::copy(root.join("bin/busybox"), work.join("busybox")).context("no busybox in the Dom0")?;
    copy_guest_modules(
        &root,
        &work.join("modules"),
        kernel.trim_start_matches("vmlinuz-"),
    )?;

    let image = work.join("dom0.img");
    cmd!(shell, "truncate -s {DISK_SIZE} {image}")
        .quiet()
        .run()?;
    let made = cmd!(
        shell,
        "mkfs.ext4 -q -F -L dom0 -E lazy_itable_init=1,root_owner=0:0 -d {root} {image}"
    )
    .env("PATH", sbin_path())
    .quiet()
    .ignore_status()
    .output()?;
    if !made.status.success() {
        bail!(
            "mkfs.ext4: {}",
            String::from_utf8_lossy(&made.stderr).trim()
        );
    }
    remove(&root)
}

fn sbin_path() -> String {
    format!(
        "{}:/usr/sbin:/sbin",
        std::env::var("PATH").unwrap_or_default()
    )
}

fn bootstrap(shell: &Shell, root: &Path) -> Result<()> {
    let include = PACKAGES.join(",");
    let mut options: Vec<String> = ["doc", "locale", "man", "info"]
        .iter()
        .map(|folder| format!("--dpkgopt=path-exclude=/usr/share/{folder}/*"))
        .collect();
    options.push(format!(
        "--essential-hook=mkdir -p \"$1/etc/initramfs-tools/conf.d\" \"$1/usr/share/initramfs-tools/modules.d\" && \
         printf '{}' >\"$1/etc/initramfs-tools/conf.d/domus\" && \
         printf '{}' >\"$1/usr/share/initramfs-tools/modules.d/domus\"",
        INITRAMFS_CONF.replace('\n', "\\n"),
        INITRAMFS_MODULES.replace('\n', "\\n")
    ));
    let output = cmd!(
        shell,
        "mmdebstrap --variant=minbase --mode=root --include={include} {options...} {SUITE} {root}"
    )
    .env("PATH", sbin_path())
    .quiet()
    .ignore_status()
    .output()?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = text.lines().collect();
    let tail = lines
        .get(lines.len().saturating_sub(15)..)
        .unwrap_or_default()
        .join("\n");
    bail!("mmdebstrap could not make the Dom0:\n{tail}")
}

fn customise(root: &Path) -> Result<()> {
    for custom in CUSTOM {
        let path = root.join(custom.path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&path, custom.text)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    let system = root.join("etc/systemd/system");
    for unit in ENABLED {
        let target = if *unit == "domus-agent.service" {
            "sysinit.target"
        } else {
            "multi-user.target"
        };
        let wants = system.join(format!("{target}.wants"));
        fs::create_dir_all(&wants)?;
        std::os::unix::fs::symlink(format!("/usr/lib/systemd/system/{unit}"), wants.join(unit))?;
    }
    for unit in MASKED {
        let path = system.join(unit);
        if fs::symlink_metadata(&path).is_ok() {
            fs::remove_file(&path)?;
        }
        std::os::unix::fs::symlink("/dev/null", path)?;
    }
    for folder in [
        "var/log/journal",
        "var/log/xen/console",
        "etc/xen/auto",
        "var/lib/xen/save",
        "nix/store",
    ] {
        fs::create_dir_all(root.join(folder))?;
    }
    // A machine id of its own, made once, so that the journal goes on over a reboot.
    fs::write(
        root.join("etc/machine-id"),
        "64d0b5e1a1d2433ea0f3b1a5ed0d0a00\n",
    )?;
    Ok(())
}

/// The one file in `folder` whose name begins with `prefix` and goes on with a digit's version, and that is no `.config`
/// or `.efi`.
fn one_named(folder: &Path, prefix: &str) -> Result<String> {
    let mut names = Vec::new();
    for entry in
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?
    {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let wanted = name
            .strip_prefix(prefix)
            .is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()));
        let extra = Path::new(&name)
            .extension()
            .is_some_and(|extension| extension == "config" || extension == "efi");
        if wanted && !extra {
            names.push(name);
        }
    }
    names.sort();
    names
        .pop()
        .with_context(|| format!("no {prefix}… in {}", folder.display()))
}

/// Copies the modules that a micro guest loads, and writes `order`: one file name a line, each after what it needs.
fn copy_guest_modules(root: &Path, to: &Path, version: &str) -> Result<()> {
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

    #[test]
    fn the_key_is_short_and_stable_within_a_build() {
        assert_eq!(key().len(), 12);
        assert_eq!(key(), key());
    }
}
