//! Registers bit by bit: `7,0:ebx=xxxx…`.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::CpuidBit;
use crate::SpecError;
use crate::number::any_base;
use crate::words::words;

/// What the guest asks the processor for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Leaf {
    /// The leaf: what stands in `eax`.
    pub leaf: u32,
    /// The subleaf: what stands in `ecx`, for leaves that have some.
    pub subleaf: Option<u32>,
}

words! {
    /// A register of the answer.
    pub enum Register: exact "register" {
        /// The first.
        Eax = "eax",
        /// The second.
        Ebx = "ebx",
        /// The third.
        Ecx = "ecx",
        /// The fourth.
        Edx = "edx",
    }
}

/// What happens to each bit of a register, the highest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mask(pub [CpuidBit; 32]);

impl FromStr for Mask {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        let bits: Option<Vec<CpuidBit>> = text.chars().take(33).map(CpuidBit::of).collect();
        let bits = bits.and_then(|bits| bits.try_into().ok());
        bits.map(Self).ok_or_else(|| {
            SpecError::value(
                "bits",
                text,
                "a register has 32 bits, each 0, 1, x (what is safe) or k (what the host has)",
            )
        })
    }
}

impl fmt::Display for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|bit| bit.fmt(f))
    }
}

/// Reads one item of the list.
pub(super) fn read(item: &str) -> Result<(Leaf, BTreeMap<Register, Mask>), SpecError> {
    let Some((place, rest)) = item.split_once(':') else {
        return Err(SpecError::unknown(
            item,
            "a leaf is like 1:ecx=… or 7,0:ebx=…, with 32 bits for each register",
        ));
    };
    let (leaf, subleaf) = match place.split_once(',') {
        Some((leaf, subleaf)) => (leaf, Some(subleaf)),
        None => (place, None),
    };
    let leaf = Leaf {
        leaf: any_base("leaf", leaf, 0..=u32::MAX)?,
        subleaf: subleaf
            .map(|subleaf| any_base("subleaf", subleaf, 0..=LAST_SUBLEAF))
            .transpose()?,
    };
    let mut registers = BTreeMap::new();
    let mut words = rest.split(',').peekable();
    while let Some(word) = words.next() {
        // xl skips these after a comma, and takes a comma at the very end.
        let word = if registers.is_empty() {
            word
        } else {
            word.trim_start_matches([' ', '\n'])
        };
        if word.is_empty() && words.peek().is_none() && !registers.is_empty() {
            break;
        }
        let Some((register, mask)) = word.split_once('=') else {
            return Err(SpecError::unknown(word, "it needs 32 bits, like ecx=xxx…"));
        };
        let register: Register = register.parse()?;
        if registers.insert(register, mask.parse()?).is_some() {
            let key = register.as_str();
            return Err(SpecError::Twice { key });
        }
    }
    Ok((leaf, registers))
}

/// By the last one xl means that there is none (`XEN_CPUID_INPUT_UNUSED`).
const LAST_SUBLEAF: u32 = u32::MAX - 1;

/// Writes one item of the list.
pub(super) fn write(leaf: Leaf, registers: &BTreeMap<Register, Mask>) -> Result<String, SpecError> {
    let place = match leaf.subleaf {
        Some(subleaf) => format!("{:#x},{subleaf}", leaf.leaf),
        None => format!("{:#x}", leaf.leaf),
    };
    if registers.is_empty() {
        return Err(SpecError::value("leaf", &place, "it names no register"));
    }
    if leaf.subleaf.is_some_and(|subleaf| subleaf > LAST_SUBLEAF) {
        return Err(SpecError::value("leaf", &place, "xl takes no such subleaf"));
    }
    let registers = registers
        .iter()
        .map(|(register, mask)| format!("{register}={mask}"));
    Ok(format!(
        "{place}:{}",
        registers.collect::<Vec<_>>().join(",")
    ))
}
