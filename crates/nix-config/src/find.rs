//! Where in a module an option is set, or may be.

use rnix::ast::{AttrSet, AttrpathValue, Entry, Expr, HasEntry};

use crate::error::place;
use crate::strings::attribute_name;
use crate::tree::{name, range, source};
use crate::{EditError, tree};

/// Everything in a module that has to do with one option.
pub(crate) struct Search<'a> {
    text: &'a str,
    /// The option's path in the file, which begins with `config` where the module has that.
    pub(crate) path: Vec<&'a str>,
    /// Bindings of exactly this option.
    pub(crate) exact: Vec<AttrpathValue>,
    /// Bindings of something inside it, and the name of that.
    pub(crate) inside: Vec<(AttrpathValue, Option<String>)>,
    /// What may set it, but cannot be read.
    pub(crate) unclear: Vec<Unclear>,
    /// Every set on the way, with how many parts of the path lead to it.
    pub(crate) sets: Vec<(usize, AttrSet)>,
}

/// A place that is not understood.
#[derive(Debug, Clone)]
pub(crate) struct Unclear {
    offset: usize,
    /// How many parts of the path lead to it.
    depth: usize,
    reason: String,
}

impl<'a> Search<'a> {
    pub(crate) fn new(text: &'a str, path: &[&'a str]) -> Result<Self, EditError> {
        if path.is_empty() {
            return Err(EditError::EmptyPath);
        }
        let root = tree::parse(text)?;
        let mut search = Self {
            text,
            path: path.to_vec(),
            exact: vec![],
            inside: vec![],
            unclear: vec![],
            sets: vec![],
        };
        match body(&root) {
            Ok(set) => {
                if has_config(&set) && path[0] != "config" {
                    search.path.insert(0, "config");
                }
                search.visit(&set, 0);
            }
            Err(unclear) => search.unclear.push(unclear),
        }
        Ok(search)
    }

    fn visit(&mut self, set: &AttrSet, depth: usize) {
        self.sets.push((depth, set.clone()));
        for entry in set.entries() {
            match entry {
                Entry::Inherit(inherit) => {
                    if inherit.attrs().any(|attribute| {
                        name(&attribute).is_some_and(|name| name == self.path[depth])
                    }) {
                        let reason = format!(
                            "`{}` is taken from elsewhere with `inherit`",
                            self.path[depth]
                        );
                        self.unclear.push(Unclear {
                            offset: range(&inherit).start,
                            depth,
                            reason,
                        });
                    }
                }
                Entry::AttrpathValue(entry) => self.visit_entry(&entry, depth),
            }
        }
    }

    fn visit_entry(&mut self, entry: &AttrpathValue, depth: usize) {
        let names = names(entry);
        let wanted = &self.path[depth..];
        for (part, wanted) in names.iter().zip(wanted) {
            match part {
                None => {
                    let reason = "a name is computed here, and may be this one".to_owned();
                    self.unclear.push(Unclear {
                        offset: range(entry).start,
                        depth,
                        reason,
                    });
                    return;
                }
                Some(part) if part != wanted => return,
                Some(_) => {}
            }
        }
        match names.len().cmp(&wanted.len()) {
            std::cmp::Ordering::Equal => self.exact.push(entry.clone()),
            std::cmp::Ordering::Greater => self
                .inside
                .push((entry.clone(), names[wanted.len()].clone())),
            std::cmp::Ordering::Less => {
                let depth = depth + names.len();
                match entry.value().as_ref().map(body) {
                    Some(Ok(set)) => self.visit(&set, depth),
                    Some(Err(unclear)) => self.unclear.push(Unclear { depth, ..unclear }),
                    None => {}
                }
            }
        }
    }

    /// The part of the option's path that is still to be written at an unclear place.
    pub(crate) fn rest(&self, unclear: &Unclear) -> String {
        dotted(&self.path[unclear.depth..])
    }

    /// How many parts of the path, from `depth` on, a binding begins with.
    pub(crate) fn common(&self, entry: &AttrpathValue, depth: usize) -> usize {
        let names = names(entry);
        names
            .iter()
            .zip(&self.path[depth..])
            .take_while(|(name, wanted)| name.as_deref() == Some(**wanted))
            .count()
    }

    /// The option as a person writes it.
    pub(crate) fn option(&self) -> String {
        dotted(&self.path)
    }

    pub(crate) fn error(
        &self,
        verb: &'static str,
        unclear: &Unclear,
        paste: Option<String>,
    ) -> EditError {
        let (line, column) = place(self.text, unclear.offset);
        EditError::Shape {
            path: self.option(),
            verb,
            line,
            column,
            reason: unclear.reason.clone(),
            paste,
        }
    }

    pub(crate) fn error_at(
        &self,
        verb: &'static str,
        offset: usize,
        reason: &str,
        paste: Option<String>,
    ) -> EditError {
        self.error(
            verb,
            &Unclear {
                offset,
                depth: 0,
                reason: reason.to_owned(),
            },
            paste,
        )
    }
}

/// A path as it stands before `=`.
pub(crate) fn dotted(path: &[&str]) -> String {
    path.iter()
        .map(|part| attribute_name(part))
        .collect::<Vec<_>>()
        .join(".")
}

fn names(entry: &AttrpathValue) -> Vec<Option<String>> {
    entry
        .attrpath()
        .map(|path| path.attrs().map(|part| name(&part)).collect())
        .unwrap_or_default()
}

/// A module with `config` or `options` at its top has its settings in `config`, says the module system.
fn has_config(set: &AttrSet) -> bool {
    set.entries().any(|entry| match entry {
        Entry::AttrpathValue(entry) => {
            matches!(names(&entry).first(), Some(Some(first)) if first == "config" || first == "options")
        }
        Entry::Inherit(_) => false,
    })
}

/// The set that an expression gives, behind a function's arguments, `let`, `with`, `assert` and parentheses.
pub(crate) fn body(expression: &Expr) -> Result<AttrSet, Unclear> {
    let inner = match expression {
        Expr::AttrSet(set) => return Ok(set.clone()),
        Expr::Lambda(lambda) => lambda.body(),
        Expr::LetIn(binding) => binding.body(),
        Expr::With(with) => with.body(),
        Expr::Assert(assertion) => assertion.body(),
        Expr::Paren(paren) => paren.expr(),
        _ => None,
    };
    match inner {
        Some(inner) => body(&inner),
        None => Err(Unclear {
            offset: range(expression).start,
            depth: 0,
            reason: shape(expression),
        }),
    }
}

/// What an expression is, when it is not what was hoped for.
pub(crate) fn shape(expression: &Expr) -> String {
    let shown = shorten(&source(expression));
    match expression {
        Expr::Apply(_) => {
            format!("`{shown}` calls a function, and what it gives is not known here")
        }
        Expr::IfElse(_) => format!("`{shown}` depends on a condition"),
        Expr::BinOp(_) => format!("`{shown}` is put together from several parts"),
        Expr::Ident(_) | Expr::Select(_) => {
            format!("`{shown}` is a name for something set elsewhere")
        }
        Expr::Str(_) => format!("`{shown}` has a computed part"),
        _ => format!("`{shown}` is not a plain value"),
    }
}

fn shorten(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.chars().count() <= 50 {
        words
    } else {
        words.chars().take(49).chain(['…']).collect()
    }
}
