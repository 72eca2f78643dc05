//! Choosing, tracing, the clock, variables and types.

use super::{Arguments, Function, boolean, just};
use crate::fhirpath::equality::quantities;
use crate::fhirpath::error::EvaluationError;
use crate::fhirpath::evaluate::{Found, apart, truth};
use crate::fhirpath::item::{Collection, Item};
use crate::fhirpath::types::type_info;

pub(super) fn apply<'a>(
    function: Function,
    input: Collection<'a>,
    arguments: &Arguments<'_, '_, 'a>,
) -> Found<'a> {
    let context = arguments.context;
    match function {
        Function::Iif => {
            if input.len() > 1 {
                return Err(EvaluationError::NotSingle);
            }
            // What it is called on is `$this` in all its arguments.
            let scope = arguments.scope.with_this(&input);
            let evaluate = |position: usize| match arguments.expression(position) {
                Some(argument) => apart(argument, scope, context),
                None => Ok(Vec::new()),
            };
            let is_true = truth(&evaluate(0)?)? == Some(true);
            evaluate(if is_true { 1 } else { 2 })
        }
        Function::Trace => {
            let name = arguments.text(0)?.unwrap_or_default();
            let mut shown = Vec::new();
            if arguments.has(1) {
                for (index, item) in input.iter().enumerate() {
                    shown.extend(arguments.for_item(1, item, index)?);
                }
            }
            if let Some(lookups) = context.lookups() {
                lookups.trace(&name, if arguments.has(1) { &shown } else { &input });
            }
            Ok(input)
        }
        Function::Now | Function::Today | Function::TimeOfDay => {
            let now = context
                .now()
                .ok_or(EvaluationError::CannotCheck("nobody said what time it is"))?;
            Ok(match function {
                Function::Now => vec![Item::DateTime(now)],
                Function::Today => vec![Item::Date(now.date())],
                _ => now.time.map(Item::Time).into_iter().collect(),
            })
        }
        Function::DefineVariable => {
            let name = arguments
                .text(0)?
                .ok_or(EvaluationError::Expected("the name of a variable"))?;
            let items = match arguments.expression(1) {
                Some(argument) => apart(argument, arguments.scope.with_this(&input), context)?,
                None => input.clone(),
            };
            context.define(name.into_owned(), items)?;
            Ok(input)
        }
        Function::Type => {
            context.spend(input.len())?;
            Ok(input.iter().map(type_info).collect())
        }
        // Comparable
        _ => {
            let (Some(one), Some(other)) = (super::one(input)?, arguments.item(0)?) else {
                return Ok(Vec::new());
            };
            let (Some(one), Some(other)) = (one.value(), other.value()) else {
                return boolean(false);
            };
            if let Some((one, other)) = quantities(&one, &other) {
                return boolean(one.is_comparable(&other));
            }
            let is_number = |item: &Item<'_>| crate::fhirpath::equality::decimal(item).is_some();
            if is_number(&one) && is_number(&other) {
                return just(Item::Boolean(true));
            }
            boolean(false)
        }
    }
}
