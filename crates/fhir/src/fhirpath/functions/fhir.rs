//! What FHIR adds.

use super::{Arguments, Function, boolean, is_without_value, nothing};
use crate::fhirpath::error::EvaluationError;
use crate::fhirpath::evaluate::Found;
use crate::fhirpath::item::{Collection, Element, Item};
use crate::fhirpath::navigate::children;
use crate::json::Kind;
use crate::narrative;

/// Where the profiles of FHIR itself are.
const BASE_PROFILE: &str = "http://hl7.org/fhir/StructureDefinition/";

pub(super) fn apply<'a>(
    function: Function,
    input: Collection<'a>,
    arguments: &Arguments<'_, '_, 'a>,
) -> Found<'a> {
    match function {
        Function::Extension => extensions(&input, arguments),
        Function::HasExtension => boolean(!extensions(&input, arguments)?.is_empty()),
        Function::HasValue => boolean(primitive(&input).is_some()),
        Function::GetValue => Ok(primitive(&input).into_iter().collect()),
        Function::Resolve => {
            let context = arguments.context;
            Ok(input
                .iter()
                .filter_map(|item| context.resolve(item))
                .collect())
        }
        Function::ConformsTo => conforms(input, arguments),
        Function::MemberOf => member_of(input, arguments),
        Function::CheckModifiers => check_modifiers(input, arguments),
        Function::HtmlChecks => {
            let is_sound = |item: &Item<'a>| {
                let text = item.text();
                text.is_some_and(|text| narrative::check(&text).is_ok())
            };
            for item in &input {
                if !is_sound(item) {
                    return boolean(false);
                }
            }
            boolean(true)
        }
        Function::ElementDefinition | Function::Slice => Err(EvaluationError::CannotCheck(
            "profiles are not at hand here",
        )),
        // Subsumes, SubsumedBy
        _ => Err(EvaluationError::CannotCheck(
            "code systems are not at hand here",
        )),
    }
}

/// The extensions of the items whose URL is the argument's.
fn extensions<'a>(input: &[Item<'a>], arguments: &Arguments<'_, '_, 'a>) -> Found<'a> {
    let Some(url) = arguments.text(0)? else {
        return nothing();
    };
    let mut found = Vec::new();
    for item in input {
        if let Item::Element(element) = item {
            children(element, "extension", &mut found);
        }
    }
    arguments.context.spend(found.len())?;
    found.retain(|item| match item {
        Item::Element(Element {
            node: Some(node), ..
        }) => node.text("url").is_some_and(|own| own == url),
        _ => false,
    });
    Ok(found)
}

/// The value of one primitive.
fn primitive<'a>(input: &[Item<'a>]) -> Option<Item<'a>> {
    match input {
        [Item::Element(element)] => {
            let node = element.node?;
            let is_leaf = !matches!(node.kind(), Kind::Object | Kind::Array);
            // The content of a narrative has no value, it is a tree of its own.
            let is_xhtml = element.primitive() == Some(crate::definitions::Primitive::Xhtml);
            if is_leaf && !is_xhtml {
                element.value()
            } else {
                None
            }
        }
        [Item::Target(_) | Item::Type(_) | Item::Quantity(_)] => None,
        [value] => Some(value.clone()),
        _ => None,
    }
}

fn conforms<'a>(input: Collection<'a>, arguments: &Arguments<'_, '_, 'a>) -> Found<'a> {
    let (Some(item), Some(profile)) = (super::one(input)?, arguments.text(0)?) else {
        return nothing();
    };
    let Item::Element(element) = &item else {
        return Err(EvaluationError::Expected("an element"));
    };
    // The profiles of FHIR itself say what the tables say: the type.
    let base = profile.strip_prefix(BASE_PROFILE);
    if let Some(type_id) = base.and_then(|name| element.definitions.find(name)) {
        return boolean(element.is_a(type_id));
    }
    let answer = arguments
        .context
        .lookups()
        .and_then(|lookups| lookups.conforms_to(element, &profile));
    match answer {
        Some(answer) => boolean(answer),
        None => Err(EvaluationError::CannotCheck("the profile is not known")),
    }
}

fn member_of<'a>(input: Collection<'a>, arguments: &Arguments<'_, '_, 'a>) -> Found<'a> {
    let (Some(item), Some(value_set)) = (super::one(input)?, arguments.text(0)?) else {
        return nothing();
    };
    if is_without_value(&item) {
        return nothing();
    }
    let unknown = EvaluationError::CannotCheck("the value set is not known");
    let lookups = arguments.context.lookups().ok_or_else(|| unknown.clone())?;
    if let Some(code) = item.text() {
        return boolean(lookups.member_of(None, &code, &value_set).ok_or(unknown)?);
    }
    let Item::Element(Element {
        node: Some(node), ..
    }) = &item
    else {
        return Err(EvaluationError::Expected(
            "a code, Coding or CodeableConcept",
        ));
    };
    let codings: Vec<_> = if node.get("coding").is_some() {
        node.each("coding").collect()
    } else {
        vec![*node]
    };
    for coding in codings {
        arguments.context.spend(1)?;
        let Some(code) = coding.text("code") else {
            continue;
        };
        let system = coding.text("system");
        if lookups
            .member_of(system.as_deref(), &code, &value_set)
            .ok_or_else(|| unknown.clone())?
        {
            return boolean(true);
        }
    }
    boolean(false)
}

/// Stops at a modifier extension that the caller does not know.
fn check_modifiers<'a>(input: Collection<'a>, arguments: &Arguments<'_, '_, 'a>) -> Found<'a> {
    let mut known = Vec::new();
    for position in 0..arguments.call.arguments.len() {
        known.extend(arguments.text(position)?);
    }
    for item in &input {
        let Item::Element(element) = item else {
            continue;
        };
        let mut modifiers = Vec::new();
        children(element, "modifierExtension", &mut modifiers);
        arguments.context.spend(modifiers.len())?;
        for modifier in modifiers {
            let Item::Element(Element {
                node: Some(node), ..
            }) = modifier
            else {
                continue;
            };
            if node.text("url").is_none_or(|url| !known.contains(&url)) {
                return Err(EvaluationError::CannotCheck(
                    "there is a modifier extension that is not known",
                ));
            }
        }
    }
    Ok(input)
}
