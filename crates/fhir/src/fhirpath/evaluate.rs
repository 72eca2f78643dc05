//! Evaluation: one walk over the expression, collections of borrowed nodes.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::arithmetic;
use super::compare::order;
use super::context::{Context, ITEMS_MAX};
use super::equality::{distinct, is_equal, is_equivalent, is_same_item};
use super::error::EvaluationError;
use super::expression::{Expr, Literal, Name, Operator, Step, TypeName};
use super::functions::{self, Function};
use super::item::{Collection, Item};
use super::navigate::children;
use super::types::{is_of, select_of};

/// What the names of an expression mean where it is evaluated.
#[derive(Clone, Copy)]
pub(super) struct Scope<'s, 'a> {
    /// `$this`.
    pub(super) this: &'s [Item<'a>],
    /// `$index`.
    pub(super) index: Option<usize>,
    /// `$total`.
    pub(super) total: Option<&'s [Item<'a>]>,
}

impl<'s, 'a> Scope<'s, 'a> {
    pub(super) fn of(this: &'s [Item<'a>]) -> Self {
        Self {
            this,
            index: None,
            total: None,
        }
    }

    /// The same with another `$this`.
    pub(super) fn with_this<'t>(self, this: &'t [Item<'a>]) -> Scope<'t, 'a>
    where
        's: 't,
    {
        Scope {
            this,
            index: self.index,
            total: self.total,
        }
    }
}

/// What a step gives.
pub(super) type Found<'a> = Result<Collection<'a>, EvaluationError>;

pub(super) fn evaluate<'a>(
    expression: &'a Expr,
    scope: Scope<'_, 'a>,
    context: &Context<'a>,
) -> Found<'a> {
    context.spend(1)?;
    match expression {
        Expr::This => Ok(scope.this.to_vec()),
        Expr::Index => Ok(scope.index.map(Item::count).into_iter().collect()),
        Expr::Total => Ok(scope.total.map(<[Item<'a>]>::to_vec).unwrap_or_default()),
        Expr::Variable(name) => {
            let items = context
                .variable(name)
                .ok_or_else(|| EvaluationError::NoVariable(name.clone()))?;
            context.spend(items.len())?;
            Ok(items)
        }
        Expr::Literal(literal) => Ok(literal.iter().map(item_of).collect()),
        Expr::Head(name) => head(name, scope.this, context),
        Expr::Path(start, steps) => {
            let (mut items, steps) = match (&**start, steps.split_first()) {
                // What begins with a function works on what is there.
                (Expr::This, Some((Step::Call(call), rest))) => {
                    context.spend(scope.this.len())?;
                    (
                        functions::apply(call, scope.this.to_vec(), scope, context)?,
                        rest,
                    )
                }
                (start, _) => (evaluate(start, scope, context)?, &steps[..]),
            };
            for step in steps {
                items = take_step(step, items, scope, context)?;
                if items.len() > ITEMS_MAX {
                    return Err(EvaluationError::TooManyItems);
                }
            }
            Ok(items)
        }
        Expr::Is(left, type_name) => {
            let items = evaluate(left, scope, context)?;
            is_type(&items, *type_name)
        }
        Expr::As(left, type_name) => {
            let items = evaluate(left, scope, context)?;
            as_type(items, *type_name, context)
        }
        Expr::Union(branches) => {
            let mut items = Vec::new();
            for branch in branches {
                items.extend(apart(branch, scope, context)?);
            }
            distinct(items, context)
        }
        Expr::Sign(is_negative, operand) => {
            let items = evaluate(operand, scope, context)?;
            arithmetic::sign(*is_negative, items)
        }
        Expr::Chain(first, rest) => {
            let mut left = apart(first, scope, context)?;
            for (operator, right) in rest {
                left = operate(*operator, left, right, scope, context)?;
            }
            Ok(left)
        }
    }
}

/// Evaluates what cannot see, nor be seen by, the variables of its neighbours.
pub(super) fn apart<'a>(
    expression: &'a Expr,
    scope: Scope<'_, 'a>,
    context: &Context<'a>,
) -> Found<'a> {
    let defined = context.defined();
    let found = evaluate(expression, scope, context);
    context.forget(defined);
    found
}

fn item_of(literal: &Literal) -> Item<'_> {
    match literal {
        Literal::Boolean(value) => Item::Boolean(*value),
        Literal::Integer(value) => Item::Integer(*value),
        Literal::Long(value) => Item::Long(*value),
        Literal::Decimal(value) => Item::Decimal(*value),
        Literal::String(text) => Item::String(Cow::Borrowed(text)),
        Literal::Date(value) => Item::Date(*value),
        Literal::DateTime(value) => Item::DateTime(*value),
        Literal::Time(value) => Item::Time(*value),
        Literal::Quantity(value) => Item::quantity(value.clone()),
    }
}

