//! How an index finds the rows that may fit a condition.

use super::candidates::Driver;
use super::filter::{Filter, SystemTest, Test, UNUSED};
use super::values::{DateTest, NumberTest, Prefix};
use crate::index::{
    LONG_MS, Range, STRING_PREFIX_BYTES, Term, WIDE, codes_from, index_prefix, sortable, texts_from,
};

/// Codes of a set that are looked up one by one.
const CODES_LOOKED_UP_MAX: usize = 500;

/// Where rows are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lookup {
    /// In the index of values.
    Values(Range),
    /// Among the times of writing of a kind, in ms, both ends included.
    Updated { kind: i64, low: i64, high: i64 },
}

/// How one test finds rows after one over an index; `None` when it cannot.
pub(super) fn test_index(parameter: i64, test: &Test, after: i64) -> Option<Vec<Lookup>> {
    match test {
        Test::Token {
            system: SystemTest::Unknown,
            ..
        } => Some(Vec::new()),
        Test::Token {
            system,
            code: Some(code),
        } => {
            let range = Range::of(&Term::Token(parameter, code, 0)).after(after);
            Some(vec![Lookup::Values(match system {
                SystemTest::Is(system) => range.of_system(*system),
                _ => range,
            })])
        }
        Test::Uri(code) => one(Range::of(&Term::Token(parameter, code, 0)).after(after)),
        Test::UriBelow(uri) => one(Range::starting(codes_from(
            parameter,
            uri.trim_end_matches('/'),
        ))),
        Test::Starts(folded) if folded.len() < STRING_PREFIX_BYTES => {
            one(Range::starting(texts_from(parameter, folded)))
        }
        Test::Starts(folded) | Test::Same(folded) => one(same_prefix(parameter, folded)),
        Test::Exact(text) => one(same_prefix(parameter, &fhir::search::normalise(text))),
        Test::Date(test) => date_index(parameter, *test),
        Test::Number(number) | Test::Quantity { number, .. } => number_index(parameter, *number),
        Test::Composite(tests) => match tests.first() {
            Some((0, Test::OneOf(first))) => match first.as_slice() {
                [token @ Test::Token { .. }] => test_index(parameter, token, after),
                _ => None,
            },
            _ => None,
        },
        Test::Codes(set) => {
            let lookup = |code| Range::of(&Term::Token(parameter, code, 0)).after(after);
            let codes = set.few(CODES_LOOKED_UP_MAX)?;
            Some(codes.map(|code| Lookup::Values(lookup(code))).collect())
        }
        Test::Token { code: None, .. }
        | Test::Contains(_)
        | Test::Ends(_)
        | Test::Not(_)
        | Test::UriAbove(_)
        | Test::Target(_)
        | Test::OneOf(_) => None,
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "one of several ways to look something up"
)]
fn one(range: Range) -> Option<Vec<Lookup>> {
    Some(vec![Lookup::Values(range)])
}

fn same_prefix(parameter: i64, folded: &str) -> Range {
    Range::of(&Term::Text(parameter, index_prefix(folded).to_owned()))
}

/// What starts between two moments.
fn starting(parameter: i64, low: i64, high: i64) -> Lookup {
    Lookup::Values(Range::between(
        &Term::Date(parameter, low),
        &Term::Date(parameter, high),
    ))
}

/// What lasts long and ends at or after a moment.
fn lasting(parameter: i64, moment: i64) -> Lookup {
    Lookup::Values(Range::between(
        &Term::Period(parameter, moment),
        &Term::Period(parameter, i64::MAX),
    ))
}

fn date_index(parameter: i64, test: DateTest) -> Option<Vec<Lookup>> {
    let start = |low: i64, high: i64| starting(parameter, low, high);
    // What ends at or after a moment either starts at most `LONG_MS` before it,
    // or lasts longer than that and is found by its end.
    let end = |moment: i64, start_max: i64| {
        vec![
            start(moment.saturating_sub(LONG_MS), start_max),
            lasting(parameter, moment),
        ]
    };
    match test.prefix {
        Prefix::Equal => Some(vec![start(test.low, test.high)]),
        Prefix::Approximate => Some(end(test.low, test.high)),
        Prefix::Greater => Some(end(test.high, i64::MAX)),
        Prefix::GreaterOrEqual => Some(end(test.low, i64::MAX)),
        Prefix::StartsAfter => Some(vec![start(test.high, i64::MAX)]),
        Prefix::Less | Prefix::EndsBefore => Some(vec![start(i64::MIN, test.low)]),
        Prefix::LessOrEqual => Some(vec![start(i64::MIN, test.high)]),
        Prefix::NotEqual => None,
    }
}

