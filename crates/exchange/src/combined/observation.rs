//! Observations: the value, its flag and its range, with the digits as received.

use fhir::json::Node;

use super::{
    elements::{Library, concept, quantity, words},
    model::{Component, Fact, Flag, Measured, Quantity, Range, Value},
};

/// Completes a fact of an observation.
pub(super) fn read(library: &Library<'_>, index: usize, root: Node<'_>, fact: &mut Fact) {
    let components = root
        .each("component")
        .map(|component| {
            let (title, codings) = component.get("code").map(concept).unwrap_or_default();
            Component {
                title: title.unwrap_or_default(),
                codings,
                value: value(library, index, component),
                flag: flag(component),
                range: range(component),
            }
        })
        .collect();
    fact.measured = Some(Measured {
        value: value(library, index, root),
        components,
        flag: flag(root),
        range: range(root),
        absent_reason: root
            .get("dataAbsentReason")
            .and_then(|reason| concept(reason).0),
    });
}

fn value(library: &Library<'_>, index: usize, node: Node<'_>) -> Value {
    const CHOICES: [&str; 9] = [
        "valueCodeableConcept",
        "valueString",
        "valueBoolean",
        "valueInteger",
        "valueRange",
        "valueRatio",
        "valueTime",
        "valueDateTime",
        "valuePeriod",
    ];
    if let Some(quantity) = node.get("valueQuantity").and_then(quantity) {
        return Value::Quantity(quantity);
    }
    for name in CHOICES {
        let Some(found) = node.get(name) else {
            continue;
        };
        let said = match name {
            "valueInteger" => {
                let digits = found.raw().to_owned();
                return Value::Quantity(Quantity {
                    digits,
                    comparator: None,
                    unit: None,
                    ucum: None,
                });
            }
            "valueRange" => sides(found, ["low", "high"], " – "),
            "valueRatio" => sides(found, ["numerator", "denominator"], " : "),
            _ => words(library, index, found),
        };
        if let Some(said) = said {
            return Value::Text(said);
        }
    }
    Value::Missing
}

fn sides(node: Node<'_>, names: [&str; 2], between: &str) -> Option<String> {
    let side = |name| node.get(name).and_then(quantity);
    let words = |side: Option<Quantity>| {
        side.map(|side| super::elements::quantity_words(&side))
            .unwrap_or_default()
    };
    let [first, second] = names.map(side);
    if first.is_none() && second.is_none() {
        return None;
    }
    Some(
        format!("{}{between}{}", words(first), words(second))
            .trim()
            .to_owned(),
    )
}

/// The flag: HL7 v3 ObservationInterpretation, or the SNOMED codes of the zib
/// (ResultaatFlags).
fn flag(node: Node<'_>) -> Option<Flag> {
    node.each("interpretation").find_map(|interpretation| {
        interpretation
            .each("coding")
            .find_map(|coding| match coding.text("code")?.as_ref() {
                "N" => Some(Flag::Normal),
                "L" | "281300000" => Some(Flag::Low),
                "LL" => Some(Flag::CriticallyLow),
                "H" | "281302008" => Some(Flag::High),
                "HH" => Some(Flag::CriticallyHigh),
                "A" | "AA" | "263654008" => Some(Flag::Abnormal),
                _ => None,
            })
    })
}

/// The range for this patient: the first that is not of another kind, such as
/// a therapeutic range.
fn range(node: Node<'_>) -> Option<Range> {
    let is_normal = |range: &Node<'_>| {
        let kind = range
            .path(&["type", "coding", "code"])
            .and_then(Node::as_str);
        kind.is_none_or(|kind| kind == "normal")
    };
    let range = node.each("referenceRange").find(is_normal)?;
    let side = |name| range.get(name).and_then(quantity);
    let text = range.text("text").map(std::borrow::Cow::into_owned);
    let (low, high) = (side("low"), side("high"));
    (low.is_some() || high.is_some() || text.is_some()).then_some(Range { low, high, text })
}
