//! The walk over a resource: each element once, with all rules that hold for it.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::Validator;
use super::finding::{Finding, Rule};
use super::given::Given;
use super::invariant::{self, Invariant, Invariants, Verdict};
use super::place::Place;
use super::profile::Profile;
use super::rules::{Rules, UNBOUNDED};
use super::targets::Fit;
use super::typed::Typed as _;
use crate::Resource;
use crate::codes::without_version;
use crate::definitions::{self, Definitions, Element as Definition, Structure};
use crate::fhirpath::{Context, Element, Item, children};
use crate::json::Node;
use crate::outcome::{IssueCode, Severity};

/// How many errors one validation reports besides those of the shape, and how many
/// findings that are no errors. A resource with more errors is wrong enough.
pub const FINDINGS_MAX: usize = 200;

/// How often a validation may try whether a value fits a profile, to tell slices
/// or types apart. What is not tried any more cannot be checked.
pub const TRIES_MAX: usize = 10_000;

/// How deep tries may nest.
const TRY_DEPTH_MAX: usize = 4;

/// An element and the structure that it is defined in.
#[derive(Clone, Copy)]
pub(super) struct Owner {
    pub(super) structure: &'static Structure,
    pub(super) element: &'static Definition,
    pub(super) position: u16,
}

/// A walk under way.
pub(super) struct Walk<'a> {
    pub(super) validator: &'a Validator,
    pub(super) definitions: &'static Definitions,
    pub(super) invariants: &'static Invariants,
    /// The resource that the walk is in: a root or the entry of a Bundle.
    pub(super) context: Context<'a>,
    pub(super) resource: Element<'a>,
    /// What is contained in it, by id.
    pub(super) contained: HashMap<Cow<'a, str>, Element<'a>>,
    /// The entries of the Bundle around it, by `fullUrl` and by `Type/id`.
    pub(super) entries: HashMap<String, Element<'a>>,
    /// Whether there is a Bundle around it.
    pub(super) is_bundled: bool,
    pub(super) given: &'a Given,
    /// What is known of targets of references, by where they are and by profile.
    pub(super) fits: HashMap<(usize, &'a str), Fit>,
    pub(super) findings: Vec<Finding>,
    /// How many errors there are, reported or not.
    errors: usize,
    /// How many findings there are that are no errors.
    remarks: usize,
    /// What has been said to be beyond checking.
    said: HashSet<String>,
    tries: usize,
    try_depth: usize,
}

/// Walks over a resource.
pub(super) fn validate<'a>(
    validator: &'a Validator,
    resource: &'a Resource,
    profiles: &[&str],
    given: &'a Given,
) -> Vec<Finding> {
    let Some(root) = Element::resource_in(resource.version(), resource.root()) else {
        return Vec::new();
    };
    let mut walk = Walk {
        validator,
        definitions: definitions::of(resource.version()),
        invariants: invariant::of_version(resource.version()),
        context: Context::new(root),
        resource: root,
        contained: HashMap::new(),
        entries: HashMap::new(),
        is_bundled: false,
        given,
        fits: HashMap::new(),
        findings: Vec::new(),
        errors: 0,
        remarks: 0,
        said: HashSet::new(),
        tries: 0,
        try_depth: 0,
    };
    let place = Place::Root(resource.resource_type());
    let mut rules = Vec::new();
    for url in profiles {
        let url = without_version(url);
        match validator.profile(url) {
            Some(profile) => walk.claim(profile, root, &place, &mut rules),
            None => walk.report(
                Finding::new(
                    Severity::Error,
                    Rule::Profile,
                    "the profile asked for is not at hand",
                ),
                Some(url),
                &place,
            ),
        }
    }
    walk.root(root, &rules, &place);
    walk.findings
}

impl<'a> Walk<'a> {
    /// Reports at a place.
    pub(super) fn report(&mut self, mut finding: Finding, found: Option<&str>, place: &Place<'_>) {
        let is_error = finding.is_error();
        let count = if is_error {
            &mut self.errors
        } else {
            &mut self.remarks
        };
        *count += 1;
        if *count > FINDINGS_MAX + 1 {
            return;
        }
        if *count > FINDINGS_MAX {
            let (severity, what) = if is_error {
                (Severity::Error, "errors")
            } else {
                (Severity::Information, "findings that are no errors")
            };
            let text = format!("more than {FINDINGS_MAX} {what}: the rest is not reported");
            finding = Finding::new(severity, Rule::Shape, text);
            finding.issue.code = IssueCode::TooCostly;
        } else {
            finding.issue.expression = Some(place.expression());
            finding.found = found.map(str::to_owned);
        }
        self.findings.push(finding);
    }

    /// Whether no more errors are reported.
    pub(super) fn is_full(&self) -> bool {
        self.errors > FINDINGS_MAX
    }

    pub(super) fn error(&mut self, rule: Rule, text: impl Into<String>, place: &Place<'_>) {
        self.report(Finding::new(Severity::Error, rule, text), None, place);
    }

