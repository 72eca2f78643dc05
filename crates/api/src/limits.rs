//! The limits of the doors: each has a name, a unit and a value that an
//! operator can change.
//!
//! Limits on what is inside a body (nesting, entries of a Bundle, values in a
//! search) belong to the rooms that read it; these are the ones that a door can
//! hold before anybody looks inside.

use std::time::Duration;

pub use network::rate::Rate;

/// The largest request body, in bytes. One more is answered with 413.
pub const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A body up to this size takes nothing of [`BODIES_BYTES_MAX`], and a larger
/// one takes that in steps of this size, in bytes.
pub const BODY_BYTES_FREE: usize = 64 * 1024;

/// How many bytes the bodies that a node reads or works on may take together.
/// One that finds no room for [`BODIES_WAIT`] is answered with 503.
pub const BODIES_BYTES_MAX: usize = 64 * 1024 * 1024;

/// How long a body waits for room among the others.
pub const BODIES_WAIT: Duration = Duration::from_secs(2);

/// The largest body of a form or a token request, in bytes.
pub const FORM_BYTES_MAX: usize = 64 * 1024;

/// The longest request target (path and query), in bytes. One more is answered with 414.
pub const URL_BYTES_MAX: usize = 8 * 1024;

/// All request headers together, in bytes. More is answered with 431.
pub const HEADER_BYTES_MAX: usize = 32 * 1024;

/// How many headers a request may have. More is answered with 431.
pub const HEADERS_MAX: usize = 64;

/// How many parameters a query or a form may have. One more is answered with 400.
pub const QUERY_PARAMETERS_MAX: usize = 100;

/// How long a request may take, its body included, before it is answered with 503.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// How long the headers of a request may take to arrive.
pub const HEADER_READ_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a TLS handshake may take.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);

/// How many requests a door works on at once. One more is answered with 429.
pub const REQUESTS_IN_FLIGHT_MAX: usize = 512;

/// How many connections a door holds open. The next ones wait to be accepted.
pub const CONNECTIONS_MAX: usize = 1024;

/// How many streams one HTTP/2 connection may have open.
pub const STREAMS_PER_CONNECTION_MAX: u32 = 128;

/// Bytes of a message that comes in over a websocket: it holds a token. More
/// closes it.
pub const SOCKET_MESSAGE_BYTES_MAX: usize = 1_024;

/// Messages that may come in over one websocket once it is bound, those that
/// only say that it lives too. The last of them closes it.
pub const SOCKET_MESSAGES_MAX: usize = 1_000;

/// How long a websocket may stay that nobody has bound.
pub const SOCKET_UNBOUND_MAX: Duration = Duration::from_secs(30);

/// How many requests of one person a door works on at once. One more is
/// answered with 429.
pub const PERSON_REQUESTS_AT_ONCE_MAX: usize = 64;

/// How many requests of one system or one peer a door works on at once.
pub const SYSTEM_REQUESTS_AT_ONCE_MAX: usize = 256;

/// How many requests a second one person may make, on average.
pub const PERSON_REQUESTS_PER_SECOND: u32 = 200;

/// How many requests one person may make at once after a pause.
pub const PERSON_BURST: u32 = 1_000;

/// How many requests a second one system or one peer may make, on average.
pub const SYSTEM_REQUESTS_PER_SECOND: u32 = 2_000;

/// How many requests one system or one peer may make at once after a pause.
pub const SYSTEM_BURST: u32 = 4_000;

/// How many refused credentials a second one address may show, on average.
pub const REFUSALS_PER_SECOND: u32 = 100;

/// How many refused credentials one address may show at once after a pause.
pub const REFUSALS_BURST: u32 = 1_000;

/// For how many clients a door keeps count. The least busy are forgotten first.
pub const CLIENTS_COUNTED_MAX: usize = 10_000;

/// The largest MLLP message, in bytes between the start and the end of its frame.
pub const MESSAGE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How many bytes of messages under way all MLLP connections may hold together.
pub const MESSAGE_BYTES_IN_FLIGHT_MAX: usize = 64 * 1024 * 1024;

/// How many MLLP messages are worked on at once; the others wait.
pub const MESSAGES_IN_FLIGHT_MAX: usize = 64;

/// How many MLLP connections are open at once; the next ones wait to be accepted.
pub const MLLP_CONNECTIONS_MAX: usize = 256;

/// How long an MLLP message may take from its first byte to its last.
pub const MESSAGE_TIMEOUT: Duration = Duration::from_secs(30);

/// How long an MLLP connection may be silent between messages.
pub const MLLP_IDLE_TIMEOUT: Duration = Duration::from_mins(5);

