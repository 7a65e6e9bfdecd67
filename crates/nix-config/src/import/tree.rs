//! Options as they are gathered, and the set that they become.

use indexmap::IndexMap;

use crate::NixValue;
use crate::module::{Binding, Bound};

/// The comments that go with an option.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Comments {
    pub(super) above: Vec<String>,
    pub(super) beside: Option<String>,
}

impl Comments {
    pub(super) fn is_empty(&self) -> bool {
        self.above.is_empty() && self.beside.is_none()
    }

    /// Takes up others: what stands beside can only be one.
    pub(super) fn merge(&mut self, others: Self) {
        self.above.extend(others.above);
        match (&self.beside, others.beside) {
            (None, beside) => self.beside = beside,
            (Some(_), Some(more)) => self.above.push(more),
            (Some(_), None) => {}
        }
    }
}

/// A set of options, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Tree {
    branches: IndexMap<String, Branch>,
}

#[derive(Debug, Default)]
struct Branch {
    comments: Comments,
    value: Option<NixValue>,
    below: Tree,
}

impl Tree {
    /// Sets an option.
    pub(super) fn set(&mut self, path: &[&str], value: NixValue) {
        self.at(path).value = Some(value);
    }

    /// Whether an option, or one below it, is set.
    pub(super) fn has(&self, path: &[&str]) -> bool {
        let Some((first, rest)) = path.split_first() else {
            return true;
        };
        self.branches
            .get(*first)
            .is_some_and(|branch| rest.is_empty() || branch.below.has(rest))
    }

    /// Puts comments at an option.
    pub(super) fn comment(&mut self, path: &[&str], comments: Comments) {
        if !comments.is_empty() {
            self.at(path).comments.merge(comments);
        }
    }

    fn at(&mut self, path: &[&str]) -> &mut Branch {
        let (first, rest) = path.split_first().unwrap_or((&"", &[]));
        let branch = self.branches.entry((*first).to_owned()).or_default();
        if rest.is_empty() {
            branch
        } else {
            branch.below.at(rest)
        }
    }

    /// The bindings of the set, `last` at its end. What has one option below it is written on one line, as in
    /// `cpu.weight = 512;`.
    pub(super) fn bindings(self, last: &str) -> Vec<Binding> {
        let mut branches: Vec<_> = self.branches.into_iter().collect();
        branches.sort_by_key(|(name, _)| name == last);
        branches
            .into_iter()
            .map(|(name, branch)| branch.binding(name))
            .collect()
    }
}

impl Branch {
    fn binding(self, name: String) -> Binding {
        let mut comments = self.comments;
        let mut path = vec![name];
        let value = if let Some(value) = self.value {
            Bound::Value(value)
        } else {
            let mut below = self.below.bindings("");
            match below.pop() {
                Some(only) if below.is_empty() => {
                    comments.merge(Comments {
                        above: only.above,
                        beside: only.beside,
                    });
                    path.extend(only.path);
                    only.value
                }
                last => {
                    below.extend(last);
                    Bound::Set(below)
                }
            }
        };
        Binding {
            path,
            value,
            above: comments.above,
            beside: comments.beside,
        }
    }
}
