//! FHIR data types in words: what a page shows of a node, and what can be compared.

use std::{borrow::Cow, collections::HashMap};

use care::Ura;
use fhir::json::{Kind, Node};

use super::model::{Coding, Quantity};
use crate::record::SourcedResource;

/// The resources of a record, to be found by who points at them.
pub(super) struct Library<'a> {
    resources: &'a [SourcedResource],
    by_reference: HashMap<(Ura, String), usize>,
}

impl<'a> Library<'a> {
    pub(super) fn new(resources: &'a [SourcedResource]) -> Self {
        let by_reference = resources
            .iter()
            .enumerate()
            .filter_map(|(index, sourced)| {
                let id = sourced.resource.id()?;
                let reference = format!("{}/{id}", sourced.resource.resource_type());
                Some(((sourced.source, reference), index))
            })
            .collect();
        Self {
            resources,
            by_reference,
        }
    }

    pub(super) fn resource(&self, index: usize) -> &'a SourcedResource {
        &self.resources[index]
    }

    /// What a reference of one resource points at: inside that resource, or at
    /// another one of the same source.
    pub(super) fn resolve(&self, from: usize, reference: Node<'_>) -> Option<Node<'a>> {
        let sourced = self.resource(from);
        let target = reference.text("reference")?;
        if let Some(id) = target.strip_prefix('#') {
            return sourced
                .resource
                .root()
                .each("contained")
                .find(|contained| contained.text("id").is_some_and(|own| own == id));
        }
        let found = self.position(from, reference)?;
        Some(self.resources[found].resource.root())
    }

    /// The position of the resource that a reference of another one leads to,
    /// at the same source.
    pub(super) fn position(&self, from: usize, reference: Node<'_>) -> Option<usize> {
        let target = reference.text("reference")?;
        let mut parts = target
            .split('/')
            .skip_while(|part| fhir::resource_type(part).is_none());
        let key = format!("{}/{}", parts.next()?, parts.next()?);
        let source = self.resource(from).source;
        self.by_reference.get(&(source, key)).copied()
    }

    /// Who or what a reference names, in words: its display, else the name of
    /// what it points at, else nothing.
    pub(super) fn name(&self, from: usize, reference: Node<'_>) -> Option<String> {
        if let Some(display) = reference.text("display") {
            return Some(display.into_owned());
        }
        let target = self.resolve(from, reference)?;
        match target.text("resourceType")?.as_ref() {
            "PractitionerRole" => {
                let part = |name| target.get(name).and_then(|part| self.name(from, part));
                part("practitioner").or_else(|| part("organization"))
            }
            "Organization" | "Location" | "HealthcareService" => {
                target.text("name").map(Cow::into_owned)
            }
            "Medication" => target.get("code").and_then(|code| concept(code).0),
            _ => target.path(&["name"]).and_then(human_name),
        }
    }

    /// The organisation that a reference leads to, by name: the thing itself,
    /// or the organisation of a role.
    pub(super) fn organisation(&self, from: usize, reference: Node<'_>) -> Option<String> {
        let target = self.resolve(from, reference);
        let kind = target.and_then(|target| target.text("resourceType"));
        match (kind.as_deref(), target) {
            (Some("Organization"), Some(target)) => target
                .text("name")
                .or_else(|| reference.text("display"))
                .map(Cow::into_owned),
            (Some("PractitionerRole"), Some(target)) => target
                .get("organization")
                .and_then(|part| self.name(from, part)),
            (Some(_), _) => None,
            (None, _) => {
                let names_organisation = reference
                    .text("reference")
                    .is_some_and(|target| target.contains("Organization/"))
                    || reference
                        .text("type")
                        .is_some_and(|kind| kind == "Organization")
                    || reference
                        .path(&["identifier", "system"])
                        .and_then(Node::as_str)
                        .is_some_and(|system| system == Ura::SYSTEM);
                let display = reference.text("display").map(Cow::into_owned);
                display.filter(|_| names_organisation)
            }
        }
    }
}

/// A CodeableConcept, Coding or code: how its source worded it, and its codes.
pub(super) fn concept(node: Node<'_>) -> (Option<String>, Vec<Coding>) {
    let mut codings = Vec::new();
    let mut displays = Vec::new();
    let mut codes = Vec::new();
    let listed = node.each("coding");
    let alone = node
        .get("code")
        .is_some_and(|code| code.kind() == Kind::String);
    for coding in listed.chain(alone.then_some(node)) {
        let display = coding.text("display").map(Cow::into_owned);
        if let Some(code) = coding.text("code") {
            let system = coding.text("system").unwrap_or_default().into_owned();
            codes.push(code.clone().into_owned());
            // A code without a system means nothing outside its source.
            if !system.is_empty() && !says_nothing(&system) {
                let code = code.into_owned();
                codings.push(Coding {
                    system,
                    code,
                    display: display.clone(),
                });
            }
        }
        displays.extend(display);
    }
    let text = node.text("text").map(Cow::into_owned);
    let title = text
        .filter(|text| !text.trim().is_empty())
        .or_else(|| displays.into_iter().next())
        .or_else(|| codes.into_iter().next())
        .or_else(|| node.as_str().map(Cow::into_owned));
    (title, codings)
}

