//! Fixed and pattern values.

use crate::json::{Kind, Node, Value};

/// Whether a value is exactly the one that is prescribed.
pub(super) fn is_fixed(found: Node<'_>, wanted: &Value) -> bool {
    match (found.kind(), wanted) {
        (Kind::Object, Value::Object(members)) => {
            found.len() == members.len()
                && members.iter().all(|(name, wanted)| {
                    found.get(name).is_some_and(|value| is_fixed(value, wanted))
                })
        }
        (Kind::Array, Value::Array(items)) => {
            found.len() == items.len()
                && found
                    .items()
                    .zip(items)
                    .all(|(value, wanted)| is_fixed(value, wanted))
        }
        _ => is_same_leaf(found, wanted),
    }
}

/// Whether a value has at least what the pattern has.
pub(super) fn fits_pattern(found: Node<'_>, wanted: &Value) -> bool {
    match (found.kind(), wanted) {
        (Kind::Object, Value::Object(members)) => members.iter().all(|(name, wanted)| {
            found
                .get(name)
                .is_some_and(|value| fits_pattern(value, wanted))
        }),
        (Kind::Array, Value::Array(items)) => items
            .iter()
            .all(|wanted| found.items().any(|value| fits_pattern(value, wanted))),
        _ => is_same_leaf(found, wanted),
    }
}

fn is_same_leaf(found: Node<'_>, wanted: &Value) -> bool {
    match wanted {
        Value::String(text) => found.as_str().is_some_and(|found| found == *text),
        Value::Number(digits) => found.as_number().is_some_and(|found| {
            found == digits || found.parse::<f64>().ok() == digits.parse::<f64>().ok()
        }),
        Value::Bool(value) => found.as_bool() == Some(*value),
        _ => false,
    }
}
