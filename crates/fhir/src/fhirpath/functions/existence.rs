//! Whether there is something, and whether it is true.

use super::{Arguments, Function, boolean, just};
use crate::fhirpath::error::EvaluationError;
use crate::fhirpath::evaluate::{Found, truth};
use crate::fhirpath::item::{Collection, Item};

pub(super) fn apply<'a>(
    function: Function,
    input: Collection<'a>,
    arguments: &Arguments<'_, '_, 'a>,
) -> Found<'a> {
    match function {
        Function::Empty => boolean(input.is_empty()),
        Function::Exists if !arguments.has(0) => boolean(!input.is_empty()),
        Function::Exists => {
            for (index, item) in input.iter().enumerate() {
                if arguments.holds(item, index)? {
                    return boolean(true);
                }
            }
            boolean(false)
        }
        Function::All => {
            for (index, item) in input.iter().enumerate() {
                if !arguments.holds(item, index)? {
                    return boolean(false);
                }
            }
            boolean(true)
        }
        Function::AllTrue => boolean(booleans(&input)?.all(|value| value)),
        Function::AnyTrue => boolean(booleans(&input)?.any(|value| value)),
        Function::AllFalse => boolean(booleans(&input)?.all(|value| !value)),
        Function::AnyFalse => boolean(booleans(&input)?.any(|value| !value)),
        Function::Not => match truth(&input)? {
            Some(value) => boolean(!value),
            None => Ok(Vec::new()),
        },
        _ => just(Item::count(input.len())),
    }
}

/// The truth values of a collection that holds nothing else.
fn booleans(input: &[Item<'_>]) -> Result<impl Iterator<Item = bool>, EvaluationError> {
    let values: Option<Vec<bool>> = input
        .iter()
        .map(|item| match item {
            Item::Boolean(value) => Some(*value),
            Item::Element(element) => element.node?.as_bool(),
            _ => None,
        })
        .collect();
    let values = values.ok_or(EvaluationError::Expected("truth values only"))?;
    Ok(values.into_iter())
}
