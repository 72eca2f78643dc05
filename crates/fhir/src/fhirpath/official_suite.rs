//! The official test suite of FHIRPath for R4, where it is present.
//!
//! A test that wants an error wants it no later than it says: `syntax` from
//! parsing, `semantic` from parsing or checking, `execution` from any of the
//! three. Every test that wants an answer also has to pass the check.

use std::collections::HashMap;
use std::path::Path;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::functions::value_text;
use super::{Check, Context, Element, Expression, Item, check};
use crate::conformance::Suite;
use crate::json::Document;
use crate::{Resource, xml};

/// The suite, of which all passes.
pub(crate) const SUITE: Suite = Suite {
    name: "Official FHIRPath suite for R4",
    source: "FHIR, fhir-test-cases, Apache-2.0: `tests-fhir-r4.xml`.",
    right_when: "the result is the same, or an error comes no later than the suite wants it",
    cases: 935,
    right: 935,
    exceptions: &[],
};

#[derive(Default)]
struct Case {
    name: String,
    input: String,
    is_predicate: bool,
    checks_order: bool,
    expression: String,
    invalid: Option<String>,
    outputs: Vec<(Option<String>, String)>,
}

fn attribute(start: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = start.try_get_attribute(name).expect("well-formed")?;
    Some(
        attribute
            .normalized_value(quick_xml::XmlVersion::Implicit1_0)
            .expect("text")
            .into_owned(),
    )
}

fn cases(suite: &str) -> Vec<Case> {
    let mut reader = Reader::from_str(suite);
    reader.config_mut().expand_empty_elements = true;
    let mut cases = Vec::new();
    let mut case = Case::default();
    let mut text = String::new();
    let mut output_type = None;
    loop {
        match reader.read_event().expect("well-formed") {
            Event::Eof => return cases,
            Event::Start(start) => {
                text.clear();
                match start.name().0 {
                    "test" => {
                        case = Case {
                            name: attribute(&start, "name").unwrap_or_default(),
                            input: attribute(&start, "inputfile").unwrap_or_default(),
                            is_predicate: attribute(&start, "predicate").as_deref() == Some("true"),
                            checks_order: attribute(&start, "checkOrderedFunctions").is_some(),
                            ..Case::default()
                        };
                    }
                    "expression" => case.invalid = attribute(&start, "invalid"),
                    "output" => output_type = attribute(&start, "type"),
                    _ => {}
                }
            }
            Event::Text(part) => text.push_str(&part),
            Event::GeneralRef(reference) => {
                let name = format!("&{};", &*reference);
                text.push_str(&quick_xml::escape::unescape(&name).expect("a known entity"));
            }
            Event::End(end) => match end.name().0 {
                "expression" => case.expression = text.clone(),
                "output" => case.outputs.push((output_type.take(), text.clone())),
                "test" => cases.push(std::mem::take(&mut case)),
                _ => {}
            },
            _ => {}
        }
    }
}

fn input(folder: &Path, name: &str) -> Resource {
    let bytes = std::fs::read(folder.join(name)).expect("the input is there");
    let bytes = if bytes.starts_with(b"<") {
        xml::to_json(&bytes).expect("the input is FHIR")
    } else {
        bytes
    };
    Resource::from_document(Document::parse(&bytes).expect("JSON")).expect("a resource")
}

/// What is wrong, if anything.
fn run(case: &Case, resource: &Resource) -> Result<(), String> {
    let root = Element::resource(resource.root()).expect("a resource");
    let wants_error = case.invalid.as_deref();
    let expression = match Expression::parse(&case.expression) {
        Ok(expression) => expression,
        Err(_) if wants_error.is_some() => return Ok(()),
        Err(error) => return Err(format!("does not parse: {error}")),
    };
    if wants_error == Some("syntax") {
        return Err("parses".to_owned());
    }
    let strictness = Check {
        order: case.checks_order,
    };
    let checked = check(&expression, resource.resource_type(), strictness);
    match (checked, wants_error) {
        (Err(_), Some(_)) => return Ok(()),
        (Ok(()), Some("semantic")) => return Err("passes the check".to_owned()),
        (Err(error), None) => return Err(format!("does not pass the check: {error}")),
        _ => {}
    }
    let context = Context::new(root).at(1_700_000_000_000, 60);
    let found = match expression.evaluate(Item::Element(root), &context) {
        Err(_) if wants_error.is_some() => return Ok(()),
        Err(error) => return Err(format!("fails: {error}")),
        Ok(_) if wants_error.is_some() => return Err("does not fail".to_owned()),
        Ok(found) => found,
    };
    let found = if case.is_predicate {
        vec![Item::Boolean(!found.is_empty())]
    } else {
        found
    };
    let shown: Vec<(&str, String)> = found
        .iter()
        .map(|item| {
            (
                item.type_name(),
                item.value()
                    .and_then(|value| value_text(&value))
                    .unwrap_or_default(),
            )
        })
        .collect();
    let is_zero = |text: &str| {
        text.trim_start_matches('-')
            .chars()
            .all(|c| matches!(c, '0' | '.'))
    };
    let fits = |(wanted_type, wanted): &(Option<String>, String),
                (own_type, own): &(&str, String)| {
        let wanted = wanted
            .strip_prefix("@T")
            .or(wanted.strip_prefix('@'))
            .unwrap_or(wanted);
        wanted_type
            .as_deref()
            .is_none_or(|wanted| wanted == *own_type)
            && (wanted == own || is_zero(wanted) && is_zero(own))
    };
    let is_right = shown.len() == case.outputs.len()
        && case
            .outputs
            .iter()
            .zip(&shown)
            .all(|(wanted, own)| fits(wanted, own));
    if is_right {
        return Ok(());
    }
    Err(format!("{shown:?} instead of {:?}", case.outputs))
}

#[test]
fn the_official_suite_passes() {
    let Some(folder) = crate::testdata("fhirpath") else {
        return;
    };
    let suite = std::fs::read_to_string(folder.join("tests-fhir-r4.xml")).expect("the suite");
    let cases = cases(&suite);
    let mut inputs: HashMap<String, Resource> = HashMap::new();
    let mut faults = Vec::new();
    for case in &cases {
        let name = if case.input.is_empty() {
            "patient-example.xml"
        } else {
            &case.input
        };
        let resource = inputs
            .entry(name.to_owned())
            .or_insert_with(|| input(&folder, name));
        if let Err(fault) = run(case, resource) {
            let fault = format!("{} => {fault}", case.expression.trim());
            faults.push((case.name.clone(), fault));
        }
    }
    SUITE.check(cases.len(), &faults);
}
