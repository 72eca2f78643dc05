//! Answers in pages: what is asked, in what extent, and the links between pages.

use super::{Own, subset::Wanted};
use crate::{
    problem::Problem,
    query::{QueryPairs, encode},
};

const CURSOR: &str = "_cursor";

/// A question that is answered in pages.
pub(super) struct Pages {
    url: String,
    /// The parameters but for those of the extent.
    pub(super) query: QueryPairs,
    /// How much of each resource is wanted.
    pub(super) wanted: Wanted,
}

impl Pages {
    /// The question at a path below the base. `resource_type` is the type that
    /// elements are named of; without it they may be of any type.
    pub(super) fn of(
        own: &Own,
        path: &str,
        mut query: QueryPairs,
        resource_type: Option<&str>,
    ) -> Result<Self, Problem> {
        let wanted = Wanted::take_of_resources(own.version, &mut query, resource_type)?;
        Ok(Self {
            url: format!("{}/{path}", own.fhir_base),
            query,
            wanted,
        })
    }

    /// The link to this page.
    pub(super) fn here(&self) -> String {
        let here = self.query.iter().find(|(name, _)| name == CURSOR);
        self.link(here.map(|(_, cursor)| cursor.as_str()))
    }

    /// The link to the page at a cursor.
    pub(super) fn at(&self, cursor: &str) -> String {
        self.link(Some(cursor))
    }

    fn link(&self, cursor: Option<&str>) -> String {
        let kept = self.query.iter().filter(|(name, _)| name != CURSOR);
        let pairs: Vec<String> = kept
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .chain(cursor.map(|cursor| (CURSOR, cursor)))
            .map(|(name, value)| format!("{name}={}", encode(value)))
            .collect();
        let query = format!("{}{}", pairs.join("&"), self.wanted.link());
        let query = query.trim_start_matches('&');
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{}{mark}{query}", self.url)
    }
}
