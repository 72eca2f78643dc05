//! The search parameters that the organisation added.

use store::AddedParameter;

use super::Node;
use crate::error::ExchangeError;

impl Node {
    /// Those that can be searched by now. It is not about patients, so anybody
    /// may know them.
    pub async fn added_parameters(&self) -> Result<Vec<AddedParameter>, ExchangeError> {
        Ok(self.parts.store.added_parameters().await?)
    }
}
