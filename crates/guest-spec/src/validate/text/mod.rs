//! Texts that the Dom0 or xl would refuse.

mod device;

use std::net::IpAddr;

pub(super) use device::{
    domain_problem, field_problem, host_problem, line_problem, overlap, whole, word_problem,
};

/// Says why a path cannot be a guest's; `None` for a good one.
#[must_use]
pub fn path_problem(path: &str) -> Option<String> {
    if path.contains(',') {
        return Some(format!(
            "{path:?} has a comma, which separates fields in xl's syntax; rename the file"
        ));
    }
    disk_path_problem(path)
}

/// Says why a path cannot be a disk's, which may have commas; `None` for a good one.
#[must_use]
pub fn disk_path_problem(path: &str) -> Option<String> {
    let why = if !path.starts_with('/') {
        "does not begin with a slash; write the whole path"
    } else if path.contains(|c: char| c.is_control()) {
        "has a line break or another control character; rename the file"
    } else if path.contains(['"', '\'', '\\']) {
        "has a quote or a backslash, which xl's configuration syntax reads for itself; rename the file"
    } else if path.split('/').any(|part| part == "..") {
        "has \"..\" in it; write where the file really is"
    } else if path.contains("//") || path.split('/').any(|part| part == ".") {
        "has an empty part; write it without"
    } else if path.ends_with('/') {
        "is a folder; write the path of a file or block device"
    } else {
        return None;
    };
    Some(format!("{path:?} {why}"))
}

/// Linux's `IFNAMSIZ` leaves 15 bytes for a name (`dev_valid_name` in net/core/dev.c).
pub(super) fn interface_problem(name: &str) -> Option<String> {
    let bad = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '/' | ':' | ',');
    if name.is_empty() || name.len() > 15 || name == "." || name == ".." || name.contains(bad) {
        Some(format!(
            "{name:?} is no name for a network interface: at most 15 characters, without spaces, slashes, colons and commas"
        ))
    } else {
        None
    }
}

/// Says why a text is no IP address with the length of its prefix; `None` for a good one.
pub(super) fn address_problem(text: &str) -> Option<String> {
    let example = "write it as in 10.10.0.1/24 or fd00::1/64";
    let Some((address, prefix)) = text.split_once('/') else {
        return Some(format!("{text:?} has no length of a prefix; {example}"));
    };
    let Ok(address) = address.parse::<IpAddr>() else {
        return Some(format!("{address:?} is no IP address; {example}"));
    };
    let most = if address.is_ipv4() { 32 } else { 128 };
    // Digits only: Rust's reader takes a plus sign too, and `ip` may read 010 as octal.
    let plain =
        prefix.bytes().all(|b| b.is_ascii_digit()) && (prefix == "0" || !prefix.starts_with('0'));
    match prefix.parse::<u8>() {
        Ok(length) if plain && length <= most => None,
        _ => Some(format!(
            "{prefix:?} is no length of a prefix, which is 0 to {most} here; {example}"
        )),
    }
}
