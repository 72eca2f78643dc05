//! A regional record as FHIR: a searchset Bundle of which every match says
//! where it came from, and one OperationOutcome that says how each source fared.

use std::collections::HashMap;

use care::Ura;
use fhir::json::{Node, Value};

use super::{RegionalRecord, SourceReport, SourceState, SourcedResource};
use crate::json::Text;

impl RegionalRecord {
    /// The record as a searchset Bundle, in JSON.
    ///
    /// Nothing of a resource changes but `meta.source`.
    pub fn to_bundle(&self) -> Vec<u8> {
        let mut text = Text::default();
        let bases: HashMap<Ura, &str> = self
            .sources
            .iter()
            .map(|source| (source.ura, source.fhir_base.as_str()))
            .collect();
        let total = self
            .resources
            .iter()
            .filter(|sourced| !sourced.included)
            .count();
        text.raw(r#"{"resourceType":"Bundle","type":"searchset","timestamp":"#)
            .string(&self.asked.to_string())
            .raw(&format!(r#","total":{total},"entry":["#));
        for sourced in &self.resources {
            entry(&mut text, sourced, &full_url(&bases, sourced));
            text.raw(",");
        }
        text.raw(r#"{"resource":"#)
            .resource(&outcome(&self.sources).to_bytes())
            .raw(r#","search":{"mode":"outcome"}}]}"#);
        text.into_bytes()
    }
}

/// The absolute URL of a resource at its source.
fn full_url(bases: &HashMap<Ura, &str>, sourced: &SourcedResource) -> String {
    let base = bases.get(&sourced.source).copied().unwrap_or_default();
    let id = sourced.resource.id().unwrap_or_default();
    format!("{base}/{}/{id}", sourced.resource.resource_type())
}

fn entry(text: &mut Text, sourced: &SourcedResource, full_url: &str) {
    text.raw(r#"{"fullUrl":"#)
        .string(full_url)
        .raw(r#","resource":"#);
    with_source(text, sourced);
    let mode = if sourced.included { "include" } else { "match" };
    text.raw(r#","search":{"mode":""#).raw(mode).raw(r#""}}"#);
}

/// The resource with its source in `meta.source`; every other byte as it came.
fn with_source(text: &mut Text, sourced: &SourcedResource) {
    let root = sourced.resource.root();
    let source = source_uri(sourced);
    let whole = root.raw();
    // The text of the whole resource starts at the root.
    let offset = root.span().start;
    if let Some(own) = root.path(&["meta", "source"]) {
        let span = own.span();
        text.raw(&whole[..span.start - offset])
            .string(&source)
            .raw(&whole[span.end - offset..]);
        return;
    }
    let (at, already): (usize, Option<Node<'_>>) = match root.get("meta") {
        Some(meta) => (meta.span().start - offset + 1, Some(meta)),
        None => (1, None),
    };
    text.raw(&whole[..at]);
    match already {
        Some(meta) => {
            let more = if meta.is_empty() { "" } else { "," };
            text.raw(r#""source":"#).string(&source).raw(more);
        }
        None => {
            text.raw(r#""meta":{"source":"#).string(&source).raw("},");
        }
    }
    text.raw(&whole[at..]);
}

fn source_uri(sourced: &SourcedResource) -> String {
    let id = sourced.resource.id().unwrap_or_default();
    format!("urn:oid:{}.{}#{id}", Ura::OID, sourced.source)
}

/// One issue per source: the four states.
fn outcome(sources: &[SourceReport]) -> Value {
    let issues: Vec<Value> = sources.iter().map(issue).collect();
    fhir::value!({ "resourceType": "OperationOutcome", "issue": (issues) })
}

fn issue(report: &SourceReport) -> Value {
    let (severity, code) = match report.state {
        SourceState::Data | SourceState::None => ("information", "informational"),
        SourceState::NoAnswer => ("warning", "incomplete"),
        SourceState::NotAllowed => ("warning", "suppressed"),
    };
    let state = report.state.code();
    let words = match report.state {
        SourceState::Data => "gave data",
        SourceState::None => "has no data",
        SourceState::NoAnswer => "did not answer",
        SourceState::NotAllowed => "may not give data",
    };
    fhir::value!({
        "severity": (severity),
        "code": (code),
        "details": {
            "coding": [{ "system": (SourceState::SYSTEM), "code": (state) }],
            "text": (format!("{} {words}", report.name))
        },
        "diagnostics": (report.ura.as_str())
    })
}
