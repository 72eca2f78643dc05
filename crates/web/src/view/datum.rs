//! Where one datum comes from.

use exchange::combined::{CombinedRecord, Fact};

use super::{Reader, measured, record, text};
use crate::page::{Labelled, trend::CodeRow};

/// The most characters of the original that are shown.
const ORIGINAL_CHARACTERS_MAX: usize = 200_000;

/// The fact with a token, where the record still has it.
pub(crate) fn find<'a>(
    reader: &Reader,
    record: &'a CombinedRecord,
    token: &str,
) -> Option<&'a Fact> {
    record
        .sections
        .iter()
        .flat_map(exchange::combined::Section::facts)
        .find(|fact| reader.datum_token(fact) == token)
}

/// What it is, in a line.
pub(crate) fn name(reader: &Reader, fact: &Fact) -> String {
    match &fact.measured {
        Some(measured) => {
            let (value, unit) = measured::shown_value(reader, measured);
            format!("{} {value} {unit}", fact.title)
                .trim_end()
                .to_owned()
        }
        None => fact.title.clone(),
    }
}

/// Source, dates, author, message and details.
pub(crate) fn rows(reader: &Reader, combined: &CombinedRecord, fact: &Fact) -> Vec<Labelled> {
    let unknown = || reader.text("datum.unknown").to_owned();
    let row = |key: &str, value: String| Labelled::new(reader.language.text(key), value);
    let mut rows = vec![
        row("datum.source", fact.source_name.clone()),
        row("datum.date", reader.date(fact.date.as_ref())),
        row(
            "datum.recorded",
            fact.last_updated
                .as_deref()
                .and_then(|text| text.parse().ok())
                .map_or_else(unknown, |at| record::moment(reader, at)),
        ),
        row("datum.retrieved", record::moment(reader, fact.received)),
        row(
            "datum.status",
            fact.status
                .as_deref()
                .map_or_else(unknown, |code| text::code(reader.language, code)),
        ),
        row(
            "datum.version",
            fact.version.clone().unwrap_or_else(unknown),
        ),
        row("datum.kind", fact.resource_type.to_owned()),
    ];
    if let Some(message) = message(combined, fact) {
        rows.push(row("datum.message", message));
    }
    rows.extend(
        fact.fields
            .iter()
            .filter(|field| {
                use exchange::combined::FieldName;
                !matches!(field.name, FieldName::Bsn | FieldName::Status)
            })
            .map(|field| {
                let label = text::field_name(reader.language, field.name);
                Labelled::new(label, text::field_value(reader, field))
            }),
    );
    rows
}

/// The message from which the source made it, where its meta names one.
fn message(combined: &CombinedRecord, fact: &Fact) -> Option<String> {
    let resource = &combined.resources.get(fact.resource)?.resource;
    let source = resource.root().path(&["meta"])?.text("source")?;
    Some(source.into_owned())
}

/// The codes as received.
pub(crate) fn codes(fact: &Fact) -> Vec<CodeRow> {
    fact.codings
        .iter()
        .map(|coding| CodeRow {
            system: system_name(&coding.system).to_owned(),
            code: coding.code.clone(),
            display: coding.display.clone().unwrap_or_default(),
        })
        .collect()
}

/// The usual name of a code system; its address where it has none here.
fn system_name(system: &str) -> &str {
    match system {
        "http://loinc.org" => "LOINC",
        "http://snomed.info/sct" => "SNOMED CT",
        "http://hl7.org/fhir/sid/icpc-1" | "http://hl7.org/fhir/sid/icpc-1-nl" => "ICPC-1",
        "http://hl7.org/fhir/sid/icd-10" => "ICD-10",
        "http://www.whocc.no/atc" => "ATC",
        "urn:oid:2.16.840.1.113883.2.4.4.10" => "PRK",
        "urn:oid:2.16.840.1.113883.2.4.4.7" => "HPK",
        "urn:oid:2.16.840.1.113883.2.4.4.8" => "Z-Index",
        other => other,
    }
}

/// The resource as the source gave it, laid out for reading.
pub(crate) fn original(combined: &CombinedRecord, fact: &Fact) -> String {
    let Some(sourced) = combined.resources.get(fact.resource) else {
        return String::new();
    };
    let pretty = fhir::json::Value::from(sourced.resource.root()).to_pretty();
    match pretty.char_indices().nth(ORIGINAL_CHARACTERS_MAX) {
        Some((at, _)) => format!("{}…", &pretty[..at]),
        None => pretty,
    }
}
