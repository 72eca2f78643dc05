//! The concepts that a filter of a value set lets through.

use std::sync::Arc;

use fhir::codes::{Filter, FilterOp};
use regex::RegexBuilder;

use super::{CodeSystem, PropertyKind, Unreadable};
use crate::bits::Bits;
use crate::ecl::{self, Constraint};
use crate::system::SNOMED;

/// How long a regular expression may be, in bytes.
pub const REGEX_BYTES_MAX: usize = 500;

/// How much memory a compiled regular expression may take, in bytes. Matching is
/// linear in the text.
const REGEX_COMPILED_BYTES_MAX: usize = 1024 * 1024;

/// How many answers to expressions are kept.
const KEPT_MAX: usize = 32;

/// Why a filter has no answer in a code system; for people.
pub(crate) type CannotSelect = String;

impl CodeSystem {
    /// All concepts that a filter lets through.
    pub(crate) fn select(&self, filter: &Filter) -> Result<Arc<Bits>, CannotSelect> {
        let is_expression = self.header.url == SNOMED
            && filter.property == "constraint"
            && filter.op == FilterOp::Equals;
        if is_expression {
            return self.select_by_expression(&filter.value);
        }
        let found = match (filter.property.as_str(), filter.op) {
            ("concept" | "code", FilterOp::Regex) => {
                self.matching(&filter.value, |one| Ok(vec![self.code(one).to_owned()]))?
            }
            ("concept" | "code", _) => self.select_by_concept(filter)?,
            ("display", FilterOp::Regex) => self.matching(&filter.value, |one| {
                Ok(self.display(one, "")?.into_iter().collect())
            })?,
            ("display", FilterOp::Equals) => {
                let is_it = |one| Ok(self.display(one, "")?.as_ref() == Some(&filter.value));
                self.those(is_it)
                    .map_err(|error: Unreadable| error.to_string())?
            }
            ("inactive", FilterOp::Equals) => {
                self.plain(|one| self.is_active(one) == (filter.value == "false"))
            }
            ("notSelectable", FilterOp::Equals) => {
                self.plain(|one| self.is_abstract(one) == (filter.value == "true"))
            }
            ("parent", FilterOp::Equals) => self.relatives(&filter.value, Self::children)?,
            ("child", FilterOp::Equals) => self.relatives(&filter.value, Self::parents)?,
            // Whether postcoordinated expressions are let in: there are none.
            ("expressions", FilterOp::Equals) if self.header.url == SNOMED => {
                Bits::full(self.len())
            }
            _ => self.select_by_property(filter)?,
        };
        Ok(Arc::new(found))
    }

    fn select_by_expression(&self, text: &str) -> Result<Arc<Bits>, CannotSelect> {
        let held = || {
            self.kept
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
        };
        if let Some((_, found)) = held().iter().find(|(one, _)| one == text) {
            return Ok(Arc::clone(found));
        }
        let constraint = Constraint::parse(text).map_err(|error| error.to_string())?;
        let found = ecl::evaluate(self, &constraint).map_err(|error| error.to_string())?;
        let found = Arc::new(found);
        let mut kept = held();
        if kept.len() >= KEPT_MAX {
            kept.remove(0);
        }
        kept.push((text.to_owned(), Arc::clone(&found)));
        Ok(found)
    }

    fn select_by_concept(&self, filter: &Filter) -> Result<Bits, CannotSelect> {
        let list = || filter.value.split(',').map(str::trim);
        let mut found = match filter.op {
            FilterOp::In | FilterOp::NotIn => {
                let mut found = Bits::new(self.len());
                for code in list() {
                    let at = self.known(code)?;
                    // In SNOMED CT it is in the reference set, and not the concept.
                    match self.refset(at).filter(|_| self.header.url == SNOMED) {
                        Some(members) => members.iter().for_each(|one| {
                            found.insert(*one);
                        }),
                        None => {
                            found.insert(at);
                        }
                    }
                }
                found
            }
            FilterOp::Equals | FilterOp::IsA | FilterOp::IsNotA => {
                self.only(self.known(&filter.value)?)
            }
            FilterOp::DescendentOf => self.descendants(&self.only(self.known(&filter.value)?)),
            FilterOp::Generalizes => {
                let only = self.only(self.known(&filter.value)?);
                let mut found = self.ancestors(&only);
                found.unite(&only);
                found
            }
            FilterOp::Exists | FilterOp::Regex | FilterOp::Unknown => {
                return Err(self.not_understood(filter));
            }
        };
        if matches!(filter.op, FilterOp::IsA | FilterOp::IsNotA) {
            found.unite(&self.descendants(&found.clone()));
        }
        if matches!(filter.op, FilterOp::IsNotA | FilterOp::NotIn) {
            let mut rest = Bits::full(self.len());
            rest.subtract(&found);
            return Ok(rest);
        }
        Ok(found)
    }

