//! Evaluation: one walk over the expression, collections of borrowed nodes.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use care::Bsn;

use super::compare::{is_equal, is_same_item, order, truth};
use super::expression::{Expr, Literal, Operator, TypeName};
use super::functions;
use super::item::{Collection, Element, Item, Target, children};
use crate::definitions::{self, Primitive};
use crate::json::Node;
use crate::search::ReferenceParts;

/// How many items one evaluation may look at. An expression of the standard
/// looks at each node of a resource a few times at most.
pub const STEPS_MAX: usize = 1_000_000;

/// Why an evaluation stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EvaluationError {
    /// Several items where one was needed.
    #[error("several items where one is needed")]
    NotSingle,
    /// Something else where a number was needed.
    #[error("not a number")]
    NotANumber,
    /// Two things that have no order.
    #[error("two things that cannot be compared")]
    NotComparable,
    /// More than [`STEPS_MAX`] steps.
    #[error("more than {STEPS_MAX} steps")]
    TooManySteps,
}

/// What an evaluation knows besides the item it starts from.
#[derive(Debug)]
pub struct Context<'a> {
    resource: Element<'a>,
    steps_left: Cell<usize>,
    contained: OnceCell<HashMap<Cow<'a, str>, Element<'a>>>,
}

impl<'a> Context<'a> {
    /// The context of a resource, `%resource`. Its budget of [`STEPS_MAX`] is
    /// shared by all evaluations with it.
    pub fn new(resource: Element<'a>) -> Self {
        Self::with_steps(resource, STEPS_MAX)
    }

    /// The same with another budget.
    pub fn with_steps(resource: Element<'a>, steps: usize) -> Self {
        Self {
            resource,
            steps_left: Cell::new(steps),
            contained: OnceCell::new(),
        }
    }

    /// Takes steps off the budget.
    pub(super) fn spend(&self, steps: usize) -> Result<(), EvaluationError> {
        match self.steps_left.get().checked_sub(steps) {
            Some(left) => {
                self.steps_left.set(left);
                Ok(())
            }
            None => Err(EvaluationError::TooManySteps),
        }
    }

    /// The target of a reference: the contained resource itself, or the type
    /// of a resource elsewhere when the reference tells it.
    pub(super) fn resolve(&self, item: &Item<'a>) -> Option<Item<'a>> {
        let Item::Element(element) = item else {
            return None;
        };
        let node = element.node?;
        let (reference, stated_type) = if element.primitive().is_some() {
            (node.as_str(), None)
        } else {
            (node.text("reference"), node.text("type"))
        };
        if let Some(id) = reference.as_deref().and_then(|text| text.strip_prefix('#')) {
            return match id {
                "" => Some(Item::Element(self.resource)),
                _ => self.contained().get(id).copied().map(Item::Element),
            };
        }
        let parts = reference.as_deref().map(ReferenceParts::parse);
        let told = parts
            .and_then(|parts| parts.resource_type)
            .or(stated_type.as_deref());
        // Who is known by BSN is referred to as a patient.
        let by_bsn = || is_by_bsn(node).then_some("Patient");
        let name = told.or_else(by_bsn)?;
        definitions::r4()
            .resource(name)
            .map(|id| Item::Target(Target(id)))
    }

    fn contained(&self) -> &HashMap<Cow<'a, str>, Element<'a>> {
        self.contained.get_or_init(|| {
            let all = self
                .resource
                .node
                .into_iter()
                .flat_map(|node| node.each("contained"));
            all.filter_map(|node| Some((node.text("id")?, Element::resource(node)?)))
                .collect()
        })
    }
}

/// Whether a logical reference is by citizen service number.
fn is_by_bsn(reference: Node<'_>) -> bool {
    let system = reference
        .get("identifier")
        .and_then(|identifier| identifier.text("system"));
    system.as_deref() == Some(Bsn::SYSTEM)
}

pub(super) fn evaluate<'a>(
    expression: &'a Expr,
    this: &[Item<'a>],
    context: &Context<'a>,
) -> Result<Collection<'a>, EvaluationError> {
    context.spend(1)?;
    match expression {
        Expr::This => Ok(this.to_vec()),
        Expr::Resource => Ok(vec![Item::Element(context.resource)]),
        Expr::Literal(literal) => Ok(literal.iter().map(item_of).collect()),
        Expr::Head(name) => match name.type_id {
            Some(type_id) => Ok(this
                .iter()
                .filter(|item| is_of(item, TypeName::Fhir(type_id)))
                .cloned()
                .collect()),
            None => member(this, &name.text, context),
        },
        Expr::Member(left, name) => member(&evaluate(left, this, context)?, &name.text, context),
        Expr::Index(left, index) => {
            let items = evaluate(left, this, context)?;
            match &evaluate(index, this, context)?[..] {
                [Item::Number(digits)] => {
                    let position = digits.parse::<usize>().ok();
                    Ok(position
                        .and_then(|n| items.into_iter().nth(n))
                        .into_iter()
                        .collect())
                }
                [] => Ok(Vec::new()),
                _ => Err(EvaluationError::NotANumber),
            }
        }
        Expr::Call(left, function, arguments) => {
            let input = evaluate(left, this, context)?;
            context.spend(input.len())?;
            functions::apply(*function, input, arguments, this, context)
        }
        Expr::Is(left, type_name) => {
            let items = evaluate(left, this, context)?;
            match &items[..] {
                [] => Ok(Vec::new()),
                [item] => Ok(vec![Item::Boolean(is_of(item, *type_name))]),
                _ => Err(EvaluationError::NotSingle),
            }
        }
        // FHIR's own expressions apply `as` to many items at once.
        Expr::As(left, type_name) => {
            let mut items = evaluate(left, this, context)?;
            items.retain(|item| is_of(item, *type_name));
            Ok(items)
        }
        Expr::Union(branches) => {
            let mut items = Vec::new();
            for branch in branches {
                items.extend(evaluate(branch, this, context)?);
            }
            context.spend(items.len())?;
            Ok(distinct(items))
        }
        Expr::Binary(operator, left, right) => {
            let left = evaluate(left, this, context)?;
            let right = evaluate(right, this, context)?;
            binary(*operator, &left, &right, context)
        }
    }
}

