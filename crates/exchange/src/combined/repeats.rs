//! Tests that somebody else had just done.

use std::collections::{BTreeSet, HashMap};

use super::{
    KnownBy,
    elements::Library,
    model::{Fact, Point, Repeat, Series},
    series::{LOINC, test_code},
};

/// Within how many days the same test counts as repeated.
pub const REPEAT_DAYS_MAX: i64 = 14;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Marks every result whose test another organisation did in the days before.
///
/// Only tests with a LOINC code: the same local code at two laboratories need
/// not be the same test. The unit does not matter.
pub(super) fn mark(known_by: &[KnownBy], all: &mut [Series]) {
    let mut by_test: HashMap<String, Vec<(usize, usize)>> = HashMap::new();
    for (series, one) in all.iter().enumerate() {
        for (point, measured) in one.points.iter().enumerate() {
            let code = test_code(measured.fact()).filter(|coding| coding.system == LOINC);
            if let (Some(code), Some(_)) = (code, &measured.when) {
                by_test
                    .entry(code.code.clone())
                    .or_default()
                    .push((series, point));
            }
        }
    }
    let mut found = Vec::new();
    for mut places in by_test.into_values() {
        places.sort_by_key(|(series, point)| {
            let measured = &all[*series].points[*point];
            let when = measured
                .when
                .as_ref()
                .map(|when| (when.low_ms, when.high_ms));
            (when, measured.fact().resource)
        });
        // The latest measurement so far of each set of makers: there are few
        // sets, however many measurements.
        let mut latest: HashMap<BTreeSet<String>, &Point> = HashMap::new();
        for (series, point) in places {
            let later = &all[series].points[point];
            let makers: BTreeSet<String> = later
                .facts
                .iter()
                .map(|fact| known_by[fact.resource].done_by.clone())
                .collect();
            let earlier = latest
                .iter()
                .filter(|(others, _)| others.is_disjoint(&makers))
                .filter_map(|(others, earlier)| Some((days_between(earlier, later)?, others)))
                .min();
            let repeat = earlier.and_then(|(days, others)| {
                Some(Repeat {
                    days: u16::try_from(days).ok()?,
                    organisation: others.iter().next()?.clone(),
                    when: latest[others].when.clone()?,
                })
            });
            found.extend(repeat.map(|repeat| (series, point, repeat)));
            latest.insert(makers, later);
        }
    }
    for (series, point, repeat) in found {
        all[series].points[point].repeats = Some(repeat);
    }
}

/// Whole days from one to the other, when that is not too many.
fn days_between(earlier: &Point, later: &Point) -> Option<i64> {
    let gap_ms = later.when.as_ref()?.low_ms - earlier.when.as_ref()?.low_ms;
    (0..=REPEAT_DAYS_MAX * DAY_MS)
        .contains(&gap_ms)
        .then_some(gap_ms / DAY_MS)
}

/// The organisation that did a test: the performer where it names one, else
/// the source itself.
pub(super) fn done_by(library: &Library<'_>, fact: &Fact) -> String {
    let root = library.resource(fact.resource).resource.root();
    let stated = root
        .each("performer")
        .find_map(|performer| library.organisation(fact.resource, performer));
    stated.unwrap_or_else(|| fact.source_name.clone())
}
