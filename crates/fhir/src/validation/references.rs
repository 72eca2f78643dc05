//! References inside a resource: what is contained, and what refers to it.

use std::collections::HashSet;

use super::finding::Rule;
use super::place::Place;
use super::walk::Walk;
use crate::fhirpath::Element;
use crate::json::{Kind, Node};

impl<'a> Walk<'a> {
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
