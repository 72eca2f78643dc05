//! Why somebody may or may not, rule by rule.

use care::{AccessContext, Bsn, ExchangeCode, Ura};
use trust::policy::RuleLine;

use super::{Node, regional::reading_at};
use crate::error::ExchangeError;

impl Node {
    /// Why the person of this context may or may not see what `holder` has on
    /// a patient: every rule, whether it applies, and what decided. It reads no
    /// data of the patient but the treatment relation and the consent.
    pub async fn explain_access(
        &self,
        cx: &AccessContext,
        bsn: &Bsn,
        exchange: Option<&ExchangeCode>,
        holder: Ura,
    ) -> Result<Vec<RuleLine>, ExchangeError> {
        let organisations = self.parts.region.organisations();
        let holder = organisations
            .iter()
            .map(|participant| &participant.record)
            .chain([&self.parts.organisation])
            .find(|organisation| organisation.ura == holder)
            .ok_or(ExchangeError::NotFound)?;
        let cx = self.about_patient(cx, bsn, exchange).await??;
        // As the region is asked, so it is explained: the same context, the
        // same consents, the same situation.
        let consents = self.consents(&cx, bsn, [holder]).await;
        let situation = reading_at(holder, consents.as_ref());
        Ok(self.parts.policies.explain(&cx, &situation))
    }
}
