//! Just enough of qcow2 (QEMU's docs/interop/qcow2.txt) to find the size and the first bytes that a guest sees.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::ImageError;

/// How every image begins.
const MAGIC: [u8; 4] = *b"QFI\xfb";

/// In an L1 or L2 entry: the bits of the offset.
const OFFSET: u64 = 0x00ff_ffff_ffff_fe00;

/// In an L2 entry: a compressed cluster, or one that reads as zeros.
const COMPRESSED: u64 = 1 << 62;
const ZEROS: u64 = 1;

/// What a guest sees, in bytes, as the header has it.
pub(crate) fn size_bytes(path: &Path, file: &File) -> Result<u64, ImageError> {
    let mut header = [0; 32];
    let whole = read(file, &mut header, 0)
        .map_err(|error| ImageError::io(path, path, "read the header", error))?;
    if !whole || header[..4] != MAGIC || !(2..=3).contains(&be32(&header, 4)) {
        return Err(ImageError::NotQcow2 {
            path: path.to_owned(),
        });
    }
    Ok(be64(&header, 24))
}

/// Where the first cluster of the disk lies in the file; nothing when it is not simply there.
pub(crate) fn first_cluster(file: &File) -> io::Result<Option<u64>> {
    let mut header = [0; 104];
    if !read(file, &mut header, 0)? || header[..4] != MAGIC {
        return Ok(None);
    }
    let version = be32(&header, 4);
    let backing = be64(&header, 8);
    let encryption = be32(&header, 32);
    // Dirty or corrupt, an external data file, other compression, extended L2 entries: not for this reader.
    let incompatible = if version >= 3 { be64(&header, 72) } else { 0 };
    if !(2..=3).contains(&version) || backing != 0 || encryption != 0 || incompatible != 0 {
        return Ok(None);
    }
    let Some(l2) = entry(file, be64(&header, 40))? else {
        return Ok(None);
    };
    let Some(cluster) = entry(file, l2 & OFFSET)? else {
        return Ok(None);
    };
    if cluster & (COMPRESSED | ZEROS) != 0 || cluster & OFFSET == 0 {
        return Ok(None);
    }
    Ok(Some(cluster & OFFSET))
}

/// The first entry of the table at an offset; nothing when there is no table.
fn entry(file: &File, table: u64) -> io::Result<Option<u64>> {
    let mut bytes = [0; 8];
    // A guest may have written the table: no offset of its is trusted.
    if table == 0 || table & !OFFSET != 0 || !read(file, &mut bytes, table)? {
        return Ok(None);
    }
    Ok(Some(u64::from_be_bytes(bytes)))
}

/// Whether all bytes were there.
fn read(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<bool> {
    match file.read_exact_at(bytes, offset) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn be32(bytes: &[u8], at: usize) -> u32 {
    bytes[at..at + 4]
        .iter()
        .fold(0, |value, byte| value << 8 | u32::from(*byte))
}

fn be64(bytes: &[u8], at: usize) -> u64 {
    u64::from(be32(bytes, at)) << 32 | u64::from(be32(bytes, at + 4))
}
