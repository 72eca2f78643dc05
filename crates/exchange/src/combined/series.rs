//! Values in time: one series per test, unit and method.
//!
//! Different units or methods make different series: nothing is converted
//! without a UCUM rule, and what is converted stands beside the series, not in it.

use std::collections::{BTreeMap, HashMap};

use super::{
    KnownBy, differences,
    elements::folded,
    grouping::{Union, overlapping},
    model::{
        Change, Coding, ConvertedPoint, Fact, FieldName, Measured, Moment, Point, Quantity, Rule,
        Series, Value,
    },
    same_test::SameTests,
};

/// The code system of LOINC.
pub(super) const LOINC: &str = "http://loinc.org";

/// What makes two measurements belong to one series.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    /// `system|code`, or the folded text of a result without a code.
    what: String,
    unit: Option<String>,
    method: Option<String>,
}

/// The observations of one section as series, those measured last first.
pub(super) fn of(known_by: &[KnownBy], facts: Vec<Fact>) -> Vec<Series> {
    let tests = SameTests::among(known_by, &facts);
    let mut by_key: BTreeMap<Key, Vec<Fact>> = BTreeMap::new();
    for fact in facts {
        by_key.entry(key(&fact, &tests)).or_default().push(fact);
    }
    let mut all: Vec<Series> = by_key
        .into_iter()
        .map(|(key, facts)| series(&key, facts))
        .collect();
    convert(&mut all);
    all.sort_by_cached_key(|series| {
        let latest = series
            .latest()
            .and_then(|point| Some(point.when.as_ref()?.high_ms));
        (
            std::cmp::Reverse(latest),
            folded(&series.title),
            series.id.clone(),
        )
    });
    all
}

/// The code by which results of different sources are the same test: LOINC
/// when there is one, else the first code.
pub(super) fn test_code(fact: &Fact) -> Option<&Coding> {
    let loinc = fact.codings.iter().filter(|coding| coding.system == LOINC);
    loinc
        .min_by_key(|coding| &coding.code)
        .or_else(|| fact.codings.iter().min())
}

fn key(fact: &Fact, tests: &SameTests) -> Key {
    let what = test_code(fact).map_or_else(
        || format!("text {}", folded(&fact.title)),
        |coding| tests.name(coding),
    );
    let method = fact
        .field(FieldName::Method)
        .map(|field| folded(&field.value));
    let unit = unit_of(fact);
    Key { what, unit, method }
}

/// The number that tells the unit: the value's own, else the first part's.
fn shown_quantity(measured: Option<&Measured>) -> Option<&Quantity> {
    let measured = measured?;
    let parts = measured.components.iter().map(|component| &component.value);
    std::iter::once(&measured.value)
        .chain(parts)
        .find_map(|value| match value {
            Value::Quantity(quantity) => Some(quantity),
            _ => None,
        })
}

/// The unit of a measurement, to compare by.
pub(super) fn unit_of(fact: &Fact) -> Option<String> {
    shown_quantity(fact.measured.as_ref()).map(unit_key)
}

/// UCUM codes mean what they say; other units are compared as they are written.
fn unit_key(quantity: &Quantity) -> String {
    match (&quantity.ucum, &quantity.unit) {
        (Some(ucum), _) => format!("ucum {ucum}"),
        (None, Some(unit)) => format!("text {}", unit.trim()),
        (None, None) => String::new(),
    }
}

fn series(key: &Key, facts: Vec<Fact>) -> Series {
    let points = points(facts);
    let latest = points.last().map(Point::fact);
    let quantity = latest.and_then(|fact| shown_quantity(fact.measured.as_ref()));
    let mut series = Series {
        id: format!(
            "{} {} {}",
            key.what,
            key.unit.as_deref().unwrap_or_default(),
            key.method.as_deref().unwrap_or_default()
        )
        .trim_end()
        .to_owned(),
        title: latest.map(|fact| fact.title.clone()).unwrap_or_default(),
        code: latest.and_then(test_code).cloned(),
        unit: quantity.and_then(|quantity| quantity.unit.clone()),
        ucum: quantity.and_then(|quantity| quantity.ucum.clone()),
        method: latest
            .and_then(|fact| fact.field(FieldName::Method))
            .map(|field| field.value.clone()),
        points: Vec::new(),
        converted: Vec::new(),
        change: change(&points),
    };
    series.points = points;
    series
}

/// Measurements in time, copies of the same one at several sources together.
fn points(facts: Vec<Fact>) -> Vec<Point> {
    let mut union = Union::new(facts.len());
    let mut first_with: HashMap<String, usize> = HashMap::new();
    let mut same_value: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, fact) in facts.iter().enumerate() {
        for (system, value) in &fact.identifiers {
            let key = format!("{system}|{value}");
            match first_with.get(&key) {
                Some(first) => union.join(*first, index, Rule::SameIdentifier),
                None => {
                    first_with.insert(key, index);
                }
            }
        }
        if let Some(key) = differences::value_key(fact) {
            same_value.entry(key).or_default().push(index);
        }
    }
    for (_, indexes) in same_value {
        for (a, b) in overlapping(&indexes, |index| facts[index].date.as_ref()) {
            // Two of one source are two measurements, unless it says otherwise.
            if facts[a].source != facts[b].source {
                union.join(a, b, Rule::SameMeasurement);
            }
        }
    }
    let mut points: Vec<Point> = union
        .sets(facts)
        .into_iter()
        .map(|(rules, facts)| point(rules, facts))
        .collect();
    points.sort_by_cached_key(|point| {
        let when = point.when.as_ref().map(|when| (when.low_ms, when.high_ms));
        (when, point.fact().resource)
    });
    points
}

