//! From an element to what is in it.

use super::item::{Collection, Element, Item};
use crate::definitions::{Definitions, TypeId};
use crate::json::{Kind, Node};

/// Adds the values of one element of `parent` to `out`; nothing when its type
/// has no such element.
pub(crate) fn children<'a>(parent: &Element<'a>, name: &str, out: &mut Collection<'a>) {
    let definitions = parent.definitions;
    let Some(structure) = parent.structure() else {
        return untyped(parent, name, out);
    };
    if structure.primitive.is_some() {
        // Only what every element has: id and extensions.
        if let Some(extras) = parent.extras {
            match name {
                "extension" => push(
                    extras.get(name),
                    None,
                    type_named("Extension", definitions),
                    definitions,
                    out,
                ),
                "id" => push(
                    extras.get(name),
                    None,
                    type_named("string", definitions),
                    definitions,
                    out,
                ),
                _ => {}
            }
        }
        return;
    }
    let Some(node) = parent.node else { return };
    let Some((position, element)) = structure.element(name) else {
        return by_member(parent, node, name, out);
    };
    if element.is_choice {
        // One member at most is there: look which, rather than try every type.
        for (key, value) in node.members() {
            let bare = key.strip_prefix('_').unwrap_or(&key);
            if !bare.starts_with(name) {
                continue;
            }
            let Some(member) = structure
                .member(&key)
                .filter(|found| found.element == position)
            else {
                continue;
            };
            let form = &element.forms[usize::from(member.form)];
            if !member.is_extras {
                push(
                    Some(value),
                    node.get(&form.extras),
                    Some(form.type_id),
                    definitions,
                    out,
                );
            } else if node.get(&form.member).is_none() {
                push(None, Some(value), Some(form.type_id), definitions, out);
            }
        }
        return;
    }
    let form = &element.forms[0];
    let is_primitive = definitions.get(form.type_id).primitive.is_some();
    let extras = if is_primitive {
        node.get(&form.extras)
    } else {
        None
    };
    push(
        node.get(&form.member),
        extras,
        Some(form.type_id),
        definitions,
        out,
    );
}

/// A name that is no element but a member of the JSON form: `valueQuantity`,
/// or `resourceType`. No FHIRPath of the standard; the check refuses it.
fn by_member<'a>(parent: &Element<'a>, node: Node<'a>, name: &str, out: &mut Collection<'a>) {
    let Some(structure) = parent.structure() else {
        return;
    };
    if name == "resourceType" && structure.is_resource {
        out.extend(node.text(name).map(Item::String));
        return;
    }
    let Some(member) = structure.member(name).filter(|member| !member.is_extras) else {
        return;
    };
    let form = &structure.elements[usize::from(member.element)].forms[usize::from(member.form)];
    push(
        node.get(name),
        node.get(&form.extras),
        Some(form.type_id),
        parent.definitions,
        out,
    );
}

/// A member of a tree without types. Extensions are the same in every tree.
fn untyped<'a>(parent: &Element<'a>, name: &str, out: &mut Collection<'a>) {
    let definitions = parent.definitions;
    let type_id = match name {
        "extension" => type_named("Extension", definitions),
        _ => None,
    };
    let value = parent.node.and_then(|node| node.get(name));
    let extras = parent.node.and_then(|node| node.get(&format!("_{name}")));
    if value.is_some() || extras.is_some() {
        push(value, extras, type_id, definitions, out);
    } else if let Some(extras) = parent.extras {
        push(extras.get(name), None, type_id, definitions, out);
    }
}

/// Adds everything right below an element, in the order of the source; the
/// members that stand beside a primitive come with it.
pub(super) fn all_children<'a>(parent: &Element<'a>, out: &mut Collection<'a>) {
    let definitions = parent.definitions;
    if let Some(extras) = parent.extras {
        for name in ["id", "extension"] {
            let type_id = match parent.structure() {
                Some(_) if name == "id" => type_named("string", definitions),
                Some(_) => type_named("Extension", definitions),
                None => None,
            };
            push(extras.get(name), None, type_id, definitions, out);
        }
    }
    let Some(node) = parent.node else { return };
    for (key, value) in node.members() {
        let beside = key.strip_prefix('_');
        if let Some(name) = beside
            && node.get(name).is_some()
        {
            continue;
        }
        let Some(structure) = parent.structure() else {
            match beside {
                Some(_) => push(None, Some(value), None, definitions, out),
                None if key == "resourceType" => {}
                None => push(
                    Some(value),
                    node.get(&format!("_{key}")),
                    None,
                    definitions,
                    out,
                ),
            }
            continue;
        };
        let Some(member) = structure.member(&key) else {
            continue;
        };
        let form = &structure.elements[usize::from(member.element)].forms[usize::from(member.form)];
        if member.is_extras {
            push(None, Some(value), Some(form.type_id), definitions, out);
        } else {
            let is_primitive = definitions.get(form.type_id).primitive.is_some();
            let extras = if is_primitive {
                node.get(&form.extras)
            } else {
                None
            };
            push(Some(value), extras, Some(form.type_id), definitions, out);
        }
    }
}

fn type_named(name: &str, definitions: &'static Definitions) -> Option<TypeId> {
    definitions.find(name)
}

/// Adds a value, or each item of an array of them.
fn push<'a>(
    value: Option<Node<'a>>,
    extras: Option<Node<'a>>,
    type_id: Option<TypeId>,
    definitions: &'static Definitions,
    out: &mut Collection<'a>,
) {
    let is_array = |node: Option<Node<'_>>| node.is_some_and(|node| node.kind() == Kind::Array);
    if !is_array(value) && !is_array(extras) {
        push_one(value, extras, type_id, definitions, out);
        return;
    }
    let mut values = value.into_iter().flat_map(Node::items);
    let mut extras = extras.into_iter().flat_map(Node::items);
    loop {
        match (values.next(), extras.next()) {
            (None, None) => return,
            (value, extras) => push_one(value, extras, type_id, definitions, out),
        }
    }
}

fn push_one<'a>(
    value: Option<Node<'a>>,
    extras: Option<Node<'a>>,
    type_id: Option<TypeId>,
    definitions: &'static Definitions,
    out: &mut Collection<'a>,
) {
    let present = |node: Option<Node<'a>>| node.filter(|node| node.kind() != Kind::Null);
    let (node, extras) = (present(value), present(extras));
    if node.is_none() && extras.is_none() {
        return;
    }
    if type_id == Some(definitions.any_resource()) {
        // What it is, it says itself; of an unknown type nothing is known.
        let known = node.and_then(|node| Element::resource_of(definitions, node));
        out.extend(known.map(Item::Element));
    } else {
        out.push(Item::Element(Element {
            node,
            extras,
            type_id,
            definitions,
        }));
    }
}
