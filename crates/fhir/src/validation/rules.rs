//! What a profile demands of an element.

use std::sync::Arc;

use super::invariant::Invariant;
use crate::codes::without_version;
use crate::definitions::BindingStrength;
use crate::json::{Kind, Node, Value};
use crate::{FhirVersion, definitions};

/// No upper bound.
pub(super) const UNBOUNDED: u32 = u32::MAX;

/// What a profile, and those that it is derived from, demand of an element beyond
/// what FHIR itself does.
#[derive(Debug, Clone, Default)]
pub(super) struct Rules {
    /// The name of the element, without `[x]`.
    pub(super) name: String,
    /// The name of the slice, when these are the rules of one.
    pub(super) slice: Option<String>,
    pub(super) min: Option<u32>,
    pub(super) max: Option<u32>,
    /// The types that are allowed; empty when nothing is said.
    pub(super) types: Vec<TypeRule>,
    /// The types that the profile being laid names instead of the element, as in
    /// `Observation.valueQuantity`: the only ones that are left.
    pub(super) renamed: Vec<String>,
    pub(super) fixed: Option<Value>,
    pub(super) pattern: Option<Value>,
    pub(super) min_value: Option<Value>,
    pub(super) max_value: Option<Value>,
    /// In characters.
    pub(super) max_length: Option<usize>,
    pub(super) binding: Option<BindingRule>,
    pub(super) invariants: Vec<Arc<Invariant>>,
    pub(super) is_modifier: Option<bool>,
    pub(super) slicing: Option<Slicing>,
    pub(super) children: Vec<Rules>,
    pub(super) slices: Vec<Rules>,
}

/// A type that a value may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TypeRule {
    pub(super) code: String,
    /// Canonical URLs of profiles, of which the value must fit one.
    pub(super) profiles: Vec<String>,
    /// Canonical URLs of profiles or types, of which the target of a reference
    /// must fit one.
    pub(super) targets: Vec<String>,
    /// Where the target of a reference may be; empty when that is not said.
    pub(super) aggregation: Vec<Aggregation>,
    /// Whether a reference must name the version of its target (`true`), or must
    /// not.
    pub(super) names_version: Option<bool>,
}

impl TypeRule {
    /// A type without anything more to it.
    fn of(code: String) -> Self {
        Self {
            code,
            profiles: Vec::new(),
            targets: Vec::new(),
            aggregation: Vec::new(),
            names_version: None,
        }
    }
}

/// Where the target of a reference is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aggregation {
    /// In the resource itself.
    Contained,
    /// Somewhere else.
    Referenced,
    /// In the same Bundle.
    Bundled,
}

impl Aggregation {
    fn from_code(code: &str) -> Option<Self> {
        match code {
            "contained" => Some(Self::Contained),
            "referenced" => Some(Self::Referenced),
            "bundled" => Some(Self::Bundled),
            _ => None,
        }
    }

    /// The code, as in FHIR.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Contained => "contained",
            Self::Referenced => "referenced",
            Self::Bundled => "bundled",
        }
    }
}

/// Where codes must come from.
#[derive(Debug, Clone)]
pub(super) struct BindingRule {
    pub(super) strength: BindingStrength,
    pub(super) value_set: String,
}

/// How the values of an element are told apart.
#[derive(Debug, Clone)]
pub(super) struct Slicing {
    pub(super) discriminators: Vec<Discriminator>,
    pub(super) is_closed: bool,
    /// Values outside of the slices come last.
    pub(super) is_open_at_end: bool,
    pub(super) is_ordered: bool,
}

/// By what the values are told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Discriminator {
    pub(super) kind: DiscriminatorKind,
    /// `$this`, or a path of elements with `resolve()` and `extension(url)`.
    pub(super) path: String,
}

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DiscriminatorKind {
    Value,
    Exists,
    Type,
    Profile,
}

impl Rules {
    /// The rules for the child of that name.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Leaves only the types that elements were renamed to, here and below.
    pub(super) fn settle_names(&mut self) {
        for below in self.children.iter_mut().chain(&mut self.slices) {
            below.settle_names();
        }
        let renamed = std::mem::take(&mut self.renamed);
        if renamed.is_empty() {
            return;
        }
        self.types.retain(|one| renamed.contains(&one.code));
        for code in renamed {
            if !self.types.iter().any(|one| one.code == code) {
                self.types.push(TypeRule::of(code));
            }
        }
    }

