//! What a translation must know of the place where a message arrived.

use std::fmt;

use care::{IdSource, Ura};
use jiff::{Timestamp, tz::TimeZone};

/// The receiving node and the moment, given by the door.
pub struct Context<'a> {
    /// The organisation whose node received the message.
    pub organisation: Ura,
    /// Its name, for people.
    pub organisation_name: &'a str,
    /// When the message was received.
    pub now: Timestamp,
    /// The id under which the message is kept as it came; Provenance names it.
    pub message_id: &'a str,
    /// Ids for the resources of one Bundle and for acknowledgements.
    pub ids: &'a dyn IdSource,
    /// The zone of times that name none: Europe/Amsterdam for Dutch senders.
    pub time_zone: TimeZone,
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("organisation", &self.organisation)
            .field("now", &self.now)
            .field("message_id", &self.message_id)
            .finish_non_exhaustive()
    }
}
