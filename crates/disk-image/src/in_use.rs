//! Holding an image that nobody else uses.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, OFlags, fcntl_lock, flock};
use rustix::io::Errno;

use crate::ImageError;

/// How long to wait for what a killed run left at work: its e2fsck, resize2fs or qemu-img, which have our lock.
const PATIENCE: Duration = Duration::from_secs(30);

/// Opens an image for writing, with a lock that keeps every other run of this away.
///
/// The caller knows of domains, of those that may come back, and of save files. Here is seen what can be seen cheaply: a
/// loop device on it (a mount of a file has one), and the lock of a QEMU or qemu-img that a person runs. The QEMU that serves
/// a guest's disk over Xen's block protocol takes none (`"locking": "off"` in its `hw/block/xen-block.c`).
pub(crate) fn hold(path: &Path) -> Result<File, ImageError> {
    let failed = |error| ImageError::io(path, path, "open", error);
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        // What became a pipe meanwhile does not keep us waiting.
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
        .open(path)
        .map_err(failed)?;
    if !file.metadata().map_err(failed)?.is_file() {
        return Err(ImageError::NotAnImage {
            path: path.to_owned(),
            what: "no file any more",
        });
    }
    let in_use = |user: String| ImageError::InUse {
        path: path.to_owned(),
        user,
    };
    let since = Instant::now();
    while let Err(error) = flock(&file, FlockOperation::NonBlockingLockExclusive) {
        match error {
            Errno::AGAIN if since.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(20));
            }
            Errno::AGAIN => {
                let who = "a program with a lock on it (what a killed `domus apply` left at work?)";
                return Err(in_use(who.to_owned()));
            }
            Errno::INTR => {}
            other => return Err(ImageError::io(path, path, "lock", other.into())),
        }
    }
    // Other QEMUs have locks of this kind on what they have open. Ours is given back at once: qemu-img takes its own.
    match fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {
            let _ = fcntl_lock(&file, FlockOperation::Unlock);
        }
        Err(Errno::AGAIN | Errno::ACCESS) => {
            return Err(in_use("a program with a lock on it (a QEMU?)".to_owned()));
        }
        // A file system without such locks has none of QEMU's.
        Err(_) => {}
    }
    if let Some(device) = loop_device(path, &file).map_err(failed)? {
        return Err(in_use(format!("the loop device /dev/{device}")));
    }
    Ok(file)
}

/// The loop device that has this file.
pub(crate) fn loop_device(path: &Path, file: &File) -> io::Result<Option<String>> {
    let ours = file.metadata()?;
    // Where the kernel does not say, there is nothing to see cheaply.
    let Ok(devices) = fs::read_dir("/sys/block") else {
        return Ok(None);
    };
    for device in devices.filter_map(Result::ok) {
        let backing = device.path().join("loop/backing_file");
        let Ok(text) = fs::read_to_string(backing) else {
            continue;
        };
        let named = Path::new(text.trim_end_matches('\n'));
        let same = fs::metadata(named)
            .is_ok_and(|other| (other.dev(), other.ino()) == (ours.dev(), ours.ino()));
        if same || named == path {
            return Ok(Some(device.file_name().to_string_lossy().into_owned()));
        }
    }
    Ok(None)
}
