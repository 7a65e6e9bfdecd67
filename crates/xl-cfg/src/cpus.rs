//! The grammar of `cpus` and `cpus_soft`.

use std::fmt;

use crate::SpecError;
use crate::grammar::Spelling;
use crate::ranges::{Range, Ranges, range};

/// On which physical processors the virtual ones of a guest run (`cpus`) or would rather run (`cpus_soft`).
///
/// By xl.cfg(5), `parse_vcpu_affinity` and `parse_cpurange` in `xl_parse.c`. A string is for every virtual processor; a
/// list has one string for each, and what it leaves over may run anywhere.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Cpus {
    /// The same for every virtual processor.
    Same(CpuSet),
    /// One for each virtual processor, from the first.
    PerVcpu(Vec<CpuSet>),
}

/// A set of physical processors: `all`, `0-3,5,^1`, `nodes:0-1,^2`.
///
/// By `update_cpumap_range` in `xl_parse.c`: the terms are taken one after the other, and each adds its processors or
/// takes them away. Terms that say the same in another way (`0,1,2` and `0-2`) become the same set, unless a NUMA node
/// stands between them, because only the host knows its processors.
///
/// # Stricter than xl
///
/// - A set that is empty, or from which everything is taken away: no guest can run there.
/// - A number with a sign, or above 4294967295.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CpuSet(Vec<CpuTerm>);

/// A part of a [`CpuSet`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CpuTerm {
    /// Every processor of the host: `all`.
    All,
    /// Processors by number.
    Cpus {
        /// Whether they are taken away: `^`.
        except: bool,
        /// The first.
        first: u32,
        /// The last.
        last: u32,
    },
    /// All processors of NUMA nodes: `nodes:`.
    Nodes {
        /// Whether they are taken away: `^`.
        except: bool,
        /// The first node.
        first: u32,
        /// The last node.
        last: u32,
    },
}

const KEY: &str = "cpus";

impl Cpus {
    /// Reads the string for every virtual processor.
    ///
    /// # Errors
    ///
    /// When it is no set of processors.
    pub fn parse(text: &str) -> Result<Self, SpecError> {
        CpuSet::parse(text).map(Self::Same)
    }

    /// Reads the list with one string for each virtual processor.
    ///
    /// # Errors
    ///
    /// When one of them is no set of processors.
    pub fn parse_list(items: &[&str]) -> Result<Self, SpecError> {
        let sets = items.iter().map(|item| CpuSet::parse(item));
        sets.collect::<Result<_, _>>().map(Self::PerVcpu)
    }

    /// The string or the list for xl.
    ///
    /// # Errors
    ///
    /// None today: there is no set that xl cannot read.
    pub fn to_spec(&self) -> Result<Spelling, SpecError> {
        match self {
            Self::Same(set) => set.to_spec().map(Spelling::Text),
            Self::PerVcpu(sets) => {
                let items = sets.iter().map(CpuSet::to_spec);
                items.collect::<Result<_, _>>().map(Spelling::List)
            }
        }
    }
}

impl CpuSet {
    /// The set that these terms make, one after the other.
    ///
    /// # Errors
    ///
    /// When a range goes down, or nothing is left.
    pub fn new(terms: &[CpuTerm]) -> Result<Self, SpecError> {
        for term in terms {
            if let CpuTerm::Cpus { first, last, .. } | CpuTerm::Nodes { first, last, .. } = term
                && last < first
            {
                let text = format!("{first}-{last}");
                return Err(SpecError::value(KEY, &text, "the range goes down"));
            }
        }
        let plain = plain(terms);
        let empty = plain.iter().all(|term| {
            matches!(
                term,
                CpuTerm::Cpus { except: true, .. } | CpuTerm::Nodes { except: true, .. }
            )
        });
        if empty {
            let text = Self(terms.to_vec()).to_string();
            return Err(SpecError::value(
                KEY,
                &text,
                "it leaves no processor; name some, or all",
            ));
        }
        Ok(Self(plain))
    }

    /// Every processor of the host.
    #[must_use]
    pub fn all() -> Self {
        Self(vec![CpuTerm::All])
    }

    /// The terms, in the order in which xl takes them.
    #[must_use]
    pub fn terms(&self) -> &[CpuTerm] {
        &self.0
    }

