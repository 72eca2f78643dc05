//! Extensions: which are known, and where they may be used.

use super::finding::{Finding, Rule};
use super::place::Place;
use super::profile::UseContext;
use super::rules::Rules;
use super::typed::Typed as _;
use super::value::DEFINITIONS;
use super::walk::{Owner, Walk, add};
use crate::definitions::Structure;
use crate::fhirpath::{Element, Item, children};
use crate::outcome::Severity;

/// Extensions that FHIR's own definitions use elsewhere than they say in R4, and
/// where later releases of FHIR say that they may be used too.
const ALSO_AT: [(&str, &[&str]); 4] = [
    ("structuredefinition-fhir-type", &["ElementDefinition.type"]),
    (
        "structuredefinition-normative-version",
        &[
            "CodeSystem",
            "ElementDefinition",
            "OperationDefinition",
            "ValueSet",
        ],
    ),
    ("regex", &["ElementDefinition.type"]),
    ("valueset-concept-comments", &["CodeSystem.concept"]),
];

impl<'a> Walk<'a> {
    /// An extension: adds the rules of its definition.
    pub(super) fn extension(
        &mut self,
        owner: Owner,
        extension: Element<'a>,
        rules: &mut Vec<&'a Rules>,
        place: &Place<'_>,
    ) {
        let Some(url) = extension.node().and_then(|node| node.text("url")) else {
            return;
        };
        let is_modifier = owner.element.name == "modifierExtension";
        let Some(profile) = self.validator.profile(&url) else {
            // The parts of a complex extension have names of their own, which the
            // definition of the whole knows.
            if !url.contains(':') {
                return;
            }
            let (severity, text) = if is_modifier {
                (
                    Severity::Warning,
                    "a modifier extension that is not known: the meaning may be changed",
                )
            } else {
                (
                    Severity::Information,
                    "an extension that is not known: not checked",
                )
            };
            let finding = Finding::new(severity, Rule::Extension, text);
            return self.report(finding, Some(&url), place);
        };
        add(rules, &profile.rules);
        let should_modify = profile.rules.is_modifier == Some(true);
        if should_modify != is_modifier {
            let text = if should_modify {
                "changes the meaning: must be a modifier extension"
            } else {
                "does not change the meaning: must be a plain extension"
            };
            self.error(Rule::Extension, text, place);
        }
        let Place::Element { parent, .. } = place else {
            return;
        };
        let is_known = |context: &UseContext| match context {
            UseContext::Element(name) => self.is_at(owner, name, parent),
            // The parent is not looked at: it has judged its parts by name.
            UseContext::Extension(_) => owner.structure.name == "Extension",
            UseContext::Other => true,
        };
        let is_known_later = || {
            let name = url.strip_prefix(DEFINITIONS);
            let also = ALSO_AT
                .iter()
                .find(|(extension, _)| name == Some(extension));
            also.is_some_and(|(_, places)| {
                places.iter().any(|name| self.is_at(owner, name, parent))
            })
        };
        if !profile.contexts.is_empty()
            && !profile.contexts.iter().any(is_known)
            && !is_known_later()
        {
            let finding = Finding::new(Severity::Error, Rule::Extension, "may not be used here");
            self.report(finding, Some(&url), place);
        }
    }

    /// Whether what an extension is at has that name: of a type, of an element in
    /// its type, or of an element on the way from the resource.
    fn is_at(&self, owner: Owner, name: &str, parent: &Place<'_>) -> bool {
        // `Element` is written for anything at all, resources included.
        if matches!(name, "*" | "Any" | "Element") {
            return true;
        }
        let mut next = Some(owner.structure);
        while let Some(structure) = next {
            if structure.name == name {
                return true;
            }
            next = structure.base.map(|id| self.definitions.get(id));
        }
        let name = name.strip_suffix("[x]").unwrap_or(name);
        let names = parent.names();
        names == name || self.has_path(&names, name) || self.is_form(owner, &names, name)
    }

    /// Whether a name is that of a choice with the type that is chosen, such as
    /// `ElementDefinition.binding.valueSetReference`.
    fn is_form(&self, owner: Owner, names: &str, wanted: &str) -> bool {
        let Some(bare) = wanted.strip_suffix(owner.structure.name) else {
            return false;
        };
        let is_choice = names.rsplit_once('.').is_some_and(|(around, last)| {
            let element = self
                .type_at(around)
                .and_then(|structure| structure.element(last));
            element.is_some_and(|(_, element)| element.is_choice)
        });
        is_choice && (names == bare || self.has_path(names, bare))
    }

    /// Whether the end of a path is the path of an element of some type: the place
    /// `Patient.name.family` is `HumanName.family` too.
    fn has_path(&self, names: &str, wanted: &str) -> bool {
        let Some((type_name, rest)) = wanted.split_once('.') else {
            return false;
        };
        let Some(start) = names
            .strip_suffix(rest)
            .and_then(|start| start.strip_suffix('.'))
        else {
            return false;
        };
        self.type_at(start).is_some_and(|structure| {
            let mut next = Some(structure);
            while let Some(structure) = next {
                if structure.name == type_name {
                    return true;
                }
                next = structure.base.map(|id| self.definitions.get(id));
            }
            false
        })
    }

    /// The type of the element at a path of names, where it has only one.
    fn type_at(&self, names: &str) -> Option<&'static Structure> {
        let mut names = names.split('.');
        let mut structure = self.definitions.get(self.definitions.find(names.next()?)?);
        for name in names {
            let (_, element) = structure.element(name)?;
            structure = self.definitions.get(element.forms.first()?.type_id);
        }
        Some(structure)
    }

    /// The extensions of a primitive.
    pub(super) fn extensions_of_primitive(&mut self, element: Element<'a>, place: &Place<'_>) {
        let Some(id) = self.definitions.find("Element") else {
            return;
        };
        let structure = self.definitions.get(id);
        let Some((position, definition)) = structure.element("extension") else {
            return;
        };
        let owner = Owner {
            // What it is an extension of decides where it may be used.
            structure: element.shape(),
            element: definition,
            position,
        };
        let mut items = Vec::new();
        children(&element, "extension", &mut items);
        for (index, item) in items.into_iter().enumerate() {
            if let Item::Element(extension) = item
                && extension.node().is_some_and(|node| !node.is_empty())
            {
                self.value(
                    owner,
                    extension,
                    Vec::new(),
                    &place.child("extension", Some(index)),
                );
            }
        }
    }
}
