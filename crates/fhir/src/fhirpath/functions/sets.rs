//! Collections as sets, and put together. Each is one pass over both sides.

use super::{Arguments, Function, boolean};
use crate::fhirpath::equality::{Keys, distinct};
use crate::fhirpath::evaluate::Found;
use crate::fhirpath::item::Collection;

pub(super) fn apply<'a>(
    function: Function,
    mut input: Collection<'a>,
    arguments: &Arguments<'_, '_, 'a>,
) -> Found<'a> {
    let context = arguments.context;
    let mut other = arguments.items(0)?;
    context.spend(input.len() + other.len())?;
    match function {
        Function::SubsetOf | Function::SupersetOf => {
            let (small, large) = if function == Function::SubsetOf {
                (&input, &other)
            } else {
                (&other, &input)
            };
            let keys = Keys::of(large, context)?;
            for item in small {
                if !keys.contains(item, context)? {
                    return boolean(false);
                }
            }
            boolean(true)
        }
        Function::IsDistinct => {
            let count = input.len();
            boolean(distinct(input, context)?.len() == count)
        }
        Function::Distinct => distinct(input, context),
        Function::Combine => {
            input.append(&mut other);
            Ok(input)
        }
        Function::Union => {
            input.append(&mut other);
            distinct(input, context)
        }
        Function::Intersect => {
            let keys = Keys::of(&other, context)?;
            let mut kept = Vec::new();
            for item in distinct(input, context)? {
                if keys.contains(&item, context)? {
                    kept.push(item);
                }
            }
            Ok(kept)
        }
        // Exclude: what it keeps, it keeps as often as it was there.
        _ => {
            let keys = Keys::of(&other, context)?;
            let mut kept = Vec::new();
            for item in input {
                if !keys.contains(&item, context)? {
                    kept.push(item);
                }
            }
            Ok(kept)
        }
    }
}
