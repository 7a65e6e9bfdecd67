//! How much a disk holds, and takes.

use std::fs::File;
use std::path::Path;

use crate::inspect::present;
use crate::{Format, Found, ImageError, qcow2};

/// The two sizes of a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// What a guest sees, in bytes; nothing where the kernel does not say it of a device.
    pub virtual_bytes: Option<u64>,
    /// What an image takes on its file system, in bytes: for a sparse one, what was ever written. Nothing for a device,
    /// which takes what its volume manager says.
    pub allocated_bytes: Option<u64>,
}

/// Tells how large a disk is for its guest, and how much it takes.
///
/// # Errors
///
/// When it is not there, is no file or block device, cannot be read, or is declared as qcow2 and is not.
pub fn usage(path: &Path, format: Format) -> Result<Usage, ImageError> {
    match present(path)? {
        Found::File {
            size_bytes,
            allocated_bytes,
            ..
        } => {
            let virtual_bytes = match format {
                Format::Raw => size_bytes,
                Format::Qcow2 => {
                    let file = File::open(path)
                        .map_err(|error| ImageError::io(path, path, "open", error))?;
                    qcow2::size_bytes(path, &file)?
                }
            };
            Ok(Usage {
                virtual_bytes: Some(virtual_bytes),
                allocated_bytes: Some(allocated_bytes),
            })
        }
        Found::BlockDevice { size_bytes, .. } => Ok(Usage {
            virtual_bytes: size_bytes,
            allocated_bytes: None,
        }),
        _ => Ok(Usage {
            virtual_bytes: None,
            allocated_bytes: None,
        }),
    }
}
