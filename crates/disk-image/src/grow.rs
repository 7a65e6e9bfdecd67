//! Making an image larger.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::create::{check_size, set_length};
use crate::error::is_full;
use crate::folder::free_bytes;
use crate::geometry::Geometry;
use crate::in_use::hold;
use crate::inspect::present;
use crate::superblock::Superblock;
use crate::tools::{Ended, says_full};
use crate::{Format, Found, ImageError, Tools, qcow2, undo};

/// What was grown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grown {
    /// The image.
    pub path: PathBuf,
    /// What its guest saw before, in bytes.
    pub from_bytes: u64,
    /// What its guest sees now, in bytes; the same if it had that size.
    pub size_bytes: u64,
    /// What became of what it holds.
    pub inside: Inside,
}

/// What became of what a grown image holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inside {
    /// An ext2, ext3 or ext4 file system that is all of the image, and fills it.
    FileSystem {
        /// How large it was, in bytes.
        from_bytes: u64,
        /// How large it is, in bytes; the same if it filled the image already.
        to_bytes: u64,
    },
    /// Partitions, a boot sector, another file system, nothing, or whatever a qcow2 image holds: it is as it was, and the
    /// guest grows its partition and file system itself.
    Guest,
}

/// Makes an image, which nobody uses, as large as is declared, and what it holds with it where that can be done from here.
///
/// A raw image grows sparsely; an ext2, ext3 or ext4 file system that is all of it is checked (`e2fsck -f -p`), and then
/// grown (`resize2fs`). After an error everything is as before, but for what e2fsck repaired. After a kill, at any moment,
/// [`needs_growth`] says [`Growth::Unfinished`], the guest must not be started, and the next call finishes: what the
/// programs overwrite is kept in `.NAME.domus-grow` beside the image until they are through. A program that outlives us
/// keeps the image locked, and the next call waits for it, for half a minute.
///
/// The caller knows that no domain, saved ones included, has the image, and holds a lock against other runs.
///
/// What a guest wrote is hostile: formats are given, never probed, and e2fsck and resize2fs run as the image's owner without
/// any privilege, on a file system whose journal is its own. What they can still do is spoil that image.
///
/// # Errors
///
/// When the size is not one for a disk, or below the present one; for a block device that is too small; when somebody
/// uses the image; when e2fsck needs a person; when anything fails.
///
/// [`needs_growth`]: crate::needs_growth()
/// [`Growth::Unfinished`]: crate::Growth::Unfinished
pub fn grow(
    path: &Path,
    format: Format,
    new_size_bytes: u64,
    tools: &Tools,
) -> Result<Grown, ImageError> {
    check_size(path, new_size_bytes)?;
    if let Found::BlockDevice { size_bytes, .. } = present(path)? {
        let size_bytes = check_device(path, size_bytes, new_size_bytes)?;
        return Ok(Grown {
            path: path.to_owned(),
            from_bytes: size_bytes,
            size_bytes,
            inside: Inside::Guest,
        });
    }
    let file = hold(path)?;
    let work = Work {
        path,
        file: &file,
        tools,
    };
    let grown = match format {
        Format::Raw => work.raw(new_size_bytes),
        Format::Qcow2 => work.qcow2(new_size_bytes),
    };
    grown.map_err(|error| full(error, path, new_size_bytes))
}

/// Undoes what a killed [`grow`] began, for an image of which no size is declared any more.
///
/// It is then as before that call. Where nothing was begun, nothing is done, and the answer is false.
///
/// # Errors
///
/// When somebody uses the image, or it cannot be restored.
pub fn undo_growth(path: &Path) -> Result<bool, ImageError> {
    present(path)?;
    if !undo::is_there(path)? {
        return Ok(false);
    }
    recover(path, &hold(path)?)?;
    Ok(true)
}