fn point(rules: Vec<Rule>, mut facts: Vec<Fact>) -> Point {
    // A correction is shown before what it corrects, then who knows the time
    // best, then who did the test, then the version that changed last.
    facts.sort_by_cached_key(|fact| {
        let changed = fact
            .last_updated
            .as_deref()
            .and_then(Moment::parse)
            .map(|at| at.high_ms);
        let span = fact
            .date
            .as_ref()
            .map_or(i64::MAX, |date| date.high_ms - date.low_ms);
        (
            standing(fact),
            span,
            !did_it(fact),
            std::cmp::Reverse(changed),
            fact.resource,
        )
    });
    // The most precise time that any of them gives.
    let when = facts
        .iter()
        .filter_map(|fact| fact.date.as_ref())
        .min_by_key(|when| (when.high_ms - when.low_ms, when.low_ms))
        .cloned();
    Point {
        when,
        shown: 0,
        differences: differences::of_values(&facts),
        facts,
        rules,
        repeats: None,
    }
}

/// Whether the source did the test itself, by the performer that it names.
fn did_it(fact: &Fact) -> bool {
    let performer = fact.field(FieldName::Performer);
    performer.is_some_and(|field| folded(&field.value).contains(&folded(&fact.source_name)))
}

/// How much a status counts when sources differ about one measurement.
fn standing(fact: &Fact) -> u8 {
    match fact.status.as_deref() {
        Some("corrected" | "amended") => 0,
        Some("final") => 1,
        Some("entered-in-error" | "cancelled") => 3,
        _ => 2,
    }
}

fn number_of(point: &Point) -> Option<f64> {
    let fact = point.fact();
    let undone = matches!(
        fact.status.as_deref(),
        Some("entered-in-error" | "cancelled")
    );
    match &fact.measured.as_ref()?.value {
        Value::Quantity(quantity) if !undone && quantity.comparator.is_none() => quantity.number(),
        _ => None,
    }
}

fn change(points: &[Point]) -> Option<Change> {
    let mut numbers = points.iter().rev().filter_map(number_of);
    let to = numbers.next()?;
    Some(Change {
        from: numbers.next()?,
        to,
    })
}

/// Lets every series show the values of the same test in other units, where
/// UCUM has a rule from the one to the other.
fn convert(all: &mut [Series]) {
    let mut by_test: HashMap<(String, Option<String>), Vec<usize>> = HashMap::new();
    for (index, series) in all.iter().enumerate() {
        if let (Some(code), Some(_)) = (&series.code, &series.ucum) {
            let key = (
                format!("{}|{}", code.system, code.code),
                series.method.clone(),
            );
            by_test.entry(key).or_default().push(index);
        }
    }
    for indexes in by_test.into_values().filter(|indexes| indexes.len() > 1) {
        for &into in &indexes {
            let converted: Vec<ConvertedPoint> = indexes
                .iter()
                .filter(|from| **from != into)
                .flat_map(|from| converted(&all[*from], all[into].ucum.as_deref()))
                .collect();
            all[into].converted = converted;
        }
    }
}

fn converted(from: &Series, unit: Option<&str>) -> Vec<ConvertedPoint> {
    let (Some(own), Some(unit)) = (from.ucum.as_deref(), unit) else {
        return Vec::new();
    };
    from.points
        .iter()
        .enumerate()
        .filter_map(|(index, point)| {
            let Value::Quantity(original) = &point.fact().measured.as_ref()?.value else {
                return None;
            };
            let digits = convert_digits(&original.digits, own, unit)?;
            Some(ConvertedPoint {
                series: from.id.clone(),
                point: index,
                when: point.when.clone(),
                digits,
                original: original.clone(),
            })
        })
        .collect()
}

/// A number in another unit, with as many significant digits as it came with.
///
/// Only between units with a dimension: `%` and `mmol/mol` are both plain
/// numbers to UCUM and still are different scales of one test. And never
/// between amounts of substance and counts, which UCUM takes for the same.
fn convert_digits(digits: &str, from: &str, to: &str) -> Option<String> {
    let is_plain = |unit| octofhir_ucum::analyse(unit).map_or(true, |unit| unit.is_dimensionless);
    if from == to || is_plain(from) || is_plain(to) || from.contains("mol") != to.contains("mol") {
        return None;
    }
    let value: f64 = digits.parse().ok()?;
    let converted = octofhir_ucum::convert(value, from, to)
        .ok()
        .filter(|it| it.is_finite())?;
    let significant = digits
        .split(['e', 'E'])
        .next()?
        .trim_start_matches(['-', '0', '.'])
        .bytes()
        .filter(u8::is_ascii_digit)
        .count()
        .clamp(1, 15);
    // The exponent of the number says how many decimals are left.
    let written = format!("{converted:.*e}", significant - 1);
    let (_, exponent) = written.split_once('e')?;
    let decimals = significant as i64 - 1 - exponent.parse::<i64>().ok()?;
    Some(format!(
        "{converted:.*}",
        usize::try_from(decimals.clamp(0, 15)).ok()?
    ))
}
