//! The codes of a FHIR CodeSystem, as much as membership asks for.

use std::collections::{HashMap, HashSet};

use super::{Codes, Filter, FilterOp, Membership, found};
use crate::json::Node;

/// How many steps up a code may have.
const ANCESTORS_MAX: usize = 1000;

/// The codes of a system and what they are below.
#[derive(Debug, Default)]
pub(crate) struct CodeSystem {
    /// All codes are there.
    is_complete: bool,
    ignores_case: bool,
    parents: HashMap<String, Vec<String>>,
}

impl CodeSystem {
    pub(crate) fn read(definition: Node<'_>) -> Self {
        let mut system = Self {
            is_complete: definition.text("content").as_deref() == Some("complete"),
            ignores_case: definition.get("caseSensitive").and_then(Node::as_bool) == Some(false),
            parents: HashMap::new(),
        };
        let mut open: Vec<(Node<'_>, Option<String>)> =
            definition.each("concept").map(|one| (one, None)).collect();
        while let Some((concept, parent)) = open.pop() {
            let Some(code) = concept.text("code") else {
                continue;
            };
            let code = system.key(&code);
            let parents = system.parents.entry(code.clone()).or_default();
            parents.extend(parent);
            for property in concept.each("property") {
                let name = property.text("code").unwrap_or_default();
                if matches!(&*name, "subsumedBy" | "parent")
                    && let Some(parent) = property.text("valueCode")
                {
                    parents.push(parent.into_owned());
                }
            }
            open.extend(concept.each("concept").map(|one| (one, Some(code.clone()))));
        }
        system
    }

    fn key(&self, code: &str) -> String {
        if self.ignores_case {
            code.to_lowercase()
        } else {
            code.to_owned()
        }
    }

    /// Whether a code is below another one.
    fn is_below(&self, code: &str, ancestor: &str) -> bool {
        let ancestor = self.key(ancestor);
        let mut seen = HashSet::new();
        let mut open = vec![self.key(code)];
        while let Some(code) = open.pop() {
            for parent in self.parents.get(&code).into_iter().flatten() {
                if *parent == ancestor {
                    return true;
                }
                if seen.len() < ANCESTORS_MAX && seen.insert(parent.clone()) {
                    open.push(parent.clone());
                }
            }
        }
        false
    }
}

impl Codes for CodeSystem {
    fn is_complete(&self) -> bool {
        self.is_complete
    }

    fn has(&self, code: &str) -> Membership {
        if self.parents.contains_key(&self.key(code)) {
            Membership::In
        } else if self.is_complete {
            Membership::Out
        } else {
            Membership::CannotCheck
        }
    }

    fn passes(&self, code: &str, filter: &Filter) -> Membership {
        if !self.is_complete || !matches!(filter.property.as_str(), "concept" | "code") {
            return Membership::CannotCheck;
        }
        let root = filter.value.as_str();
        match filter.op {
            FilterOp::IsA => found(code == root || self.is_below(code, root)),
            FilterOp::DescendentOf => found(self.is_below(code, root)),
            FilterOp::IsNotA => found(code != root && !self.is_below(code, root)),
            _ => Membership::CannotCheck,
        }
    }
}