fn number_index(parameter: i64, test: NumberTest) -> Option<Vec<Lookup>> {
    let slack = test.slack() * 10.0;
    let (from, to) = match test.prefix {
        Prefix::Equal | Prefix::Approximate => (test.low, test.high),
        Prefix::Greater | Prefix::GreaterOrEqual | Prefix::StartsAfter => {
            (test.value, f64::INFINITY)
        }
        Prefix::Less | Prefix::LessOrEqual | Prefix::EndsBefore => (f64::NEG_INFINITY, test.value),
        Prefix::NotEqual => return None,
    };
    let (from, to) = (from - slack, to + slack);
    let narrow = Range::between(
        &Term::Number(parameter, sortable(from - WIDE)),
        &Term::Number(parameter, sortable(to)),
    );
    let wide = Range::between(
        &Term::Wide(parameter, sortable(f64::NEG_INFINITY)),
        &Term::Wide(parameter, sortable(to)),
    );
    Some(vec![Lookup::Values(narrow), Lookup::Values(wide)])
}

/// How two conditions on the same date find rows together, when one is a lower
/// and the other an upper bound: between them.
pub(super) fn between(one: &Filter, other: &Filter) -> Option<Vec<Lookup>> {
    let (parameter, one) = single_date(one)?;
    let (same, other) = single_date(other)?;
    if parameter != same {
        return None;
    }
    let bounds = (lower(one), upper(one), lower(other), upper(other));
    let ((Some(from), None, None, Some(to)) | (None, Some(to), Some(from), None)) = bounds else {
        return None;
    };
    Some(vec![
        starting(parameter, from.saturating_sub(LONG_MS), to),
        lasting(parameter, from),
    ])
}

fn single_date(filter: &Filter) -> Option<(i64, DateTest)> {
    match filter {
        Filter::Value {
            parameter,
            tests,
            negated: false,
        } => match tests.as_slice() {
            [Test::Date(test)] => Some((*parameter, *test)),
            _ => None,
        },
        _ => None,
    }
}

/// The moment that what fits ends at or after.
fn lower(test: DateTest) -> Option<i64> {
    match test.prefix {
        Prefix::Greater | Prefix::StartsAfter => Some(test.high),
        Prefix::GreaterOrEqual => Some(test.low),
        _ => None,
    }
}

/// The moment that what fits starts at or before.
fn upper(test: DateTest) -> Option<i64> {
    match test.prefix {
        Prefix::Less | Prefix::EndsBefore => Some(test.low),
        Prefix::LessOrEqual => Some(test.high),
        _ => None,
    }
}

/// The part of the index that gives exactly what fits a filter, in the order of
/// numbers, when one does.
pub(super) fn ordered(filter: &Filter) -> Option<Driver> {
    match filter {
        Filter::Value {
            parameter,
            tests,
            negated: false,
        } => match tests.as_slice() {
            [test @ (Test::Token { code: Some(_), .. } | Test::Uri(_))] => {
                let start = match test {
                    Test::Token {
                        system: SystemTest::Unknown,
                        ..
                    } => return Some(Driver::Rows(Vec::new())),
                    Test::Token {
                        system,
                        code: Some(code),
                    } => {
                        let range = Range::of(&Term::Token(*parameter, code, 0));
                        match system {
                            SystemTest::Is(system) => range.of_system(*system),
                            _ => range,
                        }
                    }
                    Test::Uri(uri) => Range::of(&Term::Token(*parameter, uri, 0)),
                    _ => return None,
                };
                Some(Driver::Ordered(start))
            }
            _ => None,
        },
        Filter::Targets { parameter, targets } => match targets.as_slice() {
            [target] => Some(Driver::Ordered(Range::of(&Term::Reference(
                *parameter, *target,
            )))),
            _ => None,
        },
        _ => None,
    }
}

/// The part of the index whose keys are those of the resources that fit a
/// filter, now and after any change.
pub(super) fn exact(filter: &Filter) -> Option<Range> {
    let parameter = match filter {
        Filter::Value { parameter, .. } | Filter::Targets { parameter, .. } => *parameter,
        _ => return None,
    };
    match ordered(filter)? {
        // A parameter that is not used yet gets its number when it is.
        Driver::Ordered(range) if parameter != UNUSED => Some(range),
        _ => None,
    }
}

/// How a test on the time of writing finds rows; `None` when it cannot.
pub(super) fn updated_index(kind: i64, test: DateTest) -> Option<Vec<Lookup>> {
    let (low, high) = match test.prefix {
        Prefix::Equal | Prefix::Approximate => (test.low, test.high),
        Prefix::Greater | Prefix::StartsAfter => (test.high.saturating_add(1), i64::MAX),
        Prefix::GreaterOrEqual => (test.low, i64::MAX),
        Prefix::Less | Prefix::EndsBefore => (i64::MIN, test.low.saturating_sub(1)),
        Prefix::LessOrEqual => (i64::MIN, test.high),
        Prefix::NotEqual => return None,
    };
    Some(vec![Lookup::Updated { kind, low, high }])
}
