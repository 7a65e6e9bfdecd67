//! PCI devices.

use xl_cfg::pci::{Bdf, Pci, PciDevice, RdmPolicy};

use super::Grammar;
use crate::Answer;
use crate::outcome::Outcome;
use crate::stricter::IN_PCI;

/// Whether both accept the address of a PCI device and understand the same, or both refuse it.
#[must_use]
pub fn pci_bdf(spec: &str) -> Outcome {
    BDF.compare(spec)
}

/// Whether both accept an item of `pci` and understand the same, or both refuse it.
#[must_use]
pub fn pci_spec(spec: &str) -> Outcome {
    PCI.compare(spec)
}

const BDF: Grammar = Grammar {
    ours: |spec| {
        let bdf: Bdf = spec.parse()?;
        Ok((of_pci(&Pci::new(bdf)), Ok(bdf.to_string())))
    },
    theirs: |spec| {
        if undefined(spec) {
            return Err(UNDEFINED);
        }
        Ok(crate::pci_bdf(spec.as_bytes()))
    },
    differences: IN_PCI,
};

const PCI: Grammar = Grammar {
    ours: |spec| Pci::parse(spec).map(|pci| (of_pci(&pci), pci.to_spec())),
    theirs: |spec| {
        let mut keyed = spec.split(',').filter_map(|word| word.strip_prefix("bdf="));
        if undefined(spec) || keyed.any(undefined) {
            return Err(UNDEFINED);
        }
        Ok(crate::pci_spec(spec.as_bytes()))
    },
    differences: IN_PCI,
};

/// A device as libxl's structure has it after `xlu_pci_parse_spec_string`.
fn of_pci(pci: &Pci) -> Answer {
    let (bdf, name) = match &pci.device {
        PciDevice::At(bdf) => (Some(bdf), None),
        PciDevice::Named(name) => (None, Some(name.as_str())),
    };
    let place = |number: fn(&Bdf) -> u32| Answer::Integer(bdf.map_or(0, number).into());
    let switch = |on: Option<bool>| Answer::from(on.unwrap_or_default());
    members! {
        "domain": place(|bdf| bdf.domain.into()),
        "bus": place(|bdf| bdf.bus.into()),
        "dev": place(|bdf| bdf.slot.into()),
        "func": place(|bdf| bdf.function.unwrap_or_default().into()),
        "vdevfn": Answer::Integer(i64::from(pci.virtual_slot.unwrap_or_default()) << 3),
        // LIBXL_PCI_FUNC_ALL, or the first.
        "vfunc_mask": place(|bdf| if bdf.function.is_some() { 1 } else { u32::MAX }),
        "msitranslate": switch(pci.msitranslate),
        "power_mgmt": switch(pci.power_mgmt),
        "permissive": switch(pci.permissive),
        "seize": switch(pci.seize),
        "rdm_policy": pci.rdm_policy.map_or("invalid", RdmPolicy::as_str),
        "name": name,
    }
}

const UNDEFINED: &str =
    "an address without a dot: parse_bdf in libxlu_pci.c goes on at an offset that was never set";

/// Whether `parse_bdf` would use its `n` without having set it: when `sscanf` gets all numbers, but no dot after them.
fn undefined(address: &str) -> bool {
    let counted = address
        .bytes()
        .take_while(|byte| byte.is_ascii_hexdigit() || *byte == b':');
    let numbers = match counted.filter(|byte| *byte == b':').count() {
        1 => 2,
        2 => 3,
        _ => return false,
    };
    let mut rest = address;
    for number in 0..numbers {
        if number > 0 {
            let Some(after) = rest.strip_prefix(':') else {
                return false;
            };
            rest = after;
        }
        let Some(after) = after_hexadecimal(rest) else {
            return false;
        };
        rest = after;
    }
    !rest.starts_with('.')
}

/// What comes after a number, as `sscanf` reads `%x`.
fn after_hexadecimal(text: &str) -> Option<&str> {
    let text = text.trim_start_matches([' ', '\t', '\n', '\x0b', '\x0c', '\r']);
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let bare = text
        .strip_prefix("0x")
        .or_else(|| text.strip_prefix("0X"))
        .unwrap_or(text);
    let after = bare.trim_start_matches(|c: char| c.is_ascii_hexdigit());
    // After `0x` alone there is a number, the 0, in some C libraries only.
    (after.len() < text.len()).then_some(after)
}
