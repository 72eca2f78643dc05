//! JSON Patch (RFC 6902) over our own tree.

use std::collections::HashMap;

use super::pointer::{self, Pointer};
use super::{Fault, PATCH_OPERATIONS_MAX, PatchError, Work, extent};
use crate::json::{Kind, NESTING_MAX, Node, Value};

/// The operations of a JSON Patch.
#[derive(Debug, Clone)]
pub(super) struct JsonPatch(Vec<Operation>);

#[derive(Debug, Clone)]
enum Operation {
    Add(Pointer, Value),
    Remove(Pointer),
    Replace(Pointer, Value),
    Move { from: Pointer, to: Pointer },
    Copy { from: Pointer, to: Pointer },
    Test(Pointer, Value),
}

impl JsonPatch {
    pub(super) fn read(operations: Node<'_>) -> Result<Self, PatchError> {
        if operations.kind() != Kind::Array {
            return Err(PatchError::NoPatch);
        }
        if operations.len() > PATCH_OPERATIONS_MAX {
            return Err(PatchError::LimitExceeded {
                limit: "PATCH_OPERATIONS_MAX",
                max: PATCH_OPERATIONS_MAX,
            });
        }
        let read = operations.items().enumerate().map(|(at, operation)| {
            Operation::read(operation).map_err(|fault| PatchError::Unreadable { at, fault })
        });
        read.collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn apply(&self, mut root: Value) -> Result<Value, PatchError> {
        let mut work = Work::new();
        for (at, operation) in self.0.iter().enumerate() {
            work.spend(operation.cost(&root))?;
            operation
                .apply(&mut root)
                .map_err(|fault| PatchError::NotApplied { at, fault })?;
        }
        Ok(root)
    }
}

impl Operation {
    fn read(node: Node<'_>) -> Result<Self, Fault> {
        let pointer = |name: &'static str| {
            let text = node.text(name).ok_or(Fault::Part(name))?;
            Pointer::read(&text).ok_or(Fault::Part(name))
        };
        let value = || {
            node.get("value")
                .map(Value::from)
                .ok_or(Fault::Part("value"))
        };
        let name = node.text("op").ok_or(Fault::Part("op"))?;
        let path = pointer("path")?;
        Ok(match name.as_ref() {
            "add" => Self::Add(path, value()?),
            "remove" => Self::Remove(path),
            "replace" => Self::Replace(path, value()?),
            "test" => Self::Test(path, value()?),
            "copy" => Self::Copy {
                from: pointer("from")?,
                to: path,
            },
            "move" => {
                let from = pointer("from")?;
                if from.holds(&path) {
                    return Err(Fault::IntoItself);
                }
                Self::Move { from, to: path }
            }
            _ => return Err(Fault::Unknown),
        })
    }

    /// How much it reads, copies and moves up, in bytes or items.
    fn cost(&self, root: &Value) -> usize {
        match self {
            Self::Add(path, value) => extent(value).1 + path.list_len(root),
            Self::Replace(_, value) | Self::Test(_, value) => extent(value).1,
            Self::Remove(path) => path.list_len(root),
            Self::Move { from, to } | Self::Copy { from, to } => {
                let value = from.find(root).map_or(0, |value| extent(value).1);
                value + from.list_len(root) + to.list_len(root)
            }
        }
    }

    fn apply(&self, root: &mut Value) -> Result<(), Fault> {
        match self {
            Self::Add(path, value) => add(root, path, value.clone()),
            Self::Remove(path) => remove(root, path).map(drop),
            Self::Replace(path, value) => {
                path.find(root).ok_or(Fault::Nothing)?;
                // In its own place: the order of members stays.
                match path.split() {
                    None => *root = value.clone(),
                    Some((above, name)) => {
                        check_depth(path, value)?;
                        let place = pointer::find_mut(root, above)?;
                        match place {
                            Value::Array(items) => {
                                let at = pointer::position(name).ok_or(Fault::Nothing)?;
                                *items.get_mut(at).ok_or(Fault::Nothing)? = value.clone();
                            }
                            other => {
                                *other.get_mut(name).ok_or(Fault::Nothing)? = value.clone();
                            }
                        }
                    }
                }
                Ok(())
            }
            Self::Move { from, to } => {
                if from == to {
                    return from.find(root).map(drop).ok_or(Fault::Nothing);
                }
                let value = remove(root, from)?;
                add(root, to, value)
            }
            Self::Copy { from, to } => {
                let value = from.find(root).ok_or(Fault::Nothing)?.clone();
                add(root, to, value)
            }
            Self::Test(path, value) => {
                let found = path.find(root).ok_or(Fault::Nothing)?;
                if equal(found, value) {
                    Ok(())
                } else {
                    Err(Fault::TestFailed)
                }
            }
        }
    }
}

