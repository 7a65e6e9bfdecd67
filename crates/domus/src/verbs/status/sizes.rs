//! How large a disk is, for the guest and on the disk that it lies on.

use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;

use guest_spec::DiskFormat;
use serde::Serialize;

/// The sizes of a disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sizes {
    /// What it takes where it lies; nothing for a device, and for what cannot be looked at.
    pub real_bytes: Option<u64>,
    /// What the guest sees; nothing where that cannot be told.
    pub virtual_bytes: Option<u64>,
}

/// The sizes of what stands at a path.
pub fn sizes(path: &Path, format: DiskFormat) -> Sizes {
    let Ok(metadata) = fs::metadata(path) else {
        return Sizes::default();
    };
    if metadata.file_type().is_block_device() {
        let (major, minor) = (
            rustix::fs::major(metadata.rdev()),
            rustix::fs::minor(metadata.rdev()),
        );
        // In sectors of 512 bytes, whatever the device's own are.
        let sectors = fs::read_to_string(format!("/sys/dev/block/{major}:{minor}/size"));
        let sectors: Option<u64> = sectors.ok().and_then(|text| text.trim().parse().ok());
        return Sizes {
            real_bytes: None,
            virtual_bytes: sectors.map(|sectors| sectors * 512),
        };
    }
    let virtual_bytes = match format {
        DiskFormat::Raw => Some(metadata.len()),
        DiskFormat::Qcow2 => qcow2(path),
        _ => None,
    };
    Sizes {
        real_bytes: Some(metadata.blocks() * 512),
        virtual_bytes,
    }
}

/// The size in a qcow2 image's header (QEMU's docs/interop/qcow2.txt: bytes 24 to 31, big-endian).
fn qcow2(path: &Path) -> Option<u64> {
    let mut header = [0; 32];
    File::open(path).ok()?.read_exact(&mut header).ok()?;
    let size = header[24..].try_into().ok().map(u64::from_be_bytes);
    size.filter(|_| header.starts_with(b"QFI\xfb"))
}

/// A size in the unit that fits it: `16 MiB`, `1.5 GiB`.
pub fn human(bytes: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    // Tenths, rounded down: a size is never shown larger than it is.
    let mut tenths = u128::from(bytes) * 10 / 1024;
    let mut unit = 0;
    while tenths >= 10240 && unit + 1 < units.len() {
        tenths /= 1024;
        unit += 1;
    }
    match (tenths / 10, tenths % 10) {
        (whole, 0) => format!("{whole} {}", units[unit]),
        (whole, _) if whole >= 100 => format!("{whole} {}", units[unit]),
        (whole, tenth) => format!("{whole}.{tenth} {}", units[unit]),
    }
}

impl Sizes {
    /// `3.1 MiB of 16 MiB`.
    pub fn words(&self) -> String {
        match (self.real_bytes, self.virtual_bytes) {
            (Some(real), Some(virtual_)) => format!("{} of {}", human(real), human(virtual_)),
            (Some(real), None) => format!("{} on disk", human(real)),
            (None, Some(virtual_)) => human(virtual_),
            (None, None) => "-".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_in_words() {
        let mib = 1024 * 1024;
        let cases = [
            0,
            1023,
            1024,
            1536,
            mib,
            10 * mib + mib / 2,
            1024 * mib - 1,
            u64::MAX,
        ];
        let said: Vec<String> = cases.into_iter().map(human).collect();
        assert_eq!(
            said,
            [
                "0 B",
                "1023 B",
                "1 KiB",
                "1.5 KiB",
                "1 MiB",
                "10.5 MiB",
                "1023 MiB",
                "16383 PiB"
            ]
        );
    }

    #[test]
    fn a_sparse_file_takes_less_than_it_shows() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.img");
        File::create(&path).unwrap().set_len(1 << 30).unwrap();
        let found = sizes(&path, DiskFormat::Raw);
        assert_eq!(found.virtual_bytes, Some(1 << 30));
        assert!(found.real_bytes.unwrap() < 1 << 20);
        let mut header = b"QFI\xfb".to_vec();
        header.resize(24, 0);
        header.extend((5u64 << 30).to_be_bytes());
        fs::write(&path, &header).unwrap();
        assert_eq!(sizes(&path, DiskFormat::Qcow2).virtual_bytes, Some(5 << 30));
        assert_eq!(
            sizes(&folder.path().join("none"), DiskFormat::Raw),
            Sizes::default()
        );
    }
}
