//! How large a disk is, for the guest and on the disk that it lies on.

use std::path::Path;

use disk_image::Format;
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

/// The sizes of what stands at a path; of what Domus cannot read, such as an image in another format, what it takes.
pub fn sizes(path: &Path, format: DiskFormat) -> Sizes {
    let known = match format {
        DiskFormat::Raw => Some(Format::Raw),
        DiskFormat::Qcow2 => Some(Format::Qcow2),
        _ => None,
    };
    let usage = disk_image::usage(path, known.unwrap_or(Format::Raw));
    usage.map_or_else(
        |_| Sizes::default(),
        |usage| Sizes {
            real_bytes: usage.allocated_bytes,
            virtual_bytes: usage.virtual_bytes.filter(|_| known.is_some()),
        },
    )
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
}
