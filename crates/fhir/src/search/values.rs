//! FHIR values to the values of an index.

use std::borrow::Cow;

use super::index_value::{Canonical, IndexValue};
use super::parameter::Kind;
use super::reference::ReferenceParts;
use super::units::{UCUM, canonical_unit};
use super::{date_range, number_range};
use crate::definitions::Primitive;
use crate::fhirpath::{Element, Item, children};
use crate::json::Node;

/// Extensions of a family name that people search by as well: in
/// `Jansen-de Vries` these tell which part is whose.
const PARTS_OF_FAMILY_NAME: [&str; 2] = [
    "http://hl7.org/fhir/StructureDefinition/humanname-own-name",
    "http://hl7.org/fhir/StructureDefinition/humanname-partner-name",
];

/// The code system of currencies.
const CURRENCIES: &str = "urn:iso:std:iso:4217";

/// Adds what an item is found by, for a parameter of some kind. An item of a
/// type that the kind cannot hold adds nothing.
pub(super) fn add(kind: Kind, item: &Item<'_>, out: &mut Vec<IndexValue>) {
    let element = match item {
        Item::Element(element) => element,
        // Expressions that ask whether something holds: `deceased`.
        Item::Boolean(value) if kind == Kind::Token => {
            out.push(token(None, Some(value.to_string()), None));
            return;
        }
        _ => return,
    };
    if element.type_name() == "Extension" {
        let mut values = Vec::new();
        children(element, "value", &mut values);
        for value in values {
            if !matches!(&value, Item::Element(value) if value.type_name() == "Extension") {
                add(kind, &value, out);
            }
        }
        return;
    }
    match kind {
        Kind::Token => add_tokens(element, out),
        Kind::Reference => add_reference(element, out),
        Kind::Date => add_dates(element, out),
        Kind::String => add_strings(element, out),
        Kind::Number => add_number(element, out),
        Kind::Quantity => add_quantity(element, out),
        Kind::Uri => out.extend(element.text().map(|uri| IndexValue::Uri(uri.into_owned()))),
        Kind::Composite | Kind::Special => {}
    }
}

fn owned(text: Option<Cow<'_, str>>) -> Option<String> {
    text.map(Cow::into_owned)
}

fn token(system: Option<String>, code: Option<String>, text: Option<String>) -> IndexValue {
    IndexValue::Token { system, code, text }
}

fn add_tokens(element: &Element<'_>, out: &mut Vec<IndexValue>) {
    let Some(node) = element.node() else { return };
    if element.primitive().is_some() {
        out.extend(
            element
                .text()
                .map(|code| token(None, Some(code.into_owned()), None)),
        );
        return;
    }
    let coding = |node: Node<'_>| {
        let (system, code, display) =
            (node.text("system"), node.text("code"), node.text("display"));
        let is_something = system.is_some() || code.is_some() || display.is_some();
        is_something.then(|| token(owned(system), owned(code), owned(display)))
    };
    match element.type_name() {
        "Coding" => out.extend(coding(node)),
        "CodeableConcept" => {
            out.extend(node.each("coding").filter_map(coding));
            out.extend(
                node.text("text")
                    .map(|text| token(None, None, Some(text.into_owned()))),
            );
        }
        "Identifier" => {
            let (system, value) = (node.text("system"), node.text("value"));
            if system.is_some() || value.is_some() {
                let kind = node.path(&["type", "text"]).and_then(Node::as_str);
                let types = node.get("type").map(|kind| kind.each("coding"));
                for coding in types.into_iter().flatten() {
                    if let (Some(code), Some(value)) = (coding.text("code"), &value) {
                        out.push(IndexValue::TypedIdentifier {
                            system: owned(coding.text("system")),
                            code: code.into_owned(),
                            value: value.clone().into_owned(),
                        });
                    }
                }
                out.push(token(owned(system), owned(value), owned(kind)));
            }
        }
        // The system of a ContactPoint is its use, not a code system.
        "ContactPoint" => {
            out.extend(
                node.text("value")
                    .map(|value| token(None, Some(value.into_owned()), None)),
            );
        }
        _ => {}
    }
}

