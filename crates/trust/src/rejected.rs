//! Why a credential was refused, in words that tell an attacker nothing.

/// A credential was refused.
///
/// The texts are constant: none carries a part of the credential, and several
/// causes share one text on purpose, so that a guess cannot be steered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Rejected {
    /// There is no credential where one is needed.
    #[error("sign in first")]
    Missing,
    /// Not a credential of ours: malformed, unsigned, wrongly signed, of
    /// another issuer, or for another audience.
    #[error("the credential is not valid")]
    Invalid,
    /// It was valid once.
    #[error("the credential has expired")]
    Expired,
    /// It was used before and may be used once.
    #[error("the credential was used before")]
    Replayed,
    /// It is valid, but does not belong to the party that presents it.
    #[error("the credential is not valid")]
    OtherHolder,
    /// The person or system may not do this with any credential.
    #[error("not allowed")]
    NotAllowed,
    /// Too many credentials are out; try again later (HTTP 429).
    #[error("too many at once, try again later")]
    Busy,
}

impl Rejected {
    /// The OAuth 2.0 error code (RFC 6749 5.2, RFC 6750 3.1).
    pub const fn oauth_error(self) -> &'static str {
        match self {
            Self::Missing | Self::Invalid | Self::Expired | Self::OtherHolder => "invalid_token",
            Self::Replayed => "invalid_grant",
            Self::NotAllowed => "access_denied",
            Self::Busy => "temporarily_unavailable",
        }
    }

    /// The word for the audit line and the metric; still nothing of the credential.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Invalid => "invalid",
            Self::Expired => "expired",
            Self::Replayed => "replayed",
            Self::OtherHolder => "other-holder",
            Self::NotAllowed => "not-allowed",
            Self::Busy => "busy",
        }
    }
}
