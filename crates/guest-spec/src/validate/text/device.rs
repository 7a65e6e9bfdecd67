//! Texts of devices and processors.

use std::ops::RangeInclusive;

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

/// `0-3,5`: numbers and ranges that go up.
pub(in crate::validate) fn vcpu_ranges(text: &str) -> Option<Vec<RangeInclusive<u32>>> {
    text.split(',').map(range).collect()
}

fn range(text: &str) -> Option<RangeInclusive<u32>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        text.parse().ok().filter(|_| digits)
    };
    let (first, last): (u32, u32) = (number(first)?, number(last)?);
    (first <= last).then_some(first..=last)
}

/// Says why a text is no set of the host's processors (`parse_cpurange` in `xl_parse.c`).
pub(in crate::validate) fn cpu_set_problem(text: &str) -> Option<String> {
    let good = |item: &str| {
        let (taken, item) = item
            .strip_prefix('^')
            .map_or((false, item), |rest| (true, rest));
        let prefixes = ["nodes:", "node:"];
        let item = prefixes
            .iter()
            .find_map(|prefix| item.strip_prefix(prefix))
            .unwrap_or(item);
        (item == "all" && !taken) || range(item).is_some()
    };
    (!text.split(',').all(good)).then(|| {
        format!("{text:?} is no set of processors; write numbers, ranges that go up, nodes or \"all\", as in \"0-3,^1\" or \"node:0\"")
    })
}

/// Says why a text is not what xl takes for CPUID: features of all leaves, or the bits of one.
pub(in crate::validate) fn cpuid_problem(text: &str, flags: bool) -> Option<String> {
    let good = if flags { is_flags(text) } else { is_leaf(text) };
    (!good).then(|| {
        if flags {
            format!("{text:?} is no list of features; write \"host\" and then features, as in \"host,tm=0,sse3=0\"")
        } else {
            format!("{text:?} is no leaf; write its number, then registers with 32 bits of 0, 1, x, k or s each, as in \"1:ecx=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx0\"")
        }
    })
}

fn is_flags(text: &str) -> bool {
    let mut parts = text.split(',');
    let word = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
    parts.next() == Some("host")
        && parts.all(|part| {
            part.split_once('=')
                .is_some_and(|(name, value)| word(name) && word(value))
        })
}

fn is_leaf(text: &str) -> bool {
    let Some((leaf, registers)) = text.split_once(':') else {
        return false;
    };
    let number = |text: &str| {
        let digits = text.strip_prefix("0x").unwrap_or(text);
        !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit())
    };
    let register = |text: &str| {
        text.split_once('=').is_some_and(|(name, bits)| {
            ["eax", "ebx", "ecx", "edx"].contains(&name)
                && bits.len() == 32
                && bits.bytes().all(|b| b"01xks".contains(&b))
        })
    };
    leaf.split(',').count() <= 2
        && leaf.split(',').all(number)
        && registers.split(',').all(register)
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

    #[test]
    fn processors() {
        for good in [
            "all",
            "0",
            "0-3,5,^1",
            "nodes:0-3,^node:2",
            "all,^7",
            "nodes:all",
        ] {
            assert_eq!(cpu_set_problem(good), None, "{good}");
        }
        for bad in ["", "3-1", "^all", "^nodes:all", "a", "1,", "-1", "+1", "1 "] {
            assert!(cpu_set_problem(bad).is_some(), "{bad}");
        }
        assert_eq!(vcpu_ranges("0-1,3"), Some(vec![0..=1, 3..=3]));
        assert_eq!(vcpu_ranges("1-0"), None);
    }

    #[test]
    fn cpuid() {
        let bits = "x".repeat(32);
        assert_eq!(cpuid_problem("host,tm=0,family=6", true), None);
        assert_eq!(
            cpuid_problem(&format!("0x80000001,0:ecx={bits},edx={bits}"), false),
            None
        );
        for bad in ["", "tm=0", "host,tm", "host,=0", "host,tm="] {
            assert!(cpuid_problem(bad, true).is_some(), "{bad}");
        }
        for bad in [
            "1",
            "1:ecx=x",
            &format!("1:efx={bits}"),
            &format!(":eax={bits}"),
        ] {
            assert!(cpuid_problem(bad, false).is_some(), "{bad}");
        }
    }
}