    /// Says once for a resource that something cannot be checked.
    pub(super) fn cannot_check(&mut self, rule: Rule, what: &str, place: &Place<'_>) {
        if self.try_depth == 0 && self.said.insert(what.to_owned()) {
            let text = format!("cannot check {what}");
            self.report(Finding::new(Severity::Information, rule, text), None, place);
        }
    }

    /// Whether it only tries out whether something fits.
    pub(super) fn is_trying(&self) -> bool {
        self.try_depth > 0
    }

    /// Whether an element fits rules; `None` when too much has been tried.
    pub(super) fn fits(&mut self, element: Element<'a>, rules: &[&'a Rules]) -> Option<bool> {
        let tried = self.tried(element, rules)?;
        Some(!tried.iter().any(Finding::is_error))
    }

    /// What is found when an element is held against rules; `None` when too much
    /// has been tried.
    pub(super) fn tried(
        &mut self,
        element: Element<'a>,
        rules: &[&'a Rules],
    ) -> Option<Vec<Finding>> {
        if self.tries >= TRIES_MAX || self.try_depth >= TRY_DEPTH_MAX {
            return None;
        }
        self.tries += 1;
        self.try_depth += 1;
        let before = std::mem::take(&mut self.findings);
        let counted = (self.errors, self.remarks);
        (self.errors, self.remarks) = (0, 0);
        let place = Place::Root(element.type_name());
        self.judge_rules(element, rules, &place);
        self.object(element, rules, &place);
        let tried = std::mem::replace(&mut self.findings, before);
        (self.errors, self.remarks) = counted;
        self.try_depth -= 1;
        Some(tried)
    }

    /// Adds the rules of a profile that a resource claims or is asked to fit.
    fn claim(
        &mut self,
        profile: &'a Profile,
        resource: Element<'a>,
        place: &Place<'_>,
        rules: &mut Vec<&'a Rules>,
    ) {
        if self.definitions.is_a(resource.kind(), profile.type_id) {
            add(rules, &profile.rules);
        } else {
            let finding = Finding::new(
                Severity::Error,
                Rule::Profile,
                "the profile is about another type",
            );
            self.report(finding, Some(&profile.url), place);
        }
    }

    /// A resource that stands by itself: the root, or the entry of a Bundle.
    pub(super) fn root(&mut self, resource: Element<'a>, rules: &[&'a Rules], place: &Place<'_>) {
        self.inside(resource, |walk| {
            let outer = (resource.type_name() == "Bundle").then(|| {
                let entries = std::mem::replace(&mut walk.entries, Self::entries_of(resource));
                (entries, std::mem::replace(&mut walk.is_bundled, true))
            });
            walk.resource(resource, rules, place);
            if walk.try_depth == 0 {
                walk.references_inside(resource, place);
                if resource.type_name() == "QuestionnaireResponse" {
                    walk.answers(resource, place);
                }
            }
            if let Some(outer) = outer {
                walk.bundle(resource, place);
                (walk.entries, walk.is_bundled) = outer;
            }
        });
    }

    /// Does something with this as the resource that the walk is in.
    pub(super) fn inside<T>(
        &mut self,
        resource: Element<'a>,
        work: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let contained = resource
            .node()
            .into_iter()
            .flat_map(|node| node.each("contained"))
            .filter_map(|node| {
                let id = node.text("id")?;
                Some((id, Element::resource_in(resource.version(), node)?))
            })
            .collect();
        let context = std::mem::replace(&mut self.context, Context::new(resource));
        let contained = std::mem::replace(&mut self.contained, contained);
        let outer = std::mem::replace(&mut self.resource, resource);
        let result = work(self);
        self.context = context;
        self.contained = contained;
        self.resource = outer;
        result
    }

    /// A resource, contained or not: its profiles, then its content.
    pub(super) fn resource(
        &mut self,
        resource: Element<'a>,
        rules: &[&'a Rules],
        place: &Place<'_>,
    ) {
        let mut rules = rules.to_vec();
        let claimed: Vec<Cow<'a, str>> = resource
            .node()
            .and_then(|node| node.get("meta"))
            .into_iter()
            .flat_map(|meta| meta.each("profile"))
            .filter_map(Node::as_str)
            .collect();
        let mut profiles: Vec<&'a Profile> = Vec::new();
        for url in &claimed {
            let url = without_version(url);
            match self.validator.profile(url) {
                Some(profile) => profiles.push(profile),
                // The type itself is no profile.
                None if url.rsplit('/').next() == Some(resource.type_name()) => {}
                None if self.try_depth == 0 => {
                    let text = "a profile that is not at hand: not checked against it";
                    let finding = Finding::new(Severity::Warning, Rule::Profile, text);
                    self.report(finding, Some(url), place);
                }
                None => {}
            }
        }
        for profile in &profiles {
            // What another one is derived from is checked with that one.
            let is_within = |other: &&&Profile| other.ancestors.contains(&profile.url);
            if !profiles.iter().any(|other| is_within(&other)) {
                self.claim(profile, resource, place, &mut rules);
            }
        }
        self.judge_type(resource, place);
        self.judge_rules(resource, &rules, place);
        self.object(resource, &rules, place);
    }

    /// The elements of an object (or of a primitive: its extensions).
    pub(super) fn object(&mut self, element: Element<'a>, rules: &[&'a Rules], place: &Place<'_>) {
        if self.is_full() || self.try_depth > 0 && self.findings.iter().any(Finding::is_error) {
            return;
        }
        let structure = element.shape();
        if structure.primitive.is_some() {
            return self.extensions_of_primitive(element, place);
        }
        let Some(node) = element.node() else { return };
        let mut seen = 0_u128;
        for (name, _) in node.members() {
            let Some(member) = structure.member(&name) else {
                continue;
            };
            let bit = 1_u128 << member.element;
            if seen & bit != 0 {
                continue;
            }
            seen |= bit;
            let owner = Owner {
                structure,
                element: &structure.elements[usize::from(member.element)],
                position: member.element,
            };
            let below: Vec<&'a Rules> = rules
                .iter()
                .filter_map(|rules| rules.child(owner.element.name))
                .collect();
            let mut items = Vec::new();
            children(&element, owner.element.name, &mut items);
            let values: Vec<Element<'a>> = items
                .into_iter()
                .filter_map(|item| match item {
                    Item::Element(element) => Some(element),
                    _ => None,
                })
                .collect();
            self.values(owner, &values, &below, place);
        }
        for rules in rules {
            for child in &rules.children {
                let is_absent = structure
                    .element(&child.name)
                    .is_none_or(|(position, _)| seen & 1 << position == 0);
                if is_absent {
                    self.count(child, 0, &place.child(&child.name, None));
                    for slice in &child.slices {
                        self.count(slice, 0, &place.child(&child.name, None));
                    }
                }
            }
        }
    }

    /// Whether there are as many values as there must or may be.
    pub(super) fn count(&mut self, rules: &Rules, count: usize, place: &Place<'_>) {
        let (min, max) = (rules.min.unwrap_or(0), rules.max.unwrap_or(UNBOUNDED));
        let is_few = count < min as usize;
        if !is_few && (max == UNBOUNDED || count <= max as usize) {
            return;
        }
        let (rule, of) = match &rules.slice {
            Some(slice) => (Rule::Slice, format!(" of slice {slice}")),
            None => (Rule::Cardinality, String::new()),
        };
        let text = if is_few {
            format!("at least {min}{of} must be there")
        } else {
            format!("at most {max}{of} may be there")
        };
        let mut finding = Finding::new(Severity::Error, rule, text);
        if !is_few {
            finding.issue.code = IssueCode::Structure;
        }
        self.report(finding, Some(&format!("{count}")), place);
    }

    /// All values of one element.
    fn values(
        &mut self,
        owner: Owner,
        values: &[Element<'a>],
        rules: &[&'a Rules],
        place: &Place<'_>,
    ) {
        let name = owner.element.name;
        let mut of_values: Vec<Vec<&'a Rules>> = vec![rules.to_vec(); values.len()];
        for rules in rules {
            let here = place.child(name, None);
            self.count(rules, values.len(), &here);
            if !rules.slices.is_empty() {
                let all: Vec<usize> = (0..values.len()).collect();
                self.slice(owner, rules, values, &all, &mut of_values, &here);
            }
        }
        let is_list = owner.element.max != 1;
        for (index, (value, rules)) in values.iter().zip(of_values).enumerate() {
            let here = place.child(name, is_list.then_some(index));
            self.value(owner, *value, rules, &here);
        }
    }

    /// The rules of the type of a value.
    pub(super) fn judge_type(&mut self, element: Element<'a>, place: &Place<'_>) {
        for invariant in self.invariants.of_type(element.kind()) {
            self.judge(invariant, element, place);
        }
    }

    /// The invariants of profiles.
    pub(super) fn judge_rules(
        &mut self,
        element: Element<'a>,
        rules: &[&'a Rules],
        place: &Place<'_>,
    ) {
        for rules in rules {
            for invariant in &rules.invariants {
                self.judge(invariant, element, place);
            }
        }
    }

    pub(super) fn judge(
        &mut self,
        invariant: &'a Invariant,
        element: Element<'a>,
        place: &Place<'_>,
    ) {
        let rule = || Rule::Invariant(invariant.key.clone());
        match invariant.judge(element, &self.context) {
            Verdict::Holds => {}
            Verdict::Broken => {
                let text = format!("breaks invariant {}", invariant.key);
                self.report(Finding::new(invariant.severity, rule(), text), None, place);
            }
            Verdict::CannotCheck => {
                self.cannot_check(rule(), &format!("invariant {}", invariant.key), place);
            }
        }
    }
}

/// Adds rules that are not there yet.
pub(super) fn add<'a>(list: &mut Vec<&'a Rules>, rules: &'a Rules) {
    if !list.iter().any(|one| std::ptr::eq(*one, rules)) {
        list.push(rules);
    }
}
