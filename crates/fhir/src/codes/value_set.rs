//! Which codes make up a value set, as its definition says.

use std::collections::{HashMap, HashSet};

use crate::json::{Kind, Node};

/// A value set by its definition.
#[derive(Debug, Clone, Default)]
pub struct ValueSet {
    /// What is in it.
    pub include: Vec<Part>,
    /// What of that is not.
    pub exclude: Vec<Part>,
    /// Codes that are out of use are not in it (`compose.inactive` is false). Whether
    /// a code may be recorded is another question: membership does not look at it.
    pub active_only: bool,
}

/// Codes of one system, or what several value sets share.
#[derive(Debug, Clone, Default)]
pub struct Part {
    /// The code system.
    pub system: Option<String>,
    /// The version of it.
    pub version: Option<String>,
    /// The codes, when they are listed.
    pub listed: Option<Listed>,
    /// What else must hold.
    pub filters: Vec<Filter>,
    /// The value sets that a code must be in as well, by canonical URL.
    pub value_sets: Vec<String>,
}

/// Codes in their order.
#[derive(Debug, Clone, Default)]
pub struct Listed {
    concepts: Vec<ListedConcept>,
    codes: HashSet<String>,
}

/// A code as a value set lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedConcept {
    /// The code.
    pub code: String,
    /// The name that the value set gives it.
    pub display: Option<String>,
}

impl Listed {
    /// In the order of the value set.
    pub fn concepts(&self) -> &[ListedConcept] {
        &self.concepts
    }

    /// Whether the code is there.
    pub fn contains(&self, code: &str) -> bool {
        self.codes.contains(code)
    }

    fn push(&mut self, concept: Node<'_>) {
        let Some(code) = concept.text("code") else {
            return;
        };
        if self.codes.insert(code.clone().into_owned()) {
            let display = concept.text("display").map(std::borrow::Cow::into_owned);
            self.concepts.push(ListedConcept {
                code: code.into_owned(),
                display,
            });
        }
    }
}

/// A rule on codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// What it is about: `concept`, or a property of the system.
    pub property: String,
    /// How.
    pub op: FilterOp,
    /// Against what.
    pub value: String,
}

/// How a property is held against a value (FHIR filter-operator).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilterOp {
    /// `=`
    Equals,
    /// `is-a`: the concept itself, or below it.
    IsA,
    /// `descendent-of`
    DescendentOf,
    /// `is-not-a`
    IsNotA,
    /// `generalizes`: the concept itself, or above it.
    Generalizes,
    /// `regex`
    Regex,
    /// `in`
    In,
    /// `not-in`
    NotIn,
    /// `exists`
    Exists,
    /// One that FHIR R4 does not have.
    Unknown,
}

impl FilterOp {
    fn of(code: &str) -> Self {
        match code {
            "=" => Self::Equals,
            "is-a" => Self::IsA,
            "descendent-of" => Self::DescendentOf,
            "is-not-a" => Self::IsNotA,
            "generalizes" => Self::Generalizes,
            "regex" => Self::Regex,
            "in" => Self::In,
            "not-in" => Self::NotIn,
            "exists" => Self::Exists,
            _ => Self::Unknown,
        }
    }
}

impl ValueSet {
    /// Reads a ValueSet resource. One that has no definition is what its expansion
    /// lists.
    pub fn read(definition: Node<'_>) -> Self {
        if let Some(compose) = definition.get("compose") {
            return Self {
                include: compose.each("include").map(part).collect(),
                exclude: compose.each("exclude").map(part).collect(),
                active_only: compose.get("inactive").and_then(Node::as_bool) == Some(false),
            };
        }
        // Only an expansion: its codes, by system.
        let mut systems: Vec<Option<String>> = Vec::new();
        let mut by_system: HashMap<Option<String>, Listed> = HashMap::new();
        let mut open: Vec<Node<'_>> = Vec::new();
        open.extend(
            definition
                .get("expansion")
                .into_iter()
                .flat_map(|expansion| expansion.each("contains")),
        );
        open.reverse();
        while let Some(entry) = open.pop() {
            let start = open.len();
            open.extend(entry.each("contains"));
            open[start..].reverse();
            let system = entry.text("system").map(std::borrow::Cow::into_owned);
            if !by_system.contains_key(&system) {
                systems.push(system.clone());
            }
            by_system.entry(system).or_default().push(entry);
        }
        let include = systems.into_iter().map(|system| Part {
            listed: by_system.remove(&system),
            system,
            ..Part::default()
        });
        Self {
            include: include.collect(),
            ..Self::default()
        }
    }

    /// All codes of a system that a filter lets through.
    pub fn of_system(system: &str, filters: Vec<Filter>) -> Self {
        Self {
            include: vec![Part {
                system: Some(system.to_owned()),
                filters,
                ..Part::default()
            }],
            ..Self::default()
        }
    }
}

fn part(part: Node<'_>) -> Part {
    let text = |name: &str| part.text(name).map(std::borrow::Cow::into_owned);
    let mut listed = Listed::default();
    for concept in part.each("concept") {
        listed.push(concept);
    }
    let filters = part.each("filter").map(|filter| Filter {
        property: filter.text("property").unwrap_or_default().into_owned(),
        op: FilterOp::of(&filter.text("op").unwrap_or_default()),
        value: filter.text("value").unwrap_or_default().into_owned(),
    });
    let value_sets = part.get("valueSet").map_or_else(Vec::new, |sets| {
        let url = |set: Node<'_>| set.as_str().map(std::borrow::Cow::into_owned);
        match sets.kind() {
            Kind::Array => sets.items().filter_map(url).collect(),
            _ => url(sets).into_iter().collect(),
        }
    });
    Part {
        system: text("system"),
        version: text("version"),
        listed: (!listed.concepts.is_empty()).then_some(listed),
        filters: filters.collect(),
        value_sets,
    }
}
