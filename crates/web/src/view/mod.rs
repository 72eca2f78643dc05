//! From what `exchange` and `trust` say to what a page shows.
//!
//! Pure functions: domain in, typed page contexts out. Nothing is left out in
//! silence, nothing is computed that a source did not say, except that a value
//! lies outside the limits that came with it. No access decisions here.

pub(crate) mod checks;
pub(crate) mod consent;
pub(crate) mod datum;
pub(crate) mod facts;
pub(crate) mod log;
pub(crate) mod measured;
pub(crate) mod messages;
pub(crate) mod my_record;
pub(crate) mod record;
pub(crate) mod region;
pub(crate) mod sources;
pub(crate) mod text;

use exchange::combined::{CombinedRecord, Fact, Moment, Series};
use jiff::{Timestamp, tz::TimeZone};
use sha2::{Digest, Sha256};

use crate::{dates, page::trend::TrendPanel, words::Language};

/// What every view needs to know about the reader and the moment.
#[derive(Debug, Clone)]
pub(crate) struct Reader {
    pub(crate) language: Language,
    pub(crate) zone: TimeZone,
    pub(crate) now: Timestamp,
    /// Where the pages about this patient live, such as `/patient/x`.
    pub(crate) base: String,
    /// Known to the session only, so that an address tells nothing.
    pub(crate) salt: String,
}

impl Reader {
    pub(crate) fn text<'k>(&self, key: &'k str) -> &'k str {
        self.language.text(key)
    }

    pub(crate) fn fill(&self, key: &str, values: &[(&str, &str)]) -> String {
        self.language.fill(key, values)
    }

    /// A date for a table; that it is not known where there is none.
    pub(crate) fn date(&self, moment: Option<&Moment>) -> String {
        moment.map_or_else(
            || self.text("facts.date-unknown").to_owned(),
            |moment| dates::fhir_short(self.language, &moment.text, &self.zone),
        )
    }

    /// The name of a fact in addresses: it holds within one session and says
    /// nothing about what the fact is.
    pub(crate) fn datum_token(&self, fact: &Fact) -> String {
        self.token(&[
            fact.source.as_str(),
            fact.resource_type,
            &fact.id,
            &fact.title,
        ])
    }

    pub(crate) fn datum_path(&self, fact: &Fact) -> String {
        format!("{}/datum/{}", self.base, self.datum_token(fact))
    }

    pub(crate) fn trend_token(&self, series: &Series) -> String {
        self.token(&["series", &series.id])
    }

    pub(crate) fn trend_path(&self, series: &Series) -> String {
        format!("{}/trend/{}", self.base, self.trend_token(series))
    }

    /// A name for an organisation in the address of the patient's log.
    pub(crate) fn organisation_token(&self, name: &str) -> String {
        self.token(&["organisation", name])
    }

    fn token(&self, parts: &[&str]) -> String {
        let mut hash = Sha256::new();
        for part in std::iter::once(&self.salt.as_str()).chain(parts) {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let hash = hash.finalize();
        let (first, _) = hash.split_at(8);
        let number = first
            .iter()
            .fold(0u64, |number, byte| (number << 8) | u64::from(*byte));
        format!("{number:016x}")
    }
}

/// The name and the panels of the series with a token: with it every other
/// series of the same test, each in its own unit.
pub(crate) fn series(
    reader: &Reader,
    record: &CombinedRecord,
    token: &str,
) -> Option<(String, Vec<TrendPanel>)> {
    record.sections.iter().find_map(|section| {
        let chosen = section
            .series
            .iter()
            .find(|series| reader.trend_token(series) == token)?;
        let mut same_test: Vec<&Series> = vec![chosen];
        same_test.extend(section.series.iter().filter(|other| {
            other.id != chosen.id && other.code.is_some() && is_same_test(other, chosen)
        }));
        Some((
            chosen.title.clone(),
            measured::panels(reader, section.kind, &same_test),
        ))
    })
}

fn is_same_test(a: &Series, b: &Series) -> bool {
    a.code
        .as_ref()
        .zip(b.code.as_ref())
        .is_some_and(|(a, b)| (&a.system, &a.code) == (&b.system, &b.code))
}
