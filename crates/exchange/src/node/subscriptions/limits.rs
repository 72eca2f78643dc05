//! The limits of subscriptions, each with its unit. How many there may be and
//! how many of their events are kept, the store holds
//! ([`store::limits::SUBSCRIPTIONS_MAX`],
//! [`store::limits::SUBSCRIPTION_EVENTS_KEPT_MAX`]).

use std::time::Duration;

/// Events in one notification, also when more are asked for.
pub const NOTIFICATION_EVENTS_MAX: usize = 50;
/// Filters of one subscription to a topic.
pub const FILTERS_MAX: usize = 10;
/// Bytes of the criteria or of one filter.
pub const CRITERIA_BYTES_MAX: usize = 4_096;
/// Failed attempts in a row after which a subscription has the state `error`.
pub const TRIES_MAX: u32 = 10;
/// How long an endpoint may take when the subscription does not say.
pub const TIMEOUT_DEFAULT: Duration = Duration::from_secs(10);
/// The longest that an endpoint may take.
pub const TIMEOUT_MAX: Duration = Duration::from_mins(1);
/// The shortest time between heartbeats.
pub const HEARTBEAT_MIN: Duration = Duration::from_secs(10);
/// The longest time between heartbeats.
pub const HEARTBEAT_MAX: Duration = Duration::from_hours(24);
/// The wait after the first failed attempt; it doubles with each.
pub const BACKOFF_FIRST: Duration = Duration::from_secs(2);
/// The longest wait between attempts.
pub const BACKOFF_MAX: Duration = Duration::from_mins(15);
/// How long a token for a websocket can be used.
pub const TOKEN_LIFETIME: Duration = Duration::from_mins(2);
/// Tokens for websockets that wait to be used.
pub const TOKENS_MAX: usize = 1_000;
/// Subscriptions that one token is for.
pub const TOKEN_SUBSCRIPTIONS_MAX: usize = 50;
/// Websocket connections at once.
pub const CONNECTIONS_MAX: usize = 100;

/// Resources that are matched at once.
pub(super) const MATCHED_AT_ONCE: usize = 100;

/// How long to wait after this many failed attempts.
pub(super) fn backoff(tries: u32) -> Duration {
    let doubled = 2_u32.saturating_pow(tries.saturating_sub(1));
    BACKOFF_FIRST.saturating_mul(doubled).min(BACKOFF_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_its_limit() {
        let seconds = |tries| backoff(tries).as_secs();
        assert_eq!([1, 2, 3, 9].map(seconds), [2, 4, 8, 512]);
        assert_eq!([10, 100, u32::MAX].map(seconds), [900; 3]);
    }
}
