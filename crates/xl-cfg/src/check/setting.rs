//! The rules for one setting by itself.

use std::ops::Range;

use super::{Finding, Options, Rule, Setting, Severity, name_of, value};
use crate::document::Operator;
use crate::keys::{self, GuestType, KeyInfo, Shape, Treatment, Types};
use crate::nearest::nearest;

pub(super) fn judge(
    setting: &Setting<'_>,
    guest: Option<GuestType>,
    options: Options,
    findings: &mut Vec<Finding>,
) {
    let Some(info) = keys::get(setting.key) else {
        findings.push(unknown(setting));
        return;
    };
    findings.extend(other_xen(setting, info, options));
    findings.extend(guest.and_then(|guest| for_this_guest(setting, info, guest)));
    findings.extend(deprecated(setting, info));
    if setting.operator == Operator::Append && is_number(&info.shape) {
        findings.push(setting.finding(
            Severity::Error,
            Rule::AppendToNumber,
            "`+=` joins texts and lists; xl then does not read the number, and goes on without it; write `=`",
        ));
    }
    for mut issue in value::judge(&info.shape, setting.node, options.xen_minor) {
        // libxlu_cfg.c: of a value that is not of the kind asked for it prints a warning, and most callers go on.
        let whole = issue.span == setting.node.span;
        if whole && matches!(issue.rule, Rule::NotANumber | Rule::Shape) {
            issue
                .message
                .push_str(" (xl warns, and goes on without it)");
        }
        findings.push(Finding {
            severity: issue.severity,
            rule: issue.rule,
            key: Some(setting.key.to_owned()),
            span: Some(issue.span),
            message: issue.message,
        });
    }
}

fn unknown(setting: &Setting<'_>) -> Finding {
    let known: Vec<_> = keys::all().iter().map(|info| info.name).collect();
    let message = match nearest(setting.key, &known) {
        Some(near) => {
            format!("xl knows no such key, and ignores it without a word; did you mean `{near}`?")
        }
        None => "xl knows no such key, and ignores it without a word; remove it".to_owned(),
    };
    setting.finding(Severity::Error, Rule::UnknownKey, message)
}

fn other_xen(setting: &Setting<'_>, info: &KeyInfo, options: Options) -> Option<Finding> {
    let minor = options.xen_minor.filter(|minor| !info.read_by(*minor))?;
    let message = match (info.since, info.until) {
        (Some(since), _) if since > minor => {
            format!(
                "xl reads it since Xen 4.{since}, and that of 4.{minor} ignores it without a word"
            )
        }
        (_, Some(until)) => {
            format!(
                "xl read it up to Xen 4.{until}, and that of 4.{minor} ignores it without a word"
            )
        }
        _ => return None,
    };
    Some(setting.finding(Severity::Warning, Rule::OtherXen, message))
}

fn for_this_guest(setting: &Setting<'_>, info: &KeyInfo, guest: GuestType) -> Option<Finding> {
    let name = name_of(guest);
    // What xl has given up is no matter of the guest's type.
    if info.types == Types::NONE && info.deprecated.is_some() {
        return None;
    }
    if info.refused.contains(guest) {
        let message = format!("{name} guest does not start with this key; remove it");
        return Some(setting.finding(Severity::Error, Rule::NotForThisGuest, message));
    }
    if !info.types.contains(guest) {
        let types: Vec<_> = info
            .types
            .iter()
            .map(|guest| guest.word().to_uppercase())
            .collect();
        let message = match types.as_slice() {
            [] => "Xen does nothing with it any more; remove it".to_owned(),
            types => format!(
                "it has no effect on {name} guest; it is for {}",
                types.join(" and ")
            ),
        };
        return Some(setting.finding(Severity::Warning, Rule::NotForThisGuest, message));
    }
    None
}

fn deprecated(setting: &Setting<'_>, info: &KeyInfo) -> Option<Finding> {
    let deprecated = info.deprecated?;
    let instead = deprecated.instead;
    let message = match deprecated.treatment {
        Treatment::Silent | Treatment::Warns => format!("an old spelling; write {instead}"),
        Treatment::Ignores | Treatment::SilentlyIgnores => {
            format!("an old key, which xl no longer uses; write {instead}")
        }
    };
    Some(setting.finding(Severity::Warning, Rule::Deprecated, message))
}

/// Whether xl reads a number, and nothing else, from it.
fn is_number(shape: &Shape) -> bool {
    match shape {
        Shape::Integer(_) | Shape::Boolean => true,
        Shape::Old(shape) => is_number(shape),
        _ => false,
    }
}

/// A key that has a value already, which is lost.
pub(super) fn twice(
    setting: &Setting<'_>,
    earlier: &Setting<'_>,
    line: &dyn Fn(&Range<usize>) -> usize,
    findings: &mut Vec<Finding>,
) {
    if let Some(span) = &earlier.key_span {
        findings.push(setting.finding(
            Severity::Warning,
            Rule::SetTwice,
            format!(
                "it is set in line {} already; xl uses the last value, this one",
                line(span)
            ),
        ));
    }
}
