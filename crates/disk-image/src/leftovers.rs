//! What a killed run leaves behind.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::{Found, ImageError, inspect};

/// Stands between an image's name and the random end of its temporary name.
pub(crate) const MARK: &str = ".domus-";

/// How many random letters and digits end a temporary name.
pub(crate) const RANDOM_LENGTH: usize = 6;

/// The unfinished images in a folder, sorted: regular files named `.NAME.domus-XXXXXX`, with the mode (0600) and the
/// owner (whoever runs this) that [`crate::create()`] gives them.
///
/// A folder that does not exist has none.
///
/// # Errors
///
/// When the folder cannot be read.
pub fn leftovers(folder: &Path) -> Result<Vec<PathBuf>, ImageError> {
    match inspect(folder)? {
        Found::Absent => return Ok(Vec::new()),
        Found::Directory => {}
        _ => {
            return Err(ImageError::NotAFolder {
                path: folder.to_owned(),
                component: folder.to_owned(),
            });
        }
    }
    let failed = |error| ImageError::io(folder, folder, "read the folder", error);
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if !is_ours(&entry.file_name()) {
            continue;
        }
        // Of a symbolic link this tells about the link, which is none of ours.
        match entry.metadata() {
            Ok(metadata)
                if metadata.is_file() && metadata.mode() & 0o7777 == 0o600 && owned(&metadata) =>
            {
                found.push(entry.path());
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(ImageError::io(folder, &entry.path(), "look at", error)),
        }
    }
    found.sort();
    Ok(found)
}

/// Removes the unfinished images in a folder and tells which. The caller holds the lock under which images are made, so
/// none of them is in the making.
///
/// # Errors
///
/// When the folder cannot be read, or a file cannot be removed; those before it are gone then.
pub fn remove_leftovers(folder: &Path) -> Result<Vec<PathBuf>, ImageError> {
    let found = leftovers(folder)?;
    for file in &found {
        match fs::remove_file(file) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(ImageError::io(
                    file,
                    file,
                    "remove the unfinished image",
                    error,
                ));
            }
        }
    }
    Ok(found)
}

fn owned(metadata: &fs::Metadata) -> bool {
    metadata.uid() == rustix::process::geteuid().as_raw()
}

fn is_ours(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    let Some(start) = name.len().checked_sub(RANDOM_LENGTH) else {
        return false;
    };
    let (front, random) = name.split_at(start);
    let Some(image) = front.strip_suffix(MARK.as_bytes()) else {
        return false;
    };
    image.len() > 1 && image[0] == b'.' && random.iter().all(u8::is_ascii_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_names() {
        for name in [
            ".root.img.domus-aB3x9Z",
            ".a.domus-000000",
            "..domus-x.domus-abcdef",
        ] {
            assert!(is_ours(OsStr::new(name)), "{name}");
        }
        for name in [
            "root.img",
            "root.img.domus-aB3x9Z",
            ".root.img",
            ".domus-abcdef",
            ".a.domus-abc",
            ".a.domus-abcdefg",
            ".a.domus-abc_ef",
            ".a.tmp-abcdef",
            "",
        ] {
            assert!(!is_ours(OsStr::new(name)), "{name}");
        }
    }
}
