//! Differences in reading a PCI device.

use xl_cfg::SpecError;

use super::{InStrings, Repair};
use crate::Answer;

/// The differences in reading a PCI device.
pub const IN_PCI: &[InStrings] = &[
    InStrings {
        name: "an address spelled as only sscanf reads it",
        reason: "Xen takes white space, a sign and 0x in front of its numbers, and what comes after the function in `bdf=` \
                 or an address alone is dropped",
        example: "bdf=03:00.0x1",
        repair: |stricter| {
            let address = stricter.value("bdf")?;
            let known = canonical(stricter.theirs);
            (!well_formed(address)).then(|| stricter.with(address, &known))
        },
    },
    InStrings {
        name: "a slot spelled as only sscanf reads it",
        reason: "Xen takes a sign in front of it, wraps one that is too large, and of `vslot=` drops what comes after the \
                 digits",
        example: "03:00.0,vslot=5x",
        repair: |stricter| {
            let slot = stricter.value("vslot")?;
            let digits = slot.bytes().all(|byte| byte.is_ascii_hexdigit());
            let plain = digits && u32::from_str_radix(slot, 16).is_ok_and(|slot| slot < 32);
            let Answer::Integer(number) = stricter.theirs.member("vdevfn") else {
                return None;
            };
            (!plain).then(|| stricter.with(slot, &format!("{:x}", number >> 3)))
        },
    },
    InStrings {
        name: "a switch that is no number",
        reason: "Xen's atoi makes 0 of `yes`, and drops what comes after a number",
        example: "03:00.0,permissive=yes",
        repair: |stricter| {
            SWITCHES.iter().find_map(|key| {
                let plain = |value: &str| {
                    // xl-cfg takes white space in front, as atoi does; what is too large wraps in Xen.
                    let digits = value.trim_start_matches([' ', '\t', '\n', '\x0b', '\x0c', '\r']);
                    digits.bytes().all(|byte| byte.is_ascii_digit())
                        && digits.parse::<i32>().is_ok()
                };
                if plain(stricter.value(key)?) {
                    return None;
                }
                // The last of them counts, and Xen says what it makes of it.
                let words: Vec<&str> = stricter.spec.split(',').collect();
                let before = format!("{key}=");
                let last = words.iter().rposition(|word| word.starts_with(&before))?;
                let meant = format!(
                    "{before}{}",
                    u8::from(*stricter.theirs.member(key) != Answer::Integer(0))
                );
                let repaired =
                    words
                        .iter()
                        .enumerate()
                        .map(|(at, word)| match word.strip_prefix(&before) {
                            Some(value) if at == last || !plain(value) => &meant,
                            _ => *word,
                        });
                Some(Repair::Text(repaired.collect::<Vec<_>>().join(",").into()))
            })
        },
    },
    InStrings {
        name: "a key of a PCI device twice",
        reason: "Xen takes the last, and drops what the one before said",
        example: "03:00.0,seize=0,seize=1",
        repair: |stricter| {
            let SpecError::Twice { key } = stricter.error else {
                return None;
            };
            let words: Vec<&str> = stricter.spec.split(',').collect();
            let says = |word: &str| match word.split_once('=') {
                Some((of, _)) => of == *key,
                None => *key == "bdf" || (*key == "vslot" && word.contains('@')),
            };
            // Without the first, Xen reads the same; the front of the string may say an address and a slot.
            let first = words.iter().position(|word| says(word))?;
            let kept = match (words[first].split_once('@'), *key) {
                (Some((_, slot)), "bdf") => Some(format!("vslot={slot}")),
                (Some((place, _)), "vslot") => Some(place.to_owned()),
                _ => None,
            };
            let mut left: Vec<&str> = words[..first].to_vec();
            left.extend(kept.as_deref());
            left.extend(&words[first + 1..]);
            Some(Repair::Text(left.join(",").into()))
        },
    },
    InStrings {
        name: "rdm_policy=invalid",
        reason: "libxl keeps the word for itself: it says that there is none",
        example: "03:00.0,rdm_policy=invalid",
        repair: |stricter| {
            let value = stricter.value("rdm_policy").or(stricter.value("policy"))?;
            value
                .eq_ignore_ascii_case("invalid")
                .then_some(Repair::AsItStands)
        },
    },
    InStrings {
        name: "an empty name of a PCI device",
        reason: "no device is named so",
        example: "name=",
        repair: |stricter| {
            (stricter.value_is("name", "name") == Some("")).then_some(Repair::AsItStands)
        },
    },
    InStrings {
        name: "a control character in a PCI device's name",
        reason: "no name that a person means has one, and xenstore and logs carry it badly",
        example: "name=a\tb",
        repair: |stricter| {
            let name = stricter.value_is("name", "name")?;
            let clean = name.replace(char::is_control, "_");
            (clean != name).then(|| stricter.with(name, &clean))
        },
    },
];

const SWITCHES: [&str; 4] = ["permissive", "msitranslate", "seize", "power_mgmt"];

/// Whether an address is as everybody writes it: no error about it can be meant.
fn well_formed(address: &str) -> bool {
    let hexadecimal = |digits: &str, most| {
        (1..=most).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
    };
    let Some((place, function)) = address.split_once('.') else {
        return false;
    };
    let parts: Vec<&str> = place.split(':').collect();
    let place_fits = match parts[..] {
        [domain, bus, dev] => hexadecimal(domain, 4) && hexadecimal(bus, 2) && hexadecimal(dev, 2),
        [bus, dev] => hexadecimal(bus, 2) && hexadecimal(dev, 2),
        _ => false,
    };
    place_fits && (function == "*" || hexadecimal(function, 1))
}

/// The address that Xen has read.
fn canonical(theirs: &Answer) -> String {
    let number = |member| match theirs.member(member) {
        Answer::Integer(number) => *number,
        _ => 0,
    };
    let all = number("vfunc_mask") != 1;
    let function = if all {
        "*".to_owned()
    } else {
        format!("{:x}", number("func"))
    };
    let (domain, bus, dev) = (number("domain"), number("bus"), number("dev"));
    format!("{domain:04x}:{bus:02x}:{dev:02x}.{function}")
}
