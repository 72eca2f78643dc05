//! What cannot be done, on its way to a page.

use axum::response::{IntoResponse, Redirect, Response};
use exchange::ExchangeError;
use http::StatusCode;
use trust::consent::ConsentError;

/// Why a request gets no page of its own. The middleware turns it into a page
/// in the language of the reader; its text is constant per kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nobody is signed in.
    SignIn,
    /// There is no such page, or not for this session.
    NotFound,
    /// The page is for another role, or the rules say no.
    Forbidden,
    /// The form has no valid token, or comes from another site.
    Form,
    /// The form says something that it cannot say.
    Input,
    /// The form is over its limit.
    TooLarge,
    /// Too many requests.
    TooMany,
    /// The page exists, but not for this method.
    Method,
    /// Something that is needed does not answer.
    Unavailable,
    /// Something broke here.
    Broken,
}

impl Fault {
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::SignIn => StatusCode::SEE_OTHER,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Forbidden | Self::Form => StatusCode::FORBIDDEN,
            Self::Input => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The kind of its page.
    pub(crate) const fn kind(self) -> &'static str {
        match self {
            Self::SignIn | Self::Forbidden => "forbidden",
            Self::NotFound => "not-found",
            Self::Form => "form",
            Self::Input => "input",
            Self::TooLarge => "too-large",
            Self::TooMany => "too-many",
            Self::Method => "method",
            Self::Unavailable => "unavailable",
            Self::Broken => "broken",
        }
    }

    /// The fault that a status from elsewhere stands for, such as one that the
    /// router gave.
    pub(crate) fn of_status(status: StatusCode) -> Option<Self> {
        match status {
            StatusCode::NOT_FOUND | StatusCode::GONE => Some(Self::NotFound),
            StatusCode::METHOD_NOT_ALLOWED => Some(Self::Method),
            StatusCode::PAYLOAD_TOO_LARGE => Some(Self::TooLarge),
            StatusCode::TOO_MANY_REQUESTS => Some(Self::TooMany),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Some(Self::Forbidden),
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::REQUEST_TIMEOUT => {
                Some(Self::Unavailable)
            }
            status if status.is_client_error() => Some(Self::Input),
            status if status.is_server_error() => Some(Self::Broken),
            _ => None,
        }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        if self == Self::SignIn {
            return Redirect::to("/").into_response();
        }
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<ExchangeError> for Fault {
    fn from(error: ExchangeError) -> Self {
        let fault = match error.status() {
            403 => Self::Forbidden,
            404 | 410 => Self::NotFound,
            413 => Self::TooLarge,
            503 => Self::Unavailable,
            400..=499 => Self::Input,
            _ => Self::Broken,
        };
        if fault == Self::Broken || fault == Self::Unavailable {
            // The text of the error holds no patient data, by its own rule.
            tracing::error!(error = %error, "a page could not be made");
        }
        fault
    }
}

impl From<ConsentError> for Fault {
    fn from(error: ConsentError) -> Self {
        match error {
            ConsentError::NotAllowed => Self::Forbidden,
            ConsentError::InvalidChange(_) | ConsentError::TooMany | ConsentError::Changed => {
                Self::Input
            }
            ConsentError::Unreachable => Self::Unavailable,
            ConsentError::Database(_) | ConsentError::Damaged => {
                tracing::error!(error = %error, "the choices of a patient cannot be read");
                Self::Broken
            }
        }
    }
}

impl From<askama::Error> for Fault {
    fn from(error: askama::Error) -> Self {
        tracing::error!(error = %error, "a template could not be rendered");
        Self::Broken
    }
}
