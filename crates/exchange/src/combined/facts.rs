//! A resource as a fact: what it says in the words of its source.

use fhir::json::Node;
use jiff::Timestamp;

use super::{
    details::{self, Details},
    elements::{Library, code_of, concept, human_name, words},
    medication,
    model::{Fact, Field, FieldName, Moment},
    observation,
};

/// Reads the resource at a position. `now` decides what is current.
pub(super) fn read(library: &Library<'_>, index: usize, source_name: &str, now: Timestamp) -> Fact {
    let sourced = library.resource(index);
    let resource_type = sourced.resource.resource_type();
    let root = sourced.resource.root();
    let details = details::of(resource_type);
    let meta = |name| {
        root.path(&["meta", name])
            .and_then(Node::as_str)
            .map(std::borrow::Cow::into_owned)
    };
    let mut fact = Fact {
        resource: index,
        source: sourced.source,
        source_name: source_name.to_owned(),
        resource_type,
        id: sourced.resource.id().unwrap_or_default().into_owned(),
        version: meta("versionId"),
        last_updated: meta("lastUpdated"),
        received: sourced.received,
        title: String::new(),
        codings: Vec::new(),
        date: moment(root, details.dates),
        status: root.text("status").map(std::borrow::Cow::into_owned),
        current: false,
        block: None,
        measured: None,
        identifiers: identifiers(root),
        fields: Vec::new(),
    };
    title(library, index, root, details, &mut fact);
    fields(library, index, root, details, &mut fact);
    match resource_type {
        "MedicationRequest"
        | "MedicationDispense"
        | "MedicationStatement"
        | "MedicationAdministration" => medication::read(library, index, root, &mut fact, now),
        "Observation" => observation::read(library, index, root, &mut fact),
        _ => fact.current = is_current(root, &fact, now),
    }
    fact
}

fn title(library: &Library<'_>, index: usize, root: Node<'_>, details: &Details, fact: &mut Fact) {
    for path in details.titles {
        let Some(node) = walk(root, path) else {
            continue;
        };
        let node = node.index(0).unwrap_or(node);
        let (said, codings) = match path.last() {
            Some(&"name") => (
                human_name(node).or_else(|| words(library, index, node)),
                Vec::new(),
            ),
            _ => concept(node),
        };
        let said = said.or_else(|| words(library, index, node));
        if fact.codings.is_empty() {
            fact.codings = codings;
        }
        if fact.title.is_empty() {
            fact.title = said.unwrap_or_default();
        }
        if !fact.title.is_empty() {
            break;
        }
    }
    if fact.title.is_empty() {
        fact.title = fact.resource_type.to_owned();
    }
}

fn fields(library: &Library<'_>, index: usize, root: Node<'_>, details: &Details, fact: &mut Fact) {
    if let Some(status) = &fact.status {
        let comparable = Some(status.clone());
        fact.fields.push(Field {
            name: FieldName::Status,
            value: status.clone(),
            comparable,
        });
    }
    for (name, paths) in details.fields {
        let found = paths.iter().find_map(|path| {
            let node = walk(root, path)?;
            Some((node, words(library, index, node)?))
        });
        let Some((node, value)) = found else { continue };
        let comparable = match name {
            FieldName::Status
            | FieldName::Verification
            | FieldName::Severity
            | FieldName::Criticality
            | FieldName::Gender => code_of(node),
            _ => None,
        };
        if *name == FieldName::Status {
            fact.status = comparable.clone().or_else(|| Some(value.clone()));
        }
        fact.fields.push(Field {
            name: *name,
            value,
            comparable,
        });
    }
}

/// The element at the end of a path of names; an array on the way stands for
/// its first item, at the end for all its items.
pub(super) fn walk<'a>(root: Node<'a>, path: &[&str]) -> Option<Node<'a>> {
    match path {
        [] => None,
        [name] => root.get(name),
        [front @ .., last] => root.path(front)?.get(last),
    }
}

/// The first moment that one of the paths leads to.
pub(super) fn moment(root: Node<'_>, paths: &[&[&str]]) -> Option<Moment> {
    paths
        .iter()
        .find_map(|path| Moment::parse(&walk(root, path)?.as_str()?))
}

fn identifiers(root: Node<'_>) -> Vec<(String, String)> {
    let list = root.each("identifier").chain(root.get("identifier"));
    list.filter_map(|identifier| {
        let system = identifier.text("system")?.into_owned();
        Some((system, identifier.text("value")?.into_owned()))
    })
    .collect()
}

/// Whether a fact is current, by its own status and dates. What says nothing
/// about itself counts as current: better shown than hidden.
fn is_current(root: Node<'_>, fact: &Fact, now: Timestamp) -> bool {
    let verification = root
        .get("verificationStatus")
        .and_then(code_of)
        .unwrap_or_default();
    if matches!(verification.as_str(), "entered-in-error" | "refuted") {
        return false;
    }
    let ended = moment(
        root,
        &[
            &["abatementDateTime"],
            &["abatementPeriod", "end"],
            &["period", "end"],
            &["provision", "period", "end"],
        ],
    );
    if ended.is_some_and(|ended| ended.high_ms < now.as_millisecond()) {
        return false;
    }
    let status = fact.status.as_deref().unwrap_or_default();
    !matches!(
        status,
        "inactive"
            | "resolved"
            | "remission"
            | "entered-in-error"
            | "finished"
            | "cancelled"
            | "completed"
            | "stopped"
            | "revoked"
            | "rejected"
            | "not-done"
            | "ended"
            | "abandoned"
            | "fulfilled"
            | "noshow"
    )
}