fn add_reference(element: &Element<'_>, out: &mut Vec<IndexValue>) {
    let Some(node) = element.node() else { return };
    if element.is_resource() {
        // `Bundle.composition`: the first entry itself is the target.
        out.push(IndexValue::Reference {
            resource_type: Some(element.type_name().to_owned()),
            id: owned(node.text("id")),
            url: None,
            identifier: None,
        });
        return;
    }
    if element.primitive().is_some() {
        out.extend(element.text().map(|url| IndexValue::Reference {
            resource_type: None,
            id: None,
            url: Some(url.into_owned()),
            identifier: None,
        }));
        return;
    }
    if element.type_name() != "Reference" {
        return;
    }
    let identifier = node.get("identifier").and_then(|identifier| {
        Some((
            owned(identifier.text("system")),
            identifier.text("value")?.into_owned(),
        ))
    });
    // What is contained has no life of its own: it cannot be found by.
    let literal = node.text("reference").filter(|text| !text.starts_with('#'));
    let stated_type = node.text("type");
    let parts = literal
        .as_deref()
        .map(|text| ReferenceParts::parse_in(element.version(), text));
    let resource_type = parts
        .and_then(|parts| parts.resource_type)
        .or(stated_type.as_deref());
    let id = parts.and_then(|parts| parts.id);
    let is_relative = parts.is_some_and(|parts| parts.is_relative());
    if literal.is_none() && identifier.is_none() {
        return;
    }
    out.push(IndexValue::Reference {
        resource_type: resource_type.map(str::to_owned),
        id: id.map(str::to_owned),
        url: if is_relative {
            None
        } else {
            owned(literal.clone())
        },
        identifier,
    });
}

fn add_dates(element: &Element<'_>, out: &mut Vec<IndexValue>) {
    let Some(node) = element.node() else { return };
    let range = |name: &str| node.text(name).and_then(|text| date_range(&text));
    let date = |range: Option<(i64, i64)>| {
        range.map(|(low_ms, high_ms)| IndexValue::Date { low_ms, high_ms })
    };
    match (element.primitive(), element.type_name()) {
        (Some(Primitive::Date | Primitive::DateTime | Primitive::Instant), _) => {
            out.extend(date(node.as_str().and_then(|text| date_range(&text))));
        }
        (None, "Period") => out.extend(period(node)),
        (None, "Timing") => {
            let events = node.each("event").filter_map(Node::as_str);
            out.extend(events.filter_map(|text| date(date_range(&text))));
            let bounds = node.path(&["repeat", "boundsPeriod"]);
            out.extend(bounds.and_then(period));
        }
        // An audited dateTime with extensions, and the like, has none.
        _ => out.extend(date(range("value"))),
    }
}

/// A period, open at the ends it does not name; none when it names neither.
fn period(node: Node<'_>) -> Option<IndexValue> {
    let start = node.text("start").and_then(|text| date_range(&text));
    let end = node.text("end").and_then(|text| date_range(&text));
    if start.is_none() && end.is_none() {
        return None;
    }
    let low_ms = start.map_or(i64::MIN, |range| range.0);
    let high_ms = end.map_or(i64::MAX, |range| range.1);
    Some(IndexValue::Date { low_ms, high_ms })
}

fn add_strings(element: &Element<'_>, out: &mut Vec<IndexValue>) {
    let mut add = |text: Cow<'_, str>| out.push(IndexValue::String(text.into_owned()));
    if element.primitive().is_some() {
        if let Some(text) = element.text() {
            add(text);
        }
        for extension in element
            .extras
            .into_iter()
            .flat_map(|extras| extras.each("extension"))
        {
            let url = extension.text("url");
            if url.is_some_and(|url| PARTS_OF_FAMILY_NAME.contains(&&*url))
                && let Some(part) = extension.text("valueString")
            {
                add(part);
            }
        }
        return;
    }
    let parts: &[&str] = match element.type_name() {
        "HumanName" => &["text", "family", "given", "prefix", "suffix"],
        "Address" => &[
            "text",
            "line",
            "city",
            "district",
            "state",
            "postalCode",
            "country",
        ],
        _ => return,
    };
    for part in parts {
        let mut values = Vec::new();
        children(element, part, &mut values);
        for value in &values {
            if let Item::Element(value) = value {
                add_strings(value, out);
            }
        }
    }
}

