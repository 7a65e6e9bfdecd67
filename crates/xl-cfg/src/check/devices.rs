//! Devices that cannot be there twice.

use std::borrow::Cow;
use std::collections::HashMap;

use super::{Finding, Rule, Settings, Severity};
use crate::disk::Disk;
use crate::document::{Node, NodeKind};

pub(super) fn judge(settings: &Settings<'_>, findings: &mut Vec<Finding>) {
    let mut vdevs = HashMap::new();
    for (number, node) in items(settings, "disk").into_iter().enumerate() {
        let Some(text) = text(node) else { continue };
        let Ok(disk) = Disk::parse(&text) else {
            continue;
        };
        if disk.is_relative() {
            findings.push(Finding {
                severity: Severity::Warning,
                rule: Rule::Together,
                key: Some("disk".to_owned()),
                span: Some(node.span.clone()),
                message: format!(
                    "xl looks for `{}` in the directory where it is started; write the whole path, such as /dev/{0}",
                    disk.target
                ),
            });
        }
        if let Some(earlier) = vdevs.insert(disk.vdev.clone(), number + 1) {
            findings.push(Finding {
                severity: Severity::Error,
                rule: Rule::Together,
                key: Some("disk".to_owned()),
                span: Some(node.span.clone()),
                message: format!(
                    "the vdev {} is that of disk {earlier} already, and the guest would not start; give each its own",
                    disk.vdev
                ),
            });
        }
    }
}

/// The items of all parts of a list.
fn items<'a>(settings: &'a Settings<'_>, key: &str) -> Vec<&'a Node> {
    settings
        .parts(key)
        .into_iter()
        .filter_map(|setting| match &setting.node.kind {
            NodeKind::List(items) => Some(items),
            _ => None,
        })
        .flatten()
        .collect()
}

fn text(node: &Node) -> Option<String> {
    node.value().as_text().map(Cow::into_owned)
}
