//! The MLLP listener: HL7 v2 messages over TCP, as record systems send them.
//!
//! It frames, limits and waits; what a message says, and whether it is
//! accepted, is for the [`Intake`] behind it. A connection handles its messages
//! one after the other, because a correction must not overtake the result that
//! it corrects. Start with [`listen`].

mod connection;
mod frame;
mod listener;
mod node_intake;
mod tls;

use std::future::Future;

use bytes::Bytes;

pub use connection::Ending;
pub use frame::{CARRIAGE_RETURN, Decoder, END, FrameFault, START, encode};
pub use listener::listen;
pub use node_intake::NodeIntake;
pub use tls::{TlsFault, tls};

/// What stands behind the listener.
pub trait Intake: Send + Sync + 'static {
    /// Takes in one message, without its frame, and gives the acknowledgement
    /// to send back. It resolves when what the acknowledgement says is durable.
    fn receive(&self, message: Bytes) -> impl Future<Output = Vec<u8>> + Send;

    /// Records that bytes were refused before they were a message, and gives
    /// the acknowledgement that says so. `head` is the beginning of the bytes,
    /// at most 4 KiB of them.
    fn refuse(&self, head: Bytes, fault: FrameFault) -> impl Future<Output = Vec<u8>> + Send;
}
