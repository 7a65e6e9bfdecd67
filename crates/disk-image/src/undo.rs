//! What growing a file system overwrites, kept beside the image until it is grown.
//!
//! resize2fs and e2fsck change a file system in place and not in an order that a kill leaves repairable: of a file
//! system with checksums, a superblock written by halves has none that fits, and e2fsck then asks a person. So what
//! they overwrite is saved first, and put back when they did not come to their end.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::ImageError;
use crate::create::{set_length, temporary};
use crate::folder::sync;
use crate::geometry::Geometry;
use crate::leftovers::MARK;
use crate::superblock::Superblock;

/// How such a file begins, for the person who finds it.
const FIRST_LINE: &[u8] =
    b"Domus is growing the image beside this file, and keeps here what it needs to finish. \
    Do not start its guest; run `domus apply`.\n";

/// What is saved, and with it how far the work was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// e2fsck is about to run: the superblock.
    Check = 1,
    /// resize2fs is about to run: all that it may overwrite.
    Resize = 2,
}

/// Where the undo file of an image is, whether there is one or not: `.NAME.domus-grow`, beside the file that links lead
/// to.
pub(crate) fn place(path: &Path) -> Result<PathBuf, ImageError> {
    let link = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata.is_symlink(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(ImageError::io(path, path, "look at", error)),
    };
    let real = if link {
        fs::canonicalize(path)
            .map_err(|error| ImageError::io(path, path, "follow the link", error))?
    } else {
        path.to_owned()
    };
    let mut name = OsString::from(".");
    name.push(real.file_name().unwrap_or_default());
    name.push(MARK);
    name.push("grow");
    Ok(real.with_file_name(name))
}

/// Whether an image's undo file is there. The image is, so that nothing on the way can be missing.
pub(crate) fn is_there(path: &Path) -> Result<bool, ImageError> {
    let undo = place(path)?;
    match fs::symlink_metadata(&undo) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(ImageError::io(path, &undo, "look at", error)),
    }
}

/// Saves the superblock.
pub(crate) fn save_superblock(path: &Path, file: &File) -> Result<(), ImageError> {
    let (size, place) = (1024, Superblock::PLACE.start);
    write(path, file, Stage::Check, size, 0, &BTreeSet::from([place]))
}

/// Saves all that resize2fs may overwrite of a file system that e2fsck has just found sound.
pub(crate) fn save_all(path: &Path, file: &File, geometry: &Geometry) -> Result<(), ImageError> {
    let blocks = geometry
        .rewritten(file)
        .map_err(|error| ImageError::io(path, path, "read the file system", error))?;
    let places = blocks
        .iter()
        .map(|block| block * geometry.block_bytes)
        .collect();
    let long = file
        .metadata()
        .map_err(|error| ImageError::io(path, path, "look at", error))?
        .len();
    let end = geometry.end_bytes();
    // Less than a block behind the end may hold anything.
    let keep = if long.saturating_sub(end) < geometry.block_bytes {
        long
    } else {
        end
    };
    let size = geometry.block_bytes;
    write(path, file, Stage::Resize, size, keep, &places)
}

/// Removes the undo file, and says whether there was one.
pub(crate) fn remove(path: &Path) -> Result<bool, ImageError> {
    let undo = place(path)?;
    match fs::remove_file(&undo) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(ImageError::io(path, &undo, "remove", error)),
    }
    sync(path, folder(&undo))?;
    Ok(true)
}

/// Puts back what the undo file has, if there is one, unless the file system was used since. The file stays: only
/// the next step's replaces it.
pub(crate) fn put_back(path: &Path, file: &File) -> Result<(), ImageError> {
    let undo = place(path)?;
    let opened = match File::open(&undo) {
        Ok(opened) => opened,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(ImageError::io(path, &undo, "open", error)),
    };
    let mut reader = BufReader::new(opened);
    let damaged = |_| ImageError::UndoDamaged {
        path: path.to_owned(),
        undo: undo.clone(),
    };
    let header = Header::read(&mut reader).map_err(damaged)?;
    let failed = |error| ImageError::io(path, path, "restore the file system", error);
    if !header.fits(file).map_err(failed)? {
        return Ok(());
    }
    let mut saved = vec![0; header.block_bytes];
    for _ in 0..header.count {
        let place = number(&mut reader).map_err(damaged)?;
        match number(&mut reader).map_err(damaged)? {
            0 => saved.fill(0),
            _ => reader.read_exact(&mut saved).map_err(damaged)?,
        }
        let mut now = vec![0; header.block_bytes];
        file.read_exact_at(&mut now, place).map_err(failed)?;
        // What did not change is not written: a hole would be filled, on a disk that may be full.
        if now != saved {
            file.write_all_at(&saved, place).map_err(failed)?;
        }
    }
    if header.stage == Stage::Resize as u64 {
        // Behind the file system was nothing; what resize2fs began there goes, and the image is as long as before.
        set_length(path, file, header.keep_bytes.min(header.size_bytes))?;
        set_length(path, file, header.size_bytes)?;
    }
    file.sync_all().map_err(failed)
}

