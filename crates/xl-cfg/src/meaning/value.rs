//! A value in one spelling.

use crate::grammar::Unit;
use crate::keys::Shape;
use crate::{Grammar, Value};

/// A value of this shape in one spelling; what does not fit stays as it is.
pub(super) fn plain(shape: &Shape, value: &Value) -> Value {
    match shape {
        Shape::Integer(_) => value
            .as_integer()
            .map_or_else(|| value.clone(), Value::from),
        Shape::Boolean => value
            .as_integer()
            .map_or_else(|| value.clone(), |number| (number != 0).into()),
        Shape::Uuid => lower_case(value),
        Shape::Words(words) => {
            let text = lower_case(value);
            let known = |text: &str| words.of(None).find(|word| word.starts_with(text));
            match text.as_text().as_deref().and_then(known) {
                Some(word) => word.into(),
                None => value.clone(),
            }
        }
        Shape::Spec(grammar) => string(*grammar, value),
        Shape::List(Shape::Spec(grammar)) if grammar.unit() != Unit::Item => list(*grammar, value),
        Shape::List(item) => match value {
            Value::List(items) => {
                Value::List(items.iter().map(|value| plain(item, value)).collect())
            }
            _ => value.clone(),
        },
        Shape::Either(shapes) => shapes
            .iter()
            .find(|shape| shape.fits(value))
            .map_or_else(|| value.clone(), |shape| plain(shape, value)),
        Shape::Old(shape) => plain(shape, value),
        Shape::Text | Shape::Path | Shape::Letters(_) => text(value),
    }
}

/// A number that is meant as text is its text.
fn text(value: &Value) -> Value {
    value
        .as_text()
        .map_or_else(|| value.clone(), |text| Value::from(text.into_owned()))
}

fn lower_case(value: &Value) -> Value {
    value
        .as_text()
        .map_or_else(|| value.clone(), |text| text.to_ascii_lowercase().into())
}

fn string(grammar: Grammar, value: &Value) -> Value {
    let Some(text) = value.as_text() else {
        return value.clone();
    };
    match grammar.canonical(&text) {
        Ok(text) => text.into(),
        Err(_) => value.clone(),
    }
}

fn list(grammar: Grammar, value: &Value) -> Value {
    let texts: Option<Vec<_>> = value
        .as_list()
        .and_then(|items| items.iter().map(Value::as_text).collect());
    let Some(texts) = texts else {
        return value.clone();
    };
    let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
    match grammar.canonical_list(&texts) {
        Ok(texts) => texts.into(),
        Err(_) => value.clone(),
    }
}