    /// Takes over what an element of a differential says.
    pub(super) fn constrain(&mut self, version: FhirVersion, element: Node<'_>) {
        let count = |name: &str| element.get(name).and_then(Node::as_number)?.parse().ok();
        if let Some(min) = count("min") {
            self.min = Some(min);
        }
        if let Some(max) = element.text("max") {
            self.max = Some(max.parse().unwrap_or(UNBOUNDED));
        }
        let types = types(element);
        if !types.is_empty() {
            self.types = types;
        }
        for (name, value) in element.members() {
            let is_value = |prefix: &str| {
                let rest = name.strip_prefix(prefix);
                rest.is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_uppercase()))
            };
            if is_value("fixed") {
                self.fixed = Some(value.into());
            } else if is_value("pattern") {
                self.pattern = Some(value.into());
            } else if is_value("minValue") {
                self.min_value = Some(value.into());
            } else if is_value("maxValue") {
                self.max_value = Some(value.into());
            }
        }
        if let Some(length) = count("maxLength") {
            self.max_length = Some(length as usize);
        }
        if let Some(is_modifier) = element.get("isModifier").and_then(Node::as_bool) {
            self.is_modifier = Some(is_modifier);
        }
        if let Some(binding) = element.get("binding").and_then(binding) {
            self.binding = Some(binding);
        }
        if let Some(slicing) = element.get("slicing") {
            self.slicing = Some(read_slicing(slicing, self.slicing.take()));
        }
        for rule in element.each("constraint") {
            if let Some(invariant) = Invariant::read(version, rule)
                && !self
                    .invariants
                    .iter()
                    .any(|other| other.key == invariant.key)
            {
                self.invariants.push(Arc::new(invariant));
            }
        }
    }
}

/// The types that an element of a differential allows; STU3 repeats the type for
/// each profile.
fn types(element: Node<'_>) -> Vec<TypeRule> {
    let mut types: Vec<TypeRule> = Vec::new();
    for entry in element.each("type") {
        let Some(code) = entry.text("code") else {
            continue;
        };
        let code = code
            .strip_prefix("http://hl7.org/fhirpath/System.")
            .map_or(&*code, |_| "string");
        let position = types.iter().position(|one| one.code == code);
        let position = position.unwrap_or_else(|| {
            types.push(TypeRule::of(code.to_owned()));
            types.len() - 1
        });
        let aggregation = entry.each("aggregation").filter_map(Node::as_str);
        types[position]
            .aggregation
            .extend(aggregation.filter_map(|code| Aggregation::from_code(&code)));
        match entry.text("versioning").as_deref() {
            Some("specific") => types[position].names_version = Some(true),
            Some("independent") => types[position].names_version = Some(false),
            _ => {}
        }
        types[position].profiles.extend(urls(entry.get("profile")));
        types[position]
            .targets
            .extend(urls(entry.get("targetProfile")));
    }
    types
}

/// One URL or a list of them, without versions.
fn urls(node: Option<Node<'_>>) -> Vec<String> {
    let Some(node) = node else { return Vec::new() };
    let bare = |node: Node<'_>| node.as_str().map(|url| without_version(&url).to_owned());
    match node.kind() {
        Kind::Array => node.items().filter_map(bare).collect(),
        _ => bare(node).into_iter().collect(),
    }
}

/// A canonical URL without `|version`.
fn binding(binding: Node<'_>) -> Option<BindingRule> {
    let strength = definitions::BindingStrength::from_code(&binding.text("strength")?)?;
    let set = binding
        .text("valueSet")
        .or_else(|| binding.get("valueSetReference")?.text("reference"))
        .or_else(|| binding.text("valueSetUri"))?;
    Some(BindingRule {
        strength,
        value_set: without_version(&set).to_owned(),
    })
}

fn read_slicing(slicing: Node<'_>, inherited: Option<Slicing>) -> Slicing {
    let mut discriminators: Vec<Discriminator> = slicing
        .each("discriminator")
        .filter_map(|one| {
            let kind = match &*one.text("type")? {
                "value" | "pattern" => DiscriminatorKind::Value,
                "exists" => DiscriminatorKind::Exists,
                "type" => DiscriminatorKind::Type,
                "profile" => DiscriminatorKind::Profile,
                _ => return None,
            };
            let path = one.text("path")?.into_owned();
            Some(Discriminator { kind, path })
        })
        .collect();
    if let Some(inherited) = inherited {
        for one in inherited.discriminators {
            if !discriminators.contains(&one) {
                discriminators.push(one);
            }
        }
    }
    let rules = slicing.text("rules").unwrap_or_default();
    Slicing {
        discriminators,
        is_closed: rules == "closed",
        is_open_at_end: rules == "openAtEnd",
        is_ordered: slicing.get("ordered").and_then(Node::as_bool) == Some(true),
    }
}
