//! Nodes with real stores, policies, consents and audit chains; only the
//! network between them is replaced by calls.

#![expect(clippy::unwrap_used, reason = "these are tests")]

mod access;
mod answering;
mod apart;
mod as_it_comes;
mod audit_first;
mod bulk_limits;
mod kit;
mod messages;
mod own_door;
mod regional;
mod subscriptions;
mod validation;