/// How long a peer may take to accept an acknowledgement.
pub const MLLP_WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long connections may take to finish what they are doing at a shutdown.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// The limits of an HTTP door.
#[derive(Debug, Clone)]
pub struct HttpLimits {
    /// See [`BODY_BYTES_MAX`].
    pub body_bytes: usize,
    /// See [`BODIES_BYTES_MAX`].
    pub bodies_bytes: usize,
    /// See [`BODIES_WAIT`].
    pub bodies_wait: Duration,
    /// See [`URL_BYTES_MAX`].
    pub url_bytes: usize,
    /// See [`HEADER_BYTES_MAX`].
    pub header_bytes: usize,
    /// See [`HEADERS_MAX`].
    pub headers: usize,
    /// See [`REQUEST_TIMEOUT`].
    pub request_timeout: Duration,
    /// See [`HEADER_READ_TIMEOUT`].
    pub header_read_timeout: Duration,
    /// See [`HANDSHAKE_TIMEOUT`].
    pub handshake_timeout: Duration,
    /// See [`SOCKET_UNBOUND_MAX`].
    pub socket_unbound: Duration,
    /// See [`REQUESTS_IN_FLIGHT_MAX`].
    pub requests_in_flight: usize,
    /// See [`CONNECTIONS_MAX`].
    pub connections: usize,
    /// See [`PERSON_REQUESTS_PER_SECOND`] and [`PERSON_BURST`].
    pub person: Rate,
    /// See [`SYSTEM_REQUESTS_PER_SECOND`] and [`SYSTEM_BURST`].
    pub system: Rate,
    /// See [`PERSON_REQUESTS_AT_ONCE_MAX`].
    pub person_at_once: usize,
    /// See [`SYSTEM_REQUESTS_AT_ONCE_MAX`].
    pub system_at_once: usize,
    /// See [`REFUSALS_PER_SECOND`] and [`REFUSALS_BURST`].
    pub refusals: Rate,
    /// See [`DRAIN_TIMEOUT`].
    pub drain_timeout: Duration,
}

impl HttpLimits {
    /// The limits that the named constants of this module give.
    pub const STANDARD: Self = Self {
        body_bytes: BODY_BYTES_MAX,
        bodies_bytes: BODIES_BYTES_MAX,
        bodies_wait: BODIES_WAIT,
        url_bytes: URL_BYTES_MAX,
        header_bytes: HEADER_BYTES_MAX,
        headers: HEADERS_MAX,
        request_timeout: REQUEST_TIMEOUT,
        header_read_timeout: HEADER_READ_TIMEOUT,
        handshake_timeout: HANDSHAKE_TIMEOUT,
        socket_unbound: SOCKET_UNBOUND_MAX,
        requests_in_flight: REQUESTS_IN_FLIGHT_MAX,
        connections: CONNECTIONS_MAX,
        person: Rate {
            per_second: PERSON_REQUESTS_PER_SECOND,
            burst: PERSON_BURST,
        },
        system: Rate {
            per_second: SYSTEM_REQUESTS_PER_SECOND,
            burst: SYSTEM_BURST,
        },
        person_at_once: PERSON_REQUESTS_AT_ONCE_MAX,
        system_at_once: SYSTEM_REQUESTS_AT_ONCE_MAX,
        refusals: Rate {
            per_second: REFUSALS_PER_SECOND,
            burst: REFUSALS_BURST,
        },
        drain_timeout: DRAIN_TIMEOUT,
    };
}

/// The limits of an MLLP listener.
#[derive(Debug, Clone)]
pub struct MllpLimits {
    /// See [`MESSAGE_BYTES_MAX`].
    pub message_bytes: usize,
    /// See [`MESSAGE_BYTES_IN_FLIGHT_MAX`].
    pub bytes_in_flight: usize,
    /// See [`MESSAGES_IN_FLIGHT_MAX`].
    pub messages_in_flight: usize,
    /// See [`MLLP_CONNECTIONS_MAX`].
    pub connections: usize,
    /// See [`HANDSHAKE_TIMEOUT`].
    pub handshake_timeout: Duration,
    /// See [`MESSAGE_TIMEOUT`].
    pub message_timeout: Duration,
    /// See [`MLLP_IDLE_TIMEOUT`].
    pub idle_timeout: Duration,
    /// See [`MLLP_WRITE_TIMEOUT`].
    pub write_timeout: Duration,
    /// See [`DRAIN_TIMEOUT`].
    pub drain_timeout: Duration,
}

impl MllpLimits {
    /// The limits that the named constants of this module give.
    pub const STANDARD: Self = Self {
        message_bytes: MESSAGE_BYTES_MAX,
        bytes_in_flight: MESSAGE_BYTES_IN_FLIGHT_MAX,
        messages_in_flight: MESSAGES_IN_FLIGHT_MAX,
        connections: MLLP_CONNECTIONS_MAX,
        handshake_timeout: HANDSHAKE_TIMEOUT,
        message_timeout: MESSAGE_TIMEOUT,
        idle_timeout: MLLP_IDLE_TIMEOUT,
        write_timeout: MLLP_WRITE_TIMEOUT,
        drain_timeout: DRAIN_TIMEOUT,
    };
}
