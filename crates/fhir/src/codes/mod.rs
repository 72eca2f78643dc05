//! Whether a code is in a value set, as far as the code systems at hand tell.
//!
//! [`contains`] asks [`Terms`] for value sets and code systems; what is not at hand
//! makes [`Membership::CannotCheck`], never a guess. Who has more than this room,
//! such as a release of SNOMED CT, stands behind [`Terms`] with code systems of its own.

mod code_system;
mod value_set;

use std::sync::Arc;

pub(crate) use code_system::CodeSystem;
pub use value_set::{Filter, FilterOp, Listed, ListedConcept, Part, ValueSet};

use crate::{FhirVersion, definitions};

/// How many value sets may include one another.
pub const VALUE_SET_DEPTH_MAX: usize = 16;

/// How many parts of value sets are looked into for one question: each may include
/// value sets with parts of their own.
pub const VALUE_SET_PARTS_MAX: usize = 2000;

/// Systems whose codes follow a grammar of which only the outer form is looked at:
/// languages, media types, units.
const BY_GRAMMAR: [&str; 3] = [
    "urn:ietf:bcp:47",
    "urn:ietf:bcp:13",
    "http://unitsofmeasure.org",
];

/// Whether a code is in a value set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Membership {
    /// It is.
    In,
    /// It is not.
    Out,
    /// The value set, or a code system that it draws from, is not at hand.
    CannotCheck,
}

/// The codes of a system.
pub trait Codes: Send + Sync {
    /// Whether all codes of the system are there.
    fn is_complete(&self) -> bool;

    /// Whether the system has the code.
    fn has(&self, code: &str) -> Membership;

    /// Whether a filter of a value set lets a code of the system through.
    fn passes(&self, code: &str, filter: &Filter) -> Membership;
}

/// Value sets and code systems by canonical URL.
pub trait Terms {
    /// A value set; the URL may have a version after a bar.
    fn value_set(&self, url: &str) -> Option<Arc<ValueSet>>;

    /// A code system, in a version when that is asked for.
    fn code_system(&self, url: &str, version: Option<&str>) -> Option<Arc<dyn Codes>>;
}

/// The value sets and code systems of FHIR itself, each as JSON on a line of its own,
/// among other definitions.
pub fn definitions_of_fhir(version: FhirVersion) -> String {
    definitions::unpacked(version, definitions::Table::Conformance)
}

/// A canonical URL without the version after its bar.
pub fn without_version(url: &str) -> &str {
    url.split('|').next().unwrap_or(url)
}

/// Whether a code, of a system when that is known, is in a value set.
pub fn contains(
    terms: &dyn Terms,
    value_set: &str,
    system: Option<&str>,
    code: &str,
) -> Membership {
    Question::new(terms, system, code).in_set(value_set, 0)
}

/// As [`contains`], for a value set that is at hand.
pub fn contains_in(
    terms: &dyn Terms,
    value_set: &ValueSet,
    system: Option<&str>,
    code: &str,
) -> Membership {
    Question::new(terms, system, code).in_definition(value_set, 0)
}

struct Question<'a> {
    terms: &'a dyn Terms,
    system: Option<&'a str>,
    code: &'a str,
    looked: usize,
}

impl<'a> Question<'a> {
    fn new(terms: &'a dyn Terms, system: Option<&'a str>, code: &'a str) -> Self {
        Self {
            terms,
            system,
            code,
            looked: 0,
        }
    }

    fn in_set(&mut self, value_set: &str, depth: usize) -> Membership {
        if depth >= VALUE_SET_DEPTH_MAX {
            return Membership::CannotCheck;
        }
        match self.terms.value_set(value_set) {
            Some(set) => self.in_definition(&set, depth),
            None => Membership::CannotCheck,
        }
    }

    fn in_definition(&mut self, set: &ValueSet, depth: usize) -> Membership {
        let included = self.in_any(&set.include, depth);
        if included == Membership::Out {
            return Membership::Out;
        }
        match (included, self.in_any(&set.exclude, depth)) {
            (_, Membership::In) => Membership::Out,
            (Membership::In, Membership::Out) => Membership::In,
            _ => Membership::CannotCheck,
        }
    }

    fn in_any(&mut self, parts: &[Part], depth: usize) -> Membership {
        let mut result = Membership::Out;
        for part in parts {
            self.looked += 1;
            if self.looked > VALUE_SET_PARTS_MAX {
                return Membership::CannotCheck;
            }
            match self.in_part(part, depth) {
                Membership::In => return Membership::In,
                Membership::CannotCheck => result = Membership::CannotCheck,
                Membership::Out => {}
            }
        }
        result
    }

