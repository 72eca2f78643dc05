//! The compiled-in tables as FHIR resources, so that operations answer from them.

use fhir::json::{Document, Value};
use fhir::value;

use crate::{display, lab, system};

/// Where maps of our own are named.
const MAPS: &str = "https://schakel.example/fhir/ConceptMap/";

/// A code system for every system in the table of names, with a part of its codes;
/// and the maps to LOINC and SNOMED CT.
pub(crate) fn documents() -> Vec<Document> {
    let mut systems: Vec<(&str, Vec<Value>)> = Vec::new();
    for [system, code, nl, en] in display::entries() {
        add(&mut systems, system, concept(code, en, nl));
    }
    for test in lab::lab_tests() {
        let name = test.name(crate::Language::Dutch);
        add(
            &mut systems,
            system::LOINC,
            concept(test.loinc, test.display, name),
        );
    }
    let code_systems = systems.into_iter().map(|(url, concepts)| {
        value!({
            "resourceType": "CodeSystem",
            "url": (url),
            "name": "Fragment",
            "status": "active",
            "content": "fragment",
            "language": "en",
            "concept": (concepts),
        })
    });
    let maps = [
        map(
            "nhg45-loinc",
            system::NHG45,
            system::LOINC,
            lab::nhg45_entries(),
        ),
        map(
            "specimen-type",
            "http://terminology.hl7.org/CodeSystem/v2-0487",
            system::SNOMED,
            lab::specimen_entries(),
        ),
    ];
    code_systems
        .chain(maps)
        .filter_map(|resource| Document::parse(resource.to_bytes()).ok())
        .collect()
}

fn add<'a>(systems: &mut Vec<(&'a str, Vec<Value>)>, url: &'a str, concept: Value) {
    match systems.iter_mut().find(|(one, _)| *one == url) {
        Some((_, concepts)) => concepts.push(concept),
        None => systems.push((url, vec![concept])),
    }
}

fn concept(code: &str, display: &str, dutch: &str) -> Value {
    value!({
        "code": (code),
        "display": (display),
        "designation": [{
            "language": "nl",
            "use": { "code": "display" },
            "value": (dutch),
        }],
    })
}

fn map<'a>(
    name: &str,
    source: &str,
    target: &str,
    pairs: impl Iterator<Item = [&'a str; 2]>,
) -> Value {
    let elements: Vec<Value> = pairs
        .map(|[from, to]| {
            value!({
                "code": (from),
                "target": [{ "code": (to), "equivalence": "relatedto" }],
            })
        })
        .collect();
    value!({
        "resourceType": "ConceptMap",
        "url": (format!("{MAPS}{name}")),
        "status": "active",
        "group": [{ "source": (source), "target": (target), "element": (elements) }],
    })
}
