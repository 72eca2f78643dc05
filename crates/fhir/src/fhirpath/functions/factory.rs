//! `%factory`: elements that an expression builds, as the FHIRPath page of
//! FHIR describes them. The arguments of a data type are its elements in the
//! order of that page; `{}` leaves one out.

use std::ops::RangeInclusive;

use super::Arguments;
use super::conversion::text as value_text;
use super::encoding::is_base64;
use crate::definitions::{Definitions, Primitive, Structure, TypeId};
use crate::fhirpath::error::EvaluationError;
use crate::fhirpath::evaluate::Found;
use crate::fhirpath::item::{Element, Item};
use crate::fhirpath::temporal::{DateTime, Time};
use crate::format;
use crate::json::{Document, Kind as JsonKind, Value};

/// What it builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::fhirpath) enum Kind {
    /// A primitive type, by name.
    Primitive(&'static str),
    /// A data type, by its place in [`DATA_TYPES`].
    DataType(usize),
    /// An element without content.
    Create,
    /// An element with an extension more.
    WithExtension,
    /// An element with another value for one of its elements.
    WithProperty,
}

const PRIMITIVES: [&str; 19] = [
    "base64Binary",
    "boolean",
    "canonical",
    "code",
    "date",
    "dateTime",
    "decimal",
    "id",
    "instant",
    "integer",
    "markdown",
    "oid",
    "positiveInt",
    "string",
    "time",
    "unsignedInt",
    "uri",
    "url",
    "uuid",
];

/// Data types, and their elements in the order of the arguments.
const DATA_TYPES: [(&str, &[&str]); 8] = [
    ("Extension", &["url", "value"]),
    ("Identifier", &["system", "value", "use", "type"]),
    (
        "HumanName",
        &["family", "given", "prefix", "suffix", "text", "use"],
    ),
    ("ContactPoint", &["system", "value", "use"]),
    (
        "Address",
        &[
            "line",
            "city",
            "state",
            "postalCode",
            "country",
            "use",
            "type",
        ],
    ),
    ("Quantity", &["system", "code", "value", "unit"]),
    ("Coding", &["system", "code", "display", "version"]),
    ("CodeableConcept", &["coding", "text"]),
];

/// What building an element costs, in steps: it stays in memory until the end.
const BUILD_STEPS: usize = 100;

const WRONG: EvaluationError =
    EvaluationError::Argument("`%factory` cannot make that of these arguments");

impl Kind {
    pub(super) fn from_name(name: &str) -> Option<Self> {
        match name {
            "create" => return Some(Self::Create),
            "withExtension" => return Some(Self::WithExtension),
            "withProperty" => return Some(Self::WithProperty),
            _ => {}
        }
        let primitive = PRIMITIVES.iter().find(|other| **other == name);
        let data_type = || DATA_TYPES.iter().position(|(other, _)| *other == name);
        primitive
            .map(|name| Self::Primitive(name))
            .or_else(|| data_type().map(Self::DataType))
    }

    pub(super) fn arguments(self) -> RangeInclusive<usize> {
        match self {
            Self::Primitive(_) => 1..=2,
            Self::DataType(place) => 1..=DATA_TYPES[place].1.len(),
            Self::Create => 0..=0,
            Self::WithExtension | Self::WithProperty => 3..=3,
        }
    }
}

pub(super) fn apply<'a>(kind: Kind, arguments: &Arguments<'_, '_, 'a>) -> Found<'a> {
    arguments.context.spend(BUILD_STEPS)?;
    let definitions = arguments.context.definitions();
    let find = |name: &str| definitions.find(name).ok_or(WRONG);
    let built = match kind {
        Kind::Primitive(name) => {
            let type_id = find(name)?;
            let primitive = definitions.get(type_id).primitive.ok_or(WRONG)?;
            let value = match arguments.item(0)? {
                Some(item) => Some(primitive_value(primitive, &item)?),
                None => None,
            };
            let mut extras = None;
            for item in arguments.items(1)? {
                add_extension(&mut extras, item_value(&item)?.0);
            }
            Built {
                value,
                extras,
                type_id,
            }
        }
        Kind::DataType(place) => {
            let (name, elements) = DATA_TYPES[place];
            let type_id = find(name)?;
            let mut value = Value::object();
            for (position, element) in elements.iter().enumerate() {
                set(
                    &mut value,
                    definitions,
                    definitions.get(type_id),
                    element,
                    &arguments.items(position)?,
                )?;
            }
            Built {
                value: Some(value),
                extras: None,
                type_id,
            }
        }
        Kind::Create => {
            let wanted = arguments.call.type_name.and_then(|name| name.fhir);
            let type_id = wanted.ok_or(WRONG)?;
            let is_primitive = definitions.get(type_id).primitive.is_some();
            let value = (!is_primitive).then(Value::object);
            Built {
                value,
                extras: None,
                type_id,
            }
        }
        Kind::WithExtension | Kind::WithProperty => {
            let Some(Item::Element(element)) = arguments.item(0)? else {
                return Err(WRONG);
            };
            let mut built = Built {
                value: element.node.map(Value::from),
                extras: element.extras.map(Value::from),
                type_id: element.type_id.ok_or(WRONG)?,
            };
            let name = arguments.text(1)?.ok_or(WRONG)?;
            let items = arguments.items(2)?;
            let is_primitive = element.primitive().is_some();
            if kind == Kind::WithExtension {
                let mut extension = Value::object();
                extension.set("url", &*name);
                set(
                    &mut extension,
                    definitions,
                    definitions.get(find("Extension")?),
                    "value",
                    &items,
                )?;
                let place = if is_primitive {
                    &mut built.extras
                } else {
                    &mut built.value
                };
                add_extension(place, extension);
            } else if is_primitive {
                let text = super::one(items)?
                    .and_then(|item| item.text())
                    .ok_or(WRONG)?;
                let extras = built.extras.get_or_insert_with(Value::object);
                if name != "id" {
                    return Err(WRONG);
                }
                extras.set("id", &*text);
            } else {
                let structure = definitions.get(built.type_id);
                let value = built.value.get_or_insert_with(Value::object);
                set(value, definitions, structure, &name, &items)?;
            }
            built
        }
    };
    built.into_element(arguments)
}

