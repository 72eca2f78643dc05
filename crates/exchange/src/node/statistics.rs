//! Counts for the coordinator and the operator: no patient data.

use care::AccessContext;
use store::Statistics;
use trust::policy::Action;

use super::Node;
use crate::error::ExchangeError;

impl Node {
    /// What the own store holds, in numbers: for the coordinator, and for the
    /// operator who keeps this node running.
    pub async fn statistics(&self, cx: &AccessContext) -> Result<Statistics, ExchangeError> {
        let may = |action| self.decide(cx, action).is_allowed();
        if !may(Action::ReadStatistics) && !may(Action::ReadNodeState) {
            return Err(ExchangeError::NotAllowed);
        }
        Ok(self.parts.store.statistics().await?)
    }
}
