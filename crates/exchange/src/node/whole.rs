//! All that there is of a patient, at the own door.

use care::{AccessContext, Categories};
use store::{Whole, WholePage};
use trust::audit::{Happened, Outcome};

use super::{Node, audit::Entry};
use crate::error::ExchangeError;

impl Node {
    /// A page of what there is of a patient, with one audit line for it.
    pub async fn everything(
        &self,
        cx: &AccessContext,
        patient: &str,
        of: Whole,
    ) -> Result<WholePage, ExchangeError> {
        let asked = ["$everything".to_owned()];
        let scope = self.reading_scope(cx, &asked).await?;
        let store = &self.parts.store;
        let page = store.whole(cx, &scope, patient, of).await?;
        let count = |page: &WholePage| page.resources.len() + page.referred.len();
        let entry = Entry {
            happened: Happened::Read,
            outcome: Outcome::Allowed,
            patient: page.as_ref().and_then(|page| page.bsn.as_ref()),
            categories: page
                .as_ref()
                .map_or(Categories::NONE, |page| page.categories),
            asked: &asked,
            count: Some(page.as_ref().map_or(0, count) as u64),
        };
        self.write_audit_soon(vec![self.audit_body(cx, &entry)])
            .await?;
        page.ok_or(ExchangeError::NotFound)
    }
}
