//! Records made by hand.

use std::time::Duration;

use care::{Categories, ExchangeCode, OrganisationType, Ura};
use fhir::{Resource, json::Value};
use jiff::Timestamp;

use super::super::*;
use crate::record::{SourceReport, SourceState, SourcedResource};

/// The moment at which all questions of these tests are asked.
pub(super) const NOW: &str = "2026-03-01T12:00:00Z";

pub(super) fn now() -> Timestamp {
    NOW.parse().unwrap()
}

pub(super) fn ura(number: u32) -> Ura {
    number.to_string().parse().unwrap()
}

/// Four sources that may give everything: a GP (1), a laboratory (2), a
/// hospital (3), a pharmacy (4).
pub(super) fn sources() -> Vec<SourceReport> {
    [
        (
            1,
            "Huisartsenpraktijk De Linde",
            OrganisationType::GeneralPractice,
        ),
        (2, "Diagnostiek Delta", OrganisationType::Laboratory),
        (3, "Ziekenhuis Zuid", OrganisationType::Hospital),
        (4, "Apotheek De Brug", OrganisationType::Pharmacy),
    ]
    .into_iter()
    .map(|(number, name, organisation_type)| SourceReport {
        ura: ura(number),
        name: name.to_owned(),
        organisation_type,
        fhir_base: format!("https://node{number}.example/fhir/r4"),
        state: SourceState::Data,
        reason: None,
        permitted: Categories::ALL,
        complete: true,
        count: 0,
        took: Duration::ZERO,
    })
    .collect()
}

pub(super) fn sourced(number: u32, resource: &Value) -> SourcedResource {
    SourcedResource {
        source: ura(number),
        resource: Resource::from_value(resource).unwrap(),
        included: false,
        received: now(),
    }
}

pub(super) fn record(resources: Vec<SourcedResource>) -> RegionalRecord {
    RegionalRecord {
        exchange: ExchangeCode("bgz".into()),
        categories: Categories::ALL,
        asked: now(),
        sources: sources(),
        resources,
    }
}

pub(super) fn combined(resources: Vec<SourcedResource>) -> CombinedRecord {
    combine(record(resources))
}

/// The combined record in words: section, group or series, facts, what differs.
pub(super) fn shown(record: &CombinedRecord, kind: SectionKind) -> String {
    let Some(section) = record.section(kind) else {
        return "absent".to_owned();
    };
    let mut lines = vec![format!("{}: {}", kind.code(), section.state.code())];
    for group in &section.groups {
        let rules: Vec<&str> = group.rules.iter().map(|rule| rule.name()).collect();
        let current = if group.current { "" } else { " (past)" };
        lines.push(format!("- {}{current} [{}]", group.title, rules.join(" ")));
        lines.extend(
            group
                .facts
                .iter()
                .map(|fact| format!("  {}", fact_words(fact))),
        );
        lines.extend(group.differences.iter().map(difference_words));
        lines.extend(group.notices.iter().map(|notice| {
            let Notice::StoppedButDispensed {
                stopped, dispensed, ..
            } = notice;
            let (stopped, dispensed) = (&group.facts[*stopped], &group.facts[*dispensed]);
            let (from, to) = (&stopped.source_name, &dispensed.source_name);
            format!("  ! stopped at {from}, still dispensed at {to}")
        }));
    }
    for series in &section.series {
        lines.push(format!(
            "~ {} [{}]",
            series.title,
            series.unit.as_deref().unwrap_or("-")
        ));
        for point in &series.points {
            let when = point.when.as_ref().map_or("?", |when| when.text.as_str());
            let rules: Vec<&str> = point.rules.iter().map(|rule| rule.name()).collect();
            lines.push(format!(
                "  {when}: {} [{}]",
                value_words(point.fact()),
                rules.join(" ")
            ));
            lines.extend(
                point
                    .facts
                    .iter()
                    .map(|fact| format!("    {}", fact.source_name)),
            );
            lines.extend(point.differences.iter().map(difference_words));
            lines.extend(point.repeats.iter().map(|repeat| {
                format!(
                    "    ! repeats {} days after {}",
                    repeat.days, repeat.organisation
                )
            }));
        }
        lines.extend(series.converted.iter().map(|point| {
            let unit = series.unit.as_deref().unwrap_or("-");
            format!(
                "  converted: {} {unit} from {}",
                point.digits,
                words(&point.original)
            )
        }));
    }
    lines.join("\n")
}

fn fact_words(fact: &Fact) -> String {
    let date = fact.date.as_ref().map_or("?", |date| date.text.as_str());
    format!("{} {date}: {}", fact.source_name, fact.title)
}

fn difference_words(difference: &Difference) -> String {
    let values: Vec<&str> = difference
        .values
        .iter()
        .map(|(_, value)| value.as_str())
        .collect();
    format!("  ≠ {:?}: {}", difference.field, values.join(" | "))
}

fn words(quantity: &Quantity) -> String {
    elements::quantity_words(quantity)
}

fn value_words(fact: &Fact) -> String {
    let Some(measured) = &fact.measured else {
        return String::new();
    };
    let value = |value: &Value2| match value {
        Value2::Quantity(quantity) => words(quantity),
        Value2::Text(text) => text.clone(),
        Value2::Missing => "-".to_owned(),
    };
    let mut said = value(&measured.value);
    for component in &measured.components {
        said = format!("{said} {}={}", component.title, value(&component.value));
    }
    if let Some(flag) = measured.flag {
        said = format!("{said} {flag:?}");
    }
    if let Some(range) = &measured.range {
        let side = |side: &Option<Quantity>| side.as_ref().map_or("…".to_owned(), words);
        said = format!("{said} ({} to {})", side(&range.low), side(&range.high));
    }
    said
}

type Value2 = super::super::model::Value;

/// A laboratory result: source, id, LOINC, time, value and unit.
pub(super) fn lab(
    source: u32,
    id: &str,
    loinc: &str,
    at: &str,
    value: &str,
    unit: &str,
) -> SourcedResource {
    let number = Value::number(value).unwrap();
    sourced(
        source,
        &fhir::value!({
            "resourceType": "Observation",
            "id": id,
            "status": "final",
            "category": [{ "coding": [{
                "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                "code": "laboratory"
            }] }],
            "code": { "coding": [{ "system": "http://loinc.org", "code": loinc }], "text": (format!("test {loinc}")) },
            "effectiveDateTime": at,
            "valueQuantity": {
                "value": number,
                "unit": unit,
                "system": "http://unitsofmeasure.org",
                "code": unit
            }
        }),
    )
}
