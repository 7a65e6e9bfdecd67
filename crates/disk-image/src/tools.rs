//! The programs that make file systems and formats.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};

use rustix::fs::{MemfdFlags, memfd_create};

use crate::confined::confined;
use crate::{FileSystem, FileSystemKind, ImageError};

/// Which programs to call. The default is to look for them in `PATH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tools {
    /// `mke2fs` of e2fsprogs.
    pub mke2fs: PathBuf,
    /// `e2fsck` of e2fsprogs.
    pub e2fsck: PathBuf,
    /// `resize2fs` of e2fsprogs.
    pub resize2fs: PathBuf,
    /// `qemu-img`.
    pub qemu_img: PathBuf,
}

impl Default for Tools {
    fn default() -> Self {
        Self {
            mke2fs: "mke2fs".into(),
            e2fsck: "e2fsck".into(),
            resize2fs: "resize2fs".into(),
            qemu_img: "qemu-img".into(),
        }
    }
}

/// The name by which a program opens the file that it gets as its input.
const OWN_INPUT: &str = "/proc/self/fd/0";

/// Above this, block numbers need more than 32 bits.
const LARGEST_32_BIT: u64 = 1 << 44;

/// What mke2fs reads instead of the host's mke2fs.conf, so that every host makes the same file system.
///
/// The features are those that GRUB 2.06, GRUB's Xen image and the ext2 reader built into Xen's libfsimage (pygrub) can
/// read. Not in it: `64bit` (libfsimage takes every group descriptor to have 32 bytes), `metadata_csum_seed` and
/// `orphan_file` (new in e2fsprogs 1.47; GRUB 2.06 refuses the one, older kernels the other).
fn configuration(size_bytes: u64) -> String {
    let wide = if size_bytes > LARGEST_32_BIT {
        ",64bit"
    } else {
        ""
    };
    format!(
        "[defaults]
	base_features = sparse_super,large_file,filetype,resize_inode,dir_index,ext_attr
	default_mntopts = acl,user_xattr
	enable_periodic_fsck = 0
	blocksize = 4096
	inode_size = 256
	inode_ratio = 16384
	lazy_itable_init = 0
[fs_types]
	ext2 = {{
		features = filetype
	}}
	ext3 = {{
		features = has_journal
	}}
	ext4 = {{
		features = has_journal,extent,huge_file,flex_bg,metadata_csum,dir_nlink,extra_isize{wide}
	}}
	floppy = {{
		inode_ratio = 4096
	}}
	small = {{
		inode_ratio = 4096
	}}
	big = {{
		inode_ratio = 32768
	}}
	huge = {{
		inode_ratio = 65536
	}}
"
    )
}

impl Tools {
    /// Makes a file system in a sparse file that reads as zeros. `image` is what to call it in an error.
    pub(crate) fn make_file_system(
        &self,
        image: &Path,
        file: &Path,
        size_bytes: u64,
        file_system: FileSystem<'_>,
    ) -> Result<(), ImageError> {
        let config = memory_file(&configuration(size_bytes)).map_err(|source| ImageError::Io {
            path: image.to_owned(),
            doing: "prepare for mke2fs",
            source,
        })?;
        let mut command = clean(&self.mke2fs);
        command
            .args(["-q", "-F", "-t", file_system.kind.as_str()])
            .args(["-L", file_system.label])
            .env("MKE2FS_CONFIG", "/dev/stdin")
            .stdin(config);
        if file_system.kind != FileSystemKind::Ext2 {
            // The journal reads as zeros already; writing them would only fill the sparse file.
            command.args(["-E", "lazy_journal_init=1"]);
        }
        command.arg("--").arg(file);
        run(&mut command, image, "e2fsprogs")
    }

    /// Makes a qcow2 image that reads as zeros, in a file that is there.
    pub(crate) fn make_qcow2(
        &self,
        image: &Path,
        file: &Path,
        size_bytes: u64,
    ) -> Result<(), ImageError> {
        let mut command = clean(&self.qemu_img);
        command
            .args(["create", "-q", "-f", "qcow2", "-o", "compat=1.1"])
            .arg(file)
            .arg(size_bytes.to_string());
        run(
            command.stdin(Stdio::null()),
            image,
            "qemu-utils (Debian) or qemu (NixOS)",
        )
    }

    /// Makes a qcow2 image with what a raw one holds, in a file that is there.
    pub(crate) fn convert_to_qcow2(
        &self,
        image: &Path,
        raw: &Path,
        file: &Path,
    ) -> Result<(), ImageError> {
        let mut command = clean(&self.qemu_img);
        command
            .args([
                "convert",
                "-q",
                "-f",
                "raw",
                "-O",
                "qcow2",
                "-o",
                "compat=1.1",
            ])
            .arg(raw)
            .arg(file);
        run(
            command.stdin(Stdio::null()),
            image,
            "qemu-utils (Debian) or qemu (NixOS)",
        )
    }

