//! The images that no declared guest has any more.

use reconcile::{Orphan, Size};
use serde_json::{Value, json};

use super::sizes::human;
use crate::output::{DIM, styled};

/// A line for each, and what to do about them.
pub fn print(orphans: &[Orphan]) {
    for orphan in orphans {
        let size = match &orphan.size {
            Size::Of { usage, .. } => usage
                .virtual_bytes
                .map_or_else(|| "of unknown size".to_owned(), human),
            Size::Missing => "not there: removed, or not mounted".to_owned(),
            Size::Unknown(why) => why.clone(),
        };
        let line = format!(
            "orphaned: {} ({size}), last a disk of {}",
            orphan.path, orphan.owner
        );
        outln!("{}", styled(DIM, line));
    }
    if !orphans.is_empty() {
        outln!(
            "{}",
            styled(
                DIM,
                "`domus image list` says more, `domus image delete` deletes"
            )
        );
    }
}

/// The same for programs.
pub fn to_json(orphans: &[Orphan]) -> Value {
    let lines = orphans.iter().map(|orphan| {
        let usage = match &orphan.size {
            Size::Of { usage, .. } => Some(usage),
            _ => None,
        };
        json!({
            "path": orphan.path, "owner": orphan.owner,
            "virtualBytes": usage.and_then(|usage| usage.virtual_bytes),
            "realBytes": usage.and_then(|usage| usage.allocated_bytes),
        })
    });
    lines.collect()
}
