//! `CodeSystem/$lookup`: what is known of a code.

use fhir::json::Value;
use fhir::value;

use super::coded::codes;
use super::refusal::Refusal;
use super::{Question, parameters};
use crate::code_system::{CodeSystem, Designation, NameKind, PropertyKind, PropertyValue};
use crate::session::Session;

/// The properties that every system has, besides its own.
const OF_ALL: [&str; 5] = [
    "parent",
    "child",
    "inactive",
    "notSelectable",
    "sufficientlyDefined",
];

/// How many children are listed.
pub(super) const CHILDREN_MAX: usize = 10_000;

pub(super) fn answer(session: &Session, question: &Question<'_>) -> Result<Value, Refusal> {
    let inputs = question.inputs;
    inputs.only(
        &["code", "system", "version", "coding", "displayLanguage"],
        &["property"],
    )?;
    let coded = codes(inputs, "system")?.remove(0);
    let language = inputs.text("displayLanguage")?.unwrap_or_default();
    let url = coded
        .system
        .ok_or_else(|| Refusal::required("the system of the code is needed"))?;
    let system = session
        .system(&url, coded.version.as_deref())
        .ok_or_else(|| Refusal::not_found(format!("the code system {url} is not at hand")))?;
    let Some(concept) = system.find(&coded.code) else {
        if system.header().is_complete {
            return Err(Refusal::not_found(format!(
                "the code system {url} has no such code"
            )));
        }
        return Err(Refusal::cannot(format!(
            "only a part of the code system {url} is at hand, and the code is not in it"
        )));
    };
    let header = system.header();
    let name = if header.title.is_empty() {
        &url
    } else {
        &header.title
    };
    let mut found = vec![value!({ "name": "name", "valueString": (name.as_str()) })];
    if !header.version.is_empty() {
        let version = header.version.as_str();
        found.push(value!({ "name": "version", "valueString": (version) }));
    }
    // FHIR demands a display; a code without a name is its own.
    let display = system.display(concept, language)?;
    let display = display.unwrap_or_else(|| system.code(concept).to_owned());
    found.push(value!({ "name": "display", "valueString": (display.as_str()) }));
    let wanted: Vec<&str> = inputs.texts("property").collect();
    for one in &wanted {
        let is_known = OF_ALL.contains(one)
            || system.property_named(one).is_some()
            || one.starts_with("lang.")
            || [
                "*",
                "system",
                "name",
                "version",
                "display",
                "definition",
                "designation",
            ]
            .contains(one);
        if !is_known {
            return Err(Refusal::not_supported(format!(
                "the code system {url} has no such property"
            )));
        }
    }
    let is_wanted =
        |name: &str| wanted.is_empty() || wanted.contains(&name) || wanted.contains(&"*");
    for designation in system.designations(concept)? {
        if designation.kind == NameKind::Definition {
            if is_wanted("definition") {
                let text = designation.text.as_str();
                found.push(property("definition", "valueString", text));
            }
            continue;
        }
        let by_language = format!("lang.{}", designation.language);
        if is_wanted("designation") || wanted.contains(&by_language.as_str()) {
            let mut parts = vec![];
            for (name, value) in designation_parts(&designation).members() {
                let kind = if name == "use" {
                    "valueCoding"
                } else {
                    "valueString"
                };
                let kind = if name == "language" {
                    "valueCode"
                } else {
                    kind
                };
                let mut part = value!({ "name": (name.as_str()) });
                part.set(kind, value.clone());
                parts.push(part);
            }
            found.push(value!({ "name": "designation", "part": (parts) }));
        }
    }
    places(&system, concept, language, &wanted, &mut found)?;
    for one in system.properties(concept) {
        let name = &system.property_names()[usize::from(one.name)];
        if OF_ALL.contains(&name.code.as_str()) || !is_wanted(&name.code) {
            continue;
        }
        found.push(of_system(
            &system, &name.code, name.kind, one.value, language,
        )?);
    }
    Ok(parameters(found))
}