/// The size of a block device, if it is at least what is declared.
pub(crate) fn check_device(
    path: &Path,
    size_bytes: Option<u64>,
    declared_bytes: u64,
) -> Result<u64, ImageError> {
    let path = path.to_owned();
    match size_bytes {
        None => Err(ImageError::Io {
            path,
            doing: "see how large the device is",
            source: std::io::Error::other("the kernel does not say"),
        }),
        Some(size_bytes) if size_bytes < declared_bytes => Err(ImageError::DeviceTooSmall {
            path,
            size_bytes,
            declared_bytes,
        }),
        Some(size_bytes) => Ok(size_bytes),
    }
}

/// The file system of a raw image, if it can be made to fill that many bytes; with it, how many blocks it has then.
pub(crate) fn file_system(
    path: &Path,
    file: &File,
    size_bytes: u64,
    new_size_bytes: u64,
) -> Result<Option<(Geometry, u64)>, ImageError> {
    let failed = |error| ImageError::io(path, path, "read", error);
    let Some(geometry) = Superblock::read(file)
        .map_err(failed)?
        .and_then(|superblock| Geometry::of(&superblock))
    else {
        return Ok(None);
    };
    let Some(blocks) = geometry.blocks_on(new_size_bytes) else {
        return Ok(None);
    };
    let alone = geometry.nothing_behind(file, size_bytes).map_err(failed)?;
    Ok(alone.then_some((geometry, blocks)))
}

fn recover(path: &Path, file: &File) -> Result<(), ImageError> {
    undo::put_back(path, file)?;
    undo::remove(path)?;
    Ok(())
}

struct Work<'a> {
    path: &'a Path,
    file: &'a File,
    tools: &'a Tools,
}

