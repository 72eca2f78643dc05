//! Why something could not be done.

use care::OtherPatient;
use fhir::outcome::{Issue, IssueCode};
use fhir::patch::PatchError;
use fhir::validation::Finding;
use store::StoreError;

use crate::catalogue::NotForYou;

/// When to ask again while a search parameter is being indexed, in seconds.
const INDEXING_RETRY_S: u64 = 5;

/// Why something could not be done. No text holds patient data.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// The rules do not allow it.
    #[error("not allowed")]
    NotAllowed,
    /// The credential is for another patient.
    #[error(transparent)]
    OtherPatient(#[from] OtherPatient),
    /// The catalogue has no such exchange.
    #[error("there is no such exchange")]
    UnknownExchange,
    /// The exchange is not for whoever asks.
    #[error(transparent)]
    NotForYou(#[from] NotForYou),
    /// An emergency was claimed without a reason.
    #[error("emergency access needs a reason")]
    ReasonNeeded,
    /// What was sent is not right.
    #[error("what was sent is not valid")]
    Invalid(Vec<Issue>),
    /// What was sent breaks rules or does not fit its profiles.
    #[error("what was sent does not fit its rules and profiles")]
    NotValid(Vec<Finding>),
    /// There is nothing there, or nothing that may be seen.
    #[error("not found")]
    NotFound,
    /// It was there and is deleted.
    #[error("deleted")]
    Gone,
    /// A named limit was passed.
    #[error("over the limit {limit} of {max}")]
    LimitExceeded {
        /// The name of the limit.
        limit: &'static str,
        /// Its value.
        max: usize,
    },
    /// The store did not do what one entry of a Bundle asks.
    #[error("{source}")]
    InEntry {
        /// Which entry, from zero.
        at: usize,
        /// Why.
        source: StoreError,
    },
    /// Work broke off inside.
    #[error("the work broke off")]
    Unfinished,
    /// The audit line could not be written, so nothing was done.
    #[error("the audit log cannot be written")]
    Audit(#[source] StoreError),
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ExchangeError {
    /// The issues to answer with, for an OperationOutcome.
    pub fn issues(&self) -> Vec<Issue> {
        let code = match self {
            Self::Invalid(issues)
            | Self::Store(
                StoreError::PatchedInvalid { issues, .. }
                | StoreError::NotSearchable { issues, .. },
            ) => {
                return issues.clone();
            }
            Self::NotValid(findings) => {
                return findings.iter().map(|one| one.issue.clone()).collect();
            }
            Self::NotAllowed | Self::OtherPatient(_) | Self::NotForYou(_) => IssueCode::Forbidden,
            Self::UnknownExchange | Self::NotFound => IssueCode::NotFound,
            Self::ReasonNeeded => IssueCode::Required,
            Self::Gone => IssueCode::Deleted,
            Self::LimitExceeded { .. } => IssueCode::TooCostly,
            Self::Audit(_) | Self::Unfinished => IssueCode::Exception,
            Self::Store(StoreError::NotPatched { source, .. }) => return vec![source.issue()],
            Self::Store(error) => store_code(error),
            Self::InEntry {
                at,
                source:
                    StoreError::PatchedInvalid { issues, .. } | StoreError::NotSearchable { issues, .. },
            } => {
                let place = format!("Bundle.entry[{at}]");
                return issues.iter().map(|one| one.clone().at(&*place)).collect();
            }
            Self::InEntry { at, source } => {
                let issue = Issue::error(store_code(source), source.to_string());
                return vec![issue.at(format!("Bundle.entry[{at}]"))];
            }
        };
        vec![Issue::error(code, self.to_string())]
    }

    /// How long to wait before asking again, when what was asked for is being
    /// made ready: in seconds.
    pub fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::Store(StoreError::BeingIndexed { .. })
            | Self::InEntry {
                source: StoreError::BeingIndexed { .. },
                ..
            } => Some(INDEXING_RETRY_S),
            _ => None,
        }
    }

    /// The HTTP status that tells the same.
    pub fn status(&self) -> u16 {
        match self {
            Self::NotAllowed | Self::OtherPatient(_) | Self::NotForYou(_) => 403,
            Self::UnknownExchange | Self::NotFound => 404,
            Self::Gone => 410,
            Self::ReasonNeeded => 400,
            Self::Invalid(issues) => status_of(issues),
            Self::NotValid(_) => 422,
            Self::LimitExceeded { .. } => 413,
            Self::Audit(_) => 503,
            Self::Unfinished => 500,
            Self::Store(error) | Self::InEntry { source: error, .. } => store_status(error),
        }
    }
}

/// What cannot be read is 400; what can be read but is not right is 422.
fn status_of(issues: &[Issue]) -> u16 {
    let unreadable = [
        IssueCode::Structure,
        IssueCode::Invalid,
        IssueCode::NotSupported,
    ];
    if issues.iter().any(|issue| unreadable.contains(&issue.code)) {
        400
    } else {
        422
    }
}

fn store_code(error: &StoreError) -> IssueCode {
    use StoreError as S;
    match error {
        S::UnknownResourceType | S::UnknownParameter { .. } | S::UnsupportedModifier { .. } => {
            IssueCode::NotSupported
        }
        S::InvalidValue { .. } | S::InvalidCursor | S::InvalidId { .. } | S::IdMismatch { .. } => {
            IssueCode::Value
        }
        S::PreconditionFailed { .. } | S::Conflict { .. } | S::OthersNamed { .. } => {
            IssueCode::Conflict
        }
        S::NotPatched { source, .. } => source.issue().code,
        S::PatchedInvalid { .. } | S::NotSearchable { .. } => IssueCode::Invalid,
        S::BeingIndexed { .. } => IssueCode::Transient,
        S::OtherSubject { .. } | S::OtherBsn { .. } => IssueCode::BusinessRule,
        S::MultipleMatches { .. } => IssueCode::MultipleMatches,
        S::UnresolvedReference { .. } | S::NothingThere { .. } | S::UnknownMessage => {
            IssueCode::NotFound
        }
        S::LimitExceeded { .. } => IssueCode::TooCostly,
        S::OutOfScope | S::OtherPatient => IssueCode::Forbidden,
        _ => IssueCode::Exception,
    }
}

/// The HTTP status of a fault in the store.
pub(crate) fn store_status(error: &StoreError) -> u16 {
    use StoreError as S;
    match error {
        S::UnknownResourceType | S::UnknownMessage | S::NothingThere { .. } => 404,
        S::UnknownParameter { .. }
        | S::UnsupportedModifier { .. }
        | S::InvalidValue { .. }
        | S::InvalidCursor
        | S::InvalidId { .. }
        | S::IdMismatch { .. } => 400,
        S::PreconditionFailed { .. } | S::MultipleMatches { .. } => 412,
        S::Conflict { .. } | S::OthersNamed { .. } => 409,
        S::LimitExceeded { .. }
        | S::NotPatched {
            source: PatchError::LimitExceeded { .. },
            ..
        } => 413,
        S::UnresolvedReference { .. }
        | S::OtherSubject { .. }
        | S::OtherBsn { .. }
        | S::NotPatched { .. }
        | S::PatchedInvalid { .. }
        | S::NotSearchable { .. } => 422,
        S::OutOfScope | S::OtherPatient => 403,
        S::Closed | S::BeingIndexed { .. } => 503,
        _ => 500,
    }
}
