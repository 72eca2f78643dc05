//! Texts. Places and lengths count characters.

use super::{Arguments, Function, boolean, is_without_value, just, nothing};
use crate::fhirpath::context::{ITEMS_MAX, TEXT_BYTES_MAX};
use crate::fhirpath::error::EvaluationError;
use crate::fhirpath::evaluate::Found;
use crate::fhirpath::item::{Collection, Item};

pub(super) fn apply<'a>(
    function: Function,
    input: Collection<'a>,
    arguments: &Arguments<'_, '_, 'a>,
) -> Found<'a> {
    let context = arguments.context;
    if function == Function::Join {
        return join(&input, arguments);
    }
    let Some(item) = super::one(input)? else {
        return nothing();
    };
    let Some(text) = super::text_of(&item)? else {
        return nothing();
    };
    context.spend_text(text.len())?;
    let made = |text: String| just(Item::string(text));
    match function {
        Function::Upper => return made(text.to_uppercase()),
        Function::Lower => return made(text.to_lowercase()),
        Function::Trim => return made(text.trim().to_owned()),
        Function::Length => return just(Item::count(text.chars().count())),
        Function::ToChars => {
            context.spend(text.len())?;
            return many(text.chars().map(|c| c.to_string()));
        }
        Function::Substring => return substring(&text, arguments),
        _ => {}
    }
    let Some(argument) = arguments.text(0)? else {
        return nothing();
    };
    context.spend_text(argument.len())?;
    let place = |found: Option<usize>| {
        let place = found.map(|at| text[..at].chars().count());
        just(place.map_or(Item::Integer(-1), Item::count))
    };
    match function {
        Function::IndexOf => place(text.find(&*argument)),
        Function::LastIndexOf => place(text.rfind(&*argument)),
        Function::StartsWith => boolean(text.starts_with(&*argument)),
        Function::EndsWith => boolean(text.ends_with(&*argument)),
        Function::Contains => boolean(text.contains(&*argument)),
        Function::Split => {
            context.spend(text.len())?;
            if argument.is_empty() {
                return many(text.chars().map(|c| c.to_string()));
            }
            many(text.split(&*argument).map(str::to_owned))
        }
        // Replace
        _ => {
            let Some(replacement) = arguments.text(1)? else {
                return nothing();
            };
            let places = text.matches(&*argument).count();
            let length = text.len() + places.saturating_mul(replacement.len());
            context.spend_text(length)?;
            made(text.replace(&*argument, &replacement))
        }
    }
}

fn many<'a>(texts: impl Iterator<Item = String>) -> Found<'a> {
    let items: Collection<'a> = texts.take(ITEMS_MAX + 1).map(Item::string).collect();
    if items.len() > ITEMS_MAX {
        return Err(EvaluationError::TooManyItems);
    }
    Ok(items)
}

fn substring<'a>(text: &str, arguments: &Arguments<'_, '_, 'a>) -> Found<'a> {
    let Some(start) = arguments.integer(0)? else {
        return nothing();
    };
    let length = arguments.integer(1)?;
    let Ok(start) = usize::try_from(start) else {
        return nothing();
    };
    let mut places = text.char_indices().map(|(at, _)| at);
    let Some(from) = places.nth(start) else {
        return nothing();
    };
    let rest = &text[from..];
    let length = match length {
        None => rest.len(),
        Some(length) => {
            let length = usize::try_from(length.max(0)).unwrap_or(usize::MAX);
            let end = rest.char_indices().map(|(at, _)| at).nth(length);
            end.unwrap_or(rest.len())
        }
    };
    just(Item::string(rest[..length].to_owned()))
}

fn join<'a>(input: &[Item<'a>], arguments: &Arguments<'_, '_, 'a>) -> Found<'a> {
    let separator = arguments.text(0)?.unwrap_or_default();
    if input.is_empty() {
        return nothing();
    }
    let mut joined = String::new();
    let mut is_first = true;
    for item in input.iter().filter(|item| !is_without_value(item)) {
        let text = item
            .text()
            .ok_or(EvaluationError::Expected("strings only"))?;
        if !is_first {
            joined.push_str(&separator);
        }
        is_first = false;
        joined.push_str(&text);
        if joined.len() > TEXT_BYTES_MAX {
            return Err(EvaluationError::TextTooLong);
        }
    }
    arguments.context.spend_text(joined.len())?;
    just(Item::string(joined))
}
