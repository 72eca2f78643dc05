//! What an expression finds.

use std::borrow::Cow;

use crate::definitions::{self, Primitive, Structure, TypeId};
use crate::json::{Kind, Node};

/// What an evaluation gives: items in order.
pub type Collection<'a> = Vec<Item<'a>>;

/// One item of a collection.
#[derive(Debug, Clone)]
pub enum Item<'a> {
    /// A place in the resource.
    Element(Element<'a>),
    /// The target of a reference, of which only the type is known.
    Target(Target),
    /// A truth value that the expression made.
    Boolean(bool),
    /// A number, as written.
    Number(Cow<'a, str>),
    /// A text that the expression made.
    String(Cow<'a, str>),
}

/// The type of a resource that is referred to but not here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target(pub(crate) TypeId);

/// A place in a resource, with the type that the definitions give it.
#[derive(Debug, Clone, Copy)]
pub struct Element<'a> {
    /// The value; `None` for a primitive that has extensions only.
    pub(crate) node: Option<Node<'a>>,
    /// The id and extensions of a primitive.
    pub(crate) extras: Option<Node<'a>>,
    /// What it is.
    pub(crate) type_id: TypeId,
}

impl<'a> Element<'a> {
    /// A resource to start from: an object with a known `resourceType`.
    pub fn resource(node: Node<'a>) -> Option<Self> {
        let name = node.text("resourceType")?;
        let type_id = definitions::r4().resource(&name)?;
        Some(Self {
            node: Some(node),
            extras: None,
            type_id,
        })
    }

    /// The value in the source; `None` for a primitive that has extensions only.
    pub fn node(&self) -> Option<Node<'a>> {
        self.node
    }

    /// The name of its type: `Patient`, `CodeableConcept`, `dateTime`, or a
    /// path such as `Patient.contact`.
    pub fn type_name(&self) -> &'static str {
        self.structure().name
    }

    pub(crate) fn structure(&self) -> &'static Structure {
        definitions::r4().get(self.type_id)
    }

    pub(crate) fn primitive(&self) -> Option<Primitive> {
        self.structure().primitive
    }

    /// The value of a primitive as text, whatever JSON type it has.
    pub(crate) fn text(&self) -> Option<Cow<'a, str>> {
        let node = self.node?;
        match node.kind() {
            Kind::String => node.as_str(),
            Kind::Number | Kind::Bool => Some(Cow::Borrowed(node.raw())),
            _ => None,
        }
    }
}

/// Adds the values of one element of `parent` to `out`; nothing when its type
/// has no such element. Gives the number of values looked at.
pub(crate) fn children<'a>(parent: &Element<'a>, name: &str, out: &mut Collection<'a>) {
    let structure = parent.structure();
    if structure.primitive.is_some() {
        // Only what every element has: id and extensions.
        if let Some(extras) = parent.extras {
            match name {
                "extension" => push(extras.get(name), None, extension_type(), out),
                "id" => push(extras.get(name), None, string_type(), out),
                _ => {}
            }
        }
        return;
    }
    let (Some(node), Some((position, element))) = (parent.node, structure.element(name)) else {
        return;
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
                push(Some(value), node.get(&form.extras), form.type_id, out);
            } else if node.get(&form.member).is_none() {
                push(None, Some(value), form.type_id, out);
            }
        }
        return;
    }
    let form = &element.forms[0];
    let is_primitive = definitions::r4().get(form.type_id).primitive.is_some();
    let extras = if is_primitive {
        node.get(&form.extras)
    } else {
        None
    };
    push(node.get(&form.member), extras, form.type_id, out);
}

fn extension_type() -> TypeId {
    type_named("Extension")
}

fn string_type() -> TypeId {
    type_named("string")
}

fn type_named(name: &str) -> TypeId {
    let definitions = definitions::r4();
    definitions
        .find(name)
        .unwrap_or_else(|| definitions.any_resource())
}

/// Adds a value, or each item of an array of them.
fn push<'a>(
    value: Option<Node<'a>>,
    extras: Option<Node<'a>>,
    type_id: TypeId,
    out: &mut Collection<'a>,
) {
    let is_array = |node: Option<Node<'_>>| node.is_some_and(|node| node.kind() == Kind::Array);
    if !is_array(value) && !is_array(extras) {
        push_one(value, extras, type_id, out);
        return;
    }
    let mut values = value.into_iter().flat_map(Node::items);
    let mut extras = extras.into_iter().flat_map(Node::items);
    loop {
        match (values.next(), extras.next()) {
            (None, None) => return,
            (value, extras) => push_one(value, extras, type_id, out),
        }
    }
}

fn push_one<'a>(
    value: Option<Node<'a>>,
    extras: Option<Node<'a>>,
    type_id: TypeId,
    out: &mut Collection<'a>,
) {
    let present = |node: Option<Node<'a>>| node.filter(|node| node.kind() != Kind::Null);
    let (node, extras) = (present(value), present(extras));
    if node.is_none() && extras.is_none() {
        return;
    }
    let definitions = definitions::r4();
    if type_id == definitions.any_resource() {
        // What it is, it says itself; of an unknown type nothing can be found.
        out.extend(node.and_then(Element::resource).map(Item::Element));
    } else {
        out.push(Item::Element(Element {
            node,
            extras,
            type_id,
        }));
    }
}
