//! The store as other rooms use it, on real files.

#![expect(clippy::unwrap_used, reason = "these are tests")]

mod kit;

mod crash;
mod inbox;
mod index;
mod limits;
mod modifiers;
mod paging;
mod patch;
mod scope;
mod search;
mod versions;
mod write;
