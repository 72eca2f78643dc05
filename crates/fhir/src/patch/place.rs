//! Places in a resource for FHIRPath Patch: from an element that an expression
//! found to the member that holds it, and changes there.
//!
//! In JSON a primitive has two members: `given` and `_given`, its ids and
//! extensions. What is done with one is done with both here.

use super::Fault;
use crate::definitions::{Definitions, Element as Definition, Structure};
use crate::fhirpath::Element;
use crate::json::{Kind, Node, Value};

/// One step down in a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Member(String),
    Item(usize),
}

/// An element as the member of an object, or an item of a member that repeats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Where the object is that has it.
    pub(super) holder: Vec<Step>,
    /// The member, without the underscore of extensions.
    pub(super) member: String,
    /// Which item, when it repeats.
    pub(super) item: Option<usize>,
}

/// A value with the ids and extensions that stand beside a primitive.
#[derive(Debug, Clone, Default)]
pub(super) struct Content {
    pub(super) value: Option<Value>,
    pub(super) extras: Option<Value>,
}

/// The steps from the root of a document to an element of it.
pub(super) fn steps_to(root: Node<'_>, element: &Element<'_>) -> Result<Vec<Step>, Fault> {
    let wanted = element.node().or(element.extras).ok_or(Fault::NoElement)?;
    // A node of another document has a span too: only the same text will do.
    let within = root.raw().as_bytes().as_ptr_range();
    let start = wanted.raw().as_ptr();
    if start < within.start || start >= within.end {
        return Err(Fault::NoElement);
    }
    let (root_span, wanted) = (root.span(), wanted.span());
    let mut steps = Vec::new();
    let mut node = root;
    let mut span = root_span;
    while span != wanted {
        let inside = |node: Node<'_>| {
            let span = node.span();
            span.start <= wanted.start && wanted.end <= span.end
        };
        let next = match node.kind() {
            Kind::Object => node
                .members()
                .find(|(_, value)| inside(*value))
                .map(|(name, value)| (Step::Member(name.into_owned()), value)),
            _ => node
                .items()
                .enumerate()
                .find(|(_, item)| inside(*item))
                .map(|(at, item)| (Step::Item(at), item)),
        };
        let (step, found) = next.ok_or(Fault::NoElement)?;
        steps.push(step);
        node = found;
        span = node.span();
    }
    Ok(steps)
}

impl Place {
    /// The place that steps lead to; the root is none.
    pub(super) fn of(mut steps: Vec<Step>) -> Result<Self, Fault> {
        let (member, item) = match (steps.pop(), steps.last()) {
            (Some(Step::Member(name)), _) => (name, None),
            (Some(Step::Item(at)), Some(Step::Member(name))) => {
                let name = name.clone();
                steps.pop();
                (name, Some(at))
            }
            _ => return Err(Fault::NoElement),
        };
        let member = member
            .strip_prefix('_')
            .map_or(member.clone(), str::to_owned);
        Ok(Self {
            holder: steps,
            member,
            item,
        })
    }

    /// How many values the member holds that it is in.
    pub(super) fn len(&self, root: &Value) -> usize {
        let holder = find(root, &self.holder);
        let len = |name: &str| holder.and_then(|one| one.get(name)).map_or(0, count);
        len(&self.member).max(len(&beside(&self.member)))
    }

    /// Puts content in the place of what is here. `member` is what it is called
    /// from now on: another type of a choice has another name.
    pub(super) fn replace(
        &self,
        root: &mut Value,
        member: &str,
        content: Content,
    ) -> Result<(), Fault> {
        let item = self.item;
        let holder = find_mut(root, &self.holder).ok_or(Fault::Nothing)?;
        if let Some(at) = item {
            edit(holder, member, |values| {
                *values.get_mut(at).ok_or(Fault::Nothing)? = content;
                Ok(())
            })
        } else {
            rename(holder, &self.member, member);
            put(holder, member, content.value);
            put(holder, &beside(member), content.extras);
            Ok(())
        }
    }

    /// Takes away what is here, and what is empty then.
    pub(super) fn delete(&self, root: &mut Value) -> Result<(), Fault> {
        let holder = find_mut(root, &self.holder).ok_or(Fault::Nothing)?;
        match self.item {
            None => {
                holder.remove(&self.member);
                holder.remove(&beside(&self.member));
            }
            Some(at) => edit(holder, &self.member, |values| {
                if at >= values.len() {
                    return Err(Fault::Nothing);
                }
                values.remove(at);
                Ok(())
            })?,
        }
        if !holder.members().is_empty() || self.holder.is_empty() {
            return Ok(());
        }
        // FHIR has no empty elements: what held it goes with it.
        Self::of(self.holder.clone())?.delete(root)
    }

    /// Puts content before the item `index` of the list that this is in.
    pub(super) fn insert(
        &self,
        root: &mut Value,
        index: usize,
        content: Content,
    ) -> Result<(), Fault> {
        let holder = find_mut(root, &self.holder).ok_or(Fault::Nothing)?;
        edit(holder, &self.member, |values| {
            if index > values.len() {
                return Err(Fault::Index);
            }
            values.insert(index, content);
            Ok(())
        })
    }

    /// Moves an item of the list that this is in.
    pub(super) fn reorder(
        &self,
        root: &mut Value,
        source: usize,
        destination: usize,
    ) -> Result<(), Fault> {
        let holder = find_mut(root, &self.holder).ok_or(Fault::Nothing)?;
        edit(holder, &self.member, |values| {
            if source >= values.len() || destination >= values.len() {
                return Err(Fault::Index);
            }
            let moved = values.remove(source);
            values.insert(destination, moved);
            Ok(())
        })
    }
}