fn add_number(element: &Element<'_>, out: &mut Vec<IndexValue>) {
    let Some(node) = element.node() else { return };
    if element.type_name() == "Range" {
        if let Some((low, high)) = range_bounds(node, &number_range) {
            out.push(IndexValue::Number { low, high });
        }
        return;
    }
    let range = node.as_number().and_then(number_range);
    out.extend(range.map(|(low, high)| IndexValue::Number { low, high }));
}

/// How digits become a range: [`number_range`], or that in another unit.
type ToRange<'a> = &'a dyn Fn(&str) -> Option<(f64, f64)>;
/// How an element becomes a range, by how digits do.
type Bounds<'a> = &'a dyn Fn(ToRange<'_>) -> Option<(f64, f64)>;

fn value_range(quantity: Node<'_>, to_range: ToRange<'_>) -> Option<(f64, f64)> {
    quantity
        .get("value")
        .and_then(Node::as_number)
        .and_then(to_range)
}

/// The bounds of a Range, open at the ends it does not name.
fn range_bounds(range: Node<'_>, to_range: ToRange<'_>) -> Option<(f64, f64)> {
    let bound = |name: &str| value_range(range.get(name)?, to_range);
    let (low, high) = (bound("low"), bound("high"));
    if low.is_none() && high.is_none() {
        return None;
    }
    let low = low.map_or(f64::NEG_INFINITY, |bounds| bounds.0);
    Some((low, high.map_or(f64::INFINITY, |bounds| bounds.1)))
}

fn add_quantity(element: &Element<'_>, out: &mut Vec<IndexValue>) {
    let Some(node) = element.node() else { return };
    let (bounds, unit): (Bounds<'_>, _) = match element.type_name() {
        "Money" => {
            let code = owned(node.text("currency"));
            let system = code.is_some().then(|| CURRENCIES.to_owned());
            if let Some((low, high)) = value_range(node, &number_range) {
                out.push(IndexValue::Quantity {
                    low,
                    high,
                    system,
                    code,
                    unit: None,
                    canonical: None,
                });
            }
            return;
        }
        "Quantity" | "Age" | "Count" | "Distance" | "Duration" => {
            (&|to_range| quantity_bounds(node, to_range), Some(node))
        }
        "Range" => (
            &|to_range| range_bounds(node, to_range),
            node.get("low").or_else(|| node.get("high")),
        ),
        _ => return,
    };
    let Some((low, high)) = bounds(&number_range) else {
        return;
    };
    let of_unit = |name: &str| owned(unit.and_then(|unit| unit.text(name)));
    let (system, code) = (of_unit("system"), of_unit("code"));
    // A Range of two units is in neither.
    let is_one_unit = ["low", "high"].into_iter().all(|end| {
        node.get(end).is_none_or(|end| {
            owned(end.text("code")) == code && owned(end.text("system")) == system
        })
    });
    let canonical = code
        .as_deref()
        .filter(|_| is_one_unit && system.as_deref() == Some(UCUM))
        .and_then(canonical_unit)
        .and_then(|unit| {
            let (low, high) = bounds(&|digits| unit.range(digits))?;
            Some(Canonical {
                low,
                high,
                unit: unit.code.clone(),
            })
        });
    out.push(IndexValue::Quantity {
        low,
        high,
        system,
        code,
        unit: of_unit("unit"),
        canonical,
    });
}

/// The bounds of a Quantity, open where its comparator says so.
fn quantity_bounds(quantity: Node<'_>, to_range: ToRange<'_>) -> Option<(f64, f64)> {
    let (low, high) = value_range(quantity, to_range)?;
    let comparator = quantity.text("comparator");
    Some(match comparator.as_deref() {
        Some("<" | "<=") => (f64::NEG_INFINITY, high),
        Some(">" | ">=") => (low, f64::INFINITY),
        _ => (low, high),
    })
}
