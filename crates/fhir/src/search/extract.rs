//! What a resource is found by.

use super::index_value::{Entry, IndexValue};
use super::parameter::{self, Compiled};
use super::values;
use crate::Resource;
use crate::fhirpath::{Context, Element, Item};

/// A composite gives at most this many combinations for one of its values, so
/// that codings times values stay few.
pub(super) const COMBINATIONS_MAX: usize = 64;

/// What the resource is found by: one entry for each value of each search
/// parameter of its type.
pub fn extract(resource: &Resource) -> Vec<Entry> {
    extract_parameters(resource, |_| true)
}

/// The same for the parameters whose code is wanted.
pub fn extract_parameters(resource: &Resource, is_wanted: impl Fn(&str) -> bool) -> Vec<Entry> {
    extract_all(resource, is_wanted, std::iter::empty())
}

/// The same with parameters that were added.
pub(super) fn extract_all<'c>(
    resource: &Resource,
    is_wanted: impl Fn(&str) -> bool,
    added: impl Iterator<Item = &'c Compiled>,
) -> Vec<Entry> {
    let name = resource.resource_type();
    let (Some(of_type), Some(root)) = (
        parameter::of_type(resource.version(), name),
        Element::resource_in(resource.version(), resource.root()),
    ) else {
        return Vec::new();
    };
    // The expressions of the standard are linear, and so are those that may be
    // added: no budget is needed, and none may run out halfway through an index.
    let context = Context::with_steps(root, usize::MAX).lenient();
    let mut entries = Vec::new();
    let mut found = Vec::new();
    for compiled in of_type
        .compiled(resource.version(), name)
        .iter()
        .chain(added)
    {
        if !is_wanted(&compiled.parameter.code) {
            continue;
        }
        found.clear();
        // Such an expression fails only on a resource of the wrong shape,
        // such as one with two `deceased` values: then nothing is found by it.
        let items = compiled.expression.evaluate(Item::Element(root), &context);
        for item in items.unwrap_or_default() {
            if compiled.components.is_empty() {
                values::add(compiled.parameter.kind, &item, &mut found);
            } else {
                add_composite(compiled, item, &context, &mut found);
            }
        }
        let parameter = compiled.parameter.id;
        entries.extend(found.drain(..).map(|value| Entry { parameter, value }));
    }
    entries
}

/// Adds every combination of the values of the components.
fn add_composite<'a>(
    compiled: &'a Compiled,
    item: Item<'a>,
    context: &Context<'a>,
    out: &mut Vec<IndexValue>,
) {
    let mut combinations = vec![Vec::new()];
    for (kind, expression) in &compiled.components {
        let mut found = Vec::new();
        for part in expression
            .evaluate(item.clone(), context)
            .unwrap_or_default()
        {
            values::add(*kind, &part, &mut found);
        }
        // A composite is asked for by code: text or a type alone is of no use in it.
        found.retain(|value| {
            !matches!(
                value,
                IndexValue::Token {
                    system: None,
                    code: None,
                    ..
                } | IndexValue::TypedIdentifier { .. }
            )
        });
        combinations = combinations
            .iter()
            .flat_map(|combination: &Vec<IndexValue>| {
                found.iter().map(|value| {
                    let mut combination = combination.clone();
                    combination.push(value.clone());
                    combination
                })
            })
            .take(COMBINATIONS_MAX)
            .collect();
    }
    out.extend(combinations.into_iter().map(IndexValue::Composite));
}
