//! Texts of devices and processors.

use xl_cfg::pci::Bdf;

/// Says why a text is no name that every device string can carry; `None` for a good one.
pub(in crate::validate) fn word_problem(text: &str) -> Option<String> {
    let good = |c: char| c.is_ascii_alphanumeric() || "_.:-".contains(c);
    let first = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    (!first || !text.chars().all(good)).then(|| {
        format!(
            "{text:?} is to be letters, digits, dots, colons, dashes and underscores, the first a letter or a digit; rename it"
        )
    })
}

/// Says why a text is no field of a device string that is split at commas and equals signs.
pub(in crate::validate) fn field_problem(text: &str) -> Option<String> {
    let bad = |c: char| c.is_control() || ",=\"'\\".contains(c);
    (text.is_empty() || text.trim() != text || text.contains(bad)).then(|| {
        format!(
            "{text:?} is empty, or has a comma, an equals sign, a quote, a backslash, a control character, or a space at an end, which xl's syntax cannot carry; choose another"
        )
    })
}

/// Says why a text that may stand for a domain names none: what has digits only is a number to libxl, which reads
/// "00" as the Dom0 and cuts off what 32 bits do not hold (`libxl_domain_qualifier_to_domid`).
pub(in crate::validate) fn domain_problem(text: &str) -> Option<String> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_plain = text.len() <= 5 && (text == "0" || !text.starts_with('0'));
    (is_number && !is_plain).then(|| {
        format!("{text:?} is no number of a domain: that has at most five digits, and no zero in front; write the number so, or the domain's name")
    })
}

/// Says why a text is no address that a server listens at, without a port.
pub(in crate::validate) fn host_problem(text: &str) -> Option<String> {
    let good = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
    (text.is_empty() || !text.chars().all(good)).then(|| {
        format!(
            "{text:?} is no IPv4 address or host name; write one, without a port, as in 127.0.0.1"
        )
    })
}

/// Says why a text cannot stand on a line of its own.
pub(in crate::validate) fn line_problem(text: &str) -> Option<String> {
    (text.is_empty() || text.contains(char::is_control)).then(|| {
        format!("{text:?} is empty, or has a line break or another control character; write it on one line")
    })
}

/// A PCI device with all of its functions.
pub(in crate::validate) const fn whole(bdf: Bdf) -> Bdf {
    Bdf {
        function: None,
        ..bdf
    }
}

/// Whether two have a function in common.
pub(in crate::validate) fn overlap(a: Bdf, b: Bdf) -> bool {
    whole(a) == whole(b)
        && (a.function == b.function || a.function.is_none() || b.function.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pci_devices() {
        let bdf = |text: &str| -> Bdf { text.parse().unwrap() };
        assert!(overlap(bdf("03:00.*"), bdf("0000:03:00.7")));
        assert!(overlap(bdf("03:00.1"), bdf("03:00.1")));
        assert!(!overlap(bdf("03:00.1"), bdf("03:00.2")));
        assert!(!overlap(bdf("0001:03:00.*"), bdf("03:00.*")));
    }
}
