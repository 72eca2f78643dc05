//! Counts for the coordinator and the operator: no patient data.

use care::AccessContext;
use store::Statistics;
use trust::policy::Action;

use super::Node;
use crate::error::ExchangeError;

impl Node {
    /// What the own store holds, in numbers.
    pub async fn statistics(&self, cx: &AccessContext) -> Result<Statistics, ExchangeError> {
        if !self.decide(cx, Action::ReadStatistics).is_allowed() {
            return Err(ExchangeError::NotAllowed);
        }
        Ok(self.parts.store.statistics().await?)
    }
}