fn add(root: &mut Value, path: &Pointer, value: Value) -> Result<(), Fault> {
    check_depth(path, &value)?;
    let Some((above, name)) = path.split() else {
        *root = value;
        return Ok(());
    };
    match pointer::find_mut(root, above)? {
        Value::Array(items) => {
            let at = match name {
                "-" => items.len(),
                digits => pointer::position(digits).ok_or(Fault::Index)?,
            };
            if at > items.len() {
                return Err(Fault::Index);
            }
            items.insert(at, value);
        }
        object @ Value::Object(_) => object.set(name, value),
        _ => return Err(Fault::Nothing),
    }
    Ok(())
}

fn remove(root: &mut Value, path: &Pointer) -> Result<Value, Fault> {
    let Some((above, name)) = path.split() else {
        return Ok(std::mem::take(root));
    };
    match pointer::find_mut(root, above)? {
        Value::Array(items) => {
            let at = pointer::position(name).filter(|at| *at < items.len());
            Ok(items.remove(at.ok_or(Fault::Nothing)?))
        }
        object => object.remove(name).ok_or(Fault::Nothing),
    }
}

/// What is too deep to be read back is not built either: walking over it would
/// take more of the stack than there is.
fn check_depth(path: &Pointer, value: &Value) -> Result<(), Fault> {
    if path.len() + extent(value).0 > NESTING_MAX {
        return Err(Fault::TooDeep);
    }
    Ok(())
}

/// Equality of RFC 6902: numbers by value, objects without order.
fn equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one == other || exact(one).is_some_and(|one| exact(other) == Some(one))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| equal(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let other: HashMap<&str, &Value> = other
                .iter()
                .map(|(name, value)| (name.as_str(), value))
                .collect();
            one.len() == other.len()
                && one.iter().all(|(name, value)| {
                    let found = other.get(name.as_str());
                    found.is_some_and(|other| equal(value, other))
                })
        }
        _ => one == other,
    }
}

/// A number as sign, digits without zeros around them, and exponent; `None`
/// when the exponent is beyond all measure.
fn exact(number: &str) -> Option<(bool, String, i64)> {
    let (mantissa, exponent) = match number.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (number, 0),
    };
    let is_negative = mantissa.starts_with('-');
    let mantissa = mantissa.trim_start_matches('-');
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let kept = digits.trim_end_matches('0');
    let dropped = i64::try_from(digits.len() - kept.len()).ok()?;
    let exponent = i64::from(exponent) - i64::try_from(fraction.len()).ok()? + dropped;
    let kept = kept.trim_start_matches('0');
    if kept.is_empty() {
        return Some((false, String::new(), 0));
    }
    Some((is_negative, kept.to_owned(), exponent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_by_value() {
        for (one, other, expected) in [
            ("1", "1.0", true),
            ("100", "1e2", true),
            ("1.50", "1.5", true),
            ("0", "-0.0", true),
            ("1", "10", false),
            ("-1", "1", false),
            ("0.001", "1E-3", true),
            ("1e99999999999", "1e99999999999", true),
            ("1e99999999999", "1e99999999998", false),
        ] {
            let number = |digits: &str| Value::Number(digits.to_owned());
            assert_eq!(
                equal(&number(one), &number(other)),
                expected,
                "{one} {other}"
            );
        }
    }
}
