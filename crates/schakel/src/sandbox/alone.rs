//! A region with nobody in it: nobody can be found or asked, and nobody
//! consented to anything.

use std::time::Duration;

use async_trait::async_trait;
use care::{AccessContext, Bsn, Categories, ProviderCategory, Ura};
use exchange::{Answer, LogAnswer, Participant, Region, Unreachable};
use trust::consent::{ConsentAnswer, ConsentError, ConsentQuestion, ConsentService};

/// Nobody else.
pub(super) struct Alone;

const NOBODY: &str = "a sandbox stands alone";

#[async_trait]
impl Region for Alone {
    fn organisations(&self) -> Vec<Participant> {
        Vec::new()
    }

    async fn holders(
        &self,
        _cx: &AccessContext,
        _bsn: &Bsn,
    ) -> Result<Vec<(Ura, Categories)>, Unreachable> {
        Err(Unreachable)
    }

    async fn ask(
        &self,
        _cx: &AccessContext,
        _source: Ura,
        _queries: &[String],
        _deadline: Duration,
    ) -> Answer {
        Answer::NoAnswer(NOBODY.to_owned())
    }

    async fn access_log(
        &self,
        _cx: &AccessContext,
        _source: Ura,
        _deadline: Duration,
    ) -> LogAnswer {
        LogAnswer::NoAnswer(NOBODY.to_owned())
    }
}

#[async_trait]
impl ConsentService for Alone {
    async fn closed_question(
        &self,
        _context: &AccessContext,
        _patient: &Bsn,
        _question: &ConsentQuestion,
    ) -> Result<ConsentAnswer, ConsentError> {
        Err(ConsentError::Unreachable)
    }

    async fn open_question(
        &self,
        _context: &AccessContext,
        _patient: &Bsn,
        _consulting: (Ura, ProviderCategory),
        _holders: &[(Ura, ProviderCategory)],
    ) -> Result<Vec<(Ura, ConsentAnswer)>, ConsentError> {
        Err(ConsentError::Unreachable)
    }
}
