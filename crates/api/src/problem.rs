//! What a door answers when it does not do what was asked: an
//! OperationOutcome with a status.
//!
//! The texts here are constants or come from rooms that promise to put no
//! patient data in them. A refusal for lack of rights always looks the same,
//! and what is hidden looks like what is not there.

use axum::response::{IntoResponse, Response};
use exchange::ExchangeError;
use fhir::{
    json::Value,
    outcome::{Issue, IssueCode},
    validation,
};
use http::{HeaderName, HeaderValue, StatusCode, header};

use crate::{bodies::NoRoom, envelope::BUSY_WAIT, representation::FhirBody};

/// A refusal.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    status: StatusCode,
    issues: Vec<Issue>,
    /// The issues in full, where there is more to say of them.
    outcome: Option<Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// A refusal with one issue.
    pub(crate) fn new(status: StatusCode, code: IssueCode, text: impl Into<String>) -> Self {
        Self::with_issues(status, vec![Issue::error(code, text)])
    }

    pub(crate) fn with_issues(status: StatusCode, issues: Vec<Issue>) -> Self {
        Self {
            status,
            issues,
            outcome: None,
            headers: Vec::new(),
        }
    }

    pub(crate) fn and_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// 400: what was sent cannot be read.
    pub(crate) fn bad_request(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, IssueCode::Invalid, text)
    }

    /// 400: an element of a resource that was sent is not right.
    pub(crate) fn element(code: IssueCode, text: &'static str, expression: &'static str) -> Self {
        let issue = Issue::error(code, text).at(expression);
        Self::with_issues(StatusCode::BAD_REQUEST, vec![issue])
    }

    /// 401. The same for a missing, a wrong and an expired credential.
    pub(crate) fn unauthenticated() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            IssueCode::Login,
            "This needs a valid access token",
        )
        .and_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    /// 403.
    pub(crate) fn forbidden() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            IssueCode::Forbidden,
            "This is not allowed",
        )
    }

    /// 404. The same for what is not there and what is hidden.
    pub(crate) fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            IssueCode::NotFound,
            "There is nothing here",
        )
    }

    /// 405.
    pub(crate) fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            IssueCode::NotSupported,
            "This method is not supported here",
        )
    }

    /// 413 with the limit in bytes.
    pub(crate) fn body_too_large(limit_bytes: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            IssueCode::TooLong,
            format!("The request body is larger than {limit_bytes} bytes"),
        )
    }

    /// 503 with the time to wait: there is no room for the body now.
    pub(crate) fn no_room(full: NoRoom) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            IssueCode::Throttled,
            format!("{full}; try again later"),
        )
        .and_header(header::RETRY_AFTER, HeaderValue::from(BUSY_WAIT.as_secs()))
    }

    /// 429 with the time to wait.
    pub(crate) fn too_many_requests(wait: std::time::Duration) -> Self {
        // Whole seconds, rounded up: a client that obeys is served.
        let wait_s = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            IssueCode::Throttled,
            "Too many requests at once, try again later",
        )
        .and_header(header::RETRY_AFTER, HeaderValue::from(wait_s.max(1)))
    }

    /// 500. What went wrong is in the log, not in the answer.
    pub(crate) fn unexpected() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            IssueCode::Exception,
            "Something went wrong inside; it has been logged",
        )
    }

    /// The status that it answers with.
    #[cfg(test)]
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }
}

impl From<ExchangeError> for Problem {
    fn from(error: ExchangeError) -> Self {
        let status =
            StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if let Some(wait_s) = error.retry_after_s() {
            return Self::with_issues(status, error.issues())
                .and_header(header::RETRY_AFTER, HeaderValue::from(wait_s));
        }
        match status {
            StatusCode::FORBIDDEN => Self::forbidden(),
            // Which exchanges there are is no secret.
            StatusCode::NOT_FOUND if !matches!(error, ExchangeError::UnknownExchange) => {
                Self::not_found()
            }
            status if status.is_server_error() => {
                tracing::error!(error = &error as &dyn std::error::Error, "a request failed");
                Self {
                    status,
                    ..Self::unexpected()
                }
            }
            status => Self {
                outcome: match &error {
                    ExchangeError::NotValid(findings) => Some(validation::outcome(findings)),
                    _ => None,
                },
                ..Self::with_issues(status, error.issues())
            },
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = match &self.outcome {
            Some(outcome) => FhirBody::from(outcome),
            None => FhirBody::Outcome(self.issues),
        };
        let mut response = (self.status, body).into_response();
        response.headers_mut().extend(self.headers);
        response
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn waiting_is_told_in_whole_seconds_and_never_zero() {
        for (wait_ms, told) in [(1, "1"), (1000, "1"), (1001, "2"), (0, "1")] {
            let problem = Problem::too_many_requests(Duration::from_millis(wait_ms));
            assert_eq!(problem.headers[0].1, told);
        }
    }
}
