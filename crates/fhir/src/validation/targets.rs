//! References to other resources: where they may lead, and what must be there.

use super::finding::{Finding, Rule};
use super::place::Place;
use super::rules::{Aggregation, Rules, TypeRule};
use super::typed::Typed as _;
use super::value::DEFINITIONS;
use super::walk::{Owner, Walk};
use crate::fhirpath::Element;
use crate::outcome::Severity;
use crate::search::ReferenceParts;

/// What a reference points at, as far as that is known here.
pub(super) enum Target<'a> {
    /// The resource, and where it is.
    Resource(Element<'a>, Aggregation),
    /// Its type.
    Type(String),
    Unknown,
}

/// Whether the target of a reference is what it must be.
#[derive(Clone)]
pub(super) enum Fit {
    Fits,
    /// Why it does not.
    Fails(String),
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
                let found = match self.contained.get(id) {
                    Some(element) => *element,
                    None if id.is_empty() => self.resource,
                    None => return Target::Unknown,
                };
                return Target::Resource(found, Aggregation::Contained);
            }
            if let Some(element) = self.entries.get(&*text) {
                return Target::Resource(*element, Aggregation::Bundled);
            }
            if let Some(element) = self.elsewhere(&text) {
                return Target::Resource(element, Aggregation::Referenced);
            }
            let parts = ReferenceParts::parse_in(reference.version(), &text);
            if let Some(name) = parts.resource_type {
                return Target::Type(name.to_owned());
            }
        }
        stated.map_or(Target::Unknown, |name| Target::Type(name.into_owned()))
    }

    /// What a reference or canonical URL leads to in the Bundle around the resource
    /// or among what was given.
    pub(super) fn elsewhere(&self, reference: &str) -> Option<Element<'a>> {
        if let Some(element) = self.entries.get(reference) {
            return Some(*element);
        }
        let given = self.given.get(reference)?;
        let is_same = given.version() == self.definitions.version();
        is_same.then(|| Element::resource_in(given.version(), given.root()))?
    }

    /// Whether a reference leads where it may, to something that it may point at.
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
        let target = self.target(value);
        let types: Vec<&'a TypeRule> = rules
            .iter()
            .flat_map(|rules| &rules.types)
            .filter(|one| one.code == "Reference")
            .collect();
        for one in &types {
            self.way(one, value, &target, place);
        }
        let name = match &target {
            Target::Resource(element, _) => element.type_name(),
            Target::Type(name) => name,
            Target::Unknown => "",
        };
        let forms = owner.element.forms.iter();
        for form in forms.filter(|form| form.type_id == value.kind()) {
            let wanted = form.targets;
            if !(name.is_empty()
                || wanted.is_empty()
                || wanted.iter().any(|one| self.is_a(name, one)))
            {
                let text = format!("must refer to {}", wanted.join(" or "));
                let finding = Finding::new(Severity::Error, Rule::Reference, text);
                return self.report(finding, Some(name), place);
            }
        }
        for one in types {
            self.aim(owner, value, &one.targets, &target, place);
        }
    }

    /// Where the target may be, and whether its version must be named.
    fn way(
        &mut self,
        wanted: &TypeRule,
        value: Element<'a>,
        target: &Target<'a>,
        place: &Place<'_>,
    ) {
        let Some(text) = value.node().and_then(|node| node.text("reference")) else {
            return;
        };
        let here = match target {
            Target::Resource(_, here) => *here,
            _ if text.starts_with('#') => Aggregation::Contained,
            _ => Aggregation::Referenced,
        };
        let may_be = &wanted.aggregation;
        if !may_be.is_empty() && !may_be.contains(&here) {
            // By itself, a resource does not tell what Bundle it will be in.
            let may_come = may_be.contains(&Aggregation::Bundled)
                && here == Aggregation::Referenced
                && !self.is_bundled;
            if may_come {
                let text = "whether the target of a reference is in the same Bundle";
                self.cannot_check(Rule::Reference, text, place);
            } else {
                let codes: Vec<&str> = may_be.iter().map(|one| one.code()).collect();
                let text = format!("must refer to something {}", codes.join(" or "));
                let finding = Finding::new(Severity::Error, Rule::Reference, text);
                self.report(finding, Some(here.code()), place);
            }
        }
        let parts = ReferenceParts::parse_in(value.version(), &text);
        if let (Some(wanted), Some(_)) = (wanted.names_version, parts.id)
            && wanted != parts.version.is_some()
        {
            let text = if wanted {
                "must name the version of what it refers to"
            } else {
                "must not name the version of what it refers to"
            };
            self.error(Rule::Reference, text, place);
        }
    }

    /// Whether the target fits one of these profiles and types.
    fn aim(
        &mut self,
        owner: Owner,
        value: Element<'a>,
        urls: &'a [String],
        target: &Target<'a>,
        place: &Place<'_>,
    ) {
        // What is only told by an identifier or in words leads nowhere.
        let leads = value
            .node()
            .is_some_and(|node| node.get("reference").is_some());
        if urls.is_empty() || matches!(target, Target::Unknown) && !leads {
            return;
        }
        let mut is_open = false;
        let mut reason: Option<String> = None;
        for url in urls {
            match self.meets(url, target) {
                Fit::Fits => return,
                Fit::Unknown => is_open = true,
                Fit::Fails(why) => reason = reason.filter(|_| why.is_empty()).or(Some(why)),
            }
        }
        if is_open {
            let what = format!("the target of {}: it is not at hand", owner.element.name);
            return self.cannot_check(Rule::Reference, &what, place);
        }
        let types: Option<Vec<&str>> = urls.iter().map(|url| self.type_of_profile(url)).collect();
        let (text, found) = match (reason.filter(|why| !why.is_empty()), types, target) {
            (Some(why), ..) => {
                let text = format!("must refer to something that fits {}", urls.join(" or "));
                (text, why)
            }
            (None, types, target) => {
                let mut types = types.unwrap_or_default();
                types.dedup();
                let name = match target {
                    Target::Resource(element, _) => element.type_name(),
                    Target::Type(name) => name,
                    Target::Unknown => return,
                };
                (
                    format!("must refer to {}", types.join(" or ")),
                    name.to_owned(),
                )
            }
        };
        let finding = Finding::new(Severity::Error, Rule::Reference, text);
        self.report(finding, Some(&found), place);
    }

    /// Whether a target fits the profile or type of that URL. It fails without a
    /// reason when it has another type.
    fn meets(&mut self, url: &'a str, target: &Target<'a>) -> Fit {
        let Some(wanted) = self.type_of_profile(url) else {
            // A profile that is not at hand may be about any type.
            return Fit::Unknown;
        };
        let (name, element) = match target {
            Target::Resource(element, here) => (element.type_name(), Some((*element, *here))),
            Target::Type(name) => (&**name, None),
            Target::Unknown => return Fit::Unknown,
        };
        if !self.is_a(name, wanted) {
            return Fit::Fails(String::new());
        }
        let Some(profile) = self.validator.profile(url) else {
            return Fit::Fits;
        };
        let Some((element, here)) = element else {
            return Fit::Unknown;
        };
        // Where the references of a target lead is no part of its own content.
        let Some(node) = element.node().filter(|_| !self.is_trying()) else {
            return Fit::Unknown;
        };
        let key = (node.raw().as_ptr() as usize, url);
        if let Some(known) = self.fits.get(&key) {
            return known.clone();
        }
        let rules = [&profile.rules];
        let tried = if here == Aggregation::Contained {
            self.tried(element, &rules)
        } else {
            self.inside(element, |walk| walk.tried(element, &rules))
        };
        let fit = match tried {
            None => Fit::Unknown,
            Some(findings) => match findings.iter().find(|one| one.is_error()) {
                None => Fit::Fits,
                Some(first) => {
                    let place = first.issue.expression.as_deref().unwrap_or(name);
                    Fit::Fails(format!("{place}: {}", first.issue.text))
                }
            },
        };
        self.fits.insert(key, fit.clone());
        fit
    }

    fn is_a(&self, name: &str, wanted: &str) -> bool {
        match (self.definitions.find(name), self.definitions.find(wanted)) {
            (Some(name), Some(wanted)) => self.definitions.is_a(name, wanted),
            _ => wanted == "Any",
        }
    }

    /// The type that a profile, or the URL of a type, is about.
    pub(super) fn type_of_profile(&self, url: &str) -> Option<&'static str> {
        let id = match self.validator.profile(url) {
            Some(profile) => profile.type_id,
            None => self.definitions.find(url.strip_prefix(DEFINITIONS)?)?,
        };
        Some(self.definitions.get(id).name)
    }
}