/// Where the concept stands, and whether it is in use.
fn places(
    system: &CodeSystem,
    concept: u32,
    language: &str,
    wanted: &[&str],
    found: &mut Vec<Value>,
) -> Result<(), Refusal> {
    let is_wanted =
        |name: &str| wanted.is_empty() || wanted.contains(&name) || wanted.contains(&"*");
    let flags = [
        ("inactive", !system.is_active(concept)),
        ("notSelectable", system.is_abstract(concept)),
        ("sufficientlyDefined", system.is_defined(concept)),
    ];
    for (name, is_so) in flags {
        // What is always so in a system is said where somebody asks.
        if is_wanted(name) && (is_so || name == "inactive" || wanted.contains(&name)) {
            found.push(property(name, "valueBoolean", is_so));
        }
    }
    if is_wanted("parent") {
        for parent in system.parents(concept) {
            let value = PropertyValue::Concept(*parent);
            found.push(of_system(
                system,
                "parent",
                PropertyKind::Code,
                value,
                language,
            )?);
        }
    }
    if wanted.contains(&"child") || wanted.contains(&"*") {
        let children = system.children(concept);
        if children.len() > CHILDREN_MAX {
            return Err(Refusal::too_costly(format!(
                "over the limit CHILDREN_MAX of {CHILDREN_MAX} children"
            )));
        }
        for child in children {
            let value = PropertyValue::Concept(*child);
            found.push(of_system(
                system,
                "child",
                PropertyKind::Code,
                value,
                language,
            )?);
        }
    }
    Ok(())
}

fn property(code: &str, kind: &str, value: impl Into<Value>) -> Value {
    let mut part = value!({ "name": "value" });
    part.set(kind, value);
    value!({ "name": "property", "part": [{ "name": "code", "valueCode": (code) }, (part)] })
}

fn of_system(
    system: &CodeSystem,
    code: &str,
    kind: PropertyKind,
    value: PropertyValue<'_>,
    language: &str,
) -> Result<Value, Refusal> {
    let text = system.value_text(value);
    let number = || Value::number(text).unwrap_or_else(|| Value::from(text));
    Ok(match kind {
        PropertyKind::Code => {
            let mut property = property(code, "valueCode", text);
            if let PropertyValue::Concept(concept) = value
                && let Some(display) = system.display(concept, language)?
                && let Some(parts) = property.get_mut("part")
            {
                let display = display.as_str();
                parts.push(value!({ "name": "description", "valueString": (display) }));
            }
            property
        }
        PropertyKind::String => property(code, "valueString", text),
        PropertyKind::Integer => property(code, "valueInteger", number()),
        PropertyKind::Decimal => property(code, "valueDecimal", number()),
        PropertyKind::Boolean => property(code, "valueBoolean", text == "true"),
        PropertyKind::DateTime => property(code, "valueDateTime", text),
        PropertyKind::Coding => {
            let (of, one) = text.split_once('|').unwrap_or(("", text));
            property(
                code,
                "valueCoding",
                value!({ "system": (of), "code": (one) }),
            )
        }
    })
}

/// A designation as FHIR has it in an expansion.
pub(super) fn designation_parts(designation: &Designation<'_>) -> Value {
    let mut value = Value::object();
    if !designation.language.is_empty() {
        value.set("language", designation.language);
    }
    let meaning = match designation.kind {
        NameKind::FullySpecified => Some(("900000000000003001", "Fully specified name")),
        NameKind::Synonym => Some(("900000000000013009", "Synonym")),
        NameKind::Display | NameKind::Definition => None,
    };
    if let Some((code, display)) = meaning {
        let system = crate::system::SNOMED;
        value.set(
            "use",
            value!({ "system": (system), "code": (code), "display": (display) }),
        );
    }
    value.set("value", designation.text.as_str());
    value
}
