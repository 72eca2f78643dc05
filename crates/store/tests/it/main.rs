//! The store as other rooms use it, on real databases.

#![expect(clippy::unwrap_used, reason = "these are tests")]

mod kit;
mod place;
mod server;

mod crash;
mod crowded;
mod custom;
mod in_use;
mod inbox;
mod index;
mod last_n;
mod limits;
mod modifiers;
mod moment;
mod paging;
mod patch;
mod postgres;
mod provenance;
mod quantities;
mod scope;
mod search;
mod subscriptions;
mod versions;
mod whole;
mod write;
