//! The guest's name, of which xl asks nothing but that it is set.

use bstr::ByteSlice as _;

use super::{Finding, Rule, Settings, Severity};
use crate::Value;

/// `libxl_domain.c` (`libxl__domain_rename`): only names that are not empty must differ, so the guest comes up without.
const EMPTY: &str =
    "xl starts the guest without a name, and no command finds it by one; give it a name";

const NO_UTF8: &str = "the name is not valid UTF-8, which no tool shows as it is; save the file as UTF-8, or write another name";

pub(super) fn judge(settings: &Settings<'_>, findings: &mut Vec<Finding>) {
    let Some(setting) = settings.get("name") else {
        return;
    };
    let (rule, message) = match setting.node.value() {
        Value::String(name) if name.is_empty() => (Rule::Missing, EMPTY),
        Value::String(name) if name.to_str().is_err() => (Rule::Syntax, NO_UTF8),
        _ => return,
    };
    findings.push(Finding {
        span: Some(setting.node.span.clone()),
        ..setting.finding(Severity::Error, rule, message)
    });
}
