//! From what is asked to filters: names become numbers, chains become sets of
//! resources that the scope lets through.

use std::ops::ControlFlow;

use crate::database::OptionalExtension;
use fhir::search::Parameter;

use super::candidates::{Deadline, Scan, within_chain};
use super::condition::{Condition, StringMode, Target, Unit, UriMode};
use super::criterion::Criterion;
use super::filter::{Filter, SystemTest, Test, UNUSED, UnitTest};
use super::sight::Sight;
use super::values::{NumberTest, System, Token};
use crate::StoreError;
use crate::database::kinds::{self, Kinds};
use crate::database::names::{self, Variant};
use crate::database::snapshot::Snapshot;
use crate::index::CANONICAL_PLACE;

/// What resolving needs.
#[derive(Clone, Copy)]
pub(crate) struct Resolver<'a> {
    pub(crate) file: &'a Snapshot<'a>,
    pub(crate) kinds: &'a Kinds,
    pub(crate) sight: &'a Sight,
    pub(crate) deadline: Deadline,
}

impl Resolver<'_> {
    /// The filter for a condition on a resource type.
    pub(crate) fn filter(
        self,
        resource_type: &'static str,
        criterion: &Criterion,
    ) -> Result<Filter, StoreError> {
        // Names by the thousand, in every type, take time as well.
        self.deadline.check()?;
        match criterion {
            Criterion::Id(ids) => {
                let kind = self.kinds.number(resource_type)?;
                let mut rows = Vec::with_capacity(ids.len());
                for id in ids {
                    rows.extend(self.row(kind, id)?);
                }
                rows.sort_unstable();
                Ok(Filter::Rows(rows))
            }
            Criterion::Updated(tests) => Ok(Filter::Updated(tests.clone())),
            Criterion::Parameter(parameter, condition) => {
                self.condition(resource_type, parameter, condition)
            }
            Criterion::Chain(parameter, inner) => {
                let mut targets = Vec::new();
                for (target_type, criterion) in inner {
                    let filters = [self.filter(target_type, criterion)?];
                    targets.extend(self.scan(target_type, &filters, true)?.all()?);
                    within_chain(&targets)?;
                }
                targets.sort_unstable();
                targets.dedup();
                let parameter = self.parameter(resource_type, parameter, Variant::Value)?;
                Ok(Filter::Targets { parameter, targets })
            }
            Criterion::Has(source, reference, inner) => {
                let kind = self.kinds.number(resource_type)?;
                let parameter = self.parameter(source, reference, Variant::Value)?;
                let filters = [self.filter(source, inner)?];
                let mut rows = Vec::new();
                self.scan(source, &filters, false)?
                    .each(None, true, |hit| {
                        rows.extend(
                            hit.candidate
                                .entries
                                .references(parameter)
                                .filter(|target| kinds::kind_of(*target) == kind),
                        );
                        within_chain(&rows)?;
                        Ok(ControlFlow::Continue(()))
                    })?;
                rows.sort_unstable();
                rows.dedup();
                Ok(Filter::Rows(rows))
            }
            Criterion::All(criteria) => Ok(Filter::All(self.filters(resource_type, criteria)?)),
            Criterion::OneOf(criteria) => Ok(Filter::OneOf(self.filters(resource_type, criteria)?)),
            Criterion::Not(criterion) => {
                let filter = self.filter(resource_type, criterion)?;
                Ok(Filter::Not(Box::new(filter)))
            }
        }
    }

    fn filters(
        self,
        resource_type: &'static str,
        criteria: &[Criterion],
    ) -> Result<Vec<Filter>, StoreError> {
        criteria
            .iter()
            .map(|criterion| self.filter(resource_type, criterion))
            .collect()
    }

    pub(super) fn scan<'b>(
        &'b self,
        resource_type: &str,
        filters: &'b [Filter],
        directory: bool,
    ) -> Result<Scan<'b>, StoreError> {
        Ok(Scan {
            file: self.file,
            kinds: self.kinds,
            sight: self.sight,
            directory,
            kind: self.kinds.number(resource_type)?,
            filters,
            deadline: self.deadline,
        })
    }

    fn condition(
        self,
        resource_type: &'static str,
        asked: &Parameter,
        condition: &Condition,
    ) -> Result<Filter, StoreError> {
        let (variant, negated) = match condition {
            Condition::Missing(missing) => {
                let parameters = Variant::ALL
                    .into_iter()
                    .map(|variant| self.parameter(resource_type, asked, variant))
                    .collect::<Result<_, _>>()?;
                return Ok(Filter::Missing {
                    parameters,
                    missing: *missing,
                });
            }
            Condition::References(targets) => {
                return self.references(resource_type, asked, targets);
            }
            Condition::NotTokens(_) | Condition::Codes { negated: true, .. } => {
                (Variant::Value, true)
            }
            Condition::Unequal(inner) if matches!(**inner, Condition::References(_)) => {
                return self.unequal(resource_type, asked, inner);
            }
            Condition::Quantities(quantities) => {
                return self.quantities(resource_type, asked, quantities);
            }
            Condition::Identifiers(_) => (Variant::Identifier, false),
            Condition::Typed(_) => (Variant::Typed, false),
            Condition::Texts(_) => (Variant::Text, false),
            _ => (Variant::Value, false),
        };
        let parameter = self.parameter(resource_type, asked, variant)?;
        Ok(Filter::Value {
            parameter,
            tests: self.tests(condition)?,
            negated,
        })
    }

    /// The tests on one value, of which one must pass.
    fn tests(self, condition: &Condition) -> Result<Vec<Test>, StoreError> {
        Ok(match condition {
            Condition::Missing(_) => Vec::new(),
            Condition::Tokens(tokens)
            | Condition::NotTokens(tokens)
            | Condition::Identifiers(tokens)
            | Condition::Typed(tokens) => self.tokens(tokens)?,
            Condition::Texts(texts) => texts
                .iter()
                .map(|text| Test::Starts(fhir::search::normalise(text)))
                .collect(),
            Condition::References(targets) => {
                let (rows, mut tests) = self.targets(targets)?;
                tests.extend(rows.into_iter().map(Test::Target));
                tests
            }
            Condition::Dates(tests) => tests.iter().copied().map(Test::Date).collect(),
            Condition::Strings(mode, texts) => texts
                .iter()
                .map(|text| match mode {
                    StringMode::Starts => Test::Starts(fhir::search::normalise(text)),
                    StringMode::Exact => Test::Exact(text.clone()),
                    StringMode::Contains => Test::Contains(fhir::search::normalise(text)),
                    StringMode::Ends => Test::Ends(fhir::search::normalise(text)),
                    StringMode::Same => Test::Same(fhir::search::normalise(text)),
                })
                .collect(),
            Condition::Numbers(tests) => tests.iter().copied().map(Test::Number).collect(),
            Condition::Quantities(quantities) => quantities
                .iter()
                .map(|quantity| self.quantity(quantity))
                .collect::<Result<_, _>>()?,
            Condition::Uris(mode, uris) => uris
                .iter()
                .cloned()
                .map(|uri| match mode {
                    UriMode::Exact => Test::Uri(uri),
                    UriMode::Below => Test::UriBelow(uri),
                    UriMode::Above => Test::UriAbove(uri),
                })
                .collect(),
            Condition::Composites(alternatives) => {
                let mut tests = Vec::with_capacity(alternatives.len());
                for components in alternatives {
                    // Each component has one value: the comma separates alternatives.
                    let parts = (0..)
                        .zip(components)
                        .map(|(place, component)| {
                            let canonical = component.is_canonical();
                            let place = place + if canonical { CANONICAL_PLACE } else { 0 };
                            Ok((place, Test::OneOf(self.tests(component)?)))
                        })
                        .collect::<Result<_, StoreError>>()?;
                    tests.push(Test::Composite(parts));
                }
                tests
            }
            Condition::Codes { codes, .. } => vec![Test::Codes(self.codes(codes)?)],
            Condition::Unequal(condition) => vec![Test::Not(self.tests(condition)?)],
        })
    }

    fn quantity(self, (number, unit): &(NumberTest, Unit)) -> Result<Test, StoreError> {
        let unit = match unit {
            Unit::Any => UnitTest::Any,
            Unit::Named(name) => UnitTest::Named(name.clone()),
            Unit::Coded(system, code) => UnitTest::Coded(self.system(system)?, code.clone()),
            Unit::Canonical(code) => UnitTest::Canonical(code.clone()),
        };
        Ok(Test::Quantity {
            number: *number,
            unit,
        })
    }

    /// Quantities as they are written, and in base units.
    fn quantities(
        self,
        resource_type: &'static str,
        asked: &Parameter,
        quantities: &[(NumberTest, Unit)],
    ) -> Result<Filter, StoreError> {
        let (canonical, written): (Vec<_>, Vec<_>) = quantities
            .iter()
            .partition(|(_, unit)| matches!(unit, Unit::Canonical(_)));
        let of = |variant, quantities: Vec<&(NumberTest, Unit)>| {
            Ok::<_, StoreError>(Filter::Value {
                parameter: self.parameter(resource_type, asked, variant)?,
                tests: quantities
                    .into_iter()
                    .map(|quantity| self.quantity(quantity))
                    .collect::<Result<_, _>>()?,
                negated: false,
            })
        };
        if canonical.is_empty() {
            return of(Variant::Value, written);
        }
        let canonical = of(Variant::Canonical, canonical)?;
        if written.is_empty() {
            return Ok(canonical);
        }
        Ok(Filter::OneOf(vec![canonical, of(Variant::Value, written)?]))
    }

    /// References that are to something else.
    fn unequal(
        self,
        resource_type: &'static str,
        asked: &Parameter,
        condition: &Condition,
    ) -> Result<Filter, StoreError> {
        let of = |variant| {
            Ok::<_, StoreError>(Filter::Value {
                parameter: self.parameter(resource_type, asked, variant)?,
                tests: vec![Test::Not(self.tests(condition)?)],
                negated: false,
            })
        };
        let places = [of(Variant::Value)?, of(Variant::Address)?];
        Ok(Filter::OneOf(places.into()))
    }

    fn references(
        self,
        resource_type: &'static str,
        asked: &Parameter,
        targets: &[Target],
    ) -> Result<Filter, StoreError> {
        let (rows, addresses) = self.targets(targets)?;
        let parameter = self.parameter(resource_type, asked, Variant::Value)?;
        let local = Filter::Targets {
            parameter,
            targets: rows,
        };
        if addresses.is_empty() {
            return Ok(local);
        }
        let parameter = self.parameter(resource_type, asked, Variant::Address)?;
        let elsewhere = Filter::Value {
            parameter,
            tests: addresses,
            negated: false,
        };
        Ok(Filter::OneOf(vec![local, elsewhere]))
    }

    /// The numbers of the resources that are asked for, sorted, and tests for
    /// addresses elsewhere.
    fn targets(self, targets: &[Target]) -> Result<(Vec<i64>, Vec<Test>), StoreError> {
        let mut rows = Vec::new();
        let mut addresses = Vec::new();
        for target in targets {
            match target {
                Target::Local(types, id) => {
                    for target_type in types {
                        rows.extend(self.row(self.kinds.number(target_type)?, id)?);
                    }
                }
                Target::Address(address) => addresses.push(Test::Uri(address.clone())),
            }
        }
        rows.sort_unstable();
        Ok((rows, addresses))
    }

    fn tokens(self, tokens: &[Token]) -> Result<Vec<Test>, StoreError> {
        tokens
            .iter()
            .map(|token| {
                Ok(Test::Token {
                    system: self.system(&token.system)?,
                    code: token.code.clone(),
                })
            })
            .collect()
    }

    fn system(self, system: &System) -> Result<SystemTest, StoreError> {
        Ok(match system {
            System::Any => SystemTest::Any,
            System::None => SystemTest::Is(0),
            System::Is(uri) => self
                .file
                .word(&format!("s{uri}"))?
                .map_or(SystemTest::Unknown, SystemTest::Is),
        })
    }

    /// The number of a parameter; [`UNUSED`] when no resource ever had a value of it.
    pub(crate) fn parameter(
        self,
        resource_type: &str,
        parameter: &Parameter,
        variant: Variant,
    ) -> Result<i64, StoreError> {
        let word = names::parameter(resource_type, parameter, variant);
        Ok(self.file.word(&word)?.unwrap_or(UNUSED))
    }

    /// The number of a resource. Whether it can be seen is not asked: that is
    /// up to the rows that refer to it, or to the scan over it.
    fn row(self, kind: i64, id: &str) -> Result<Option<i64>, StoreError> {
        Ok(self
            .file
            .connection
            .prepare_cached("SELECT rid FROM resource WHERE id = ?1 AND kind = ?2")?
            .query_row((id, kind), |row| row.get(0))
            .optional()?)
    }
}