impl Work<'_> {
    fn raw(&self, new_bytes: u64) -> Result<Grown, ImageError> {
        recover(self.path, self.file)?;
        let metadata = self.file.metadata();
        let from_bytes = metadata
            .map_err(|error| ImageError::io(self.path, self.path, "look at", error))?
            .len();
        self.check_larger(from_bytes, new_bytes)?;
        let inside = match file_system(self.path, self.file, from_bytes, new_bytes)? {
            None => {
                self.lengthen(from_bytes, new_bytes)?;
                Inside::Guest
            }
            Some((old, blocks)) if blocks <= old.blocks => {
                self.lengthen(from_bytes, new_bytes)?;
                Inside::FileSystem {
                    from_bytes: old.end_bytes(),
                    to_bytes: old.end_bytes(),
                }
            }
            Some((old, _)) => self.with_file_system(&old, from_bytes, new_bytes)?,
        };
        Ok(self.grown(from_bytes, new_bytes, inside))
    }

    /// Each step begins with what undoes it on disk, and the last takes that away.
    fn with_file_system(
        &self,
        old: &Geometry,
        from_bytes: u64,
        new_bytes: u64,
    ) -> Result<Inside, ImageError> {
        undo::save_superblock(self.path, self.file)?;
        let checked = self.or_undo(self.check())?;
        // The check may have changed the numbers; what it says now is what it is.
        let Some((old, blocks)) = file_system(self.path, self.file, from_bytes, new_bytes)?
            .filter(|(now, _)| now.blocks == old.blocks)
        else {
            let failed = self.check_failed(checked);
            return self.or_undo(Err(failed));
        };
        self.or_undo(undo::save_all(self.path, self.file, &old))?;
        let filled = self
            .lengthen(from_bytes, new_bytes)
            .and_then(|()| self.fill(&old, blocks))
            .and_then(|now| {
                // resize2fs cuts a file off where the file system ends, which may be before the last sector.
                set_length(self.path, self.file, new_bytes)?;
                self.sync()?;
                Ok(now)
            });
        let now = self.or_undo(filled)?;
        undo::remove(self.path)?;
        Ok(Inside::FileSystem {
            from_bytes: old.end_bytes(),
            to_bytes: now.end_bytes(),
        })
    }

    fn check(&self) -> Result<Ended, ImageError> {
        let ended = self.tools.check(self.path, self.file)?;
        self.sync()?;
        // 1: it repaired something. All else, and a signal, is not a sound file system.
        match ended.status.code() {
            Some(0 | 1) => {
                self.check_superblock("check the file system of")?;
                Ok(ended)
            }
            _ => Err(self.check_failed(ended)),
        }
    }

    /// e2fsck writes the superblock in parts, at last, and ends well where the disk did not take one of them.
    fn check_superblock(&self, doing: &'static str) -> Result<(), ImageError> {
        let failed = |error| ImageError::io(self.path, self.path, doing, error);
        match Superblock::read(self.file).map_err(failed)? {
            Some(superblock) if !superblock.checksum_fits() => Err(failed(std::io::Error::other(
                "a part of its superblock was not written, and it is put back; is the disk below it full, or failing?",
            ))),
            _ => Ok(()),
        }
    }

    fn check_failed(&self, ended: Ended) -> ImageError {
        ImageError::CheckFailed {
            path: self.path.to_owned(),
            tool: self.tools.e2fsck.clone(),
            status: ended.status,
            output: ended.output,
        }
    }

    fn fill(&self, old: &Geometry, blocks: u64) -> Result<Geometry, ImageError> {
        let ended = self.tools.fill(self.path, self.file)?;
        self.sync()?;
        let now = Superblock::read(self.file)
            .map_err(|error| ImageError::io(self.path, self.path, "read", error))?;
        let now = now.and_then(|superblock| Geometry::of(&superblock));
        if ended.status.success() {
            self.check_superblock("grow the file system of")?;
        }
        // A program that ends well has not yet grown anything.
        match now {
            Some(now)
                if ended.status.success() && now.blocks > old.blocks && now.blocks <= blocks =>
            {
                Ok(now)
            }
            _ => Err(ImageError::ResizeFailed {
                path: self.path.to_owned(),
                tool: self.tools.resize2fs.clone(),
                status: ended.status,
                output: ended.output,
            }),
        }
    }

    /// After an error, the image is as it was before the step.
    fn or_undo<T>(&self, result: Result<T, ImageError>) -> Result<T, ImageError> {
        if result.is_err() {
            recover(self.path, self.file)?;
        }
        result
    }

    fn qcow2(&self, new_bytes: u64) -> Result<Grown, ImageError> {
        let from_bytes = qcow2::size_bytes(self.path, self.file)?;
        self.check_larger(from_bytes, new_bytes)?;
        if new_bytes > from_bytes {
            self.tools.resize_qcow2(self.path, self.file, new_bytes)?;
            self.sync()?;
        }
        let size_bytes = qcow2::size_bytes(self.path, self.file)?;
        Ok(self.grown(from_bytes, size_bytes, Inside::Guest))
    }

    fn lengthen(&self, from_bytes: u64, new_bytes: u64) -> Result<(), ImageError> {
        if new_bytes > from_bytes {
            set_length(self.path, self.file, new_bytes)?;
            self.sync()?;
        }
        Ok(())
    }

    fn sync(&self) -> Result<(), ImageError> {
        self.file
            .sync_all()
            .map_err(|error| ImageError::io(self.path, self.path, "write out the image", error))
    }

    fn check_larger(&self, size_bytes: u64, declared_bytes: u64) -> Result<(), ImageError> {
        if declared_bytes < size_bytes {
            return Err(ImageError::Shrink {
                path: self.path.to_owned(),
                size_bytes,
                declared_bytes,
            });
        }
        Ok(())
    }

    fn grown(&self, from_bytes: u64, size_bytes: u64, inside: Inside) -> Grown {
        Grown {
            path: self.path.to_owned(),
            from_bytes,
            size_bytes,
            inside,
        }
    }
}

/// Turns a full disk, whoever met it, into the one error that says how full.
fn full(error: ImageError, path: &Path, size_bytes: u64) -> ImageError {
    let is = match &error {
        ImageError::Io { source, .. } => is_full(source),
        ImageError::ToolFailed { output, .. }
        | ImageError::CheckFailed { output, .. }
        | ImageError::ResizeFailed { output, .. } => says_full(output),
        _ => false,
    };
    if !is {
        return error;
    }
    let folder = path.parent().unwrap_or(path);
    ImageError::NoSpaceToGrow {
        path: path.to_owned(),
        folder: folder.to_owned(),
        free_bytes: free_bytes(folder),
        size_bytes,
    }
}
