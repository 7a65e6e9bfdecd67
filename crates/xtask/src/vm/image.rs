//! The Dom0's image: Debian 12 with Xen, made by mmdebstrap, kept outside the checkout and keyed by what goes into it.

mod contents;
mod modules;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::fs::{FlockOperation, flock};
use sha2::{Digest as _, Sha256};
use xshell::{Shell, cmd};

use super::progress::Step;
use contents::{
    CUSTOM, DISK_SIZE, ENABLED, GUEST_MODULES, INITRAMFS_CONF, INITRAMFS_MODULES, MASKED, PACKAGES,
    SUITE,
};

pub use contents::packaged_units;

/// How long an image of another key is kept after its last use.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

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
    sweep(&cache, &image);
    if image.folder.join("dom0.img").exists() && !fresh {
        return Ok(image);
    }
    if !rustix::process::geteuid().is_root() {
        bail!(
            "building the Dom0's image needs root; as root run: DOMUS_CACHE={} cargo xtask vm build",
            cache.display()
        );
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

/// Removes what a killed build left, and images that nothing used for [`KEPT`]; the caller holds the cache's lock. What
/// cannot be removed is left to the next time.
fn sweep(cache: &Path, current: &Image) {
    // Says by its time when the image was last used.
    let _ = File::create(current.folder.join("used"));
    let Ok(entries) = fs::read_dir(cache) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let unused = || {
            let used = fs::metadata(entry.path().join("used"))
                .or_else(|_| entry.metadata())
                .and_then(|meta| meta.modified());
            used.is_ok_and(|time| time.elapsed().is_ok_and(|age| age > KEPT))
        };
        if name.starts_with("tmp-")
            || name.starts_with("dom0-") && entry.path() != current.folder && unused()
        {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
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
    modules::copy(
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_short_and_stable_within_a_build() {
        assert_eq!(key().len(), 12);
        assert_eq!(key(), key());
    }
}
