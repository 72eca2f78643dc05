//! Slices: which values belong to which, and whether there are as many as there must be.

use std::borrow::Cow;

use super::finding::Rule;
use super::matching::{fits_pattern, is_fixed};
use super::place::Place;
use super::rules::{Discriminator, DiscriminatorKind, Rules};
use super::targets::Target;
use super::typed::Typed as _;
use super::value::codings;
use super::walk::{Owner, Walk};
use crate::codes::{Membership, contains};
use crate::definitions::BindingStrength;
use crate::fhirpath::{Element, Item, children};

/// How deep the rules of a slice are looked through for prescribed values.
const RULES_DEPTH_MAX: usize = 8;

/// What a discriminator leads to in a value.
enum Found<'a> {
    Element(Element<'a>),
    /// The target of a reference, of which only the type is known.
    Type(String),
}

/// A step of the path of a discriminator.
enum Step<'p> {
    Name(&'p str),
    Resolve,
    Extension(&'p str),
}

impl<'a> Walk<'a> {
    /// Tells the values that are meant (by position) apart, adds the rules of its
    /// slice to each, and counts.
    pub(super) fn slice(
        &mut self,
        owner: Owner,
        rules: &'a Rules,
        values: &[Element<'a>],
        meant: &[usize],
        of_values: &mut [Vec<&'a Rules>],
        place: &Place<'_>,
    ) {
        let discriminators = discriminators(owner, rules);
        if discriminators.is_empty() {
            return self.cannot_check(Rule::Slice, "slices without a discriminator", place);
        }
        let mut counts = vec![Vec::new(); rules.slices.len()];
        let mut last = None;
        let (mut is_open, mut has_other, mut is_out_of_order) = (false, false, false);
        for position in meant {
            let value = values[*position];
            let mut slice_of = None;
            let mut is_unknown = false;
            for (number, slice) in rules.slices.iter().enumerate() {
                match self.is_of_slice(&discriminators, owner, value, slice) {
                    Some(true) => {
                        slice_of = Some(number);
                        break;
                    }
                    Some(false) => {}
                    None => is_unknown = true,
                }
            }
            let Some(number) = slice_of else {
                is_open |= is_unknown;
                has_other |= !is_unknown;
                continue;
            };
            let slicing = rules.slicing.as_ref();
            let is_ordered = slicing.is_some_and(|slicing| slicing.is_ordered);
            is_out_of_order |= is_ordered && last.is_some_and(|last| last > number)
                || has_other && slicing.is_some_and(|slicing| slicing.is_open_at_end);
            last = Some(number);
            counts[number].push(*position);
            of_values[*position].push(&rules.slices[number]);
        }
        let is_closed = rules
            .slicing
            .as_ref()
            .is_some_and(|slicing| slicing.is_closed);
        if has_other && is_closed {
            self.error(
                Rule::Slice,
                "has a value that is in none of its slices",
                place,
            );
        }
        if is_out_of_order {
            self.error(Rule::Slice, "has its slices in another order", place);
        }
        if is_open {
            self.cannot_check(
                Rule::Slice,
                &format!("which slice of {} a value is in", rules.name),
                place,
            );
        }
        for (slice, members) in rules.slices.iter().zip(counts) {
            // A value whose slice is not known may be the one that seems to be missing.
            let is_short = members.len() < slice.min.unwrap_or(0) as usize;
            if !(is_open && is_short) {
                self.count(slice, members.len(), place);
            }
            if !slice.slices.is_empty() {
                self.slice(owner, slice, values, &members, of_values, place);
            }
        }
    }

    /// Whether a value is in a slice, by all discriminators; `None` when that cannot
    /// be told.
    fn is_of_slice(
        &mut self,
        discriminators: &[Cow<'a, Discriminator>],
        owner: Owner,
        value: Element<'a>,
        slice: &'a Rules,
    ) -> Option<bool> {
        let mut result = Some(true);
        for discriminator in discriminators {
            match self.discriminates(discriminator, owner, value, slice) {
                Some(true) => {}
                Some(false) => return Some(false),
                None => result = None,
            }
        }
        result
    }

    fn discriminates(
        &mut self,
        discriminator: &Discriminator,
        owner: Owner,
        value: Element<'a>,
        slice: &'a Rules,
    ) -> Option<bool> {
        let steps = steps(&discriminator.path)?;
        if let ("url", "Extension") = (&*discriminator.path, value.type_name())
            && let Some(url) = self.url_of(slice)
        {
            return Some(value.node()?.text("url")? == url);
        }
        let resolves = matches!(steps.last(), Some(Step::Resolve));
        let found = self.select(value, &steps);
        let rules = self.rules_at(slice, &steps);
        match discriminator.kind {
            DiscriminatorKind::Value => {
                let mut result = Some(false);
                for one in &found {
                    let Found::Element(one) = one else {
                        return None;
                    };
                    match self.has_prescribed(*one, &rules, 0) {
                        Some(true) => return Some(true),
                        Some(false) => {}
                        None => result = None,
                    }
                }
                // Nothing is there, and nothing is asked for: the rules say nothing.
                if found.is_empty() && !prescribes(&rules, 0) {
                    return None;
                }
                result
            }
            DiscriminatorKind::Exists => {
                if rules.iter().any(|rules| rules.max == Some(0)) {
                    Some(found.is_empty())
                } else if rules.iter().any(|rules| rules.min.unwrap_or(0) > 0) {
                    Some(!found.is_empty())
                } else {
                    None
                }
            }
            DiscriminatorKind::Type => {
                let wanted: Vec<String> = if resolves {
                    let urls = targets(&rules);
                    let types = urls.iter().filter_map(|url| self.type_of_profile(url));
                    types.map(str::to_owned).collect()
                } else {
                    let types = rules.iter().flat_map(|rules| &rules.types);
                    types.map(|one| one.code.clone()).collect()
                };
                if wanted.is_empty() {
                    // `value[x]:valueQuantity` tells its type by its name.
                    let form = owner
                        .element
                        .forms
                        .iter()
                        .find(|form| form.type_id == value.kind())?;
                    return Some(slice.slice.as_deref() == Some(&*form.member));
                }
                let name = match found.first() {
                    None => return Some(false),
                    Some(Found::Type(name)) => name.clone(),
                    Some(Found::Element(one)) => one.type_name().to_owned(),
                };
                let id = self.definitions.find(&name)?;
                Some(wanted.iter().any(|one| {
                    let wanted = self.definitions.find(one);
                    wanted.is_some_and(|wanted| self.definitions.is_a(id, wanted))
                }))
            }
            DiscriminatorKind::Profile => {
                let urls = if resolves {
                    targets(&rules)
                } else {
                    rules
                        .iter()
                        .flat_map(|rules| &rules.types)
                        .flat_map(|one| one.profiles.clone())
                        .collect()
                };
                self.conforms_to_any(found.first()?, &urls)
            }
        }
    }

    /// Whether what was found fits one of the profiles.
    fn conforms_to_any(&mut self, found: &Found<'a>, urls: &[String]) -> Option<bool> {
        let mut result = Some(false);
        for url in urls {
            let fits = match found {
                // The profile cannot be seen, but a wrong type can.
                Found::Type(name) => self
                    .type_of_profile(url)
                    .filter(|wanted| wanted != name)
                    .map(|_| false),
                Found::Element(one) => match self.validator.profile(url) {
                    None => self
                        .type_of_profile(url)
                        .map(|wanted| wanted == one.type_name()),
                    Some(profile) if !self.definitions.is_a(one.kind(), profile.type_id) => {
                        Some(false)
                    }
                    Some(profile) => self.fits(*one, &[&profile.rules]),
                },
            };
            match fits {
                Some(true) => return Some(true),
                Some(false) => {}
                None => result = None,
            }
        }
        result
    }

    /// The URL of the extension that a slice is about.
    fn url_of(&self, slice: &'a Rules) -> Option<String> {
        if let Some(url) = slice.child("url").and_then(|rules| rules.fixed.as_ref()) {
            return url.as_str().map(str::to_owned);
        }
        let profile = slice.types.first()?.profiles.first()?;
        let rules = self
            .validator
            .profile(profile)
            .map(|profile| &profile.rules);
        let fixed = rules
            .and_then(|rules| rules.child("url"))
            .and_then(|rules| rules.fixed.as_ref()?.as_str());
        Some(fixed.map_or_else(|| profile.clone(), str::to_owned))
    }

    fn select(&self, value: Element<'a>, steps: &[Step<'_>]) -> Vec<Found<'a>> {
        let mut found = vec![Found::Element(value)];
        for step in steps {
            let mut next = Vec::new();
            for one in found {
                let Found::Element(one) = one else { continue };
                let (name, url) = match step {
                    Step::Name(name) => (*name, None),
                    Step::Extension(url) => ("extension", Some(*url)),
                    Step::Resolve => {
                        match self.target(one) {
                            Target::Resource(element, _) => next.push(Found::Element(element)),
                            Target::Type(name) => next.push(Found::Type(name)),
                            Target::Unknown => {}
                        }
                        continue;
                    }
                };
                let mut items = Vec::new();
                children(&one, name, &mut items);
                for item in items {
                    if let Item::Element(element) = item
                        && url.is_none_or(|url| has_url(element, url))
                    {
                        next.push(Found::Element(element));
                    }
                }
            }
            found = next;
        }
        found
    }

    /// The rules for what a discriminator leads to, with those of the profiles that
    /// the types on the way must fit.
    fn rules_at(&self, slice: &'a Rules, steps: &[Step<'_>]) -> Vec<&'a Rules> {
        let mut rules = self.with_profiles(vec![slice]);
        for step in steps {
            let next: Vec<&'a Rules> = match step {
                Step::Resolve => return rules,
                Step::Name(name) => rules.iter().filter_map(|rules| rules.child(name)).collect(),
                Step::Extension(url) => rules
                    .iter()
                    .filter_map(|rules| rules.child("extension"))
                    .flat_map(|rules| &rules.slices)
                    .filter(|slice| self.url_of(slice).as_deref() == Some(url))
                    .collect(),
            };
            rules = self.with_profiles(next);
        }
        rules
    }

    fn with_profiles(&self, rules: Vec<&'a Rules>) -> Vec<&'a Rules> {
        let mut all = rules.clone();
        for rules in rules {
            if let [only] = &rules.types[..]
                && let [url] = &only.profiles[..]
            {
                all.extend(self.validator.profile(url).map(|profile| &profile.rules));
            }
        }
        all
    }

    /// Whether a value has what the rules prescribe; `None` when that cannot be told.
    fn has_prescribed(
        &self,
        value: Element<'a>,
        rules: &[&'a Rules],
        depth: usize,
    ) -> Option<bool> {
        let mut result = prescribes(rules, depth).then_some(true);
        let node = value.node();
        for rules in rules {
            let fixed = rules.fixed.as_ref().map(|wanted| (wanted, true));
            let pattern = rules.pattern.as_ref().map(|wanted| (wanted, false));
            for (wanted, is_whole) in fixed.into_iter().chain(pattern) {
                let fits = node.is_some_and(|node| {
                    if is_whole {
                        is_fixed(node, wanted)
                    } else {
                        fits_pattern(node, wanted)
                    }
                });
                if !fits {
                    return Some(false);
                }
            }
            if let (Some(value_set), Some(node), None, None) =
                (bound(rules), node, fixed_of(rules), rules.pattern.as_ref())
            {
                let mut best = Membership::Out;
                for (system, code) in codings(value.shape(), node) {
                    match contains(self.validator, value_set, system.as_deref(), &code) {
                        Membership::In => best = Membership::In,
                        Membership::CannotCheck if best == Membership::Out => {
                            best = Membership::CannotCheck;
                        }
                        _ => {}
                    }
                }
                match best {
                    Membership::In => {}
                    Membership::Out => return Some(false),
                    Membership::CannotCheck => result = None,
                }
            }
            for child in rules.children.iter().flat_map(|child| {
                let needed = child
                    .slices
                    .iter()
                    .filter(|slice| slice.min.unwrap_or(0) > 0);
                std::iter::once(child).chain(needed)
            }) {
                if depth >= RULES_DEPTH_MAX || !prescribes(&[child], depth + 1) {
                    continue;
                }
                let mut items = Vec::new();
                children(&value, &child.name, &mut items);
                let below = self.with_profiles(vec![child]);
                let mut verdicts = items.into_iter().filter_map(|item| match item {
                    Item::Element(element) => Some(self.has_prescribed(element, &below, depth + 1)),
                    _ => None,
                });
                match verdicts.next() {
                    None if child.min.unwrap_or(0) > 0 => return Some(false),
                    None => {}
                    Some(first) => {
                        let all: Vec<Option<bool>> =
                            std::iter::once(first).chain(verdicts).collect();
                        if !all.contains(&Some(true)) {
                            if all.contains(&None) {
                                result = None;
                            } else {
                                return Some(false);
                            }
                        }
                    }
                }
            }
        }
        result
    }
}

fn fixed_of(rules: &Rules) -> Option<&crate::json::Value> {
    rules.fixed.as_ref()
}

/// The value set that codes must come from.
fn bound(rules: &Rules) -> Option<&str> {
    let binding = rules.binding.as_ref()?;
    (binding.strength == BindingStrength::Required).then_some(binding.value_set.as_str())
}

/// Whether rules say what a value must be.
fn prescribes(rules: &[&Rules], depth: usize) -> bool {
    rules.iter().any(|rules| {
        rules.fixed.is_some()
            || rules.pattern.is_some()
            || bound(rules).is_some()
            || depth < RULES_DEPTH_MAX
                && rules.children.iter().any(|child| {
                    prescribes(&[child], depth + 1)
                        || child.slices.iter().any(|slice| {
                            slice.min.unwrap_or(0) > 0 && prescribes(&[slice], depth + 1)
                        })
                })
    })
}

/// The profiles and types that references may point at.
fn targets(rules: &[&Rules]) -> Vec<String> {
    rules
        .iter()
        .flat_map(|rules| &rules.types)
        .flat_map(|one| one.targets.clone())
        .collect()
}

fn has_url(extension: Element<'_>, url: &str) -> bool {
    extension
        .node()
        .and_then(|node| node.text("url"))
        .is_some_and(|found| found == url)
}

/// By what the values of an element are told apart; FHIR itself tells for
/// extensions and for elements with a choice of types.
fn discriminators(owner: Owner, rules: &Rules) -> Vec<Cow<'_, Discriminator>> {
    let stated = rules
        .slicing
        .iter()
        .flat_map(|slicing| &slicing.discriminators);
    let stated: Vec<Cow<'_, Discriminator>> = stated.map(Cow::Borrowed).collect();
    let (kind, path) = match owner.element.name {
        _ if !stated.is_empty() => return stated,
        "extension" | "modifierExtension" => (DiscriminatorKind::Value, "url"),
        _ if owner.element.is_choice => (DiscriminatorKind::Type, "$this"),
        _ => return Vec::new(),
    };
    let path = path.to_owned();
    vec![Cow::Owned(Discriminator { kind, path })]
}

/// The steps of a path; `None` when it has one that is not understood.
fn steps(path: &str) -> Option<Vec<Step<'_>>> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("extension(") {
            let (argument, after) = after.split_once(')')?;
            let url = argument
                .trim()
                .trim_start_matches("url")
                .trim_start_matches([' ', '=']);
            steps.push(Step::Extension(url.trim_matches(['\'', '"'])));
            rest = after.strip_prefix('.').unwrap_or(after);
            continue;
        }
        let (step, after) = rest.split_once('.').unwrap_or((rest, ""));
        match step {
            "$this" => {}
            "resolve()" => steps.push(Step::Resolve),
            name if name.contains('(') => return None,
            name => steps.push(Step::Name(name.strip_suffix("[x]").unwrap_or(name))),
        }
        rest = after;
    }
    Some(steps)
}