/// An element that is being built.
struct Built {
    value: Option<Value>,
    /// What stands beside a primitive.
    extras: Option<Value>,
    type_id: TypeId,
}

impl Built {
    fn into_element<'a>(self, arguments: &Arguments<'_, '_, 'a>) -> Found<'a> {
        let mut document = Value::object();
        if let Some(value) = self.value {
            document.set("value", value);
        }
        if let Some(extras) = self.extras {
            document.set("extras", extras);
        }
        let bytes = document.to_bytes();
        arguments.context.spend_text(bytes.len())?;
        let document = Document::parse(bytes).map_err(|_| WRONG)?;
        let root = arguments.context.keep(document)?;
        Ok(vec![Item::Element(Element {
            node: root.get("value"),
            extras: root.get("extras"),
            type_id: Some(self.type_id),
            definitions: arguments.context.definitions(),
        })])
    }
}

fn add_extension(place: &mut Option<Value>, extension: Value) {
    let place = place.get_or_insert_with(Value::object);
    match place.get_mut("extension") {
        Some(extensions) => extensions.push(extension),
        None => place.set("extension", vec![extension]),
    }
}

/// A primitive as JSON, when it is of the type.
fn primitive_value(primitive: Primitive, item: &Item<'_>) -> Result<Value, EvaluationError> {
    let own = item.value().ok_or(WRONG)?;
    let text = value_text(&own).ok_or(WRONG)?;
    let is_text = matches!(*own, Item::String(_));
    let value = match primitive {
        Primitive::Boolean => Value::from(match text.as_str() {
            "true" => true,
            "false" => false,
            _ => return Err(WRONG),
        }),
        Primitive::Decimal
        | Primitive::Integer
        | Primitive::PositiveInt
        | Primitive::UnsignedInt => Value::number(&text).ok_or(WRONG)?,
        Primitive::Date | Primitive::DateTime | Primitive::Instant => {
            return DateTime::parse(&text)
                .map(|_| Value::from(text))
                .ok_or(WRONG);
        }
        Primitive::Time => return Time::parse(&text).map(|_| Value::from(text)).ok_or(WRONG),
        Primitive::Base64Binary if is_text && is_base64(&text) => return Ok(Value::from(text)),
        // An empty address is one.
        Primitive::Uri | Primitive::Url if is_text && text.is_empty() => {
            return Ok(Value::from(text));
        }
        _ if is_text => Value::from(text),
        _ => return Err(WRONG),
    };
    let document = Document::parse(value.to_bytes()).map_err(|_| WRONG)?;
    format::check(primitive, document.root()).map_err(|_| WRONG)?;
    Ok(value)
}

/// An item as JSON, with what stands beside it.
fn item_value(item: &Item<'_>) -> Result<(Value, Option<Value>), EvaluationError> {
    match item {
        Item::Element(element) => {
            let value = element.node.map_or(Value::Null, Value::from);
            Ok((value, element.extras.map(Value::from)))
        }
        Item::Boolean(value) => Ok((Value::from(*value), None)),
        Item::Integer(_) | Item::Long(_) | Item::Decimal(_) => {
            let digits = value_text(item).ok_or(WRONG)?;
            Ok((Value::number(&digits).ok_or(WRONG)?, None))
        }
        _ => Ok((Value::from(value_text(item).ok_or(WRONG)?), None)),
    }
}

/// Sets an element of an object to some items; none leave it out.
fn set(
    object: &mut Value,
    definitions: &Definitions,
    structure: &Structure,
    name: &str,
    items: &[Item<'_>],
) -> Result<(), EvaluationError> {
    let Some(first) = items.first() else {
        return Ok(());
    };
    let (_, element) = structure.element(name).ok_or(WRONG)?;
    if items.len() > usize::from(element.max) {
        return Err(WRONG);
    }
    let wanted = definitions.find(first.type_name());
    let form = match &element.forms[..] {
        [form] => form,
        forms => forms
            .iter()
            .find(|form| Some(form.type_id) == wanted)
            .ok_or(WRONG)?,
    };
    let mut values = Vec::new();
    let mut extras = Vec::new();
    for item in items {
        let (value, beside) = match definitions.get(form.type_id).primitive {
            Some(primitive) => {
                let beside = item_value(item)?.1;
                (primitive_value(primitive, item)?, beside)
            }
            None => match item {
                Item::Element(element) if element.is_a(form.type_id) => item_value(item)?,
                _ => return Err(WRONG),
            },
        };
        values.push(value);
        extras.push(beside.unwrap_or_default());
    }
    let has_extras = extras.iter().any(|extras| extras.kind() != JsonKind::Null);
    if element.max > 1 {
        object.set(&*form.member, values);
        if has_extras {
            object.set(&*form.extras, extras);
        }
    } else if let (Some(value), Some(beside)) = (values.pop(), extras.pop()) {
        object.set(&*form.member, value);
        if has_extras {
            object.set(&*form.extras, beside);
        }
    }
    Ok(())
}
