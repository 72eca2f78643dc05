//! Which type an item is of.

use std::borrow::Cow;

use super::expression::{SystemType, TypeName};
use super::item::{Element, Item, TypeInfo};
use crate::definitions::Primitive;

/// Whether an item is of a type or of one that specialises it. A FHIR
/// `boolean` is no `System.Boolean` here.
pub(super) fn is_of(item: &Item<'_>, wanted: TypeName) -> bool {
    match item {
        Item::Element(element) => match element.type_id {
            Some(_) => wanted.fhir.is_some_and(|wanted| element.is_a(wanted)),
            None => system_type(item).is_some_and(|own| is_system(own, wanted)),
        },
        Item::Target(target) => wanted
            .fhir
            .is_some_and(|wanted| target.definitions.is_a(target.type_id, wanted)),
        _ => system_type(item).is_some_and(|own| is_system(own, wanted)),
    }
}

/// Whether `as` and `ofType` keep an item. They choose among the types that an
/// element may have: a `code` is not kept as a `string`, though it is one, and
/// a FHIR primitive is kept as the System type that its value has.
pub(super) fn select_of(item: &Item<'_>, wanted: TypeName) -> bool {
    if let Item::Element(element) = item
        && let Some(primitive) = element.primitive()
    {
        return element.type_id == wanted.fhir
            || element.node.is_some() && is_system(of_primitive(primitive), wanted);
    }
    is_of(item, wanted)
}

fn is_system(own: SystemType, wanted: TypeName) -> bool {
    wanted
        .system
        .is_some_and(|wanted| wanted == own || wanted == SystemType::Any)
}

fn of_primitive(primitive: Primitive) -> SystemType {
    match primitive {
        Primitive::Boolean => SystemType::Boolean,
        Primitive::Integer | Primitive::PositiveInt | Primitive::UnsignedInt => SystemType::Integer,
        Primitive::Decimal => SystemType::Decimal,
        Primitive::Date => SystemType::Date,
        Primitive::DateTime | Primitive::Instant => SystemType::DateTime,
        Primitive::Time => SystemType::Time,
        _ => SystemType::String,
    }
}

/// The type of a value that is of FHIRPath's own types.
fn system_type(item: &Item<'_>) -> Option<SystemType> {
    Some(match item {
        Item::Element(element) => return element.value().and_then(|value| system_type(&value)),
        Item::Target(_) | Item::Type(_) => return None,
        Item::Boolean(_) => SystemType::Boolean,
        Item::Integer(_) => SystemType::Integer,
        Item::Long(_) => SystemType::Long,
        Item::Decimal(_) => SystemType::Decimal,
        Item::String(_) => SystemType::String,
        Item::Date(_) => SystemType::Date,
        Item::DateTime(_) => SystemType::DateTime,
        Item::Time(_) => SystemType::Time,
        Item::Quantity(_) => SystemType::Quantity,
    })
}

/// What `type()` gives.
pub(super) fn type_info<'a>(item: &Item<'a>) -> Item<'a> {
    let fhir = |name: &'static str| TypeInfo {
        namespace: "FHIR",
        name: Cow::Borrowed(name),
    };
    Item::Type(match item {
        Item::Element(
            element @ Element {
                type_id: Some(_), ..
            },
        ) => fhir(element.type_name()),
        Item::Target(_) => fhir(item.type_name()),
        _ => TypeInfo {
            namespace: "System",
            name: Cow::Borrowed(system_type(item).map_or("Object", SystemType::name)),
        },
    })
}
