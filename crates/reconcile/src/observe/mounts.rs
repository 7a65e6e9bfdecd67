//! The mount points of the Dom0.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::files::{self, FileError};
use crate::layout::Layout;

/// The mount points of the Dom0.
pub(crate) struct Mounts(BTreeSet<PathBuf>);

impl Mounts {
    /// From `/proc/self/mounts`, where spaces and the like are written in octal (getmntent(3)).
    pub(super) fn read(layout: &Layout) -> Result<Self, FileError> {
        let text = files::read_text(&layout.below("/proc/self/mounts"))?.unwrap_or_default();
        let points = text
            .lines()
            .filter_map(|line| line.split(' ').nth(1))
            .map(unescape);
        Ok(Self(points.map(PathBuf::from).collect()))
    }

    /// Whether something is mounted there.
    pub(crate) fn has(&self, point: &str) -> bool {
        self.0.contains(Path::new(point.trim_end_matches('/')))
    }
}

fn unescape(field: &str) -> String {
    [
        ("\\040", " "),
        ("\\011", "\t"),
        ("\\012", "\n"),
        ("\\134", "\\"),
    ]
    .iter()
    .fold(field.to_owned(), |text, (code, character)| {
        text.replace(code, character)
    })
}
