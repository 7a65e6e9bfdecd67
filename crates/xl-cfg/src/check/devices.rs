//! Devices that cannot be there twice, or not as they are written.

use std::borrow::Cow;
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

/// Shares of the Dom0 that xl of Xen 4.17 and older would take for those of another domain: it does not forget the
/// backend of one share at the next (`xl_parse.c`).
fn shares(settings: &Settings<'_>, findings: &mut Vec<Finding>) {
    let mut before: Option<String> = None;
    for node in items(settings, "p9") {
        let Some(share) = text(node).and_then(|text| P9::parse(&text).ok()) else {
            continue;
        };
        match (share.backend, &before) {
            (Some(backend), _) => before = Some(backend),
            (None, Some(backend)) => findings.push(Finding {
                severity: Severity::Warning,
                rule: Rule::Together,
                key: Some("p9".to_owned()),
                span: Some(node.span.clone()),
                message: format!(
                    "up to Xen 4.17 xl gives it the backend of the share before it, {backend}; put the shares without a backend first"
                ),
            }),
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
