//! The most recent observations, at the own door.

use care::AccessContext;
use store::{SearchPage, Stored};

use super::Node;
use crate::error::ExchangeError;

impl Node {
    /// The most recent observations of each code that fit a query, at most `max` of
    /// each, as [`store::Store::last_n`] has it; written down as a search is.
    pub async fn last_n(
        &self,
        cx: &AccessContext,
        max: usize,
        query: &[(String, String)],
    ) -> Result<SearchPage, ExchangeError> {
        let asked = ["Observation".to_owned(), "$lastn".to_owned()];
        let scope = self.reading_scope(cx, &asked).await?;
        let page = self.parts.store.last_n(cx, &scope, max, query).await?;
        let shown: Vec<&Stored> = page.matches.iter().collect();
        self.audit_shown(cx, &asked, &shown).await?;
        Ok(page)
    }

    /// Resources that have between them the profiles, tags and security labels
    /// that are in use, on a type or on all, as [`store::Store::in_use`] has it. Of
    /// them only their `meta` may be shown: that is written down, and tells of
    /// no patient.
    pub async fn in_use(
        &self,
        cx: &AccessContext,
        resource_type: Option<&str>,
    ) -> Result<Vec<Stored>, ExchangeError> {
        let of = resource_type.map(str::to_owned);
        let asked: Vec<String> = of.into_iter().chain(["$meta".to_owned()]).collect();
        let scope = self.reading_scope(cx, &asked).await?;
        let found = self.parts.store.in_use(cx, &scope, resource_type).await?;
        self.audit_shown(cx, &asked, &[]).await?;
        Ok(found)
    }
}
