//! References: what they may point at, and what they point at in the resource itself.

use std::collections::HashSet;

use super::finding::{Finding, Rule};
use super::place::Place;
use super::rules::Rules;
use super::typed::Typed as _;
use super::walk::{Owner, Walk};
use crate::fhirpath::Element;
use crate::json::{Kind, Node};
use crate::outcome::Severity;
use crate::search::ReferenceParts;

/// What a reference points at, as far as that is known here.
pub(super) enum Target<'a> {
    /// The resource itself.
    Resource(Element<'a>),
    /// Its type.
    Type(String),
    Unknown,
}

impl<'a> Walk<'a> {
    /// What a Reference (or a URL in its place) points at.
    pub(super) fn target(&self, reference: Element<'a>) -> Target<'a> {
        let Some(node) = reference.node() else {
            return Target::Unknown;
        };
        let (text, stated) = match node.as_str() {
            Some(text) => (Some(text), None),
            None => (node.text("reference"), node.text("type")),
        };
        if let Some(text) = text {
            if let Some(id) = text.strip_prefix('#') {
                return match self.contained.get(id) {
                    Some(element) => Target::Resource(*element),
                    None if id.is_empty() => Target::Resource(self.resource),
                    None => Target::Unknown,
                };
            }
            if let Some(element) = self.entries.get(&*text) {
                return Target::Resource(*element);
            }
            let parts = ReferenceParts::parse_in(reference.version(), &text);
            if let Some(name) = parts.resource_type {
                return Target::Type(name.to_owned());
            }
        }
        stated.map_or(Target::Unknown, |name| Target::Type(name.into_owned()))
    }

    /// Whether a reference points at something that it may point at.
    pub(super) fn reference(
        &mut self,
        owner: Owner,
        value: Element<'a>,
        rules: &[&'a Rules],
        place: &Place<'_>,
    ) {
        if value.shape().name != "Reference" {
            return;
        }
        let name = match self.target(value) {
            Target::Resource(element) => element.type_name().to_owned(),
            Target::Type(name) => name,
            Target::Unknown => return,
        };
        let forms = owner.element.forms.iter();
        let mut lists: Vec<Vec<&str>> = forms
            .filter(|form| form.type_id == value.kind())
            .map(|form| form.targets.to_vec())
            .collect();
        for rules in rules {
            let types = rules.types.iter().filter(|one| one.code == "Reference");
            for one in types {
                let names = one.targets.iter().map(|url| self.type_of_profile(url));
                // A profile that is not at hand may be about any type.
                lists.push(names.collect::<Option<Vec<&str>>>().unwrap_or_default());
            }
        }
        for wanted in lists {
            let is_right =
                |one: &&str| match (self.definitions.find(&name), self.definitions.find(one)) {
                    (Some(name), Some(wanted)) => self.definitions.is_a(name, wanted),
                    _ => *one == "Any",
                };
            if !wanted.is_empty() && !wanted.iter().any(is_right) {
                let text = format!("must refer to {}", wanted.join(" or "));
                let finding = Finding::new(Severity::Error, Rule::Reference, text);
                return self.report(finding, Some(&name), place);
            }
        }
    }

    /// The type that a profile, or the URL of a type, is about.
    pub(super) fn type_of_profile(&self, url: &str) -> Option<&'static str> {
        let id = match self.validator.profile(url) {
            Some(profile) => profile.type_id,
            None => self
                .definitions
                .find(url.strip_prefix(super::value::DEFINITIONS)?)?,
        };
        Some(self.definitions.get(id).name)
    }

    /// Rules `ref-1` and `dom-3`: what is referred to inside the resource is
    /// contained, and what is contained is referred to, or refers to the resource.
    pub(super) fn references_inside(&mut self, resource: Element<'a>, place: &Place<'_>) {
        let Some(node) = resource.node() else { return };
        let is_container = matches!(resource.type_name(), "Bundle" | "Parameters");
        if self.contained.is_empty() && is_container {
            return;
        }
        let mut named: HashSet<String> = HashSet::new();
        let mut dangling = false;
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            match node.kind() {
                Kind::Array => open.extend(node.items()),
                Kind::Object => {
                    for (name, value) in node.members() {
                        match value.as_str() {
                            Some(text) => {
                                let Some(id) = text.strip_prefix('#') else {
                                    continue;
                                };
                                let is_reference = name == "reference";
                                dangling |= is_reference
                                    && !id.is_empty()
                                    && !self.contained.contains_key(id);
                                named.insert(id.to_owned());
                            }
                            None => open.extend([value]),
                        }
                    }
                }
                Kind::String => {
                    let id = node
                        .as_str()
                        .and_then(|text| Some(text.strip_prefix('#')?.to_owned()));
                    named.extend(id);
                }
                _ => {}
            }
        }
        if dangling {
            let rule = Rule::Invariant("ref-1".to_owned());
            self.error(
                rule,
                "refers to something contained that is not there",
                place,
            );
        }
        let contained: Vec<Node<'a>> = node.each("contained").collect();
        for (index, one) in contained.into_iter().enumerate() {
            let id = one.text("id");
            let is_named = id.as_ref().is_some_and(|id| named.contains(&**id));
            if !is_named && !refers_to_container(one) {
                let here = place.child("contained", Some(index));
                let rule = Rule::Invariant("dom-3".to_owned());
                self.error(rule, "is contained and nothing refers to it", &here);
            }
        }
    }
}

/// Whether something contained refers to the resource around it.
fn refers_to_container(node: Node<'_>) -> bool {
    let mut open = vec![node];
    while let Some(node) = open.pop() {
        match node.kind() {
            Kind::Array => open.extend(node.items()),
            Kind::Object => open.extend(node.members().map(|(_, value)| value)),
            Kind::String if node.as_str().as_deref() == Some("#") => return true,
            _ => {}
        }
    }
    false
}
