//! Asking the consent service of the region, and remembering its answers for
//! no longer than they hold.
//!
//! The promise: once a patient is told that a withdrawal holds, no node gives
//! a permitted answer any more. It rests on four rules.
//!
//! 1. A node uses an answer, fresh or remembered, only while it holds a
//!    *lease* ([`trust::consent::HeldLease`]).
//! 2. The service commits a change, counts it (the *sequence*), pushes it to
//!    every node with a lease, and tells the patient only after each of them
//!    acknowledged or its lease ran out ([`ConsentPush`]).
//! 3. Every lease comes with the sequence. A node that missed a push sees a
//!    gap, in the next push or at its next lease, and forgets everything. So
//!    a lost push cannot be outlived by renewing the lease.
//! 4. An answer that was under way while its patient's choices changed is
//!    thrown away and asked again ([`CachedConsents`]).
//!
//! Nodes do not hear about whom a change is: the service names the patient by
//! a *subject*, a keyed hash that differs per node and came along with the
//! answers. A node that never asked about the patient learns nothing.

mod answers;
mod cached;
mod link;
mod monotonic;
mod push;
mod regional;
pub mod wire;

#[cfg(test)]
mod coherence;
#[cfg(test)]
mod tests;

pub use answers::ANSWERS_MAX;
pub use cached::CachedConsents;
pub use monotonic::TokioMonotonic;
pub use push::ConsentPush;
pub use regional::RegionalConsents;
