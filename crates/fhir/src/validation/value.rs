//! One value and the rules that hold for it.

use super::finding::{Finding, Rule};
use super::matching::{fits_pattern, is_fixed};
use super::place::Place;
use super::rules::{Rules, TypeRule};
use super::typed::Typed as _;
use super::walk::{Owner, Walk, add};
use crate::codes::{Membership, contains};
use crate::definitions::{BindingStrength, Structure};
use crate::fhirpath::Element;
use crate::json::{Kind, Node, Value};
use crate::outcome::Severity;

/// Where the profiles of FHIR are that its own types name.
pub(super) const DEFINITIONS: &str = "http://hl7.org/fhir/StructureDefinition/";

impl<'a> Walk<'a> {
    pub(super) fn value(
        &mut self,
        owner: Owner,
        value: Element<'a>,
        mut rules: Vec<&'a Rules>,
        place: &Place<'_>,
    ) {
        let structure = value.shape();
        self.types(owner, value, &mut rules, place);
        if let Some(node) = value.node() {
            for rules in &rules {
                self.prescribed(rules, node, place);
            }
            self.bindings(owner, value, node, &rules, place);
            self.reference(owner, value, &rules, place);
        } else if rules.iter().any(|rules| rules.fixed.is_some()) {
            self.error(Rule::Value, "must have the fixed value", place);
        }
        if structure.name == "Extension" {
            self.extension(owner, value, &mut rules, place);
        }
        for invariant in self
            .invariants
            .of_element(type_of(owner, self), owner.position)
        {
            self.judge(invariant, value, place);
        }
        if structure.is_resource {
            let place = &Place::Resource {
                parent: place,
                name: structure.name,
            };
            return if owner.element.name == "contained" {
                self.resource(value, &rules, place);
            } else {
                self.root(value, &rules, place);
            };
        }
        self.judge_type(value, place);
        self.judge_rules(value, &rules, place);
        self.object(value, &rules, place);
    }

    /// Whether the value has a type that is allowed; adds the rules of the
    /// profiles that the type must fit.
    fn types(
        &mut self,
        owner: Owner,
        value: Element<'a>,
        rules: &mut Vec<&'a Rules>,
        place: &Place<'_>,
    ) {
        let structure = value.shape();
        let mut position = 0;
        while position < rules.len() {
            let types = &rules[position].types;
            position += 1;
            if types.is_empty() {
                continue;
            }
            // R4 says `string` and its own profiles say `uri`: the URL of an extension.
            // Snapshots say `string` of the ids of resources.
            let is_special = owner.element.name == "id"
                || owner.structure.name == "Extension" && owner.element.name == "url";
            let found = types
                .iter()
                .find(|one| is_special || self.is_of(value, one));
            let Some(found) = found else {
                let wanted: Vec<&str> = types.iter().map(|one| one.code.as_str()).collect();
                let text = format!("must be of type {}", wanted.join(" or "));
                let finding = Finding::new(Severity::Error, Rule::Type, text);
                self.report(finding, Some(structure.name), place);
                continue;
            };
            // The profile of an extension is the one that its own URL names.
            if structure.name != "Extension" {
                self.profiles(&found.profiles, value, rules, place);
            }
        }
        let forms = owner.element.forms.iter();
        for form in forms.filter(|form| form.type_id == value.kind()) {
            let profiles: Vec<String> = form
                .profiles
                .iter()
                .map(|name| format!("{DEFINITIONS}{name}"))
                .collect();
            self.profiles(&profiles, value, rules, place);
        }
    }

    fn is_of(&self, value: Element<'a>, wanted: &TypeRule) -> bool {
        let structure = value.shape();
        // A `code` is no `string` here, though its type is derived from it.
        let may_be_special = structure.is_resource || structure.name.contains('.');
        wanted.code == structure.name
            || matches!(&*wanted.code, "BackboneElement" | "Element") && may_be_special
            || self
                .definitions
                .find(&wanted.code)
                .filter(|_| may_be_special)
                .is_some_and(|id| self.definitions.is_a(value.kind(), id))
    }

    /// The value must fit one of the profiles: the rules of an only one are added,
    /// of several one must do.
    fn profiles(
        &mut self,
        urls: &[String],
        value: Element<'a>,
        rules: &mut Vec<&'a Rules>,
        place: &Place<'_>,
    ) {
        let known: Vec<&'a Rules> = urls
            .iter()
            .filter_map(|url| Some(&self.validator.profile(url)?.rules))
            .collect();
        match (urls, &known[..]) {
            ([], _) => {}
            ([_], [only]) => add(rules, only),
            _ if known.len() < urls.len() => {
                self.cannot_check(
                    Rule::Profile,
                    "a profile of a type that is not at hand",
                    place,
                );
            }
            _ => {
                let mut is_open = false;
                for one in known {
                    match self.fits(value, &[one]) {
                        Some(true) => return,
                        Some(false) => {}
                        None => is_open = true,
                    }
                }
                if is_open {
                    self.cannot_check(Rule::Profile, "the profiles of a type", place);
                } else {
                    self.error(
                        Rule::Type,
                        "must fit one of the profiles of its type",
                        place,
                    );
                }
            }
        }
    }

