//! The functions.

use std::ops::RangeInclusive;

use super::compare::{is_equal, truth};
use super::evaluate::{Context, EvaluationError, distinct, evaluate};
use super::expression::Expr;
use super::item::{Collection, Item, children};

macro_rules! functions {
    ($($variant:ident $name:literal $arguments:expr, $doc:literal)*) => {
        /// A function of FHIRPath.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Function { $(#[doc = $doc] $variant),* }

        impl Function {
            pub(super) fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }

            /// How many arguments it takes.
            pub(super) fn arguments(self) -> RangeInclusive<usize> {
                match self { $(Self::$variant => $arguments),* }
            }
        }
    };
}

functions! {
    All "all" 1..=1, "Whether the criterion holds for every item."
    Count "count" 0..=0, "How many items."
    Distinct "distinct" 0..=0, "The items without repeats."
    Empty "empty" 0..=0, "Whether there is nothing."
    Exists "exists" 0..=1, "Whether there is something (that fits)."
    Extension "extension" 1..=1, "The extensions with a URL."
    First "first" 0..=0, "The first item."
    HasExtension "hasExtension" 1..=1, "Whether there is an extension with a URL."
    HasValue "hasValue" 0..=0, "Whether it is one primitive with a value."
    Last "last" 0..=0, "The last item."
    StartsWith "startsWith" 1..=1, "Whether a text begins with another."
    Not "not" 0..=0, "The opposite."
    Resolve "resolve" 0..=0, "The target of a reference."
    Select "select" 1..=1, "Something of every item."
    Skip "skip" 1..=1, "All but the first items."
    Tail "tail" 0..=0, "All but the first item."
    Take "take" 1..=1, "The first items."
    Where "where" 1..=1, "The items for which the criterion holds."
}

/// Applies a function to what is left of it.
pub(super) fn apply<'a>(
    function: Function,
    mut input: Collection<'a>,
    arguments: &'a [Expr],
    this: &[Item<'a>],
    context: &Context<'a>,
) -> Result<Collection<'a>, EvaluationError> {
    let boolean = |value| Ok(vec![Item::Boolean(value)]);
    match function {
        Function::Empty => boolean(input.is_empty()),
        Function::Exists if arguments.is_empty() => boolean(!input.is_empty()),
        Function::Exists => {
            for item in input {
                if holds(&arguments[0], item, context)? {
                    return boolean(true);
                }
            }
            boolean(false)
        }
        Function::All => {
            for item in input {
                if !holds(&arguments[0], item, context)? {
                    return boolean(false);
                }
            }
            boolean(true)
        }
        Function::Where => {
            let mut kept = Vec::new();
            for item in input {
                if holds(&arguments[0], item.clone(), context)? {
                    kept.push(item);
                }
            }
            Ok(kept)
        }
        Function::Select => {
            let mut found = Vec::new();
            for item in input {
                found.extend(evaluate(&arguments[0], &[item], context)?);
            }
            Ok(found)
        }
        Function::Not => match &input[..] {
            [] => Ok(input),
            _ => boolean(!truth(&input)?.unwrap_or(false)),
        },
        Function::Count => Ok(vec![Item::Number(input.len().to_string().into())]),
        Function::First => {
            input.truncate(1);
            Ok(input)
        }
        Function::Last => Ok(input.pop().into_iter().collect()),
        Function::Tail => Ok(input.into_iter().skip(1).collect()),
        Function::Skip => Ok(input
            .into_iter()
            .skip(number(&arguments[0], this, context)?)
            .collect()),
        Function::Take => {
            input.truncate(number(&arguments[0], this, context)?);
            Ok(input)
        }
        Function::Distinct => Ok(distinct(input)),
        Function::HasValue => boolean(match &input[..] {
            [Item::Element(element)] => element.primitive().is_some() && element.node.is_some(),
            [Item::Target(_)] | [] => false,
            [_] => true,
            _ => false,
        }),
        Function::StartsWith => {
            let prefix = evaluate(&arguments[0], this, context)?;
            match (text(&input), text(&prefix)) {
                (Some(text), Some(prefix)) => boolean(text.starts_with(&*prefix)),
                _ => Ok(Vec::new()),
            }
        }
        Function::Extension => extensions(&input, &arguments[0], this, context),
        Function::HasExtension => {
            boolean(!extensions(&input, &arguments[0], this, context)?.is_empty())
        }
        Function::Resolve => Ok(input
            .iter()
            .filter_map(|item| context.resolve(item))
            .collect()),
    }
}

fn holds<'a>(
    criterion: &'a Expr,
    item: Item<'a>,
    context: &Context<'a>,
) -> Result<bool, EvaluationError> {
    Ok(truth(&evaluate(criterion, &[item], context)?)? == Some(true))
}

fn number<'a>(
    argument: &'a Expr,
    this: &[Item<'a>],
    context: &Context<'a>,
) -> Result<usize, EvaluationError> {
    match &evaluate(argument, this, context)?[..] {
        [Item::Number(digits)] if digits.starts_with('-') => Ok(0),
        [Item::Number(digits)] => digits.parse().map_err(|_| EvaluationError::NotANumber),
        _ => Err(EvaluationError::NotANumber),
    }
}

/// The one text of a collection.
fn text<'a>(items: &[Item<'a>]) -> Option<std::borrow::Cow<'a, str>> {
    match items {
        [Item::String(text)] => Some(text.clone()),
        [Item::Element(element)] => element.text(),
        _ => None,
    }
}

/// The extensions of the items whose URL is the argument's.
fn extensions<'a>(
    input: &[Item<'a>],
    argument: &'a Expr,
    this: &[Item<'a>],
    context: &Context<'a>,
) -> Result<Collection<'a>, EvaluationError> {
    let url = evaluate(argument, this, context)?;
    let mut found = Vec::new();
    for item in input {
        if let Item::Element(element) = item {
            children(element, "extension", &mut found);
        }
    }
    context.spend(found.len())?;
    found.retain(|item| {
        let mut its = Vec::new();
        if let Item::Element(element) = item {
            children(element, "url", &mut its);
        }
        is_equal(&its, &url) == Some(true)
    });
    Ok(found)
}