    fn select_by_property(&self, filter: &Filter) -> Result<Bits, CannotSelect> {
        let name = self
            .property_named(&filter.property)
            .ok_or_else(|| self.not_understood(filter))?;
        let values = |one: u32| {
            self.properties(one)
                .filter(move |property| property.name == name)
                .map(|property| self.value_text(property.value))
        };
        let among = |one: u32| {
            let mut wanted = filter.value.split(',').map(str::trim);
            wanted.any(|wanted| values(one).any(|value| value == wanted))
        };
        Ok(match filter.op {
            FilterOp::Equals => self.plain(|one| values(one).any(|value| value == filter.value)),
            FilterOp::In => self.plain(among),
            FilterOp::NotIn => self.plain(|one| !among(one)),
            FilterOp::Exists => {
                let is_wanted = filter.value != "false";
                self.plain(|one| values(one).next().is_some() == is_wanted)
            }
            FilterOp::Regex => self.matching(&filter.value, |one| {
                Ok(values(one).map(str::to_owned).collect())
            })?,
            FilterOp::IsA | FilterOp::DescendentOf
                if self.property_names[usize::from(name)].kind == PropertyKind::Code =>
            {
                let root = self.only(self.known(&filter.value)?);
                let mut below = self.descendants(&root);
                if filter.op == FilterOp::IsA {
                    below.unite(&root);
                }
                self.plain(|one| {
                    values(one).any(|value| self.find(value).is_some_and(|at| below.contains(at)))
                })
            }
            _ => return Err(self.not_understood(filter)),
        })
    }

    fn known(&self, code: &str) -> Result<u32, CannotSelect> {
        self.find(code).ok_or_else(|| {
            let url = &self.header.url;
            format!("a filter names a code that the code system {url} does not have here")
        })
    }

    fn not_understood(&self, filter: &Filter) -> CannotSelect {
        let (url, property) = (&self.header.url, &filter.property);
        format!("a filter on {property} in the code system {url} is not understood")
    }

    fn relatives(&self, code: &str, next: fn(&Self, u32) -> &[u32]) -> Result<Bits, CannotSelect> {
        let mut found = Bits::new(self.len());
        for one in next(self, self.known(code)?) {
            found.insert(*one);
        }
        Ok(found)
    }

    fn plain(&self, is_wanted: impl Fn(u32) -> bool) -> Bits {
        let mut found = Bits::new(self.len());
        for one in (0..self.len() as u32).filter(|one| is_wanted(*one)) {
            found.insert(one);
        }
        found
    }

    fn those<E>(&self, is_wanted: impl Fn(u32) -> Result<bool, E>) -> Result<Bits, E> {
        let mut found = Bits::new(self.len());
        for one in 0..self.len() as u32 {
            if is_wanted(one)? {
                found.insert(one);
            }
        }
        Ok(found)
    }