    /// Gives a qcow2 image that nobody uses a new size. The program gets the file too, and with it the lock.
    pub(crate) fn resize_qcow2(
        &self,
        image: &Path,
        file: &File,
        size_bytes: u64,
    ) -> Result<(), ImageError> {
        let mut command = clean(&self.qemu_img);
        command
            .args(["resize", "-q", "-f", "qcow2", "--"])
            .arg(image)
            .arg(size_bytes.to_string());
        run(
            command.stdin(same(image, file)?),
            image,
            "qemu-utils (Debian) or qemu (NixOS)",
        )
    }

    /// Has e2fsck check a whole file system, and repair what it can without a person.
    pub(crate) fn check(&self, image: &Path, file: &File) -> Result<Ended, ImageError> {
        let mut command = clean(&self.e2fsck);
        // Repairs only, and by no host's e2fsck.conf.
        command
            .args(["-f", "-p", "-E", "fixes_only"])
            .env("E2FSCK_CONFIG", "/dev/null");
        on_file_system(command, image, file)
    }

    /// Has resize2fs grow a file system, which was just checked, to the end of its image.
    pub(crate) fn fill(&self, image: &Path, file: &File) -> Result<Ended, ImageError> {
        on_file_system(clean(&self.resize2fs), image, file)
    }
}

/// Runs a program, with least privilege, on a file system that a guest wrote.
///
/// It gets the file itself and not its path: what was looked at is what it works on, and while it runs the lock stays,
/// even if we are killed.
fn on_file_system(mut command: Command, image: &Path, file: &File) -> Result<Ended, ImageError> {
    command.arg(OWN_INPUT).stdin(same(image, file)?);
    let output = confined(&mut command, file);
    let mut ended = finished(output, &command, image, "e2fsprogs")?;
    let said = ended.output.trim_end_matches('.');
    ended.output = said.replace(OWN_INPUT, &image.to_string_lossy());
    Ok(ended)
}

/// The same open file: not one of its own, whose lock would be another.
fn same(image: &Path, file: &File) -> Result<File, ImageError> {
    file.try_clone()
        .map_err(|error| ImageError::io(image, image, "open", error))
}

/// A program with nothing of our environment but `PATH`: variables change what mke2fs makes.
fn clean(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("LC_ALL", "C");
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
}

/// A file without a name, so that a killed run leaves nothing.
fn memory_file(text: &str) -> io::Result<File> {
    let mut file = File::from(memfd_create("mke2fs.conf", MemfdFlags::CLOEXEC)?);
    file.write_all(text.as_bytes())?;
    file.rewind()?;
    Ok(file)
}

fn run(command: &mut Command, image: &Path, package: &'static str) -> Result<(), ImageError> {
    let ended = finished(command.output(), command, image, package)?;
    if ended.status.success() {
        return Ok(());
    }
    Err(ImageError::ToolFailed {
        path: image.to_owned(),
        tool: command.get_program().into(),
        status: ended.status,
        output: ended.output,
    })
}

/// How a program ended, and what it said.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) output: String,
}

/// Names why a program could not be run, or gives how it ended.
fn finished(
    output: io::Result<Output>,
    command: &Command,
    image: &Path,
    package: &'static str,
) -> Result<Ended, ImageError> {
    let tool = PathBuf::from(command.get_program());
    let output = output.map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => ImageError::ToolMissing {
            path: image.to_owned(),
            tool,
            package,
        },
        _ => ImageError::Io {
            path: tool,
            doing: "run the program",
            source,
        },
    })?;
    let said = if output.stderr.iter().all(u8::is_ascii_whitespace) {
        &output.stdout
    } else {
        &output.stderr
    };
    Ok(Ended {
        status: output.status,
        output: one_line(&String::from_utf8_lossy(said)),
    })
}

/// What a program said, on one line and without control characters.
fn one_line(said: &str) -> String {
    let lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
    let joined = lines.collect::<Vec<_>>().join("; ");
    let shown: String = joined
        .chars()
        .filter(|character| !character.is_control())
        .take(500)
        .collect();
    if shown.is_empty() {
        "it said nothing".to_owned()
    } else {
        shown
    }
}

/// Whether a program failed because the disk was full. It can only say so in words, which `LC_ALL=C` keeps English.
pub(crate) fn says_full(output: &str) -> bool {
    let words = OsStr::new(output).to_string_lossy();
    words.contains("No space left on device") || words.contains("Disk quota exceeded")
}