    /// Reads a set.
    ///
    /// # Errors
    ///
    /// When xl would refuse it, or it leaves no processor.
    pub fn parse(text: &str) -> Result<Self, SpecError> {
        let terms = text.split(',').filter(|term| !term.is_empty()).map(term);
        Self::new(&terms.collect::<Result<Vec<_>, _>>()?)
    }

    /// The string for xl.
    ///
    /// # Errors
    ///
    /// None today: there is no set that xl cannot read.
    pub fn to_spec(&self) -> Result<String, SpecError> {
        Ok(self.to_string())
    }
}

fn term(text: &str) -> Result<CpuTerm, SpecError> {
    let (except, rest) = match text.strip_prefix('^') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let nodes = rest
        .strip_prefix("nodes:")
        .or_else(|| rest.strip_prefix("node:"));
    if nodes.unwrap_or(rest) == "all" {
        return if except {
            Err(SpecError::value(KEY, text, "to take all away leaves none"))
        } else {
            Ok(CpuTerm::All)
        };
    }
    let bad = |_| {
        SpecError::value(
            KEY,
            text,
            "xl knows all, 5, 0-3, nodes:0 and nodes:0-1, with ^ in front to leave them out",
        )
    };
    if let Some(nodes) = nodes {
        let (first, last) = range(KEY, nodes).map_err(bad)?;
        return Ok(CpuTerm::Nodes {
            except,
            first,
            last,
        });
    }
    let (first, last) = range(KEY, rest).map_err(bad)?;
    Ok(CpuTerm::Cpus {
        except,
        first,
        last,
    })
}

/// The same terms with as few and as orderly words as may be.
fn plain(terms: &[CpuTerm]) -> Vec<CpuTerm> {
    // `all` makes whatever stands before it idle.
    let start = terms.iter().rposition(|term| *term == CpuTerm::All);
    let (all, terms) = match start {
        Some(start) => (true, &terms[start + 1..]),
        None => (false, terms),
    };
    let mut plain: Vec<CpuTerm> = all.then_some(CpuTerm::All).into_iter().collect();
    let with_nodes = terms
        .iter()
        .any(|term| matches!(term, CpuTerm::Nodes { .. }));
    if with_nodes {
        for run in terms.chunk_by(|left, right| kind(*left) == kind(*right)) {
            let mut ranges = Ranges::default();
            for term in run {
                let (_, first, last) = parts(*term);
                ranges.insert(first, last);
            }
            let like = run[0];
            plain.extend(
                ranges
                    .iter()
                    .map(|(first, last)| with_range(like, first, last)),
            );
        }
    } else {
        // Without `all` these are the processors themselves, with it those that are left out.
        let mut ranges = Ranges::default();
        for term in terms {
            let (except, first, last) = parts(*term);
            if except == all {
                ranges.insert(first, last);
            } else {
                ranges.remove(first, last);
            }
        }
        plain.extend(ranges.iter().map(|(first, last)| CpuTerm::Cpus {
            except: all,
            first,
            last,
        }));
    }
    plain
}

/// Terms of one kind may change places.
fn kind(term: CpuTerm) -> (bool, bool) {
    (matches!(term, CpuTerm::Nodes { .. }), parts(term).0)
}

fn parts(term: CpuTerm) -> (bool, u32, u32) {
    match term {
        CpuTerm::All => (false, 0, u32::MAX),
        CpuTerm::Cpus {
            except,
            first,
            last,
        }
        | CpuTerm::Nodes {
            except,
            first,
            last,
        } => (except, first, last),
    }
}

fn with_range(like: CpuTerm, first: u32, last: u32) -> CpuTerm {
    match like {
        CpuTerm::Nodes { except, .. } => CpuTerm::Nodes {
            except,
            first,
            last,
        },
        CpuTerm::Cpus { except, .. } => CpuTerm::Cpus {
            except,
            first,
            last,
        },
        CpuTerm::All => CpuTerm::All,
    }
}

impl fmt::Display for CpuSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, term) in self.0.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { "," })?;
            let (except, first, last) = parts(*term);
            let except = if except { "^" } else { "" };
            match term {
                CpuTerm::All => f.write_str("all")?,
                CpuTerm::Cpus { .. } => write!(f, "{except}{}", Range(first, last))?,
                CpuTerm::Nodes { .. } => write!(f, "{except}nodes:{}", Range(first, last))?,
            }
        }
        Ok(())
    }
}
