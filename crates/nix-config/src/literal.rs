//! From an expression to the value that it plainly is.

use rnix::ast::{AttrSet, Entry, Expr, HasEntry, LiteralKind, UnaryOpKind};

use crate::NixValue;
use crate::tree::{name, plain_string, source};

/// The value of an expression that can be replaced without losing anything: a literal, or a list or set of such.
/// Numbers with a point come as their text.
pub(crate) fn literal(expression: &Expr) -> Option<NixValue> {
    match expression {
        Expr::Paren(paren) => literal(&paren.expr()?),
        Expr::Literal(value) => Some(match value.kind() {
            LiteralKind::Integer(number) => match number.value() {
                Ok(number) => NixValue::Integer(number),
                Err(_) => NixValue::Raw(source(expression)),
            },
            LiteralKind::Float(_) | LiteralKind::Uri(_) => NixValue::Raw(source(expression)),
        }),
        Expr::UnaryOp(operation) if operation.operator() == Some(UnaryOpKind::Negate) => {
            match literal(&operation.expr()?)? {
                NixValue::Integer(number) => Some(NixValue::Integer(number.checked_neg()?)),
                NixValue::Raw(_) => Some(NixValue::Raw(source(expression))),
                _ => None,
            }
        }
        Expr::Ident(ident) => match source(ident).as_str() {
            "true" => Some(NixValue::Bool(true)),
            "false" => Some(NixValue::Bool(false)),
            "null" => Some(NixValue::Null),
            _ => None,
        },
        Expr::Str(string) => plain_string(string).map(NixValue::String),
        Expr::PathAbs(_) | Expr::PathRel(_) | Expr::PathHome(_) => {
            let text = source(expression);
            (!text.contains("${")).then_some(NixValue::Path(text))
        }
        Expr::PathSearch(_) => Some(NixValue::Raw(source(expression))),
        Expr::List(list) => list
            .items()
            .map(|item| literal(&item))
            .collect::<Option<_>>()
            .map(NixValue::List),
        Expr::AttrSet(set) => bindings(set).map(NixValue::AttrSet),
        _ => None,
    }
}

fn bindings(set: &AttrSet) -> Option<Vec<(String, NixValue)>> {
    if set.rec_token().is_some() {
        return None;
    }
    let mut bindings = Vec::new();
    for entry in set.entries() {
        let Entry::AttrpathValue(entry) = entry else {
            return None;
        };
        let path = entry
            .attrpath()?
            .attrs()
            .map(|part| name(&part))
            .collect::<Option<Vec<_>>>()?;
        add(&mut bindings, &path, literal(&entry.value()?)?)?;
    }
    Some(bindings)
}

/// `a.b = 1; a.c = 2;` is one set `a`.
fn add(bindings: &mut Vec<(String, NixValue)>, path: &[String], value: NixValue) -> Option<()> {
    let (first, rest) = path.split_first()?;
    let index = bindings.iter().position(|(name, _)| name == first);
    match (index, rest.is_empty()) {
        (None, true) => bindings.push((first.clone(), value)),
        (None, false) => {
            let mut inner = Vec::new();
            add(&mut inner, rest, value)?;
            bindings.push((first.clone(), NixValue::AttrSet(inner)));
        }
        (Some(index), _) => match (&mut bindings[index].1, value) {
            (NixValue::AttrSet(inner), value) if !rest.is_empty() => add(inner, rest, value)?,
            (NixValue::AttrSet(inner), NixValue::AttrSet(more)) => {
                for (name, value) in more {
                    add(inner, &[name], value)?;
                }
            }
            _ => return None,
        },
    }
    Some(())
}

/// Whether two values are one to Nix: sets have no order.
pub(crate) fn same(a: &NixValue, b: &NixValue) -> bool {
    match (a, b) {
        (NixValue::AttrSet(a), NixValue::AttrSet(b)) => {
            a.len() == b.len()
                && a.iter().all(|(name, value)| {
                    b.iter()
                        .any(|(other, other_value)| other == name && same(value, other_value))
                })
        }
        (NixValue::List(a), NixValue::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (a, b) => a == b,
    }
}
