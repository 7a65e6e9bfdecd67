//! Devices that cannot be there twice, or not as they are written.

use std::collections::HashMap;

use super::{Finding, Rule, Settings, Severity};
use crate::disk::Disk;
use crate::document::{Node, NodeKind};
use crate::p9::P9;
use crate::rdm::Rdm;

pub(super) fn judge(settings: &Settings<'_>, findings: &mut Vec<Finding>) {
    disks(settings, findings);
    shares(settings, findings);
    rdm(settings, findings);
}

fn disks(settings: &Settings<'_>, findings: &mut Vec<Finding>) {
    let mut vdevs = HashMap::new();
    for (number, node) in items(settings, "disk").into_iter().enumerate() {
        let Some(disk) = node.as_text().and_then(|text| Disk::parse(&text).ok()) else {
            continue;
        };
        if disk.is_relative() {
            let message = format!(
                "xl looks for `{}` in the directory where it is started; write the whole path, such as /dev/{0}",
                disk.target
            );
            findings.push(at_item("disk", node, Severity::Warning, message));
        }
        if let Some(earlier) = vdevs.insert(disk.vdev.clone(), number + 1) {
            let message = format!(
                "the vdev {} is that of disk {earlier} already, and the guest would not start; give each its own",
                disk.vdev
            );
            findings.push(at_item("disk", node, Severity::Error, message));
        }
    }
}

/// Shares of the Dom0 that xl of Xen 4.17 and older would take for those of another domain: it does not forget the
/// backend of one share at the next (`xl_parse.c`).
fn shares(settings: &Settings<'_>, findings: &mut Vec<Finding>) {
    let mut before: Option<String> = None;
    for node in items(settings, "p9") {
        let Some(share) = node.as_text().and_then(|text| P9::parse(&text).ok()) else {
            continue;
        };
        match (share.backend, &before) {
            (Some(backend), _) => before = Some(backend),
            (None, Some(backend)) => {
                let message = format!(
                    "up to Xen 4.17 xl gives it the backend of the share before it, {backend}; put the shares without a backend first"
                );
                findings.push(at_item("p9", node, Severity::Warning, message));
            }
            (None, None) => {}
        }
    }
}

/// Reserved memory, where xl reads something else than what stands there.
fn rdm(settings: &Settings<'_>, findings: &mut Vec<Finding>) {
    let Some(setting) = settings.get("rdm") else {
        return;
    };
    let read = setting.text().and_then(|text| Rdm::parse(&text).ok());
    if let Some(why) = read.and_then(Rdm::ignored_by_xl) {
        findings.push(setting.finding(Severity::Warning, Rule::Together, why));
    }
}

fn at_item(key: &str, node: &Node, severity: Severity, message: String) -> Finding {
    Finding {
        severity,
        rule: Rule::Together,
        key: Some(key.to_owned()),
        span: Some(node.span.clone()),
        message,
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
