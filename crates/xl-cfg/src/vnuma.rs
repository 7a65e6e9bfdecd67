//! The grammar of `vnuma = [ [ … ], … ]`.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::SpecError;
use crate::keyed::Keys;
use crate::number::decimal;
use crate::ranges::{Ranges, range};

/// A virtual NUMA node of an HVM or PVH guest. Its place in the list is its number.
///
/// By xl.cfg(5) and `parse_vnuma_config` in `xl_parse.c`. Each node is a list of four strings. A guest with virtual
/// nodes can be neither saved nor migrated.
///
/// # Stricter than xl
///
/// - A node that lacks one of the four, which the manual asks for: xl makes 0 of them.
/// - A key that xl does not know, or one twice: xl skips it, or takes the last (and the virtual processors of both).
/// - A range of virtual processors that cannot be read: xl goes on with the numbers it last saw.
/// - A number with anything after it, which xl does not look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VirtualNode {
    /// The host's node on which it lies.
    pub physical_node: u32,
    /// How much memory it has, in MiB. All nodes together are the guest's `maxmem`.
    pub size_mib: u32,
    /// The virtual processors that belong to it.
    pub vcpus: VcpuSet,
    /// How far it is to every node, itself included, in the list's order. 10 is the distance to itself.
    pub distances: Vec<u32>,
}

/// A set of virtual processors: `0-3,8`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct VcpuSet(Ranges);

static KEYS: Keys = Keys {
    trims: true,
    ..Keys::new(
        "a virtual NUMA node",
        &["pnode", "size", "vcpus", "vdistances"],
    )
};

impl VirtualNode {
    /// The strings for xl.
    ///
    /// # Errors
    ///
    /// When it has no virtual processor or no distance.
    pub fn to_spec(&self) -> Result<Vec<String>, SpecError> {
        self.check()?;
        let distances: Vec<String> = self.distances.iter().map(ToString::to_string).collect();
        Ok(vec![
            format!("pnode={}", self.physical_node),
            format!("size={}", self.size_mib),
            format!("vcpus={}", self.vcpus),
            format!("vdistances={}", distances.join(",")),
        ])
    }

    /// Reads the strings of one node.
    ///
    /// # Errors
    ///
    /// When one is missing or xl would refuse it, or read something else than what is written.
    pub fn parse(options: &[&str]) -> Result<Self, SpecError> {
        let mut given = BTreeMap::new();
        for option in options {
            let (key, value) = KEYS.pair(option)?;
            if given.insert(key, value).is_some() {
                return Err(SpecError::Twice { key });
            }
        }
        let take = |key: &'static str| {
            given.get(key).copied().ok_or(SpecError::Missing {
                key,
                reason: "a virtual NUMA node has pnode, size, vcpus and vdistances",
            })
        };
        let distance = |text| decimal("vdistances", text, 0..=u32::MAX);
        let node = Self {
            physical_node: decimal("pnode", take("pnode")?, 0..=u32::MAX)?,
            size_mib: decimal("size", take("size")?, 0..=u32::MAX)?,
            vcpus: take("vcpus")?.parse()?,
            distances: take("vdistances")?
                .split(',')
                .filter(|text| !text.is_empty())
                .map(distance)
                .collect::<Result<_, _>>()?,
        };
        node.check()?;
        Ok(node)
    }

    /// Checks what all nodes of a guest must have together.
    ///
    /// # Errors
    ///
    /// When a node does not give its distance to each node (xl would write past the end of its memory), or a virtual
    /// processor belongs to two nodes, which libxl refuses.
    pub fn check_all(nodes: &[Self]) -> Result<(), SpecError> {
        let mut seen = Ranges::default();
        for node in nodes {
            node.check()?;
            if node.distances.len() != nodes.len() {
                let reason = format!(
                    "there are {} nodes, and each needs its distance to every one of them",
                    nodes.len()
                );
                let given = node.distances.len().to_string();
                return Err(SpecError::value("vdistances", &given, reason));
            }
            for (first, last) in node.vcpus.0.iter() {
                if seen.overlaps(first, last) {
                    let vcpus = node.vcpus.to_string();
                    let reason = "a virtual processor belongs to one node only";
                    return Err(SpecError::value("vcpus", &vcpus, reason));
                }
                seen.insert(first, last);
            }
        }
        Ok(())
    }

    fn check(&self) -> Result<(), SpecError> {
        let missing = |key, reason| Err(SpecError::Missing { key, reason });
        if self.vcpus.0.is_empty() {
            return missing("vcpus", "a node needs a virtual processor");
        }
        if self.distances.is_empty() {
            return missing("vdistances", "a node needs its distance to every node");
        }
        Ok(())
    }
}

impl VcpuSet {
    /// The virtual processors from the first to the last of each range.
    #[must_use]
    pub fn new(ranges: &[std::ops::RangeInclusive<u32>]) -> Self {
        let mut set = Ranges::default();
        for range in ranges.iter().filter(|range| !range.is_empty()) {
            set.insert(*range.start(), *range.end());
        }
        Self(set)
    }

    /// The ranges, in order, none touching another.
    pub fn ranges(&self) -> impl Iterator<Item = std::ops::RangeInclusive<u32>> {
        self.0.iter().map(|(first, last)| first..=last)
    }
}

impl FromStr for VcpuSet {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        let mut set = Ranges::default();
        for word in text.split(',').filter(|word| !word.is_empty()) {
            let (first, last) = range("vcpus", word)?;
            set.insert(first, last);
        }
        Ok(Self(set))
    }
}

impl fmt::Display for VcpuSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