    /// Fixed and pattern values and limits.
    fn prescribed(&mut self, rules: &Rules, node: Node<'a>, place: &Place<'_>) {
        if rules
            .fixed
            .as_ref()
            .is_some_and(|wanted| !is_fixed(node, wanted))
        {
            self.error(Rule::Value, "must have the fixed value", place);
        }
        if rules
            .pattern
            .as_ref()
            .is_some_and(|wanted| !fits_pattern(node, wanted))
        {
            self.error(Rule::Value, "must fit the pattern", place);
        }
        if let Some(max) = rules.max_length
            && node.as_str().is_some_and(|text| text.chars().count() > max)
        {
            let text = format!("must have at most {max} characters");
            self.error(Rule::Value, text, place);
        }
        if let Some(min) = &rules.min_value
            && order(node, min) == Some(std::cmp::Ordering::Less)
        {
            self.error(Rule::Value, "is below the least value", place);
        }
        if let Some(max) = &rules.max_value
            && order(node, max) == Some(std::cmp::Ordering::Greater)
        {
            self.error(Rule::Value, "is above the greatest value", place);
        }
    }

    /// Codes against the value sets of profiles, or of FHIR where they name none.
    fn bindings(
        &mut self,
        owner: Owner,
        value: Element<'a>,
        node: Node<'a>,
        rules: &[&'a Rules],
        place: &Place<'_>,
    ) {
        let mut is_bound = false;
        for binding in rules.iter().filter_map(|rules| rules.binding.as_ref()) {
            is_bound = true;
            self.bound(binding.strength, &binding.value_set, value, node, place);
        }
        // Where all codes are listed, the structure check has looked. What a profile
        // says of a binding takes the place of all that FHIR says of it.
        let of_fhir = owner
            .element
            .binding
            .filter(|_| owner.element.codes.is_none());
        if let Some(binding) = of_fhir.filter(|_| !is_bound) {
            self.bound(binding.strength, binding.value_set, value, node, place);
            if let Some(widest) = binding.widest {
                self.bound(BindingStrength::Required, widest, value, node, place);
            }
        }
    }

    fn bound(
        &mut self,
        strength: BindingStrength,
        value_set: &str,
        value: Element<'a>,
        node: Node<'a>,
        place: &Place<'_>,
    ) {
        if strength < BindingStrength::Extensible || !is_bindable(value) {
            return;
        }
        let codings = codings(value.shape(), node);
        let mut result = Membership::Out;
        for coding in &codings {
            match contains(self.validator, value_set, coding.0.as_deref(), &coding.1) {
                Membership::In => return,
                Membership::CannotCheck => result = Membership::CannotCheck,
                Membership::Out => {}
            }
        }
        if result == Membership::CannotCheck {
            return self.cannot_check(Rule::Binding, &format!("value set {value_set}"), place);
        }
        let severity = match strength {
            BindingStrength::Required => Severity::Error,
            _ => Severity::Warning,
        };
        if codings.is_empty() {
            // No code at all: text says it, or an extension says why not.
            let is_excused = severity == Severity::Warning
                || node.get("extension").is_some()
                || value.primitive().is_some()
                || value.shape().name == "Quantity";
            if is_excused {
                return;
            }
        }
        let text = format!("must have a code of the value set {value_set}");
        let found: Vec<String> = codings
            .iter()
            .map(|(system, code)| format!("{}|{code}", system.as_deref().unwrap_or_default()))
            .collect();
        let finding = Finding::new(severity, Rule::Binding, text);
        self.report(finding, Some(&found.join(", ")), place);
    }
}

/// The type that an element is defined in.
fn type_of(owner: Owner, walk: &Walk<'_>) -> crate::definitions::TypeId {
    walk.definitions
        .find(owner.structure.name)
        .unwrap_or_else(|| walk.definitions.any_resource())
}

/// Whether a value can have a code at all: some profiles bind an extension where
/// they mean its value, whose own definition binds it.
fn is_bindable(value: Element<'_>) -> bool {
    let name = value.shape().name;
    value.primitive().is_some()
        || matches!(name, "CodeableConcept" | "Coding")
        || matches!(name, "Quantity" | "Age" | "Duration" | "Count" | "Distance")
}

/// The codes of a value, each with its system when that is known.
pub(super) fn codings(structure: &Structure, node: Node<'_>) -> Vec<(Option<String>, String)> {
    let text = |node: Node<'_>, name: &str| Some(node.text(name)?.into_owned());
    let coding = |node: Node<'_>| {
        let code = text(node, "code")?;
        Some((Some(text(node, "system").unwrap_or_default()), code))
    };
    match structure.name {
        "CodeableConcept" => node.each("coding").filter_map(coding).collect(),
        "Coding" | "Quantity" | "Age" | "Duration" | "Count" | "Distance" => {
            coding(node).into_iter().collect()
        }
        _ => node
            .as_str()
            .map(|code| (None, code.into_owned()))
            .into_iter()
            .collect(),
    }
}

/// How a value stands to a limit; `None` when that is not told.
fn order(node: Node<'_>, limit: &Value) -> Option<std::cmp::Ordering> {
    match (node.kind(), limit) {
        (Kind::Number, Value::Number(limit)) => {
            let (one, other) = (node.raw().parse::<f64>().ok()?, limit.parse::<f64>().ok()?);
            one.partial_cmp(&other)
        }
        (Kind::String, Value::String(limit)) => {
            let text = node.as_str()?;
            // Dates without a zone, written equally precisely, have the order of their text.
            let is_plain = text.len() == limit.len() && text.len() <= 10;
            is_plain.then(|| (*text).cmp(limit.as_str()))
        }
        (Kind::Object, Value::Object(_)) => order(node.get("value")?, limit.get("value")?),
        _ => None,
    }
}