/// Adds an element to the object at `steps`: at the end of a list, or where
/// there is nothing yet.
pub(super) fn add(
    root: &mut Value,
    steps: &[Step],
    definition: &Definition,
    member: &str,
    content: Content,
) -> Result<(), Fault> {
    let holder = find_mut(root, steps).ok_or(Fault::Nothing)?;
    if definition.max == 1 {
        let is_there = definition
            .forms
            .iter()
            .any(|form| holder.get(&form.member).is_some() || holder.get(&form.extras).is_some());
        if is_there {
            return Err(Fault::Taken);
        }
        put(holder, member, content.value);
        put(holder, &beside(member), content.extras);
        return Ok(());
    }
    edit(holder, member, |values| {
        values.push(content);
        Ok(())
    })
}

/// The object that holds ids and extensions of the primitive at `steps`; made
/// when there is none yet.
pub(super) fn extras_of(root: &mut Value, steps: &[Step]) -> Result<Vec<Step>, Fault> {
    let place = Place::of(steps.to_vec())?;
    let name = beside(&place.member);
    let holder = find_mut(root, &place.holder).ok_or(Fault::Nothing)?;
    let mut path = place.holder.clone();
    path.push(Step::Member(name.clone()));
    match place.item {
        None => {
            if holder.get(&name).is_none() {
                holder.set(name, Value::object());
            }
        }
        Some(at) => {
            let values = holder.get(&place.member).map_or(0, count);
            if holder.get(&name).is_none() {
                holder.set(name.as_str(), Value::Array(Vec::new()));
            }
            if let Some(Value::Array(items)) = holder.get_mut(&name) {
                items.resize(items.len().max(values).max(at + 1), Value::Null);
                if items[at] == Value::Null {
                    items[at] = Value::object();
                }
            }
            path.push(Step::Item(at));
        }
    }
    Ok(path)
}

/// The type of the object at `steps`.
pub(super) fn structure_at(
    definitions: &'static Definitions,
    root: Node<'_>,
    steps: &[Step],
) -> Option<&'static Structure> {
    let resource = |node: Node<'_>| definitions.resource(&node.text("resourceType")?);
    let mut type_id = resource(root)?;
    let mut node = root;
    for step in steps {
        match step {
            Step::Item(at) => node = node.index(*at)?,
            Step::Member(name) => {
                let structure = definitions.get(type_id);
                let member = structure.member(name)?;
                let element = &structure.elements[usize::from(member.element)];
                type_id = if member.is_extras {
                    definitions.find("Element")?
                } else {
                    element.forms[usize::from(member.form)].type_id
                };
                node = node.get(name)?;
            }
        }
        if node.kind() == Kind::Object && type_id == definitions.any_resource() {
            type_id = resource(node)?;
        }
    }
    Some(definitions.get(type_id))
}

/// The member of a primitive's ids and extensions.
pub(super) fn beside(member: &str) -> String {
    format!("_{member}")
}

fn find<'a>(root: &'a Value, steps: &[Step]) -> Option<&'a Value> {
    steps.iter().try_fold(root, |value, step| match step {
        Step::Member(name) => value.get(name),
        Step::Item(at) => value.items().get(*at),
    })
}

fn find_mut<'a>(root: &'a mut Value, steps: &[Step]) -> Option<&'a mut Value> {
    steps.iter().try_fold(root, |value, step| match step {
        Step::Member(name) => value.get_mut(name),
        Step::Item(at) => value.items_mut().get_mut(*at),
    })
}

fn count(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.len(),
        _ => 1,
    }
}

/// Sets a member, or takes it away.
fn put(holder: &mut Value, name: &str, value: Option<Value>) {
    match value {
        Some(value) => holder.set(name, value),
        None => drop(holder.remove(name)),
    }
}

/// Gives a member and what stands beside it another name, in their places.
fn rename(holder: &mut Value, from: &str, to: &str) {
    let Value::Object(members) = holder else {
        return;
    };
    for (from, to) in [(from.to_owned(), to.to_owned()), (beside(from), beside(to))] {
        if let Some((name, _)) = members.iter_mut().find(|(name, _)| *name == from) {
            *name = to;
        }
    }
}

/// Changes a list as values with what stands beside them, and writes it back:
/// a side where nothing is left goes.
fn edit(
    holder: &mut Value,
    member: &str,
    change: impl FnOnce(&mut Vec<Content>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let name_beside = beside(member);
    let mut side = |name: &str| match holder.get_mut(name) {
        Some(Value::Array(items)) => std::mem::take(items),
        _ => Vec::new(),
    };
    let (values, extras) = (side(member), side(&name_beside));
    let len = values.len().max(extras.len());
    let present = |value: Option<Value>| value.filter(|value| *value != Value::Null);
    let (mut values, mut extras) = (values.into_iter(), extras.into_iter());
    let mut list: Vec<Content> = (0..len)
        .map(|_| Content {
            value: present(values.next()),
            extras: present(extras.next()),
        })
        .collect();
    change(&mut list)?;
    let (values, extras): (Vec<_>, Vec<_>) = list
        .into_iter()
        .map(|content| (content.value, content.extras))
        .unzip();
    for (name, side) in [(member, values), (name_beside.as_str(), extras)] {
        let list = side.iter().any(Option::is_some).then(|| {
            let items = side.into_iter().map(Option::unwrap_or_default);
            Value::Array(items.collect())
        });
        put(holder, name, list);
    }
    Ok(())
}
