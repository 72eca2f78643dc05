//! The rules of Bundles that go over more than one entry.

use std::collections::{HashMap, HashSet};

use super::finding::Rule;
use super::place::Place;
use super::walk::Walk;
use crate::fhirpath::Element;
use crate::json::{Kind, Node};
use crate::search::ReferenceParts;

impl<'a> Walk<'a> {
    /// The resources of a Bundle by `fullUrl` and by `Type/id`; Questionnaires by
    /// `url` too.
    pub(super) fn entries_of(bundle: Element<'a>) -> HashMap<String, Element<'a>> {
        let mut entries = HashMap::new();
        for entry in bundle
            .node()
            .into_iter()
            .flat_map(|node| node.each("entry"))
        {
            let resource = entry
                .get("resource")
                .and_then(|node| Element::resource_in(bundle.version(), node));
            let Some(resource) = resource else { continue };
            if let Some(url) = entry.text("fullUrl") {
                entries.insert(url.into_owned(), resource);
            }
            let text = |name| resource.node().and_then(|node| node.text(name));
            if resource.type_name() == "Questionnaire"
                && let Some(url) = text("url")
            {
                entries.entry(url.into_owned()).or_insert(resource);
            }
            if let Some(id) = text("id") {
                let relative = format!("{}/{id}", resource.type_name());
                entries.entry(relative).or_insert(resource);
            }
        }
        entries
    }

    /// `fullUrl`s, and that documents and messages are whole.
    pub(super) fn bundle(&mut self, bundle: Element<'a>, place: &Place<'_>) {
        let Some(node) = bundle.node() else { return };
        let kind = node.text("type").unwrap_or_default();
        for (index, entry) in node.each("entry").enumerate() {
            let here = place.child("entry", Some(index));
            let Some(url) = entry.text("fullUrl") else {
                continue;
            };
            let here = here.child("fullUrl", None);
            if !url.contains(':') {
                self.error(Rule::Bundle, "a fullUrl must be absolute", &here);
            }
            let parts = ReferenceParts::parse_in(bundle.version(), &url);
            let resource = entry.get("resource");
            let text = |name| resource.and_then(|resource| resource.text(name));
            let is_other = match (parts.resource_type, parts.id) {
                (Some(name), Some(id)) => {
                    text("resourceType").is_some_and(|found| found != name)
                        || text("id").is_some_and(|found| found != id)
                }
                _ => false,
            };
            if is_other {
                self.error(
                    Rule::Bundle,
                    "a fullUrl must end in the type and id of its resource",
                    &here,
                );
            }
        }
        let first = node
            .each("entry")
            .next()
            .and_then(|entry| entry.get("resource"));
        let (Some(first), true) = (first, matches!(&*kind, "document" | "message")) else {
            return;
        };
        // A document holds what its Composition refers to; a message its focus.
        let from = if kind == "document" {
            Some(first)
        } else {
            first.get("focus")
        };
        let base = node
            .each("entry")
            .next()
            .and_then(|entry| entry.text("fullUrl"))
            .and_then(|url| {
                let parts = ReferenceParts::parse_in(bundle.version(), &url);
                parts.base.map(str::to_owned)
            });
        let mut missing = HashSet::new();
        let mut open: Vec<Node<'a>> = from.into_iter().collect();
        while let Some(node) = open.pop() {
            match node.kind() {
                Kind::Array => open.extend(node.items()),
                Kind::Object => {
                    open.extend(
                        node.members()
                            .filter(|(name, _)| name != "contained")
                            .map(|(_, value)| value),
                    );
                    let Some(text) = node.text("reference") else {
                        continue;
                    };
                    let full = base.as_ref().map(|base| format!("{base}/{text}"));
                    let is_here = text.starts_with('#')
                        || self.entries.contains_key(&*text)
                        || full.is_some_and(|full| self.entries.contains_key(&full));
                    // What is elsewhere by an absolute URL may stay there.
                    if !is_here && (text.starts_with("urn:") || !text.contains(':')) {
                        missing.insert(text.into_owned());
                    }
                }
                _ => {}
            }
        }
        if !missing.is_empty() {
            let text = format!(
                "a {kind} must hold what it refers to: {} missing",
                missing.len()
            );
            self.error(Rule::Bundle, text, &place.child("entry", Some(0)));
        }
    }
}
