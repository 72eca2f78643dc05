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
pub(crate) mod my_print;
pub(crate) mod my_record;
pub(crate) mod record;
pub(crate) mod region;
pub(crate) mod sources;
pub(crate) mod text;
pub(crate) mod trend;

use exchange::combined::{Fact, Group, Moment, Series};
use jiff::{Timestamp, tz::TimeZone};
use sha2::{Digest, Sha256};

use crate::{dates, words::Language};

/// What every view needs to know about the reader and the moment.
#[derive(Debug, Clone)]
pub(crate) struct Reader {
    pub(crate) language: Language,
    pub(crate) zone: TimeZone,
    pub(crate) now: Timestamp,
    /// Where the pages about this patient live, such as `/patient/x`.
    pub(crate) base: String,
    /// The exchange that was asked for by name; the pages that hang on this one
    /// are asked under the same.
    pub(crate) exchange: Option<String>,
    /// Known to the session only, so that an address tells nothing.
    pub(crate) salt: String,
    /// The groups that the reader took apart, by their tokens.
    pub(crate) apart: Vec<String>,
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
        self.within(format!("{}/datum/{}", self.base, self.datum_token(fact)))
    }

    pub(crate) fn trend_token(&self, series: &Series) -> String {
        self.token(&["series", &series.id])
    }

    pub(crate) fn trend_path(&self, series: &Series) -> String {
        self.within(format!("{}/trend/{}", self.base, self.trend_token(series)))
    }

    /// The name of a group of facts in forms; it holds within one session.
    pub(crate) fn group_token(&self, group: &Group) -> String {
        self.token(&["group", &group.id])
    }

    /// Where a form goes that takes a group apart.
    pub(crate) fn apart_path(&self) -> String {
        self.within(format!("{}/apart", self.base))
    }

    /// The record that these pages are about.
    pub(crate) fn record_path(&self) -> String {
        self.within(self.base.clone())
    }

    /// An address under the exchange that was asked for.
    fn within(&self, path: String) -> String {
        match &self.exchange {
            Some(code) => with_query(&path, "exchange", code),
            None => path,
        }
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

/// An address with one more parameter; both are words of our own.
fn with_query(path: &str, name: &str, value: &str) -> String {
    let joint = if path.contains('?') { '&' } else { '?' };
    format!("{path}{joint}{name}={value}")
}