/// The name a path begins with: a type keeps the items that are of it, and a
/// tree without types is asked what it calls itself.
fn head<'a>(name: &'a Name, this: &[Item<'a>], context: &Context<'a>) -> Found<'a> {
    if !name
        .text
        .starts_with(|first: char| first.is_ascii_uppercase())
    {
        return member(this, &name.text, context);
    }
    let is_named = |item: &Item<'a>| match item {
        Item::Element(element) if element.type_id.is_some() => {
            name.type_id.is_some_and(|id| element.is_a(id))
        }
        Item::Element(element) => element
            .node
            .and_then(|node| node.text("resourceType"))
            .is_some_and(|own| own == name.text.as_str() || name.text == "Resource"),
        _ => false,
    };
    let found: Collection<'a> = this.iter().filter(|item| is_named(item)).cloned().collect();
    let is_untyped =
        |item: &Item<'a>| matches!(item, Item::Element(element) if element.type_id.is_none());
    if found.is_empty() && this.iter().any(is_untyped) {
        return member(this, &name.text, context);
    }
    Ok(found)
}

pub(super) fn member<'a>(items: &[Item<'a>], name: &'a str, context: &Context<'a>) -> Found<'a> {
    let mut found = Vec::new();
    for item in items {
        match item {
            Item::Element(element) => children(element, name, &mut found),
            Item::Type(info) => match name {
                "namespace" => found.push(Item::string(info.namespace)),
                "name" => found.push(Item::String(info.name.clone())),
                _ => {}
            },
            Item::Quantity(quantity) => match name {
                "value" => found.push(Item::Decimal(quantity.value)),
                "unit" => found.push(Item::string(quantity.unit.to_string())),
                _ => {}
            },
            _ => {}
        }
    }
    context.spend(items.len() + found.len())?;
    Ok(found)
}

fn take_step<'a>(
    step: &'a Step,
    mut items: Collection<'a>,
    scope: Scope<'_, 'a>,
    context: &Context<'a>,
) -> Found<'a> {
    context.spend(1)?;
    match step {
        Step::Member(name) => member(&items, &name.text, context),
        Step::Index(index) => match &apart(index, scope, context)?[..] {
            [] => Ok(Vec::new()),
            [index] => {
                let position = arithmetic::integer(index)?;
                let position = usize::try_from(position).ok();
                Ok(position
                    .and_then(|n| items.into_iter().nth(n))
                    .into_iter()
                    .collect())
            }
            _ => Err(EvaluationError::NotSingle),
        },
        Step::Call(call) => {
            context.spend(items.len())?;
            functions::apply(call, items, scope, context)
        }
        Step::Is(type_name) => is_type(&items, *type_name),
        Step::As(type_name) => as_type(items, *type_name, context),
        Step::OfType(type_name) => {
            items.retain(|item| select_of(item, *type_name));
            Ok(items)
        }
    }
}

fn is_type<'a>(items: &[Item<'a>], type_name: TypeName) -> Found<'a> {
    match items {
        [] => Ok(Vec::new()),
        [item] => Ok(vec![Item::Boolean(is_of(item, type_name))]),
        _ => Err(EvaluationError::NotSingle),
    }
}

fn as_type<'a>(mut items: Collection<'a>, type_name: TypeName, context: &Context<'a>) -> Found<'a> {
    // The standard's own search parameters apply `as` to many items at once.
    if items.len() > 1 && !context.is_lenient() {
        return Err(EvaluationError::NotSingle);
    }
    items.retain(|item| select_of(item, type_name));
    Ok(items)
}