    /// The concepts with a text that a regular expression matches as a whole.
    fn matching(
        &self,
        expression: &str,
        texts: impl Fn(u32) -> Result<Vec<String>, Unreadable>,
    ) -> Result<Bits, CannotSelect> {
        if expression.len() > REGEX_BYTES_MAX {
            return Err(format!(
                "a regular expression is longer than REGEX_BYTES_MAX, {REGEX_BYTES_MAX} bytes"
            ));
        }
        let regex = RegexBuilder::new(&format!("^(?:{expression})$"))
            .size_limit(REGEX_COMPILED_BYTES_MAX)
            .build()
            .map_err(|_| "a regular expression cannot be used".to_owned())?;
        self.those(|one| Ok(texts(one)?.iter().any(|text| regex.is_match(text))))
            .map_err(|error: Unreadable| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::small;
    use super::*;
    use crate::load::rf2::tests::edition;

    fn check(system: &CodeSystem, property: &str, op: FilterOp, value: &str, expected: &[&str]) {
        let filter = Filter {
            property: property.to_owned(),
            op,
            value: value.to_owned(),
        };
        let found = system.select(&filter).expect(value);
        let codes: Vec<_> = found.iter().map(|one| system.code(one)).collect();
        assert_eq!(codes, expected, "{filter:?}");
    }

    #[test]
    fn filters_select_by_place_and_by_property() {
        use FilterOp as Op;
        let system = small();
        let check = |property, op, value, expected: &[&str]| {
            check(&system, property, op, value, expected);
        };
        check("concept", Op::IsA, "apple", &["apple", "elstar"]);
        check(
            "concept",
            Op::DescendentOf,
            "fruit",
            &["apple", "elstar", "pear"],
        );
        check("concept", Op::IsNotA, "apple", &["set", "fruit", "pear"]);
        check("concept", Op::Generalizes, "apple", &["fruit", "apple"]);
        check("code", Op::In, "apple, pear", &["apple", "pear"]);
        check("code", Op::NotIn, "apple,pear", &["set", "fruit", "elstar"]);
        check("code", Op::Regex, "[ap]+.*r", &["pear"]);
        check("display", Op::Regex, ".*apple", &["elstar"]);
        check("display", Op::Equals, "Pear", &["pear"]);
        check("inactive", Op::Equals, "true", &["elstar"]);
        check("parent", Op::Equals, "fruit", &["apple", "pear"]);
        check("child", Op::Equals, "elstar", &["apple"]);
        check("colour", Op::Equals, "red", &["elstar"]);
        check(
            "colour",
            Op::Exists,
            "false",
            &["set", "fruit", "apple", "pear"],
        );
        check("like", Op::In, "kiwi,plum", &["elstar"]);
        check("like", Op::IsA, "fruit", &["elstar"]);
    }

    #[test]
    fn snomed_has_expressions_and_reference_sets() {
        let edition = edition();
        let system = edition.load().expect("right");
        let codes: Vec<&str> = edition.codes.iter().map(String::as_str).collect();
        let expression = format!("<{}", codes[2]);
        for _ in 0..2 {
            check(
                &system,
                "constraint",
                FilterOp::Equals,
                &expression,
                &[codes[10]],
            );
        }
        check(&system, "concept", FilterOp::In, codes[8], &codes[2..4]);
        check(&system, codes[7], FilterOp::Equals, codes[6], &[codes[3]]);
    }

    #[test]
    fn what_cannot_be_selected_is_said() {
        let system = small();
        let check = |property: &str, op, value: &str, expected: &str| {
            let filter = Filter {
                property: property.to_owned(),
                op,
                value: value.to_owned(),
            };
            assert_eq!(system.select(&filter).expect_err(expected), expected);
        };
        let url = "http://example.org/fruit";
        check(
            "concept",
            FilterOp::IsA,
            "kiwi",
            &format!("a filter names a code that the code system {url} does not have here"),
        );
        check(
            "taste",
            FilterOp::Equals,
            "sour",
            &format!("a filter on taste in the code system {url} is not understood"),
        );
        check(
            "code",
            FilterOp::Regex,
            "(",
            "a regular expression cannot be used",
        );
        let long = "a".repeat(REGEX_BYTES_MAX + 1);
        check(
            "code",
            FilterOp::Regex,
            &long,
            "a regular expression is longer than REGEX_BYTES_MAX, 500 bytes",
        );
        let filter = Filter {
            property: "code".to_owned(),
            op: FilterOp::Regex,
            value: long[1..].to_owned(),
        };
        assert!(system.select(&filter).is_ok());
    }
}
