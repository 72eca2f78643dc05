//! Who may see what, and the proof of who did: identity, tokens, consent,
//! policy, pseudonyms and audit.
//!
//! This room decides and remembers; it opens no socket and sends nothing.
//! Everything that may vary is passed in: the clock ([`care::Clock`]), the
//! identifiers ([`care::IdSource`]) and the random bytes ([`Randomness`]).
//!
//! Where to start: [`identity`] makes a node's keys, [`bearer`], [`assertion`],
//! [`access_token`] and [`session`] turn a credential into a
//! [`care::AccessContext`], [`policy`] turns a context and the patient's
//! [`consent`] into the kinds of data that may be seen, and [`audit`] writes
//! down that somebody asked. [`pseudonym`] keeps the localisation index from
//! knowing about whom.

pub mod access_token;
pub mod assertion;
pub mod audit;
pub mod bearer;
pub mod consent;
pub mod dates;
pub mod identity;
pub mod person;
pub mod policy;
pub mod pseudonym;
pub mod session;
pub mod words;

mod context;
mod jwt;
mod randomness;
mod rejected;
mod replays;
mod secret_file;

pub use randomness::{Randomness, SeededRandomness, SystemRandomness};
pub use rejected::Rejected;

#[cfg(test)]
mod testing;