/// The truth of a collection: its one truth value; true for one item of
/// another kind; nothing for none, or for a primitive without a value.
pub(super) fn truth(items: &[Item<'_>]) -> Result<Option<bool>, EvaluationError> {
    match items {
        [] => Ok(None),
        [Item::Boolean(value)] => Ok(Some(*value)),
        [Item::Element(element)] => Ok(element.node.map(|node| node.as_bool().unwrap_or(true))),
        [_] => Ok(Some(true)),
        _ => Err(EvaluationError::NotSingle),
    }
}

/// The truth of what an expression gives. The same as evaluating it and asking
/// [`truth`], without a collection for each part: criteria are evaluated most.
pub(super) fn truth_of<'a>(
    expression: &'a Expr,
    scope: Scope<'_, 'a>,
    context: &Context<'a>,
) -> Result<Option<bool>, EvaluationError> {
    match expression {
        Expr::Chain(first, rest) if rest.iter().all(|(operator, _)| operator.is_logic()) => {
            context.spend(1)?;
            let mut answer = truth_of(first, scope, context)?;
            for (operator, right) in rest {
                answer = combine(*operator, answer, || truth_of(right, scope, context))?;
            }
            return Ok(answer);
        }
        Expr::Chain(first, rest)
            if let [(operator @ (Operator::Equal | Operator::NotEqual), right)] = &rest[..] =>
        {
            context.spend(1)?;
            let left = apart(first, scope, context)?;
            return compared(*operator, &left, right, scope, context);
        }
        Expr::Path(start, steps)
            if let Some((Step::Call(call), before)) = steps.split_last()
                && call.arguments.is_empty()
                && !(before.is_empty() && matches!(**start, Expr::This))
                && matches!(call.function, Function::Exists | Function::Empty) =>
        {
            context.spend(2)?;
            let defined = context.defined();
            let mut items = evaluate(start, scope, context)?;
            for step in before {
                items = take_step(step, items, scope, context)?;
            }
            context.forget(defined);
            context.spend(items.len())?;
            return Ok(Some(items.is_empty() == (call.function == Function::Empty)));
        }
        _ => {}
    }
    truth(&apart(expression, scope, context)?)
}

/// Two truth values, of which any may be unknown. What the first one decides
/// alone spares the other.
fn combine(
    operator: Operator,
    left: Option<bool>,
    right: impl FnOnce() -> Result<Option<bool>, EvaluationError>,
) -> Result<Option<bool>, EvaluationError> {
    let decided = match (operator, left) {
        (Operator::And, Some(false)) => Some(false),
        (Operator::Or, Some(true)) | (Operator::Implies, Some(false)) => Some(true),
        _ => None,
    };
    if decided.is_some() {
        return Ok(decided);
    }
    let right = right()?;
    Ok(match operator {
        Operator::And if right == Some(false) => right,
        Operator::Or | Operator::Implies if right == Some(true) => right,
        Operator::Xor => left.zip(right).map(|(left, right)| left != right),
        // What is left says nothing unless both are known.
        _ => left.and(right),
    })
}

/// `=` and `!=`.
fn compared<'a>(
    operator: Operator,
    left: &[Item<'a>],
    right: &'a Expr,
    scope: Scope<'_, 'a>,
    context: &Context<'a>,
) -> Result<Option<bool>, EvaluationError> {
    let literal;
    let evaluated;
    let right = if let Expr::Literal(Some(value)) = right {
        context.spend(1)?;
        literal = item_of(value);
        std::slice::from_ref(&literal)
    } else {
        evaluated = apart(right, scope, context)?;
        &evaluated[..]
    };
    context.spend(left.len() + right.len())?;
    let is_equal = is_equal(left, right);
    Ok(is_equal.map(|is_equal| is_equal == (operator == Operator::Equal)))
}

fn operate<'a>(
    operator: Operator,
    left: Collection<'a>,
    right: &'a Expr,
    scope: Scope<'_, 'a>,
    context: &Context<'a>,
) -> Found<'a> {
    let answer = match operator {
        Operator::And | Operator::Or | Operator::Xor | Operator::Implies => {
            combine(operator, truth(&left)?, || truth_of(right, scope, context))?
        }
        Operator::Equal | Operator::NotEqual => compared(operator, &left, right, scope, context)?,
        _ => {
            let right = apart(right, scope, context)?;
            context.spend(left.len() + right.len())?;
            match operator {
                Operator::Equivalent => Some(is_equivalent(&left, &right, context)?),
                Operator::NotEquivalent => Some(!is_equivalent(&left, &right, context)?),
                Operator::Less => order(&left, &right)?.map(Ordering::is_lt),
                Operator::LessOrEqual => order(&left, &right)?.map(Ordering::is_le),
                Operator::Greater => order(&left, &right)?.map(Ordering::is_gt),
                Operator::GreaterOrEqual => order(&left, &right)?.map(Ordering::is_ge),
                Operator::In => membership(&left, &right)?,
                Operator::Contains => membership(&right, &left)?,
                _ => return arithmetic::operate(operator, &left, &right, context),
            }
        }
    };
    Ok(answer.map(Item::Boolean).into_iter().collect())
}

/// Whether one item is among others.
fn membership<'a>(one: &[Item<'a>], others: &[Item<'a>]) -> Result<Option<bool>, EvaluationError> {
    match one {
        [] => Ok(None),
        [one] => Ok(Some(
            others
                .iter()
                .any(|other| is_same_item(one, other) == Some(true)),
        )),
        _ => Err(EvaluationError::NotSingle),
    }
}
