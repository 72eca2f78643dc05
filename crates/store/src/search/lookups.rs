//! How an index finds the rows that may fit a condition.

use rusqlite::types::Value as Sql;

use super::candidates::Driver;
use super::filter::{Filter, SystemTest, Test};
use super::values::{DateTest, NumberTest, Prefix};
use crate::index::{LONG_MS, STRING_PREFIX_BYTES, WIDE, index_prefix};

/// A statement with its values, but for the limit.
pub(super) type Lookup = (&'static str, Vec<Sql>);

/// How one test finds rows over an index; `None` when it cannot.
pub(super) fn test_index(parameter: i64, test: &Test, after: i64) -> Option<Vec<Lookup>> {
    match test {
        Test::Token {
            system: SystemTest::Unknown,
            ..
        } => Some(Vec::new()),
        Test::Token {
            code: Some(code), ..
        }
        | Test::Uri(code) => {
            let sql = "SELECT rid FROM token WHERE param = ? AND code = ? AND rid > ? LIMIT ?";
            Some(vec![(
                sql,
                vec![parameter.into(), code.clone().into(), after.into()],
            )])
        }
        Test::UriBelow(uri) => {
            let top = uri.trim_end_matches('/');
            let sql = "SELECT rid FROM token
                       WHERE param = ? AND code >= ? AND code < ? LIMIT ?";
            Some(vec![(
                sql,
                vec![parameter.into(), top.to_owned().into(), past(top)],
            )])
        }
        Test::Starts(folded) if folded.len() < STRING_PREFIX_BYTES => {
            let sql = "SELECT rid FROM string
                       WHERE param = ? AND folded >= ? AND folded < ? LIMIT ?";
            Some(vec![(
                sql,
                vec![parameter.into(), folded.clone().into(), past(folded)],
            )])
        }
        Test::Starts(folded) => Some(vec![same_prefix(parameter, folded)]),
        Test::Exact(text) => Some(vec![same_prefix(parameter, &fhir::search::normalise(text))]),
        Test::Date(test) => date_index(parameter, *test),
        Test::Number(number) | Test::Quantity { number, .. } => number_index(parameter, *number),
        Test::Composite(tests) => match tests.first() {
            Some(Test::OneOf(first)) => match first.as_slice() {
                [token @ Test::Token { .. }] => test_index(parameter, token, after),
                _ => None,
            },
            _ => None,
        },
        Test::Token { code: None, .. }
        | Test::Contains(_)
        | Test::UriAbove(_)
        | Test::Target(_)
        | Test::OneOf(_) => None,
    }
}

fn same_prefix(parameter: i64, folded: &str) -> Lookup {
    let sql = "SELECT rid FROM string WHERE param = ? AND folded = ? LIMIT ?";
    (
        sql,
        vec![parameter.into(), index_prefix(folded).to_owned().into()],
    )
}

/// What comes after every text that starts with this one.
fn past(start: &str) -> Sql {
    Sql::Text(format!("{start}{}", char::MAX))
}

fn date_index(parameter: i64, test: DateTest) -> Option<Vec<Lookup>> {
    let starting = "SELECT rid FROM date WHERE param = ? AND low BETWEEN ? AND ? LIMIT ?";
    let lasting = "SELECT rid FROM period WHERE param = ? AND high >= ? LIMIT ?";
    let start = |low: i64, high: i64| (starting, vec![parameter.into(), low.into(), high.into()]);
    // What ends at or after a moment either starts at most `LONG_MS` before it,
    // or lasts longer than that and is found by its end.
    let end = |moment: i64, start_max: i64| {
        vec![
            start(moment.saturating_sub(LONG_MS), start_max),
            (lasting, vec![parameter.into(), moment.into()]),
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
    let slack = test.value.abs().max(1e-6) * 1e-8;
    let (from, to) = match test.prefix {
        Prefix::Equal | Prefix::Approximate => (test.low, test.high),
        Prefix::Greater | Prefix::GreaterOrEqual | Prefix::StartsAfter => {
            (test.value, f64::INFINITY)
        }
        Prefix::Less | Prefix::LessOrEqual | Prefix::EndsBefore => (f64::NEG_INFINITY, test.value),
        Prefix::NotEqual => return None,
    };
    let (from, to) = (from - slack, to + slack);
    let narrow = "SELECT rid FROM number WHERE param = ? AND low >= ? AND low <= ? LIMIT ?";
    let wide = "SELECT rid FROM number WHERE param = ? AND low <= ? AND high >= ? LIMIT ?";
    Some(vec![
        (
            narrow,
            vec![parameter.into(), (from - WIDE).into(), to.into()],
        ),
        (wide, vec![(-parameter).into(), to.into(), from.into()]),
    ])
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
    let starting = "SELECT rid FROM date WHERE param = ? AND low BETWEEN ? AND ? LIMIT ?";
    let lasting = "SELECT rid FROM period WHERE param = ? AND high >= ? LIMIT ?";
    Some(vec![
        (
            starting,
            vec![
                parameter.into(),
                from.saturating_sub(LONG_MS).into(),
                to.into(),
            ],
        ),
        (lasting, vec![parameter.into(), from.into()]),
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

/// The index that gives what fits a filter in the order of numbers, when one does.
pub(super) fn ordered(filter: &Filter) -> Option<Driver> {
    match filter {
        Filter::Value {
            parameter,
            tests,
            negated: false,
        } => match tests.as_slice() {
            [
                Test::Token {
                    system,
                    code: Some(code),
                },
            ] => {
                let mut values: Vec<Sql> = vec![(*parameter).into(), code.clone().into()];
                let condition = match system {
                    SystemTest::Is(system) => {
                        values.push((*system).into());
                        "d.param = ? AND d.code = ? AND d.system = ?"
                    }
                    SystemTest::Any => "d.param = ? AND d.code = ?",
                    SystemTest::Unknown => return Some(Driver::Rows(Vec::new())),
                };
                Some(Driver::Ordered {
                    table: "token",
                    condition,
                    values,
                })
            }
            [Test::Uri(uri)] => Some(Driver::Ordered {
                table: "token",
                condition: "d.param = ? AND d.code = ?",
                values: vec![(*parameter).into(), uri.clone().into()],
            }),
            _ => None,
        },
        Filter::Targets { parameter, targets } => match targets.as_slice() {
            [target] => Some(Driver::Ordered {
                table: "reference",
                condition: "d.param = ? AND d.target = ?",
                values: vec![(*parameter).into(), (*target).into()],
            }),
            _ => None,
        },
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
    let sql = "SELECT rid FROM resource
               WHERE kind = ? AND updated BETWEEN ? AND ? AND state = 0 LIMIT ?";
    Some(vec![(sql, vec![kind.into(), low.into(), high.into()])])
}