struct Header {
    stage: u64,
    inode: u64,
    size_bytes: u64,
    keep_bytes: u64,
    /// When and how often it was mounted, and when checked.
    used: [u64; 3],
    block_bytes: usize,
    count: u64,
}

impl Header {
    fn read(reader: &mut impl Read) -> io::Result<Self> {
        let mut line = vec![0; FIRST_LINE.len()];
        reader.read_exact(&mut line)?;
        let mut numbers = [0; 9];
        for value in &mut numbers {
            *value = number(reader)?;
        }
        let [stage, inode, size_bytes, keep_bytes, a, b, c, block, count] = numbers;
        let known = stage == Stage::Check as u64 || stage == Stage::Resize as u64;
        match usize::try_from(block) {
            Ok(block_bytes) if line == FIRST_LINE && known && block <= 65536 => Ok(Self {
                stage,
                inode,
                size_bytes,
                keep_bytes,
                used: [a, b, c],
                block_bytes,
                count,
            }),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    /// Whether what was saved is to be put back into this file.
    fn fits(&self, file: &File) -> io::Result<bool> {
        let metadata = file.metadata()?;
        if metadata.ino() != self.inode || metadata.len() < self.size_bytes {
            return Ok(false);
        }
        let Some(now) = Superblock::read(file)? else {
            // It is the magic number itself that went: nobody could mount that.
            return Ok(true);
        };
        if self.stage == Stage::Check as u64 {
            // All else that e2fsck leaves when it is killed, it repairs when it runs again.
            return Ok(!now.checksum_fits());
        }
        Ok(used(&now) == self.used)
    }
}

/// Neither resize2fs nor a kill changes these; the kernel that mounts it does, and a person's e2fsck.
fn used(superblock: &Superblock) -> [u64; 3] {
    [
        u64::from(superblock.u32(0x2C)),
        u64::from(superblock.u16(0x34)),
        u64::from(superblock.u32(0x40)),
    ]
}

fn write(
    path: &Path,
    file: &File,
    stage: Stage,
    block_bytes: u64,
    keep_bytes: u64,
    places: &BTreeSet<u64>,
) -> Result<(), ImageError> {
    let undo = place(path)?;
    let folder = folder(&undo);
    let failed = |error| ImageError::io(path, folder, "save what growing overwrites, in", error);
    // Under another name until it is whole, as an image is: an undo file is never half a one.
    let name = path.file_name().unwrap_or_default();
    let whole = temporary(path, folder, name)?;
    let save = || -> io::Result<()> {
        let metadata = file.metadata()?;
        let used = Superblock::read(file)?.map_or([0; 3], |now| used(&now));
        let mut to = BufWriter::with_capacity(1 << 18, whole.as_file());
        to.write_all(FIRST_LINE)?;
        let count = places.len() as u64;
        let [a, b, c] = used;
        for value in [
            stage as u64,
            metadata.ino(),
            metadata.len(),
            keep_bytes,
            a,
            b,
            c,
            block_bytes,
            count,
        ] {
            to.write_all(&value.to_le_bytes())?;
        }
        let mut block = vec![0; usize::try_from(block_bytes).map_err(io::Error::other)?];
        for place in places {
            file.read_exact_at(&mut block, *place)?;
            let holds = block.iter().any(|byte| *byte != 0);
            to.write_all(&place.to_le_bytes())?;
            to.write_all(&u64::from(holds).to_le_bytes())?;
            if holds {
                to.write_all(&block)?;
            }
        }
        to.flush()?;
        drop(to);
        whole.as_file().sync_all()
    };
    save().map_err(failed)?;
    whole.persist(&undo).map_err(|error| failed(error.error))?;
    sync(path, folder)
}

fn number(reader: &mut impl Read) -> io::Result<u64> {
    let mut bytes = [0; 8];
    reader.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

fn folder(undo: &Path) -> &Path {
    match undo.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}