/// Systems of which the codes only say that there is no code.
fn says_nothing(system: &str) -> bool {
    system.ends_with("/data-absent-reason") || system.ends_with("/v3-NullFlavor")
}

/// The first code of a concept, for comparing statuses.
pub(super) fn code_of(node: Node<'_>) -> Option<String> {
    let coding = node.path(&["coding", "code"]).or_else(|| node.get("code"));
    coding.unwrap_or(node).as_str().map(Cow::into_owned)
}

/// A HumanName in words.
pub(super) fn human_name(node: Node<'_>) -> Option<String> {
    if let Some(text) = node.text("text") {
        return Some(text.into_owned());
    }
    let mut parts: Vec<String> = Vec::new();
    for name in ["prefix", "given"] {
        parts.extend(
            node.each(name)
                .filter_map(|part| Some(part.as_str()?.into_owned())),
        );
    }
    parts.extend(node.text("family").map(Cow::into_owned));
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// A Quantity, with its digits as received.
pub(super) fn quantity(node: Node<'_>) -> Option<Quantity> {
    let digits = node.get("value")?.as_number()?.to_owned();
    let code = node.text("code").map(Cow::into_owned);
    let is_ucum = node.text("system").is_some_and(|system| system == UCUM);
    let unit = node
        .text("unit")
        .map(Cow::into_owned)
        .or_else(|| code.clone());
    let comparator = node.text("comparator").map(Cow::into_owned);
    Some(Quantity {
        digits,
        comparator,
        unit,
        ucum: code.filter(|_| is_ucum),
    })
}

/// The code system of UCUM.
pub(super) const UCUM: &str = "http://unitsofmeasure.org";

/// A quantity in words.
pub(super) fn quantity_words(quantity: &Quantity) -> String {
    let comparator = quantity.comparator.as_deref().unwrap_or_default();
    match &quantity.unit {
        Some(unit) => format!("{comparator}{} {unit}", quantity.digits),
        None => format!("{comparator}{}", quantity.digits),
    }
}

/// What a page can say of any element, by its shape.
pub(super) fn words(library: &Library<'_>, from: usize, node: Node<'_>) -> Option<String> {
    let said = match node.kind() {
        Kind::Null => None,
        Kind::String => node.as_str().map(Cow::into_owned),
        Kind::Number | Kind::Bool => Some(node.raw().to_owned()),
        Kind::Array => {
            let parts: Vec<String> = node
                .items()
                .filter_map(|item| words(library, from, item))
                .collect();
            (!parts.is_empty()).then(|| parts.join("; "))
        }
        Kind::Object => object_words(library, from, node),
    };
    said.filter(|text| !text.trim().is_empty())
}

fn object_words(library: &Library<'_>, from: usize, node: Node<'_>) -> Option<String> {
    if node
        .get("value")
        .is_some_and(|value| value.kind() == Kind::Number)
    {
        return quantity(node).map(|quantity| quantity_words(&quantity));
    }
    if node.get("reference").is_some() || node.get("display").is_some() {
        return library.name(from, node);
    }
    if node.get("family").is_some() || node.get("given").is_some() {
        return human_name(node);
    }
    if node.get("city").is_some() || node.get("line").is_some() || node.get("postalCode").is_some()
    {
        let lines = node
            .each("line")
            .filter_map(|line| Some(line.as_str()?.into_owned()));
        let rest = ["postalCode", "city"]
            .into_iter()
            .filter_map(|name| node.text(name));
        let parts: Vec<String> = lines.chain(rest.map(Cow::into_owned)).collect();
        return (!parts.is_empty()).then(|| parts.join(", "));
    }
    if node.get("start").is_some() || node.get("end").is_some() {
        let side = |name| node.text(name).unwrap_or_default();
        return Some(
            format!("{} – {}", side("start"), side("end"))
                .trim()
                .to_owned(),
        );
    }
    if node.get("coding").is_some() {
        return concept(node).0;
    }
    node.text("text")
        .or_else(|| node.text("value"))
        .map(Cow::into_owned)
        .or_else(|| concept(node).0)
}

/// Text for comparing: white space and case do not count.
pub(super) fn folded(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .to_lowercase()
}