fn item_of(literal: &Literal) -> Item<'_> {
    match literal {
        Literal::Boolean(value) => Item::Boolean(*value),
        Literal::Number(digits) => Item::Number(Cow::Borrowed(digits)),
        Literal::String(text) => Item::String(Cow::Borrowed(text)),
    }
}

fn member<'a>(
    items: &[Item<'a>],
    name: &str,
    context: &Context<'a>,
) -> Result<Collection<'a>, EvaluationError> {
    let mut found = Vec::new();
    for item in items {
        if let Item::Element(element) = item {
            children(element, name, &mut found);
        }
    }
    context.spend(items.len() + found.len())?;
    Ok(found)
}

/// Up to this many items are compared pairwise; more are hashed.
const PAIRWISE_ITEMS_MAX: usize = 8;

/// The items without repeats, in their order.
pub(super) fn distinct<'a>(mut items: Collection<'a>) -> Collection<'a> {
    if items.len() > PAIRWISE_ITEMS_MAX {
        let mut seen = HashSet::with_capacity(items.len());
        items.retain(|item| seen.insert(key(item)));
        return items;
    }
    let mut kept: Collection<'a> = Vec::with_capacity(items.len());
    for item in items {
        if !kept.iter().any(|other| key(other) == key(&item)) {
            kept.push(item);
        }
    }
    kept
}

/// What makes two items the same for `|` and `distinct()`: their text as
/// written. Comparing texts keeps both linear.
fn key<'a>(item: &Item<'a>) -> Cow<'a, str> {
    match item {
        Item::Element(element) => {
            Cow::Borrowed(element.node.or(element.extras).map_or("", Node::raw))
        }
        Item::Target(target) => Cow::Borrowed(definitions::r4().get(target.0).name),
        Item::Boolean(value) => Cow::Borrowed(if *value { "true" } else { "false" }),
        Item::Number(digits) => digits.clone(),
        Item::String(text) => Cow::Owned(format!("\"{text}\"")),
    }
}

fn is_of(item: &Item<'_>, wanted: TypeName) -> bool {
    let definitions = definitions::r4();
    match (item, wanted) {
        (Item::Element(element), TypeName::Fhir(wanted)) => {
            definitions.is_a(element.type_id, wanted)
        }
        (Item::Target(target), TypeName::Fhir(wanted)) => definitions.is_a(target.0, wanted),
        // Literals and results are of the System types; FHIR types that bear
        // the same name, `boolean` and `string`, are not.
        (_, TypeName::Fhir(_)) | (Item::Target(_), _) => false,
        (Item::Boolean(_), wanted) => wanted == TypeName::SystemBoolean,
        (Item::Number(_), wanted) => wanted == TypeName::SystemNumber,
        (Item::String(_), wanted) => wanted == TypeName::SystemString,
        (Item::Element(element), wanted) => match element.primitive() {
            Some(Primitive::Boolean) => wanted == TypeName::SystemBoolean,
            Some(
                Primitive::Decimal
                | Primitive::Integer
                | Primitive::PositiveInt
                | Primitive::UnsignedInt,
            ) => wanted == TypeName::SystemNumber,
            Some(_) => wanted == TypeName::SystemString,
            None => false,
        },
    }
}

fn binary<'a>(
    operator: Operator,
    left: &[Item<'a>],
    right: &[Item<'a>],
    context: &Context<'a>,
) -> Result<Collection<'a>, EvaluationError> {
    context.spend(left.len() + right.len())?;
    let answer = match operator {
        Operator::Equal => is_equal(left, right),
        Operator::NotEqual => is_equal(left, right).map(|is_equal| !is_equal),
        Operator::Less => order(left, right)?.map(Ordering::is_lt),
        Operator::LessOrEqual => order(left, right)?.map(Ordering::is_le),
        Operator::Greater => order(left, right)?.map(Ordering::is_gt),
        Operator::GreaterOrEqual => order(left, right)?.map(Ordering::is_ge),
        Operator::In => membership(left, right)?,
        Operator::Contains => membership(right, left)?,
        Operator::And => match (truth(left)?, truth(right)?) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        },
        Operator::Or => match (truth(left)?, truth(right)?) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        },
        Operator::Xor => match (truth(left)?, truth(right)?) {
            (Some(left), Some(right)) => Some(left != right),
            _ => None,
        },
        Operator::Implies => match (truth(left)?, truth(right)?) {
            (Some(false), _) | (_, Some(true)) => Some(true),
            (Some(true), right) => right,
            (None, _) => None,
        },
    };
    Ok(answer.map(Item::Boolean).into_iter().collect())
}

/// Whether one item is among others.
fn membership<'a>(one: &[Item<'a>], others: &[Item<'a>]) -> Result<Option<bool>, EvaluationError> {
    match one {
        [] => Ok(None),
        [one] => Ok(Some(others.iter().any(|other| is_same_item(one, other)))),
        _ => Err(EvaluationError::NotSingle),
    }
}
