//! Nodes with real stores, policies, consents and audit chains; only the
//! network between them is replaced by calls.

mod access;
mod answering;
mod kit;
mod messages;
mod own_door;
mod regional;
