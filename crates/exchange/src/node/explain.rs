//! Why somebody may or may not, rule by rule.

use care::{AccessContext, Bsn, ExchangeCode, ProviderCategory, Ura};
use trust::{
    consent::ConsentQuestion,
    policy::{Action, RuleLine, Situation},
};

use super::Node;
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
        let relation = self.treatment_relation(cx, bsn).await?;
        let cx = cx.about(bsn, exchange.cloned(), relation)?;
        let question = ConsentQuestion {
            holder: holder.ura,
            holder_category: ProviderCategory::of(holder.organisation_type),
            consulting: cx.organisation(),
            consulting_category: ProviderCategory::of(cx.organisation_type()),
        };
        // No answer is no; the explanation says that there was none.
        let consent = self
            .parts
            .consents
            .closed_question(&cx, bsn, &question)
            .await
            .ok();
        let situation = Situation {
            holder: holder.ura,
            holder_type: holder.organisation_type,
            action: Action::Read,
            consent,
        };
        Ok(self.parts.policies.explain(&cx, &situation))
    }
}
