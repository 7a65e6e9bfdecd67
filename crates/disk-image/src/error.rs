//! What can go wrong with an image, in the user's words.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use rustix::io::Errno;

/// Why an image could not be made or inspected: the problem, the place, and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// The path is relative, or holds `..`.
    #[error("{}: {reason}", path.display())]
    Path {
        /// The path as it was given.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The path is under /dev, itself or through a symbolic link.
    #[error(
        "{}: a path under /dev is a device; it is never made as a file. \
         Make the volume first (lvcreate, zfs create -V), or give a path outside /dev", path.display()
    )]
    UnderDev {
        /// The path as it was given.
        path: PathBuf,
    },
    /// Something is there already.
    #[error("{}: {what} is there already, and is left as it is", path.display())]
    Exists {
        /// The path of the image.
        path: PathBuf,
        /// What is there.
        what: &'static str,
    },
    /// A size that no image can have.
    #[error("{}: a size of {size_bytes} bytes cannot be made: {reason}", path.display())]
    Size {
        /// The path of the image.
        path: PathBuf,
        /// The size asked for, in bytes.
        size_bytes: u64,
        /// What would be right.
        reason: String,
    },
    /// A label that a file system cannot carry.
    #[error("{}: the label `{}` {reason}", path.display(), label.escape_debug())]
    Label {
        /// The path of the image.
        path: PathBuf,
        /// The label asked for.
        label: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A symbolic link on the way, or at the end, leads nowhere. What it led to may hold data: it is not "absent".
    #[error("{}: the symbolic link {} leads to nothing; is a disk not mounted? Mount it, or remove the link", path.display(), link.display())]
    DanglingLink {
        /// The path of the image.
        path: PathBuf,
        /// The link.
        link: PathBuf,
    },
    /// A part of the path is a file.
    #[error("{}: {} is not a folder", path.display(), component.display())]
    NotAFolder {
        /// The path of the image.
        path: PathBuf,
        /// The part that should be a folder.
        component: PathBuf,
    },
    /// Something that holds no image: a folder, a pipe.
    #[error("{}: this is {what}, not a disk image", path.display())]
    NotAnImage {
        /// The path of the image.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// Permission is missing.
    #[error("{}: no permission to {doing} {}; run as root, or change its mode", path.display(), place.display())]
    NotAllowed {
        /// The path of the image.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// Where.
        place: PathBuf,
    },
    /// The file system is read-only.
    #[error("{}: cannot {doing}: the file system that holds {} is mounted read-only; remount it writable", path.display(), place.display())]
    ReadOnly {
        /// The path of the image.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// The folder.
        place: PathBuf,
    },
    /// The disk (or the quota) is full.
    #[error(
        "{}: no space left on the file system that holds {}: {} is free. A new image of {} needs more than that at once, \
         and all of it in time, as its guest fills it; free some space, or set a smaller size",
        path.display(), folder.display(), human(*free_bytes), human(*size_bytes)
    )]
    NoSpace {
        /// The path of the image.
        path: PathBuf,
        /// The folder that it was made in.
        folder: PathBuf,
        /// What was free before, in bytes; below it, what a new image needs at once.
        free_bytes: u64,
        /// The size of the image, in bytes.
        size_bytes: u64,
    },
    /// A program is not there.
    #[error("{}: the program {} was not found; install {package}, or say where it is", path.display(), tool.display())]
    ToolMissing {
        /// The path of the image.
        path: PathBuf,
        /// The program as it was called.
        tool: PathBuf,
        /// The packages that have it.
        package: &'static str,
    },
    /// A program failed.
    #[error("{}: {} failed ({status}): {output}", path.display(), tool.display())]
    ToolFailed {
        /// The path of the image.
        path: PathBuf,
        /// The program as it was called.
        tool: PathBuf,
        /// How it ended.
        status: ExitStatus,
        /// What it said.
        output: String,
    },
    /// A declared size below what the disk has.
    #[error(
        "{}: it has {} ({size_bytes} bytes) and {} ({declared_bytes} bytes) are declared; making it smaller would destroy what \
         is in it, and is never done. Declare {size_bytes} bytes, or make a smaller disk of another name and copy the files", 
        path.display(), human(*size_bytes), human(*declared_bytes)
    )]
    Shrink {
        /// The path of the image.
        path: PathBuf,
        /// What the guest sees now, in bytes.
        size_bytes: u64,
        /// The size asked for, in bytes.
        declared_bytes: u64,
    },
    /// A declared size above what a block device has.
    #[error(
        "{}: this device has {} and {} are declared; a device is never grown from here. Grow it where it is made \
         (lvextend --size {declared_bytes}b {}, zfs set volsize={declared_bytes}), or declare the size that it has", 
        path.display(), human(*size_bytes), human(*declared_bytes), path.display()
    )]
    DeviceTooSmall {
        /// The path of the device.
        path: PathBuf,
        /// What the guest sees now, in bytes.
        size_bytes: u64,
        /// The size asked for, in bytes.
        declared_bytes: u64,
    },
    /// Somebody uses it.
    #[error("{}: {user} uses it, and a disk is only changed while nobody does; nothing was changed. Try again when that has ended", path.display())]
    InUse {
        /// The path of the image.
        path: PathBuf,
        /// Who does.
        user: String,
    },
    /// A disk that was declared as qcow2 and is not.
    #[error("{}: it is declared as qcow2 and does not begin like one; set its format to what it is", path.display())]
    NotQcow2 {
        /// The path of the image.
        path: PathBuf,
    },
    /// e2fsck leaves the file system to a person.
    #[error(
        "{}: its file system is damaged, or not one for this {}, which did not repair it by itself ({status}): {output}. \
         The disk was not grown. With its guest off, run `e2fsck -f {}` and answer what it asks, then apply again; or declare \
         the size that it has",
        path.display(), tool.display(), path.display()
    )]
    CheckFailed {
        /// The path of the image.
        path: PathBuf,
        /// The program as it was called.
        tool: PathBuf,
        /// How it ended.
        status: ExitStatus,
        /// What it said.
        output: String,
    },
    /// resize2fs failed, and what it had done was undone.
    #[error(
        "{}: {} could not grow its file system ({status}): {output}. The disk is as it was before. Remove the cause and apply \
         again, or declare the size that it has",
        path.display(), tool.display()
    )]
    ResizeFailed {
        /// The path of the image.
        path: PathBuf,
        /// The program as it was called.
        tool: PathBuf,
        /// How it ended.
        status: ExitStatus,
        /// What it said.
        output: String,
    },
    /// The disk (or the quota) is full, and an image could not be grown.
    #[error(
        "{}: no space left on the file system that holds {}: {} is free. To grow an image needs some at once, and all of its \
         new size ({}) in time; free some space and apply again, or declare the size that it has",
        path.display(), folder.display(), human(*free_bytes), human(*size_bytes)
    )]
    NoSpaceToGrow {
        /// The path of the image.
        path: PathBuf,
        /// The folder that it is in.
        folder: PathBuf,
        /// What is free, in bytes.
        free_bytes: u64,
        /// The new size of the image, in bytes.
        size_bytes: u64,
    },
    /// The file with what growing overwrites is not what Domus wrote.
    #[error(
        "{}: growing it was begun and not finished, and {}, which has what is needed to finish, is damaged; the disk is left as \
         it is. With its guest off, run `e2fsck -f {}`, then remove {} and apply again",
        path.display(), undo.display(), path.display(), undo.display()
    )]
    UndoDamaged {
        /// The path of the image.
        path: PathBuf,
        /// The damaged file.
        undo: PathBuf,
    },
    /// Something that is no image, and is not removed.
    #[error("{}: this is {what}, and only image files are removed; if it is no longer needed, remove it yourself", path.display())]
    NotDeleted {
        /// The path as it was given.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// Anything else that the system refuses.
    #[error("{}: cannot {doing}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

impl ImageError {
    /// Names the common refusals of the system; `place` is where it refused, on the way to `path`.
    pub(crate) fn io(path: &Path, place: &Path, doing: &'static str, source: io::Error) -> Self {
        let (path, place) = (path.to_owned(), place.to_owned());
        match Errno::from_io_error(&source) {
            Some(Errno::ACCESS | Errno::PERM) => Self::NotAllowed { path, doing, place },
            Some(Errno::ROFS) => Self::ReadOnly { path, doing, place },
            _ => Self::Io {
                path: place,
                doing,
                source,
            },
        }
    }
}

/// Whether the system said that there is no space, or no quota.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::NOSPC | Errno::DQUOT)
    )
}

/// A size for people: `4.0 GiB`.
pub(crate) fn human(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1024 {
        return format!("{bytes} bytes");
    }
    // Tenths, so that no floating point is needed.
    let mut tenths = u128::from(bytes) * 10 / 1024;
    let mut unit = 0;
    while tenths >= 10 * 1024 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::human;

    #[test]
    fn sizes_for_people() {
        assert_eq!(human(0), "0 bytes");
        assert_eq!(human(1023), "1023 bytes");
        assert_eq!(human(1024), "1.0 KiB");
        assert_eq!(human(1536 * 1024), "1.5 MiB");
        assert_eq!(human(4 << 30), "4.0 GiB");
        assert_eq!(human(u64::MAX), "16383.9 PiB");
    }
}
