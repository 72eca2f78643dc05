//! References within a write: by the name of another entry, or by a condition.

use std::collections::HashMap;

use fhir::json::{Kind, Node};
use fhir::{FhirVersion, Resource};

use super::splice::Edit;
use crate::StoreError;

/// Members whose value may be the name of another entry (FHIR R4, http,
/// "Transaction processing rules").
const NAMING_MEMBERS: [&str; 5] = ["reference", "url", "uri", "valueUrl", "valueUri"];

/// A reference that stands for another, once it is known which.
#[derive(Debug, PartialEq)]
pub(crate) enum Reference {
    /// By the name of an entry.
    Name(String),
    /// By a search: type and query.
    Condition(&'static str, Vec<(String, String)>),
}

/// The edits that resolve all references of a resource. `resolve` answers with
/// `Type/id`.
pub(crate) fn resolve(
    resource: &Resource,
    at: usize,
    names: &HashMap<&str, (&'static str, String)>,
    mut resolve: impl FnMut(Reference) -> Result<Option<String>, StoreError>,
) -> Result<Vec<Edit>, StoreError> {
    // Most resources have nothing to resolve: a look at the text is enough.
    let text = resource.as_bytes();
    if names.is_empty() && !text.contains(&b'?') && !contains(text, b"urn:") {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    walk(resource.root(), &mut found);
    let mut edits = Vec::new();
    for (member_is_reference, node) in found {
        let Some(text) = node.as_str() else { continue };
        if let Some((resource_type, id)) = names.get(text.as_ref()) {
            edits.push((node.span(), format!("\"{resource_type}/{id}\"")));
            continue;
        }
        if !member_is_reference {
            continue;
        }
        let Some(reference) = read(resource.version(), &text) else {
            continue;
        };
        let Some(target) = resolve(reference)? else {
            return Err(StoreError::UnresolvedReference { at });
        };
        edits.push((node.span(), format!("\"{target}\"")));
    }
    Ok(edits)
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

fn walk<'a>(node: Node<'a>, found: &mut Vec<(bool, Node<'a>)>) {
    match node.kind() {
        Kind::Object => {
            for (name, value) in node.members() {
                if value.kind() == Kind::String {
                    if NAMING_MEMBERS.contains(&name.as_ref()) {
                        found.push((name == "reference", value));
                    }
                } else {
                    walk(value, found);
                }
            }
        }
        Kind::Array => node.items().for_each(|item| walk(item, found)),
        _ => {}
    }
}

/// What a reference stands for; `None` when it stands for itself.
fn read(version: FhirVersion, text: &str) -> Option<Reference> {
    if text.starts_with("urn:uuid:") {
        return Some(Reference::Name(text.to_owned()));
    }
    let (resource_type, query) = text.split_once('?')?;
    let resource_type = version.resource_type(resource_type)?;
    Some(Reference::Condition(resource_type, parse_query(query)))
}

/// The names and values of a query string.
fn parse_query(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}

/// Percent-decodes; what is no valid escape stays as it is.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = (bytes[at] == b'%')
            .then(|| {
                text.get(at + 1..at + 3)
                    .and_then(|hex| u8::from_str_radix(hex, 16).ok())
            })
            .flatten();
        if let Some(byte) = escaped {
            out.push(byte);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_says_what_it_stands_for() {
        assert_eq!(read(FhirVersion::R4, "Patient/1"), None);
        assert_eq!(read(FhirVersion::R4, "https://x.example/Patient?a=b"), None);
        assert_eq!(
            read(FhirVersion::R4, "urn:uuid:1"),
            Some(Reference::Name("urn:uuid:1".to_owned()))
        );
        assert_eq!(
            read(
                FhirVersion::R4,
                "Patient?identifier=http%3A//a|1&active=true"
            ),
            Some(Reference::Condition(
                "Patient",
                vec![
                    ("identifier".to_owned(), "http://a|1".to_owned()),
                    ("active".to_owned(), "true".to_owned())
                ]
            ))
        );
    }

    #[test]
    fn bad_escapes_stay_as_they_are() {
        assert_eq!(decode("%zz%4"), "%zz%4");
        assert_eq!(decode("a%20%é"), "a %é");
        assert_eq!(decode("%c3%a9"), "é");
    }

    #[test]
    fn only_references_are_resolved() {
        let resource = Resource::parse(
            r#"{"resourceType":"Basic","subject":{"reference":"urn:uuid:1"},
                "identifier":[{"value":"urn:uuid:1"}],"author":{"reference":"Patient?a=b"}}"#,
        )
        .unwrap();
        let names = HashMap::from([("urn:uuid:1", ("Patient", "p".to_owned()))]);
        let edits = resolve(&resource, 0, &names, |_| Ok(Some("Patient/q".to_owned()))).unwrap();
        let new: Vec<&str> = edits.iter().map(|(_, new)| new.as_str()).collect();
        assert_eq!(new, ["\"Patient/p\"", "\"Patient/q\""]);
        let missing = resolve(&resource, 4, &names, |_| Ok(None));
        assert!(matches!(
            missing,
            Err(StoreError::UnresolvedReference { at: 4 })
        ));
    }
}
