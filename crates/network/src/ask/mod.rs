//! Asking sources: one batch of searches to each, with a deadline.
//!
//! Each source decides for itself what it gives; here a question only ever
//! ends in one of three ways ([`Answer`]). "The source has nothing" is an
//! answer with no resources. Which sources to ask, and what the four states
//! look like to a person, is the `exchange` room's.

mod batch;
mod source;
mod tokens;

#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc, time::Duration};

use care::AccessContext;
use fhir::Resource;
use trust::{Randomness, assertion::Assertions};

pub use tokens::TOKENS_MAX;

use self::tokens::TokenCache;
use crate::{addressing::Organisation, peer::PeerClient};

/// The time that a source has for its whole answer, when nothing else is said.
pub const DEADLINE: Duration = Duration::from_secs(2);
/// Searches in one question.
pub const QUERIES_MAX: usize = 100;
/// Times that further pages are asked of one source.
pub const PAGE_ROUNDS_MAX: usize = 20;
/// Resources that one source may answer with.
pub const RESOURCES_MAX: usize = 10_000;
/// Bytes that one source may answer with, all pages together.
pub const ANSWER_BYTES_MAX: usize = 24 * 1024 * 1024;
/// The path of the FHIR R4 door under the base of a node.
pub const FHIR_PATH: &str = "/fhir/r4";
/// The path of the access log of a patient at a source.
pub const ACCESS_LOG_PATH: &str = "/fhir/r4/$access-log";
/// The path where an assertion is turned into a token.
pub const TOKEN_PATH: &str = "/oauth/token";

/// One search, such as `Condition?clinical-status=active`: type and
/// parameters, without base and without the patient, whom the token names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SourceQuery {
    /// The type and the parameters.
    pub path: String,
}

/// What is asked of every source.
#[derive(Debug, Clone)]
pub struct Question {
    /// Who asks, why and about whom; it must name the patient.
    pub context: AccessContext,
    /// The searches, at most [`QUERIES_MAX`].
    pub queries: Vec<SourceQuery>,
    /// The time that each source has for its whole answer.
    pub deadline: Duration,
}

/// How a source answered.
#[derive(Debug)]
pub enum Answer {
    /// One answer per search, in their order.
    Data(Vec<QueryAnswer>),
    /// The source does not allow it.
    NotAllowed,
    /// There is no whole answer, so nothing is known of what it holds.
    NoAnswer(Why),
}

/// What one search found.
#[derive(Debug, Default)]
pub struct QueryAnswer {
    /// The resources that match.
    pub matches: Vec<Resource>,
    /// The resources that came along with them.
    pub included: Vec<Resource>,
    /// Whether this is all: false when the source had more than the limits of
    /// this node. Whoever shows it must say so.
    pub complete: bool,
}

/// Why there is no answer, for the log and the operator. No patient data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Nobody listens, or somebody else does.
    NoConnection,
    /// Not all of it came within the deadline.
    Timeout,
    /// It is larger than [`ANSWER_BYTES_MAX`].
    TooLarge,
    /// The connection broke.
    Broken,
    /// The source answered with this HTTP status.
    Status(u16),
    /// The source gave no token, with this HTTP status.
    NoToken(u16),
    /// What came is not the answer to the question.
    Malformed(&'static str),
    /// This node could not ask: its own fault.
    NotAsked(&'static str),
}

/// Asks other nodes in the name of this one.
pub struct Asker {
    peers: Arc<PeerClient>,
    assertions: Arc<Assertions>,
    tokens: TokenCache,
}

impl Asker {
    /// Asks over these connections, with assertions that this node signs.
    pub fn new(
        peers: Arc<PeerClient>,
        assertions: Arc<Assertions>,
        randomness: &dyn Randomness,
    ) -> Self {
        Self {
            peers,
            assertions,
            tokens: TokenCache::new(randomness),
        }
    }

    /// Asks one source. It always resolves by the deadline.
    pub async fn ask(&self, source: &Organisation, question: &Question) -> Answer {
        self.within(source, question.deadline, self.searches(source, question))
            .await
    }

    /// Asks one source who looked at the patient's data: AuditEvents, as the
    /// one answer of [`Answer::Data`]. Only the patient may ask it.
    pub async fn access_log(
        &self,
        source: &Organisation,
        context: &AccessContext,
        deadline: Duration,
    ) -> Answer {
        self.within(source, deadline, self.log_lines(source, context))
            .await
    }

    async fn within(
        &self,
        source: &Organisation,
        deadline: Duration,
        asking: impl Future<Output = Result<Answer, Why>> + Send,
    ) -> Answer {
        let why = match tokio::time::timeout(deadline, asking).await {
            Ok(Ok(answer)) => return answer,
            Ok(Err(why)) => why,
            Err(_) => Why::Timeout,
        };
        tracing::warn!(source = %source.ura, %why, "a source gave no answer");
        Answer::NoAnswer(why)
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoConnection => f.write_str("no connection"),
            Self::Timeout => f.write_str("not within the deadline"),
            Self::TooLarge => write!(f, "more than {ANSWER_BYTES_MAX} bytes"),
            Self::Broken => f.write_str("the connection broke"),
            Self::Status(status) => write!(f, "status {status}"),
            Self::NoToken(status) => write!(f, "no token, status {status}"),
            Self::Malformed(what) => write!(f, "malformed: {what}"),
            Self::NotAsked(what) => write!(f, "not asked: {what}"),
        }
    }
}
