//! Invariants: the rules that FHIRPath writes down.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use crate::FhirVersion;
use crate::definitions::{self, Table, TypeId};
use crate::fhirpath::{Context, Element, Expression, Item};
use crate::json::Node;
use crate::outcome::Severity;

/// Rules that are judged without FHIRPath, because they ask for a walk of their
/// own: `ele-1` (the structure check), `txt-1` and `txt-2` (the
/// narrative), `dom-3` and `ref-1` (the references inside a resource).
const JUDGED_ELSEWHERE: [&str; 5] = ["ele-1", "txt-1", "txt-2", "dom-3", "ref-1"];

/// One rule.
#[derive(Debug)]
pub(super) struct Invariant {
    pub(super) key: String,
    pub(super) severity: Severity,
    /// Ready for use; `None` when it cannot be parsed.
    expression: Option<Expression>,
}

/// What an invariant says of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Holds,
    Broken,
    CannotCheck,
}

impl Invariant {
    fn new(version: FhirVersion, key: &str, severity: &str, expression: &str) -> Self {
        let severity = if severity.starts_with('w') {
            Severity::Warning
        } else {
            Severity::Error
        };
        Self {
            key: key.to_owned(),
            severity,
            expression: Expression::parse_in(version, expression).ok(),
        }
    }

    /// The rule in a profile; `None` when FHIR itself has it, or it is judged elsewhere.
    pub(super) fn read(version: FhirVersion, rule: Node<'_>) -> Option<Self> {
        let key = rule.text("key")?;
        if JUDGED_ELSEWHERE.contains(&&*key) || of_version(version).keys.contains(&*key) {
            return None;
        }
        let severity = rule.text("severity")?;
        Some(Self::new(
            version,
            &key,
            &severity,
            &rule.text("expression")?,
        ))
    }

    /// Judges an element. What comes out false is broken.
    pub(super) fn judge<'a>(&'a self, element: Element<'a>, context: &Context<'a>) -> Verdict {
        let Some(expression) = &self.expression else {
            return Verdict::CannotCheck;
        };
        match expression.evaluate(Item::Element(element), context) {
            Err(_) => Verdict::CannotCheck,
            Ok(items) => {
                let holds = match &items[..] {
                    [Item::Boolean(value)] => *value,
                    [Item::Element(one)] => one.node().and_then(Node::as_bool).unwrap_or(true),
                    // What is not known is not broken.
                    _ => true,
                };
                if holds {
                    Verdict::Holds
                } else {
                    Verdict::Broken
                }
            }
        }
    }
}

/// The rules of FHIR itself.
pub(super) struct Invariants {
    /// By type: its own rules and those of the types that it specialises.
    of_types: HashMap<TypeId, Vec<&'static Invariant>>,
    /// By the type and the position of an element in it.
    of_elements: HashMap<(TypeId, u16), Vec<&'static Invariant>>,
    keys: HashSet<&'static str>,
}

impl Invariants {
    pub(super) fn of_type(&self, id: TypeId) -> &[&'static Invariant] {
        self.of_types.get(&id).map_or(&[], Vec::as_slice)
    }

    pub(super) fn of_element(&self, owner: TypeId, element: u16) -> &[&'static Invariant] {
        self.of_elements
            .get(&(owner, element))
            .map_or(&[], Vec::as_slice)
    }
}

/// The rules of a version.
pub(super) fn of_version(version: FhirVersion) -> &'static Invariants {
    static R4: OnceLock<Invariants> = OnceLock::new();
    static STU3: OnceLock<Invariants> = OnceLock::new();
    match version {
        FhirVersion::R4 => R4.get_or_init(|| load(version)),
        FhirVersion::Stu3 => STU3.get_or_init(|| load(version)),
    }
}

fn load(version: FhirVersion) -> Invariants {
    let definitions = definitions::of(version);
    let mut own: HashMap<TypeId, Vec<&'static Invariant>> = HashMap::new();
    let mut of_elements: HashMap<(TypeId, u16), Vec<&'static Invariant>> = HashMap::new();
    let mut keys = HashSet::new();
    for line in definitions::lines(version, Table::Invariants) {
        let mut columns = line.splitn(4, '\t');
        let mut next = || columns.next().unwrap_or_default();
        let (path, key, severity, expression) = (next(), next(), next(), next());
        if JUDGED_ELSEWHERE.contains(&key) {
            continue;
        }
        keys.insert(key);
        let invariant = Invariant::new(version, key, severity, expression);
        // The rules live as long as the process.
        let invariant: &'static Invariant = Box::leak(Box::new(invariant));
        if let Some(id) = definitions.find(path) {
            own.entry(id).or_default().push(invariant);
        } else if let Some((owner, name)) = path.rsplit_once('.')
            && let Some(owner) = definitions.find(owner)
            && let name = name.strip_suffix("[x]").unwrap_or(name)
            && let Some((position, _)) = definitions.get(owner).element(name)
        {
            of_elements
                .entry((owner, position))
                .or_default()
                .push(invariant);
        }
    }
    let mut of_types: HashMap<TypeId, Vec<&'static Invariant>> = HashMap::new();
    for id in definitions.ids() {
        let mut all = Vec::new();
        let mut next = Some(id);
        while let Some(id) = next {
            all.extend(own.get(&id).into_iter().flatten().copied());
            next = definitions.get(id).base;
        }
        if !all.is_empty() {
            of_types.insert(id, all);
        }
    }
    Invariants {
        of_types,
        of_elements,
        keys,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_how_many_rules_of_fhir_can_be_checked() {
        for version in FhirVersion::ALL {
            let all = of_version(version);
            let rules = all.of_types.values().chain(all.of_elements.values());
            let parsed: HashMap<&str, bool> = rules
                .flatten()
                .map(|rule| (rule.key.as_str(), rule.expression.is_some()))
                .collect();
            let checked = parsed.values().filter(|is_parsed| **is_parsed).count();
            println!("{version}: {checked} of {} invariants parse", parsed.len());
            assert!(checked > 100 && all.keys.len() == parsed.len());
        }
    }
}
