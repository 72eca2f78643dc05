//! Many items to one value.

use super::{Arguments, Function, is_without_value};
use crate::fhirpath::arithmetic;
use crate::fhirpath::compare::order_items;
use crate::fhirpath::evaluate::{Found, Scope, apart};
use crate::fhirpath::item::{Collection, Item};

pub(super) fn apply<'a>(
    function: Function,
    input: Collection<'a>,
    arguments: &Arguments<'_, '_, 'a>,
) -> Found<'a> {
    if function == Function::Aggregate {
        return aggregate(&input, arguments);
    }
    if input.iter().any(is_without_value) {
        return Ok(Vec::new());
    }
    match function {
        Function::Sum => arithmetic::sum(&input, arguments.context),
        Function::Average => {
            let count = input.len();
            let sum = arithmetic::sum(&input, arguments.context)?;
            arithmetic::divided(sum, count, arguments.context)
        }
        _ => {
            let mut best: Option<Item<'a>> = None;
            for item in input {
                let is_better = match &best {
                    None => true,
                    Some(best) => match order_items(&item, best)? {
                        None => return Ok(Vec::new()),
                        Some(order) if function == Function::Min => order.is_lt(),
                        Some(order) => order.is_gt(),
                    },
                };
                if is_better {
                    best = Some(item);
                }
            }
            Ok(best.into_iter().collect())
        }
    }
}

fn aggregate<'a>(input: &[Item<'a>], arguments: &Arguments<'_, '_, 'a>) -> Found<'a> {
    let mut total = arguments.items(1)?;
    let Some(step) = arguments.expression(0) else {
        return Ok(total);
    };
    for (index, item) in input.iter().enumerate() {
        let scope = Scope {
            this: std::slice::from_ref(item),
            index: Some(index),
            total: Some(&total),
        };
        total = apart(step, scope, arguments.context)?;
    }
    Ok(total)
}
