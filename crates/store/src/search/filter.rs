//! Conditions on the values of one row.

use super::codes::CodeSet;
use super::values::{DateTest, NumberTest};
use crate::index::{Entries, Value};

/// A condition, with all names as numbers.
#[derive(Debug)]
pub(crate) enum Filter {
    /// The row is one of these; sorted.
    Rows(Vec<i64>),
    /// The row was written at one of these times.
    Updated(Vec<DateTest>),
    /// One of these parameters has a value, or none of them has.
    Missing { parameters: Vec<i64>, missing: bool },
    /// A value of the parameter passes one of the tests; or no value does.
    Value {
        parameter: i64,
        tests: Vec<Test>,
        negated: bool,
    },
    /// The parameter refers to one of these rows; sorted.
    Targets { parameter: i64, targets: Vec<i64> },
    /// One of these holds.
    OneOf(Vec<Filter>),
    /// All of these hold.
    All(Vec<Filter>),
    /// This does not hold.
    Not(Box<Filter>),
}

/// A parameter that no resource has a value of.
pub(crate) const UNUSED: i64 = -1;

/// A test on one value.
#[derive(Debug)]
pub(crate) enum Test {
    Token {
        system: SystemTest,
        code: Option<String>,
    },
    /// The folded text starts with this.
    Starts(String),
    /// The text is this.
    Exact(String),
    /// The folded text contains this.
    Contains(String),
    /// The folded text ends with this.
    Ends(String),
    /// The folded text is this.
    Same(String),
    Date(DateTest),
    Number(NumberTest),
    Quantity {
        number: NumberTest,
        unit: UnitTest,
    },
    Uri(String),
    /// The URI is this or one below it.
    UriBelow(String),
    /// The URI is this or one above it.
    UriAbove(String),
    /// The number of a resource.
    Target(i64),
    /// The code is in the set.
    Codes(CodeSet),
    /// None of these passes.
    Not(Vec<Test>),
    /// One of these passes.
    OneOf(Vec<Test>),
    /// All components of a composite pass their test: each with its place.
    Composite(Vec<(i64, Test)>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SystemTest {
    Any,
    /// 0 for no system.
    Is(i64),
    /// A system that the file does not know.
    Unknown,
}

#[derive(Debug)]
pub(crate) enum UnitTest {
    Any,
    Named(String),
    Coded(SystemTest, String),
    /// These base units.
    Canonical(String),
}

/// A row that may match.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate<'a> {
    pub(crate) rid: i64,
    pub(crate) updated: i64,
    pub(crate) entries: Entries<'a>,
}

impl Filter {
    /// Whether a row fits.
    pub(crate) fn fits(&self, row: Candidate<'_>) -> bool {
        match self {
            Self::Rows(rows) => rows.binary_search(&row.rid).is_ok(),
            Self::Updated(tests) => tests
                .iter()
                .any(|test| test.holds(row.updated, row.updated)),
            Self::Missing {
                parameters,
                missing,
            } => {
                let present = parameters
                    .iter()
                    .any(|parameter| row.entries.get(*parameter).next().is_some());
                present != *missing
            }
            Self::Value {
                parameter,
                tests,
                negated,
            } => {
                let found = row
                    .entries
                    .get(*parameter)
                    .any(|value| tests.iter().any(|test| test.passes(value)));
                found != *negated
            }
            Self::Targets { parameter, targets } => row
                .entries
                .references(*parameter)
                .any(|target| targets.binary_search(&target).is_ok()),
            Self::OneOf(filters) => filters.iter().any(|filter| filter.fits(row)),
            Self::All(filters) => filters.iter().all(|filter| filter.fits(row)),
            Self::Not(filter) => !filter.fits(row),
        }
    }
}

impl SystemTest {
    fn passes(self, system: i64) -> bool {
        match self {
            Self::Any => true,
            Self::Is(wanted) => wanted == system,
            Self::Unknown => false,
        }
    }
}

impl Test {
    fn passes(&self, value: Value<'_>) -> bool {
        match (self, value) {
            (
                Self::Token {
                    system: wanted,
                    code: None,
                },
                Value::Token { system, .. },
            ) => wanted.passes(system),
            (
                Self::Token {
                    system: wanted,
                    code: Some(wanted_code),
                },
                Value::Token { system, code },
            ) => code == wanted_code && wanted.passes(system),
            (Self::Starts(start), Value::Text(text)) => {
                fhir::search::normalise(text).starts_with(start)
            }
            (Self::Exact(wanted), Value::Text(text)) => text == wanted,
            (Self::Contains(part), Value::Text(text)) => {
                fhir::search::normalise(text).contains(part)
            }
            (Self::Ends(end), Value::Text(text)) => fhir::search::normalise(text).ends_with(end),
            (Self::Same(wanted), Value::Text(text)) => fhir::search::normalise(text) == *wanted,
            (Self::Codes(set), Value::Token { system, code }) => set.has(system, code),
            (Self::Not(tests), value) => !tests.iter().any(|test| test.passes(value)),
            (Self::Date(test), Value::Date { low, high }) => test.holds(low, high),
            (Self::Number(test), Value::Number { low, high, .. }) => test.holds(low, high),
            (
                Self::Quantity {
                    number,
                    unit: wanted,
                },
                Value::Number {
                    low,
                    high,
                    system,
                    code,
                    unit,
                },
            ) => {
                let fits = match wanted {
                    UnitTest::Any => true,
                    UnitTest::Named(name) => code == name || unit == name,
                    UnitTest::Canonical(wanted) => code == wanted,
                    UnitTest::Coded(wanted, wanted_code) => {
                        wanted.passes(system) && code == wanted_code
                    }
                };
                fits && number.holds(low, high)
            }
            (Self::Uri(wanted), Value::Uri(uri)) => uri == wanted,
            (Self::UriBelow(wanted), Value::Uri(uri)) => is_below(uri, wanted),
            (Self::UriAbove(wanted), Value::Uri(uri)) => is_below(wanted, uri),
            (Self::OneOf(tests), value) => tests.iter().any(|test| test.passes(value)),
            (Self::Target(wanted), Value::Reference(target)) => *wanted == target,
            (Self::Composite(tests), Value::Composite(blob)) => {
                tests.iter().all(|(place, test)| {
                    let mut values = Entries::of(blob).get(*place);
                    values.any(|value| test.passes(value))
                })
            }
            _ => false,
        }
    }
}

/// Whether a URI is the other one or a path below it.
fn is_below(uri: &str, top: &str) -> bool {
    uri.strip_prefix(top.trim_end_matches('/'))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::encode;

    fn check(filter: &Filter, fits: bool) {
        let blob = encode([
            (
                1,
                Value::Token {
                    system: 7,
                    code: "a",
                },
            ),
            (2, Value::Text("Jánsen")),
            (3, Value::Reference(42)),
            (
                4,
                Value::Number {
                    low: 5.35,
                    high: 5.45,
                    system: 8,
                    code: "mg",
                    unit: "milligram",
                },
            ),
            (5, Value::Uri("http://a/b/c")),
        ]);
        let row = Candidate {
            rid: 9,
            updated: 100,
            entries: Entries::of(&blob),
        };
        assert_eq!(filter.fits(row), fits, "{filter:?}");
    }

    fn value(parameter: i64, test: Test) -> Filter {
        Filter::Value {
            parameter,
            tests: vec![test],
            negated: false,
        }
    }

    #[test]
    fn each_kind_of_filter_looks_at_its_value() {
        let token = |system, code: Option<&str>| {
            value(
                1,
                Test::Token {
                    system,
                    code: code.map(str::to_owned),
                },
            )
        };
        check(&token(SystemTest::Any, Some("a")), true);
        check(&token(SystemTest::Is(7), Some("a")), true);
        check(&token(SystemTest::Is(7), None), true);
        check(&token(SystemTest::Is(0), Some("a")), false);
        check(&token(SystemTest::Unknown, Some("a")), false);
        check(&token(SystemTest::Any, Some("b")), false);
        let not_b = Test::Token {
            system: SystemTest::Any,
            code: Some("b".to_owned()),
        };
        check(
            &Filter::Value {
                parameter: 1,
                tests: vec![not_b],
                negated: true,
            },
            true,
        );
        check(&value(2, Test::Exact("Jánsen".to_owned())), true);
        check(&value(2, Test::Exact("jánsen".to_owned())), false);
        check(
            &Filter::Targets {
                parameter: 3,
                targets: vec![41, 42],
            },
            true,
        );
        check(
            &Filter::Targets {
                parameter: 3,
                targets: vec![41],
            },
            false,
        );
        check(&Filter::Rows(vec![8, 9]), true);
        check(
            &Filter::Missing {
                parameters: vec![1],
                missing: true,
            },
            false,
        );
        check(
            &Filter::Missing {
                parameters: vec![UNUSED],
                missing: true,
            },
            true,
        );
        let number = NumberTest::read("5.4").unwrap();
        let quantity = |unit| value(4, Test::Quantity { number, unit });
        check(&quantity(UnitTest::Any), true);
        check(&quantity(UnitTest::Named("milligram".to_owned())), true);
        check(
            &quantity(UnitTest::Coded(SystemTest::Is(8), "mg".to_owned())),
            true,
        );
        check(
            &quantity(UnitTest::Coded(SystemTest::Is(8), "g".to_owned())),
            false,
        );
        check(&value(5, Test::UriBelow("http://a/b/".to_owned())), true);
        check(&value(5, Test::UriBelow("http://a/b/cd".to_owned())), false);
        check(&value(5, Test::UriAbove("http://a/b/c/d".to_owned())), true);
        check(
            &Filter::OneOf(vec![Filter::Rows(vec![8]), Filter::Rows(vec![9])]),
            true,
        );
    }
}