    fn in_part(&mut self, part: &Part, depth: usize) -> Membership {
        // A code of another system is out, whatever else is asked.
        if let (Some(of), Some(system)) = (&part.system, self.system)
            && of != system
        {
            return Membership::Out;
        }
        let mut result = self.in_own(part);
        for set in &part.value_sets {
            if result == Membership::Out {
                break;
            }
            match self.in_set(set, depth + 1) {
                Membership::In => {}
                other => result = other,
            }
        }
        result
    }

    /// Whether the code is what a part says of itself, without its value sets.
    fn in_own(&self, part: &Part) -> Membership {
        if let Some(listed) = &part.listed {
            return found(listed.contains(self.code));
        }
        let Some(of) = part.system.as_deref() else {
            return Membership::In;
        };
        let Some(known) = self.terms.code_system(of, part.version.as_deref()) else {
            let is_grammar = BY_GRAMMAR.contains(&of) && part.filters.is_empty();
            return if is_grammar {
                // A media type may have parameters, with spaces.
                found(of == "urn:ietf:bcp:13" || !self.code.contains(char::is_whitespace))
            } else {
                Membership::CannotCheck
            };
        };
        let mut result = known.has(self.code);
        for filter in &part.filters {
            match (known.passes(self.code, filter), result) {
                (Membership::Out, _) | (_, Membership::Out) => return Membership::Out,
                (Membership::CannotCheck, _) => result = Membership::CannotCheck,
                (Membership::In, _) => {}
            }
        }
        result
    }
}

fn found(is_found: bool) -> Membership {
    if is_found {
        Membership::In
    } else {
        Membership::Out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every value set includes the next one `fan_out` times.
    struct Endless {
        fan_out: usize,
    }

    impl Terms for Endless {
        fn value_set(&self, url: &str) -> Option<Arc<ValueSet>> {
            let part = Part {
                value_sets: vec![url.to_owned()],
                ..Part::default()
            };
            Some(Arc::new(ValueSet {
                include: vec![part; self.fan_out],
                ..ValueSet::default()
            }))
        }

        fn code_system(&self, _: &str, _: Option<&str>) -> Option<Arc<dyn Codes>> {
            None
        }
    }

    #[test]
    fn value_sets_that_include_one_another_end() {
        for fan_out in [1, 1000] {
            let found = contains(&Endless { fan_out }, "urn:a", None, "x");
            assert_eq!(found, Membership::CannotCheck, "{fan_out}");
        }
    }

    /// So many value sets, each including the next; the last has the code `x`.
    struct Chain(usize);

    impl Terms for Chain {
        fn value_set(&self, url: &str) -> Option<Arc<ValueSet>> {
            let at: usize = url.parse().ok()?;
            let json = if at < self.0 {
                format!(
                    r#"{{"compose":{{"include":[{{"valueSet":["{}"]}}]}}}}"#,
                    at + 1
                )
            } else {
                r#"{"compose":{"include":[{"system":"s","concept":[{"code":"x"}]}]}}"#.to_owned()
            };
            let document = crate::json::Document::parse(json).ok()?;
            Some(Arc::new(ValueSet::read(document.root())))
        }

        fn code_system(&self, _: &str, _: Option<&str>) -> Option<Arc<dyn Codes>> {
            None
        }
    }

    #[test]
    fn the_depth_of_value_sets_has_a_limit() {
        let in_chain = |sets: usize| contains(&Chain(sets), "1", Some("s"), "x");
        assert_eq!(in_chain(VALUE_SET_DEPTH_MAX), Membership::In);
        assert_eq!(in_chain(VALUE_SET_DEPTH_MAX + 1), Membership::CannotCheck);
    }

    /// A value set with many value sets beside one another, of which the last has
    /// the code.
    struct Wide(usize);

    impl Terms for Wide {
        fn value_set(&self, url: &str) -> Option<Arc<ValueSet>> {
            if url != "all" {
                let code = if url == "last" { "x" } else { "y" };
                let json = format!(
                    r#"{{"compose":{{"include":[{{"system":"s","concept":[{{"code":"{code}"}}]}}]}}}}"#
                );
                let document = crate::json::Document::parse(json).ok()?;
                return Some(Arc::new(ValueSet::read(document.root())));
            }
            let part = |url: &str| Part {
                value_sets: vec![url.to_owned()],
                ..Part::default()
            };
            let mut include = vec![part("other"); self.0 - 1];
            include.push(part("last"));
            Some(Arc::new(ValueSet {
                include,
                ..ValueSet::default()
            }))
        }

        fn code_system(&self, _: &str, _: Option<&str>) -> Option<Arc<dyn Codes>> {
            None
        }
    }

    /// Each of the value sets has one part too.
    #[test]
    fn the_number_of_parts_has_a_limit() {
        let among = |sets: usize| contains(&Wide(sets), "all", Some("s"), "x");
        assert_eq!(among(VALUE_SET_PARTS_MAX / 2), Membership::In);
        assert_eq!(among(VALUE_SET_PARTS_MAX / 2 + 1), Membership::CannotCheck);
    }
}
