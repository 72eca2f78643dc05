//! What can be asked of a Subscription beside reading and writing it
//! (Subscriptions R5 Backport 1.1).

mod claim;
mod events;
mod socket;
mod status;
mod token;

pub(super) use claim::{claim, defined};

use fhir::FhirVersion;

use super::Shared;
use crate::route::{Credential, Route, route};

/// Where websockets are opened, below the base. Whoever opens one is nobody
/// until it is bound with a token.
pub(super) const SOCKET: &str = "/$subscription-socket";

/// The endpoints below the base of a version. What tells of events by number is
/// of R4, as the topics are; STU3 has no SubscriptionStatus that could tell it.
pub(super) fn routes(version: FhirVersion) -> Vec<Route<Shared>> {
    use Credential::{Bearer, Nothing};
    let mut routes = vec![
        route("/Subscription/$get-ws-binding-token", Bearer).get_or_post(token::of_type),
        route("/Subscription/{id}/$get-ws-binding-token", Bearer).get_or_post(token::of_one),
        route(SOCKET, Nothing).get(socket::socket),
    ];
    if version == FhirVersion::R4 {
        routes.extend([
            route("/Subscription/$status", Bearer).get_or_post(status::of_type),
            route("/Subscription/{id}/$status", Bearer).get_or_post(status::of_one),
            route("/Subscription/{id}/$events", Bearer).get_or_post(events::events),
        ]);
    }
    routes
}
