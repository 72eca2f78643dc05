//! The embedded consent service.

use std::{path::Path, sync::Arc};

use async_trait::async_trait;
use care::{AccessContext, Bsn, Clock, ProviderCategory, Ura};

use super::{
    Change, ChangeEvent, ConsentAnswer, ConsentError, ConsentQuestion, ConsentRecord,
    ConsentService,
};

/// The most changes that one call to [`EmbeddedConsents::history`] gives.
pub const HISTORY_PAGE_MAX: usize = 200;

/// The patients' choices in a SQLite file of their own.
#[derive(Clone)]
pub struct EmbeddedConsents {}

impl EmbeddedConsents {
    /// Opens the file, or makes it.
    pub fn open(_path: &Path, _clock: Arc<dyn Clock>) -> Result<Self, ConsentError> {
        unimplemented!()
    }
    /// The patient's choices as they are now.
    pub async fn record(
        &self,
        _context: &AccessContext,
        _patient: &Bsn,
    ) -> Result<ConsentRecord, ConsentError> {
        unimplemented!()
    }
    /// Changes the choices; durable when it resolves. `expected` is the version that the patient saw.
    pub async fn change(
        &self,
        _context: &AccessContext,
        _patient: &Bsn,
        _change: &Change,
        _expected: Option<u64>,
    ) -> Result<ConsentRecord, ConsentError> {
        unimplemented!()
    }
    /// The changes before a version, the latest first, at most [`HISTORY_PAGE_MAX`].
    pub async fn history(
        &self,
        _context: &AccessContext,
        _patient: &Bsn,
        _before_version: Option<u64>,
    ) -> Result<Vec<ChangeEvent>, ConsentError> {
        unimplemented!()
    }
}

#[async_trait]
impl ConsentService for EmbeddedConsents {
    async fn closed_question(
        &self,
        _context: &AccessContext,
        _patient: &Bsn,
        _question: &ConsentQuestion,
    ) -> Result<ConsentAnswer, ConsentError> {
        unimplemented!()
    }

    async fn open_question(
        &self,
        _context: &AccessContext,
        _patient: &Bsn,
        _consulting: (Ura, ProviderCategory),
        _holders: &[(Ura, ProviderCategory)],
    ) -> Result<Vec<(Ura, ConsentAnswer)>, ConsentError> {
        unimplemented!()
    }
}
