//! Profiles, extensions, value sets and code systems: what a validator needs
//! besides the types, in the form of the package itself.

use serde_json::{Map, Value, json};

use super::package::{Package, Version, is_type, items};

/// What is kept of an element of a profile, besides fixed, pattern and limit values.
const ELEMENT: [&str; 14] = [
    "id",
    "path",
    "sliceName",
    "slicing",
    "min",
    "max",
    "type",
    "maxLength",
    "constraint",
    "binding",
    "contentReference",
    "isModifier",
    "mustSupport",
    "isSummary",
];

/// Members whose names end in a type.
const VALUES: [&str; 4] = ["fixed", "pattern", "minValue", "maxValue"];

/// The lines of `conformance.ndjson`: one definition each, slim.
pub(crate) fn lines(package: &Package) -> String {
    // The terminology service speaks R4; nobody asks for names in STU3.
    let with_names = package.version == Version::R4;
    let mut out = String::new();
    let profiles = package
        .all("StructureDefinition")
        .filter(|one| !is_type(one) && one["kind"] != "logical")
        .map(profile);
    let value_sets = package
        .all("ValueSet")
        .map(|definition| value_set(definition, with_names));
    let code_systems = package
        .all("CodeSystem")
        .map(|definition| code_system(definition, with_names));
    for definition in profiles.chain(value_sets).chain(code_systems) {
        out.push_str(&definition.to_string());
        out.push('\n');
    }
    out
}

/// The members of that name, in that order.
fn kept(value: &Value, names: &[&str]) -> Map<String, Value> {
    names
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), value.get(name)?.clone())))
        .collect()
}

fn profile(definition: &Value) -> Value {
    let mut slim = kept(
        definition,
        &[
            "resourceType",
            "url",
            "kind",
            "abstract",
            "contextType",
            "context",
            "type",
            "baseDefinition",
            "derivation",
        ],
    );
    let elements: Vec<Value> = items(&definition["differential"], "element")
        .iter()
        .map(element)
        .collect();
    slim.insert("differential".to_owned(), json!({ "element": elements }));
    Value::Object(slim)
}

fn element(element: &Value) -> Value {
    let mut slim = kept(element, &ELEMENT);
    for (name, value) in element.as_object().into_iter().flatten() {
        if VALUES.iter().any(|prefix| name.starts_with(prefix)) {
            slim.insert(name.clone(), value.clone());
        }
    }
    let parts: [(&str, &[&str]); 3] = [
        ("slicing", &["discriminator", "rules", "ordered"]),
        (
            "binding",
            &["strength", "valueSet", "valueSetReference", "valueSetUri"],
        ),
        ("type", &["code", "profile", "targetProfile", "aggregation"]),
    ];
    for (name, members) in parts {
        match slim.get_mut(name) {
            Some(Value::Array(entries)) => {
                for entry in entries {
                    *entry = Value::Object(kept(entry, members));
                }
            }
            Some(entry) => *entry = Value::Object(kept(entry, members)),
            None => {}
        }
    }
    let rules: Vec<Value> = items(element, "constraint")
        .iter()
        .map(|rule| Value::Object(kept(rule, &["key", "severity", "expression"])))
        .collect();
    if !rules.is_empty() {
        slim.insert("constraint".to_owned(), Value::Array(rules));
    }
    Value::Object(slim)
}

fn value_set(definition: &Value, with_names: bool) -> Value {
    let mut slim = kept(definition, &["resourceType", "url"]);
    let mut compose = Map::new();
    for side in ["include", "exclude"] {
        let parts: Vec<Value> = items(&definition["compose"], side)
            .iter()
            .map(|part| {
                let mut slim = kept(part, &["system", "filter", "valueSet"]);
                let codes: Vec<Value> = items(part, "concept")
                    .iter()
                    .map(|concept| Value::Object(kept(concept, of_concept(with_names))))
                    .collect();
                if !codes.is_empty() {
                    slim.insert("concept".to_owned(), Value::Array(codes));
                }
                Value::Object(slim)
            })
            .collect();
        if !parts.is_empty() {
            compose.insert(side.to_owned(), Value::Array(parts));
        }
    }
    slim.insert("compose".to_owned(), Value::Object(compose));
    Value::Object(slim)
}

fn code_system(definition: &Value, with_names: bool) -> Value {
    let mut slim = kept(
        definition,
        &[
            "resourceType",
            "url",
            "caseSensitive",
            "valueSet",
            "content",
        ],
    );
    slim.insert("concept".to_owned(), concepts(definition, with_names));
    Value::Object(slim)
}

/// What is kept of a concept.
fn of_concept(with_names: bool) -> &'static [&'static str] {
    if with_names {
        &["code", "display"]
    } else {
        &["code"]
    }
}

/// Codes with their names, their children, and further parents.
fn concepts(parent: &Value, with_names: bool) -> Value {
    let concepts = items(parent, "concept").iter().map(|concept| {
        let mut slim = kept(concept, of_concept(with_names));
        if !items(concept, "concept").is_empty() {
            slim.insert("concept".to_owned(), concepts(concept, with_names));
        }
        let parents: Vec<Value> = items(concept, "property")
            .iter()
            .filter(|property| property["code"] == "subsumedBy" || property["code"] == "parent")
            .cloned()
            .collect();
        if !parents.is_empty() {
            slim.insert("property".to_owned(), Value::Array(parents));
        }
        Value::Object(slim)
    });
    Value::Array(concepts.collect())
}
