//! The data types of FHIR that the resources share.

use fhir::{json::Value, value};

use crate::model::{Coding, Concept, Identifier, Measured, Range, Unit};

/// A reference to somebody or something that has no resource here, by name.
pub(super) fn named(display: &str) -> Value {
    value!({ "display": display })
}

/// A resource of a type, empty yet.
pub(super) fn resource(resource_type: &str) -> Value {
    value!({ "resourceType": resource_type })
}

/// Sets a member when there is something to set.
pub(super) fn set_some(target: &mut Value, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        target.set(name, value);
    }
}

/// Sets a member when the list holds something.
pub(super) fn set_list(target: &mut Value, name: &str, values: Vec<Value>) {
    if !values.is_empty() {
        target.set(name, values);
    }
}

pub(super) fn identifier(identifier: &Identifier) -> Value {
    value!({ "system": &identifier.system, "value": &identifier.value })
}

pub(super) fn coding(coding: &Coding) -> Value {
    let mut value = value!({ "system": &coding.system, "code": &coding.code });
    set_some(&mut value, "display", coding.display.as_ref());
    value
}

pub(super) fn concept(concept: &Concept) -> Value {
    let mut value = Value::object();
    set_list(
        &mut value,
        "coding",
        concept.codings.iter().map(coding).collect(),
    );
    set_some(&mut value, "text", concept.text.as_ref());
    value
}

/// A concept of one code.
pub(super) fn coded(system: &str, code: &str, display: &str) -> Value {
    value!({ "coding": [{ "system": system, "code": code, "display": display }] })
}

pub(super) fn quantity(value: &str, comparator: Option<&str>, unit: Option<&Unit>) -> Value {
    let mut quantity = value!({ "value": Value::Number(value.to_owned()) });
    set_some(&mut quantity, "comparator", comparator);
    if let Some(unit) = unit {
        quantity.set("unit", &unit.text);
        if let Some(ucum) = &unit.ucum {
            quantity.set("system", terminology::system::UCUM);
            quantity.set("code", ucum);
        }
    }
    quantity
}

/// A value under the name that its type has in `value[x]`.
pub(super) fn measured(value: &Measured) -> (&'static str, Value) {
    match value {
        Measured::Quantity {
            comparator,
            value,
            unit,
        } => ("valueQuantity", quantity(value, *comparator, unit.as_ref())),
        Measured::Between { low, high, unit } => (
            "valueRange",
            between(low.as_deref(), high.as_deref(), unit.as_ref()),
        ),
        Measured::Ratio {
            numerator,
            denominator,
        } => (
            "valueRatio",
            value!({
                "numerator": quantity(numerator, None, None),
                "denominator": quantity(denominator, None, None),
            }),
        ),
        Measured::Concept(value) => ("valueCodeableConcept", concept(value)),
        Measured::Text(text) => ("valueString", text.into()),
        Measured::DateTime(time) => ("valueDateTime", time.into()),
        Measured::Time(time) => ("valueTime", time.into()),
    }
}

fn between(low: Option<&str>, high: Option<&str>, unit: Option<&Unit>) -> Value {
    let mut range = Value::object();
    set_some(&mut range, "low", low.map(|low| quantity(low, None, unit)));
    set_some(
        &mut range,
        "high",
        high.map(|high| quantity(high, None, unit)),
    );
    range
}

pub(super) fn reference_range(range: &Range) -> Value {
    let mut value = between(
        range.low.as_deref(),
        range.high.as_deref(),
        range.unit.as_ref(),
    );
    set_some(&mut value, "text", range.text.as_ref());
    value
}

/// Remarks as annotations, one each.
pub(super) fn notes(remarks: &[String]) -> Vec<Value> {
    remarks
        .iter()
        .map(|text| value!({ "text": text }))
        .collect()
}
